"""What is left of the caller's hour."""

from aiohttp import web

from tests.fakegithub.answers import answer_json
from tests.fakegithub.callers import Caller
from tests.fakegithub.host import CALLER

PATH = "/rate_limit"


async def get_rate_limit(request: web.Request) -> web.Response:
    """Answer the caller's counters. Asking costs nothing."""
    core = _counters(request[CALLER])
    return answer_json({"resources": {"core": core, "search": core}, "rate": core})


def _counters(caller: Caller) -> dict[str, int | str]:
    return {
        "limit": caller.limit,
        "remaining": caller.remaining,
        "reset": caller.reset_at,
        "used": caller.used,
        "resource": "core",
    }
