"""What `up` shows: its progress while it starts, and where everything is when it is ready."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from syncd.cli.output import print_facts, print_json, print_note
from syncd.core.client_config import KEYED_CLIENTS, make_client_config
from syncd.core.ids import ProjectId
from syncd.core.projects import Project


@dataclass(frozen=True, slots=True)
class Ready:
    """What a person or a script needs to know once everything runs."""

    project: Project
    status_url: str
    mcp_url: str
    api_key: str
    sign_in_url: str | None
    seconds: float


class Progress:
    """Steps and documents on standard error: bars on a terminal, lines elsewhere."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._is_terminal = bars.console.is_terminal
        self._step = bars.add_task("Starting", total=None)

    def say(self, step: str) -> None:
        """Begin a step."""
        if self._is_terminal:
            self._bars.update(self._step, description=step, completed=0, total=None)
        else:
            print_note(step)

    def warn(self, sentence: str) -> None:
        """Say what an operator should know."""
        self._bars.console.print(Text.assemble(("warning: ", "bold yellow"), sentence), soft_wrap=True)

    def report(self, _project_id: ProjectId, done: int, total: int) -> None:
        """Say how many documents of how many are fetched and cut up."""
        self._bars.update(self._step, completed=done, total=total)

    def close(self) -> None:
        """Take the bars away: what follows is for standard output."""
        self._bars.stop()


@contextmanager
def open_progress() -> Iterator[Progress]:
    """Show progress for as long as the body runs."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.stderr, highlight=False)
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield Progress(bars)


def print_ready(ready: Ready, *, as_json: bool, stays: bool) -> None:
    """Print where everything is: one JSON object, or a table and, if the servers stay, the configuration of MCP clients."""
    project = ready.project
    if as_json:
        print_json(
            {
                "ready": True,
                "project": project.name,
                "source": project.origin,
                "commit": project.synced_commit,
                "revision": project.revision,
                "documents": project.documents,
                "chunks": project.chunks,
                "skipped": project.skipped,
                "statusUrl": ready.status_url,
                "mcpUrl": ready.mcp_url,
                "apiKey": ready.api_key,
                "signInUrl": ready.sign_in_url,
                "seconds": round(ready.seconds, 2),
            }
        )
        return
    print_facts(
        {
            "project": f"{project.name} ({project.origin})",
            "commit": project.synced_commit or "(a folder that is not a clean git work tree)",
            "revision": f"r{project.revision}",
            "documents": project.documents,
            "chunks": project.chunks,
            "skipped": project.skipped,
            "status": ready.status_url,
            "MCP server": ready.mcp_url,
            "API key": ready.api_key,
            **({"sign in (once)": ready.sign_in_url} if ready.sign_in_url else {}),
            "ready in": f"{ready.seconds:.1f} s",
        }
    )
    if project.message:
        print_note(f"{project.message} {project.hint or ''}")
    for client in KEYED_CLIENTS if stays else ():
        file, text = make_client_config(client, mcp_url=ready.mcp_url, api_key=ready.api_key)
        sys.stdout.write(f"\n# {client}: {file}\n{text}\n")
    sys.stdout.flush()
