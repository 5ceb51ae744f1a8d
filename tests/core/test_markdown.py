"""Markdown is cut at its headings; fences and tables stay whole; hostile text ends as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token

from syncd.core.anchors import make_slug
from syncd.core.chunking import Layout, make_layout
from syncd.core.frontmatter import parse_front_matter
from syncd.core.markdown_parser import make_parser

PIECES = ("prose", "é b", " ", "    ", "\t", "\n", "\n", "\n\n", "- ", "* ", "+ ", "-", "1. ", "2) ", "> ", "# ", "===", "---", "|", "a|b\n-|-\n",
          "```", "<div>", "<!--", "[a]: b", "[", "\\", "***", ":")  # fmt: skip


def _layout(text: str, *, is_mdx: bool = False) -> Layout:
    return make_layout(text, format="mdx" if is_mdx else "md", path="page.md")


def _places(text: str) -> list[tuple[str, str | None, int]]:
    return [(chunk.header, chunk.anchor, chunk.line_from) for chunk in _layout(text).chunks]


def _anchors(text: str) -> list[str | None]:
    return [chunk.anchor for chunk in _layout(text).chunks]


def test_each_heading_begins_a_chunk_with_its_trail() -> None:
    text = "# Top\n\nlead\n\n## One\n\na\n\n### Deep\n\nb\n\nTwo\n---\n\nc\n"
    assert _places(text) == [
        ("Top", "top", 1),
        ("Top > One", "one", 5),
        ("Top > One > Deep", "deep", 9),
        ("Top > Two", "two", 13),
    ]


def test_a_heading_with_nothing_but_deeper_headings_joins_the_first_of_them() -> None:
    assert _places("# Top\n\n## One\n\na\n\n## Two\n\nb\n") == [("Top > One", "one", 1), ("Top > Two", "two", 7)]
    assert _places("# A\n# B\n# C\n\nc\n") == [("A", "a", 1), ("A > B", "b", 2), ("A > C", "c", 3)]


def test_what_stands_before_the_first_heading_is_a_chunk_of_its_own() -> None:
    assert _places("lead\n\n## One\n") == [("page", None, 1), ("page > One", "one", 3)]


def test_front_matter_belongs_to_the_first_chunk_and_names_the_document() -> None:
    layout = _layout("---\ntitle: The Page\n---\n\n# Top\n\ntext\n")
    (chunk,) = layout.chunks
    assert (layout.title, layout.titled, chunk.header, chunk.char_from) == ("The Page", True, "The Page > Top", 0)
    assert chunk.line_to == 7


@pytest.mark.parametrize(
    ("matter", "title"),
    [
        ("---\ntitle: Plain # note\n---\n", "Plain"),
        ('---\nid: x\ntitle: "A \\"b\\": c"\n---\nx', 'A "b": c'),
        ("---\r\ntitle: 'it''s'\r\n---\r\n", "it's"),
        ("\ufeff---\ntitle: >-\n  two\n  lines\nnext: x\n...\n", "two lines"),
        ('+++\ntitle = "Toml"\n+++\n', "Toml"),
        ("---\ntitle:\n---\n", None),
        ("---\n# only a comment\n---\n", None),
        ("---\n\nA rule above, not a title: x\n\n---\n", None),
        ("---\ntitle: never closed\n", None),
        ("text\n---\ntitle: no\n---\n", None),
    ],
)
def test_the_title_in_front_matter_is_read_as_its_author_meant_it(matter: str, title: str | None) -> None:
    assert parse_front_matter(matter).title == title


def test_a_rule_of_dashes_is_no_front_matter() -> None:
    assert parse_front_matter("---\n\nProse here.\n\n---\n").char_to == 0
    assert parse_front_matter("---\n---\nx").char_to == 8


def test_headings_in_code_html_comments_lists_and_quotes_bound_nothing() -> None:
    text = "# Top\n\n```\n# code\n```\n\n    # code\n\n<!--\n# no\n-->\n\n- # item\n\n> # quote\n"
    assert [chunk.headings for chunk in _layout(text).chunks] == [("Top",)]


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("The `get()` method", "the-get-method"),
        ("a_b - c", "a_b---c"),
        ("[Link](x.md) *and* **more**", "link-and-more"),
        ("1.2.0 (2024-01-01)", "120-2024-01-01"),
        ("Übersicht & É", "übersicht--é"),
        ("日本語 の", "日本語-の"),
        ("R&amp;D \\* x", "rd--x"),
        ("<em>html</em> tag", "html-tag"),
        ("![img](x.png) shown", "shown"),
    ],
)
def test_an_anchor_is_the_one_github_makes(heading: str, slug: str) -> None:
    assert _anchors(f"# {heading}\n\nx\n") == [slug]


def test_equal_headings_get_numbered_anchors() -> None:
    text = "# A\n\nx\n\n# A\n\nx\n\n# A-1\n\nx\n\n# A\n\nx\n\n- # A\n\n# A\n"
    assert _anchors(text) == ["a", "a-1", "a-1-1", "a-2", "a-4"]


@pytest.mark.parametrize(
    "heading",
    ["## T {#own}", "## T {: #own }", "## T {/* #own */}", '<a name="own"></a>\n\n## T', "<a id='own'></a>\n## T",
     '## <a name="own"></a>T', '<h2 id="own" align="center">T</h2>', "T {#own}\n---"],
)  # fmt: skip
def test_an_explicit_anchor_wins_and_leaves_the_text_of_the_heading(heading: str) -> None:
    first, second = _layout(f"# Top\n\nlead\n\n{heading}\n\ntext\n").chunks
    assert (second.anchor, second.headings) == ("own", ("Top", "T"))
    assert first.body == "# Top\n\nlead\n\n"


def test_a_heading_without_letters_has_no_anchor_and_no_place_in_the_trail() -> None:
    chunk = _layout("#\n\ntext\n").chunks[0]
    assert (chunk.anchor, chunk.headings, chunk.header) == (None, (), "page")


def test_an_html_heading_names_the_document() -> None:
    layout = _layout('<h1 align="center">\n  <img src="x"> My&nbsp;Tool\n</h1>\n\ntext\n')
    assert (layout.title, layout.titled, layout.chunks[0].anchor) == ("My Tool", True, "my-tool")


@given(st.integers(0, 60), st.integers(1, 110), st.sampled_from(["", "- item\n\n  ", "> "]))
def test_a_fence_that_fits_is_never_torn(before: int, lines: int, lead: str) -> None:
    inside = {"": "", "> ": "> "}.get(lead, "  ")
    fence = "```py\n" + f"{inside}value = 1  # words\n" * (lines - lines % 2) + f"{inside}\n" + f"{inside}```\n"
    text = "# Top\n\n" + "Some sentence of prose.\n\n" * before + lead + fence + "\nMore prose.\n" * 80
    marks = [chunk.body.count("```") for chunk in _layout(text).chunks]
    if len(fence) <= 2300:
        assert sorted(marks, reverse=True)[:2] in ([2], [2, 0])


def test_blank_lines_behind_a_block_do_not_tear_it() -> None:
    fence = "```\n" + "code\n\n" * 390 + "```\n"
    chunks = _layout("lead\n\n" * 100 + fence + "\n" * 900 + "end\n").chunks
    assert any(fence in chunk.body for chunk in chunks)


def test_a_fence_that_is_too_long_is_cut_between_lines() -> None:
    chunks = _layout("```\n" + "a line of code\n" * 400 + "```\n").chunks
    assert len(chunks) > 2
    assert all(chunk.body.endswith("\n") for chunk in chunks)


def test_a_table_that_is_too_long_is_cut_between_rows_and_repeats_its_header_row() -> None:
    rows = "".join(f"| row {number} | value |\n" for number in range(300))
    chunks = _layout("# T\n\n| Name | Meaning |\n|---|---|\n" + rows + "\nafter\n").chunks
    assert chunks[0].header == "T"
    assert {chunk.header for chunk in chunks[1:]} == {"T\n| Name | Meaning |"}
    assert all(chunk.body.startswith("| row") for chunk in chunks[1:])


def test_a_long_list_is_cut_between_items() -> None:
    chunks = _layout("- an item of the list\n\n  ```\n  code\n  ```\n\n" * 100).chunks
    assert len(chunks) > 2
    assert all(chunk.body.startswith("- an item") for chunk in chunks)


def test_links_are_listed_as_written_with_their_line() -> None:
    text = (
        "---\ntitle: T\n---\n# Head [h](h.md)\n\nOne [two\nthree](a%20b.md#c 'title') and `[no](code)`\n"
        "and <https://x.y/ü> ![no](image.png)\n[![alt](i.svg)](badge.md)\n\n```\n[no](fence)\n```\n\n"
        "> - [quoted](<q r.md>) \\[no](x)\n\n| [cell](c.md) |\n|---|\n| [row](r.md) |\n\n[Ref]: ../ref.md 'T'\n[use][Ref]\n"
    )
    assert [(link.line, link.target, link.text) for link in _layout(text).links] == [
        (4, "h.md", "h"),
        (6, "a%20b.md#c", "two three"),
        (8, "https://x.y/ü", "https://x.y/ü"),
        (9, "badge.md", "alt"),
        (15, "q r.md", "quoted"),
        (17, "c.md", "cell"),
        (19, "r.md", "row"),
        (21, "../ref.md", "Ref"),
    ]


def test_links_beyond_what_may_be_scanned_are_left_out() -> None:
    assert _layout("[a](b)" + "!" * 9000).links == ()
    assert _layout("[a](b) " * 300).links == ()
    assert len(_layout(("[a](b)" + "." * 8000 + "\n\n") * 80).links) == 65
    assert len(_layout("[a](b)\n\n" * 24_000).links) == 20_000


def test_mdx_has_no_indented_code() -> None:
    text = "<Tabs>\n\n    ## Inside\n\n    [a](b)\n\n</Tabs>\n"
    assert _layout(text).links == ()
    assert [link.target for link in _layout(text, is_mdx=True).links] == ["b"]


def test_carriage_returns_and_a_byte_order_mark_move_no_line() -> None:
    layout = _layout("\ufeff# A\r\n\r\none\rtwo\r\n\r\n## B\r\n\r\n[x](y)\r\n")
    assert [(chunk.headings, chunk.line_from, chunk.line_to) for chunk in layout.chunks] == [
        (("A",), 1, 4),
        (("A", "B"), 5, 7),
    ]
    assert [link.line for link in layout.links] == [7]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (">" * 10_000 + " a\n\n# H\n", "nested deeper than 40 levels"),
        ("- " * 10_000 + "a\n", "nested deeper than 40 levels"),
        ("".join("  " * depth + "- a\n" for depth in range(60)), "nested deeper than 40 levels"),
        ("# a\n" * 20_001, "more than 20000 headings"),
        ("a\n" * 50_001, "more than 50000 lines"),
    ],
)
def test_hostile_structure_is_cut_as_plain_text_and_says_why(text: str, reason: str) -> None:
    layout = _layout(text)
    assert layout.fallback == reason
    assert "".join(chunk.body for chunk in layout.chunks) == text


@pytest.mark.parametrize(
    ("unit", "kibibytes"),
    [
        *((unit, 1024) for unit in ("x", "[", "![", "`a", "<a", "<h1>", "&", "\\")),
        *((unit, 256) for unit in ("# ", "word ", "| ", "*a_ ")),
        *(pytest.param(unit, 1024, marks=pytest.mark.full) for unit in ("# ", "word ", "| ", "*a_ ")),
    ],
)
def test_one_long_line_is_cut(unit: str, kibibytes: int) -> None:
    text = unit * (kibibytes * 1024 // len(unit))
    layout = _layout(text)
    assert "".join(chunk.body for chunk in layout.chunks) == text
    assert len(layout.title) <= 200


def test_a_slug_keeps_marks_and_connectors() -> None:
    assert make_slug("हिन्दी ‿ a") == "हिन्दी-‿-a"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Top\n\n## Sub\n", "Top"),
        ("Lead.\n\n## Sub\n\n# Late but first of its level\n", "Late but first of its level"),
        ("## Opens the page\n\ntext\n", "Opens the page"),
        ("!!! hint\n\n    x\n\n## Why use a client?\n", "clients"),
        ("Only text.\n", "clients"),
    ],
)
def test_a_section_further_down_does_not_name_the_page(text: str, title: str) -> None:
    layout = make_layout(text, format="md", path="docs/clients.md")
    assert (layout.title, layout.titled) == (title, title != "clients")


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), st.booleans())
def test_prose_that_is_taken_at_once_is_what_the_parser_would_make_of_it(text: str, is_mdx: bool) -> None:
    asking = make_parser.__wrapped__(is_mdx=is_mdx)
    asking.disable("prose")
    tokens: tuple[list[Token], list[Token]] = ([], [])
    for parser, made in zip((make_parser(is_mdx=is_mdx), asking), tokens, strict=True):
        parser.block.parse(text, parser, {}, made)
    assert tokens[0] == tokens[1]
