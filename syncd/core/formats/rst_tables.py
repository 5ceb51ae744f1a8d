"""Reads the tables of reStructuredText: where they end, what their header is, and where a large one may be cut."""

import re
from collections.abc import Sequence
from itertools import pairwise

from syncd.core.outline import Block

_SIMPLE_BORDER = re.compile(r"=+(?:[ ]+=+)+$")
_GRID_BORDER = re.compile(r"\+(?:[-=]+\+)+$")
_ROW = re.compile(r"(\s*)\*[ \t]+-")
_MAX_BORDER_CHARACTERS = 1000
_HEADER_ROWS = re.compile(r"\s*:header-rows:\s*([0-9]{1,3})\s*$")


def read_grid_table(lines: Sequence[str], number: int, end: int) -> Block | None:
    """Return the table of borders that begins here, or none; it is cut between rows."""
    if not _GRID_BORDER.match(lines[number].strip()):
        return None
    line_to = number
    while line_to < end and lines[line_to].lstrip()[:1] in {"+", "|"}:
        line_to += 1
    borders = [row for row in range(number, line_to) if _GRID_BORDER.match(lines[row].strip()[:_MAX_BORDER_CHARACTERS])]
    header_to = next((row + 1 for row in borders[1:] if "=" in lines[row]), 0)
    rows = [Block(first, second) for first, second in pairwise([*borders, line_to]) if second > first]
    return Block(number, line_to, is_table=True, inner=tuple(rows), header_to=header_to)


def read_simple_table(lines: Sequence[str], number: int, end: int) -> Block | None:
    """Return the table between rules that begins here, or none; a third rule makes what stands above the second a header."""
    if not _SIMPLE_BORDER.match(lines[number].strip()):
        return None
    borders = [number]
    for row in range(number + 1, end):
        if lines[row] and len(lines[row]) <= _MAX_BORDER_CHARACTERS and not lines[row].strip("= "):
            borders.append(row)
            if row + 1 >= end or not lines[row + 1].strip():
                break
    if len(borders) < 2:
        return None
    header_to = borders[1] + 1 if len(borders) > 2 else 0
    return Block(number, borders[-1] + 1, is_table=True, header_to=header_to)


def read_list_table(lines: Sequence[str], block: Block, content_from: int) -> Block:
    """Return the table that a list-table directive is, cut between its rows."""
    marked = [(row, found[1]) for row in range(content_from, block.line_to) if (found := _ROW.match(lines[row]))]
    rows = [row for row, indent in marked if indent == marked[0][1]]
    options = (_HEADER_ROWS.match(line) for line in lines[block.line_from : content_from])
    header_rows = next((int(found[1]) for found in options if found), 0)
    header_to = rows[header_rows] if 0 < header_rows < len(rows) else block.line_from + 1
    inner = tuple(Block(first, second) for first, second in pairwise([*rows, block.line_to]))
    return Block(block.line_from, block.line_to, is_table=True, inner=inner, header_to=header_to)
