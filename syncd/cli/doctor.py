"""`syncd doctor`: is everything in order, and what is to be done."""

import argparse
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from syncd.adapters.postgres.connections import open_pool
from syncd.adapters.postgres.migrations import list_migrations
from syncd.adapters.redis.locks import Identity, ProjectLocks, open_redis_client
from syncd.bootstrap import find_key_ring, make_github_access, open_app, utc_now
from syncd.cli.desk import Desk, open_desk
from syncd.cli.output import as_json_object, print_json, print_note, print_table
from syncd.core.findings import Finding, Level, is_healthy
from syncd.errors import SyncdError
from syncd.services.credentials import Credentials, ServerCredentials
from syncd.services.doctor import (
    Patient,
    check_database,
    check_locks,
    check_logins,
    check_projects,
    check_redis_server,
    examine,
)
from syncd.services.doctor_github import check_tokens, check_webhooks
from syncd.settings import require_setting

CHECKS = {
    "postgres": check_database,
    "roles": check_logins,
    "redis": check_redis_server,
    "locks": check_locks,
    "projects": check_projects,
    "tokens": check_tokens,
    "webhooks": check_webhooks,
}


async def doctor_command(arguments: argparse.Namespace) -> int:
    """Check every part; exit 1 where something is wrong."""
    try:
        async with open_desk(arguments) as desk, _open_patient(desk, fix=arguments.fix) as patient:
            findings = [_check_master_keys(patient)]
            for name, check in CHECKS.items():
                findings += await examine(name, check(patient))
    except SyncdError as error:
        findings = [Finding("setup", Level.BAD, error.message, error.hint)]
    _print_findings(findings, as_json=arguments.json)
    return 0 if is_healthy(findings) else 1


def _check_master_keys(patient: Patient) -> Finding:
    if patient.has_master_keys:
        return Finding("master keys", Level.OK, "There is a key to seal tokens with.")
    said = "There is no master key: projects can have no token of their own."
    return Finding("master keys", Level.WARN, said, "Set SYNCD_MASTER_KEYS here and for the daemon (see .env.example).")


@asynccontextmanager
async def _open_patient(desk: Desk, *, fix: bool) -> AsyncIterator[Patient]:
    settings = desk.settings
    redis_url = require_setting(settings.redis_url, "SYNCD_REDIS_URL")
    urls = {
        "syncd_sync": settings.sync_database_url,
        "syncd_web": settings.web_database_url,
        "syncd_read": settings.read_database_url,
    }
    logins = {group: url.get_secret_value() if url else None for group, url in urls.items()}
    key_ring = find_key_ring(settings)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis_client(redis_url))
        credentials = None
        if logins["syncd_sync"] is not None:
            pool = await stack.enter_async_context(open_pool(logins["syncd_sync"], size=2))
            access = make_github_access(settings, await stack.enter_async_context(open_app(settings)))
            server = ServerCredentials(api_url=access.api_url, find_token=access.find_token, app=access.app)
            credentials = Credentials(pool, server, key_ring=key_ring, clock=utc_now)
        identity = Identity(f"syncd doctor@{socket.gethostname()}:{os.getpid()}", socket.gethostname())
        yield Patient(
            logins=logins,
            web_pool=desk.pool,
            migrations=list_migrations(),
            redis=redis,
            locks=ProjectLocks(redis, identity, lease_seconds=settings.lease_seconds),
            lease_seconds=settings.lease_seconds,
            credentials=credentials,
            api_url=settings.github_api_url,
            hook_url=settings.webhook_url,
            # `up` mirrors any folder: then there are no roots to hold it to.
            folder_roots=settings.folder_roots or None,
            has_master_keys=key_ring is not None,
            clock=utc_now,
            fix=fix,
        )


def _print_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        print_json({"healthy": is_healthy(findings), "items": [as_json_object(finding) for finding in findings]})
        return
    print_table(
        ["", "CHECK", "FOUND", "WHAT TO DO"],
        [[one.level, one.check, one.message, one.hint or None] for one in findings],
    )
    if not is_healthy(findings):
        print_note("Something is wrong.")
