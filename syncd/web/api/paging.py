"""Lists, page by page: cursors that open for the same tenant and the same list only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field

from syncd.web.api.models import Asked, Text
from syncd.web.api.route import Call

PAGE_LIMIT = 200

Row = TypeVar("Row")


class PageQuery(Asked):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="How many at most.")] = 50
    cursor: Annotated[Text | None, Field(description="The nextCursor of the page before.")] = None


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a list that begins after *position*. Its cursors are sealed to *purpose*: to this list."""

    call: Call
    limit: int
    position: Sequence[str | int]
    purpose: str

    @property
    def after(self) -> str:
        """Return the name after which it begins, in a list that is in the order of names."""
        return str(self.position[0])

    @property
    def rows(self) -> int:
        """Return how many rows to ask for: one more than are shown tells that there is a page behind."""
        return self.limit + 1

    def cut(self, found: Sequence[Row], place: Callable[[Row], list[str | int]]) -> tuple[Sequence[Row], str | None]:
        """Return what of *found* is shown, and the cursor of the page behind, which begins after the *place* of the last."""
        shown = found[: self.limit]
        return shown, self.make_cursor(place(shown[-1])) if len(found) > self.limit else None

    def make_cursor(self, position: list[str | int]) -> str:
        """Return the cursor of the page that begins after *position*."""
        call = self.call
        return call.site.rest.cursors.seal(position, tenant_id=call.caller.tenant_id, purpose=self.purpose)


def open_page(call: Call, query: PageQuery, *beside: str, start: Sequence[str | int] = ("",)) -> Page:
    """Return the page that is asked for; the first begins at *start*. *beside*: what else the list was asked for.

    Raises `Rejected` for the cursor of another list.
    """
    position, purpose = start, "\0".join((call.request.path, *beside))
    if query.cursor is not None:
        position = call.site.rest.cursors.open(query.cursor, tenant_id=call.caller.tenant_id, purpose=purpose)
    return Page(call, query.limit, position, purpose)
