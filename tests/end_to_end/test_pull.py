"""`syncd pull` beside a running `up`: to a directory, for people and machines, until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.running import END_SECONDS, Up, make_environment, run_git, run_syncd

NAMES = {"project", "revision", "commit", "documents", "bytes", "directory", "changed"}


def test_a_project_is_pulled_as_it_stands_in_its_repository(up: Up, place: Path) -> None:
    words = ("pull", "handbook", "pulled/docs", "--data-dir", str(place / "data"))
    done = run_syncd(*words, "--json", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said.keys() == NAMES
    text = (place / "handbook/docs/index.md").read_bytes()
    assert said == {
        "project": "handbook",
        "revision": up.ready["revision"],
        "commit": run_git(place / "handbook", "rev-parse", "HEAD"),
        "documents": 1,
        "bytes": len(text),
        "directory": str(place / "pulled/docs"),
        "changed": True,
    }
    assert (place / "pulled/docs/docs/index.md").read_bytes() == text
    assert [path.name for path in (place / "pulled/docs/docs").iterdir()] == ["index.md"]
    again = run_syncd(*words, "--at", said["commit"][:10], cwd=place)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1].split() == ["changed", "no"]


def test_what_cannot_be_pulled_is_said_with_its_exit_code(up: Up, place: Path) -> None:
    (place / "mine").mkdir(exist_ok=True)
    (place / "mine/letter.txt").write_text("mine")
    for words, code, exit_code in (
        (("handbook", "mine"), "directory_taken", 1),
        (("handbook", "other", "--at", "yesterday"), "bad_revision", 2),
        (("handbook", "other", "--at", "r999"), "revision_not_found", 3),
        (("nothing", "other"), "project_not_found", 3),
    ):
        done = run_syncd("pull", *words, "--json", "--data-dir", str(up.said.parent / "data"), cwd=place)
        assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (exit_code, code)
    assert (place / "mine/letter.txt").read_text() == "mine"
    assert not (place / "other").exists()


def test_follow_pulls_what_is_published_until_ctrl_c(up: Up, place: Path) -> None:
    data = ("--data-dir", str(place / "data"))
    (place / "followed").mkdir()
    (place / "followed/a.md").write_text("# 1\n")
    for words in (("add", "--folder", "followed"), ("sync", "followed", "--wait")):
        assert run_syncd("project", *words, *data, cwd=place, environment=allow(place)).returncode == 0
    follower = subprocess.Popen(
        [sys.executable, "-m", "syncd", "pull", "followed", "out", "--follow", "--json", *data],
        cwd=place,
        env=make_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with follower:
        assert follower.stdout is not None
        try:
            assert json.loads(follower.stdout.readline())["revision"] == 1
            (place / "followed/a.md").write_text("# 2\n")
            run_syncd("project", "sync", "followed", *data, cwd=place)
            assert json.loads(follower.stdout.readline())["revision"] == 2
            assert (place / "out/a.md").read_text() == "# 2\n"
        finally:
            os.kill(follower.pid, signal.SIGINT)
            try:
                assert follower.wait(END_SECONDS) == 130
            finally:
                follower.kill()
            assert follower.stdout.read() == ""
            # Other tests list the projects of this `up`.
            assert run_syncd("project", "remove", "followed", *data, cwd=place).returncode == 0


def allow(place: Path) -> dict[str, str]:
    return {"SYNCD_FOLDER_ROOTS": str(place)}
