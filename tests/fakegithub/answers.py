"""How GitHub puts an answer: JSON, its refusals in their words, its media types, its pages."""

import json
from collections.abc import Sequence
from typing import TypeVar

from aiohttp import web
from yarl import URL

_DOCUMENTATION = "https://docs.github.com/rest"
_DEFAULT_PAGE = 30
_LARGEST_PAGE = 100
_Row = TypeVar("_Row")


def answer_json(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return *body* the way GitHub serialises it: UTF-8, nothing escaped."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")


def refuse(status: int, message: str, **more: object) -> web.Response:
    """Return one of GitHub's refusals."""
    return answer_json(
        {"message": message, **more, "documentation_url": _DOCUMENTATION, "status": str(status)}, status=status
    )


def not_found() -> web.Response:
    """Return the answer for what is not there, and for what the caller may not see."""
    return refuse(404, "Not Found")


def empty_repository() -> web.Response:
    """Return the answer of the git routes while nothing was ever pushed."""
    return refuse(409, "Git Repository is empty.")


def wants(request: web.Request, media_type: str) -> bool:
    """Return whether the caller asks for `application/vnd.github[.v3].<media_type>[+json]`."""
    accepted = request.headers.get("Accept", "")
    return any(f"application/vnd.github{version}.{media_type}" in accepted for version in ("", ".v3"))


def make_page(request: web.Request, rows: Sequence[_Row], *, url: str) -> tuple[Sequence[_Row], dict[str, str]]:
    """Return the page of *rows* that *request* asks for, and its Link header, whose links start with *url*."""
    size = min(int(request.query.get("per_page", _DEFAULT_PAGE)), _LARGEST_PAGE)
    page = int(request.query.get("page", 1))
    last = max(1, -(-len(rows) // size))
    targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = ({"prev", "first"} if page > 1 else set()) | ({"next", "last"} if page < last else set())
    links = [
        f'<{URL(url).with_query(request.query).update_query(page=number)}>; rel="{name}"'
        for name, number in targets.items()
        if name in shown
    ]
    return rows[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {}
