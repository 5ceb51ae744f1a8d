"""A snippet shows the lines that answer, and never more than asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.snippets import make_snippet

_BODY = "# Timeouts\n\nHTTPX is careful.\n\nThe default is five seconds.\n\n```\nhttpx.get(url, timeout=10)\n```\n\nMore words.\n"


def test_the_lines_that_hold_the_words_of_the_query_are_shown_in_order() -> None:
    assert (
        make_snippet(_BODY, "default seconds timeout", max_characters=60)
        == "The default is five seconds.\n…\nhttpx.get(url, timeout=10)"
    )


def test_lines_next_to_each_other_have_no_gap() -> None:
    assert make_snippet("one cat\ntwo dogs\nthree", "dog cat") == "one cat\ntwo dogs"


def test_without_a_match_the_first_lines_are_shown() -> None:
    assert make_snippet("first\n\nsecond\nthird", "nothing", max_characters=18) == "first\nsecond"


def test_a_line_that_is_too_long_is_cut_around_the_word() -> None:
    snippet = make_snippet("lead " * 200 + "needle " + "tail " * 200, "needle", max_characters=80)
    assert "needle" in snippet
    assert snippet.startswith("…")
    assert snippet.endswith("…")


@pytest.mark.parametrize("above", ["## Install", "Install\n=======", "=======\nInstall\n======="])
def test_the_heading_that_a_hit_shows_already_is_not_said_again(above: str) -> None:
    body = f"{above}\n\nUse `pip install x`.\n\nThen go on.\n"
    assert make_snippet(body, "install", heading="Install") == "Use `pip install x`."
    assert make_snippet(body, "nothing", heading="Install") == "Use `pip install x`.\nThen go on."


def test_a_heading_with_nothing_below_it_is_shown() -> None:
    assert make_snippet("## Install\n", "install", heading="Install") == "## Install"
    assert make_snippet("Install\n---\n", "install", heading="Install") == "Install"


def test_the_fence_below_a_heading_is_no_rule() -> None:
    assert make_snippet("## Install\n```\npip\n```", "", heading="Install") == "```\npip\n```"


@given(st.text(max_size=300), st.text(max_size=30), st.integers(10, 100))
def test_a_snippet_is_never_longer_than_asked(body: str, query: str, maximum: int) -> None:
    assert len(make_snippet(body, query, max_characters=maximum)) <= maximum
