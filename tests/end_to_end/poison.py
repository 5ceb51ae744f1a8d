"""Files that break readers: what they hold, and what must become of each: mirrored as it is, or listed with a reason."""

from syncd.core.documents import SkipReason
from tests.fakegithub.gitrepo import GitFile, submodule, symlink

MAX_BYTES = 5 * 1024 * 1024
MIRRORED = None
_TEXT = b"# Title\n\nSome text.\n"
_WORDS = b"All work and no play makes a dull page. "


def _path_of(length_bytes: int) -> str:
    start, end = "docs/deep/", "page.md"
    return start + ("d/" * length_bytes)[: length_bytes - len(start) - len(end) - 1].rstrip("/") + "/" + end


CONTENTS: dict[str, tuple[bytes, SkipReason | None]] = {
    "nul.md": (b"before\0after\n", SkipReason.BINARY),
    "nul-at-the-end.txt": (_TEXT * 5000 + b"\0", SkipReason.BINARY),
    "utf-16-without-mark.md": ("text\n".encode("utf-16-le"), SkipReason.BINARY),
    "utf-16-le.md": ("# Ünïcode 🎉\n".encode("utf-16"), MIRRORED),
    "utf-16-be.md": (b"\xfe\xff" + "# Ünïcode 🎉\n".encode("utf-16-be"), MIRRORED),
    "utf-16-with-nul.md": (b"\xff\xfe" + "a\0b".encode("utf-16-le"), SkipReason.BINARY),
    "utf-16-cut.md": (b"\xff\xfea", SkipReason.BINARY),
    "utf-16-lone-surrogate.md": (b"\xff\xfe\x00\xd8a\x00", SkipReason.BINARY),
    "png.md": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), SkipReason.BINARY),
    "lone-surrogate.md": (b"# \xed\xa0\x80\n", MIRRORED),
    "overlong.md": (b"# \xc0\xaf\xe0\x80\xaf\n", MIRRORED),
    "latin-1.md": ("# Über\n".encode("latin-1"), MIRRORED),
    "cut-in-a-character.md": ("# Ü".encode()[:-1], MIRRORED),
    "mark.md": (b"\xef\xbb\xbf# Marked\n", MIRRORED),
    "mark-alone.md": (b"\xef\xbb\xbf", MIRRORED),
    "crlf.md": (b"# Title\r\n\r\ntext\r\n", MIRRORED),
    "cr.md": (b"# Title\r\rtext\r", MIRRORED),
    "every-line-end.md": ("a\nb\r\nc\rd\x0be\x0cf\x85g\u2028h\u2029i".encode(), MIRRORED),
    "controls.md": (bytes(set(range(1, 32)) - {10, 13}) + b"\n\x7f\n", MIRRORED),
    "empty.md": (b"", MIRRORED),
    "blank.md": (b" \n\t\n\n", MIRRORED),
    "line-end.md": (b"\n", MIRRORED),
    "nested-lists.md": (b"- " * 20_000 + b"x\n", MIRRORED),
    "nested-quotes.md": (b"> " * 20_000 + b"x\n", MIRRORED),
    "stairs.md": (b"".join(b" " * (2 * depth) + b"- x\n" for depth in range(500)), MIRRORED),
    "brackets.md": (b"[" * 50_000 + b"\n" + b"![](" * 10_000, MIRRORED),
    "emphasis.md": (b"*a **b _c " * 5_000, MIRRORED),
    "backticks.md": (b" ".join(b"`" * count for count in range(1, 600)), MIRRORED),
    "links.md": (b"[a](b) " * 20_000, MIRRORED),
    "references.md": (b"".join(b"[r%d]: x%d\n" % (n, n) for n in range(10_000)) + b"[r1][r1] " * 500, MIRRORED),
    "table.md": (b"|" * 2_000 + b"\n" + b"|-" * 2_000 + b"|\n" + b"|x" * 2_000 + b"|\n", MIRRORED),
    "headings.md": (b"# Same\n" * 5_000, MIRRORED),
    "long-heading.md": (b"# " + b"x" * 200_000 + b"\n", MIRRORED),
    "entities.md": (b"# &#0; &#xD800; &#x110000; &amp;&lt;\n" * 100, MIRRORED),
    "open-fence.md": (b"```\n" + _TEXT * 1000, MIRRORED),
    "html-in-markdown.md": (b"<div>" * 10_000 + b"<!-- " * 1000, MIRRORED),
    "one-line.txt": (_WORDS * (MAX_BYTES // len(_WORDS)) + b"x" * (MAX_BYTES % len(_WORDS)), MIRRORED),
    "one-byte-too-many.txt": (b"x" * (MAX_BYTES + 1), SkipReason.TOO_LARGE),
    "one-word.md": (b"x" * 1_000_000, MIRRORED),
    "unique-words.md": (b" ".join(b"lexeme%dof%d" % (n, n * 7919) for n in range(30_000)), MIRRORED),
    "combining.md": (("e" + "\u0301" * 20_000).encode(), MIRRORED),
    "invisible.md": ("\u202eevil\u202c \u200b\ufeff\U000e0041 \ufdd0\uffff\U0010ffff\n".encode(), MIRRORED),
    "copy-breaker.md": (b"\\.\n\\N\t\\x00\n'); drop table documents; --\n{}\"\"\n", MIRRORED),
    "pointer.md": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", SkipReason.LFS_POINTER),
    "front-matter-open.md": (b"---\n" + b"key: value\n" * 20_000, MIRRORED),
    "front-matter-bomb.md": (
        b"---\na: &a [x]\n" + b"".join(b"b%d: [*a,*a,*a]\n" % n for n in range(999)) + b"---\n# T\n",
        MIRRORED,
    ),
    "front-matter-title.md": (b"---\ntitle: " + b"x" * 100_000 + b"\n---\ntext\n", MIRRORED),
    "front-matter-nul.md": (b'---\ntitle: "\\0 \\ud800"\n---\ntext\n', MIRRORED),
    "broken.ipynb": (b'{"cells": [', MIRRORED),
    "deep.ipynb": (b"[" * 100_000, MIRRORED),
    "numbers.ipynb": (b'{"cells": ' + b"9" * 10_000 + b"}", MIRRORED),
    "broken.html": (b"<html><p><b>" * 5_000 + b"</i>", MIRRORED),
    "comment.html": (b"<!--" * 10_000, MIRRORED),
    "script.html": (b"<script>alert(1)</script>", MIRRORED),
    "broken.rst": (b"Title\n===\n\n.. include:: /etc/passwd\n\n" + b"`" * 10_000, MIRRORED),
    "include.adoc": (b"= T\n\ninclude::/etc/passwd[]\n" + b"====\n" * 5_000, MIRRORED),
    "outline.org": (b"*" * 20_000 + b" T\n#+INCLUDE: /etc/passwd\n", MIRRORED),
    "component.mdx": (b"import x from 'y'\n\n<X {...y}>{" * 1000, MIRRORED),
}  # fmt: skip

PATHS: dict[str, tuple[bytes | GitFile, SkipReason | None]] = {
    "docs/link.md": (symlink("index.md"), SkipReason.SYMLINK),
    "docs/link-away.md": (symlink("/etc/passwd"), SkipReason.SYMLINK),
    "docs/link-to-itself.md": (symlink("link-to-itself.md"), SkipReason.SYMLINK),
    "docs/module": (submodule("1" * 40), SkipReason.SUBMODULE),
    "docs/back\\slash.md": (_TEXT, SkipReason.PATH_UNSAFE),
    "docs/new\nline.md": (_TEXT, SkipReason.PATH_UNSAFE),
    "docs/tab\there.md": (_TEXT, SkipReason.PATH_UNSAFE),
    "docs/escape\x1b[2J.md": (_TEXT, SkipReason.PATH_UNSAFE),
    "docs/line\u2028separator.md": (_TEXT, SkipReason.PATH_UNSAFE),
    _path_of(1025): (_TEXT, SkipReason.PATH_TOO_LONG),
    _path_of(1024): (b"# As long as can be\n", MIRRORED),
    "docs/README.md": (b"# One\n", MIRRORED),
    "docs/readme.md": (b"# Two\n", MIRRORED),
    "docs/ReadMe.MD": (b"# Three\n", MIRRORED),
    "docs/caf\u00e9.md": (b"# Composed\n", MIRRORED),
    "docs/cafe\u0301.md": (b"# Decomposed\n", MIRRORED),
    "docs/.md": (b"# No name\n", MIRRORED),
    "docs/ .md": (b"# A space\n", MIRRORED),
    "docs/-rf.md": (b"# An option\n", MIRRORED),
    "docs/*.md": (b"# A glob\n", MIRRORED),
    "docs/%2e%2e%2fx.md": (b"# Encoded\n", MIRRORED),
    "docs/a#b?c@v12.md": (b"# An anchor\n", MIRRORED),
    "docs/'; drop table documents; --.md": (b"# A statement\n", MIRRORED),
    "docs/\u202egnp.md": (b"# Turned around\n", MIRRORED),
    "docs/CON.md": (b"# A device\n", MIRRORED),
    "docs/run.md": (GitFile(b"# May be run\n", mode="100755"), MIRRORED),
}
