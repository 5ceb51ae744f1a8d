"""In MDX, what is program is no prose: imports, exports, expressions over several paragraphs."""

from syncd.core.chunking import Layout, make_layout


def _layout(text: str) -> Layout:
    return make_layout(text, format="mdx", path="docs/page.mdx")


def test_a_heading_inside_of_program_is_none() -> None:
    text = (
        "---\ntitle: T\n---\nimport X from 'x'\n\nexport const meta = {\n\n# no\n\n}\n\n# Yes\n\n{/* comment\n\n# no\n\n*/}\n\n"
        "<Tabs>\n\n## Inside\n\ntext\n\n</Tabs>\n\n```js\nexport const a = {\n\n# no\n```\n"
    )
    assert [chunk.headings for chunk in _layout(text).chunks] == [("Yes",), ("Yes", "Inside")]


def test_braces_that_never_close_are_prose() -> None:
    assert [chunk.headings for chunk in _layout("{ open\n\n# Heading\n\ntext\n").chunks] == [(), ("Heading",)]


def test_an_expression_in_a_paragraph_stays_in_it() -> None:
    assert [link.target for link in _layout("{value} and [a](b.mdx)\n").links] == ["b.mdx"]
