import json

import pytest

from syncd.core.evaluation import Span
from syncd.core.questions import KnownAnswer, KnownQuestion, find_spans, parse_questions
from syncd.errors import BadUsage

GOOD = {
    "question": "why",
    "answers": [{"path": "a.md", "text": "because"}, {"path": "a.md", "lines": [2, 3]}],
    "kind": "reason",
}


def test_questions_are_read_line_by_line_and_empty_lines_are_passed_over() -> None:
    (question,) = parse_questions(f"\n{json.dumps(GOOD)}\n\n")
    assert question == KnownQuestion(
        "why", (KnownAnswer("a.md", text="because"), KnownAnswer("a.md", lines=(2, 3))), "reason"
    )


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        '{"question": " ", "answers": [{"path": "a", "text": "b"}]}',
        '{"question": "q", "answers": []}',
        '{"question": "q", "answers": [{"path": "a"}]}',
        '{"question": "q", "answers": [{"path": "a", "text": "b", "lines": [1, 2]}]}',
        '{"question": "q", "answers": [{"path": "a", "lines": [0, 2]}]}',
        '{"question": "q", "answers": [{"path": "a", "lines": [3, 2]}]}',
        '{"question": "q", "answers": [{"path": "a", "lines": [1, 2, 3]}]}',
        '{"question": "q", "answers": ["a"]}',
        '{"question": "q", "answers": [{"path": 1, "text": "b"}]}',
    ],
)
def test_a_line_that_is_no_question_is_named(line: str) -> None:
    with pytest.raises(BadUsage, match="Line 2 is no question"):
        parse_questions(f"{json.dumps(GOOD)}\n{line}\n")


def test_a_file_without_questions_is_refused() -> None:
    with pytest.raises(BadUsage, match="holds 0 questions"):
        parse_questions("\n")


def test_answers_are_found_by_text_or_lines_and_those_that_are_gone_are_left_out() -> None:
    texts = {"a.md": "one\ntwo\nthree\n"}
    answers = [
        KnownAnswer("a.md", text="two"),
        KnownAnswer("a.md", lines=(2, 3)),
        KnownAnswer("a.md", lines=(3, 99)),
        KnownAnswer("a.md", text="four"),
        KnownAnswer("a.md", lines=(4, 4)),
        KnownAnswer("b.md", text="one"),
    ]
    assert find_spans(answers, texts) == [Span("a.md", 4, 7), Span("a.md", 4, 14), Span("a.md", 8, 14)]
