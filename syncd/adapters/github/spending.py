"""Every request asks its credential's budget first, and tells it what the answer said."""

import json
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from syncd.adapters.github.errors import is_rate_limited
from syncd.adapters.github.responses import Response
from syncd.core.budgets import Budget
from syncd.core.rates import GRAPHQL, parse_report

# GitHub, "Calculating points for the secondary rate limit"; a query of GraphQL counts as a reading request.
READ_POINTS = 1
WRITE_POINTS = 5


async def ask_within(
    budget: Budget | None,
    asking: Callable[[], Awaitable[Response]],
    *,
    resource: str,
    bulk: bool = False,
    points: int = READ_POINTS,
) -> Response:
    """Return the answer of *asking* when *budget* (none: no bounds) lets it go. RetryLater (rate_limited) where that is far off."""
    if budget is None:
        return await asking()
    async with budget.spend(resource, bulk=bulk, points=points) as spending:
        response = await asking()
        limited = is_rate_limited(response) or (resource == GRAPHQL and _is_limited_query(response))
        spending.report(parse_report(response.headers, limited=limited, resource=resource, now=time.time()))
        return response


def _is_limited_query(response: Response) -> bool:
    """Return whether a query is refused because of a limit, which GraphQL says with status 200 in the body."""
    if response.status != HTTPStatus.OK or b"RATE_LIMITED" not in response.body:
        return False
    try:
        errors = json.loads(response.body).get("errors", [])
    except (ValueError, AttributeError):
        return False
    return any(isinstance(error, dict) and error.get("type") == "RATE_LIMITED" for error in errors)
