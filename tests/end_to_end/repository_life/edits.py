"""Stories of pages: written, edited, moved, copied, swapped, removed."""

from tests.end_to_end.repository_life.heads import TWO, A, B, C
from tests.end_to_end.repository_life.life import (
    Life,
    cost,
    edit,
    holds,
    is_new,
    look,
    push,
    revision,
    stands,
    story,
)
from tests.fakegithub.gitrepo import GitFile, submodule, symlink

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n" % 7
SUB, NEXT = submodule("1" * 40), submodule("2" * 40)
LINK = symlink("../../etc/passwd")
FOLDER = {f"docs/old/{name}.md": f"# {name}\n".encode() for name in "abc"}
UTF_16 = "# Zwölf 🎉\n".encode("utf-16")


def climb(life: Life) -> None:
    """Push a tree that holds a folder called `..`, which git's own commands would refuse to write."""
    page = life.git.add_blob(C)
    upward = life.git.add_tree([("100644", "x.md", page)])
    docs = life.git.add_tree([("040000", "..", upward), ("100644", "a.md", page)])
    life.heads.append(life.git.add_commit_of_tree(life.git.add_tree([("040000", "docs", docs)])))


EDITS = [
    story("a page is added", push(TWO), look(), edit({"docs/c.md": C}), look(), is_new("docs/c.md"), cost(5)),
    story(
        "a page is edited and the others are left alone",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2), "docs/b.md": ("docs/b.md", 1)}),
    ),
    story("a page is removed", push(TWO), look(), edit({"docs/a.md": None}), look(), holds({"docs/b.md": B})),
    story(
        "a page is removed and comes back as it was",
        push(TWO),
        look(),
        edit({"docs/a.md": None}),
        look(),
        edit({"docs/a.md": A}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 1)}),
    ),
    story(
        "a page is removed and comes back with other words",
        push(TWO),
        look(),
        edit({"docs/a.md": None}),
        look(),
        edit({"docs/a.md": C}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
    ),
    story(
        "a page is renamed and nothing is fetched",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/z.md": A}),
        look(),
        cost(4),
        stands({"docs/z.md": ("docs/a.md", 1)}),
    ),
    story(
        "a page is renamed twice",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/y.md": A}),
        look(),
        edit({"docs/y.md": None, "docs/z.md": A}),
        look(),
        stands({"docs/z.md": ("docs/a.md", 1)}),
    ),
    story(
        "a page is renamed there and back",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/z.md": A}),
        look(),
        edit({"docs/z.md": None, "docs/a.md": A}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 1)}),
    ),
    story(
        "a page is renamed to another format",
        push({"docs/a.txt": A, "docs/b.md": B}),
        look(),
        edit({"docs/a.txt": None, "docs/a.md": A}),
        look(),
        stands({"docs/a.md": ("docs/a.txt", 1)}),
    ),
    story(
        "a page that is renamed and edited is another page",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/z.md": A + b"more\n"}),
        look(),
        is_new("docs/z.md"),
    ),
    story(
        "a page takes the place of one that goes",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/b.md": A}),
        look(),
        stands({"docs/b.md": ("docs/b.md", 2)}),
    ),
    story(
        "two pages swap their words",
        push(TWO),
        look(),
        edit({"docs/a.md": B, "docs/b.md": A}),
        look(),
        cost(4),
        stands({"docs/a.md": ("docs/a.md", 2), "docs/b.md": ("docs/b.md", 2)}),
    ),
    story(
        "a page is copied and nothing is fetched",
        push(TWO),
        look(),
        edit({"docs/copy.md": A}),
        look(),
        cost(4),
        is_new("docs/copy.md"),
    ),
    story(
        "equal pages are two documents, and part again",
        push({"docs/a.md": A, "docs/b.md": A}),
        look(),
        edit({"docs/b.md": C}),
        look(),
        holds({"docs/a.md": A, "docs/b.md": C}),
    ),
    story(
        "a folder moves and nothing is fetched",
        push(FOLDER),
        look(),
        edit({**dict.fromkeys(FOLDER), **{path.replace("/old/", "/new/deep/"): text for path, text in FOLDER.items()}}),
        look(),
        cost(4),
        stands({path.replace("/old/", "/new/deep/"): (path, 1) for path in FOLDER}),
    ),
    story("a folder is removed", push({**FOLDER, **TWO}), look(), edit(dict.fromkeys(FOLDER)), look(), holds(TWO)),
    story(
        "a page becomes a folder",
        push({"docs/guide.md": A}),
        look(),
        push({"docs/guide.md/index.md": B}),
        look(),
        holds({"docs/guide.md/index.md": B}),
    ),
    story(
        "a folder becomes a page",
        push({"docs/guide.md/index.md": B}),
        look(),
        push({"docs/guide.md": A}),
        look(),
        holds({"docs/guide.md": A}),
    ),
    story(
        "a page becomes executable, which changes nothing",
        push(TWO),
        look(),
        edit({"docs/a.md": GitFile(A, "100755")}),
        look(),
        cost(4),
        revision(1),
    ),
    story(
        "letter case alone makes another path",
        push({"docs/a.md": A, "docs/A.md": B}),
        look(),
        holds({"docs/a.md": A, "docs/A.md": B}),
        edit({"docs/A.md": None}),
        look(),
        holds({"docs/a.md": A}),
    ),
    story(
        "a page is renamed in letter case alone",
        push(TWO),
        look(),
        edit({"docs/a.md": None, "docs/A.md": A}),
        look(),
        stands({"docs/A.md": ("docs/a.md", 1)}),
    ),
    story(
        "composed and decomposed letters are two paths",
        push({"docs/caf\u00e9.md": A, "docs/cafe\u0301.md": B}),
        look(),
        holds({"docs/caf\u00e9.md": A, "docs/cafe\u0301.md": B}),
    ),
    story(
        "odd and harmless paths are kept as they are",
        push(
            {
                'docs/"quoted".md': A,
                "docs/with space.md": B,
                "docs/a?b#c.md": C,
                "docs/%2e%2e.md": A,
                "docs/-rf.md": B,
                "docs/\U0001f600.md": C,
                "docs/.hidden.md": A,
            }
        ),
        look(),
    ),
]
