"""What holds for every format: chunks tile the stored text, a small change changes few of them, and hostile text ends as text."""

import json
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from syncd.core.chunking import Chunk, Layout, chunk_hash, make_layout
from syncd.core.paths import FORMAT_BY_EXTENSION
from tests.core.formats.writers import FORMATS, make_parts, make_sentence, write

_LINES = {
    "md": ["# T", "Setext", "===", "", "", "```py", "```", "- a", "  - b", "| a |", "|---|", "<h2 id=x>H</h2>", "<!--", "-->"],
    "mdx": ["import x from 'y'", "export const a = {", "}", "", "", "# H", "{", "{/* c */}", "<Tabs>", "</Tabs>", "```js", "```"],
    "rst": ["Title", "=====", "-----", "", "", ".. _a b:", ".. note:: x", "   body", "   .. code::", "", "     code", "* item",
            "text::", "===  ===", "a    b", "+--+--+", "| a|b |", "+==+==+", ".. list-table::", "   :header-rows: 1", "   * - a",
            "     - b", ">>> x", "..", ":f: v", "term", "    def", "\ttab", "`a <b>`_ :ref:`x` :doc:`y`"],
    "adoc": ["= T", "== S", "=== D [[x]]", "", "", "----", "....", "====", "--", "|===", "|a |b", "[source,py]", "[[id]]",
             ".Title", ":k: v", "* item", "+", "term:: d", "<<a,b>> xref:c.adoc#d[e]", "////", "```py", "```", "Old", "---"],
    "org": ["* H", "** TODO S :t:", "", "", "#+begin_src py", "#+end_src", "#+begin_quote", "#+end_quote", "#+TITLE: x",
            "#+NAME: n", "| a |", "|---|", "- i", "  more", ":PROPERTIES:", ":CUSTOM_ID: c", ":END:", "[[a][b]] <<t>>", ": x"],
    "html": ["<h1>", "</h1>", "<h2 id='a'>x</h2>", "<p>", "</p>", "<div>", "</div>", "<ul><li>", "</ul>", "<table><tr><th>a",
             "<td>b", "</tr>", "</table>", "<pre><code class='language-py'>", "</code></pre>", "<script>", "</script>", "<!--",
             "-->", "&amp;", "&lt", "<a href='x'>", "</a>", "<a name=q>", "<br/>", "<", '"', "<title>T</title>", "<a title='x>y'>"],
    "txt": ["", "", "text."],
}  # fmt: skip
_ANY_LINE = st.sampled_from(["text. More? Yes!", "é日本語\U0001f600", "word " * 12, "x" * 90, "\r", "\u2028", "\x0c"])
_SOURCE_LINES = st.lists(
    st.sampled_from(["# H\n", "text\n", "\n", 'é "q" \\n\n', "```\n", "x = 1", "\u2028", "\U0001f600\n", "- a\n"]),
    max_size=6,
)
_CELLS = st.fixed_dictionaries({
    "outputs": st.lists(st.text(max_size=80), max_size=2),
    "cell_type": st.sampled_from(["markdown", "code", "raw", "heading"]),
    "source": st.one_of(_SOURCE_LINES, _SOURCE_LINES.map("".join)),
    "z": st.none(),
})  # fmt: skip
_NOTEBOOKS = st.builds(
    lambda cells, indent, ascii_only: json.dumps({"cells": cells}, indent=indent, ensure_ascii=ascii_only),
    st.lists(_CELLS, max_size=5),
    st.sampled_from([None, 1]),
    st.booleans(),
)


def _texts(format_name: str) -> st.SearchStrategy[str]:
    if format_name == "ipynb":
        return _NOTEBOOKS
    lines = st.lists(st.one_of(st.sampled_from(_LINES[format_name]), _ANY_LINE), max_size=40)
    ends = ["\n", "\r\n", ""] if format_name == "html" else ["\n", "\r\n"]
    return st.builds(lambda end, some: end.join(some), st.sampled_from(ends), lines)


_DOCUMENTS = st.sampled_from(FORMATS).flatmap(lambda name: st.tuples(st.just(name), _texts(name)))


def _layout(text: str, format_name: str, **sizes: int) -> Layout:
    return make_layout(text, format=format_name, path=f"docs/page.{format_name}", **sizes)


def test_every_format_is_put_to_these_laws() -> None:
    assert set(FORMATS) == set(FORMAT_BY_EXTENSION.values()) == {*_LINES, "ipynb"}


@settings(deadline=None)
@given(_DOCUMENTS, st.integers(10, 200))
def test_chunks_tile_the_stored_text_on_its_lines_within_their_size(document: tuple[str, str], target: int) -> None:
    format_name, text = document
    layout = _layout(text, format_name, target_characters=target, max_characters=target * 2)
    assert not (layout.fallback and "failed" in layout.fallback)
    assert "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) == text
    assert all(first.char_to == second.char_from for first, second in pairwise(layout.chunks))
    for chunk in layout.chunks:
        assert chunk.line_from == text.count("\n", 0, chunk.char_from) + 1
        assert chunk.line_to == text.count("\n", 0, chunk.char_to - 1) + 1
        assert len(chunk.body) <= target * 2
        if format_name not in {"html", "ipynb"}:
            assert chunk.body == text[chunk.char_from : chunk.char_to]


