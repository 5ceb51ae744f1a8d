"""AsciiDoc is cut at its headings; delimited blocks stay whole with what is said of them; anchors and macros are links."""

import pytest

from syncd.core.chunking import Layout, make_layout


def _layout(text: str, **sizes: int) -> Layout:
    return make_layout(text, format="adoc", path="docs/page.adoc", **sizes)


def test_each_heading_begins_a_chunk_with_its_trail() -> None:
    text = "= Top\n\na\n\n== One\n\nb\n\n=== Deep\n\nc\n\nTwo\n---\n\nd\n"
    assert [(chunk.header, chunk.anchor, chunk.line_from) for chunk in _layout(text).chunks] == [
        ("Top", "top", 1),
        ("Top > One", "one", 5),
        ("Top > One > Deep", "deep", 9),
        ("Top > Two", "two", 13),
    ]


def test_what_looks_like_a_heading_in_a_block_is_none() -> None:
    fences = "".join(
        f"{mark}\n== No\n\ntext\n{mark}\n\n" for mark in ("----", "....", "====", "****", "////", "--", "++++")
    )
    assert {chunk.headings for chunk in _layout(f"= Top\n\n{fences}|===\n|== no\n|===\n").chunks} == {("Top",)}


def test_the_header_of_a_document_is_metadata() -> None:
    layout = _layout("= Top\nAnn <ann@example.com>\n:lang: fr\n:description: All of it\n:toc:\n\ntext\n")
    assert (layout.title, layout.language) == ("Top", "fr")
    assert dict(layout.metadata) == {"lang": "fr", "description": "All of it"}


@pytest.mark.parametrize(
    "heading", ["[[own]]\n== T", "[#own]\n== T", "[id=own]\n== T", "== [[own]]T", "[#own.role]\n.Name\n== T"]
)
def test_an_explicit_anchor_wins(heading: str) -> None:
    last = _layout(f"= Top\n\nlead\n\n{heading}\n\ntext\n").chunks[-1]
    assert (last.anchor, last.headings, last.line_from) == ("own", ("Top", "T"), 5)


def test_every_name_that_a_link_may_end_in_is_known() -> None:
    layout = _layout("= Top\n\n[[block]]\n.Name\n----\nx\n----\n\nText [[inline]] here.\n\n== Two words\n")
    assert {anchor.name for anchor in layout.anchors} == {"top", "_top", "block", "inline", "two-words", "_two_words"}


def test_macros_are_links() -> None:
    text = (
        "= Top\n\nxref:a.adoc#b[A b], <<there>>, <<c.adoc#d,C d>>, xref:here[],\nlink:e.html[E], https://x.y/z[Z].\n\n"
        "include::part.adoc[]\n\n----\nxref:no.adoc[]\n----\n"
    )
    assert [(link.line, link.target, link.text) for link in _layout(text).links] == [
        (3, "a.adoc#b", "A b"),
        (3, "#there", "#there"),
        (3, "c.adoc#d", "C d"),
        (3, "#here", "#here"),
        (4, "e.html", "E"),
        (4, "https://x.y/z", "Z"),
        (6, "part.adoc", "part.adoc"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        ".Listing\n[source,python]\n----\nfirst\n\nlast\n----\n",
        "....\nfirst\n\nlast\n....\n",
        '[cols="1,1"]\n|===\n|A |B\n\n|1 |2\n|===\n',
        "====\nfirst\n\n----\ncode\n\nmore\n----\n====\n",
        "```python\nfirst\n\nlast\n```\n",
    ],
)
def test_a_block_that_fits_is_never_torn(block: str) -> None:
    for before in range(12):
        text = "= Top\n\n" + "Some words of prose.\n\n" * before + block + "\nMore words here.\n\n" * 12
        assert any(block in chunk.body for chunk in _layout(text, target_characters=120, max_characters=180).chunks)


def test_the_parts_of_a_block_that_is_too_long_stand_below_its_header() -> None:
    code = _layout("= T\n\n[source,python]\n----\n" + "value = 1\n" * 400 + "----\n").chunks
    assert {chunk.header for chunk in code[1:]} == {"T\n[source,python]\n----"}
    table = _layout("= T\n\n|===\n|Name |Meaning\n\n" + "|row |value\n" * 400 + "|===\n").chunks
    assert {chunk.header for chunk in table[1:]} == {"T\n|===\n|Name |Meaning"}
    assert all(chunk.body.startswith("|row") for chunk in table[1:])


def test_a_block_that_never_ends_is_prose() -> None:
    layout = _layout("= Top\n\n----\nopen\n\n== Two\n\ntext\n")
    assert [chunk.headings for chunk in layout.chunks] == [("Top",), ("Top", "Two")]
