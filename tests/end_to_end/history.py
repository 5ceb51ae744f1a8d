"""What git says of a commit's documents, and what that means for identities and versions: the oracle of a mirror's history."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakegithub.gitrepo import GitRepository

FORMATS = ("md", "markdown", "mdx", "rst", "adoc", "txt", "org", "ipynb", "html")
Standing = tuple[str, int]  # a document's identity and its version


def list_documents(git: GitRepository, commit: str) -> dict[str, tuple[str, bytes]]:
    """Return git SHA and bytes of every document of *commit* by path: below `docs` where that is, else of the whole."""
    docs_path = "docs" if git.run("ls-tree", "-d", commit, "docs") else ""
    return {
        path: (file.git_sha, file.content)
        for path, file in git.list_tree(commit, docs_path).items()
        if path.rpartition(".")[2].lower() in FORMATS and file.mode.startswith("100") and file.content is not None
    }


@dataclass(slots=True)
class History:
    """The documents of a project as its revisions pass by; each step is held against what git says happened."""

    shas: dict[str, str] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    gone: dict[str, tuple[str, Standing]] = field(default_factory=dict)

    def move(self, shas: Mapping[str, str], standing: Mapping[str, Standing]) -> list[tuple[str, str]]:
        """Move to the documents *shas* (path to git SHA), which stand as *standing*; return the renames that must have been."""
        assert standing.keys() == shas.keys()
        renames = self._pair(shas)
        origin = {new: old for old, new in renames}
        for path, (identity, version) in standing.items():
            assert (identity, version) == self._expect(path, shas[path], origin, found=identity), path
        assert len({identity for identity, _ in standing.values()}) == len(standing)
        for path in self.shas.keys() - shas.keys() - {old for old, _ in renames}:
            self.gone[path] = (self.shas[path], self.standing[path])
        for path in shas:
            self.gone.pop(path, None)
        self.shas, self.standing = dict(shas), dict(standing)
        return renames

    def _pair(self, shas: Mapping[str, str]) -> list[tuple[str, str]]:
        """Pair paths that went with paths that came, of equal blobs, one to one in path order."""
        left: defaultdict[str, list[str]] = defaultdict(list)
        came: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self.shas.keys() - shas.keys()):
            left[self.shas[path]].append(path)
        for path in sorted(shas.keys() - self.shas.keys()):
            came[shas[path]].append(path)
        return sorted(pair for sha in left for pair in zip(left[sha], came[sha], strict=False))

    def _expect(self, path: str, sha: str, origin: Mapping[str, str], *, found: str) -> Standing:
        if path in origin:
            return self.standing[origin[path]]
        if path in self.shas:
            identity, version = self.standing[path]
            return (identity, version if self.shas[path] == sha else version + 1)
        if path in self.gone:
            former_sha, (identity, version) = self.gone[path]
            return (identity, version if former_sha == sha else version + 1)
        return (found, 1)
