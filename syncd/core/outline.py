"""What a format's parser hands to the chunker: sections of blocks, by line, in the order of the text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, from *line_from* (counted from 0) up to, not including, *line_to*.

    *inner* are the blocks it may be taken apart into when it is too large; a table is taken apart by rows.
    """

    line_from: int
    line_to: int
    is_table: bool = False
    inner: tuple["Block", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, from its line (counted from 0) to the next section."""

    headings: tuple[str, ...]
    anchor: str | None
    line_from: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link as written, on its line (counted from 1)."""

    line: int
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections tile the text: the first begins at line 0. *fallback* says why it is no more than plain text."""

    title: str | None
    sections: tuple[Section, ...]
    links: tuple[Link, ...] = ()
    fallback: str | None = None


def make_plain_outline(*, title: str | None = None, fallback: str | None = None) -> Outline:
    """Return the outline of text without structure: one section, to be split at its paragraphs."""
    return Outline(title=title, sections=(Section(headings=(), anchor=None, line_from=0),), fallback=fallback)
