"""Real answers of GitHub: what PyGithub's own tests replay, out of its source package. It is fetched, and never kept here."""

import ast
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from syncd.adapters.github.responses import Response

_DEADLINE_SECONDS = 120
_LINES = 10  # protocol, verb, host, port, path, headers, body; status, headers, body
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


class IndexAway(Exception):
    """The source package could not be fetched; the message is the last word of pip."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange. *name* is the test of PyGithub that made it, *year* none where the answer has no date."""

    name: str
    verb: str
    path: str
    response: Response

    @property
    def year(self) -> int | None:
        """Return when GitHub answered."""
        found = re.search(r" (20\d\d) ", self.response.headers.get("date", ""))
        return int(found[1]) if found else None


def fetch_recordings(directory: Path) -> list[Recording]:
    """Fetch the source package of the PyGithub that is installed into *directory*, and read its recordings."""
    wanted = f"pygithub=={version('pygithub')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--retries", "1"]
    try:
        done = subprocess.run(
            [*pip, "--timeout", "10", "--dest", str(directory), wanted],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEADLINE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise IndexAway(f"pip took longer than {_DEADLINE_SECONDS} s") from error
    if done.returncode:
        raise IndexAway((done.stderr.strip().splitlines() or ["pip says nothing"])[-1])
    return list(_read_package(next(directory.glob("*.tar.gz"))))


def _read_package(package: Path) -> Iterator[Recording]:
    with tarfile.open(package) as files:
        for member in files:
            content = files.extractfile(member) if "/tests/ReplayData/" in member.name else None
            if content is not None:
                yield from _parse(Path(member.name).stem, content.read().decode())


def _parse(name: str, text: str) -> Iterator[Recording]:
    lines = text.split("\n")
    for at in range(len(lines) - _LINES + 1):
        if lines[at] in {"http", "https"} and lines[at + 1] in _VERBS:
            _, verb, _, _, url, _, _, status, headers, body = lines[at : at + _LINES]
            path = re.sub(r"^https://api\.github\.com", "", url)
            yield Recording(name, verb, path, Response(int(status), _parse_headers(headers), body.encode()))


def _parse_headers(line: str) -> Mapping[str, str]:
    told = ast.literal_eval(line)
    pairs = told.items() if isinstance(told, dict) else told
    return {name.lower(): value for name, value in pairs}
