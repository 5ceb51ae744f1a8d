"""What a format's reader hands to the chunker: sections of blocks in the order of the text, links, and what names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, from *line_from* (counted from 0) up to, not including, *line_to*.

    *inner* are the blocks it may be taken apart into when it is too large; a table is taken apart by rows. The lines from
    its first up to *header_to* are then repeated above each part but the first; 0: none are.
    """

    line_from: int
    line_to: int
    is_table: bool = False
    inner: tuple["Block", ...] = ()
    header_to: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that bounds a section. *blocks* of them stand on its lines: itself, and anchors that lead it."""

    level: int
    text: str
    anchor: str | None
    line_from: int
    blocks: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, from its line (counted from 0) to the next section."""

    headings: tuple[str, ...]
    anchor: str | None
    line_from: int
    blocks: tuple[Block, ...] = ()


class LinkKind(StrEnum):
    """What the target of a link is: a relative URL, a label of any document of the project, or either, or something else."""

    URL = "url"
    LABEL = "label"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Link:
    """A link on its line (counted from 1). What a format writes in a way of its own (a role, a search) is put as *kind* and URL."""

    line: int
    target: str
    text: str
    kind: LinkKind = LinkKind.URL


@dataclass(frozen=True, slots=True)
class Anchor:
    """A name that a link may end in, and its line (counted from 1). A label is known in all of the project."""

    name: str
    line: int
    is_label: bool = False


class Replaced(NamedTuple):
    """A range of characters that no reader sees (markup, a script, what a program put out), and what is shown instead."""

    char_from: int
    char_to: int
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections tile the text: the first begins at line 0. *fallback* says why it is no more than plain text.

    *starts* are the offsets that lines begin at, for a format whose parts do not keep to lines; none: after line feeds.
    *replaced* are, in order, the ranges that are not shown as they stand, for a format that is not written to be read.
    *language* and *metadata* are what the document says of itself.
    """

    title: str | None
    sections: tuple[Section, ...]
    links: tuple[Link, ...] = ()
    fallback: str | None = None
    anchors: tuple[Anchor, ...] = ()
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    starts: Sequence[int] | None = None
    replaced: Sequence[Replaced] = ()


def make_plain_outline(*, title: str | None = None, fallback: str | None = None) -> Outline:
    """Return the outline of text without structure: one section, to be split at its paragraphs."""
    return Outline(title=title, sections=(Section(headings=(), anchor=None, line_from=0),), fallback=fallback)


def make_coarse_outline(text: str, *, size: int, fallback: str | None = None) -> Outline:
    """Return the outline of a text that must not be looked at closely: blocks of *size* characters at most, of whole lines where they fit."""
    starts = [0]
    while (end := starts[-1] + size) < len(text):
        starts.append(text.rfind("\n", starts[-1], end) + 1 or end)
    blocks = tuple(Block(number, number + 1) for number in range(len(starts)))
    return Outline(None, (Section((), None, 0, blocks),), fallback=fallback, starts=starts)
