"""Cuts a document into chunks whose bodies, joined in order, are the document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath

from syncd.core.formats.readers import make_outline
from syncd.core.lines import line_at, line_starts
from syncd.core.outline import Anchor, Link, Outline, Section, make_coarse_outline
from syncd.core.renditions import Rendition
from syncd.core.splitting import Piece, Splitter

__all__ = ["CHUNKER_VERSION", "Chunk", "Layout", "Link", "chunk_hash", "make_coarse_layout", "make_layout"]

# Raise it whenever a text may be cut, headed or tokenised differently than before: the daemon then cuts anew what is stored.
CHUNKER_VERSION = 2
_MAX_TITLE_CHARACTERS = 200
# What is left where markup stood.
_EMPTY_LINES = re.compile(r"\n[ \t\r]*\n[ \t\r]*\n(?:[ \t\r]*\n)+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a document, on lines counted from 1, both ends included: the chunks of a document tile it.

    *body* is ``text[char_from:char_to]``, of a page or a notebook what its readers see of that, as Markdown.
    The first line of *header* is the trail, ``title > heading > heading``; below it stands the header row of a table
    that was cut. *headings* is the trail without the title. *anchor* is that of the nearest heading. *tokens* is
    ceil(characters / 4) of the body.
    """

    ordinal: int
    header: str
    body: str
    headings: tuple[str, ...]
    anchor: str | None
    line_from: int
    line_to: int
    char_from: int
    char_to: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A document cut up. *titled*: the text names itself; otherwise the title is its file's stem.

    *fallback* says why a document of a structured format was cut as plain text, and is null otherwise. *anchors* are the
    names that a link may end in; *language* and *metadata* what the document says of itself.
    """

    title: str
    titled: bool
    chunks: tuple[Chunk, ...]
    links: tuple[Link, ...]
    fallback: str | None = None
    anchors: tuple[Anchor, ...] = ()
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def make_layout(
    text: str,
    *,
    format: str,  # noqa: A002 - the contract's word for it
    path: str,
    target_characters: int = 1600,
    max_characters: int = 2400,
) -> Layout:
    """Return the chunks, title and links of *text*; no chunk exceeds *max_characters*, and an empty text has none."""
    return _cut(text, make_outline(text, format), path=path, target=target_characters, maximum=max_characters)


def make_coarse_layout(
    text: str, *, path: str, reason: str, target_characters: int = 1600, max_characters: int = 2400
) -> Layout:
    """Return the chunks of a text of which nothing is looked at but its line ends; *reason* says why."""
    outline = make_coarse_outline(text, size=target_characters // 4, fallback=reason)
    return _cut(text, outline, path=path, target=target_characters, maximum=max_characters)


def _cut(text: str, outline: Outline, *, path: str, target: int, maximum: int) -> Layout:
    lines = line_starts(text)
    title = (outline.title or _stem(path))[:_MAX_TITLE_CHARACTERS]
    splitter = Splitter(
        text=text,
        starts=outline.starts or lines,
        rendition=Rendition(text, outline.replaced),
        target=target,
        maximum=maximum,
    )
    chunks = tuple(
        _make_chunk(ordinal, piece, section, title=title, splitter=splitter, lines=lines)
        for ordinal, (section, piece) in enumerate(_list_pieces(outline, splitter))
    )
    return Layout(
        title,
        outline.title is not None,
        chunks,
        outline.links,
        outline.fallback,
        anchors=outline.anchors,
        language=outline.language,
        metadata=outline.metadata,
    )


def chunk_hash(chunk: Chunk, format: str) -> bytes:  # noqa: A002 - the contract's word for it
    """Return the 32 bytes that identify what is searched: header, body, format and chunker version."""
    digest = sha256(b"chunk %d\0" % CHUNKER_VERSION)
    for part in (format, chunk.header, chunk.body):
        content = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d\0%b" % (len(content), content))
    return digest.digest()


def _list_pieces(outline: Outline, splitter: Splitter) -> Iterator[tuple[Section, Piece]]:
    if not splitter.text:
        return
    begins = [splitter.starts[section.line_from] for section in outline.sections]
    for section, begin, end in zip(outline.sections, begins, [*begins[1:], len(splitter.text)], strict=True):
        for piece in splitter.split(section.blocks, begin, end):
            yield section, piece


def _make_chunk(
    ordinal: int, piece: Piece, section: Section, *, title: str, splitter: Splitter, lines: Sequence[int]
) -> Chunk:
    body = splitter.rendition.cut(piece.char_from, piece.char_to)
    if splitter.rendition.is_replaced:
        body = _EMPTY_LINES.sub("\n\n", body)
    below = section.headings[1:] if section.headings[:1] == (title,) else section.headings
    trail = " > ".join((title, *below))
    return Chunk(
        ordinal=ordinal,
        header=f"{trail}\n{piece.context}" if piece.context else trail,
        body=body,
        headings=section.headings,
        anchor=section.anchor,
        line_from=line_at(lines, piece.char_from),
        line_to=line_at(lines, piece.char_to - 1),
        char_from=piece.char_from,
        char_to=piece.char_to,
        tokens=-(-len(body) // 4),
    )


def _stem(path: str) -> str:
    # A path that is not UTF-8 carries surrogate escapes, which no database and no JSON would take.
    readable = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(PurePosixPath(readable).stem.split()) or "untitled"
