"""Which state of a project is meant: a revision (`r42`), a commit, or a time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from syncd.errors import BadUsage

_REVISION = re.compile(r"r([1-9][0-9]{0,8})")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class AtRevision:
    """A revision by its number."""

    revision: int


@dataclass(frozen=True, slots=True)
class AtCommit:
    """The newest revision synced at the commit whose SHA begins so."""

    prefix: str


@dataclass(frozen=True, slots=True)
class AtTime:
    """The revision that readers saw then."""

    time: datetime


Moment: TypeAlias = AtRevision | AtCommit | AtTime


def parse_moment(text: str) -> Moment:
    """Return what *text* names: `r42`, 7 to 40 hex digits of a commit, or a time of ISO 8601 (UTC if it names no zone)."""
    if revision := _REVISION.fullmatch(text):
        return AtRevision(int(revision[1]))
    if _COMMIT.fullmatch(text.lower()):
        return AtCommit(text.lower())
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(
            "bad_revision",
            f"{text!r} is neither a revision, nor a commit, nor a time.",
            hint="Write r42, at least 7 digits of a commit's SHA, or a time like 2026-11-20T22:00:00Z.",
        ) from error
    return AtTime(time if time.tzinfo else time.replace(tzinfo=UTC))
