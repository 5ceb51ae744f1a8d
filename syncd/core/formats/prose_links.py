"""Finds links in the prose of formats that are read line by line, within the limits that Markdown's links have."""

import re
from collections.abc import Callable, Iterator, Sequence

from syncd.core.outline import Link

MAX_LINKS = 20_000
_MAX_PARAGRAPH_CHARACTERS = 8_192
_MAX_SCANNED_CHARACTERS = 524_288
_MAX_TARGET_CHARACTERS = 2_048
_MAX_TEXT_CHARACTERS = 200


def find_prose_links(
    lines: Sequence[str],
    verbatim: Sequence[int],
    pattern: re.Pattern[str],
    read: Callable[[re.Match[str], int], Link | None],
) -> Iterator[Link]:
    """Yield what *read* makes of the matches of *pattern*, and their lines, in each run of lines that are neither blank nor *verbatim*.

    A run of more than 8 KiB is not looked into, nor is any behind the first 512 KiB of those that may hold a link.
    """
    scanned = 0
    for line_from, paragraph in _list_paragraphs(lines, verbatim):
        counted_to, line = 0, line_from + 1
        if len(paragraph) > _MAX_PARAGRAPH_CHARACTERS or not pattern.search(paragraph):
            continue
        scanned += len(paragraph)
        if scanned > _MAX_SCANNED_CHARACTERS:
            return
        for found in pattern.finditer(paragraph):
            line += paragraph.count("\n", counted_to, found.start())
            counted_to = found.start()
            link = read(found, line)
            if link is not None:
                yield link


def make_link(line: int, target: str, text: str) -> Link:
    """Return a link within its limits; without a text it is called by its target."""
    target = " ".join(target.split())[:_MAX_TARGET_CHARACTERS]
    return Link(line, target, (" ".join(text.split()) or target)[:_MAX_TEXT_CHARACTERS])


def _list_paragraphs(lines: Sequence[str], verbatim: Sequence[int]) -> Iterator[tuple[int, str]]:
    begin: int | None = None
    for number, line in enumerate(lines):
        is_prose = not verbatim[number] and line.strip() != ""
        if is_prose and begin is None:
            begin = number
        elif not is_prose and begin is not None:
            yield begin, "\n".join(lines[begin:number])
            begin = None
    if begin is not None:
        yield begin, "\n".join(lines[begin:])
