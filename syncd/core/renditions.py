"""A text as its readers see it: that of a page without its tags, that of a notebook without its JSON."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from syncd.core.outline import Replaced


class Rendition:
    """A text with some ranges *replaced*, which are in order and do not overlap. What stands for a range stands where it begins."""

    def __init__(self, text: str, replaced: Sequence[Replaced] = ()) -> None:
        self._text = text
        self._replaced = replaced
        self._begins = [one.char_from for one in replaced]
        self._gains = [0, *accumulate(len(one.shown) - (one.char_to - one.char_from) for one in replaced)]

    @property
    def is_replaced(self) -> bool:
        """Whether readers see something else than the text."""
        return bool(self._replaced)

    def width(self, char_from: int, char_to: int) -> int:
        """Return how many characters are shown of a range of the text."""
        return self._shown(char_to) - self._shown(char_from) if self._replaced else char_to - char_from

    def cut(self, char_from: int, char_to: int) -> str:
        """Return what is shown of a range of the text."""
        if not self._replaced:
            return self._text[char_from:char_to]
        parts: list[str] = []
        first = bisect_left(self._begins, char_from)
        position = max(char_from, self._replaced[first - 1].char_to) if first else char_from
        for one in self._replaced[first : bisect_left(self._begins, char_to)]:
            parts += [self._text[position : one.char_from], one.shown]
            position = one.char_to
        parts.append(self._text[position:char_to])
        return "".join(parts)

    def _shown(self, offset: int) -> int:
        before = bisect_left(self._begins, offset)
        # Of a range that the offset stands in, all is shown before it.
        inside = max(self._replaced[before - 1].char_to - offset, 0) if before else 0
        return offset + self._gains[before] + inside
