"""What commands print: tables for people on standard output, JSON for machines, everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncd.errors import SyncdError

WIDEST_LINE = 10_000


def print_error(error: SyncdError, *, as_json: bool) -> None:
    """Say one sentence and one hint on standard error."""
    if as_json:
        fault = {"code": error.code, "message": error.message, "hint": error.hint}
        sys.stderr.write(json.dumps({"success": False, "error": fault}) + "\n")
        return
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), error.message), soft_wrap=True)
    if error.hint:
        console.print(Text.assemble(("hint: ", "bold"), error.hint), soft_wrap=True)


def print_note(text: str) -> None:
    """Say something on standard error."""
    Console(stderr=True, highlight=False).print(Text(text), soft_wrap=True)


def print_json(document: object) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, default=_encode, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_items(items: Iterable[Any]) -> None:
    """Print a whole list of dataclasses, or of objects that are JSON already, as the contract writes lists."""
    objects = [item if isinstance(item, dict) else as_json_object(item) for item in items]
    print_json({"items": objects, "nextCursor": None})


def print_done(document: object, sentence: str, *, as_json: bool) -> None:
    """Say that something was done: *document* to machines, *sentence* to people."""
    if as_json:
        print_json(document)
    else:
        print_note(sentence)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on standard output; cells are plain text, whatever is in them. On a pipe a row is one line."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDEST_LINE)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("-" if cell is None else str(cell)) for cell in row))
    console.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values below each other; a value is never broken, so that it can be copied."""
    width = max(len(name) for name in facts)
    console = Console(highlight=False, soft_wrap=True)
    for name, value in facts.items():
        console.print(Text.assemble((f"{name:<{width}}  ", "bold"), "-" if value is None else str(value)))


def as_json_object(value: Any) -> dict[str, object]:  # noqa: ANN401 - any dataclass
    """Return a dataclass as a JSON object with names in camelCase, as the contract writes them."""
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no dataclass")
    return {_to_camel(field.name): getattr(value, field.name) for field in fields(value)}


def _to_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _encode(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes():
            return value.hex()
        case frozenset() | set():
            return sorted(value)
        case _:
            raise TypeError(f"{type(value).__name__} cannot be printed as JSON")
