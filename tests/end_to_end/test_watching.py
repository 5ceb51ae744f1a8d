"""What `syncd status --watch` draws."""

import asyncio
import io
from contextlib import suppress
from typing import Any

import pytest
from rich.console import Console

from syncd.cli import watching
from syncd.errors import Unreachable

PROJECT = {
    "name": "guide",
    "condition": "syncing",
    "progress": {"phase": "fetch", "done": 3, "total": 10},
    "revision": 7,
    "documents": 40,
    "lockedBy": "syncd@docs-1:7",
    "lockReason": "syncing acme/[bold]guide",
    "message": None,
}


def make_document(*projects: dict[str, Any]) -> dict[str, Any]:
    budget = {"credential": "installation", "remaining": 4612, "limit": 5000}
    servers = {"postgres": {"status": "up"}, "redis": {"status": "down"}, "github": [budget]}
    return {**servers, "version": "0.1.0", "asOf": "2026-11-20T12:00:00+00:00", "projects": list(projects)}


def write(document: dict[str, Any], *, height: int = 20) -> str:
    out = io.StringIO()
    Console(file=out, width=140, highlight=False).print(watching.draw(document, height=height))
    return out.getvalue()


def test_a_running_sync_has_a_bar_and_its_words_are_as_they_came() -> None:
    text = write(make_document(PROJECT))
    assert "redis down" in text
    assert "4612 of 5000" in text
    assert "fetch 3/10" in text
    assert "syncing acme/[bold]guide" in text


def test_what_needs_somebody_comes_first_and_what_has_no_room_is_counted() -> None:
    quiet = [{**PROJECT, "name": f"quiet-{number}", "condition": "ready", "progress": None} for number in range(9)]
    text = write(make_document(*quiet, {**PROJECT, "name": "bad", "condition": "stalled"}), height=7)
    assert text.index("bad") < text.index("quiet-0")
    assert "and 7 more" in text


async def test_an_outage_is_said_and_gone_through(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "AGAIN_SECONDS", 0)
    looks = 0
    drawn = asyncio.Event()

    async def look() -> dict[str, Any]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise Unreachable("database_unreachable", "Postgres is away.", hint="Start it.", after_seconds=1)
        if looks == 3:
            drawn.set()
        return make_document(PROJECT)

    watch = asyncio.ensure_future(watching.watch(look, as_json=True))
    await asyncio.wait_for(drawn.wait(), 5)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    shown = capsys.readouterr().out
    assert "Postgres is away. Start it." in shown
    assert '"name": "guide"' in shown
