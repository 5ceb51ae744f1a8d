"""Where the delimited blocks of a text end, looked up once from below, so that no hostile text is searched over and over."""

from collections.abc import Callable, Sequence


class Endings:
    """The lines that may end a block, by its kind. Asked from the top down only: what was passed is forgotten."""

    def __init__(self, lines: Sequence[str], find_kind: Callable[[str], str | None]) -> None:
        self._places: dict[str, list[int]] = {}
        for number in range(len(lines) - 1, -1, -1):
            kind = find_kind(lines[number])
            if kind is not None:
                self._places.setdefault(kind, []).append(number)

    def find(self, kind: str, number: int, end: int) -> int | None:
        """Return the next line behind *number* and above *end* that ends a block of this kind."""
        places = self._places.get(kind, [])
        while places and places[-1] <= number:
            places.pop()
        return places[-1] if places and places[-1] < end else None
