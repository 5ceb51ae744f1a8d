"""An installation belongs to one tenant, and a set-up state works once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.installations import (
    add_installation,
    add_setup,
    list_installations,
    remove_installation,
    remove_setups,
)
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.setup_states import SetupState
from tests.databases import Database
from tests.mirror import Mirror, open_mirror

NOW = datetime(2026, 11, 20, tzinfo=UTC)


async def bind(mirror: Mirror, installation_id: int) -> bool:
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        return await add_installation(connection, mirror.tenant_id, installation_id, account="acme", now=NOW)


async def list_ids(mirror: Mirror) -> list[int]:
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        return [one.installation_id for one in await list_installations(connection, mirror.tenant_id)]


async def test_an_installation_serves_one_tenant(database: Database, redis_server: RedisServer) -> None:
    async with (
        open_mirror(database, redis_server, tenant="first") as first,
        open_mirror(database, redis_server, tenant="second") as second,
    ):
        assert await bind(first, 7)
        assert [await bind(second, 7), await bind(first, 7)] == [False, False]
        assert (await list_ids(first), await list_ids(second)) == ([7], [])
        async with writing(second.web_pool, second.tenant_id) as connection:
            assert not await remove_installation(connection, second.tenant_id, 7)
            assert not await remove_installation(connection, first.tenant_id, 7)
        async with writing(first.web_pool, first.tenant_id) as connection:
            assert await remove_installation(connection, first.tenant_id, 7)
        assert await bind(second, 7)


async def test_a_state_works_once_until_it_has_expired(database: Database, redis_server: RedisServer) -> None:
    async with open_mirror(database, redis_server) as mirror:
        state = SetupState(mirror.tenant_id, "acme", uuid4(), NOW + timedelta(hours=1))
        async with writing(mirror.web_pool, mirror.tenant_id) as connection:
            assert await add_setup(connection, state, 7, NOW)
            assert not await add_setup(connection, state, 8, NOW)
            await remove_setups(connection, mirror.tenant_id, NOW)
            assert not await add_setup(connection, state, 7, NOW)
            await remove_setups(connection, mirror.tenant_id, state.expires_at + timedelta(seconds=1))
            assert await add_setup(connection, state, 7, NOW)
