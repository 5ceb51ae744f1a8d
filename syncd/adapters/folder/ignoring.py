"""Which files of a folder are nobody's docs: what .gitignore and .git/info/exclude name, and what tools leave behind."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from syncd.adapters.folder.descriptors import open_directory, read_file

IGNORED_DIRECTORIES = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"})
VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"
IGNORE_FILE = ".gitignore"
_IGNORE_FILE_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _RulesOfDirectory:
    """The rules of one ignore file; its paths begin after *cut* characters of ours, or with *prefix* before them."""

    cut: int
    prefix: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The ignore files that hold in one directory, outermost first. The innermost that says anything decides."""

    layers: tuple[_RulesOfDirectory, ...] = ()

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Return whether *path* (relative to the folder) is ignored; its parents are taken not to be."""
        written = f"{path}/" if is_directory else path
        for layer in reversed(self.layers):
            verdict = layer.spec.check_file(layer.prefix + written[layer.cut :]).include
            if verdict is not None:
                return verdict
        return False

    def within(self, directory: str, content: bytes) -> "IgnoreRules":
        """Return these rules and those of the ignore file with *content* in *directory* (relative to the folder)."""
        cut = len(directory) + 1 if directory else 0
        return IgnoreRules((*self.layers, _RulesOfDirectory(cut, "", _parse_rules(content))))

    def above(self, prefix: str, content: bytes) -> "IgnoreRules":
        """Return these rules and those of an ignore file that sees the folder at *prefix* below itself."""
        return IgnoreRules((*self.layers, _RulesOfDirectory(0, prefix, _parse_rules(content))))


def read_ignore_file(directory: int) -> bytes:
    """Return the bytes of the .gitignore in the open *directory*; none where it is a link (as in git) or cannot be read."""
    try:
        found = read_file(directory, IGNORE_FILE, max_bytes=_IGNORE_FILE_MAX_BYTES)
    except OSError:
        return b""
    return found[1] if found else b""


def read_rules_above(
    root: int, start: str, *, folder: Path, work_tree: Path | None, exclude_file: Path | None
) -> IgnoreRules:
    """Return the rules that hold in *start* and stand above it: in the work tree, in the folder, in .git/info/exclude.

    A folder that a person named is wanted: rules that ignore it whole are left out.
    """
    rules = IgnoreRules()
    if work_tree is not None:
        tops = [work_tree, *reversed([parent for parent in folder.parents if parent.is_relative_to(work_tree)][:-1])]
        files = [(work_tree, exclude_file)] if exclude_file else []
        files += [(top, top / IGNORE_FILE) for top in tops if top != folder]
        for top, file in files:
            prefix = folder.relative_to(top).as_posix()
            rules = rules.above("" if prefix == "." else f"{prefix}/", _read_plain_file(file))
        if folder != work_tree and rules.ignores("", is_directory=False):
            rules = IgnoreRules()
    return _descend(root, start, rules)


def _descend(root: int, start: str, rules: IgnoreRules) -> IgnoreRules:
    """Add the ignore files of the directories above *start*, which is wanted itself."""
    segments = start.split("/") if start else []
    for depth in range(len(segments)):
        parent = "/".join(segments[:depth])
        with open_directory(root, parent) as directory:
            rules = rules.within(parent, read_ignore_file(directory))
        if rules.ignores("/".join(segments[: depth + 1]), is_directory=True):
            rules = IgnoreRules()
    return rules


def _read_plain_file(path: Path) -> bytes:
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        found = read_file(directory, path.name, max_bytes=_IGNORE_FILE_MAX_BYTES)
    except OSError:
        return b""
    finally:
        os.close(directory)
    return found[1] if found else b""


def _parse_rules(content: bytes) -> GitIgnoreSpec:
    lines = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    return GitIgnoreSpec(_parse_lines(line.removesuffix("\r") for line in lines), backend="simple")


def _parse_lines(lines: Iterable[str]) -> list[GitIgnoreSpecPattern]:
    patterns = []
    for line in lines:
        try:
            patterns.append(GitIgnoreSpecPattern(line))
        except GitIgnorePatternError:
            # Git, too, passes over a line that is no pattern.
            continue
    return patterns
