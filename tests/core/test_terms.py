"""Impacts and query weights are BM25: their inner product ranks as the formula says."""

from math import isclose, log

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.terms import (
    MAX_TERMS,
    TERM_DIMENSIONS,
    Impacts,
    format_array,
    format_sparsevec,
    make_impacts,
    make_query_weights,
    query_term_ids,
    term_id,
)


def _impacts(header: str, body: str) -> dict[int, float]:
    counts, by_count = make_impacts(header, body)
    return {term: by_count[count] for term, count in counts.items()}


def _score(query: str, header: str, body: str) -> float:
    weights = make_query_weights(query, document_frequencies={}, chunk_count=100)
    impacts = _impacts(header, body)
    return sum(weight * impacts.get(term, 0.0) for term, weight in weights.items())


@given(st.text())
def test_every_token_has_a_dimension(token: str) -> None:
    assert 1 <= term_id(token) <= TERM_DIMENSIONS


def test_a_dimension_never_changes() -> None:
    assert [term_id(token) for token in ("timeout", "=timeouts", "日本")] == [995918422, 455995821, 460816827]


def test_an_impact_is_the_saturated_count_of_the_formula() -> None:
    impacts = _impacts("Title", "word word other")
    saturation = 1.2 * (0.25 + 0.75 * 4 / 150)
    assert isclose(impacts[term_id("word")], 2 * 2.2 / (2 + saturation))
    assert isclose(impacts[term_id("titl")], 3 * 2.2 / (3 + saturation))


def test_a_rarer_term_weighs_more_and_an_absent_one_most() -> None:
    frequencies = {term_id("common"): 90, term_id("rare"): 1}
    weights = make_query_weights("common rare absent", document_frequencies=frequencies, chunk_count=100)
    assert isclose(weights[term_id("common")], log(1 + 10.5 / 90.5))
    assert weights[term_id("common")] < weights[term_id("rare")] < weights[term_id("absent")]


def test_the_parts_of_an_identifier_weigh_half_and_exact_forms_less() -> None:
    weights = make_query_weights("myName", document_frequencies={}, chunk_count=100)
    assert isclose(weights[term_id("name")], weights[term_id("myname")] / 2)
    weights = make_query_weights("names", document_frequencies={}, chunk_count=100)
    assert isclose(weights[term_id("=names")], weights[term_id("name")] * 0.3)


@given(st.text(max_size=100), st.dictionaries(st.integers(1, 10), st.integers(0, 1000)), st.integers(0, 100))
def test_weights_are_positive_whatever_the_statistics_say(query: str, frequencies: dict[int, int], count: int) -> None:
    stale = dict(zip(query_term_ids(query), frequencies.values(), strict=False))
    weights = make_query_weights(query, document_frequencies=stale, chunk_count=count)
    assert weights.keys() == query_term_ids(query)
    assert all(weight > 0 for weight in weights.values())


def test_any_word_of_a_query_may_match_and_more_of_them_rank_higher() -> None:
    assert _score("how do I set a read timeout", "Page", "nothing of it") == 0
    one = _score("how do I set a read timeout", "Page", "the timeouts of a client")
    two = _score("how do I set a read timeout", "Page", "the timeouts of reading a client")
    assert 0 < one < two


def test_a_heading_counts_more_than_a_body_and_an_exact_form_more_than_a_stem() -> None:
    assert _score("proxy", "Proxy", "words here") > _score("proxy", "Words", "proxy here")
    assert _score("timeouts", "P", "timeouts") > _score("timeouts", "P", "timeout")
    assert _score("AsyncClient", "P", "AsyncClient") > _score("AsyncClient", "P", "async client") > 0
    assert _score("AsyncClient", "P", "httpx.AsyncClient()") > _score("AsyncClient", "P", "async client")


def test_no_chunk_has_more_terms_than_a_sparsevec_holds() -> None:
    body = " ".join(f"w{number}" for number in range(MAX_TERMS)) + " twice twice"
    impacts = _impacts("", body)
    assert len(impacts) == MAX_TERMS
    assert term_id("twice") in impacts


def test_the_text_form_is_that_of_pgvector() -> None:
    impacts = Impacts({2: 4, 7: 1}, {1: 0.123456, 4: 3.0})
    assert format_sparsevec(impacts) == "{2:3,7:0.1235}/1000000000"
    assert format_array(impacts) == "{3,0.1235}"
    assert format_sparsevec(make_impacts("", "")) == "{}/1000000000"


def test_the_terms_of_a_chunk_rise() -> None:
    assert list(make_impacts("Title", "some words of a body").counts) == sorted(
        query_term_ids("Title some words of a body")
    )
