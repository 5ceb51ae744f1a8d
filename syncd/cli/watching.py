"""`syncd status --watch`: the status, drawn again each second until Ctrl-C, with a bar for each running sync."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from syncd.cli.output import print_json
from syncd.errors import RetryLater

AGAIN_SECONDS = 1.0
BAR_WIDTH = 24
_STYLES = {"ready": "green", "syncing": "blue", "waiting": "yellow", "frozen": "magenta", "stalled": "bold red"}
_CONDITIONS = ("stalled", "frozen", "waiting", "syncing", "ready")


async def watch(look: Callable[[], Awaitable[dict[str, Any]]], *, as_json: bool) -> None:
    """Draw what *look* returns again and again; as JSON, print a line for each. An outage is said, and gone through."""
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, screen=console.is_terminal and not as_json) as live:
        while True:
            try:
                document = await look()
            except RetryLater as error:
                live.update(Text(f"{error.message} {error.hint}", style="red"), refresh=True)
            else:
                if as_json:
                    print_json(document)
                else:
                    live.update(draw(document, height=console.height), refresh=True)
            await asyncio.sleep(AGAIN_SECONDS)


def draw(document: dict[str, Any], *, height: int) -> RenderableType:
    """Return one screen: the servers, the counts, and as many projects as *height* holds, those in need first."""
    projects = sorted(document["projects"], key=lambda one: (_CONDITIONS.index(one["condition"]), one["name"]))
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for column in ("PROJECT", "CONDITION", "", "REVISION", "DOCUMENTS", "LOCKED BY", "WHY"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    room = max(1, height - 4)
    for project in projects[:room]:
        table.add_row(*_list_cells(project))
    left = len(projects) - room
    more = [Text(f"and {left} more", style="dim")] if left > 0 else []
    return Group(_draw_top(document), _draw_counts(projects), table, *more)


def _draw_top(document: dict[str, Any]) -> Text:
    parts: list[tuple[str, str]] = []
    for name in ("postgres", "redis"):
        server = document[name]
        parts += [
            (f"{name} ", "dim"),
            (server["status"], "green" if server["status"] == "up" else "bold red"),
            ("   ", ""),
        ]
    for budget in document["github"] or ():
        if budget["remaining"] is not None:
            parts += [
                (f"github {budget['credential']} ", "dim"),
                (f"{budget['remaining']} of {budget['limit']}   ", ""),
            ]
    return Text.assemble(*parts, (f"syncd {document['version']}   {document['asOf'][11:19]} UTC", "dim"))


def _draw_counts(projects: Sequence[dict[str, Any]]) -> Text:
    counts = {name: sum(project["condition"] == name for project in projects) for name in _CONDITIONS}
    return Text.assemble(*((f"{name} {count}   ", _STYLES[name] if count else "dim") for name, count in counts.items()))


def _list_cells(project: dict[str, Any]) -> list[RenderableType]:
    condition = project["condition"]
    return [
        Text(project["name"]),
        Text(condition, style=_STYLES[condition]),
        _draw_progress(project["progress"]),
        Text(f"r{project['revision']}"),
        Text(f"{project['documents']}"),
        Text(project["lockedBy"] or "-"),
        Text(project["lockReason"] or project["message"] or "-"),
    ]


def _draw_progress(progress: dict[str, Any] | None) -> RenderableType:
    if progress is None:
        return Text("")
    done, total = progress["done"], progress["total"]
    said = Text(f"{progress['phase']} {done}/{total}" if total else progress["phase"])
    grid = Table.grid(padding=(0, 1))
    grid.add_row(ProgressBar(total=total or None, completed=done, width=BAR_WIDTH, pulse=not total), said)
    return grid
