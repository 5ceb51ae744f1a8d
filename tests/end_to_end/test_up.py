"""`syncd up` as people run it: ready in one command, current by itself, ended without a trace, and going on after any kill."""

import asyncio
import json
import signal
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest

from syncd.adapters.data_directory import find_running
from syncd.adapters.postgres.connections import open_connection
from tests.end_to_end.running import (
    READY,
    START_SECONDS,
    Up,
    get_json,
    make_environment,
    make_up_command,
    open_up,
    run_git,
    run_syncd,
    running_up,
    wait_for_end,
)
from tests.fakegithub.faults import Fault, Silence
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import open_fake_github

VISIBLE_SECONDS = 10


def test_ready_is_one_object_with_the_names_of_the_contract(up: Up, place: Path) -> None:
    assert up.ready.keys() == READY
    assert up.ready["ready"] is True
    assert (up.ready["project"], up.ready["source"]) == ("handbook", str(place / "handbook"))
    assert up.ready["commit"] == run_git(place / "handbook", "rev-parse", "HEAD")
    assert (up.ready["revision"], up.ready["documents"], up.ready["chunks"], up.ready["skipped"]) == (1, 1, 1, 1)
    assert up.ready["seconds"] > 0


def test_the_status_endpoint_answers_to_the_key_alone(up: Up) -> None:
    status, answer = up.get_json("/status", key=up.ready["apiKey"])
    assert status == 200
    (project,) = answer["projects"]
    assert (project["name"], project["condition"], project["revision"]) == ("handbook", "ready", 1)
    for key in (None, "syncd_up_wrong"):
        with pytest.raises(HTTPError) as refused:
            up.get_json("/status", key=key)
        refused.value.close()
        assert refused.value.code == 401
    for path in ("/livez", "/readyz"):
        assert up.get_json(path, key=None)[0] == 200


def test_sockets_and_files_are_private_to_the_user(up: Up, place: Path) -> None:
    data = place / "data"
    assert data.stat().st_mode & 0o077 == 0
    for name in ("secrets.json", "running.json", "lock", "mcp.log"):
        assert (data / name).stat().st_mode & 0o077 == 0
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for running in up.list_family()
        for connection in running.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    ports = {int(str(up.ready[name]).split(":")[2].split("/")[0]) for name in ("statusUrl", "mcpUrl")}
    assert listening == {("127.0.0.1", port) for port in ports}


def test_no_secret_stands_in_the_arguments_or_on_standard_error(up: Up, place: Path) -> None:
    kept = json.loads((place / "data/secrets.json").read_text())
    shown = " ".join(word for running in up.list_family() for word in running.cmdline()) + up.said.read_text()
    for secret in kept.values():
        assert secret not in shown
    assert "Traceback" not in up.said.read_text()


def test_a_second_up_on_the_same_data_directory_says_so_and_exits_5(up: Up, place: Path) -> None:
    # With the addresses of the first, as two `up`s without options have: what is in the way is the first, not its ports.
    http, mcp = (str(up.ready[name]).split("/")[2] for name in ("statusUrl", "mcpUrl"))
    done = run_syncd("up", "--data-dir", str(place / "data"), "--http", http, "--mcp", mcp, cwd=place / "handbook")
    assert (done.returncode, done.stdout) == (5, "")
    assert "Another `syncd up` runs on" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert up.process.poll() is None


