"""A chunker of a release to come: it cuts smaller, under the next version. Also a process of its own, to be killed."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from syncd.adapters.parsing.parsers import open_parsers
from syncd.adapters.postgres.connections import open_pool
from syncd.core import chunking, indexing
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.ids import ProjectId, TenantId
from syncd.core.locks import Lock
from syncd.services import recutting
from syncd.services.recutting import recut_project
from syncd.services.staging import Store

NEXT_VERSION = CHUNKER_VERSION + 1


def bring_in_next_chunker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything work as the next release will."""
    for name, module in list(sys.modules.items()):
        if name.startswith("syncd.") and hasattr(module, "CHUNKER_VERSION"):
            monkeypatch.setattr(module, "CHUNKER_VERSION", NEXT_VERSION)
    smaller = partial(chunking.make_layout, target_characters=200, max_characters=300)
    monkeypatch.setattr(indexing, "make_layout", smaller)


async def recut_one_by_one(url: str, lock: Lock) -> None:
    """Cut anew as the next release, one document a step."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        bring_in_next_chunker(monkeypatch)
        monkeypatch.setattr(recutting, "BATCH_BLOBS", 1)
        async with open_pool(url, size=2) as pool, open_parsers(workers=0) as parsers:
            await recut_project(
                Store(pool, parsers),
                lock,
                clock=lambda: datetime.now(UTC),
                until=datetime.now(UTC) + timedelta(minutes=1),
            )


if __name__ == "__main__":
    url, tenant_id, project_id, fence, nonce = sys.argv[1:]
    held = Lock(TenantId(UUID(tenant_id)), ProjectId(UUID(project_id)), int(fence), UUID(nonce))
    asyncio.run(recut_one_by_one(url, held))
