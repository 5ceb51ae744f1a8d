"""Bytes become text that Postgres can hold, or a reason."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.decoding import DecodedText, count_lines, decode
from syncd.core.documents import SkipReason

_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        (b"a\r\nb", "a\r\nb", "utf-8"),
        ("é\u20ac\U0001f600".encode(), "é\u20ac\U0001f600", "utf-8"),
        (b"\x1b[31mred", "\x1b[31mred", "utf-8"),
        (b"\xef\xbb\xbfa", "a", "utf-8-sig"),
        (b"\xef\xbb\xbf\xff", "\u00ef\u00bb\u00bf\u00ff", "cp1252"),
        (codecs.BOM_UTF16_LE + "é\U0001f600".encode("utf-16-le"), "é\U0001f600", "utf-16-le"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é", "utf-16-be"),
        (codecs.BOM_UTF16_LE, "", "utf-16-le"),
        (b"caf\xe9 \x80", "café \u20ac", "cp1252"),
        (b"caf\xe9 \x81", "café \x81", "latin-1"),
        (b"\xed\xa0\x80", "\u00ed\u00a0\u20ac", "cp1252"),
    ],
)
def test_text_is_decoded_by_the_first_encoding_that_fits(content: bytes, text: str, encoding: str) -> None:
    decoded = decode(content)
    assert isinstance(decoded, DecodedText)
    assert (decoded.text, decoded.encoding) == (text, encoding)


@pytest.mark.parametrize(
    "content",
    [
        b"a\0b",
        b"\x89PNG\r\n\x1a\n",
        b"\x1f\x8b\x08\xff",
        b"\xef\xbb\xbfa\0",
        codecs.BOM_UTF16_LE + b"a",
        codecs.BOM_UTF16_LE + b"a\0\0\0",
        codecs.BOM_UTF16_LE + b"\x00\xd8a\0",
        codecs.BOM_UTF32_LE + "a".encode("utf-32-le"),
        "a".encode("utf-16-le"),
    ],
)
def test_what_is_not_text_is_binary(content: bytes) -> None:
    assert decode(content) is SkipReason.BINARY


def test_a_pointer_to_large_file_storage_is_no_document() -> None:
    assert decode(_POINTER) is SkipReason.LFS_POINTER
    assert decode(_POINTER.ljust(1023)) is SkipReason.LFS_POINTER
    assert isinstance(decode(_POINTER.ljust(1024)), DecodedText)
    assert isinstance(decode(b" " + _POINTER), DecodedText)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("a", 1),
        ("a\n", 1),
        ("a\nb", 2),
        ("\n\n", 2),
        ("a\r\nb\r\n", 2),
        ("a\rb", 2),
        ("\r\r\n\n", 3),
        ("a\x0cb\u2028c", 1),
    ],
)
def test_lines_are_counted_as_commonmark_ends_them(text: str, lines: int) -> None:
    assert count_lines(text) == lines


@given(
    st.one_of(
        st.binary(), st.text().map(str.encode), st.text().map(lambda text: text.encode("utf-16", "surrogatepass"))
    )
)
def test_text_never_holds_what_postgres_refuses_and_gives_its_bytes_back(content: bytes) -> None:
    decoded = decode(content)
    if isinstance(decoded, DecodedText):
        assert "\0" not in decoded.text
        assert decoded.text.encode("utf-8").decode("utf-8") == decoded.text
        marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
        assert marks.get(decoded.encoding, b"") + decoded.text.encode(decoded.encoding) == content
        assert decoded.lines == count_lines(decoded.text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")))
def test_text_in_utf8_stays_as_it_is(text: str) -> None:
    decoded = decode(text.encode())
    assert isinstance(decoded, DecodedText)
    assert (decoded.text, decoded.encoding) == (text, "utf-8")