@settings(deadline=None)
@given(_DOCUMENTS)
def test_whatever_is_said_of_a_document_stands_on_its_lines_and_can_be_stored(document: tuple[str, str]) -> None:
    format_name, text = document
    layout = _layout(text, format_name)
    lines = text.count("\n") + 1
    assert all(1 <= link.line <= lines for link in layout.links)
    assert all(1 <= anchor.line <= lines and anchor.name for anchor in layout.anchors)
    said = [layout.title, *layout.metadata, *layout.metadata.values(), *(anchor.name for anchor in layout.anchors)]
    assert all(len(one) <= 500 and "\n" not in one and "\0" not in one for one in said)
    assert _layout(text, format_name) == layout


@pytest.mark.parametrize("format_name", FORMATS)
# Shrinking a mean tells nothing: another seed is another set of documents.
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(st.integers(0, 2**32))
def test_an_inserted_sentence_changes_few_chunks_on_average(format_name: str, seed: int) -> None:
    chance = random.Random(seed)
    changed = []
    # Plain text has no titles for its cuts to return to: single edits change one chunk or several, and a mean of few is off.
    for _ in range(100 if format_name == "txt" else 20):
        parts = make_parts(chance, sections=6)
        before = _layout(write(parts, format_name), format_name).chunks
        place = chance.choice([number for number, (kind, _) in enumerate(parts) if kind == "text"])
        sentences = [*parts[place][1]]
        sentences.insert(chance.randint(0, len(sentences)), make_sentence(chance))
        parts[place] = ("text", sentences)
        after = _layout(write(parts, format_name), format_name).chunks
        changed.append(len(_hashes(after, format_name) - _hashes(before, format_name)))
    assert len(before) > 2
    assert sum(changed) / len(changed) <= 1.5


def _hashes(chunks: Sequence[Chunk], format_name: str) -> set[bytes]:
    return {chunk_hash(chunk, format_name) for chunk in chunks}


@pytest.mark.parametrize("format_name", FORMATS)
def test_each_made_up_document_is_cut_at_each_of_its_titles(format_name: str) -> None:
    parts = make_parts(random.Random(1), sections=6)
    titles = [lines[0] for kind, lines in parts if kind == "title"]
    trails = [chunk.headings for chunk in _layout(write(parts, format_name), format_name).chunks]
    assert list(dict.fromkeys(trails)) == ([()] if format_name == "txt" else [(title,) for title in titles])


_MEBIBYTE = 1024 * 1024
_UNITS = [
    "x",
    "word ",
    "[[a",
    "<<a,",
    "::",
    ":a:`",
    '<a "',
    "<!--",
    "<p>",
    "</p>",
    "&amp;",
    "{",
    "|",
    "= ",
    "\\",
    "* ",
    "=  ",
]
_HOSTILE_LINES = [
    "\n",
    "- x\n",
    "====\n",
    "* a\n",
    "<p>\n",
    ".. a::\n",
    "+--+\n",
    "=== ===\n",
    "#+begin_src\n",
    "{\n",
    ": b\n",
]


@pytest.mark.parametrize("format_name", sorted({*FORMATS} - {"md", "mdx", "txt"}))
@pytest.mark.parametrize("unit", [*_UNITS, *_HOSTILE_LINES])
def test_a_text_of_one_thing_over_and_over_ends(format_name: str, unit: str) -> None:
    text = unit * (_MEBIBYTE // 16 // len(unit))
    layout = _layout(text, format_name)
    assert "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) == text


_NESTED = {
    "html": "<div><ul><li>" * 10_000 + "x" + "</ul></div>" * 10_000,
    "ipynb": '{"cells": ' + "[" * 50_000 + "]" * 50_000 + "}",
    **dict.fromkeys(
        ("md", "mdx", "rst", "adoc", "org"), "".join(" " * min(depth, 300) + "- x\n" for depth in range(10_000))
    ),
}


@pytest.mark.parametrize("format_name", sorted(_NESTED))
def test_ten_thousand_nested_lists_end(format_name: str) -> None:
    text = _NESTED[format_name]
    layout = _layout(text, format_name)
    assert "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) == text


@pytest.mark.full
@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("unit", [*_UNITS, *_HOSTILE_LINES])
def test_five_mebibytes_of_one_thing_end(format_name: str, unit: str) -> None:
    text = unit * (5 * _MEBIBYTE // len(unit))
    assert sum(chunk.char_to - chunk.char_from for chunk in _layout(text, format_name).chunks) == len(text)


def test_aliases_in_front_matter_are_not_followed() -> None:
    bomb = "---\ntitle: T\na: &a [x]\n" + "".join(f"b{number}: [*a,*a,*a]\n" for number in range(999)) + "---\ntext\n"
    layout = _layout(bomb, "md")
    assert (layout.title, layout.metadata["b0"], len(layout.metadata)) == ("T", "*a, *a, *a", 64)
