"""What git says about a folder: where its work tree is, which commit it shows, which ignored files it tracks."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

GIT_DEADLINE_SECONDS = 10.0
# Nothing of the folder's own configuration may start a program, and nothing here may write to its index.
_OPTIONS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The work tree around a folder: its *top*, its own git directory, and the one it shares with its siblings."""

    top: Path
    git_directory: Path
    common_directory: Path


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The commit that a folder shows, who made it and when, and its files: blob SHA by path relative to the folder."""

    commit: str
    author: str
    committed_at: datetime
    files: dict[str, str]


def find_work_tree(folder: Path) -> WorkTree | None:
    """Return the work tree that the absolute *folder* lies in, or none; needs no git."""
    for top in (folder, *folder.parents):
        git_directory = _find_git_directory(top)
        if git_directory is not None:
            return WorkTree(top, git_directory, _find_common_directory(git_directory))
    return None


def find_checked_out(folder: Path, docs_path: str) -> CheckedOut | None:
    """Return the commit whose tracked files *folder* shows unchanged; none without git, without commit, or with changes."""
    # Untracked files are found by the caller, who compares the docs with `files`: a build directory makes no folder dirty.
    if _run_git(folder, ["status", "--porcelain", "-z", "--untracked-files=no", "--", "."]) != b"":
        return None
    shown = _run_git(folder, ["show", "-s", "--no-show-signature", "--format=%H%x00%an%x00%cI", "HEAD", "--"])
    if shown is None:
        return None
    commit, author, committed_at = shown.decode("utf-8", "replace").strip().split("\0")
    listed = _run_git(folder, ["ls-tree", "-r", "-z", commit, *([f"{docs_path}/"] if docs_path else [])])
    if listed is None:
        return None
    return CheckedOut(commit, author, datetime.fromisoformat(committed_at), _parse_tree(listed))


def list_tracked_ignored(folder: Path) -> frozenset[str]:
    """Return the files that are tracked although an ignore rule names them, relative to *folder*; none without git."""
    listed = _run_git(folder, ["ls-files", "--cached", "--ignored", "--exclude-standard", "-z"])
    return frozenset(os.fsdecode(path) for path in (listed or b"").split(b"\0") if path)


def _parse_tree(listed: bytes) -> dict[str, str]:
    files = {}
    for row in listed.split(b"\0")[:-1]:
        meta, _, path = row.partition(b"\t")
        files[os.fsdecode(path)] = meta.split(b" ")[2].decode("ascii")
    return files


def _run_git(folder: Path, arguments: Sequence[str]) -> bytes | None:
    """Return what git printed; none where it is missing, refuses (not its owner's work tree), or takes too long."""
    git = shutil.which("git")
    if git is None:
        return None
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            [git, *_OPTIONS, *arguments],
            cwd=folder,
            env=inherited | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_DEADLINE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _find_git_directory(top: Path) -> Path | None:
    mark = top / ".git"
    try:
        if mark.is_file():
            # A linked work tree or a submodule: gitrepository-layout(5).
            target = mark.read_text("utf-8", "surrogateescape").strip()
            mark = (top / target.removeprefix("gitdir:").strip()).resolve()
        return mark if (mark / "HEAD").exists() else None
    except OSError:
        return None


def _find_common_directory(git_directory: Path) -> Path:
    try:
        return (git_directory / (git_directory / "commondir").read_text("utf-8", "surrogateescape").strip()).resolve()
    except OSError:
        return git_directory
