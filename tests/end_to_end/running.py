"""`syncd up` as a real process: started, asked, killed, and looked after."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.request import Request, urlopen

import psutil

START_SECONDS = 60
"""How long a process may take to say its first word: an interpreter reads all our modules, on a machine that does much else."""
END_SECONDS = 30
READY = {
    "ready", "project", "source", "commit", "revision", "documents", "chunks", "skipped",
    "statusUrl", "mcpUrl", "apiKey", "signInUrl", "seconds",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Up:
    """A running `syncd up`: its process, and the object it printed when it was ready."""

    process: subprocess.Popen[str]
    ready: Mapping[str, Any]
    said: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def list_family(self) -> list[psutil.Process]:
        """Return the process and all that it started."""
        itself = psutil.Process(self.pid)
        return [itself, *itself.children(recursive=True)]

    def find(self, *names: str) -> psutil.Process:
        """Return its direct child whose program is called one of *names*, or that runs a module called so."""
        (found,) = [child for child in psutil.Process(self.pid).children() if _is_called(child, names)]
        return found

    def get_json(self, path: str, *, key: str | None) -> tuple[int, Any]:
        """Return status and body of a page of the status endpoint."""
        base = str(self.ready["statusUrl"]).removesuffix("/status")
        return get_json(f"{base}{path}", key=key)

    def end(self, number: signal.Signals) -> int:
        """Send *number*, wait until nothing of it is left, and return the exit code."""
        family = self.list_family()
        self.process.send_signal(number)
        code = self.process.wait(END_SECONDS)
        wait_for_end(family)
        return code


def _is_called(child: psutil.Process, names: Sequence[str]) -> bool:
    command = child.cmdline()
    return Path(command[0]).name in names or any(name in command for name in names)


def get_json(url: str, *, key: str | None) -> tuple[int, Any]:
    """Return status and body of *url*, also of a refusal."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    opener = urlopen(Request(url, headers=headers), timeout=5)  # noqa: S310 - a URL on the loopback
    with opener as answer:
        return answer.status, json.load(answer)


def wait_for_end(family: Sequence[psutil.Process]) -> None:
    """Return when none of *family* lives any more."""
    _, alive = psutil.wait_procs(family, timeout=END_SECONDS)
    assert alive == []


def run_syncd(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command of syncd to its end."""
    return subprocess.run(
        [sys.executable, "-m", "syncd", *arguments],
        cwd=cwd,
        env=make_environment() | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def make_environment() -> dict[str, str]:
    """Return the environment without any setting of the developer's machine."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SYNCD_", "PG"))}


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in *folder*, as a person of no name, and return what it prints."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_up_command(data: Path, *arguments: str) -> list[str]:
    """Return the command line of `syncd up --json` on *data* and free ports."""
    places = ["--data-dir", str(data), "--http", "127.0.0.1:0", "--mcp", "127.0.0.1:0"]
    return [sys.executable, "-m", "syncd", "up", "--json", *places, *arguments]


@contextmanager
def open_up(data: Path, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> Iterator[Up]:
    """Start `syncd up --json` on *data* and free ports, and yield it when it is ready; nothing of it outlives the body."""
    said = cwd / "up.log"
    with said.open("w") as errors:
        process = subprocess.Popen(
            make_up_command(data, *arguments),
            cwd=cwd,
            env=make_environment() | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    family: list[psutil.Process] = []
    try:
        assert process.stdout is not None
        line = _read_line(process, process.stdout)
        assert line, said.read_text()
        up = Up(process, json.loads(line), said)
        family = up.list_family()
        yield up
    finally:
        if process.poll() is None:
            family = Up(process, {}, said).list_family()
            process.terminate()
            process.wait(END_SECONDS)
        assert process.stdout is not None
        process.stdout.close()
        wait_for_end(family)


@asynccontextmanager
async def running_up(place: Path, *arguments: str, environment: Mapping[str, str]) -> AsyncIterator[Up]:
    """Run `up` beside the servers of this test, which answer while it starts and ends."""
    with ExitStack() as stack:
        opening = open_up(place / "data", *arguments, cwd=place, environment=environment)
        try:
            yield await asyncio.to_thread(stack.enter_context, opening)
        finally:
            await asyncio.to_thread(stack.close)


def _read_line(process: subprocess.Popen[str], output: IO[str]) -> str:
    """Return the first line of *output*; empty when the process ended, or did not say anything in time."""
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        return output.readline()
    finally:
        timer.cancel()
