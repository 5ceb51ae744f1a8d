"""The daemon as a process: woken by notices, drained by SIGTERM, and of no consequence when it is killed in the middle of a sync."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.services.projects import get_project, request_project_sync
from tests.databases import Database
from tests.end_to_end.plant import Plant, open_plant, running_daemon
from tests.end_to_end.running import make_environment
from tests.fakegithub.faults import Fault, Silence


@pytest_asyncio.fixture
async def plant(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_plant(database, redis_server, tmp_path) as opened:
        yield opened


async def test_sigterm_lets_the_running_sync_end_and_gives_its_lock_back(plant: Plant) -> None:
    async with running_daemon(plant) as daemon:
        project = await plant.add_project()
        await plant.wait_for_revision(1)
        plant.git.add_commit({"docs/a.md": b"# A2\n"})
        silence = Silence(asyncio.Event())
        plant.fake.faults.add(Fault(on="/git/trees/", effect=silence))
        await request_project_sync(plant.shelf, project)
        async with asyncio.timeout(10):
            await silence.arrived.wait()
        assert await plant.is_locked(project)
        daemon.process.send_signal(signal.SIGTERM)
        await daemon.wait_for("STOPPING=1")
        assert daemon.process.returncode is None
        silence.until.set()
        async with asyncio.timeout(10):
            assert await daemon.process.wait() == 0
    await plant.wait_for_revision(2)
    assert not await plant.is_locked(project)
    assert (await get_project(plant.shelf, project.name)).condition == "ready"
    assert "Traceback" not in (plant.place / "run.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_ends_a_daemon_that_waits_for_a_silent_source(
    plant: Plant, number: signal.Signals
) -> None:
    async with running_daemon(plant) as daemon:
        silence = Silence(asyncio.Event())
        plant.fake.faults.add(Fault(on="/git/trees/", effect=silence))
        project = await plant.add_project()
        async with asyncio.timeout(10):
            await silence.arrived.wait()
        daemon.process.send_signal(number)
        await daemon.wait_for("STOPPING=1")
        assert await daemon.end(number) == -number
        silence.until.set()
    assert (await get_project(plant.shelf, project.name)).revision == 0


async def test_a_daemon_killed_in_the_middle_of_a_sync_leaves_the_old_revision_and_the_next_one_goes_on(
    plant: Plant,
) -> None:
    plant.settings["SYNCD_LEASE_SECONDS"] = "1"  # so that the next one need not wait long for that of the dead
    async with running_daemon(plant) as daemon:
        project = await plant.add_project()
        await plant.wait_for_revision(1)
        plant.git.add_commit({"docs/a.md": b"# A2\n", "docs/b.md": b"# B\n"})
        silence = Silence(asyncio.Event())
        plant.fake.faults.add(Fault(on="/git/trees/", effect=silence))
        await request_project_sync(plant.shelf, project)
        async with asyncio.timeout(10):
            await silence.arrived.wait()
        assert await daemon.end(signal.SIGKILL) == -signal.SIGKILL
        silence.until.set()
    assert (await get_project(plant.shelf, project.name)).revision == 1
    async with running_daemon(plant) as daemon:
        await request_project_sync(plant.shelf, project)
        await plant.wait_for_revision(2)
        assert await daemon.end(signal.SIGINT) == 0


@pytest.mark.parametrize("missing", ["SYNCD_SYNC_DATABASE_URL", "SYNCD_WEB_DATABASE_URL", "SYNCD_REDIS_URL"])
async def test_a_daemon_without_a_server_says_which_setting_is_missing(plant: Plant, missing: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syncd", "run",
        cwd=plant.place,
        env=make_environment() | {name: value for name, value in plant.settings.items() if name != missing},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert f"{missing} is not set." in errors.decode()
    assert "Traceback" not in errors.decode()
