"""What a service manager hears, at a real socket."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from syncd.adapters.systemd import feeding_watchdog, find_notify_address, find_watchdog_seconds, open_notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A manager's socket, and its address as NOTIFY_SOCKET says it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@syncd-test-{uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        yield listening, name


def test_the_manager_hears_of_each_state(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    with open_notifier({"NOTIFY_SOCKET": name}) as notifier:
        notifier.ready("mirrors 3 projects")
        notifier.ping()
        notifier.say("syncing guide")
        notifier.stopping()
    assert [listening.recv(500) for _ in range(4)] == [
        b"READY=1\nSTATUS=mirrors 3 projects",
        b"WATCHDOG=1",
        b"STATUS=syncing guide",
        b"STOPPING=1",
    ]


def test_a_status_cannot_begin_another_assignment(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    with open_notifier({"NOTIFY_SOCKET": name}) as notifier:
        notifier.say("a name\nMAINPID=1")
        notifier.say("x" * 201)
    assert listening.recv(500) == b"STATUS=a name MAINPID=1"
    assert listening.recv(500) == b"STATUS=" + b"x" * 200


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    with open_notifier(environment) as notifier:
        notifier.ready()
        notifier.ping()
        notifier.stopping("ends")
    assert notifier.watchdog_seconds is None


def test_a_manager_that_went_away_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), open_notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}) as notifier:
        notifier.ready()
    assert [record.message for record in caplog.records] == ["service manager not reached"]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "7"}, 1.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_on_only_for_the_process_it_names(environment: dict[str, str], seconds: float | None) -> None:
    assert find_watchdog_seconds(environment, 7) == seconds


def test_an_open_notifier_knows_its_watchdog(manager: tuple[socket.socket, str]) -> None:
    _, name = manager
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}
    with open_notifier(environment) as notifier:
        assert notifier.watchdog_seconds == 20.0


def test_an_abstract_address_begins_with_nul() -> None:
    assert find_notify_address({"NOTIFY_SOCKET": "@run/x"}) == "\0run/x"


async def test_a_watchdog_is_fed_again_and_again_while_the_body_runs(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    with open_notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000"}) as notifier:
        async with feeding_watchdog(notifier):
            heard = [await asyncio.to_thread(listening.recv, 500) for _ in range(3)]
    assert heard == [b"WATCHDOG=1"] * 3


async def test_without_a_watchdog_nothing_is_fed(manager: tuple[socket.socket, str]) -> None:
    listening, name = manager
    with open_notifier({"NOTIFY_SOCKET": name}) as notifier:
        async with feeding_watchdog(notifier):
            await asyncio.sleep(0)
        notifier.stopping()
    assert listening.recv(500) == b"STOPPING=1"
