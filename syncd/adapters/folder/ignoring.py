"""Which files of a folder are nobody's docs: what .gitignore and .git/info/exclude name, and what tools leave behind."""

import os
from pathlib import Path

from syncd.adapters.folder.descriptors import open_directory, read_file
from syncd.adapters.folder.ignore_rules import IgnoreRules
from syncd.adapters.folder.work_tree import WorkTree

IGNORED_DIRECTORIES = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"})
VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"
IGNORE_FILE = ".gitignore"
_IGNORE_FILE_MAX_BYTES = 1 << 20


def read_ignore_file(directory: int, name: str = IGNORE_FILE) -> bytes:
    """Return the bytes of the ignore file in the open *directory*; empty where it is a link (as in git) or unreadable."""
    try:
        found = read_file(directory, name, max_bytes=_IGNORE_FILE_MAX_BYTES)
    except OSError:
        return b""
    return found[1] if found else b""


def read_rules_above(root: int, start: str, *, folder: Path, work_tree: WorkTree | None) -> IgnoreRules:
    """Return the rules from above *start*, which is relative to the descriptor *root* of *folder*.

    They stand in .git/info/exclude and in each directory from the work tree down. What a person named is wanted: rules
    that ignore the folder or *start* as a whole are left out.
    """
    rules = _read_rules_of_work_tree(folder, work_tree) if work_tree else IgnoreRules()
    segments = start.split("/") if start else []
    for depth in range(len(segments)):
        parent = "/".join(segments[:depth])
        with open_directory(root, parent) as directory:
            rules = rules.within(parent, read_ignore_file(directory))
        if rules.ignores("/".join(segments[: depth + 1]), is_directory=True):
            rules = rules.without_layers()
    return rules


def _read_rules_of_work_tree(folder: Path, work_tree: WorkTree) -> IgnoreRules:
    segments = folder.relative_to(work_tree.top).parts
    rules = IgnoreRules("".join(f"{segment}/" for segment in segments))
    rules = rules.within_work_tree("", _read_plain_file(work_tree.common_directory / "info" / "exclude"))
    for depth in range(len(segments)):
        parent = "/".join(segments[:depth])
        rules = rules.within_work_tree(parent, _read_plain_file(work_tree.top / parent / IGNORE_FILE))
        if rules.ignores_in_work_tree("/".join(segments[: depth + 1]), is_directory=True):
            rules = rules.without_layers()
    return rules


def _read_plain_file(path: Path) -> bytes:
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return read_ignore_file(directory, path.name)
    finally:
        os.close(directory)
