from random import Random

import pytest

from syncd.core.evaluation import Span, find_percentile, make_interval, measure_question

ANSWER = Span("a.md", 100, 200)


def chunk(char_from: int, char_to: int, path: str = "a.md") -> Span:
    return Span(path, char_from, char_to)


@pytest.mark.parametrize(
    ("found", "covers"),
    [
        (chunk(100, 200), True),
        (chunk(0, 150), True),
        (chunk(0, 149), False),
        (chunk(150, 999), True),
        (chunk(100, 200, "b.md"), False),
    ],
)
def test_a_chunk_answers_when_it_holds_half_of_the_answer(found: Span, covers: bool) -> None:
    assert found.covers(ANSWER) is covers


def test_a_question_is_measured_by_where_its_answers_stand() -> None:
    other = Span("b.md", 0, 10)
    measures = measure_question([chunk(500, 900), chunk(90, 290), other], [ANSWER, other])
    assert measures.mrr == 0.5
    assert (measures.recall_at_1, measures.recall_at_3, measures.found_at_5) == (0, 1, 1)
    assert measures.ndcg == pytest.approx((0.6309 + 0.5) / (1 + 0.6309), abs=1e-3)
    assert (measures.tokens, measures.tokens_to_answer) == (100 + 50 + 3, 150)
    assert (measures.text, measures.empty) == (1, 0)


def test_nothing_found_is_empty_and_worth_nothing() -> None:
    measures = measure_question([], [ANSWER])
    assert (measures.ndcg, measures.mrr, measures.recall_at_10, measures.text, measures.empty) == (0, 0, 0, 0, 1)


def test_text_counts_only_within_the_first_eight_thousand_characters() -> None:
    assert measure_question([chunk(1000, 8950), chunk(150, 250)], [ANSWER]).text == 0.5
    assert measure_question([chunk(1000, 9000), chunk(100, 200)], [ANSWER]).text == 0
    assert measure_question([chunk(1000, 8920), chunk(80, 290)], [ANSWER]).text == pytest.approx(0.6)


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    random = Random(1)
    few = make_interval([0.0, 1.0] * 10, random.randrange)
    many = make_interval([0.0, 1.0] * 200, random.randrange)
    assert few.mean == many.mean == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high


def test_a_percentile_is_one_of_the_values() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [find_percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1, 3, 5, 5]
