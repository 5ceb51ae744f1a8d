import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.diffing import diff_lines, format_hunks
from syncd.core.lines import split_lines

# Few letters, so that lines repeat and anchors are rare.
TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=30)
PROSE = st.lists(st.text("abcdefgh \n", max_size=8), max_size=40).map("\n".join).map(split_lines)


def apply(old: list[str], new: list[str]) -> list[str]:
    """Return *old* with the edits made: what must be *new*."""
    made: list[str] = []
    at = 0
    for edit in diff_lines(old, new):
        assert edit.old_from >= at
        assert edit.old_to > edit.old_from or edit.new_to > edit.new_from
        made += old[at : edit.old_from] + new[edit.new_from : edit.new_to]
        at = edit.old_to
    return made + old[at:]


@given(TEXTS | PROSE, TEXTS | PROSE)
def test_the_edits_make_the_old_text_into_the_new_one(old: list[str], new: list[str]) -> None:
    assert apply(old, new) == new


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: list[str]) -> None:
    assert diff_lines(text, text) == ()


@given(TEXTS, st.integers(0, 30), st.sampled_from(["x\n", "a\n"]))
def test_one_line_put_in_is_one_edit_of_one_line(text: list[str], place: int, line: str) -> None:
    changed = [*text[:place], line, *text[place:]]
    (edit,) = diff_lines(text, changed)
    assert (edit.old_to - edit.old_from, edit.new_to - edit.new_from) == (0, 1)


def test_where_no_line_is_alone_the_shortest_edit_is_found() -> None:
    old, new = [*"xxabcabbayy"], [*"xxcbabacyy"]
    edits = diff_lines(old, new)
    assert sum(edit.old_to - edit.old_from + edit.new_to - edit.new_from for edit in edits) == 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["a\n", "b\n"] * 20_000, ["b\n", "a\n"] * 20_000),
        ([f"{n % 7}\n" for n in range(40_000)], [f"{n % 11}\n" for n in range(40_000)]),
        ([f"{n}\n" for n in range(60_000)], [f"{n}\n" for n in reversed(range(60_000))]),
        (["x\n"] * 60_000, ["y\n"] * 60_000),
    ],
    ids=["shifted", "periodic", "reversed", "other"],
)
def test_a_hostile_pair_of_texts_is_still_told_truly(old: list[str], new: list[str]) -> None:
    assert apply(old, new) == new


def test_hunks_are_those_of_a_unified_diff() -> None:
    old = [f"line {number}\n" for number in range(1, 31)]
    new = [*old[:4], "new\n", *old[4:20], *old[22:-1], "the end"]

    ours = "".join(format_hunks(old, new, diff_lines(old, new)))

    theirs = list(difflib.unified_diff(old, new))[2:]
    assert ours == "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in theirs
    )
