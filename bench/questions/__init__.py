"""Questions with known answers: how they are read."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncd.core.evaluation import Span


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the stretches of text that answer it."""

    text: str
    kind: str
    answers: tuple[Span, ...]


def load_questions(file: Path, texts: Mapping[str, str]) -> list[Question]:
    """Read questions whose answers are passages of *texts*, each found where it stands first."""
    questions = []
    for line in file.read_text(encoding="utf-8").splitlines():
        read = json.loads(line)
        answers = []
        for answer in read["answers"]:
            begin = texts[answer["path"]].index(answer["text"])
            answers.append(Span(answer["path"], begin, begin + len(answer["text"])))
        questions.append(Question(read["question"], read["kind"], tuple(answers)))
    return questions


def load_chunking_evaluation(directory: Path) -> tuple[dict[str, str], list[Question]]:
    """Read the corpora and questions of the public repository brandonstarxel/chunking_evaluation: texts by path, questions."""
    texts = {path.name: path.read_bytes().decode() for path in sorted(directory.glob("*.md"))}
    questions = []
    with (directory / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = f"{row['corpus_id']}.md"
            spans = [Span(path, one["start_index"], one["end_index"]) for one in json.loads(row["references"])]
            questions.append(Question(row["question"], row["corpus_id"], tuple(spans)))
    return texts, questions
