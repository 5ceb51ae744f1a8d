import math

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.ranking import (
    Matched,
    Nearness,
    Score,
    add_meaning,
    add_relevance,
    choose_lookup,
    fold_duplicates,
    score_documents,
    spread_documents,
)
from syncd.core.terms import query_term_ids


def weigh(query: str) -> dict[int, float]:
    return dict.fromkeys(query_term_ids(query), 1.0)


def test_words_that_follow_each_other_in_the_query_count_when_they_stand_near() -> None:
    near = Nearness("connection pool timeout", weigh("connection pool timeout"))
    assert near.measure("the pool of a connection; a pool's timeout") == 2
    assert near.measure("a pool. One two three four five. A timeout") == 0
    assert near.measure("timeouts of pools") == 1
    assert near.measure("connection timeout") == 0, "they do not follow each other in the query"


def test_one_word_alone_is_near_nothing() -> None:
    assert not Nearness("timeout", weigh("timeout")).is_measurable
    near = Nearness("timeout timeout", weigh("timeout"))
    assert near.measure("one timeout only") == 0
    assert near.measure("timeout, timeout") == 1


def test_a_pair_weighs_as_much_as_the_commoner_of_its_words() -> None:
    query = "the quokka"
    weights = {term: (5.0 if term in query_term_ids("quokka") else 0.5) for term in query_term_ids(query)}
    assert Nearness(query, weights).measure("the quokka") == 0.5


def test_a_document_scores_by_all_of_its_chunks_and_less_when_it_is_long() -> None:
    matched = [
        Matched("short", [1.0, 0.0]),
        Matched("short", [0.0, 1.0]),
        Matched("long", [1.0, 0.0]),
        Matched("long", [0, 1]),
    ]
    scores = score_documents(matched, [2.0, 2.0], lengths={"short": 5, "long": 500})
    assert scores["short"] > scores["long"] > 0
    assert scores["short"] == score_documents([Matched("short", [1.0, 1.0])], [2.0, 2.0], lengths={"short": 5})["short"]


def test_the_same_text_is_shown_once_with_its_other_places() -> None:
    assert fold_duplicates([(b"a", 1), (b"b", 2), (b"a", 3), (b"a", 4)]) == [(1, (3, 4)), (2, ())]


@given(
    ranked=st.lists(st.sampled_from("abc"), max_size=30).map(
        lambda names: [(name, index) for index, name in enumerate(names)]
    ),
    most=st.integers(1, 4),
    page=st.integers(1, 10),
)
def test_spreading_loses_nothing_and_keeps_the_first_page_mixed(
    ranked: list[tuple[str, int]], most: int, page: int
) -> None:
    first, rest = spread_documents(ranked, most=most, page=page)
    assert sorted(first + rest) == [index for _, index in ranked]
    names = {index: name for name, index in ranked}
    assert len(first) == min(page, sum(min(most, sum(name == one for one, _ in ranked)) for name in "abc"))
    assert all(sum(names[index] == name for index in first) <= most for name in "abc")
    assert (first, rest) == (sorted(first), sorted(rest))


@given(frequencies=st.dictionaries(st.integers(1, 99), st.integers(0, 50), max_size=12), most=st.integers(0, 100))
def test_the_rarest_terms_are_looked_up_and_always_one_that_stands_somewhere(
    frequencies: dict[int, int], most: int
) -> None:
    chosen = choose_lookup(frequencies, most_chunks=most)
    held = [term for term in chosen if frequencies[term]]
    assert bool(held) == any(frequencies.values())
    assert sum(frequencies[term] for term in held[1:]) <= most
    left = [frequencies[term] for term in frequencies if term not in chosen]
    assert not left or min(left) >= max(frequencies[term] for term in held)


SCORES = st.lists(st.tuples(st.floats(0, 50), st.none() | st.floats(-1, 1)), min_size=1, max_size=20)


@given(SCORES)
def test_meaning_counts_from_its_least_to_its_most(
    pairs: list[tuple[float, float | None]],
) -> None:
    similarities = [near for _, near in pairs]
    scores = add_meaning([Score(words) for words, _ in pairs], similarities, share=0.5)
    spread = (max(words for words, _ in pairs) - min(words for words, _ in pairs)) or 1.0
    assert all(0 <= score.meaning <= spread * (1 + 1e-9) for score in scores)
    known = [(near, score.meaning) for near, score in zip(similarities, scores, strict=True) if near is not None]
    assert [meaning for _, meaning in sorted(known)] == sorted(meaning for _, meaning in known)
    assert all(math.isclose(score.total, score.words + score.meaning) for score in scores)


def test_what_has_no_vector_is_as_near_as_its_words_are_good() -> None:
    scores = add_meaning([Score(4.0), Score(3.0), Score(2.0)], [None, None, None], share=0.5)
    assert [score.meaning for score in scores] == [2.0, 1.0, 0.0]
    nearer = add_meaning([Score(4.0), Score(3.0), Score(2.0)], [0.1, None, 0.9], share=0.5)
    assert [score.meaning for score in nearer] == [0.0, 1.0, 2.0]


def test_where_no_word_stands_meaning_alone_ranks() -> None:
    assert [score.total for score in add_meaning([Score(0.0)] * 2, [0.2, 0.6], share=0.5)] == [0.0, 1.0]


def test_relevance_outweighs_the_rest_and_takes_nothing_away() -> None:
    scores = add_relevance([Score(10.0), Score(9.0), Score(5.0)], [-3.0, 1.0, 2.0])
    assert [score.relevance for score in scores] == [0.0, 12.0, 15.0]
    assert [score.total for score in add_relevance([Score(2.0), Score(2.0)], [0.5, 0.5])] == [2.0, 2.0]


def test_the_best_by_words_stays_before_the_nearest_in_meaning() -> None:
    by_words, by_meaning = add_meaning([Score(10.0), Score(0.0)], [0.0, 1.0])
    assert by_words.total > by_meaning.total > 4
