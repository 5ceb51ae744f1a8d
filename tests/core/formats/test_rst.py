"""reStructuredText is cut at its titles; directives, literal blocks and tables stay whole; labels and roles are links."""

import pytest

from syncd.core.chunking import Layout, make_layout
from syncd.core.outline import LinkKind


def _layout(text: str, **sizes: int) -> Layout:
    return make_layout(text, format="rst", path="docs/page.rst", **sizes)


def _places(text: str) -> list[tuple[str, str | None, int]]:
    return [(chunk.header, chunk.anchor, chunk.line_from) for chunk in _layout(text).chunks]


def test_levels_are_those_of_the_adornments_in_the_order_in_which_they_come() -> None:
    text = "===\nTop\n===\n\na\n\nOne\n===\n\nb\n\nDeep\n~~~~\n\nc\n\nTwo\n===\n\nd\n"
    assert _places(text) == [
        ("Top", "top", 1),
        ("Top > One", "one", 7),
        ("Top > One > Deep", "deep", 12),
        ("Top > Two", "two", 17),
    ]


def test_what_looks_like_a_title_in_code_or_in_a_table_or_in_a_list_is_none() -> None:
    text = (
        "Top\n===\n\nSo::\n\n   No\n   ==\n\n.. code-block:: rst\n\n   No\n   --\n\n- item\n  ----\n\n"
        "=====  =====\na      b\n=====  =====\n1      2\n=====  =====\n\n.. comment\n   No\n   --\n\n----\n\nafter\n"
    )
    assert {chunk.headings for chunk in _layout(text).chunks} == {("Top",)}


def test_labels_fields_and_index_entries_above_a_title_belong_to_it() -> None:
    text = ":orphan:\n\n.. _start:\n.. index:: x\n\nTop\n===\n\na\n\n.. _Next Part:\n\nNext\n----\n\nb\n"
    layout = _layout(text)
    assert [chunk.line_from for chunk in layout.chunks] == [1, 11]
    labels = [(anchor.name, anchor.line) for anchor in layout.anchors if anchor.is_label]
    assert labels == [("start", 3), ("next part", 11)]
    assert {anchor.name for anchor in layout.anchors if not anchor.is_label} == {"top", "next"}


def test_the_fields_at_the_head_are_metadata() -> None:
    layout = _layout(
        "Top\n===\n\n:Author: Ann\n:lang: de\n\n.. meta::\n   :description: All of it\n\ntext\n\n:late: no\n"
    )
    assert (dict(layout.metadata), layout.language) == (
        {"author": "Ann", "lang": "de", "description": "All of it", "late": "no"},
        "de",
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The ``get()`` :meth:`method`", "The get() method"),
        ("`Link <https://x.y>`_ and *more* **words**", "Link and more words"),
        ("See Python_ |version|", "See Python version"),
        ("snake_case and f(*args)", "snake_case and f(*args)"),
    ],
)
def test_the_text_of_a_title_is_what_a_reader_sees(written: str, shown: str) -> None:
    (chunk,) = _layout(f"{written}\n{'=' * len(written)}\n\nx\n").chunks
    assert chunk.headings == (shown,)


def test_roles_references_and_directives_are_links() -> None:
    text = (
        "Top\n===\n\nSee :doc:`/guide/start` or :doc:`that <../b>`, :ref:`a label <My-Label>`, :ref:`other`,\n"
        ":any:`thing`, :download:`x.zip`, `Python\nsite <https://python.org>`__ and `a <b_>`_, ``:doc:`no```.\n\n"
        ".. toctree::\n   :maxdepth: 2\n\n   Named <intro>\n   api/index\n   self\n   glob/*\n\n"
        ".. include:: part.txt\n\n.. _Home: https://home\n\n.. code-block:: rst\n\n   :doc:`no`\n"
    )
    assert [(link.line, link.kind, link.target, link.text) for link in _layout(text).links] == [
        (4, LinkKind.URL, "/guide/start", "/guide/start"),
        (4, LinkKind.URL, "../b", "that"),
        (4, LinkKind.LABEL, "my-label", "a label"),
        (4, LinkKind.LABEL, "other", "other"),
        (5, LinkKind.ANY, "thing", "thing"),
        (5, LinkKind.URL, "x.zip", "x.zip"),
        (5, LinkKind.URL, "https://python.org", "Python site"),
        (11, LinkKind.URL, "intro", "Named"),
        (12, LinkKind.URL, "api/index", "api/index"),
        (16, LinkKind.URL, "part.txt", "part.txt"),
        (18, LinkKind.URL, "https://home", "Home"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        ".. code-block:: python\n   :linenos:\n\n   first = 1\n\n   last = 2\n",
        "Code::\n\n   first\n\n   last\n",
        "+-----+-----+\n| a   | b   |\n+=====+=====+\n| 1   | 2   |\n+-----+-----+\n",
        "===  ===\na    b\n===  ===\n1    2\n\n3    4\n===  ===\n",
        ".. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n   * - 1\n     - 2\n",
        ".. note::\n\n   one\n\n   - two\n\n     three\n",
    ],
)
def test_a_block_that_fits_is_never_torn(block: str) -> None:
    for before in range(12):
        text = "Top\n===\n\n" + "Some words of prose.\n\n" * before + block + "\nMore words here.\n\n" * 12
        chunks = _layout(text, target_characters=120, max_characters=180).chunks
        parts = block.split("\n\n   ", 1) if block.startswith("Code") else [block]
        assert any(parts[-1].strip() in chunk.body for chunk in chunks)


def test_the_parts_of_a_block_that_is_too_long_stand_below_its_header() -> None:
    code = "Top\n===\n\n.. code-block:: python\n\n" + "   value = 1\n" * 400
    assert {chunk.header for chunk in _layout(code).chunks[1:]} == {"Top\n.. code-block:: python"}
    rows = "".join(f"   * - name {number}\n     - meaning\n" for number in range(200))
    table = "Top\n===\n\n.. list-table::\n   :header-rows: 1\n\n   * - Name\n     - Meaning\n" + rows
    after = _layout(table).chunks[1:]
    assert all(chunk.header.endswith("* - Name\n     - Meaning") for chunk in after)
    assert all(chunk.body.startswith("   * - name") for chunk in after)


def test_a_directive_that_nobody_knows_is_read_as_what_it_holds() -> None:
    text = ".. py:class:: Client(x)\n   :module: a\n\n   Does :doc:`much`.\n\n   .. tabs::\n\n      .. code-tab:: sh\n\n         ls\n"
    layout = _layout(text)
    assert [link.target for link in layout.links] == ["much"]
    assert "".join(chunk.body for chunk in layout.chunks) == text
