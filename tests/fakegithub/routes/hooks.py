"""Webhooks of a repository: made, listed, what they sent, and sent again."""

import json
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.fakegithub.answers import answer_json, make_page, not_found, refuse
from tests.fakegithub.hooks import CONNECTION_FAILED, FakeHook, Sent
from tests.fakegithub.host import CALLER, HOST, Answering
from tests.fakegithub.repositories import HostedRepository


async def list_hooks(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer the webhooks of the repository."""
    if not _may_manage(request):
        return not_found()
    host = request.app[HOST]
    url = _make_url(request, repository)
    page, headers = make_page(request, host.hooks.list_of(repository.number), url=url)
    return answer_json([_describe_hook(hook, url) for hook in page], headers=headers)


async def create_hook(request: web.Request, repository: HostedRepository) -> web.Response:
    """Make a webhook, and ping its address."""
    caller = request[CALLER]
    if not caller.authenticated:
        return not_found()
    if not _may_manage(request):
        return refuse(403, "Resource not accessible by personal access token")
    asked = await request.json()
    config = asked["config"]
    hooks = request.app[HOST].hooks
    fault = _find_fault(config, [hook.url for hook in hooks.list_of(repository.number)])
    if fault is not None:
        errors = [{"resource": "Hook", "code": "custom", "message": fault}]
        return refuse(422, "Validation Failed", errors=errors)
    hook = hooks.add(
        repository.number,
        config["url"],
        content_type=config.get("content_type", "form"),
        secret=config.get("secret", ""),
        events=asked.get("events", ["push"]),
    )
    url = _make_url(request, repository)
    answer = _describe_hook(hook, url)
    bodies = request.app[HOST].bodies(repository)
    ping = {"zen": "Keep it honest.", "hook_id": hook.number, "hook": answer, "repository": bodies.repository()}
    await hooks.send(hook, hooks.make_sending("ping", ping))
    return answer_json(answer, status=201)


async def update_hook(request: web.Request, repository: HostedRepository) -> web.Response:
    """Change a webhook: what the body names of its configuration and events."""
    hook = _find_hook(request, repository)
    if hook is None:
        return not_found()
    asked = await request.json()
    config = asked.get("config", {})
    hook.secret = config.get("secret", hook.secret)
    hook.content_type = config.get("content_type", hook.content_type)
    hook.events = asked.get("events", hook.events)
    return answer_json(_describe_hook(hook, _make_url(request, repository)))


async def list_deliveries(request: web.Request, repository: HostedRepository) -> web.Response:
    """Answer what a webhook sent, the newest first."""
    hook = _find_hook(request, repository)
    if hook is None:
        return not_found()
    size = min(int(request.query.get("per_page", 30)), 100)
    return answer_json([_describe_sent(sent, repository) for sent in hook.sent[::-1][:size]])


async def redeliver(request: web.Request, repository: HostedRepository) -> web.Response:
    """Send a delivery again, under the same GUID."""
    hook = _find_hook(request, repository)
    number = int(request.match_info["delivery"])
    sent = next((sent for sent in hook.sent if sent.number == number), None) if hook else None
    if hook is None or sent is None:
        return not_found()
    await request.app[HOST].hooks.send(hook, sent.sending, redelivery=True)
    return answer_json({}, status=202)


def _may_manage(request: web.Request) -> bool:
    return request[CALLER].name in request.app[HOST].hooks.managers


def _find_hook(request: web.Request, repository: HostedRepository) -> FakeHook | None:
    if not _may_manage(request):
        return None
    return request.app[HOST].hooks.find(repository.number, int(request.match_info["hook"]))


def _find_fault(config: dict[str, Any], taken: list[str]) -> str | None:
    if config["url"] in taken:
        return "Hook already exists on this repository"
    # GitHub refuses its own network; the fake's network is the loopback, so here only this name is out of reach.
    if "unreachable" in config["url"]:
        return "url is not supported because it isn't reachable over the public Internet (unreachable)"
    return None


def _make_url(request: web.Request, repository: HostedRepository) -> str:
    return f"{request.app[HOST].api_url}/repos/{repository.full_name}/hooks"


def _describe_hook(hook: FakeHook, url: str) -> dict[str, Any]:
    last = hook.sent[-1].status_code if hook.sent else None
    own = f"{url}/{hook.number}"
    return {
        "type": "Repository",
        "id": hook.number,
        "name": "web",
        "active": True,
        "events": list(hook.events),
        "config": {"url": hook.url, "content_type": hook.content_type, "insecure_ssl": "0", "secret": "********"},
        "updated_at": _write_time(hook.created_at),
        "created_at": _write_time(hook.created_at),
        "url": own,
        "test_url": f"{own}/test",
        "ping_url": f"{own}/pings",
        "deliveries_url": f"{own}/deliveries",
        "last_response": {"code": last, "status": "unused" if last is None else _name_status(last), "message": None},
    }


def _describe_sent(sent: Sent, repository: HostedRepository) -> dict[str, Any]:
    payload = json.loads(sent.sending.body)
    return {
        "id": sent.number,
        "guid": sent.sending.guid,
        "delivered_at": _write_time(sent.at),
        "redelivery": sent.redelivery,
        "duration": 0.1,
        "status": _name_status(sent.status_code),
        "status_code": sent.status_code,
        "event": sent.sending.event,
        "action": payload.get("action"),
        "installation_id": None,
        "repository_id": repository.number,
        "throttled_at": None,
    }


def _name_status(status_code: int) -> str:
    if status_code == CONNECTION_FAILED:
        return "failed to connect to host"
    return "OK" if status_code < 400 else f"Invalid HTTP Response: {status_code}"


def _write_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


ROUTES: tuple[tuple[str, str, Answering], ...] = (
    ("GET", "/hooks", list_hooks),
    ("POST", "/hooks", create_hook),
    ("PATCH", r"/hooks/{hook:\d+}", update_hook),
    ("GET", r"/hooks/{hook:\d+}/deliveries", list_deliveries),
    ("POST", r"/hooks/{hook:\d+}/deliveries/{delivery:\d+}/attempts", redeliver),
)
