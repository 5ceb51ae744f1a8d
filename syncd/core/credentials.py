"""What a project's requests to GitHub are made with."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NewType

BudgetId = NewType("BudgetId", str)


class CredentialKind(StrEnum):
    """Where a credential comes from."""

    PROJECT_TOKEN = "project_token"  # noqa: S105 - the name of a kind
    SERVER_TOKEN = "server_token"  # noqa: S105 - the name of a kind
    INSTALLATION = "installation"
    APP = "app"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, or none. *budget_id* names the limits it is counted under: a hash, from which no token can be told."""

    kind: CredentialKind
    budget_id: BudgetId
    token: str | None = field(repr=False, default=None)


def make_token_credential(kind: CredentialKind, token: str, *, api_url: str) -> Credential:
    """Return a token as a credential: it is counted by itself, whichever projects use it."""
    return Credential(kind, make_budget_id(api_url, f"token {token}"), token)


def make_installation_credential(installation_id: int, token: str, *, api_url: str) -> Credential:
    """Return a token of an installation: all of its tokens are counted together (GitHub, "Rate limits for GitHub Apps")."""
    return Credential(CredentialKind.INSTALLATION, make_budget_id(api_url, f"installation {installation_id}"), token)


def make_app_credential(app_id: int, *, api_url: str) -> Credential:
    """Return an App that asks as itself: counted by itself. It signs each request, so there is no token."""
    return Credential(CredentialKind.APP, make_budget_id(api_url, f"app {app_id}"))


def make_anonymous_credential(*, api_url: str) -> Credential:
    """Return no token. GitHub counts by address; replicas are taken to go out by the same one."""
    return Credential(CredentialKind.ANONYMOUS, make_budget_id(api_url, "anonymous"))


def make_budget_id(api_url: str, identity: str) -> BudgetId:
    """Return the name of the limits of *identity* at one GitHub."""
    return BudgetId(sha256(f"{api_url} {identity}".encode()).hexdigest()[:32])
