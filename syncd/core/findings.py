"""What a check found: in order, worth a look, or wrong; and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only `bad` fails `syncd doctor`."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: which check, how bad, what was found, and what to do (nothing where it is in order)."""

    check: str
    level: Level
    message: str
    hint: str = ""


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Return whether nothing is wrong; what is worth a look is not wrong."""
    return all(finding.level is not Level.BAD for finding in findings)
