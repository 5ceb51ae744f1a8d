"""What a tool answers, before the gate: text around untrusted document text, or values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Untrusted | Mapping[str, Json] | list[Json] | tuple[Json, ...] | None"


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A text among values that somebody else wrote for the reader: the gate fences it. *source* says where it is from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """A freshness line, text of documents (untrusted), and how to go on.

    *source* names where the text is from; *rows* is how many things it shows.
    """

    head: str
    document_text: str
    tail: str
    source: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class ValueAnswer:
    """Values that clients get as structured content and, with the same information, as compact JSON.

    *beside* goes into the result's `_meta`, where the shape of the values is another's and has no room for it.
    """

    values: Mapping[str, Json]
    beside: Mapping[str, Json] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return how many things the answer shows: its longest list, or itself."""
        return max((len(value) for value in self.values.values() if isinstance(value, list | tuple)), default=1)


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What was wrong with the call, and the next call to make."""

    text: str
    rows: int = 0


Answer: TypeAlias = TextAnswer | ValueAnswer | ErrorAnswer
