"""Splits prose and code into the words that are searched: identifiers whole, their parts, stems, exact forms."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from unicodedata import normalize

from Stemmer import Stemmer  # type: ignore[import-not-found]  # it carries no types

MAX_TOKEN_CHARACTERS = 64
_MAX_WORD_CHARACTERS = 256
_MAX_PARTS = 24
_CACHED_NAMES = 1 << 16
# Combining marks belong to the letters before them (Devanagari, Arabic, Thai, ...), and `re` does not count them as \w.
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
_MARKS += "\u06d6-\u06dc\u06df-\u06e4\u06e7-\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962-\u0963"
_MARKS += "\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a51\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
_MARKS += "\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0e31"
_MARKS += "\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u20d0-\u20f0"
# Scripts that put no space between words: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul. They are searched by bigrams.
_UNSPACED = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_UNSPACED += "\uf900-\ufaff\U00020000-\U0003ffff"
_ASCII_WORD = re.compile(r"[A-Za-z0-9_]++(?:[.:/\\@+-]++[A-Za-z0-9_]++)*+")
_LOOKED_AT = re.compile(rf"[{_UNSPACED}{_MARKS}]")
_PLAIN_WORD = re.compile(r"\w++(?:[.:/\\@+-]++\w++)*+")
_LETTERS = rf"(?:(?![{_UNSPACED}])[\w{_MARKS}])+"
_ANY_WORD = re.compile(rf"[{_UNSPACED}]+|{_LETTERS}(?:[.:/\\@+-]+{_LETTERS})*")
_SEPARATOR = re.compile(r"[.:/\\@+-]+")
_UNDERSCORES = re.compile(r"_+")
# HTTPServerError -> HTTP Server Error; sha256 stays whole; utf8Decode -> utf8 Decode.
_HUMP = re.compile(r"(?<=[a-z0-9\xdf-\xf6\xf8-\xff])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]+")


class TokenKind(StrEnum):
    """What a token says about its word: the word itself, a part of it, or its exact, unstemmed form."""

    WHOLE = "whole"
    PART = "part"
    EXACT = "exact"


class Token(NamedTuple):
    """A searched form of a word. The text of an exact form begins with ``=``."""

    kind: TokenKind
    text: str


def list_words(text: str) -> list[str]:
    """Return the words of *text* in order, as written but NFKC; an identifier, dotted name or path is one word."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    text = normalize("NFKC", text)
    # The same words, in a third of the time, where no script needs a look at each letter.
    return (_ANY_WORD if _LOOKED_AT.search(text) else _PLAIN_WORD).findall(text)


def word_tokens(word: str) -> tuple[Token, ...]:
    """Return the tokens of one of the words of `list_words`, each text once, as its strongest kind."""
    segments = _SEPARATOR.split(word[:_MAX_WORD_CHARACTERS])
    if len(segments) == 1:
        return _name_tokens(word)
    # Addresses and paths are seldom met twice, their segments often: only these are worth a place in the cache.
    parts = {token.text: None for name in segments for token in _name_tokens(name) if token.kind is not TokenKind.EXACT}
    folded = word.casefold()
    whole = [Token(TokenKind.WHOLE, folded)] if len(folded) <= MAX_TOKEN_CHARACTERS else []
    return (*whole, *(Token(TokenKind.PART, text) for text in islice(parts, _MAX_PARTS)))


@lru_cache(maxsize=_CACHED_NAMES)
def _name_tokens(name: str) -> tuple[Token, ...]:
    """Return the tokens of a word without separators: a plain word, an identifier, or a run of an unspaced script."""
    if _IS_UNSPACED.fullmatch(name):
        return tuple(Token(TokenKind.WHOLE, pair) for pair in dict.fromkeys(_list_pairs(name)))
    kinds: dict[str, TokenKind] = {}
    for text, kind in _list_forms(name):
        kinds.setdefault(text, kind)
    return tuple(Token(kind, text) for text, kind in kinds.items())


def _list_pairs(run: str) -> Iterator[str]:
    return (run[index : index + 2] for index in range(max(len(run) - 1, 1)))


def _list_forms(name: str) -> Iterator[tuple[str, TokenKind]]:
    folded = name.casefold()[:MAX_TOKEN_CHARACTERS]
    bare = folded.strip("_")
    parts = [hump.casefold() for part in _UNDERSCORES.split(name[:_MAX_WORD_CHARACTERS]) for hump in _HUMP.split(part)]
    parts = [part[:MAX_TOKEN_CHARACTERS] for part in parts if part]
    if parts == [bare]:
        yield _stem(bare), TokenKind.WHOLE
        yield "=" + bare, TokenKind.EXACT
    if parts != [bare] or folded != bare:
        yield folded, TokenKind.WHOLE
    if parts != [bare]:
        for part in filter(None, (bare, *parts[:_MAX_PARTS])):
            yield _stem(part), TokenKind.PART


@lru_cache(maxsize=_CACHED_NAMES)
def _stem(word: str) -> str:
    # A stemmer holds the word it works on, so it is made anew (and without its own cache): threads share this module.
    return str(Stemmer("english", 0).stemWord(word)) if word.isascii() and word.isalpha() else word
