"""Cuts a section into pieces that tile it: at blocks first, then paragraphs, lines, sentences, words, characters."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from syncd.core.outline import Block

_MAX_CONTEXT_CHARACTERS = 400
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
    """A text, where its lines start, and the sizes to cut it to, in characters."""

    text: str
    starts: Sequence[int]
    target: int
    maximum: int

    def split(self, blocks: Sequence[Block], char_from: int, char_to: int) -> list[Piece]:
        """Return pieces of at most the maximum that tile the range; a block is cut only where it alone exceeds it."""
        if char_to - char_from <= self.maximum:
            return [Piece(char_from, char_to)]
        return self._pack(self._units(blocks, char_from, char_to))

    def _pack(self, units: Iterable[Piece]) -> list[Piece]:
        packed: list[Piece] = []
        scrap = self.target // 4
        for unit in units:
            last = packed[-1] if packed else unit
            size = unit.char_to - last.char_from
            is_scrap = last.char_to - last.char_from < scrap and size <= self.maximum
            if packed and (size <= self.target or is_scrap):
                packed[-1] = last._replace(char_to=unit.char_to)
            else:
                packed.append(unit)
        if len(packed) > 1:
            before, last = packed[-2:]
            if last.char_to - last.char_from < scrap and last.char_to - before.char_from <= self.maximum:
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
        if end - begin <= self.maximum:
            yield Piece(begin, end)
        elif own_end - begin <= self.maximum:
            # Only the blank lines after it are too many: the block itself stays whole.
            yield Piece(begin, own_end)
            yield from self._text_units(own_end, end)
        elif block.is_table:
            yield from self._row_units(begin, end)
        elif block.inner:
            yield from self._units(block.inner, begin, end)
        else:
            yield from self._text_units(begin, end)

    def _row_units(self, begin: int, end: int) -> Iterator[Piece]:
        first_line_end = self._line_end(begin, end)
        rows_from = self._line_end(first_line_end, end)
        context = self.text[begin:first_line_end].strip()[:_MAX_CONTEXT_CHARACTERS]
        yield from self._text_units(begin, rows_from)
        for piece in self._text_units(rows_from, end, separators=_SEPARATORS[1:], keep_whole=False):
            yield piece._replace(context=context)

    def _text_units(
        self, begin: int, end: int, *, separators: Sequence[re.Pattern[str]] = _SEPARATORS, keep_whole: bool = True
    ) -> Iterator[Piece]:
        if begin >= end:
            return
        if end - begin <= self.maximum and keep_whole:
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

    def _line_end(self, begin: int, end: int) -> int:
        return self.text.find("\n", begin, end) + 1 or end
