"""GitHub Apps at the fake: known by their public key, installed at accounts, with tokens that expire and open what they were minted for."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex

import jwt

from tests.fakegithub.callers import Caller, Meter
from tests.fakegithub.repositories import HostedRepository

INSTALLATION_LIMIT = 5000
TOKEN_SECONDS = 3600
# GitHub: "the expiration time must be no more than 10 minutes into the future".
_JWT_LONGEST_SECONDS = 600
_INSTALLATION_NUMBERS = count(40_000_001, 7)


@dataclass(slots=True, eq=False)
class AppInstallation:
    """The App at one account: the *repositories* it sees there. All of its tokens are counted on one *meter*."""

    number: int
    account: str
    repositories: list[HostedRepository]
    suspended: bool = False
    meter: Meter = field(default_factory=Meter)


@dataclass(frozen=True, slots=True, eq=False)
class MintedToken:
    """One installation token and what it opens."""

    token: str
    installation: AppInstallation
    repositories: Sequence[HostedRepository]
    permissions: Mapping[str, str]
    expires_at: float
    caller: Caller


@dataclass(slots=True, eq=False)
class App:
    """One App. *public_key* (PEM) is all that the host has of its key; its installations were given *permissions*."""

    number: int
    slug: str
    public_key: str
    token_seconds: float = TOKEN_SECONDS
    permissions: dict[str, str] = field(default_factory=lambda: {"contents": "read", "metadata": "read"})
    installations: dict[int, AppInstallation] = field(default_factory=dict)
    minted: list[MintedToken] = field(default_factory=list)
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.caller = Caller(f"app {self.number}", INSTALLATION_LIMIT, authenticated=True, app=True)

    def install(self, account: str, repositories: Sequence[HostedRepository]) -> AppInstallation:
        """Install the App at *account*, for *repositories*."""
        installation = AppInstallation(next(_INSTALLATION_NUMBERS), account, list(repositories))
        self.installations[installation.number] = installation
        return installation

    def uninstall(self, installation: AppInstallation) -> None:
        """Take the App away; its tokens are worthless from now on."""
        del self.installations[installation.number]

    def mint(
        self, installation: AppInstallation, repositories: Sequence[HostedRepository], permissions: Mapping[str, str]
    ) -> MintedToken:
        """Return a fresh token, as long as the stateless ones are since 2026 and with dots in it."""
        token = f"ghs_{self.number}_" + ".".join(token_hex(80 + part) for part in range(3))
        caller = Caller(
            f"installation {installation.number}",
            INSTALLATION_LIMIT,
            authenticated=True,
            tells=permissions.get("statuses") == "write",
            meter=installation.meter,
        )
        minted = MintedToken(token, installation, repositories, permissions, time.time() + self.token_seconds, caller)
        self.minted.append(minted)
        return minted

    def knows(self, token: str) -> bool:
        """Return whether *token* is a JSON Web Token of this App that holds now."""
        try:
            claims = jwt.decode(
                token,
                self.public_key,
                algorithms=["RS256"],
                issuer=str(self.number),
                options={"require": ["iat", "exp", "iss"]},
            )
        except jwt.InvalidTokenError:
            return False
        return bool(claims["exp"] <= time.time() + _JWT_LONGEST_SECONDS)


class Apps:
    """Every App of the host."""

    def __init__(self) -> None:
        self._apps: list[App] = []

    def add(self, public_key: str, *, slug: str) -> App:
        """Register an App by its public key."""
        app = App(1000 + len(self._apps), slug, public_key)
        self._apps.append(app)
        return app

    def find(self, caller: Caller) -> App | None:
        """Return the App that asks as itself."""
        return next((app for app in self._apps if app.caller is caller), None)

    def find_caller(self, token: str) -> Caller | None:
        """Return who sends *token*: an App, or one of its installations; none for what has expired or was taken away."""
        for app in self._apps:
            if app.knows(token):
                app.caller.reads = _name(one for each in app.installations.values() for one in each.repositories)
                return app.caller
            for minted in app.minted:
                if minted.token == token and _holds(app, minted):
                    minted.caller.reads = _name(
                        one for one in minted.repositories if one in minted.installation.repositories
                    )
                    return minted.caller
        return None


def _holds(app: App, minted: MintedToken) -> bool:
    here = minted.installation.number in app.installations and not minted.installation.suspended
    return here and minted.expires_at > time.time()


def _name(repositories: Iterable[HostedRepository]) -> frozenset[str]:
    return frozenset(repository.full_name.lower() for repository in repositories)
