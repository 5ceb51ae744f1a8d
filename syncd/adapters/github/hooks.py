"""The webhook of a repository: made once, looked up, its last deliveries, and one of them sent again.

Rules: docs.github.com/rest/repos/webhooks. A token needs the permission Webhooks (read and write), or the scope admin:repo_hook.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from pydantic import AwareDatetime, BaseModel, RootModel

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import is_permission_missing, make_error
from syncd.adapters.github.responses import Response, parse_body
from syncd.errors import Rejected, SyncdError

EVENTS = ("push", "repository")

_PAGE = "100"  # GitHub allows 20 hooks a repository and event


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook of a repository. *last_status* is what its receiver answered last, none before the first delivery."""

    hook_id: int
    url: str
    active: bool
    events: tuple[str, ...]
    last_status: int | None


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """One delivery as GitHub remembers it; *status_code* 0 means that no answer came."""

    delivery_id: int
    guid: str
    event: str
    delivered_at: datetime
    redelivery: bool
    status: str
    status_code: int


class _Config(BaseModel):
    url: str = ""


class _LastResponse(BaseModel):
    code: int | None


class _HookAnswer(BaseModel):
    id: int
    active: bool
    events: list[str]
    config: _Config
    last_response: _LastResponse


class _HookAnswers(RootModel[list[_HookAnswer]]):
    pass


class _DeliveryAnswer(BaseModel):
    id: int
    guid: str
    event: str
    delivered_at: AwareDatetime
    redelivery: bool
    status: str
    status_code: int


class _DeliveryAnswers(RootModel[list[_DeliveryAnswer]]):
    pass


class _Refusal(BaseModel):
    class Fault(BaseModel):
        message: str | None = None

    message: str
    errors: list[Fault] = []


async def find_hook(client: GitHubClient, repository_id: int, url: str, *, name: str) -> Hook | None:
    """Return the repository's webhook to *url*. *name* is what errors call the repository; raises `Rejected` and as `make_error` says."""
    response = await client.get(f"/repositories/{repository_id}/hooks", query={"per_page": _PAGE})
    if response.status != HTTPStatus.OK:
        raise _make_error(client, response, name)
    hooks = [_make_hook(told) for told in parse_body(_HookAnswers, response).root]
    return next((hook for hook in hooks if hook.url == url), None)


async def create_hook(client: GitHubClient, repository_id: int, url: str, *, secret: str, name: str) -> Hook:
    """Make a webhook to *url* that GitHub signs with *secret*. Raises as `find_hook`, `Rejected` where GitHub refuses the address."""
    response = await client.post(f"/repositories/{repository_id}/hooks", {"name": "web", **_describe(url, secret)})
    if response.status != HTTPStatus.CREATED:
        raise _make_error(client, response, name)
    return _make_hook(parse_body(_HookAnswer, response))


async def update_hook(client: GitHubClient, repository_id: int, hook: Hook, *, secret: str, name: str) -> Hook:
    """Make a webhook that is there as `create_hook` would have made it, signed with *secret* from now on. Raises as that."""
    response = await client.patch(f"/repositories/{repository_id}/hooks/{hook.hook_id}", _describe(hook.url, secret))
    if response.status != HTTPStatus.OK:
        raise _make_error(client, response, name)
    return _make_hook(parse_body(_HookAnswer, response))


async def list_sent_deliveries(
    client: GitHubClient, repository_id: int, hook_id: int, *, name: str, limit: int = 30
) -> Sequence[SentDelivery]:
    """Return the last deliveries of a webhook, the newest first, at most 100. Raises as `find_hook`."""
    path = f"/repositories/{repository_id}/hooks/{hook_id}/deliveries"
    response = await client.get(path, query={"per_page": str(min(limit, int(_PAGE)))})
    if response.status != HTTPStatus.OK:
        raise _make_error(client, response, name)
    return [
        SentDelivery(told.id, told.guid, told.event, told.delivered_at, told.redelivery, told.status, told.status_code)
        for told in parse_body(_DeliveryAnswers, response).root
    ]


async def request_redelivery(
    client: GitHubClient, repository_id: int, hook_id: int, delivery_id: int, *, name: str
) -> None:
    """Ask GitHub to send a delivery again, under the same GUID. Raises as `find_hook`."""
    response = await client.post(f"/repositories/{repository_id}/hooks/{hook_id}/deliveries/{delivery_id}/attempts")
    if response.status != HTTPStatus.ACCEPTED:
        raise _make_error(client, response, name)


def _describe(url: str, secret: str) -> dict[str, object]:
    config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
    return {"active": True, "events": list(EVENTS), "config": config}


def _make_hook(told: _HookAnswer) -> Hook:
    return Hook(told.id, told.config.url, told.active, tuple(told.events), told.last_response.code or None)


def _make_error(client: GitHubClient, response: Response, name: str) -> SyncdError:
    if response.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        told = parse_body(_Refusal, response)
        why = "; ".join(fault.message for fault in told.errors if fault.message) or told.message
        return Rejected(
            "webhook_refused",
            f"GitHub refuses the webhook of {name} ({why[:200]!r}).",
            hint="SYNCD_WEBHOOK_URL must be an address that GitHub can reach; or do without, and the project is polled.",
        )
    error = make_error(response, name, authenticated=client.authenticated)
    if is_permission_missing(response, error):
        return Rejected(
            "webhook_denied",
            f"GitHub does not let this token look after webhooks of {name}.",
            hint="Give the token Webhooks: read and write (a classic one: admin:repo_hook), or add the webhook by hand on GitHub.",
        )
    return error
