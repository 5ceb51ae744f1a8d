"""The small reader of archives finds what Python's own finds, in pieces of any size, and stays within its bounds."""

import gzip
import io
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.adapters.github.tarballs import TarballBroken, TarballLimits, TarballReader, TarballTooLarge

_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=40)
_MEMBERS = st.lists(st.tuples(_NAMES, st.binary(max_size=1500)), max_size=8)


def _pack(members: Sequence[tuple[str, bytes]], *, format_: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=format_, pax_headers={"comment": "1" * 40}) as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _read(packed: bytes, *, pieces: int = 1 << 20, limits: TarballLimits | None = None) -> tuple[list[bytes], bool]:
    reader = TarballReader(lambda _size: True, limits or TarballLimits())
    found = [content for at in range(0, len(packed), pieces) for content in reader.feed(packed[at : at + pieces])]
    return found, reader.finished


@given(_MEMBERS, st.integers(1, 700), st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
def test_every_file_is_found_in_pieces_of_any_size(members: list[tuple[str, bytes]], pieces: int, format_: int) -> None:
    packed = _pack(members, format_=format_)
    assert _read(packed, pieces=pieces) == ([content for _, content in members], True)


@given(_MEMBERS, st.data())
def test_a_spoiled_archive_gives_what_it_gives_or_is_refused(
    members: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    plain = bytearray(gzip.decompress(_pack(members)))
    for _ in range(data.draw(st.integers(1, 5))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    with suppress(TarballBroken, TarballTooLarge):
        found, _ = _read(gzip.compress(plain))
        assert sum(map(len, found)) <= len(plain)


@given(_MEMBERS, st.data())
def test_a_cut_archive_is_not_finished(members: list[tuple[str, bytes]], data: st.DataObject) -> None:
    plain = gzip.decompress(_pack(members))
    end = sum(512 for _ in members)  # every member has a header: before the last of them the end is not in sight
    cut = gzip.compress(plain[: data.draw(st.integers(0, end))])
    found, finished = _read(cut)
    assert not finished
    assert found == [content for _, content in members][: len(found)]


def test_only_wanted_sizes_are_kept() -> None:
    packed = _pack([("a", b"1"), ("b", b"22"), ("c", b"333"), ("d", b"44")])
    reader = TarballReader(lambda size: size == 2, TarballLimits())
    assert list(reader.feed(packed)) == [b"22", b"44"]


def test_links_and_directories_have_no_content() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(f"odd{number}")
            member.type, member.linkname, member.size = kind, "../../etc/passwd", 0
            tar.addfile(member)
        member = tarfile.TarInfo("file")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"text"))
    assert _read(packed.getvalue()) == ([b"text"], True)


@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_size_beyond_octal_digits_is_understood(format_: Literal[1, 2]) -> None:
    member = tarfile.TarInfo("large")
    member.size = 9 * 1024**3
    header = member.tobuf(format=format_)
    asked: list[int] = []

    def wants(size: int) -> bool:
        asked.append(size)
        return False

    reader = TarballReader(wants, TarballLimits())
    assert list(reader.feed(gzip.compress(header + b"\0" * 4096))) == []
    assert asked == [member.size]
    assert not reader.finished


def test_every_bound_holds_at_its_edge() -> None:
    packed = _pack([("a", b"1" * 600), ("b", b"2" * 600)])
    plain = len(gzip.decompress(packed))
    edges = {"received_max_bytes": len(packed), "unpacked_max_bytes": plain, "max_members": 3}
    assert _read(packed, limits=TarballLimits(**edges))[1]
    for name, edge in edges.items():
        with pytest.raises(TarballTooLarge):
            _read(packed, limits=TarballLimits(**{name: edge - 1}))


def test_a_bomb_is_unpacked_no_further_than_allowed() -> None:
    reader = TarballReader(lambda _size: False, TarballLimits(unpacked_max_bytes=3 << 20))
    member = tarfile.TarInfo("zeros")
    member.size = 1 << 30
    bomb = gzip.compress(member.tobuf() + b"\0" * (64 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(TarballTooLarge):
        list(reader.feed(bomb))
    assert reader._unpacked <= 4 << 20


def test_a_header_that_claims_to_be_huge_is_not_collected() -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = b"x", 1 << 30
    with pytest.raises(TarballTooLarge):
        _read(gzip.compress(header.tobuf()))


@pytest.mark.parametrize("digits", [b"-0000000007\0", b"+0000000007\0", b"0000_000007\0", b"0000000009 \0"])
def test_a_number_that_is_none_is_refused(digits: bytes) -> None:
    header = bytearray(tarfile.TarInfo("odd").tobuf())
    header[124:136] = digits[:12].ljust(12, b"\0")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(TarballBroken):
        _read(gzip.compress(header))


@pytest.mark.parametrize(
    "packed", [b"<html>no archive</html>" * 99, gzip.compress(b"not a tar " * 99, mtime=0)], ids=["page", "no tar"]
)
def test_what_is_no_archive_is_refused(packed: bytes) -> None:
    with pytest.raises(TarballBroken):
        _read(packed)
