"""Org is cut at its headings; blocks and tables stay whole; drawers give anchors."""

import pytest

from syncd.core.chunking import Layout, make_layout


def _layout(text: str, **sizes: int) -> Layout:
    return make_layout(text, format="org", path="docs/page.org", **sizes)


def test_each_heading_begins_a_chunk_with_its_trail() -> None:
    text = "#+TITLE: Page\n#+LANGUAGE: en\n#+OPTIONS: toc:nil\n\n* TODO [#A] *One* :tag:\n\na\n\n** Deep\n\nb\n\n* Two\n\nc\n"
    layout = _layout(text)
    assert [(chunk.header, chunk.anchor, chunk.line_from) for chunk in layout.chunks] == [
        ("Page > One", "one", 1),
        ("Page > One > Deep", "deep", 9),
        ("Page > Two", "two", 13),
    ]
    assert (layout.title, layout.language, dict(layout.metadata)) == ("Page", "en", {"title": "Page", "language": "en"})


def test_what_looks_like_a_heading_in_a_block_is_none_and_a_custom_id_is_the_anchor() -> None:
    text = "* Top\n:PROPERTIES:\n:CUSTOM_ID: own\n:END:\n\n#+begin_src org\n* No\n#+end_src\n\n - * no\n*bold* text\n"
    (chunk,) = _layout(text).chunks
    assert (chunk.headings, chunk.anchor) == (("Top",), "own")


def test_links_are_relative_urls() -> None:
    text = (
        "* Top\n[[file:a.org][A]] [[file:b.org::*Some Heading]] [[./c.org::#id][C]] [[#here]] [[*Two Words][two]]\n"
        '[[https://x.y][X]] [[file:i.png]]\n#+INCLUDE: "part.org" src\n#+begin_src org\n[[no]]\n#+end_src\n'
    )
    assert [(link.line, link.target) for link in _layout(text).links] == [
        (2, "a.org"),
        (2, "b.org#some-heading"),
        (2, "c.org#id"),
        (2, "#here"),
        (2, "#two-words"),
        (3, "https://x.y"),
        (4, "part.org"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        "#+NAME: x\n#+begin_src python\nfirst\n\nlast\n#+end_src\n",
        "#+begin_example\nfirst\n\nlast\n#+end_example\n",
        "#+CAPTION: All\n| a | b |\n|---+---|\n| 1 | 2 |\n#+TBLFM: $1=2\n",
        "#+BEGIN_QUOTE\nfirst\n\nlast\n#+END_QUOTE\n",
    ],
)
def test_a_block_that_fits_is_never_torn(block: str) -> None:
    for before in range(12):
        text = "* Top\n\n" + "Some words of prose.\n\n" * before + block + "\nMore words here.\n\n" * 12
        assert any(block in chunk.body for chunk in _layout(text, target_characters=120, max_characters=180).chunks)


def test_the_parts_of_a_block_that_is_too_long_stand_below_its_header() -> None:
    code = _layout("* T\n\n#+begin_src python\n" + "value = 1\n" * 400 + "#+end_src\n").chunks
    assert {chunk.header for chunk in code[1:]} == {"T\n#+begin_src python"}
    table = _layout("* T\n\n| Name | Meaning |\n|------+---|\n" + "| row | value |\n" * 300).chunks
    assert {chunk.header for chunk in table[1:]} == {"T\n| Name | Meaning |\n|------+---|"}