async def test_an_edit_in_the_folder_becomes_visible_by_itself(up: Up, place: Path) -> None:
    running = find_running(place / "data")
    assert running is not None
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with open_connection(running.read_database_url) as connection:
        await connection.add_listener("syncd_changes", lambda *notice: heard.put_nowait(str(notice[-1])))
        (place / "handbook/docs/more.md").write_text("# More\n")
        async with asyncio.timeout(VISIBLE_SECONDS):
            assert (await heard.get()).endswith(":2")
        (project,) = (await asyncio.to_thread(up.get_json, "/status", key=up.ready["apiKey"]))[1]["projects"]
        assert (project["revision"], project["documents"], project["syncedCommit"]) == (2, 2, None)
        run_git(place / "handbook", "add", "-A")
        run_git(place / "handbook", "commit", "-qm", "More")
        head = run_git(place / "handbook", "rev-parse", "HEAD")
        async with asyncio.timeout(START_SECONDS):  # each turn starts a process
            while project["syncedCommit"] != head:
                # A commit that changes no file moves no revision: nothing is told, so we ask until it is there.
                await asyncio.to_thread(
                    run_syncd, "project", "sync", "handbook", "--wait", "--data-dir", str(place / "data"), cwd=place
                )
                (project,) = (await asyncio.to_thread(up.get_json, "/status", key=up.ready["apiKey"]))[1]["projects"]
        assert project["revision"] == 2


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place whose runs are killed, one after the other, on one data directory."""
    root = tmp_path_factory.mktemp("mortal")
    (root / "docs").mkdir()
    (root / "docs/a.md").write_text("# A\n")
    done = run_syncd(
        "up",
        "--once",
        "--json",
        "--data-dir",
        "data",
        "--http",
        "127.0.0.1:0",
        "--mcp",
        "127.0.0.1:0",
        "--folder",
        "docs",
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    (root / "first.json").write_text(done.stdout)
    return root


@pytest.mark.parametrize("victim", ["itself", "postgres", "redis", "mcp server"])
def test_after_any_kill_nothing_is_left_and_the_next_up_goes_on(mortal: Path, victim: str) -> None:
    first = json.loads((mortal / "first.json").read_text())
    names = {"postgres": ("postgres",), "redis": ("valkey-server", "redis-server"), "mcp server": ("mcp_server",)}
    with open_up(mortal / "data", "--folder", "docs", cwd=mortal) as up:
        for name in ("project", "source", "revision", "documents", "chunks", "apiKey"):
            assert up.ready[name] == first[name]
        assert get_json(up.ready["mcpUrl"].replace("/mcp", "/livez"), key=None)[0] == 200
        family = up.list_family()
        if victim == "itself":
            up.process.kill()
            assert up.process.wait(30) == -signal.SIGKILL
        else:
            up.find(*names[victim]).kill()
            assert up.process.wait(30) == 4
            assert "ended by itself" in up.said.read_text()
            assert "Traceback" not in up.said.read_text()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_ctrl_c_and_sigterm_end_everything(mortal: Path, number: signal.Signals) -> None:
    with open_up(mortal / "data", "--folder", "docs", cwd=mortal) as up:
        assert len(up.list_family()) > 3
        assert up.end(number) == 0
        assert "Traceback" not in up.said.read_text()
    assert find_running(mortal / "data") is None
    assert not (mortal / "data/running.json").exists()


async def test_an_up_killed_in_its_first_sync_leaves_nothing_running_and_the_next_does_not_wait_for_its_lock(
    tmp_path: Path,
) -> None:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit({"docs/a.md": b"# A\n"})
    async with open_fake_github() as fake:
        await fake.add_repository("acme/handbook", git)
        # The lock of the first would stand for longer than the second has to become ready.
        settings = {"SYNCD_GITHUB_API_URL": fake.url, "SYNCD_LEASE_SECONDS": "600"}
        silence = Silence(asyncio.Event())
        fake.faults.add(Fault(on="/git/trees/", effect=silence))
        first = await asyncio.create_subprocess_exec(
            *make_up_command(tmp_path / "data", "--repo", "acme/handbook"),
            cwd=tmp_path,
            env=make_environment() | settings,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_SECONDS):
            await silence.arrived.wait()
        family = psutil.Process(first.pid).children(recursive=True)
        assert family
        first.kill()
        await first.wait()
        silence.until.set()
        await asyncio.to_thread(wait_for_end, family)
        async with running_up(tmp_path, "--repo", "acme/handbook", environment=settings) as up:
            assert (up.ready["documents"], up.ready["revision"]) == (1, 1)


def test_errors_of_a_real_process_are_one_sentence_one_hint_and_no_traceback(tmp_path: Path) -> None:
    done = run_syncd("up", "--once", "--folder", "nowhere", "--data-dir", "data", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    done = run_syncd("up", "--once", "--folder", "nowhere", "--data-dir", "data", "--json", cwd=tmp_path)
    assert done.returncode == 3
    assert json.loads(done.stderr)["error"]["code"] == "folder_not_found"
