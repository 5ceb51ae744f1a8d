"""A repository that random people push to: the same seed makes the same pushes."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fakegithub.gitrepo import GitFile, GitRepository, submodule, symlink

BRANCH = "main"
LARGE_BYTES = 4096  # one byte more than the campaign's limit is too large
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n"
_NAMES = ("index.md", "start.md", "api.rst", "notes.txt", "page.mdx", "a.html", "tool.py", "settings.cfg", "b.MD")
_FOLDERS = ("docs", "docs", "docs/guide", "docs/guide/deep/er", "docs/drafts", "docs/api", "src", "")
_ODD_PATHS = (
    "docs/with space.md",
    "docs/caf\u00e9.md",
    "docs/cafe\u0301.md",
    "docs/\U0001f600.md",
    'docs/"quoted".md',
    "docs/-rf.md",
    "docs/%2e%2e.md",
    "docs/a?b#c.md",
    "docs/[x]*.md",
    "docs/.hidden.md",
    "docs/.md",
    "docs/two.dots..md",
    "docs/INDEX.md",
    "docs/guide.md/index.md",
)
_HOSTILE_PATHS = (
    "docs/back\\slash.md",
    "docs/line\nfeed.md",
    "docs/tab\t.md",
    "docs/bell\x07.md",
    "docs/del\x7f.md",
    "docs/next\x85line.md",
    "docs/separator\u2028.md",
    "docs/\udcff.md",
    "docs/\udcfe.md",
    "docs/\ufffd.md",
    "docs/" + "long/" * 204 + "x.md",
    "docs/" + "l" * 250 + "/" + "o" * 250 + "/" + "n" * 250 + "/" + "g" * 265 + ".md",
)
_UPWARD_NAMES = ("..", ".", ".git", "...")


class RandomRepository:
    """One branch, and what stands on it. Each `push` is one commit or one move of the branch."""

    def __init__(self, path: Path, random: Random) -> None:
        self.git = GitRepository.create(path)
        self._random = random
        self._files: dict[str, GitFile] = {}
        self._snapshots: dict[str, dict[str, GitFile]] = {}
        self._contents: list[bytes] = [b"same\n"]
        for _ in range(random.choice((1, 8, 30, 60))):
            self._add()
        self._files["docs/index.md"] = GitFile(b"# Start\n")
        self._commit()

    def push(self) -> str:
        """Change something, and return what it was."""
        if self.git.find_commit(BRANCH) is None:
            return self._bring_back()
        change = self._random.choice(self._list_changes())
        change()
        return change.__name__.strip("_")

    def _list_changes(self) -> list[Callable[[], None]]:
        edits = (self._add, self._edit, self._rename, self._remove, self._flip_mode, self._swap)
        odd = (self._add_odd_path, self._add_symlink, self._add_submodule, self._add_pointer)
        several = [
            self._committing(change) for change in (*edits, *edits, *odd, self._move_folder, self._remove_folder)
        ]
        return [*several, self._merge, self._force_push, self._force_push, self._add_upward_path, self._remove_branch]

    def _committing(self, change: Callable[[], None]) -> Callable[[], None]:
        def change_and_commit() -> None:
            for _ in range(self._random.choice((1, 1, 2, 5))):
                change()
            self._commit()

        change_and_commit.__name__ = change.__name__
        return change_and_commit

    def _commit(self) -> None:
        if not self._files:
            self._add()
        self._snapshots[self.git.add_commit(self._files)] = dict(self._files)

    def _make_path(self) -> str:
        folder, name = self._random.choice(_FOLDERS), self._random.choice(_NAMES)
        return (
            f"{folder}/{name}".lstrip("/")
            if self._random.random() < 0.5
            else f"{folder}/{self._number()}{name}".lstrip("/")
        )

    def _number(self) -> int:
        return self._random.randrange(40)

    def _make_content(self) -> bytes:
        text = f"# Page {self._random.randrange(10_000)}\n\nSee [it](index.md).\n"
        kinds = (
            text.encode(),
            text.encode(),
            text.encode(),
            self._random.choice(self._contents),
            text.replace("\n", "\r\n").encode(),
            b"\xef\xbb\xbf" + text.encode(),
            b"\xff\xfe" + text.encode("utf-16-le"),
            f"{text}é ü\n".encode("cp1252"),
            f"{text}é 😀\n".encode(),
            b"",
            b"\x89PNG\0" + text.encode(),
            b"x" * (LARGE_BYTES + self._random.choice((-1, 0, 1))),
            LFS_POINTER % self._number(),
            LFS_POINTER % 1 + b"x" * 1024,
        )
        self._contents.append(self._random.choice(kinds))
        return self._contents[-1]

    def _pick(self) -> str:
        return self._random.choice(sorted(self._files)) if self._files else "docs/index.md"

    def _add(self) -> None:
        self._files[self._make_path()] = GitFile(self._make_content())

    def _edit(self) -> None:
        self._files[self._pick()] = GitFile(self._make_content())

    def _rename(self) -> None:
        if file := self._files.pop(self._pick(), None):
            self._files[self._make_path()] = file

    def _remove(self) -> None:
        self._files.pop(self._pick(), None)

    def _flip_mode(self) -> None:
        path = self._pick()
        file = self._files.get(path)
        if file and file.mode.startswith("100"):
            self._files[path] = GitFile(file.content, "100644" if file.mode == "100755" else "100755")

    def _swap(self) -> None:
        one, other = self._pick(), self._pick()
        if one in self._files and other in self._files:
            self._files[one], self._files[other] = self._files[other], self._files[one]

    def _move_folder(self) -> None:
        old, new = self._random.choice(_FOLDERS[:-1]), self._random.choice(_FOLDERS[1:-1])
        self._files = {
            f"{new}/{path.removeprefix(f'{old}/')}" if path.startswith(f"{old}/") else path: file
            for path, file in self._files.items()
        }

    def _remove_folder(self) -> None:
        folder = self._random.choice(_FOLDERS[:-1])
        self._files = {path: file for path, file in self._files.items() if not path.startswith(f"{folder}/")}

    def _add_odd_path(self) -> None:
        self._files[self._random.choice(_ODD_PATHS + _HOSTILE_PATHS)] = GitFile(self._make_content())

    def _add_symlink(self) -> None:
        path = "docs" if self._random.random() < 0.1 else self._make_path()
        self._files[path] = symlink(self._random.choice(("index.md", "../../etc/passwd", "/etc/passwd")))

    def _add_submodule(self) -> None:
        path = self._random.choice(("docs/vendor", "vendor", "docs/drafts/sub", "docs/sub.md"))
        self._files[path] = submodule(f"{self._number():040x}")

    def _add_pointer(self) -> None:
        self._files[self._make_path()] = GitFile(LFS_POINTER % self._number())

    def _add_upward_path(self) -> None:
        """Commit a tree that holds a folder called like none may be: git's own commands would refuse to make it."""
        head = self.git.get_commit(BRANCH)
        page = self.git.add_blob(self._make_content())
        inner = self.git.add_tree([("100644", "x.md", page)])
        rows = [row.partition("\t") for row in self.git.run("ls-tree", "-z", head).split("\0") if row]
        entries = [(stem.split()[0], name, stem.split()[2]) for stem, _, name in rows]
        docs = [(*entry[:1], entry[2]) for entry in entries if entry[1] == "docs" and entry[0] == "040000"]
        below = self.git.run("ls-tree", "-z", docs[0][1]).split("\0") if docs else []
        listed = [(stem.split()[0], name, stem.split()[2]) for stem, _, name in (r.partition("\t") for r in below if r)]
        name = self._random.choice(_UPWARD_NAMES)
        kept = [entry for entry in listed if entry[1] != name]
        tree = self.git.add_tree([*kept, ("040000", name, inner)])
        root = self.git.add_tree([*(entry for entry in entries if entry[1] != "docs"), ("040000", "docs", tree)])
        self._snapshots[self.git.add_commit_of_tree(root)] = dict(self._files)

    def _merge(self) -> None:
        """Merge a side branch that began at some earlier commit."""
        start = self._random.choice(sorted(self._snapshots))
        ours, head = dict(self._files), self.git.get_commit(BRANCH)
        self.git.set_branch("side", start)
        self._files = dict(self._snapshots[start])
        self._add()
        self._edit()
        side = self.git.add_commit(self._files, branch="side")
        self._files |= ours
        tree = self.git.run("rev-parse", f"{self.git.add_commit(self._files)}^{{tree}}").strip()
        merge = self.git.run("commit-tree", tree, "-p", head, "-p", side, stdin=b"Merge\n").strip()
        self.git.set_branch(BRANCH, merge)
        self._snapshots[merge] = dict(self._files)

    def _force_push(self) -> None:
        self._return_to(self._random.choice(sorted(self._snapshots)))

    def _remove_branch(self) -> None:
        self.git.set_branch("kept", self.git.get_commit(BRANCH))  # a repository with another branch is not empty
        self.git.remove_branch(BRANCH)

    def _bring_back(self) -> str:
        self._return_to(self._random.choice((self.git.get_commit("kept"), *sorted(self._snapshots))))
        return "bring_back"

    def _return_to(self, commit: str) -> None:
        self.git.set_branch(BRANCH, commit)
        self._files = dict(self._snapshots[commit])
