"""Which paths are docs, and which no document may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.documents import SkipReason
from syncd.core.paths import DEFAULT_INCLUDE, MAX_PATH_BYTES, find_path_fault, format_of, make_path_filter
from syncd.errors import BadUsage


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.md", "md"),
        ("a.markdown", "md"),
        ("a.MDX", "mdx"),
        ("d.x/A.RsT", "rst"),
        ("a.adoc", "adoc"),
        ("a.txt", "txt"),
        ("a.org", "org"),
        ("a.ipynb", "ipynb"),
        ("a.b.html", "html"),
        (".md", "md"),
    ],
)
def test_the_docs_formats_match_by_extension_in_any_letter_case(path: str, expected: str) -> None:
    assert make_path_filter().matches(path)
    assert format_of(path) == expected


@pytest.mark.parametrize("path", ["README", "a.py", "md", "a.md/b", "a.md.bak", "a.htm", "a."])
def test_other_files_are_no_docs_until_a_glob_names_them(path: str) -> None:
    assert not make_path_filter().matches(path)
    assert make_path_filter(include=["**"]).matches(path)
    assert format_of(path) == "txt"


def test_the_globs_shown_as_default_are_the_ones_that_hold() -> None:
    shown = make_path_filter(include=DEFAULT_INCLUDE)
    for path in ("a.md", "d/a.ipynb", "a.py", "README", ".html", "d/a.markdown"):
        assert make_path_filter().matches(path) == any(glob.fullmatch(path) for glob in shown.include)


def test_a_project_adds_by_include_and_takes_away_by_exclude() -> None:
    wanted = make_path_filter(include=["src/**/*.py"], exclude=["**/test_*", "docs/old/**"])
    paths = ["src/a.py", "src/test_a.py", "docs/a.md", "docs/old/a.md", "b.py"]
    assert [path for path in paths if wanted.matches(path)] == ["src/a.py", "docs/a.md"]
    assert wanted.excludes("docs/old/sub")


def test_the_case_of_a_projects_own_glob_counts() -> None:
    assert not make_path_filter(include=["*.PY"]).matches("a.py")


def test_a_bad_glob_is_named_whether_included_or_excluded() -> None:
    for globs in ({"include": ["ok", "[a"]}, {"exclude": ["[a"]}):
        with pytest.raises(BadUsage, match=r"\[a"):
            make_path_filter(**globs)


@pytest.mark.parametrize(
    "path", ["a.md", "docs/ü b/~$.md", "a..b/...", "con/aux.md", "-rf", "%2e%2e/a", "a" * MAX_PATH_BYTES]
)
def test_an_odd_path_is_still_a_path(path: str) -> None:
    assert find_path_fault(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/..",
        "a/../b",
        "./a",
        ".",
        "a\0",
        "a\nb",
        "a\rb",
        "\x1b[31m",
        "a\x7f",
        "a\x85b",
        "a\\b",
        "a\u2028",
    ],
)
def test_a_hostile_path_is_unsafe(path: str) -> None:
    assert find_path_fault(path) is SkipReason.PATH_UNSAFE


@pytest.mark.parametrize("path", ["a\udcff.md", "b\ufffd.md", "\ud800", "../\udc80"])
def test_a_path_that_is_not_utf8_says_so(path: str) -> None:
    assert find_path_fault(path) is SkipReason.PATH_NOT_UTF8


def test_the_length_of_a_path_is_counted_in_bytes() -> None:
    assert find_path_fault("é" * (MAX_PATH_BYTES // 2)) is None
    assert find_path_fault("é" * (MAX_PATH_BYTES // 2) + "a") is SkipReason.PATH_TOO_LONG


@given(st.binary())
def test_every_path_without_fault_can_be_stored(raw: bytes) -> None:
    path = raw.decode("utf-8", "surrogateescape")
    if find_path_fault(path) is None:
        assert path.encode() == raw
        assert "\0" not in path
