"""Documents for measures: the same for the same seed, shaped like the docs of real projects."""

import random
from itertools import accumulate
from pathlib import Path

VOCABULARY_SIZE = 12_000
_SYLLABLES = [
    "ba",
    "co",
    "di",
    "fe",
    "gu",
    "ha",
    "in",
    "jo",
    "ke",
    "lo",
    "mi",
    "nu",
    "or",
    "pa",
    "qui",
    "re",
    "su",
    "ta",
    "un",
    "ve",
    "wi",
    "xa",
    "yo",
    "ze",
    "an",
    "en",
    "is",
    "st",
    "er",
    "al",
]
_IDENTIFIERS = ("client", "timeout", "retry", "session", "headers", "stream", "cursor", "payload", "revision", "token")


class Writer:
    """Writes Markdown with words of Zipf's law: few stand everywhere, most stand nearly nowhere."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, no secret
        self._words = [
            "".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4))) for _ in range(VOCABULARY_SIZE)
        ]
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(VOCABULARY_SIZE)))

    def write_document(self, number: int) -> str:
        """Return one document of some kilobytes: title, sections, paragraphs, lists, code, tables, links."""
        sections = max(1, round(self._random.lognormvariate(1.4, 0.6)))
        parts = [f"# {self._phrase(4).title()} {number}", self._paragraph()]
        for _ in range(sections):
            parts.append(f"## {self._phrase(3).capitalize()}")
            parts += [self._block() for _ in range(self._random.randint(2, 5))]
        return "\n\n".join(parts) + "\n"

    def _block(self) -> str:
        kind = self._random.random()
        if kind < 0.6:
            return self._paragraph()
        if kind < 0.75:
            return "\n".join(f"- {self._sentence()}" for _ in range(self._random.randint(3, 7)))
        if kind < 0.92:
            return f"```python\n{self._code()}\n```"
        rows = [f"| `{self._identifier()}` | {self._phrase(6)} |" for _ in range(self._random.randint(3, 8))]
        return "\n".join(["| name | what it does |", "|---|---|", *rows])

    def _paragraph(self) -> str:
        return " ".join(self._sentence() for _ in range(self._random.randint(2, 6)))

    def _sentence(self) -> str:
        sentence = self._phrase(self._random.randint(6, 20)).capitalize()
        if self._random.random() < 0.1:
            sentence += f" [{self._phrase(2)}](page-{self._random.randint(0, 999):05d}.md)"
        return f"{sentence}."

    def _code(self) -> str:
        return "\n".join(
            f"{self._identifier()} = {self._identifier()}({self._random.randint(1, 99)})"
            for _ in range(self._random.randint(3, 15))
        )

    def _identifier(self) -> str:
        return "_".join(self._random.sample(_IDENTIFIERS, self._random.randint(1, 3)))

    def _phrase(self, length: int) -> str:
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=length))


def write_documents(directory: Path, *, count: int, seed: int) -> None:
    """Write *count* documents below *directory*, a hundred in each folder."""
    writer = Writer(seed)
    for number in range(count):
        path = directory / "docs" / f"part-{number // 100:03d}" / f"page-{number:05d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(writer.write_document(number), encoding="utf-8")
