"""Finds where the values of a JSON text stand. The text is known to be JSON: nothing is checked again."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*"|[{}\[\],]|[^\s{}\[\]:,"]+', re.DOTALL)
# Nobody asks for what lies deeper.
_MAX_PATH = 6


class Place(NamedTuple):
    """A string, a number, a word or a bracket, and the keys and indices that lead to it."""

    path: tuple[str | int, ...]
    char_from: int
    char_to: int


def list_places(text: str) -> Iterator[Place]:
    """Yield the strings, numbers, words, and brackets that open or close something, in order; of what lies deep nothing."""
    keys: list[str | int] = []
    expects_key = False
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        if mark == ",":
            if isinstance(keys[-1], int):
                keys[-1] += 1
            else:
                expects_key = True
            continue
        if expects_key and mark == '"':
            keys[-1] = token[0][1:-1] if token.end() - token.start() < 100 else ""
            expects_key = False
            continue
        if mark in "}]":
            keys.pop()
        if len(keys) <= _MAX_PATH:
            yield Place(tuple(keys), token.start(), token.end())
        if mark in "{[":
            keys.append("" if mark == "{" else 0)
        expects_key = mark == "{"
