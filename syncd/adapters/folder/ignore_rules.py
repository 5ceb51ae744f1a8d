"""The lines of an ignore file, as gitignore(5) reads them, in patterns that cannot backtrack far.

The walk comes from above and does not enter what is ignored, so a pattern is matched against a path alone, never against
its parents. A line with a bracket that holds a slash, or a POSIX class, is passed over: it ignores nothing.
"""

import os
import re
from dataclasses import dataclass

from syncd.core.globs import parse_glob
from syncd.errors import BadUsage

_TRAILING_SPACES = re.compile(r"(?<!\\) +$")
_ESCAPE_OR_BRACE = re.compile(r"\\(?P<escaped>.)|(?P<brace>\{)|\[[!^]?\]?[^\]]*\]")
_SPECIAL = frozenset("*?[{\\")


@dataclass(frozen=True, slots=True)
class _Line:
    pattern: re.Pattern[str]
    negated: bool
    directories_only: bool


@dataclass(frozen=True, slots=True)
class _Layer:
    """The lines of one ignore file; its own paths begin after *cut* characters."""

    cut: int
    lines: tuple[_Line, ...]

    def find_verdict(self, path: str, *, is_directory: bool) -> bool | None:
        """Return whether the last line that matches ignores *path*; none where no line does."""
        for line in reversed(self.lines):
            if (is_directory or not line.directories_only) and line.pattern.fullmatch(path, self.cut):
                return not line.negated
        return None


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The ignore files that hold in one directory, outermost first: the innermost that says anything decides.

    *prefix* is where the folder stands in its work tree: empty, or ending in a slash.
    """

    prefix: str = ""
    layers: tuple[_Layer, ...] = ()

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Return whether *path* (relative to the folder) is ignored, when no directory above it is."""
        return self.ignores_in_work_tree(self.prefix + path, is_directory=is_directory)

    def ignores_in_work_tree(self, path: str, *, is_directory: bool) -> bool:
        """Return the same for a *path* relative to the work tree."""
        for layer in reversed(self.layers):
            verdict = layer.find_verdict(path, is_directory=is_directory)
            if verdict is not None:
                return verdict
        return False

    def within(self, directory: str, content: bytes) -> "IgnoreRules":
        """Return these rules and those of the ignore file with *content* in *directory* (relative to the folder)."""
        return self.within_work_tree((self.prefix + directory).rstrip("/"), content)

    def within_work_tree(self, directory: str, content: bytes) -> "IgnoreRules":
        """Return the same for a *directory* relative to the work tree."""
        layer = _Layer(len(directory) + 1 if directory else 0, _parse_lines(content))
        return IgnoreRules(self.prefix, (*self.layers, layer)) if layer.lines else self

    def without_layers(self) -> "IgnoreRules":
        """Return no rules, for the same folder."""
        return IgnoreRules(self.prefix)


def _parse_lines(content: bytes) -> tuple[_Line, ...]:
    written = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    lines = (_parse_line(line.removesuffix("\r")) for line in written)
    return tuple(line for line in lines if line is not None)


def _parse_line(written: str) -> _Line | None:
    text = _TRAILING_SPACES.sub("", written)
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text.removeprefix("!")
    directories_only = text.endswith("/")
    text = text.removesuffix("/")
    if not text or text.endswith("/"):
        return None
    glob = _ESCAPE_OR_BRACE.sub(_translate_escape, text if "/" in text else f"**/{text}")
    try:
        return _Line(parse_glob(glob), negated, directories_only)
    except BadUsage:
        # Git, too, passes over a line that is no pattern.
        return None


def _translate_escape(found: re.Match[str]) -> str:
    """Translate what a glob of a project writes otherwise: an escaped letter, and a brace."""
    letter = found["escaped"] or found["brace"]
    if letter is None:
        return found[0]
    return f"[{letter}]" if letter in _SPECIAL else letter
