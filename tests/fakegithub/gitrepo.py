"""Bare git repositories that tests write, and git's own word on what is in them."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_FIRST_COMMIT_AT = 1_700_000_000
_SECONDS_BETWEEN_COMMITS = 60


@dataclass(frozen=True, slots=True)
class GitFile:
    """A file of a tree: its bytes, or for a submodule (160000) the SHA that it points to."""

    content: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What git says of one path of a commit. *content* is none for a submodule."""

    mode: str
    git_sha: str
    content: bytes | None


Files = Mapping[str, "bytes | GitFile | None"]


def symlink(target: str) -> GitFile:
    """Return a symbolic link to *target*."""
    return GitFile(target.encode(), mode="120000")


def submodule(sha: str) -> GitFile:
    """Return a submodule at commit *sha*."""
    return GitFile(sha.encode(), mode="160000")


class GitRepository:
    """One bare repository. Paths are strings; surrogate escapes stand for bytes that are not UTF-8."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._commits_made = 0

    @classmethod
    def create(cls, path: Path, *, branch: str = "main") -> "GitRepository":
        """Make an empty bare repository whose HEAD is *branch*."""
        repository = cls(path)
        path.mkdir(parents=True)
        repository.run("init", "--quiet", "--bare", f"--initial-branch={branch}")
        return repository

    @classmethod
    def clone_bundle(cls, bundle: Path, path: Path) -> "GitRepository":
        """Make a bare repository with the branches and the history of *bundle*."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", "--bare", str(bundle), str(path)], check=True, env=_environment())
        return cls(path)

    def add_commit(
        self,
        files: Files,
        *,
        branch: str = "main",
        message: str = "Write the docs",
        author: str = "Ada Lovelace",
        keep: bool = False,
    ) -> str:
        """Commit *files* onto *branch* and return the SHA: as the whole tree, or with *keep* on top of what is there.

        With *keep*, a path whose value is none is removed. Dates and names are the same in every run.
        """
        at = _FIRST_COMMIT_AT + self._commits_made * _SECONDS_BETWEEN_COMMITS
        self._commits_made += 1
        ref = f"refs/heads/{branch}"
        parent = self.find_commit(ref)
        text = message.encode()
        stream = [
            f"commit {ref}\n".encode(),
            f"author {author} <ada@example.org> {at} +0000\n".encode(),
            f"committer {author} <ada@example.org> {at} +0000\n".encode(),
            b"data %d\n%s\n" % (len(text), text),
            f"from {parent}\n".encode() if parent else b"",
            b"" if keep else b"deleteall\n",
            *(_change(path, file) for path, file in files.items()),
        ]
        self.run("fast-import", "--quiet", "--force", stdin=b"".join(stream))
        return self.get_commit(ref)

    def add_tree(self, entries: Iterable[tuple[str, str, str]]) -> str:
        """Write one tree object of (mode, name, SHA), also one that fast-import would refuse, and return its SHA."""
        kinds = {"040000": "tree", "160000": "commit"}
        rows = [f"{mode} {kinds.get(mode, 'blob')} {sha}\t{name}\0" for mode, name, sha in entries]
        return self.run("mktree", "-z", "--missing", stdin="".join(rows).encode("utf-8", "surrogateescape")).strip()

    def add_blob(self, content: bytes) -> str:
        """Write one blob and return its SHA."""
        return self.run("hash-object", "-w", "--stdin", stdin=content).strip()

    def add_commit_of_tree(self, tree_sha: str, *, branch: str = "main") -> str:
        """Commit an existing tree onto *branch* and return the SHA."""
        parent = self.find_commit(f"refs/heads/{branch}")
        commit = self.run("commit-tree", tree_sha, *(["-p", parent] if parent else []), stdin=b"A tree\n").strip()
        self.set_branch(branch, commit)
        return commit

    def set_branch(self, branch: str, commit: str) -> None:
        """Point *branch* at *commit*, whether that is forward or not."""
        self.run("update-ref", f"refs/heads/{branch}", commit)

    def remove_branch(self, branch: str) -> None:
        """Delete *branch*."""
        self.run("update-ref", "-d", f"refs/heads/{branch}")

    def find_commit(self, name: str) -> str | None:
        """Return the SHA of the commit that *name* stands for, or none."""
        found = self.run("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", may_fail=True).strip()
        return found or None

    def get_commit(self, name: str) -> str:
        """Return the SHA of the commit that *name* stands for."""
        return self.run("rev-parse", "--verify", f"{name}^{{commit}}").strip()

    def list_commits(self, name: str) -> list[str]:
        """Return the SHAs of the history of *name*, oldest first, along first parents."""
        return self.run("rev-list", "--first-parent", "--reverse", name).split()

    def list_tree(self, commit: str, docs_path: str = "") -> dict[str, ListedFile]:
        """Return every file of *commit* below *docs_path* by `git ls-tree -r`: the oracle of a mirror."""
        where = ["--", f"{docs_path}/"] if docs_path else []
        rows = self.run("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, *where).split("\0")
        listed = [(path, *stem.split()) for stem, _, path in (row.partition("\t") for row in rows if row)]
        contents = self._read_blobs({sha for _, _, kind, sha in listed if kind == "blob"})
        return {path: ListedFile(mode, sha, contents.get(sha)) for path, mode, _, sha in listed}

    def run(self, *arguments: str, stdin: bytes = b"", may_fail: bool = False) -> str:
        """Run git in this repository and return what it prints."""
        return self._run_raw(*arguments, stdin=stdin, may_fail=may_fail).decode("utf-8", "surrogateescape")

    def _run_raw(self, *arguments: str, stdin: bytes = b"", may_fail: bool = False) -> bytes:
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=_environment(),
        )
        assert may_fail or done.returncode == 0, f"git {arguments[0]}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def _read_blobs(self, shas: set[str]) -> dict[str, bytes]:
        output = self._run_raw("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in shas).encode())
        blobs, at = {}, 0
        while at < len(output):
            end = output.index(b"\n", at)
            sha, _, size = output[at:end].split()
            blobs[sha.decode()] = output[end + 1 : end + 1 + int(size)]
            at = end + 1 + int(size) + 1
        return blobs


def _change(path: str, file: bytes | GitFile | None) -> bytes:
    name = _quoted(path.encode("utf-8", "surrogateescape"))
    match file:
        case None:
            return b"D %s\n" % name
        case GitFile(mode="160000"):
            return b"M 160000 %s %s\n" % (file.content, name)
        case GitFile():
            return b"M %s inline %s\ndata %d\n%s\n" % (file.mode.encode(), name, len(file.content), file.content)
        case _:
            return b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(file), file)


def _quoted(path: bytes) -> bytes:
    plain = b"".join(b"\\%03o" % byte if byte < 32 or byte > 126 or byte in b'"\\' else bytes([byte]) for byte in path)
    return b'"%s"' % plain


def _environment() -> dict[str, str]:
    who = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (
            ("NAME", "Ada Lovelace"),
            ("EMAIL", "ada@example.org"),
            ("DATE", f"{_FIRST_COMMIT_AT} +0000"),
        )
    }
    # The machine's own git settings must not change what a test builds.
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
