"""Reads a gzipped tar as its bytes arrive, and keeps nothing of it but the files whose size is wanted.

Names, links and modes are not looked at: whoever reads this proves each content by its hash. Format: POSIX.1-2001,
"ustar Interchange Format" and "pax Extended Header".
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_BLOCK = 512
_STEP_BYTES = 1 << 16
_GZIP_WINDOW = 31
_FILES = b"0\x007"
_EMPTY_KINDS = b"123456"  # links, devices, directories, pipes: whatever size they claim, no content follows
_PAX_HEADER = b"x"
_PAX_HEADER_MAX_BYTES = 1 << 20
_OCTAL = re.compile(rb"[0-7]*")
_PAX_SIZE = re.compile(rb"(?:^|\n)\d+ size=(\d{1,19})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class TarballLimits:
    """Bounds of one archive: as it is received, as it is unpacked, and of its members."""

    received_max_bytes: int = 1024 * 1024 * 1024
    unpacked_max_bytes: int = 4 * 1024 * 1024 * 1024
    max_members: int = 1_000_000


class TarballBroken(Exception):
    """This is no gzipped tar."""


class TarballTooLarge(Exception):
    """The archive is beyond a limit."""


class TarballReader:
    """Takes an archive in pieces of any size; *wants* says of which sizes files are to be kept."""

    def __init__(self, wants: Callable[[int], bool], limits: TarballLimits) -> None:
        self._wants = wants
        self._limits = limits
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)
        self._buffer = bytearray()
        self._received = self._unpacked = self._members = 0
        self._skip = 0
        self._keep: int | None = None
        self._pax_header: int | None = None
        self._next_size: int | None = None
        self.finished = False  # whether the end of the archive was seen: before that, more may come

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the contents that *chunk* completes. TarballBroken, TarballTooLarge."""
        self._received = _within(self._received + len(chunk), self._limits.received_max_bytes, "received bytes")
        while chunk and not self.finished:
            unpacked = self._unpack(chunk)
            chunk = self._inflate.unconsumed_tail
            self._unpacked = _within(self._unpacked + len(unpacked), self._limits.unpacked_max_bytes, "unpacked bytes")
            self._buffer += unpacked
            yield from self._parse()
            if self._inflate.eof:
                break

    def _unpack(self, chunk: bytes) -> bytes:
        try:
            return self._inflate.decompress(chunk, _STEP_BYTES)
        except zlib.error as error:
            raise TarballBroken("it does not unpack") from error

    def _parse(self) -> Iterator[bytes]:
        while not self.finished:
            skipped = min(self._skip, len(self._buffer))
            del self._buffer[:skipped]
            self._skip -= skipped
            wanted = next((size for size in (self._keep, self._pax_header) if size is not None), _BLOCK)
            if self._skip or len(self._buffer) < wanted:
                return
            taken = bytes(self._buffer[:wanted])
            del self._buffer[:wanted]
            if self._keep is not None:
                self._keep, self._skip = None, -wanted % _BLOCK
                yield taken
            elif self._pax_header is not None:
                self._pax_header, self._skip = None, -wanted % _BLOCK
                found = _PAX_SIZE.search(taken)
                self._next_size = int(found[1]) if found else None
            else:
                self._open_member(taken)

    def _open_member(self, header: bytes) -> None:
        if header.count(0) == _BLOCK:
            self.finished = True
            return
        self._members = _within(self._members + 1, self._limits.max_members, "members")
        _check_sum(header)
        kind = header[156:157]
        size = _parse_number(header[124:136])
        if kind == _PAX_HEADER:
            self._pax_header = _within(size, _PAX_HEADER_MAX_BYTES, "bytes of one header")
            return
        size, self._next_size = size if self._next_size is None else self._next_size, None
        if kind in _FILES and self._wants(size):
            self._keep = size
        elif kind not in _EMPTY_KINDS:
            self._skip = size + -size % _BLOCK


def _within(amount: int, limit: int, what: str) -> int:
    if amount > limit:
        raise TarballTooLarge(f"more than {limit} {what}")
    return amount


def _check_sum(header: bytes) -> None:
    if _parse_number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise TarballBroken("a header has another checksum")


def _parse_number(field: bytes) -> int:
    # GNU writes what is too large for octal digits in base 256, marked by the highest bit.
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not _OCTAL.fullmatch(digits):
        raise TarballBroken("a number in a header is none")
    return int(digits or b"0", 8)
