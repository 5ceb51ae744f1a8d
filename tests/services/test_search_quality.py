"""Floors under what search is worth, without any model, through the statements that agents' searches make, under the reader's login."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.questions import load_chunking_evaluation
from syncd.adapters.folder.source import FolderSource
from syncd.core.evaluation import list_values
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.core.questions import KnownAnswer, KnownQuestion, parse_questions
from syncd.services.evaluating import evaluate
from syncd.services.sync import Limits
from tests.fakegithub.gitrepo import GitRepository
from tests.mirror import Mirror

SHARED = Path(os.environ.get("SYNCD_SHARED", Path(__file__).parents[3] / "shared")) / "data"
CHUNKING_EVALUATION = SHARED / "chunking_evaluation"
BUNDLE = SHARED / "httpx-docs.bundle"
QUESTIONS = Path(__file__).parents[2] / "bench" / "questions" / "httpx.jsonl"
LIMITS = Limits(document_max_bytes=5 * 1024 * 1024, project_max_documents=1000)
NO_CAP = 50


async def measure(mirror: Mirror, folder: Path, questions: Sequence[KnownQuestion]) -> dict[str, float]:
    """Mirror *folder*, ask the questions, and return the mean of each measure."""
    project = await mirror.add_project(NewProject("docs", "folder", folder=str(folder), docs_path=""))
    source = FolderSource(folder, docs_path="", matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    assert await replace(mirror, work=replace(mirror.work, limits=LIMITS)).sync(project, source)
    done = await evaluate(mirror.read_pool, mirror.tenant_id, "docs", questions, per_document=NO_CAP)
    assert not done.unanswerable
    values = list_values([asked.measures for asked in done.asked])
    return {name: sum(values[name]) / len(done.asked) for name in values}


# The second half is reported on; the first is for tuning, and asked only at full size.
HALVES = [pytest.param(0, marks=pytest.mark.full), 1]


@pytest.mark.skipif(
    not CHUNKING_EVALUATION.exists(), reason=f"{CHUNKING_EVALUATION} is missing (SYNCD_SHARED names its place)"
)
@pytest.mark.parametrize("half", HALVES)
async def test_chunking_evaluation_is_answered_above_its_floor(mirror: Mirror, tmp_path: Path, half: int) -> None:
    texts, asked = load_chunking_evaluation(CHUNKING_EVALUATION)
    for path, text in texts.items():
        (tmp_path / path).write_bytes(text.encode())
    questions = [
        KnownQuestion(
            one.text,
            tuple(KnownAnswer(span.path, text=texts[span.path][span.char_from : span.char_to]) for span in one.answers),
        )
        for one in asked[half::2]
    ]
    assert len(questions) == 236
    means = await measure(mirror, tmp_path, questions)
    assert means["recall_at_5"] >= 0.91
    assert means["text"] >= 0.92
    assert means["empty"] == 0


@pytest.mark.skipif(not BUNDLE.exists(), reason=f"{BUNDLE} is missing (SYNCD_SHARED names its place)")
@pytest.mark.parametrize("half", HALVES)
async def test_questions_on_the_docs_of_httpx_are_answered_above_their_floor(
    mirror: Mirror, tmp_path: Path, half: int
) -> None:
    git = GitRepository.clone_bundle(BUNDLE, tmp_path / "httpx.git")
    for path, file in git.list_tree("master").items():
        (tmp_path / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / path).write_bytes(file.content or b"")
    questions = parse_questions(QUESTIONS.read_text(encoding="utf-8"))[half::2]
    assert len(questions) == 36
    means = await measure(mirror, tmp_path / "docs", questions)
    assert means["found_at_5"] >= 0.80
    assert means["ndcg"] >= 0.70
    assert means["empty"] == 0
