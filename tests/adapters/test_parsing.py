"""Texts are cut the same inline, in threads and in processes, and no worker outlives its daemon."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from syncd.adapters.parsing import serving
from syncd.adapters.parsing.parsers import INLINE_CHARACTERS, SLICE_CHARACTERS, Parsers, open_parsers
from syncd.adapters.parsing.worker import DEFAULT_LIMITS, ParseLimits, Worker
from syncd.core.indexing import TextToIndex

ROOT = Path(__file__).parents[2]
END_SECONDS = 10
# Enough for worker processes, in texts of which some fill a slice alone.
TEXTS = tuple(
    TextToIndex(
        bytes([number]) * 32,
        f"# Page {number}\n\n"
        + f"Sentence {number} of the page speaks of read_timeout. " * (40 if number % 5 else 2500),
        "md",
        f"docs/{number}.md",
    )
    for number in range(20)
)
# A daemon in small: it starts its workers, says so, and waits to be killed.
OWNER = """
import asyncio, json
from syncd.adapters.parsing.parsers import open_parsers
from tests.adapters.test_parsing import TEXTS, list_workers

async def main():
    async with open_parsers(workers=2) as parsers:
        await parsers.index_texts(TEXTS)
        print(json.dumps([worker.pid for worker in list_workers()]), flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


async def make_everything(parsers: Parsers) -> tuple[object, ...]:
    indexed = await parsers.index_texts(TEXTS)
    passages = [(chunk.header, chunk.body) for text in indexed for chunk in text.chunks]
    return indexed, await parsers.make_terms(passages, vectors=True), await parsers.make_terms(passages, vectors=False)


async def test_processes_and_threads_give_the_same_in_the_same_order() -> None:
    sizes = [len(text.text) for text in TEXTS]
    assert sum(sizes) > INLINE_CHARACTERS
    assert max(sizes) > SLICE_CHARACTERS
    async with open_parsers(workers=0) as threads, open_parsers(workers=2) as processes:
        assert await make_everything(threads) == await make_everything(processes)


async def test_little_text_starts_no_process_and_nothing_is_nothing() -> None:
    before = list_workers()
    async with open_parsers(workers=2) as parsers:
        assert len(await parsers.index_texts(TEXTS[1:3])) == 2
        assert await parsers.index_texts([]) == ()
        assert await parsers.make_terms([], vectors=True) == ()
        assert list_workers() == before


async def test_the_workers_end_with_their_context() -> None:
    before = list_workers()
    async with open_parsers(workers=2) as parsers:
        await parsers.index_texts(TEXTS)
        workers = list_workers() - before
        assert len(workers) == 2
    _, alive = psutil.wait_procs(list(workers), timeout=END_SECONDS)
    assert alive == []


@pytest.mark.parametrize(
    ("limits", "text", "reason"),
    [
        (ParseLimits(seconds=0.5), TextToIndex(b"", "- x\n" * 49_000, "md", "a.md"), "reading it took more than 0.5 s"),
        (
            ParseLimits(memory_bytes=64 * 1024**2),
            TextToIndex(b"", "<p>" * 390_000, "html", "a.html"),
            "reading it took more than 64 MiB",
        ),
    ],
)
async def test_a_document_beyond_a_limit_is_cut_as_text_with_the_reason_and_harms_no_other(
    limits: ParseLimits, text: TextToIndex, reason: str
) -> None:
    async with open_parsers(workers=1, limits=limits) as parsers, open_parsers(workers=0) as threads:
        *others, hostile = await parsers.index_texts([*TEXTS[1:4], text])
        assert tuple(others) == await threads.index_texts(TEXTS[1:4])
    assert hostile.fallback == reason
    assert "".join(chunk.body for chunk in hostile.chunks) == text.text
    assert hostile.links == ()


async def test_a_worker_that_others_killed_is_replaced_and_its_work_done_again() -> None:
    before = list_workers()
    async with open_parsers(workers=1) as parsers:
        indexed = await parsers.index_texts(TEXTS[:5])
        for worker in list_workers() - before:
            worker.kill()
        assert await parsers.index_texts(TEXTS[:5]) == indexed
        assert all(text.fallback is None for text in indexed)


async def test_a_caller_that_goes_away_leaves_no_work_behind() -> None:
    before = list_workers()
    async with open_parsers(workers=1) as parsers:
        waiting = asyncio.create_task(parsers.index_texts([TextToIndex(b"", "- x\n" * 49_000, "md", "a.md")]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        started = list_workers() - before
        assert len(started) == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        _, alive = await asyncio.to_thread(psutil.wait_procs, list(started), timeout=END_SECONDS)
        assert alive == []
        assert len(await parsers.index_texts(TEXTS[:5])) == 5


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a worker notices the end of its daemon by its queue alone"
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_the_workers_of_a_killed_daemon_die(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    async with asyncio.timeout(30):
        pids = json.loads(await owner.stdout.readline())
    family = psutil.Process(owner.pid).children(recursive=True)
    assert set(pids) <= {child.pid for child in family}
    assert len(pids) == 2
    owner.send_signal(number)
    await owner.wait()
    _, alive = psutil.wait_procs(family, timeout=END_SECONDS)
    assert alive == []


def test_a_worker_has_imported_nothing_but_what_reading_needs() -> None:
    worker = Worker(DEFAULT_LIMITS)
    try:
        modules = worker.call(eval, "list(__import__('sys').modules)")
    finally:
        worker.close()
    assert "syncd.core.indexing" in modules
    assert {"asyncpg", "pydantic", "pytest"}.isdisjoint(modules)


def list_workers() -> set[psutil.Process]:
    """Return our children that read texts."""
    return {child for child in psutil.Process().children() if serving.__name__ in child.cmdline()}
