"""Chunks tile their document, keep within their size, and stay what they are."""

from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.chunking import Chunk, Layout, chunk_hash, make_layout
from syncd.core.lines import line_at, line_starts
from syncd.core.paths import FORMAT_BY_EXTENSION

_LICENSE = Path(__file__).parents[2] / "LICENSE"
_MARKDOWN_LINES = st.sampled_from([
    "# Title", "## Sub", "### Sub {#id}", "Setext", "====", "---", "+++", "title: A", "", "", "text.", "More. Text! Here?",
    "- item", "  - nested", "1. one", "> quote", "```", "~~~ py", "    code", "\tcode", "| a | b |", "|---|---|", "<div>",
    "</div>", "<!-- open", "-->", '<a name="x"></a>', "[a](b)", "[a]: b", "<https://a.b>", "![i](j)", "`", "\ufeff", "\r",
    "é日本語", "word " * 12, "x" * 90, "<h1>H</h1>", "{#id}", "\x0c", "\u2028",
])  # fmt: skip
_MARKDOWN = st.lists(_MARKDOWN_LINES, max_size=40).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(lines))
)
_TEXTS = st.one_of(st.text(max_size=300), _MARKDOWN)
_FORMATS = st.sampled_from(sorted(set(FORMAT_BY_EXTENSION.values())))
_SIZES = st.integers(1, 120)
# What is searched of these is what their readers see, and not the text that is stored.
RENDERED = {"html", "ipynb"}


def _layout(text: str, *, format: str = "md", path: str = "docs/page.md") -> Layout:  # noqa: A002 - as the chunker
    return make_layout(text, format=format, path=path)


def _chunk(text: str, *, format: str = "md") -> Chunk:  # noqa: A002 - as the chunker
    return _layout(text, format=format).chunks[0]


@given(_TEXTS, _FORMATS, _SIZES)
def test_the_chunks_of_any_text_tile_it_within_the_maximum(text: str, document_format: str, target: int) -> None:
    maximum = target * 3 // 2
    layout = make_layout(text, format=document_format, path="p", target_characters=target, max_characters=maximum)
    assert "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) == text
    assert [chunk.ordinal for chunk in layout.chunks] == list(range(len(layout.chunks)))
    assert all(first.char_to == second.char_from for first, second in pairwise(layout.chunks))
    for chunk in layout.chunks:
        assert chunk.char_from < chunk.char_to
        if document_format not in RENDERED:
            assert chunk.body == text[chunk.char_from : chunk.char_to]
            assert len(chunk.body) <= maximum


@given(_TEXTS, _FORMATS, _SIZES)
def test_line_ranges_agree_with_offsets(text: str, document_format: str, target: int) -> None:
    layout = make_layout(text, format=document_format, path="p", target_characters=target, max_characters=target * 2)
    for chunk in layout.chunks:
        assert chunk.line_from == text.count("\n", 0, chunk.char_from) + 1
        assert chunk.line_to == text.count("\n", 0, chunk.char_to - 1) + 1
        assert chunk.tokens == ceil(len(chunk.body) / 4)


@given(_TEXTS, _FORMATS)
def test_the_same_text_is_always_cut_the_same_way(text: str, document_format: str) -> None:
    assert _layout(text, format=document_format) == _layout(text, format=document_format)


@given(_TEXTS, _FORMATS)
def test_headers_titles_and_links_are_single_lines_of_bounded_length(text: str, document_format: str) -> None:
    layout = _layout(text, format=document_format)
    assert len(layout.title) <= 200
    assert "\n" not in layout.title
    assert all(len(heading) <= 200 and "\n" not in heading for chunk in layout.chunks for heading in chunk.headings)
    lines = text.split("\n")
    assert all(1 <= link.line <= len(lines) and "\n" not in link.text for link in layout.links)


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_the_starts_of_lines_are_where_line_feeds_end(text: str) -> None:
    starts = line_starts(text)
    assert [line_at(starts, start) for start in starts] == list(range(1, len(starts) + 1))
    lines = [text[begin:end] for begin, end in pairwise([*starts, len(text)])] if text else []
    assert all(line.endswith("\n") for line in lines[:-1])
    assert not any("\n" in line[:-1] for line in lines)


def test_an_empty_text_has_no_chunks() -> None:
    assert _layout("") == Layout(title="page", titled=False, chunks=(), links=())


def test_a_text_that_fits_is_one_chunk() -> None:
    (chunk,) = _layout("a\n\nb\n" * 400, format="txt", path="notes/to do.txt").chunks
    assert (chunk.header, chunk.headings, chunk.anchor, chunk.line_from, chunk.line_to) == ("to do", (), None, 1, 1200)


def test_plain_text_is_cut_between_paragraphs() -> None:
    text = _LICENSE.read_text(encoding="utf-8")
    bodies = [chunk.body for chunk in _layout(text, format="txt").chunks]
    assert len(bodies) > 5
    assert all(body.endswith("\n\n") for body in bodies[:-1])
    assert all(len(body) <= 2400 for body in bodies)


def test_a_long_line_is_cut_between_sentences_then_words_then_anywhere() -> None:
    sentences = [chunk.body for chunk in _layout("One two three. " * 400, format="txt").chunks]
    words = [chunk.body for chunk in _layout("word " * 1000, format="txt").chunks]
    letters = [chunk.body for chunk in _layout("x" * 5000, format="txt").chunks]
    assert all(body.endswith(". ") for body in sentences)
    assert all(body.endswith("word ") for body in words)
    assert [len(body) for body in letters] == [2400, 2400, 200]


def test_a_hard_cut_does_not_part_a_carriage_return_from_its_line_feed() -> None:
    text = "x" * 2399 + "\r\n" + "y" * 2400
    layout = make_layout(text, format="txt", path="p", target_characters=2400)
    assert not any(chunk.body.startswith("\n") for chunk in layout.chunks)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("docs/quick start.v2.md", "quick start.v2"),
        ("README.md", "README"),
        ("bad\udcff.md", "bad\ufffd"),
        ("", "untitled"),
    ],
)
def test_a_text_without_a_title_is_called_by_the_stem_of_its_file(path: str, title: str) -> None:
    layout = _layout("words", path=path)
    assert (layout.title, layout.titled, layout.chunks[0].header) == (title, False, title)


def test_the_hash_of_a_chunk_tells_header_body_and_format_apart() -> None:
    chunk = _chunk("# A\n\nbody\n")
    other_body, other_header = _chunk("# A\n\nbody2\n"), _chunk("# A \\# b\n\nbody\n")
    hashes = {
        chunk_hash(chunk, "md"),
        chunk_hash(chunk, "txt"),
        chunk_hash(other_body, "md"),
        chunk_hash(other_header, "md"),
    }
    assert {len(digest) for digest in hashes} == {32}
    assert len(hashes) == 4


def test_the_hash_of_a_chunk_does_not_depend_on_where_it_stands() -> None:
    first, moved = _layout("# A\n\na\n\n# B\n\nb\n"), _layout("# A\n\nlonger\n\na\n\n# B\n\nb\n")
    assert first.chunks[1].line_from != moved.chunks[1].line_from
    assert chunk_hash(first.chunks[1], "md") == chunk_hash(moved.chunks[1], "md")
