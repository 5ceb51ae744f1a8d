"""From a push to an agent that listens: the event comes from the sync's own transaction, so what it speaks of can be read at once."""

import asyncio
import json
import secrets
from pathlib import Path

from mcp.shared.subscriptions import ResourceUpdated

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.keys import NewKey, add_key
from syncd.core.keys import hash_secret, make_key, make_key_id
from syncd.services.projects import request_project_sync
from tests.databases import Database
from tests.end_to_end.plant import Plant, open_plant, running_daemon
from tests.mcp_server.agents import open_agent, text_of
from tests.mcp_server.serve import serving

DEADLINE_SECONDS = 10


async def make_agent_key(plant: Plant) -> str:
    secret, key_id = secrets.token_bytes(32), make_key_id(secrets.token_bytes(16))
    key = NewKey(key_id=key_id, secret_hash=hash_secret(secret), name="agent", scopes=("docs:read",))
    await add_key(plant.shelf.pool, plant.shelf.tenant_id, key)
    return make_key("test", key_id, secret)


async def test_an_agent_that_hears_of_a_push_reads_what_it_brought(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        open_plant(database, redis_server, tmp_path) as plant,
        serving(database.read_url) as origin,
        running_daemon(plant),
    ):
        project = await plant.add_project()
        await plant.wait_for_revision(1)
        async with (
            open_agent(origin, await make_agent_key(plant)) as agent,
            agent.listen(resource_subscriptions=["doc://handbook/docs/"]) as subscription,
        ):
            for revision, text in ((2, "pushed"), (3, "pushed again")):
                commit = plant.git.add_commit({"docs/a.md": f"# A\n\n{text}\n".encode()})
                await request_project_sync(plant.shelf, project)
                async with asyncio.timeout(DEADLINE_SECONDS):
                    event = await anext(subscription)
                read = text_of(await agent.call_tool("docs_read", {"id": "handbook/docs/a.md"}))
                changed = text_of(
                    await agent.call_tool("docs_changes", {"project": "handbook", "since": f"r{revision - 1}"})
                )

                assert event == ResourceUpdated("doc://handbook/docs/a.md")
                assert f"\n\n{text}\n" in read
                assert f"handbook · r{revision} · commit {commit[:12]}" in read
                assert [item["id"] for item in json.loads(changed)["items"]] == [f"handbook/docs/a.md@v{revision}"]
