"""From a push to vectors: the daemon as a process, the status that tells how far they are, and a search that uses them."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.services.projects import request_project_sync
from tests.databases import Database
from tests.end_to_end.plant import Plant, open_plant, running_daemon
from tests.end_to_end.running import make_environment
from tests.loop import fetch
from tests.modelserver import KEY, ModelServer, open_model_server

DEADLINE_SECONDS = 10


@pytest_asyncio.fixture
async def plant(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_plant(database, redis_server, tmp_path) as opened:
        yield opened


async def run_status(plant: Plant) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syncd", "status",
        cwd=plant.place, env=make_environment() | plant.settings, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode()


async def count_embedded(database: Database) -> tuple[int, int]:
    """Return how many chunks have vectors, of how many."""
    (row,) = await fetch(database.migrator_url, "select embedded, chunks from syncd.project_embeddings")
    return row["embedded"], row["chunks"]


async def hear(models: ModelServer, word: str) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not any(word in text for text in models.texts):
            models.heard.clear()
            await models.heard.wait()


async def test_what_is_pushed_gets_vectors_and_the_status_says_how_far_they_are(
    plant: Plant, database: Database
) -> None:
    async with open_model_server() as models:
        plant.settings.update(
            SYNCD_EMBEDDINGS="openai",
            SYNCD_EMBEDDINGS_URL=models.url,
            SYNCD_EMBEDDINGS_MODEL="words",
            SYNCD_EMBEDDINGS_API_KEY=KEY,
            SYNCD_EMBEDDINGS_TENANTS="default",
        )
        async with running_daemon(plant) as daemon:
            project = await plant.add_project()
            await plant.wait_for_revision(1)
            await hear(models, "# A")
            models.gate.clear()
            models.asked.clear()
            plant.git.add_commit({"docs/a.md": b"# A\n", "docs/b.md": b"# Beavers\n\nThey build dams.\n"})
            await request_project_sync(plant.shelf, project)
            await plant.wait_for_revision(2)
            async with asyncio.timeout(DEADLINE_SECONDS):
                await models.asked.wait()
            midway = await count_embedded(database)
            assert await daemon.end(signal.SIGTERM) == 0
        async with open_model_server() as others:
            plant.settings["SYNCD_EMBEDDINGS_URL"] = others.url
            async with running_daemon(plant):
                await hear(others, "dams")
                async with asyncio.timeout(DEADLINE_SECONDS):
                    while await count_embedded(database) != (2, 2):
                        pass
            assert not any("# A" in text for text in others.texts)
    assert midway == (1, 2)
    shown = await run_status(plant)
    assert "VECTORS" in shown
    assert "100%" in shown
    assert KEY not in (plant.place / "run.log").read_text() + shown
