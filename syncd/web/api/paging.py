"""Lists, page by page: cursors that open for the same tenant and the same list only."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from syncd.web.api.models import Asked, Text
from syncd.web.api.route import Call

PAGE_LIMIT = 200


class PageQuery(Asked):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="How many at most.")] = 50
    cursor: Annotated[Text | None, Field(description="The nextCursor of the page before.")] = None


def open_cursor(call: Call, query: PageQuery, *beside: str) -> Sequence[str | int] | None:
    """Return where the page begins, or none for the first. *beside*: what else the list was asked for. Raises `Rejected`."""
    if query.cursor is None:
        return None
    caller = call.caller
    return call.site.rest.cursors.open(query.cursor, tenant_id=caller.tenant_id, purpose=_name_list(call, beside))


def make_cursor(call: Call, position: list[str | int], *beside: str) -> str:
    """Return the cursor of the page that begins after *position*."""
    caller = call.caller
    return call.site.rest.cursors.seal(position, tenant_id=caller.tenant_id, purpose=_name_list(call, beside))


def _name_list(call: Call, beside: Sequence[str]) -> str:
    return "\0".join((call.request.path, *beside))
