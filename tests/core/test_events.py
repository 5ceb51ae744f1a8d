"""Whoever applies every change has what whoever looks anew sees."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.events import Change, is_news, list_project_changes, list_removals

PROJECTS = st.dictionaries(
    st.sampled_from("abc"),
    st.fixed_dictionaries(
        {
            "condition": st.sampled_from(["ready", "syncing"]),
            "lockedBy": st.sampled_from([None, "x", "y"]),
            "progress": st.sampled_from([None, 1, 2]),
            "revision": st.integers(0, 2),
        }
    ),
).map(lambda found: {key: {"id": key, "name": key.upper(), **shown} for key, shown in found.items()})


def apply(before: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    after = dict(before)
    for change in changes:
        assert change.project_id is not None
        if change.kind == "removed":
            del after[change.project_id]
        else:
            after[change.project_id] = {**after.get(change.project_id, {}), **change.body}
    return after


@given(PROJECTS, PROJECTS)
def test_changes_lead_from_one_look_to_the_next(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = [*list_project_changes(before, after), *list_removals(before, after)]
    assert apply(before, changes) == after
    assert (changes == []) == (before == after)


@given(PROJECTS, PROJECTS)
def test_a_look_at_some_projects_removes_none(before: dict[str, Any], some: dict[str, Any]) -> None:
    assert apply(before, list_project_changes(before, some)) == {**before, **some}


def test_a_change_is_of_the_smallest_kind_that_tells_it() -> None:
    def kinds(**changed: object) -> list[str]:
        before = {"id": "a", "name": "A", "condition": "ready", "lockedBy": None, "progress": None, "revision": 1}
        return [change.kind for change in list_project_changes({"a": before}, {"a": {**before, **changed}})]

    assert kinds(lockedBy="x", condition="syncing") == ["lock"]
    assert kinds(progress={"phase": "plan"}) == ["sync"]
    assert kinds(lockedBy="x", progress={"phase": "plan"}) == ["lock", "sync"]
    assert kinds(lockedBy=None, revision=2) == ["project"]


def test_an_age_alone_is_no_news() -> None:
    before = {"a": {"id": "a", "name": "A", "heartbeatAge": 1.0}}
    assert list(list_project_changes(before, {"a": {"id": "a", "name": "A", "heartbeatAge": 2.0}})) == []
    assert not is_news({"asOf": 1, "redis": "up"}, {"asOf": 2, "redis": "up"})
    assert is_news({"asOf": 1, "redis": "up"}, {"asOf": 1, "redis": "down"})
    assert is_news(None, {"asOf": 1})
