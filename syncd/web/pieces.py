"""Parts of a stream that many readers are sent: written once, and compressed once, however many they are."""

import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

GZIP_HEADER = bytes((0x1F, 0x8B, zlib.DEFLATED, 0, 0, 0, 0, 0, 0, 0xFF))  # no name, no time, of no system: RFC 1952
EMPTY_LAST_BLOCK = b"\x03\x00"
LEVEL = 3  # a second reader of the same costs nothing, the first waits for it
KEPT_BYTES = 8 * 1024 * 1024

PieceKey: TypeAlias = tuple[str, int, int]


@dataclass(slots=True)
class Piece:
    """A part of a stream, as it is; and compressed, once somebody asks for that."""

    plain: bytes
    _deflated: bytes | None = field(default=None, init=False, repr=False)

    def deflate(self) -> bytes:
        """Return the piece compressed. It leans on nothing before it and ends on a byte, so that it stands in any stream."""
        if self._deflated is None:
            packer = zlib.compressobj(LEVEL, wbits=-zlib.MAX_WBITS)
            self._deflated = packer.compress(self.plain) + packer.flush(zlib.Z_FULL_FLUSH)
        return self._deflated


class PlainStream:
    """What one reader is sent who takes it as it is."""

    def add(self, piece: Piece) -> bytes:
        """Return what to send for *piece*."""
        return piece.plain

    def end(self) -> bytes:
        """Return what to send at last."""
        return b""


class GzipStream:
    """What one reader is sent who accepts gzip: one member, whose end proves all of it."""

    def __init__(self) -> None:
        self._crc = 0
        self._size = 0

    def add(self, piece: Piece) -> bytes:
        """Return what to send for *piece*."""
        header = b"" if self._size else GZIP_HEADER
        self._crc = zlib.crc32(piece.plain, self._crc)
        self._size += len(piece.plain)
        return header + piece.deflate()

    def end(self) -> bytes:
        """Return what to send at last."""
        return EMPTY_LAST_BLOCK + self._crc.to_bytes(4, "little") + (self._size % 2**32).to_bytes(4, "little")


class Pieces:
    """The pieces that were made last, by what they hold."""

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[PieceKey, Piece] = OrderedDict()
        self._bytes = 0

    def get(self, key: PieceKey, make: Callable[[], str]) -> Piece:
        """Return the piece that is called *key*, made now unless it is kept."""
        piece = self._kept.get(key)
        if piece is None:
            piece = self._kept[key] = Piece(make().encode())
            self._bytes += len(piece.plain)
            while self._bytes > self._kept_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone.plain)
        return piece
