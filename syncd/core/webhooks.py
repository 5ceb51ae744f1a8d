"""A delivery of GitHub: whether it is signed by a secret of ours, and which repositories it hints at.

Rules: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries and docs.github.com/webhooks/webhook-events-and-payloads.
A payload is a hint to look again and never a fact, so that of it no more is read than who is meant.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never
from urllib.parse import parse_qs

from syncd.errors import BadUsage

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MAX_REPOSITORIES = 10_000  # of one delivery; what is beyond is found by the poll

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Push:
    """A branch or tag of a repository was moved to *after*, or deleted."""

    repository_id: int
    ref: str
    after: str
    deleted: bool
    installation_id: int | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A hook was made. *repository_id* is none for the hook of an organization or an App."""

    repository_id: int | None


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """A repository was renamed, transferred, made private, archived, or the like."""

    repository_id: int
    full_name: str
    action: str


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """An App was installed, suspended or removed, or sees other repositories than before: *repository_ids* came or went."""

    installation_id: int
    action: str
    repository_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that says nothing about docs."""

    name: str


Event: TypeAlias = Push | Ping | RepositoryChanged | InstallationChanged | Ignored
_Payload: TypeAlias = Mapping[str, object]


def is_signed(body: bytes, signature: str | None, secrets: Sequence[bytes]) -> bool:
    """Return whether *signature* (the header X-Hub-Signature-256) is the HMAC-SHA256 of *body* by one of *secrets*.

    Every secret is tried, so that the time tells nothing about which one it was.
    """
    found = _SIGNATURE.fullmatch(signature or "")
    if found is None:
        return False
    matches = [hmac.compare_digest(hmac.digest(secret, body, "sha256").hex(), found[1]) for secret in secrets]
    return any(matches)


def parse_event(event: str, body: bytes, content_type: str) -> Event:
    """Return what the *event* of the header X-GitHub-Event says. Raises `BadUsage` for a body that GitHub would not send."""
    payload = _read_payload(body, content_type)
    match event:
        case "push":
            return Push(
                _get_id(payload, "repository"),
                _get_text(payload, "ref"),
                _get_text(payload, "after"),
                payload.get("deleted") is True,
                _find_id(payload, "installation"),
            )
        case "ping":
            return Ping(_find_id(payload, "repository"))
        case "repository":
            full_name = _get_text(_find_object(payload, "repository"), "full_name")
            return RepositoryChanged(_get_id(payload, "repository"), full_name, _get_text(payload, "action"))
        case "installation" | "installation_repositories":
            return InstallationChanged(
                _get_id(payload, "installation"), _get_text(payload, "action"), _list_repository_ids(payload)
            )
        case _:
            return Ignored(event)


def list_hinted(event: Event) -> Sequence[int]:
    """Return the ids of the repositories that are worth a look after *event*."""
    match event:
        case Push(repository_id=repository_id) | RepositoryChanged(repository_id=repository_id):
            return (repository_id,)
        case InstallationChanged(repository_ids=repository_ids):
            return repository_ids
        case Ping() | Ignored():
            return ()
        case _:
            assert_never(event)


def _read_payload(body: bytes, content_type: str) -> _Payload:
    if content_type not in {JSON_TYPE, FORM_TYPE}:
        raise BadUsage(
            "webhook_content_type",
            "The delivery is of a content type that GitHub does not send.",
            hint=f"Set the webhook's content type to {JSON_TYPE}.",
        )
    try:
        payload = json.loads(body if content_type == JSON_TYPE else _read_form(body))
    except (ValueError, RecursionError) as error:
        raise _make_malformed("is no JSON") from error
    if not isinstance(payload, dict):
        raise _make_malformed("is no JSON object")
    return payload


def _read_form(body: bytes) -> bytes:
    try:
        fields = parse_qs(body, max_num_fields=10)
    except ValueError as error:
        raise _make_malformed("is no form") from error
    payloads = fields.get(b"payload", [])
    if len(payloads) != 1:
        raise _make_malformed("has not one field `payload`")
    return payloads[0]


def _find_object(payload: _Payload, name: str) -> _Payload:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def _find_id(payload: _Payload, name: str) -> int | None:
    found = _find_object(payload, name).get("id")
    # A bool is an int to Python.
    return found if isinstance(found, int) and found is not True and 0 < found <= _LARGEST_ID else None


def _get_id(payload: _Payload, name: str) -> int:
    found = _find_id(payload, name)
    if found is None:
        raise _make_malformed(f"has no id of its {name}")
    return found


def _get_text(payload: _Payload, name: str) -> str:
    found = payload.get(name)
    if not isinstance(found, str):
        raise _make_malformed(f"has no {name}")
    return found


def _list_repository_ids(payload: _Payload) -> tuple[int, ...]:
    ids: dict[int, None] = {}
    for name in ("repositories", "repositories_added", "repositories_removed"):
        listed = payload.get(name)
        for repository in listed if isinstance(listed, list) else ():
            found = _find_id({"repository": repository}, "repository")
            if found is not None:
                ids[found] = None
    return tuple(ids)[:MAX_REPOSITORIES]


def _make_malformed(what: str) -> BadUsage:
    return BadUsage(
        "webhook_malformed",
        f"The delivery is signed and {what}.",
        hint="Look at it in the webhook's recent deliveries on GitHub; the poll finds what it meant.",
    )
