"""Cuts a section into pieces that tile it: at blocks first, then paragraphs, lines, sentences, words, characters."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from syncd.core.outline import Block
from syncd.core.renditions import Rendition

_MAX_CONTEXT_CHARACTERS = 400
_CHECKED_CHARACTERS = 40
_LONG_SECTION = 6
_SEPARATORS = (
    re.compile(r"\n(?:[ \t\r]*\n)+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])"),
    re.compile(r"\s+"),
)


class Piece(NamedTuple):
    """A stretch of the text; *context* is what a reader needs from before it (the header row of a split table)."""

    char_from: int
    char_to: int
    context: str = ""


@dataclass(frozen=True, slots=True)
class Splitter:
    """A text, where its lines start, and the sizes to cut it to, in characters that are shown."""

    text: str
    starts: Sequence[int]
    rendition: Rendition
    target: int
    maximum: int

    def split(self, blocks: Sequence[Block], char_from: int, char_to: int) -> list[Piece]:
        """Return pieces of at most the maximum that tile the range; a block is cut only where it alone exceeds it."""
        if self.rendition.width(char_from, char_to) <= self.maximum:
            return [Piece(char_from, char_to)]
        units = self._units(blocks, char_from, char_to)
        # Far from a heading, nothing but the text itself says where to begin anew.
        is_long = self.rendition.width(char_from, char_to) > _LONG_SECTION * self.maximum
        return self._pack_by_content(list(units)) if is_long or not blocks else self._pack(units)

    def _pack_by_content(self, units: Sequence[Piece]) -> list[Piece]:
        """Cut before that unit, of those that would make a fair size, whose text has the least checksum.

        So a sentence that is put in moves the cuts around it only: a little further on the same units are the least again.
        """
        packed: list[Piece] = []
        fair = range(self.target // 2, self.target * 5 // 4 + 1)
        first = 0
        while first < len(units):
            begin = units[first].char_from
            behind, least, best = first + 1, -1, first + 1
            while behind < len(units) and self.rendition.width(begin, units[behind].char_to) <= self.maximum:
                behind += 1
                size = self.rendition.width(begin, units[behind - 1].char_to)
                if behind < len(units) and (size in fair or (size > fair[-1] and least < 0)):
                    checksum = self._checksum(units[behind])
                    least, best = (checksum, behind) if least < 0 or checksum <= least else (least, best)
            if behind == len(units) or least < 0:
                best = behind
            packed.append(units[first]._replace(char_to=units[best - 1].char_to))
            first = best
        return packed

    def _checksum(self, unit: Piece) -> int:
        return crc32(self.text[unit.char_from : unit.char_from + _CHECKED_CHARACTERS].encode("utf-8", "replace"))

    def _pack(self, units: Iterable[Piece]) -> list[Piece]:
        width = self.rendition.width
        packed: list[Piece] = []
        scrap = self.target // 4
        for unit in units:
            last = packed[-1] if packed else unit
            size = width(last.char_from, unit.char_to)
            is_scrap = width(last.char_from, last.char_to) < scrap and size <= self.maximum
            if packed and (size <= self.target or is_scrap):
                packed[-1] = last._replace(char_to=unit.char_to)
            else:
                packed.append(unit)
        if len(packed) > 1:
            before, last = packed[-2:]
            is_scrap = width(last.char_from, last.char_to) < scrap
            if is_scrap and width(before.char_from, last.char_to) <= self.maximum:
                packed[-2:] = [before._replace(char_to=last.char_to)]
        return packed

    def _units(self, blocks: Sequence[Block], char_from: int, char_to: int) -> Iterator[Piece]:
        begins = [self._start(block.line_from) for block in blocks]
        ends = [*begins, char_to]
        yield from self._text_units(char_from, ends[0])
        for block, begin, end in zip(blocks, begins, ends[1:], strict=True):
            yield from self._block_units(block, begin, end)

    def _block_units(self, block: Block, begin: int, end: int) -> Iterator[Piece]:
        own_end = min(self._start(block.line_to), end)
        if self.rendition.width(begin, end) <= self.maximum:
            yield Piece(begin, end)
        elif self.rendition.width(begin, own_end) <= self.maximum:
            # Only the blank lines after it are too many: the block itself stays whole.
            yield Piece(begin, own_end)
            yield from self._text_units(own_end, end)
        elif block.header_to:
            yield from self._headed_units(block, begin, end)
        elif block.inner:
            yield from self._units(block.inner, begin, end)
        else:
            yield from self._text_units(begin, end)

    def _headed_units(self, block: Block, begin: int, end: int) -> Iterator[Piece]:
        """Yield the parts of a block whose header stands above each: of a table its rows, of anything else what it consists of."""
        header_end = min(self._start(block.header_to), end)
        context = self.rendition.cut(begin, header_end).strip()[:_MAX_CONTEXT_CHARACTERS]
        if block.inner:
            parts = self._units(block.inner, begin, end)
        elif block.is_table:
            parts = self._text_units(begin, end, separators=_SEPARATORS[1:], keep_whole=False)
        else:
            parts = self._text_units(begin, end)
        for piece in parts:
            # What the header itself stands in needs none, nor does what has one of its own.
            yield piece if piece.char_from < header_end or piece.context else piece._replace(context=context)

    def _text_units(
        self, begin: int, end: int, *, separators: Sequence[re.Pattern[str]] = _SEPARATORS, keep_whole: bool = True
    ) -> Iterator[Piece]:
        if begin >= end:
            return
        if keep_whole and self.rendition.width(begin, end) <= self.maximum:
            yield Piece(begin, end)
        elif not separators:
            yield from self._hard_units(begin, end)
        else:
            part_from = begin
            for separator in separators[0].finditer(self.text, begin, end):
                yield from self._text_units(part_from, separator.end(), separators=separators[1:])
                part_from = max(part_from, separator.end())
            yield from self._text_units(part_from, end, separators=separators[1:])

    def _hard_units(self, begin: int, end: int) -> Iterator[Piece]:
        while begin < end:
            cut = min(begin + self.maximum, end)
            if cut < end and cut - begin > 1 and self.text[cut - 1 : cut + 1] == "\r\n":
                cut -= 1
            yield Piece(begin, cut)
            begin = cut

    def _start(self, line: int) -> int:
        return self.starts[line] if line < len(self.starts) else len(self.text)
