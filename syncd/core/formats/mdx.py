"""Finds what in MDX is program and not prose: imports and exports, and expressions that run over blank lines."""

import re
from collections.abc import Sequence

from syncd.core.outline import Block

_STATEMENT = re.compile(r"(?:import|export)\b[\s{*'\"]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# How far an expression is followed; what goes on longer is read as prose.
_MAX_STATEMENT_LINES = 500
_NEITHER = re.compile(r"[^{}()\[\]]+")


def mask_components(source: str) -> tuple[str, Sequence[Block]]:
    """Return *source* with its program blank, line by line, and the blocks that were made so."""
    lines = source.split("\n")
    blocks: list[Block] = []
    fence: str | None = None
    line_from, searched_to = 0, 0
    while line_from < len(lines):
        line = lines[line_from]
        opening = _FENCE.match(line)
        if opening and (fence is None or (opening[1].startswith(fence) and not line[opening.end() :].strip())):
            fence = None if fence else opening[1]
        elif fence is None and line_from >= searched_to and (line.startswith("{") or _STATEMENT.match(line)):
            line_to, searched_to = _find_end(lines, line_from)
            # An expression without a blank line is part of a paragraph, and does no harm to it.
            if line_to is not None and (
                not line.startswith("{") or any(not one.strip() for one in lines[line_from:line_to])
            ):
                blocks.append(Block(line_from, line_to))
                lines[line_from:line_to] = [""] * (line_to - line_from)
                line_from = line_to
                continue
        line_from += 1
    return "\n".join(lines), blocks


def _find_end(lines: Sequence[str], line_from: int) -> tuple[int | None, int]:
    """Return the line after the statement that begins here, if its brackets close, and up to where that was looked for."""
    depth = 0
    is_expression = lines[line_from].startswith("{")
    last = min(line_from + _MAX_STATEMENT_LINES, len(lines))
    for number in range(line_from, last):
        brackets = _NEITHER.sub("", lines[number])
        depth += sum(1 if bracket in "{([" else -1 for bracket in brackets)
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if depth <= 0 and (is_expression or not following):
            return number + 1, number + 1
    return None, last
