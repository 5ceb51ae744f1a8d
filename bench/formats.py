"""Runs the documents of public projects through the readers of formats, and counts: what came, what it was cut into, what failed.

The source distributions come by pip, by their names. Each document must be tiled by its chunks; a sentence put into one of the
larger ones shows how many chunks an edit changes.
"""

import argparse
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from syncd.core.chunking import Layout, chunk_hash, make_layout
from syncd.core.decoding import DecodedText, decode
from syncd.core.paths import FORMAT_BY_EXTENSION, format_of

PACKAGES = ("sphinx", "django", "sqlalchemy", "docutils", "ansible-core", "nbconvert", "notebook", "mkdocs-material")
_SENTENCE = "This sentence was put in, and speaks of nothing else. "
_PROSE = re.compile(r"(?m)^[A-Za-z][^\n]*[a-z]\.[ \n](?=[A-Z])")
_PAGE_PROSE = re.compile(r"[a-z]\. (?=[A-Z])")
_EDITED_CHARACTERS = (6_000, 400_000)


@dataclass(slots=True)
class Count:
    """What came of the documents of one format in one project."""

    documents: int = 0
    characters: int = 0
    chunks: int = 0
    links: int = 0
    plain: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)


def main() -> int:
    """Print a table; return 1 where a document failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES, help="names of packages whose sdists hold documents")
    arguments = parser.parse_args()
    counts: dict[tuple[str, str], Count] = {}
    with tempfile.TemporaryDirectory() as directory:
        for package in arguments.packages:
            for path, text in _list_documents(_fetch(package, Path(directory))):
                format_name = format_of(path)
                _measure(counts.setdefault((package, format_name), Count()), text, format_name, path)
            print(f"{package} done", file=sys.stderr)
    _show(counts)
    failures = [failure for count in counts.values() for failure in count.failures]
    print("\n".join(failures))
    return 1 if failures else 0


def _fetch(package: str, directory: Path) -> Path:
    """Return the directory that the source distribution of a package was unpacked in."""
    target = directory / package
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            package,
            "--dest",
            target,
            package,
        ],
        check=True,
    )
    for archive in target.glob("*.tar.gz"):
        with tarfile.open(archive) as content:
            content.extractall(target, filter="data")
    return target


def _list_documents(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*")):
        if path.suffix.lower().removeprefix(".") in FORMAT_BY_EXTENSION and path.is_file() and not path.is_symlink():
            decoded = decode(path.read_bytes())
            if isinstance(decoded, DecodedText):
                yield str(path.relative_to(root)), decoded.text


def _measure(count: Count, text: str, format_name: str, path: str) -> None:
    start = time.process_time()
    layout = make_layout(text, format=format_name, path=path)
    count.seconds += time.process_time() - start
    count.documents += 1
    count.characters += len(text)
    count.chunks += len(layout.chunks)
    count.links += len(layout.links)
    count.plain += layout.fallback is not None
    if "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) != text:
        count.failures.append(f"{path}: its chunks do not tile it")
    if layout.fallback and "failed" in layout.fallback:
        count.failures.append(f"{path}: {layout.fallback}")
    edited = _edit(text, format_name, path)
    if edited is not None:
        after = make_layout(edited, format=format_name, path=path)
        count.changed.append(len(_hashes(after, format_name) - _hashes(layout, format_name)))


def _edit(text: str, format_name: str, path: str) -> str | None:
    """Return *text* with a sentence more, where it is of a size at which that tells something and has prose to put it in."""
    if not _EDITED_CHARACTERS[0] <= len(text) <= _EDITED_CHARACTERS[1]:
        return None
    prose = _PAGE_PROSE if format_name in {"html", "ipynb"} else _PROSE
    places = [found.end() for found in prose.finditer(text)]
    if not places:
        return None
    place = random.Random(path).choice(places)  # noqa: S311 - the same place each time
    return text[:place] + _SENTENCE + text[place:]


def _hashes(layout: Layout, format_name: str) -> set[bytes]:
    return {chunk_hash(chunk, format_name) for chunk in layout.chunks}


def _show(counts: dict[tuple[str, str], Count]) -> None:
    print(
        "| project | format | documents | MB | chunks | links | as plain text | failed | MB/s | changed by a sentence: mean, p95 |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for (package, format_name), count in counts.items():
        megabytes = count.characters / 1e6
        print(
            f"| {package} | {format_name} | {count.documents:,} | {megabytes:.1f} | {count.chunks:,} | {count.links:,} "
            f"| {count.plain} | {len(count.failures)} | {megabytes / max(count.seconds, 0.001):.1f} | {_describe(count.changed)} |"
        )


def _describe(changed: Sequence[int]) -> str:
    if not changed:
        return ""
    ordered = sorted(changed)
    return f"{sum(ordered) / len(ordered):.2f}, {ordered[int(len(ordered) * 0.95)]} ({len(ordered)} documents)"


if __name__ == "__main__":
    sys.exit(main())
