"""`syncd status`: what the status endpoint says, in the terminal."""

import argparse
from typing import Any

from syncd.adapters.redis.locks import open_redis_client
from syncd.bootstrap import utc_now
from syncd.cli.desk import get_tenant, open_desk
from syncd.cli.output import print_json, print_note, print_table
from syncd.cli.watching import watch
from syncd.core.permalinks import make_web_url
from syncd.services.status import get_status
from syncd.services.status_document import make_status_document
from syncd.settings import require_setting


async def status_command(arguments: argparse.Namespace) -> int:
    """Show the tenant's projects, and who works on them."""
    async with open_desk(arguments) as desk:
        redis_url = require_setting(desk.settings.redis_url, "SYNCD_REDIS_URL")
        tenant = await get_tenant(desk, arguments.tenant)
        github_url = make_web_url(desk.settings.github_api_url)
        async with open_redis_client(redis_url) as redis:

            async def look() -> dict[str, Any]:
                status = await get_status(
                    desk.pool,
                    redis,
                    tenant.tenant_id,
                    project_ids=None,
                    now=utc_now(),
                    lease_seconds=desk.settings.lease_seconds,
                )
                return make_status_document(status, github_url=github_url)

            if arguments.watch:
                await watch(look, as_json=arguments.json)
            document = await look()
    if arguments.json:
        print_json(document)
    else:
        _print_status(document)
    return 0


def _print_status(document: dict[str, Any]) -> None:
    redis = document["redis"]
    if "message" in redis:
        print_note(f"{redis['message']} {redis['hint']}")
    if document["github"]:
        columns = ["GITHUB", "ID", "RESOURCE", "LEFT", "OF", "UNTIL (UTC)", "WAITS UNTIL", "WAITS FOR"]
        print_table(columns, [_make_budget_row(budget) for budget in document["github"]])
    print_table(
        [
            "PROJECT",
            "CONDITION",
            "REVISION",
            "DOCUMENTS",
            "SKIPPED",
            "VECTORS",
            "COMMIT",
            "SYNCED (UTC)",
            "LOCKED BY",
            "WHY",
        ],
        [_make_row(project) for project in document["projects"]],
    )


def _make_budget_row(budget: dict[str, Any]) -> list[object]:
    times = [(budget[name] or "-")[:19].replace("T", " ") for name in ("resetAt", "waitingUntil")]
    named = [budget["credential"], budget["id"], budget["resource"]]
    return [*named, budget["remaining"], budget["limit"], *times, budget["waitingFor"]]


def _make_row(project: dict[str, Any]) -> list[object]:
    return [
        project["name"],
        project["condition"],
        f"r{project['revision']}",
        project["documents"],
        project["skipped"],
        _describe_vectors(project["vectors"]),
        (project["syncedCommit"] or "-")[:12],
        (project["syncedAt"] or "never")[:19].replace("T", " "),
        project["lockedBy"],
        project["lockReason"] or project["message"],
    ]


def _describe_vectors(vectors: dict[str, Any] | None) -> str:
    if vectors is None:
        return "-"
    share = 100 * vectors["embedded"] // vectors["chunks"] if vectors["chunks"] else 100
    return f"{share}% {vectors['reason'] or ''}".rstrip()
