"""A notebook is cut as the Markdown that it shows; its chunks tile the JSON that is stored."""

import json

import pytest

from syncd.core.chunking import Layout, make_layout

_CELLS: list[dict[str, object]] = [
    {"cell_type": "markdown", "source": ["# Top\n", "\n", 'Some é "words" [l](a.md)\n']},
    {"cell_type": "code", "outputs": [{"data": {"image/png": "A" * 50_000}}], "source": ["import x\n", 'print("\\n")']},
    {"cell_type": "markdown", "source": "## Two\n\ntext\n\n```sh\nls\n```"},
    {"cell_type": "code", "outputs": [], "source": "z = '''\n```\n'''"},
    {"cell_type": "code", "outputs": [], "source": []},
]
_SHOWN = [
    '# Top\n\nSome é "words" [l](a.md)\n\n\n```python\nimport x\nprint("\\n")\n```\n\n',
    "## Two\n\ntext\n\n```sh\nls\n```\n\n````python\nz = '''\n```\n'''\n````\n",
]


def _make(cells: list[dict[str, object]], **form: object) -> str:
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}, **form)  # type: ignore[arg-type]


def _layout(text: str) -> Layout:
    return make_layout(text, format="ipynb", path="docs/page.ipynb")


@pytest.mark.parametrize("form", [{"indent": 1}, {"indent": 1, "sort_keys": True, "ensure_ascii": False}, {}])
def test_a_notebook_is_shown_as_markdown_without_what_it_put_out(form: dict[str, object]) -> None:
    text = _make(_CELLS, **form)
    layout = _layout(text)
    assert (layout.title, layout.language, dict(layout.metadata)) == ("Top", "python", {"kernel": "Python 3"})
    assert [(chunk.header, chunk.anchor) for chunk in layout.chunks] == [("Top", "top"), ("Top > Two", "two")]
    assert [chunk.body for chunk in layout.chunks] == _SHOWN
    assert "".join(text[chunk.char_from : chunk.char_to] for chunk in layout.chunks) == text


def test_lines_are_those_of_the_file() -> None:
    text = _make(_CELLS, indent=1)
    layout = _layout(text)
    lines = text.split("\n")
    assert "[l](a.md)" in lines[layout.links[0].line - 1]
    # A heading that begins a cell stands where the cell does.
    second = next(one.line for one in layout.anchors if one.name == "two")
    assert second == layout.chunks[1].line_from
    assert [line.strip() for line in lines[second - 1 : second + 1]] == ["{", '"cell_type": "markdown",']


def test_a_notebook_of_version_3_is_read_too() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": ["Old"]}, {"cell_type": "code", "input": ["x = 1"]}]
    (chunk,) = _layout(json.dumps({"worksheets": [{"cells": cells}], "metadata": {}})).chunks
    assert (chunk.headings, chunk.body) == (("Old",), "## Old\n\n```\nx = 1\n```\n")


def test_a_pair_of_surrogates_is_one_character_and_half_of_one_is_none() -> None:
    text = '{"cells": [{"cell_type": "markdown", "source": "\\ud83d\\ude00 \\ud83d \\u0000"}]}'
    assert [chunk.body for chunk in _layout(text).chunks] == ["\U0001f600 \ufffd \ufffd\n"]


def test_metadata_holds_only_what_can_be_stored() -> None:
    text = '{"cells": [{"source": "x"}], "metadata": {"title": "a\\u0000b", "by": "\\ud800", "n": 1}}'
    layout = _layout(text)
    assert (layout.title, dict(layout.metadata)) == ("a\ufffdb", {"title": "a\ufffdb", "by": "?", "n": "1"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"cells": [', "it is no JSON: line 1: Expecting value"),
        ("[" * 100_000, "it is no JSON: it is nested too deep"),
        ("{}", "it is no notebook: it has no cells"),
        ('{"cells": [1, [2], "x"]}', "it is no notebook: it has no cells"),
        ("[1]", "it is no notebook: it has no cells"),
    ],
)
def test_what_is_no_notebook_is_kept_as_text_with_the_reason(text: str, reason: str) -> None:
    layout = _layout(text)
    assert layout.fallback == reason
    assert "".join(chunk.body for chunk in layout.chunks) == text


@pytest.mark.parametrize(
    "cell", [{"source": 1}, {"source": {"a": "b"}}, {"cell_type": 1, "source": ["x"]}, {"level": -1}]
)
def test_odd_cells_do_no_harm(cell: dict[str, object]) -> None:
    text = _make([cell, {"cell_type": "markdown", "source": "# Fine"}])
    assert _layout(text).title == "Fine"
