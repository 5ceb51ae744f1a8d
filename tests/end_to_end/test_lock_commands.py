"""The commands of locks beside a running `up`: its daemon obeys them, and says so."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.shells import Shell, make_folder

DEADLINE_SECONDS = 5

LOCK_NAMES = {
    "project", "lockedBy", "lockedAt", "expiresAt", "lockReason", "lockKind", "lockHost", "fence", "heartbeatAge", "lockFlags", "newestFence",
}  # fmt: skip


@pytest.fixture
def folder(shell: Shell, place: Path) -> Iterator[Path]:
    """A synced project of its own, called as the folder is; removed at the end."""
    folder = make_folder(place, f"locks-{uuid4()}", "a.md")
    shell.ask("project", "add", "--folder", str(folder))
    sync(shell, folder.name)
    yield folder
    shell.ask("project", "remove", folder.name)


def sync(shell: Shell, name: str) -> Any:  # noqa: ANN401 - JSON
    """Sync a project to the end: what is published can be seen a moment before its lock is given back."""
    synced = shell.ask("project", "sync", name, "--wait")
    end = time.monotonic() + DEADLINE_SECONDS
    while shell.ask("lock", "show", name)["lockedBy"] is not None:
        assert time.monotonic() < end, "the lock is not given back"
    return synced


def test_a_frozen_project_does_not_sync_until_it_is_unfrozen(shell: Shell, folder: Path) -> None:
    name = folder.name
    free = shell.ask("lock", "show", name)
    assert free.keys() == LOCK_NAMES
    assert (free["lockedBy"], free["lockFlags"]) == (None, [])

    frozen = shell.ask("lock", "freeze", name, "--reason", "the release", "--until", "2h")
    assert (frozen["lockReason"], frozen["lockKind"], frozen["newestFence"]) == (
        "the release",
        "freeze",
        free["newestFence"] + 1,
    )
    assert "@" in frozen["lockedBy"]
    shown = shell.ask("project", "show", name)
    assert (shown["condition"], shown["reason"], shown["nextTry"]) == ("frozen", "project_frozen", frozen["expiresAt"])
    assert "the release" in shown["message"]
    (listed,) = [one for one in shell.ask("project", "list")["items"] if one["name"] == name]
    assert listed == shown
    (folder / "a.md").write_text("# Changed\n")
    assert shell.refuse("project", "sync", name, "--wait") == (5, "project_frozen")
    (row,) = [row for row in shell.read_table("lock", "list") if row.startswith(name)]
    assert " frozen " in row
    assert "the release" in row
    (told,) = [one for one in shell.ask("status")["projects"] if one["name"] == name]
    assert (told["condition"], told["lockReason"]) == ("frozen", "the release")

    assert shell.ask("lock", "unfreeze", name)["lockKind"] != "freeze"  # by now a sync may hold it
    assert shell.ask("project", "show", name)["condition"] != "frozen"
    assert sync(shell, name)["revision"] == 2
    history = shell.ask("lock", "history", name)
    actions = [event["action"] for event in history["items"]]
    assert actions[-3:] == ["freeze", "release", "acquire"]
    assert "unfreeze" in actions
    first = shell.ask("lock", "history", name, "--limit", "2")
    rest = shell.ask("lock", "history", name, "--cursor", first["nextCursor"])
    pages = [*first["items"], *rest["items"]]
    assert pages == history["items"]
    assert shell.read_table("lock", "history", name)[0].split()[:2] == ["AT", "(UTC)"]


def test_a_lock_is_forced_by_the_fence_that_was_seen_and_no_other(shell: Shell, folder: Path) -> None:
    fence = shell.ask("lock", "show", folder.name)["newestFence"]
    force = ("lock", "force-release", folder.name, "--reason", "stuck", "--fence")
    assert shell.refuse(*force, str(fence + 1)) == (1, "fence_changed")
    code, output, _ = shell.run(*force, str(fence))
    assert code == 0
    assert f"fence    {fence + 1}" in output
    assert shell.ask("lock", "history", folder.name)["items"][0]["previousHolder"] is None


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("lock", "show", "absent"), (3, "project_not_found")),
        (("lock", "freeze", "absent", "--reason", "x"), (3, "project_not_found")),
        (("lock", "freeze", "absent", "--reason", "x", "--until", "yesterday"), (2, "lock_until_invalid")),
        (("lock", "history", "absent", "--cursor", "x"), (3, "project_not_found")),
    ],
)
def test_a_wrong_lock_command_says_why(shell: Shell, words: tuple[str, ...], wanted: tuple[int, str]) -> None:
    assert shell.refuse(*words) == wanted


def test_a_freeze_needs_a_reason_and_a_force_its_fence(shell: Shell) -> None:
    for words in (("lock", "freeze", "x"), ("lock", "force-release", "x", "--reason", "y")):
        code, _, errors = shell.run(*words)
        assert code == 2
        assert "required" in errors
