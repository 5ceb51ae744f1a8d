"""Lists over REST, to their end."""

from typing import Any

from tests.web.sites import Client

API = "/api/v1"


async def read_pages(client: Client, path: str, key: str, *, limit: int) -> list[list[dict[str, Any]]]:
    """Return every page of a list."""
    pages, cursor = [], ""
    while True:
        answer = await client.get(f"{path}?limit={limit}{cursor}", key=key)
        assert answer.status == 200, answer.body
        pages.append(answer.body["items"])
        if answer.body["nextCursor"] is None:
            return pages
        cursor = f"&cursor={answer.body['nextCursor']}"
