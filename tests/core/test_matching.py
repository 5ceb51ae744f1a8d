from hypothesis import given
from hypothesis import strategies as st

from syncd.core.matching import rank_names

NAMES = ["docs/api.md", "docs/setup.md", "guide/API.md", "api/docs.md"]


def test_what_begins_so_comes_before_what_holds_it_and_what_has_its_letters() -> None:
    assert rank_names(NAMES, "api") == ("api/docs.md", "docs/api.md", "guide/API.md")
    assert rank_names(NAMES, "dsu") == ("docs/setup.md",)
    assert rank_names(NAMES, "zzz") == ()


@given(st.lists(st.text(max_size=6)), st.text(max_size=3))
def test_every_name_is_given_once_and_nothing_else(names: list[str], typed: str) -> None:
    ranked = rank_names(names, typed)
    assert len(set(ranked)) == len(ranked)
    assert set(ranked) <= set(names)
    assert {name for name in names if typed.casefold() in name.casefold()} <= set(ranked)
    if not typed:
        assert ranked == tuple(dict.fromkeys(names))
