"""Questions with known answers, as teams write them: one JSON object a line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.evaluation import Span
from syncd.core.lines import line_starts
from syncd.errors import BadUsage

MAX_QUESTIONS = 10_000
_FORM = 'Write {"question": "…", "answers": [{"path": "docs/a.md", "text": "a passage of it"}]}, or "lines": [10, 14] in place of "text".'


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A passage that answers: as text, found where it stands first, or by lines (from 1, both ends included)."""

    path: str
    text: str | None = None
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question and the passages that answer it; *kind* is whatever its writer sorts questions by."""

    text: str
    answers: tuple[KnownAnswer, ...]
    kind: str | None = None


def parse_questions(text: str) -> list[KnownQuestion]:
    """Return the questions of a file. Raises `BadUsage` naming the first line that is none."""
    questions = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            questions.append(_parse_question(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise BadUsage("question_invalid", f"Line {number} is no question with answers.", hint=_FORM) from error
    if not questions or len(questions) > MAX_QUESTIONS:
        raise BadUsage(
            "questions_missing",
            f"The file holds {len(questions)} questions; 1 to {MAX_QUESTIONS} are asked.",
            hint=_FORM,
        )
    return questions


def _parse_question(read: Mapping[str, object]) -> KnownQuestion:
    text, answers, kind = read["question"], read["answers"], read.get("kind")
    if not isinstance(text, str) or not text.strip() or not isinstance(answers, list) or not answers:
        raise ValueError("a question needs its text and its answers")
    return KnownQuestion(text, tuple(_parse_answer(answer) for answer in answers), str(kind) if kind else None)


def _parse_answer(read: Mapping[str, object]) -> KnownAnswer:
    path, text, lines = read["path"], read.get("text"), read.get("lines")
    if not isinstance(path, str) or (text is None) == (lines is None):
        raise ValueError("an answer has a path, and either text or lines")
    if isinstance(lines, list):
        first, last = (int(line) for line in lines)
        if not 1 <= first <= last:
            raise ValueError("lines count from 1")
        return KnownAnswer(path, lines=(first, last))
    if not isinstance(text, str) or not text.strip():
        raise ValueError("text is what stands in the document")
    return KnownAnswer(path, text=text)


def find_spans(answers: Sequence[KnownAnswer], texts: Mapping[str, str]) -> list[Span]:
    """Return where *answers* stand in *texts* by path; those that do not are left out."""
    spans = []
    for answer in answers:
        text = texts.get(answer.path)
        if text is None:
            continue
        begin, end = _find_text(answer.text, text) if answer.text else _find_lines(answer.lines or (1, 1), text)
        if 0 <= begin < end:
            spans.append(Span(answer.path, begin, end))
    return spans


def _find_text(wanted: str, text: str) -> tuple[int, int]:
    begin = text.find(wanted)
    return begin, begin + len(wanted)


def _find_lines(lines: tuple[int, int], text: str) -> tuple[int, int]:
    starts = [*line_starts(text), len(text)]
    if lines[0] >= len(starts):
        return -1, -1
    return starts[lines[0] - 1], starts[min(lines[1], len(starts) - 1)]
