"""Who asks: tokens, what each may read, and how many requests each has left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_HOUR_SECONDS = 3600
ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000
POINT_LIMIT = 5000


@dataclass(slots=True)
class Meter:
    """What was used of one hour. All tokens of an installation share one."""

    used: int = 0
    points_used: int = 0
    reset_at: int = field(default_factory=lambda: int(time.time()) + _HOUR_SECONDS)


@dataclass(slots=True)
class Caller:
    """One credential, or all who come without one. *reads* names the private repositories open to it; none means all.

    *app*: an App that comes as itself, by a JSON Web Token. *tells*: it may put statuses beside commits. *scopes* and *expires*
    are what the headers say of the token.
    """

    name: str
    limit: int
    authenticated: bool
    reads: frozenset[str] | None = frozenset()
    revoked: bool = False
    app: bool = False
    tells: bool = False
    scopes: str = ""
    expires: str = ""
    meter: Meter = field(default_factory=Meter)

    @property
    def used(self) -> int:
        """Return how many requests were counted in this hour."""
        return self.meter.used

    @used.setter
    def used(self, number: int) -> None:
        self.meter.used = number

    @property
    def points_used(self) -> int:
        """Return how many points of GraphQL were counted in this hour."""
        return self.meter.points_used

    @points_used.setter
    def points_used(self, number: int) -> None:
        self.meter.points_used = number

    @property
    def reset_at(self) -> int:
        """Return when the hour ends, in epoch seconds."""
        return self.meter.reset_at

    @property
    def remaining(self) -> int:
        """Return how many requests are left in this hour."""
        return max(0, self.limit - self.used)

    @property
    def points_left(self) -> int:
        """Return how many points of GraphQL, which has a budget of its own, are left in this hour."""
        return max(0, POINT_LIMIT - self.points_used)

    def may_read(self, full_name: str) -> bool:
        """Return whether a private repository is open to this caller."""
        return self.reads is None or full_name.lower() in self.reads


class Callers:
    """The tokens that the fake knows; *find_more* knows those of Apps."""

    def __init__(self) -> None:
        self.anonymous = Caller("anonymous", ANONYMOUS_LIMIT, authenticated=False)
        self._by_token: dict[str, Caller] = {}
        self.find_more: Callable[[str], Caller | None] = lambda _token: None

    def add_token(self, token: str, *, reads: frozenset[str] | None) -> Caller:
        """Make *token* valid."""
        caller = Caller(token[:8], TOKEN_LIMIT, authenticated=True, reads=reads)
        self._by_token[token] = caller
        return caller

    def get(self, token: str) -> Caller:
        """Return the caller of *token*; KeyError where GitHub never issued it."""
        return self._by_token[token]

    def find(self, authorization: str | None) -> Caller | None:
        """Return who sends this Authorization header, or none where GitHub says bad credentials."""
        if authorization is None:
            return self.anonymous
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() not in {"token", "bearer"}:
            return None
        caller = self._by_token.get(token) or self.find_more(token)
        if caller is None or caller.revoked or (caller.app and scheme.lower() != "bearer"):
            return None
        return caller
