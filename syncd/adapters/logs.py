"""One line a record: JSON in service, plain on a terminal, and never a secret in either."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO, TypeAlias

from syncd.core.redaction import REDACTED, is_secret_name, redact

Mode: TypeAlias = Literal["auto", "json", "text"]

LIBRARY_LEVELS = {
    "github": logging.WARNING,  # at DEBUG it writes whole requests, with their headers
    "urllib3": logging.WARNING,
    "asyncio": logging.WARNING,
    "asyncpg.pool": logging.ERROR,  # at WARNING it writes a traceback a second while the database is away, which we say once
    "aiohttp.access": logging.WARNING,  # the endpoint writes its own line for a request
    "watchfiles": logging.WARNING,
}
VALUE_MAX_CHARACTERS = 4000
EXCEPTION_MAX_CHARACTERS = 20_000

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure_logging(mode: Mode, *, stream: TextIO | None = None, quiet: bool = False) -> None:
    """Send every record of this process to *stream* (standard error), from INFO on, or with *quiet* from WARNING on.

    *auto* is plain text on a terminal and JSON elsewhere. Calling it again replaces what was set before.
    """
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    as_text = mode == "text" or (mode == "auto" and target.isatty())
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    # Looked up for each record unless told not to, and written in no line of ours: the place in the code, the thread, the process.
    logging._srcfile = None  # noqa: SLF001 - as Python's own logging HOWTO says under "Optimization"
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name, level in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(level)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, logger, the fields of the record, and an exception as text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of *record*. A field cannot take the place of one of the fixed names."""
        return _ENCODER.encode(
            {
                **list_fields(record),
                "time": _format_time(record, timespec="milliseconds"),
                "level": record.levelname.lower(),
                "event": redact(_make_printable(record.getMessage())),
                "logger": record.name,
                **_describe_exception(record),
            }
        )


class TextFormatter(logging.Formatter):
    """Time, level, event and fields on one line; the exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of *record*, and its exception where it has one."""
        fields = " ".join(f"{name}={_format_plain(value)}" for name, value in list_fields(record).items())
        event = _escape_controls(redact(record.getMessage()))
        line = f"{_format_time(record, timespec='seconds')[11:19]} {record.levelname:<7} {event}  {fields}".rstrip()
        return "\n".join([line, *_describe_exception(record).values()])


def list_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what was given as `extra`, with secrets removed by their shape and by their names."""
    return {name: _clean(name, value) for name, value in record.__dict__.items() if name not in _STANDARD}


def _clean(name: str, value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case _ if is_secret_name(name):
            return REDACTED
        case str():  # what most are; the tests for the others cost more than all the rest
            # Redacted before it is cut: half a token has another shape.
            return _cut(redact(_make_printable(value)), VALUE_MAX_CHARACTERS)
        case Mapping():
            return {str(key): _clean(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean("", item) for item in value]
        case _:
            return _clean("", str(value))


def _describe_exception(record: logging.LogRecord) -> dict[str, str]:
    if not record.exc_info and not record.exc_text:
        return {}
    text = record.exc_text or logging.Formatter().formatException(record.exc_info or (None, None, None))
    return {"exception": _cut(redact(_make_printable(text)), EXCEPTION_MAX_CHARACTERS)}


def _make_printable(text: str) -> str:
    # A path that is not UTF-8 holds lone surrogates, which no stream can encode.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def _format_time(record: logging.LogRecord, *, timespec: str) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec=timespec)


def _format_plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "\n\r\t=') else _escape_controls(text)


def _escape_controls(text: str) -> str:
    """Return *text* with what could move the cursor or begin a line made visible."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
