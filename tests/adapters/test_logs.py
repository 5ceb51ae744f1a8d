"""One line a record, and no canary in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from syncd.adapters.logs import LIBRARY_LEVELS, Mode, configure_logging
from tests.core.test_redaction import SECRETS

log = logging.getLogger("syncd.tests.logs")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARY_LEVELS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)


def read_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(text: str) -> NoReturn:
    """Raise an error whose cause and message hold *text*."""
    raise ValueError(text) from KeyError(text)


def test_a_record_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    configure_logging("auto", stream=stream)
    log.info("sync", extra={"project": "guide", "revision": 3, "milliseconds": {"fetch": 1.5}, "paths": ("a", "b")})
    (line,) = read_lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "sync",
        "logger": "syncd.tests.logs",
        "project": "guide",
        "revision": 3,
        "milliseconds": {"fetch": 1.5},
        "paths": ["a", "b"],
    }


def test_a_terminal_gets_plain_text_on_one_line() -> None:
    stream = Terminal()
    configure_logging("auto", stream=stream)
    log.warning("sync waits", extra={"project": "guide", "message_of": "two\nlines", "count": 2, "none": None})
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line[8:] == ' WARNING sync waits  project=guide message_of="two\\nlines" count=2 none=null\n'


@pytest.mark.parametrize("mode", ["json", "text"])
def test_the_mode_that_was_asked_for_wins_over_the_stream(mode: Mode) -> None:
    stream = Terminal() if mode == "json" else io.StringIO()
    configure_logging(mode, stream=stream)
    log.info("sync")
    assert stream.getvalue().startswith("{") == (mode == "json")


def test_an_exception_is_a_field_in_json_and_stands_below_in_text() -> None:
    as_json, as_text = io.StringIO(), io.StringIO()
    modes: list[tuple[io.StringIO, Mode]] = [(as_json, "json"), (as_text, "text")]
    for stream, mode in modes:
        configure_logging(mode, stream=stream)
        try:
            fail("no such thing")
        except ValueError:
            log.exception("sync failed")
    (line,) = read_lines(as_json)
    assert line["exception"].endswith("ValueError: no such thing")
    assert as_text.getvalue().endswith("ValueError: no such thing\n")


@pytest.mark.parametrize("mode", ["json", "text"])
@pytest.mark.parametrize(
    "secret", [*SECRETS, "postgresql://u:c4nary-c4nary@h/d", "Authorization: Bearer c4nary-c4nary"]
)
def test_no_secret_leaves_by_message_argument_field_or_exception(mode: Mode, secret: str) -> None:
    stream = io.StringIO()
    configure_logging(mode, stream=stream)
    try:
        fail(secret)
    except ValueError:
        message = f"message {secret}"
        log.exception(message, extra={"field": secret, "nested": {"list": [secret]}, "object": ValueError(secret)})
    log.info("argument %s", secret)
    log.info("name", extra={"password": "c4nary-c4nary", "headers": {"Authorization": "c4nary-c4nary"}})
    written = stream.getvalue()
    assert secret not in written
    assert secret[-12:] not in written
    assert "c4nary" not in written


def test_a_field_cannot_pretend_to_be_the_event_or_begin_a_line() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    log.info("sync", extra={"event": "forged", "level": "forged", "path": 'a\n{"event": "forged"}\x1b[2J'})
    (line,) = read_lines(stream)
    assert (line["event"], line["level"]) == ("sync", "info")
    plain = io.StringIO()
    configure_logging("text", stream=plain)
    log.info("a\nforged line", extra={"path": "b\x1b[2J\r"})
    assert plain.getvalue().count("\n") == 1
    assert "\x1b" not in plain.getvalue()


def test_a_path_that_is_not_utf_8_can_be_written() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    configure_logging("json", stream=stream)
    log.info("skipped \udcff", extra={"path": "a\udcff.md"})
    stream.seek(0)
    assert json.loads(stream.read())["path"] == "a\\udcff.md"


def test_a_value_too_long_is_cut_and_says_so() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    log.info("sync", extra={"at_the_limit": "x" * 4000, "over": "x" * 4001})
    (line,) = read_lines(stream)
    assert line["at_the_limit"] == "x" * 4000
    assert line["over"] == "x" * 4000 + "… (4001 characters)"


def test_libraries_are_quiet_and_quiet_means_warnings() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    for name in LIBRARY_LEVELS:
        logging.getLogger(name).debug("whole request")
        logging.getLogger(name).info("whole request")
    assert stream.getvalue() == ""
    configure_logging("json", stream=stream, quiet=True)
    log.info("sync")
    log.warning("sync waits")
    assert [line["event"] for line in read_lines(stream)] == ["sync waits"]
