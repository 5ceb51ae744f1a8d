"""Stories of files that are no documents, are none for a while, or are odd ones."""

from tests.end_to_end.repository_life.heads import TWO, A, B, C
from tests.end_to_end.repository_life.life import (
    MAX_BYTES,
    Life,
    cost,
    do,
    edit,
    holds,
    look,
    push,
    skips,
    stands,
    story,
)
from tests.fakegithub.gitrepo import submodule, symlink

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n" % 7
SUB, NEXT = submodule("1" * 40), submodule("2" * 40)
LINK = symlink("../../etc/passwd")
UTF_16 = "# Zwölf 🎉\n".encode("utf-16")


def climb(life: Life) -> None:
    """Push a tree that holds a folder called `..`, which git's own commands would refuse to write."""
    page = life.git.add_blob(C)
    upward = life.git.add_tree([("100644", "x.md", page)])
    docs = life.git.add_tree([("040000", "..", upward), ("100644", "a.md", page)])
    life.heads.append(life.git.add_commit_of_tree(life.git.add_tree([("040000", "docs", docs)])))


OTHERS = [
    story(
        "a symlink is left out with its reason",
        push({**TWO, "docs/link.md": LINK}),
        look(),
        holds(TWO),
        skips({"docs/link.md": "symlink"}),
    ),
    story(
        "a page becomes a symlink, and a page again",
        push(TWO),
        look(),
        edit({"docs/a.md": LINK}),
        look(),
        holds({"docs/b.md": B}),
        edit({"docs/a.md": A}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 1)}),
        skips({}),
    ),
    story(
        "a submodule is left out with its reason",
        push({**TWO, "docs/sub": SUB}),
        look(),
        holds(TWO),
        skips({"docs/sub": "submodule"}),
    ),
    story(
        "a submodule that moves on changes no document",
        push({**TWO, "docs/sub": SUB}),
        look(),
        edit({"docs/sub": NEXT}),
        look(),
        holds(TWO),
        skips({"docs/sub": "submodule"}),
    ),
    story(
        "a submodule deep below is listed by its path",
        push({**TWO, "docs/deep/er/sub": SUB}),
        look(),
        skips({"docs/deep/er/sub": "submodule"}),
    ),
    story(
        "a submodule becomes a folder of pages",
        push({**TWO, "docs/sub": SUB}),
        look(),
        edit({"docs/sub": None, "docs/sub/a.md": C}),
        look(),
        holds({**TWO, "docs/sub/a.md": C}),
        skips({}),
    ),
    story(
        "a submodule is removed", push({**TWO, "docs/sub": SUB}), look(), edit({"docs/sub": None}), look(), skips({})
    ),
    story("a submodule outside of the docs is none of ours", push({**TWO, "vendor": SUB}), look(), skips({})),
    story(
        "an LFS pointer is left out, and its file is mirrored when it is checked in",
        push({**TWO, "docs/big.md": POINTER}),
        look(),
        skips({"docs/big.md": "lfs_pointer"}),
        edit({"docs/big.md": C}),
        look(),
        holds({**TWO, "docs/big.md": C}),
        skips({}),
    ),
    story(
        "a page becomes binary, and a page again",
        push(TWO),
        look(),
        edit({"docs/a.md": b"\x89PNG\0"}),
        look(),
        holds({"docs/b.md": B}),
        skips({"docs/a.md": "binary"}),
        edit({"docs/a.md": C}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
    ),
    story(
        "a binary file that stays is not fetched again",
        push({**TWO, "docs/x.md": b"\0"}),
        look(),
        edit({"docs/a.md": C}),
        look(),
        cost(5),
    ),
    story(
        "a page grows too large, and shrinks again",
        push(TWO),
        look(),
        edit({"docs/a.md": b"x" * (MAX_BYTES + 1)}),
        look(),
        skips({"docs/a.md": "too_large"}),
        edit({"docs/a.md": b"x" * MAX_BYTES}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
        skips({}),
    ),
    story(
        "an empty page is a page",
        push({"docs/a.md": b""}),
        look(),
        holds({"docs/a.md": b""}),
        edit({"docs/a.md": A}),
        look(),
    ),
    story(
        "line ends and marks are kept byte for byte",
        push({"docs/crlf.md": b"# A\r\n\r\nb\r", "docs/mark.md": b"\xef\xbb\xbf# A\n"}),
        look(),
        holds({"docs/crlf.md": b"# A\r\n\r\nb\r", "docs/mark.md": b"\xef\xbb\xbf# A\n"}),
    ),
    story(
        "a page in UTF-16 is read, and its bytes are kept",
        push({"docs/a.md": UTF_16}),
        look(),
        holds({"docs/a.md": UTF_16}),
    ),
    story(
        "a page in an old encoding is read, and its bytes are kept",
        push({"docs/a.md": "# Über\n".encode("latin-1")}),
        look(),
        holds({"docs/a.md": b"# \xdcber\n"}),
    ),
    story(
        "a page changes its encoding alone, which is a new version",
        push({"docs/a.md": "# Ü\n".encode()}),
        look(),
        edit({"docs/a.md": "# Ü\n".encode("latin-1")}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
    ),
    story(
        "a path that is not UTF-8 is left out with its reason", push({**TWO, "docs/\udcff.md": C}), look(), holds(TWO)
    ),
    story(
        "a path with control characters is left out with its reason",
        push({**TWO, "docs/line\nfeed.md": C, "docs/bell\x07.md": C}),
        look(),
        holds(TWO),
        skips({"docs/line\nfeed.md": "path_unsafe", "docs/bell\x07.md": "path_unsafe"}),
    ),
    story(
        "a path that climbs out is left out with its reason",
        push(TWO),
        do(climb),
        look(),
        holds({"docs/a.md": C}),
        skips({"docs/../x.md": "path_unsafe"}),
    ),
    story(
        "a path that is too long is left out with its reason",
        push({**TWO, "docs/" + "d/" * 510 + "a.md": C}),
        look(),
        holds(TWO),
    ),
]
