"""A plan makes stored equal desired, and planning again finds nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.documents import SkippedFile, SkipReason
from syncd.core.planning import Plan, Rename, Selection, is_mass_deletion, make_plan, select_entries
from syncd.core.sources import EntryKind, TreeEntry
from syncd.errors import BadUsage

_MAPS = st.dictionaries(st.text("abc/.", min_size=1, max_size=4), st.sampled_from(["1", "2", "3"]), max_size=12)


def _apply_plan(stored: Mapping[str, str], desired: Mapping[str, str], plan: Plan) -> dict[str, tuple[str, str]]:
    """Apply *plan* as the store does; returns (blob SHA, path at the start: the identity) by path."""
    documents = {path: (git_sha, path) for path, git_sha in stored.items()}
    moved = {rename.new_path: documents.pop(rename.old_path) for rename in plan.renamed}
    for path in plan.deleted:
        del documents[path]
    for path in plan.added:
        assert path not in documents
        documents[path] = (desired[path], f"new {path}")
    for path in plan.modified:
        documents[path] = (desired[path], documents[path][1])
    assert not moved.keys() & documents.keys()
    return documents | moved


@given(_MAPS, _MAPS)
def test_applying_the_plan_gives_the_desired_state_and_planning_again_gives_nothing(
    desired: dict[str, str], stored: dict[str, str]
) -> None:
    applied = {path: git_sha for path, (git_sha, _) in _apply_plan(stored, desired, make_plan(desired, stored)).items()}
    assert applied == desired
    again = make_plan(desired, applied)
    assert again.is_empty
    assert again == Plan((), (), (), (), len(desired))


@given(_MAPS, _MAPS)
def test_a_rename_keeps_identity_and_content(desired: dict[str, str], stored: dict[str, str]) -> None:
    plan = make_plan(desired, stored)
    applied = _apply_plan(stored, desired, plan)
    for rename in plan.renamed:
        assert applied[rename.new_path] == (stored[rename.old_path], rename.old_path)
        assert rename.old_path not in desired
        assert rename.new_path not in stored


@given(_MAPS, _MAPS)
def test_as_many_equal_blobs_as_can_be_paired_are_paired(desired: dict[str, str], stored: dict[str, str]) -> None:
    plan = make_plan(desired, stored)
    gone = Counter(stored[path] for path in stored.keys() - desired.keys())
    come = Counter(desired[path] for path in desired.keys() - stored.keys())
    assert Counter(stored[rename.old_path] for rename in plan.renamed) == gone & come
    for git_sha in gone & come:
        pairs = [rename for rename in plan.renamed if stored[rename.old_path] == git_sha]
        assert [pair.new_path for pair in pairs] == sorted(pair.new_path for pair in pairs)


@given(_MAPS, _MAPS)
def test_each_path_stands_in_exactly_one_class_and_each_class_is_sorted(
    desired: dict[str, str], stored: dict[str, str]
) -> None:
    plan = make_plan(desired, stored)
    new_paths = [rename.new_path for rename in plan.renamed]
    old_paths = [rename.old_path for rename in plan.renamed]
    placed = Counter([*plan.added, *plan.modified, *new_paths, *old_paths, *plan.deleted])
    assert set(placed.values()) <= {1}
    assert len(desired) == len(plan.added) + len(plan.modified) + len(new_paths) + plan.unchanged
    assert len(stored) == len(plan.deleted) + len(plan.modified) + len(old_paths) + plan.unchanged
    for paths in (plan.added, plan.modified, old_paths, plan.deleted):
        assert list(paths) == sorted(paths)


@given(_MAPS, _MAPS)
def test_the_order_of_the_maps_does_not_matter(desired: dict[str, str], stored: dict[str, str]) -> None:
    assert make_plan(desired, stored) == make_plan(dict(reversed(desired.items())), dict(reversed(stored.items())))


def test_equal_blobs_pair_one_to_one_in_path_order() -> None:
    plan = make_plan({"x": "1", "y": "1", "z": "1", "k": "2"}, {"b": "1", "a": "1", "k": "3"})
    assert plan == Plan(
        added=("z",), modified=("k",), renamed=(Rename("a", "x"), Rename("b", "y")), deleted=(), unchanged=0
    )


def test_a_swap_of_two_files_is_two_modifications() -> None:
    assert make_plan({"a": "2", "b": "1"}, {"a": "1", "b": "2"}).modified == ("a", "b")


@pytest.mark.parametrize(
    ("removed", "stored_count", "held"),
    [
        (20, 20, False),
        (21, 21, True),
        (21, 41, True),
        (21, 42, False),
        (51, 100, True),
        (50, 100, False),
        (0, 0, False),
    ],
)
def test_a_sync_that_removes_more_than_half_and_more_than_twenty_is_held(
    removed: int, stored_count: int, held: bool
) -> None:
    stored = {f"{number:03}": str(number) for number in range(stored_count)}
    kept = dict(list(stored.items())[removed:])
    assert is_mass_deletion(make_plan(kept, stored), stored_count) is held


def test_moving_everything_is_no_mass_deletion() -> None:
    stored = {f"old/{number}": str(number) for number in range(100)}
    moved = {f"new/{number}": str(number) for number in range(100)}
    assert not is_mass_deletion(make_plan(moved, stored), 100)


def _file(path: str, *, git_sha: str = "1", size: int | None = 1, kind: EntryKind = EntryKind.FILE) -> TreeEntry:
    return TreeEntry(path, kind, git_sha, size)


def _select(
    entries: list[TreeEntry], *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), limit: int = 100
) -> Selection:
    return select_entries(entries, include=include, exclude=exclude, max_bytes=10, max_documents=limit)


def test_docs_are_selected_and_other_files_are_not_even_listed() -> None:
    entries = [_file("b.md"), _file("a.rst"), _file("a.py"), _file("run.sh"), _file("old/a.md")]
    selection = _select(entries, include=("*.sh",), exclude=("old/**",))
    assert list(selection.desired) == ["a.rst", "b.md", "run.sh"]
    assert selection.desired["a.rst"] is entries[1]
    assert selection.skipped == ()


def test_what_cannot_be_mirrored_is_listed_with_its_reason() -> None:
    entries = [
        _file("10.md", size=10),
        _file("11.md", size=11),
        _file("bad\udcff.md"),
        _file("../up.md"),
        _file("d" * 1100 + ".md", size=5),
        _file("link.md", kind=EntryKind.SYMLINK, size=99),
        _file("link", kind=EntryKind.SYMLINK),
        _file("shut.md", kind=EntryKind.UNREADABLE, size=None),
        _file("vendor/lib", kind=EntryKind.SUBMODULE, size=None),
        _file("third/lib", kind=EntryKind.SUBMODULE, size=None),
        _file("unsized.md", size=None),
    ]
    selection = _select(entries, exclude=("third/**",))
    assert list(selection.desired) == ["10.md", "unsized.md"]
    assert selection.skipped == (
        SkippedFile("../up.md", SkipReason.PATH_UNSAFE, 1),
        SkippedFile("11.md", SkipReason.TOO_LARGE, 11),
        SkippedFile("bad\udcff.md", SkipReason.PATH_NOT_UTF8, 1),
        SkippedFile("d" * 1100 + ".md", SkipReason.PATH_TOO_LONG, 5),
        SkippedFile("link.md", SkipReason.SYMLINK, 99),
        SkippedFile("shut.md", SkipReason.UNREADABLE, None),
        SkippedFile("vendor/lib", SkipReason.SUBMODULE, None),
    )


def test_beyond_the_limit_of_the_project_the_last_in_path_order_are_left_out() -> None:
    selection = _select([_file("c.md"), _file("b.md", size=11), _file("d.md"), _file("a.md")], limit=2)
    assert list(selection.desired) == ["a.md", "c.md"]
    assert selection.skipped == (
        SkippedFile("b.md", SkipReason.TOO_LARGE, 11),
        SkippedFile("d.md", SkipReason.TOO_MANY, 1),
    )


def test_a_name_that_a_hostile_tree_holds_twice_is_not_guessed_at() -> None:
    selection = _select([_file("a.md", git_sha="1"), _file("a.md", git_sha="2"), _file("b.md"), _file("b.md")])
    assert list(selection.desired) == ["b.md"]
    assert [skipped.reason for skipped in selection.skipped] == [SkipReason.PATH_UNSAFE]


def test_a_glob_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(BadUsage, match=r"\[a"):
        _select([], include=("[a",))


_ENTRIES = st.lists(
    st.builds(
        TreeEntry,
        st.sampled_from(["a.md", "b.md", "c.md", "d.py", "../e.md", "f.md"]),
        st.sampled_from(EntryKind),
        st.sampled_from(["1", "2"]),
        st.sampled_from([None, 1, 10, 11]),
    ),
    max_size=10,
)


@given(_ENTRIES, st.integers(0, 3))
def test_a_selection_does_not_depend_on_the_order_and_loses_no_file(entries: list[TreeEntry], limit: int) -> None:
    selection = _select(entries, limit=limit)
    assert selection == _select(list(reversed(entries)), limit=limit)
    assert list(selection.desired) == sorted(selection.desired)
    assert len(selection.desired) <= limit
    skipped = [skipped.path for skipped in selection.skipped]
    assert not selection.desired.keys() & set(skipped)
    wanted = {entry.path for entry in entries if entry.path.endswith(".md") or entry.kind is EntryKind.SUBMODULE}
    assert {*selection.desired, *skipped} == wanted
    assert len(skipped) == len(set(skipped))


def test_the_mirror_takes_the_files_of_a_selection_as_its_desired_map() -> None:
    selection = _select([_file("a.md", git_sha="7")])
    plan = make_plan({path: entry.git_sha for path, entry in selection.desired.items()}, {})
    assert plan == replace(make_plan({}, {}), added=("a.md",))
