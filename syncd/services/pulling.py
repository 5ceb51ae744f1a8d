"""Brings a directory to the docs of a revision: exact, in one step, and only when it differs."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from syncd.adapters.beside import beside
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.listening import listen
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.pulling import PublishedRevision, RevisionFile, list_contents, list_files
from syncd.adapters.postgres.reading.revisions import get_revision_as_of
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.pulled_directory import add_files, hash_files, hold_directory, open_tree, show_tree
from syncd.core.hashing import content_hash
from syncd.core.ids import TenantId
from syncd.core.moments import Moment
from syncd.core.projects import Project
from syncd.errors import RetryLater, Stalled
from syncd.services.projects import make_project_not_found

log = logging.getLogger("syncd.pull")

CHANGES_CHANNEL = "syncd_changes"
# The web login's statements end after two seconds, and what is read waits in memory for the disk.
BATCH_BYTES = 4 * 1024 * 1024
BATCH_FILES = 500
LOOK_SECONDS = 60.0  # also without a notice: a connection can be dead without anybody being told
RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Order:
    """Which docs are wanted where. No *moment*: the newest revision."""

    tenant_id: TenantId
    project: str
    directory: Path
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What the directory shows after a pull; *changed*: it did not before."""

    project: str
    revision: int
    commit: str | None
    documents: int
    bytes: int
    directory: str
    changed: bool


async def pull_project(pool: Pool, order: Order) -> Pulled:
    """Make the directory show the docs that *order* names.

    Raises `NotFound`, `Rejected` (what stands there is not ours), `RetryLater`; the directory is then as it was.
    """
    with explaining_outage():
        async with reading(pool, order.tenant_id) as connection:
            published, files = await _find_files(connection, order)
    async with hold_directory(order.directory) as directory:
        changed = await hash_files(directory) != {file.path: file.content_hash for file in files}
        if changed:
            tree = await open_tree(directory, revision=published.revision)
            for batch in _split(files):
                await add_files(tree, await _read_batch(pool, order.tenant_id, batch))
            await show_tree(directory, tree)
    return Pulled(
        order.project,
        published.revision,
        published.commit,
        documents=len(files),
        bytes=sum(file.size for file in files),
        directory=str(directory.path),
        changed=changed,
    )


async def follow_project(pool: Pool, url: str, order: Order, on_pulled: Callable[[Pulled], None]) -> None:
    """Pull now and at each revision, for ever; *on_pulled* hears of the first pull and of every change.

    *url*: where to listen. What may work again by itself is tried again after its time; raises what does not.
    """
    project = await _get_project(pool, order)
    look = asyncio.Event()

    def hear(payload: str) -> None:
        # An empty one comes after each (re)connect: what was missed is found by looking.
        if not payload or payload.startswith(f"{project.project_id}:"):
            look.set()

    async with beside(listen(url, CHANGES_CHANNEL, hear)):
        await _pull_at_each(pool, order, look, on_pulled)


async def _pull_at_each(pool: Pool, order: Order, look: asyncio.Event, on_pulled: Callable[[Pulled], None]) -> None:
    first = True
    while True:
        look.clear()
        wait_seconds = LOOK_SECONDS
        try:
            pulled = await pull_project(pool, order)
        except RetryLater as error:
            log.warning("pull waits", extra={"project": order.project, "code": error.code})
            wait_seconds = min(error.after_seconds, RETRY_SECONDS)
        else:
            if first or pulled.changed:
                on_pulled(pulled)
            first = False
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await look.wait()


async def _get_project(pool: Pool, order: Order) -> Project:
    with explaining_outage():
        async with reading(pool, order.tenant_id) as connection:
            return await _require_project(connection, order.project)


async def _require_project(connection: Connection, name: str) -> Project:
    project = await find_project(connection, name)
    if project is None:
        raise make_project_not_found(name)
    return project


async def _find_files(connection: Connection, order: Order) -> tuple[PublishedRevision, Sequence[RevisionFile]]:
    """Return a revision and its documents, in one snapshot: a project that is removed meanwhile is not an empty one."""
    project = await _require_project(connection, order.project)
    published = await find_published(connection, project, order.moment)
    return published, await list_files(connection, project.project_id, revision=published.revision)


async def find_published(connection: Connection, project: Project, moment: Moment | None) -> PublishedRevision:
    """Return the revision of a project as of *moment*, or the newest. Raises `NotFound`, `RetryLater` before the first sync."""
    if project.revision == 0:
        raise RetryLater(
            "project_not_synced",
            f"The project {project.name} was not synced yet.",
            hint=f"`syncd project show {project.name}` tells how it stands; try again when it is ready.",
            after_seconds=RETRY_SECONDS,
        )
    newest = PublishedRevision(project.revision, project.synced_commit, project.synced_at)
    if moment is None:
        return newest
    return await get_revision_as_of(connection, project.project_id, moment, name=project.name, newest=newest)


def _split(files: Sequence[RevisionFile]) -> Iterator[Sequence[RevisionFile]]:
    """Yield batches of at most so many files, and so many bytes unless one file alone has more."""
    batch: list[RevisionFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == BATCH_FILES or size + file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


async def _read_batch(pool: Pool, tenant_id: TenantId, batch: Sequence[RevisionFile]) -> Mapping[str, bytes]:
    """Return bytes by path, each proved by its hash. A transaction of its own: none waits for the disk."""
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            contents = await list_contents(connection, list({file.content_hash for file in batch}))
    return {file.path: _prove(file, contents.get(file.content_hash)) for file in batch}


def _prove(file: RevisionFile, content: bytes | None) -> bytes:
    if content is None:
        raise RetryLater(
            "content_removed",
            f"The content of {file.path} was removed while it was pulled.",
            hint="Pull again; the directory is as it was.",
            after_seconds=1,
        )
    if content_hash(content) != file.content_hash:
        raise Stalled(
            "content_damaged",
            f"The stored bytes of {file.path} are not those of their hash.",
            hint="The directory is as it was. Restore the database from a backup, or sync the project anew.",
        )
    return content
