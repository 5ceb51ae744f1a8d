from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.paths import find_path_fault
from syncd.core.references import (
    BlobUrl,
    Reference,
    format_chunk_id,
    format_document_id,
    list_readings,
    list_spellings,
    parse_blob_url,
    parse_lines,
    split_project,
)

PROJECT_CHARACTERS = "abcABC019._-"
projects = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
paths = (
    st.text(st.characters(codec="utf-8") | st.sampled_from("/#@v:L-%."), min_size=1, max_size=40)
    .map(lambda path: path.strip())
    .filter(lambda path: path and find_path_fault(path) is None)
)
line_ranges = st.tuples(st.integers(1, 99_999), st.integers(0, 9_999)).map(lambda pair: (pair[0], pair[0] + pair[1]))
versions = st.integers(1, 10**8)


@given(projects, paths)
def test_the_first_reading_of_an_id_is_the_exact_path(project: str, path: str) -> None:
    readings = list_readings(format_document_id(project, path))

    assert readings[0] == Reference(f"{project}/{path}")
    assert split_project(readings[0].name) == (project, path)


@given(projects, paths, versions)
def test_a_pinned_id_is_read_as_its_document_and_version(project: str, path: str, version: int) -> None:
    readings = list_readings(format_document_id(project, path, version=version))

    assert Reference(f"{project}/{path}", version=version) in readings


@given(projects, paths, versions, line_ranges)
def test_a_chunk_id_is_read_as_its_document_version_and_lines(
    project: str, path: str, version: int, lines: tuple[int, int]
) -> None:
    readings = list_readings(format_chunk_id(project, path, version=version, lines=lines))

    assert Reference(f"{project}/{path}", version=version, lines=lines) in readings


@given(projects, paths, versions, line_ranges, line_ranges)
def test_the_id_of_a_part_of_a_line_is_read_with_its_characters(
    project: str, path: str, version: int, lines: tuple[int, int], characters: tuple[int, int]
) -> None:
    chunk_id = format_chunk_id(project, path, version=version, lines=lines, characters=characters)
    short_id = f"{project}/{path}@v{version}:C{characters[0]}-{characters[1]}"

    part = Reference(f"{project}/{path}", version=version, lines=lines, characters=characters)
    assert part in list_readings(chunk_id)
    assert replace(part, lines=None) in list_readings(short_id)
    assert Reference(f"{project}/{path}@v{version}", characters=characters) in list_readings(short_id)


@given(projects, paths, st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True))
def test_an_id_with_an_anchor_is_read_as_its_document_and_anchor(project: str, path: str, anchor: str) -> None:
    assert Reference(f"{project}/{path}", anchor=anchor) in list_readings(f"{project}/{path}#{anchor}")


@given(st.text(max_size=60))
def test_any_text_has_readings_with_a_project_and_a_path_or_none(text: str) -> None:
    for reading in list_readings(text):
        assert "/" in reading.name


@given(line_ranges)
def test_lines_are_read_as_they_are_written_in_ids_and_urls(lines: tuple[int, int]) -> None:
    first, last = lines

    assert (
        parse_lines(f"L{first}-{last}") == parse_lines(f"L{first}-L{last}") == parse_lines(f"{first}-{last}") == lines
    )
    assert parse_lines(f"{last}-{first}") == lines
    assert parse_lines(str(first)) == (first, first)


@pytest.mark.parametrize("text", ["", "0", "L0", "a", "1-", "1--2", "-1", "1-2-3", "L1-L2x", "9" * 20])
def test_what_is_no_lines_is_refused(text: str) -> None:
    assert parse_lines(text) is None


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("https://github.com/o/n/blob/main/docs/a.md", BlobUrl("o/n", "main/docs/a.md", None, None)),
        ("https://github.com/o/n/blob/main/a.md?plain=1#L3-L9", BlobUrl("o/n", "main/a.md", None, (3, 9))),
        ("https://github.com/o/n/tree/main/docs", BlobUrl("o/n", "main/docs", None, None)),
        ("https://github.com/o/n/blob/main/a%20b.md#some-part", BlobUrl("o/n", "main/a b.md", "some-part", None)),
        ("https://github.com/o/n", None),
        ("guide/a.md", None),
    ],
)
def test_blob_urls_are_taken_apart(url: str, parsed: BlobUrl | None) -> None:
    assert parse_blob_url(url) == parsed


def test_a_path_may_leave_out_the_docs_path_the_extension_or_the_index() -> None:
    spellings = list_spellings("guide", "docs")

    assert spellings[:2] == ("guide", "docs/guide")
    assert {"guide.md", "docs/guide.md", "docs/guide.rst", "docs/guide/index.md", "guide/README.md"} <= set(spellings)
    assert list_spellings("docs/guide", "docs")[0] == "docs/guide"
    assert not any(spelling.startswith("docs/docs/") for spelling in list_spellings("docs/guide", "docs"))
    assert "README.md" in list_spellings("", None)
