"""What a query wants is found in every word that has it, however few words are looked at closely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.terms import query_term_ids, word_term_ids
from syncd.core.tokens import list_words
from syncd.core.wanted import WantedTerms

WORDS = st.one_of(
    st.from_regex(r"[b-df-hj-np-tv-z][aeiou][b-df-hj-np-tv-z]{1,2}[a-z]{0,5}(s|ed|ing|ies|y|ly)?", fullmatch=True),
    st.sampled_from(
        ["AsyncClient", "my_func_name", "httpx.get", "HTTPServerError", "I", "do", "日本語", "straße", "_x"]
    ),
)


@given(query=st.lists(WORDS, max_size=4).map(" ".join), text=st.lists(WORDS, max_size=8).map(" ".join))
def test_a_word_has_those_terms_of_the_query_that_it_has(query: str, text: str) -> None:
    wanted = WantedTerms(query)
    for word in list_words(f"{text} {query} {query.upper()}"):
        assert wanted.find(word) == query_term_ids(query) & set(word_term_ids(word))


@pytest.mark.parametrize(("query", "word"), [("tries", "try"), ("die", "dying"), ("cry", "cries"), ("skies", "sky")])
def test_short_words_whose_stems_begin_otherwise_are_found(query: str, word: str) -> None:
    assert WantedTerms(query).find(word)
