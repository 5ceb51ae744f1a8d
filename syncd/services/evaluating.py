"""Asks a project questions whose answers are known, by the search that agents use, and measures what is found."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.reading.documents import get_text, list_documents_at
from syncd.adapters.postgres.reading.projects import ReadableProject, list_projects
from syncd.adapters.postgres.reading.ranked import Page, Scope, search
from syncd.adapters.postgres.reading.search import Searched
from syncd.adapters.postgres.transactions import reading
from syncd.core.evaluation import (
    Interval,
    Measures,
    Span,
    find_percentile,
    list_values,
    make_interval,
    measure_question,
)
from syncd.core.ids import TenantId
from syncd.core.meaning import NO_HELP, Help
from syncd.core.questions import KnownQuestion, find_spans
from syncd.errors import Rejected
from syncd.services.projects import make_project_not_found

# Enough chunks to fill the 8,000 characters that are measured, also where they are small.
DEPTH = 40
SEED = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was answered, in *milliseconds* of statements and ranking."""

    question: KnownQuestion
    measures: Measures
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a project's answers are worth. *unanswerable* are the questions of whose answers none stands in the docs: they are not counted."""

    project: str
    revision: int
    asked: Sequence[Asked]
    unanswerable: Sequence[str]


async def evaluate(
    pool: Pool,
    tenant_id: TenantId,
    project: str,
    questions: Sequence[KnownQuestion],
    *,
    per_document: int,
    help_: Help = NO_HELP,
) -> Evaluation:
    """Ask *questions* of the project's newest revision, one after the other. Raises `NotFound`, and `Rejected` where no answer stands in it."""
    asked: list[Asked] = []
    unanswerable: list[str] = []
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            found = await _get_project(connection, project)
            texts = await _read_texts(connection, found, questions)
        for question in questions:
            spans = find_spans(question.answers, texts)
            if spans:
                asked.append(
                    await _ask(pool, tenant_id, found, question, spans, per_document=per_document, help_=help_)
                )
            else:
                unanswerable.append(question.text)
    if not asked:
        raise Rejected(
            "answers_absent",
            f"None of the answers stands in the docs of {project}.",
            hint="Paths are relative to the root of the repository, and text is compared letter by letter.",
        )
    return Evaluation(found.name, found.revision, asked, unanswerable)


async def _get_project(connection: Connection, name: str) -> ReadableProject:
    for project in await list_projects(connection):
        if project.name == name:
            return project
    raise make_project_not_found(name)


async def _read_texts(
    connection: Connection, project: ReadableProject, questions: Sequence[KnownQuestion]
) -> Mapping[str, str]:
    paths = sorted({answer.path for question in questions for answer in question.answers})
    documents = await list_documents_at(connection, project.project_id, paths, revision=project.revision)
    return {document.path: await get_text(connection, document.content_hash) for document in documents}


async def _ask(
    pool: Pool,
    tenant_id: TenantId,
    project: ReadableProject,
    question: KnownQuestion,
    answers: Sequence[Span],
    *,
    per_document: int,
    help_: Help,
) -> Asked:
    scope = Scope({project.project_id: Searched(project.chunks, project.revision)})
    page = Page(DEPTH, per_document=per_document, limit=DEPTH)
    begun = time.perf_counter()
    async with reading(pool, tenant_id) as connection:
        found = await search(connection, scope, question.text, page=page, help_=help_)
    milliseconds = (time.perf_counter() - begun) * 1000
    spans = [Span(hit.place.path, hit.place.char_from, hit.place.char_to) for hit in found.hits]
    return Asked(question, measure_question(spans, answers), milliseconds)


def make_report(evaluation: Evaluation) -> dict[str, object]:
    """Return an evaluation as a document for machines, which a later one can be compared with."""
    times = [asked.milliseconds for asked in evaluation.asked]
    kinds: dict[str, list[Measures]] = {}
    for asked in evaluation.asked:
        if asked.question.kind:
            kinds.setdefault(asked.question.kind, []).append(asked.measures)
    return {
        "project": evaluation.project,
        "revision": evaluation.revision,
        "questions": len(evaluation.asked),
        "unanswerable": list(evaluation.unanswerable),
        "measures": {name: asdict(one) for name, one in _measure([one.measures for one in evaluation.asked]).items()},
        "kinds": {
            kind: {"questions": len(measured), **{name: one.mean for name, one in _measure(measured).items()}}
            for kind, measured in sorted(kinds.items())
        },
        "milliseconds": {
            name: round(find_percentile(times, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95))
        },
        "perQuestion": [{"question": one.question.text, **asdict(one.measures)} for one in evaluation.asked],
    }


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Return what changed between two reports, over the questions of both: differences, with how sure they are, and the questions that moved."""
    former = _list_answered(before)
    both = [(former[name], one) for name, one in _list_answered(after).items() if name in former]
    if not both:
        raise Rejected(
            "nothing_to_compare",
            "The two evaluations have no question in common.",
            hint="Compare with the output of `syncd eval --json` for the same questions.",
        )
    random = Random(SEED)  # noqa: S311 - repeatable, no secret
    differences = {name: [_number(new, name) - _number(old, name) for old, new in both] for name in Measures.__slots__}
    return {
        "questions": len(both),
        "differences": {
            name: asdict(_round(make_interval(values, random.randrange))) for name, values in differences.items()
        },
        "worse": [str(new["question"]) for old, new in both if _number(new, "ndcg") < _number(old, "ndcg")],
        "better": [str(new["question"]) for old, new in both if _number(new, "ndcg") > _number(old, "ndcg")],
    }


def _list_answered(report: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    listed = report.get("perQuestion")
    if not isinstance(listed, list):
        raise Rejected(
            "comparison_invalid",
            "What is compared with is no evaluation.",
            hint="Keep the output of `syncd eval --json` in a file, and name that.",
        )
    return {str(one["question"]): one for one in listed}


def _number(values: Mapping[str, object], name: str) -> float:
    value = values.get(name, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _measure(measured: Sequence[Measures]) -> Mapping[str, Interval]:
    random = Random(SEED)  # noqa: S311 - repeatable, no secret
    return {name: _round(make_interval(values, random.randrange)) for name, values in list_values(measured).items()}


def _round(interval: Interval) -> Interval:
    return Interval(round(interval.mean, 4), round(interval.low, 4), round(interval.high, 4))
