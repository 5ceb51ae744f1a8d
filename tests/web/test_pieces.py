"""What many readers are sent is written and compressed once, and is right in the stream of each."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from syncd.web.pieces import GzipStream, Piece, Pieces


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1))
def test_every_order_of_shared_pieces_is_a_whole_gzip_member_and_can_be_read_as_it_comes(parts: list[bytes]) -> None:
    shared = [Piece(part) for part in parts]
    for order in (shared, shared[::-1]):
        stream, reader, sent = GzipStream(), zlib.decompressobj(wbits=31), b""
        for piece in order:
            sent += (packed := stream.add(piece))
            assert reader.decompress(packed) == piece.plain
        sent += (last := stream.end())
        assert reader.decompress(last) == b""
        assert reader.eof
        assert gzip.decompress(sent) == b"".join(piece.plain for piece in order)


def test_a_piece_is_made_and_compressed_once() -> None:
    pieces, made = Pieces(), []

    def make() -> str:
        made.append(1)
        return "text" * 100

    one = pieces.get(("feed", 0, 1), make)
    assert pieces.get(("feed", 0, 1), make) is one
    assert pieces.get(("feed", 1, 1), make) is not one
    assert len(made) == 2
    assert one.deflate() is one.deflate()
    assert len(one.deflate()) < len(one.plain) / 5


def test_no_more_is_kept_than_may_be_and_what_is_too_large_is_told_all_the_same() -> None:
    pieces = Pieces(kept_bytes=10)
    first = pieces.get(("feed", 0, 1), lambda: "x" * 10)
    assert pieces.get(("feed", 0, 2), lambda: "y" * 11).plain == b"y" * 11
    assert pieces.get(("feed", 0, 1), lambda: "x" * 10) is not first
