"""Globs match as documented, and a hostile one costs nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.globs import MAX_GLOB_CHARS, parse_glob
from syncd.errors import BadUsage


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.txt", ["a.txt", ".txt"], ["d/a.txt", "a.TXT", "a.txt.bak"]),
        ("/a.md", ["a.md"], ["d/a.md"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["docs", "adocs/a", "docs2/a"]),
        ("docs/", ["docs/a", "docs/a/b"], ["docs", "x/docs/a"]),
        ("**", ["a", "a/b"], []),
        ("**/a.md", ["a.md", "d/a.md", "d/e/a.md"], ["da.md", "d/ba.md"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "a/b/c"]),
        ("a/**/**/b", ["a/b", "a/x/b"], ["ab"]),
        ("**/m/**/n/**/o", ["m/n/o", "x/m/y/m/n/z/o", "m/n/n/o"], ["m/o/n", "n/m/o"]),
        ("**/m/n/**", ["m/n/o", "m/m/n/o"], ["m/n", "m/x/n/o"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("a?c", ["abc", "aéc"], ["ac", "a/c"]),
        ("[a-c]x[!0-9]", ["axz", "cx-"], ["dxz", "ax5", "ax/"]),
        ("[^a]", ["b"], ["a", "/"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[!]a]", ["b"], ["]", "a"]),
        ("[--0]", ["-", ".", "0"], ["/"]),
        ("[*]", ["*"], ["a"]),
        ("*a*b*a", ["aba", "xaxbxa"], ["ab", "aab", "ab/a"]),
        ("a.b+(c)$^|}", ["a.b+(c)$^|}"], ["aXb+(c)$^|}"]),
        ("x\u00e9*", ["x\u00e9\udcff"], ["xe"]),
    ],
)
def test_a_glob_matches_the_whole_path_from_the_root(glob: str, matching: list[str], other: list[str]) -> None:
    pattern = parse_glob(glob)
    assert [path for path in [*matching, *other] if pattern.fullmatch(path)] == matching


@pytest.mark.parametrize(
    ("glob", "why"),
    [
        ("", "empty"),
        ("/", "empty"),
        ("a//b", "empty"),
        ("../a", "'..'"),
        ("a/./b", "'.'"),
        ("a\nb", "control"),
        ("a\0", "control"),
        ("!a", "exclude"),
        ("[a", "not closed"),
        ("[]", "not closed|empty"),
        ("[a/b]", "not closed"),
        ("[z-a]", "backwards"),
        ("docs\\*.md", "backslash"),
        ("*.{md,txt}", "brace"),
        ("a" * (MAX_GLOB_CHARS + 1), "longer"),
    ],
)
def test_a_glob_that_cannot_be_used_is_refused_with_the_reason(glob: str, why: str) -> None:
    with pytest.raises(BadUsage, match=why) as refusal:
        parse_glob(glob)
    assert refusal.value.code == "bad_glob"


def test_a_glob_of_the_greatest_length_is_taken() -> None:
    assert parse_glob("a" * MAX_GLOB_CHARS).fullmatch("a" * MAX_GLOB_CHARS)


@pytest.mark.parametrize(
    "glob",
    [
        "*a" * 500 + "*b",
        "**/a*/" * 100 + "b",
        "**/" + "*a*/" * 100 + "b",
        "*" * 1000 + "b",
        "[!b]*" * 200 + "b",
        "**/*/" * 150 + "*b",
    ],
)
def test_a_hostile_glob_against_a_hostile_path_ends(glob: str) -> None:
    # With plain backtracking each of these outlives the machine.
    pattern = parse_glob(glob)
    for path in ("a" * 4000, "a/" * 2000 + "c", "aaa/" * 1000 + "c"):
        assert not pattern.fullmatch(path)


def _matches_by_the_book(glob: list[str], path: list[str]) -> bool:
    """Decide by trying everything: the definition, not the algorithm."""
    if not glob:
        return not path
    if glob == ["**"]:
        return bool(path)
    if glob[0] == "**":
        return any(_matches_by_the_book(glob[1:], path[index:]) for index in range(len(path) + 1))
    segment = glob[0].replace("*", "[^/]*").replace("?", "[^/]")
    return bool(path) and re.fullmatch(segment, path[0]) is not None and _matches_by_the_book(glob[1:], path[1:])


_GLOBS = st.lists(st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=5)), min_size=1, max_size=5)
_PATHS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=5)


@settings(max_examples=500)
@given(_GLOBS, _PATHS)
def test_atomic_matching_decides_as_trying_everything_does(glob: list[str], path: list[str]) -> None:
    assert bool(parse_glob("/".join(glob)).fullmatch("/".join(path))) == _matches_by_the_book(glob, path)
