"""Which paths are docs, what format they have, and which no document may have."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syncd.core.documents import SkipReason
from syncd.core.globs import parse_glob

MAX_PATH_BYTES = 1024
FORMAT_BY_EXTENSION = {
    "md": "md",
    "markdown": "md",
    "mdx": "mdx",
    "rst": "rst",
    "adoc": "adoc",
    "txt": "txt",
    "org": "org",
    "ipynb": "ipynb",
    "html": "html",
}
# Letter case does not count in these extensions, and does in every glob of a project.
DEFAULT_INCLUDE = tuple(f"**/*.{extension}" for extension in FORMAT_BY_EXTENSION)
# The second class are the separators that end a line for some readers of a listing (U+2028, U+2029).
_UNSAFE = re.compile("[\\\\\x00-\x1f\x7f-\x9f]|[\u2028\u2029]")
# GitHub's JSON puts U+FFFD for each byte of a path that is not UTF-8: the true path is lost.
_NOT_UTF8 = re.compile("[\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True)
class PathFilter:
    """The docs formats and the project's include globs, without its exclude globs."""

    include: tuple[re.Pattern[str], ...]
    exclude: tuple[re.Pattern[str], ...]

    def matches(self, path: str) -> bool:
        """Return whether the project wants the file at *path* (relative to the root)."""
        named = _extension_of(path) in FORMAT_BY_EXTENSION or any(glob.fullmatch(path) for glob in self.include)
        return named and not self.excludes(path)

    def excludes(self, path: str) -> bool:
        """Return whether an exclude glob names *path*, whatever its format."""
        return any(glob.fullmatch(path) for glob in self.exclude)


def make_path_filter(*, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> PathFilter:
    """Return the filter of a project's globs (see `syncd.core.globs`); BadUsage names the first bad one."""
    return PathFilter(tuple(parse_glob(glob) for glob in include), tuple(parse_glob(glob) for glob in exclude))


def format_of(path: str) -> str:
    """Return the format that the extension of *path* names; txt for a file that only a project's own glob named."""
    return FORMAT_BY_EXTENSION.get(_extension_of(path), "txt")


def find_path_fault(path: str) -> SkipReason | None:
    """Return why no document may have *path*, or none. Surrogate escapes in it are bytes that were not UTF-8."""
    if _NOT_UTF8.search(path):
        return SkipReason.PATH_NOT_UTF8
    # A leading, a trailing or a doubled slash leaves an empty segment.
    if _UNSAFE.search(path) or any(segment in {"", ".", ".."} for segment in path.split("/")):
        return SkipReason.PATH_UNSAFE
    if len(path.encode()) > MAX_PATH_BYTES:
        return SkipReason.PATH_TOO_LONG
    return None


def _extension_of(path: str) -> str:
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return extension.lower() if dot else ""
