"""A tenant's keys in Postgres: listed without secrets, revoked once and for all, and only one's own."""

from uuid import uuid4

import pytest

from syncd.adapters.postgres.keys import NewKey, add_key, list_keys, resolve_key, revoke_key
from syncd.core.ids import TenantId
from syncd.errors import NotFound
from tests.mirror import Mirror

KEY_ID = "4fJ2kQ81xYzA"
SECRET_HASH = bytes(32)


async def test_a_revoked_key_is_listed_and_opens_nothing(mirror: Mirror) -> None:
    new = NewKey(key_id=KEY_ID, secret_hash=SECRET_HASH, name="ci", scopes=("docs:read",))
    await add_key(mirror.web_pool, mirror.tenant_id, new)
    now = mirror.work.clock()
    resolved = await resolve_key(mirror.read_pool, KEY_ID, SECRET_HASH, now)
    assert resolved is not None
    assert (resolved.tenant_id, resolved.scopes) == (mirror.tenant_id, frozenset({"docs:read"}))
    for _ in range(2):  # once more changes nothing
        await revoke_key(mirror.web_pool, mirror.tenant_id, KEY_ID)
    assert await resolve_key(mirror.read_pool, KEY_ID, SECRET_HASH, now) is None
    (listed,) = await list_keys(mirror.web_pool, mirror.tenant_id)
    assert (listed.key_id, listed.name, listed.active, listed.project_ids) == (KEY_ID, "ci", False, None)


async def test_another_tenants_key_cannot_be_revoked_and_looks_absent(mirror: Mirror) -> None:
    new = NewKey(key_id=KEY_ID, secret_hash=SECRET_HASH, name="ci", scopes=("docs:read",))
    await add_key(mirror.web_pool, mirror.tenant_id, new)
    other = TenantId(uuid4())
    with pytest.raises(NotFound) as refused:
        await revoke_key(mirror.web_pool, other, KEY_ID)
    assert refused.value.code == "key_not_found"
    assert await list_keys(mirror.web_pool, other) == ()
    assert await resolve_key(mirror.read_pool, KEY_ID, SECRET_HASH, mirror.work.clock()) is not None
