"""What a search finds is what ranks best of everything, on every page, at every revision, whatever way the candidates were found."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from bench.generated_docs import Writer
from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading import ranked
from syncd.adapters.postgres.reading.ranked import Found, Page, Scope, search
from syncd.adapters.postgres.reading.search import Searched, list_term_statistics
from syncd.adapters.postgres.transactions import in_project, reading
from syncd.core.projects import Project
from syncd.core.terms import make_impacts, make_query_weights, query_term_ids
from tests.mirror import Mirror
from tests.services.folder_projects import add_folder, sync_folder, write

DOCUMENTS = 30
SHOWN = 50


async def make_project(mirror: Mirror, folder: Path) -> Project:
    """Sync documents of generated words, some that say the same, and many that say as much as each other on permission."""
    writer = Writer(5)
    files = {f"page-{n:02d}.md": writer.write_document(n).encode() for n in range(DOCUMENTS)}
    files |= {f"same-{n}.md": b"# Licence\n\nPermission is granted to wombats.\n" for n in range(4)}
    files |= {f"tied-{n:02d}.md": f"# Permission\n\nWas granted to number{n}.\n".encode() for n in range(60)}
    write(folder, files)
    project = await add_folder(mirror, folder)
    await sync_folder(mirror, project)
    return await mirror.get_project(project.project_id)


def make_queries(count: int) -> list[str]:
    random, writer = Random(3), Writer(5)
    words = [writer.write_document(n).split() for n in range(DOCUMENTS)]
    return [" ".join(random.sample(random.choice(words), random.randint(1, 6))) for _ in range(count)]


def scope_of(project: Project, revision: int) -> Scope:
    return Scope({project.project_id: Searched(project.chunks, revision)})


async def ask(
    mirror: Mirror, project: Project, query: str, *, offset: int = 0, size: int = SHOWN, revision: int | None = None
) -> Found:
    async with reading(mirror.read_pool, mirror.tenant_id) as connection:
        page = Page(size, per_document=SHOWN, offset=offset, limit=size)
        return await search(connection, scope_of(project, revision or project.revision), query, page=page)


async def score_everything(connection: Connection, project: Project, query: str) -> list[float]:
    """Return the exact BM25 of every place that has any, best first, without the help of Postgres."""
    frequencies = await list_term_statistics(connection, [project.project_id], query_term_ids(query))
    weights = make_query_weights(query, document_frequencies=frequencies, chunk_count=project.chunks)
    rows = await connection.fetch(
        """
        select c.header, c.body from document_versions v
        join document_chunks p using (tenant_id, content_hash, format, title, chunker_version)
        join chunks c using (tenant_id, chunk_hash)
        where v.revision_to is null
        """
    )
    scores = []
    for row in rows:
        counts, by_count = make_impacts(row["header"], row["body"])
        scores.append(sum(weight * by_count[counts[term]] for term, weight in weights.items() if term in counts))
    return sorted((score for score in scores if score > 0), reverse=True)


def words_of(found: Found) -> list[float]:
    return sorted((hit.score.words for hit in found.hits for _ in (hit.place, *hit.also)), reverse=True)


async def test_candidates_rank_as_scoring_every_chunk_does(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranked, "MAX_RERANKED", SHOWN)
    project = await make_project(mirror, tmp_path)
    queries = make_queries(20)
    first = []
    for query in queries:
        found = await ask(mirror, project, query)
        async with reading(mirror.read_pool, mirror.tenant_id) as connection:
            exact = await score_everything(connection, project, query)
        words = words_of(found)
        assert words == pytest.approx(exact[: len(words)], rel=0.01), query
        assert len(words) >= min(SHOWN, len(exact)), query
        first.append(found.hits[0].place)
    # Of 160 chunks as much as 2,000 are of 160,000: the chunks of the rarest words are a small part of those that match.
    monkeypatch.setattr(ranked, "LOOKUP_CHUNKS", 16)
    narrow = [(await ask(mirror, project, query, size=1)).hits[0].place for query in queries]
    assert sum(one == other for one, other in zip(first, narrow, strict=True)) >= 0.9 * len(queries)


async def test_what_is_read_of_a_candidate_stands_in_its_row_as_it_is(mirror: Mirror, tmp_path: Path) -> None:
    project = await make_project(mirror, tmp_path)
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        rows = await connection.fetch(
            """
            select pg_column_toast_chunk_id(chunk_hash) as hash_elsewhere,
                   pg_column_toast_chunk_id(terms) as terms_elsewhere,
                   pg_column_compression(terms) as terms_compressed
            from chunks
            where cardinality(term_ids) < 300
            """
        )
    assert len(rows) > 100
    assert {tuple(row) for row in rows} == {(None, None, None)}


async def test_pages_show_every_hit_once_as_far_as_they_go(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_project(mirror, tmp_path)
    # Such that the first pages take a look that is cut short, and later ones a deeper one.
    monkeypatch.setattr(ranked, "CANDIDATES", (30, 100, 1000))
    monkeypatch.setattr(ranked, "MAX_RERANKED", 25)
    for query, size in (("client timeout", 5), ("permission granted", 13), (make_queries(1)[0], 10)):
        shown: list[object] = []
        found = await ask(mirror, project, query, size=size)
        while found.hits:
            shown += [(hit.place.path, hit.place.ordinal) for hit in found.hits]
            if len(shown) >= found.total:
                break
            found = await ask(mirror, project, query, offset=len(shown), size=size)
        assert len(shown) == len(set(shown)), query
        assert len(shown) == found.total, query
        assert found.total > 30 or size == 10, query


async def test_of_a_sample_there_is_one_page_and_none_where_a_former_revision_holds_a_rarer_word(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_project(mirror, tmp_path)
    monkeypatch.setattr(ranked, "COMMON_CHUNKS", 30)
    found = await ask(mirror, project, "client", size=5)
    assert found.degraded == ranked.COMMON
    assert found.total == len(found.hits) > 0
    again = await ask(mirror, project, "client", offset=5, size=5)
    assert not again.hits
    assert again.degraded
    (tmp_path / "same-0.md").write_bytes(b"# Zebras\n\nA client of zebras.\n")
    await sync_folder(mirror, project)
    (tmp_path / "same-0.md").unlink()
    await sync_folder(mirror, project)
    former = await ask(mirror, project, "zebras client", size=5, revision=2)
    assert former.hits[0].place.path == "same-0.md", "a word that stands nowhere now is no common one"
    assert not former.degraded


def pick(words: Sequence[str], random: Random) -> str:
    """Return a question that a person may ask who has read *words*."""
    form = random.choice(
        ["How do I use {} with {}?", "why does {} not {}", "what is the difference between {} and {}?"]
    )
    return form.format(*random.sample(words, 2))


async def test_no_question_in_natural_language_is_answered_by_nothing(mirror: Mirror, tmp_path: Path) -> None:
    project = await make_project(mirror, tmp_path)
    random, writer = Random(11), Writer(5)
    words = sorted({word for n in range(DOCUMENTS) for word in writer.write_document(n).split() if word.isalpha()})
    for _ in range(40):
        question = pick(words, random)
        found = await ask(mirror, project, question, size=5)
        assert found.hits, question
