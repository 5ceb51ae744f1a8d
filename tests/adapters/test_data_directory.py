"""One owner of a data directory at a time; what is kept in it survives any kill and is nobody else's."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.adapters.data_directory import Running, announce_running, find_running, hold_data_directory, load_secrets
from syncd.errors import BadUsage, Busy, Stalled

ROOT = Path(__file__).parents[2]
RUNNING = Running(
    pid=1,
    database_url="postgresql://u:canary@/db",
    sync_database_url="s",
    web_database_url="w",
    read_database_url="r",
    redis_url="redis://u:canary@h",
    master_keys="canary",
    status_url="http://127.0.0.1:1/status",
    mcp_url="m",
)
HOLDER = """
import sys
from pathlib import Path
from syncd.adapters.data_directory import hold_data_directory
with hold_data_directory(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_directory_has_one_owner_until_its_end(data_directory: Path) -> None:
    with hold_data_directory(data_directory), pytest.raises(Busy) as caught, hold_data_directory(data_directory):
        pass
    assert (caught.value.code, caught.value.exit_code) == ("already_running", 5)
    with hold_data_directory(data_directory):
        assert mode(data_directory) == 0o700


def test_the_death_of_its_owner_frees_a_directory(data_directory: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy), hold_data_directory(data_directory):
            pass
        holder.kill()
    with hold_data_directory(data_directory):
        pass


def test_an_error_in_the_body_frees_the_directory_and_stays_what_it_is(data_directory: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_data_directory(data_directory):
        raise ZeroDivisionError
    with hold_data_directory(data_directory):
        pass


def test_a_directory_that_others_could_read_is_closed(data_directory: Path) -> None:
    data_directory.mkdir(mode=0o755)
    with hold_data_directory(data_directory):
        assert mode(data_directory) == 0o700


def test_a_place_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(BadUsage) as caught, hold_data_directory(place):
            pass
        assert caught.value.code == "data_directory_unusable"
        assert str(place) in caught.value.message
        assert "--data-dir" in caught.value.hint


def test_secrets_are_made_once_and_new_ones_are_added(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, {"api_key": "one"})
    again = load_secrets(tmp_path, {"api_key": "two", "password": "new"})
    assert (first, again) == ({"api_key": "one"}, {"api_key": "one", "password": "new"})
    assert load_secrets(tmp_path, {"password": "newer"})["password"] == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]
    assert mode(tmp_path / "secrets.json") == 0o600


def test_a_kill_while_secrets_are_written_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = load_secrets(tmp_path, {"api_key": "one"})

    def die(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        load_secrets(tmp_path, {"password": "new"})
    monkeypatch.undo()
    assert load_secrets(tmp_path, {}) == kept


@pytest.mark.parametrize("content", ["", "{", "\xff"])
def test_damaged_secrets_are_never_made_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content, encoding="latin-1")
    with pytest.raises(Stalled) as caught:
        load_secrets(tmp_path, {"api_key": "one"})
    assert caught.value.code == "data_directory_damaged"
    assert (tmp_path / "secrets.json").read_text(encoding="latin-1") == content


def test_a_running_up_is_found_while_it_runs_and_never_after(data_directory: Path) -> None:
    assert find_running(data_directory) is None
    with hold_data_directory(data_directory):
        assert find_running(data_directory) is None
        with announce_running(data_directory, RUNNING):
            assert find_running(data_directory) == RUNNING
            assert mode(data_directory / "running.json") == 0o600
        assert find_running(data_directory) is None
    # What a killed run announced is not believed: nobody holds the directory.
    (data_directory / "running.json").write_text(json.dumps({}))
    assert find_running(data_directory) is None


def test_looking_for_an_up_does_not_keep_one_from_starting(data_directory: Path) -> None:
    with hold_data_directory(data_directory):
        pass
    find_running(data_directory)
    with hold_data_directory(data_directory):
        pass


def test_where_servers_run_is_shown_without_passwords() -> None:
    assert "canary" not in repr(RUNNING)
