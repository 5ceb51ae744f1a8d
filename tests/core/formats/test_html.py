"""Pages are cut at their headings, and shown as Markdown: without tags, scripts and styles, code in fences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.chunking import Layout, make_layout
from syncd.core.formats.html_tags import list_tags

SPANS = (
    "<span>",
    '<span class="k">',
    '<span class="id lang-c">',
    '<span id="a">',
    "</span>",
    "x",
    "&amp;",
    "<b>",
    "<",
    "<!--",
)
PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>My &amp; Page</title><meta name="description" content="About it">
<style>h1 { color: red }</style><script>document.write("<h1>no</h1>");</script></head>
<body><ul><li><a href="index.html#top">Home</a></li></ul>
<h1>Top</h1><p>a &lt;b&gt; <b>bo</b>ld</p>
<section id="install"><h2>Install<a class="headerlink" href="#install">¶</a></h2>
<div class="highlight-python"><pre><span>import</span> x
</pre></div>
<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table></section></body></html>
"""


def _layout(text: str, **sizes: int) -> Layout:
    return make_layout(text, format="html", path="docs/page.html", **sizes)


def test_a_page_is_cut_at_its_headings_and_shown_without_its_tags() -> None:
    layout = _layout(PAGE)
    assert (layout.title, layout.language, layout.metadata["description"]) == ("My & Page", "en", "About it")
    assert [(chunk.header, chunk.anchor, chunk.line_from) for chunk in layout.chunks] == [
        ("My & Page", None, 1),
        ("My & Page > Top", "top", 5),
        ("My & Page > Top > Install", "install", 6),
    ]
    assert [chunk.body.split() for chunk in layout.chunks] == [
        ["-", "Home"],
        ["#", "Top", "a", "<b>", "bold"],
        ["##", "Install", "```python", "import", "x", "```", "|", "A", "|", "B", "|", "1", "|", "2"],
    ]
    assert [(link.line, link.target, link.text) for link in layout.links] == [(4, "index.html#top", "Home")]


def test_headings_on_one_line_bound_sections_too() -> None:
    text = "<h1>A</h1><p>a</p><h2 id=x>B</h2><p>b</p><a name=y></a><h2>C</h2>c"
    chunks = _layout(text).chunks
    assert [(chunk.headings[-1], chunk.anchor, chunk.line_from, chunk.line_to) for chunk in chunks] == [
        ("A", "a", 1, 1),
        ("B", "x", 1, 1),
        ("C", "y", 1, 1),
    ]


@pytest.mark.parametrize(
    "block", ["<pre>first\n\nlast</pre>", "<table><tr><td>first</td></tr><tr><td>last</td></tr></table>"]
)
def test_a_block_that_fits_is_never_torn(block: str) -> None:
    for before in range(12):
        text = "<h1>T</h1>" + "<p>Some words of prose.</p>\n" * before + block + "<p>More words here.</p>\n" * 12
        chunks = _layout(text, target_characters=120, max_characters=180).chunks
        assert any("first" in chunk.body and "last" in chunk.body for chunk in chunks)


def test_a_table_that_is_too_long_is_cut_between_rows_below_its_header_row() -> None:
    rows = "".join(f"<tr><td>row {number}</td><td>value</td></tr>\n" for number in range(400))
    chunks = _layout(f"<h1>T</h1><table><thead><tr><th>Name</th></tr></thead><tbody>{rows}</tbody></table>").chunks
    assert len(chunks) > 2
    assert {chunk.header for chunk in chunks[1:]} == {"T\n| Name"}
    assert all(chunk.body.strip().startswith("| row") for chunk in chunks[1:])


def test_a_page_of_scripts_shows_nothing() -> None:
    (chunk,) = _layout("<script>alert(1)</script>").chunks
    assert (chunk.body, chunk.tokens) == ("", 0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('<a title="x > y" b>', ["a"]),
        ("a < b and c > d", []),
        ("<!-- <p> --><p>", ["", "p"]),
        ("<!-- open <p>", ["p"]),
        ("<script><p></script ><p>", ["script", "p"]),
        ("<br/><P CLASS=x>", ["br", "p"]),
        ("<a <b>", ["b"]),
        ("<?php x ?><!DOCTYPE html>", ["", ""]),
        ("<", []),
        ("<a", []),
    ],
)
def test_tags_are_found_as_browsers_do(text: str, names: list[str]) -> None:
    assert [tag.name for tag in list_tags(text)] == names


@given(st.lists(st.sampled_from(SPANS), max_size=30))
def test_a_run_of_spans_is_read_as_each_of_them_would_be(parts: list[str]) -> None:
    text = f"<h1>Top</h1><pre>{''.join(parts)}</pre><p>below</p>"
    # Two spaces make it a span that is read by itself.
    alone = text.replace("<span>", "<span  >").replace("<span class", "<span  class").replace("</span>", "</span >")
    assert [chunk.body for chunk in _layout(text).chunks] == [chunk.body for chunk in _layout(alone).chunks]
    assert sum(tag.tags for tag in list_tags(text)) == sum(1 for _ in list_tags(alone))


def test_each_span_of_a_run_counts_towards_the_limit_of_tags() -> None:
    assert _layout("<span></span>" * 200_000 + "x").fallback is None
    assert _layout("<span></span>" * 200_000 + "<b>x").fallback == "more than 400000 tags"
