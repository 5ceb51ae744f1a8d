"""A chunk that did not change is never tokenised, indexed or embedded again: what is stored of it is not written a second time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from syncd.adapters.parsing.parsers import Parsers
from syncd.adapters.postgres.transactions import in_project
from syncd.core.indexing import ChunkTerms
from syncd.core.projects import Project
from tests.mirror import Mirror
from tests.services.folder_projects import add_folder, sync_folder, write

SECTIONS = 12


class CountingParsers(Parsers):
    """Parses as ever, and remembers the texts of which terms were made."""

    def __init__(self) -> None:
        super().__init__(workers=0)
        self.made: list[str] = []

    async def make_terms(self, passages: Sequence[tuple[str, str]], *, vectors: bool) -> tuple[ChunkTerms, ...]:
        self.made += [body for _, body in passages]
        return await super().make_terms(passages, vectors=vectors)


def make_page(*, edited: int | None = None) -> bytes:
    sections = []
    for n in range(SECTIONS):
        added = " One sentence more." if n == edited else ""
        sections.append(f"## Part {n}\n\n" + f"What part {n} is about, at length.{added} " * (30 if n != edited else 1))
    return ("# Page\n\n" + "\n\n".join(sections) + "\n").encode()


async def read_rows(mirror: Mirror, project: Project) -> dict[bytes, tuple[str, str]]:
    """Return which transaction wrote each chunk last."""
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        rows = await connection.fetch("select chunk_hash, body, xmin::text as written_by from chunks")
    return {row["chunk_hash"]: (row["body"], row["written_by"]) for row in rows}


async def test_only_the_chunks_that_an_edit_made_are_tokenised_and_written(mirror: Mirror, tmp_path: Path) -> None:
    parsers = CountingParsers()
    store = replace(mirror.work.store, parsers=parsers)
    mirror = replace(mirror, work=replace(mirror.work, store=store))
    write(tmp_path, {"page.md": make_page(), "other.md": b"# Other\n\nAnother page.\n"})
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    before = await read_rows(mirror, project)
    assert sorted(parsers.made) == sorted(body for body, _ in before.values())
    parsers.made.clear()
    write(tmp_path, {"page.md": make_page(edited=5), "copy.md": b"# Other\n\nAnother page.\n"})
    (tmp_path / "other.md").rename(tmp_path / "renamed.md")
    await sync_folder(mirror, project)
    after = await read_rows(mirror, project)
    assert before.items() <= after.items(), "what stood there was not written again"
    new = [body for key, (body, _) in after.items() if key not in before]
    assert parsers.made == new
    assert len(new) == 1
    assert "One sentence more" in new[0]
