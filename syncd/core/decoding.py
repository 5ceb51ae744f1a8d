"""Bytes to text that Postgres can hold: never a NUL, never a lone surrogate."""

import re
from dataclasses import dataclass

from syncd.core.documents import SkipReason

# A pointer starts with its version and is less than 1,024 bytes (git-lfs, docs/spec.md).
_LFS_START = b"version https://git-lfs"
_LFS_MAX_BYTES = 1024
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# The C0 controls that text files do hold: bell, backspace, tab, line feed, vertical tab, form feed, return, escape.
_BINARY_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a document.

    *encoding* is the codec that gives the bytes back: exactly for utf-8, utf-8-sig, cp1252 and latin-1, and but for the
    byte order mark for utf-16-le and utf-16-be. The mark is never part of *text*.
    """

    text: str
    encoding: str
    lines: int


def decode(content: bytes) -> DecodedText | SkipReason:
    """Return the text of *content*, or why it has none.

    UTF-16 is known by its mark; otherwise the first of UTF-8, cp1252 and latin-1 that fits.
    """
    if content.startswith(_LFS_START) and len(content) < _LFS_MAX_BYTES:
        return SkipReason.LFS_POINTER
    marked = _UTF16_BOMS.get(content[:2])
    if marked is not None:
        return _as_text(_try_decode(content[2:], marked), marked)
    if content.startswith(_UTF8_BOM):
        text = _try_decode(content, "utf-8-sig")
        if text is not None:
            return _as_text(text, "utf-8-sig")
    text = _try_decode(content, "utf-8")
    if text is not None:
        return _as_text(text, "utf-8")
    return _decode_single_bytes(content)


def count_lines(text: str) -> int:
    """Return the number of lines: CRLF, CR and LF each end one, as in CommonMark; the last line need not be ended."""
    breaks = text.count("\n") + text.count("\r") - text.count("\r\n")
    return breaks + (1 if text and not text.endswith(("\n", "\r")) else 0)


def _decode_single_bytes(content: bytes) -> DecodedText | SkipReason:
    # Any bytes at all are latin-1, so this is the one place where text has to be told from the rest.
    if _BINARY_CONTROL.search(content):
        return SkipReason.BINARY
    text = _try_decode(content, "cp1252")
    if text is not None:
        return _as_text(text, "cp1252")
    return _as_text(content.decode("latin-1"), "latin-1")


def _try_decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _as_text(text: str | None, encoding: str) -> DecodedText | SkipReason:
    if text is None or "\0" in text:
        return SkipReason.BINARY
    return DecodedText(text, encoding, count_lines(text))
