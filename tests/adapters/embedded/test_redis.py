import os
import signal
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import NoPermissionError, ResponseError

from syncd.adapters.embedded.redis import open_redis
from syncd.errors import Busy, Unreachable
from tests.adapters.embedded.places import list_open_to_others, list_running_in


def damage_files(directory: Path) -> None:
    (manifest,) = directory.glob("*/appendonlydir/*.manifest")
    manifest.write_text("not a manifest\n")


async def run_command(client: Redis, command: str) -> None:
    await client.execute_command(*command.split())  # type: ignore[no-untyped-call]  # the driver does not say


async def test_a_server_starts_serves_keeps_its_keys_and_leaves_nothing_running(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as first, Redis.from_url(first.url) as client:
        await client.set("syncd:kept", "7")
        facts = await client.info("server")
        assert first.version in {facts.get("valkey_version"), facts["redis_version"]}
        assert await client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert list_running_in(home) == []
    assert first.child.exit_code == 0
    async with open_redis(home / "redis", run_directory=home / "run") as second, Redis.from_url(second.url) as client:
        assert second.url == first.url
        assert await client.get("syncd:kept") == b"7"


async def test_a_killed_server_starts_again(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        await client.set("syncd:kept", "7")
        os.kill(server.child.pid, signal.SIGKILL)
        assert await server.child.wait() == -signal.SIGKILL
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        assert await client.get("syncd:kept") == b"7"


async def test_files_and_socket_are_private_and_no_password_or_a_wrong_one_is_refused(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server:
        assert list_open_to_others(home) == []
        password = (home / "redis/password").read_text()
        assert all(password not in argument for argument in psutil.Process(server.child.pid).cmdline())
        assert password not in repr(server)
        async with Redis.from_url(server.url.replace(password, "wrong")) as client:
            with pytest.raises(NotConnected, match="invalid username-password pair"):
                await client.ping()
        async with Redis.from_url(server.url.replace(f"syncd:{password}@", "")) as client:
            with pytest.raises(NotConnected, match="already authenticated"):
                await client.ping()
    assert password not in (home / "redis/redis.log").read_text()


async def test_the_user_has_what_locks_and_notices_need(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        script = client.register_script(
            "redis.call('hset', KEYS[1], 'by', ARGV[1], 'at', redis.call('time')[1]) return redis.call('pexpire', KEYS[1], 9000)"
        )
        assert await script(keys=["syncd:lock"], args=["me"]) == 1
        assert (await client.hgetall("syncd:lock"))[b"by"] == b"me"
        async with client.pubsub() as listener:
            await listener.subscribe("syncd:notice")
            assert await client.publish("syncd:notice", "now") == 1
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.incr("syncd:budget")
            pipeline.expire("syncd:budget", 60)
            assert await pipeline.execute() == [1, True]
        assert [key async for key in client.scan_iter("syncd:*")]
        await client.flushdb()


async def test_the_user_has_no_other_keys_and_no_dangerous_command(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        with pytest.raises(NoPermissionError):
            await client.set("other", "1")
        with pytest.raises(NoPermissionError):
            await client.publish("other", "1")
        with pytest.raises(ResponseError, match=r"(?i)acl|permission"):
            await client.eval("return redis.call('set', 'other', '1')", 0)
        for command in ("CONFIG SET maxmemory 0", "KEYS *", "FLUSHALL", "SHUTDOWN", "MODULE LIST", "ACL LIST", "FUNCTION LIST",
                        "RESTORE syncd:a 0 x", "SAVE", "REPLICAOF NO ONE", "MONITOR", "CLIENT LIST"):  # fmt: skip
            with pytest.raises(NoPermissionError):
                await run_command(client, command)
        with pytest.raises(ResponseError):
            await run_command(client, "DEBUG SLEEP 0")


async def test_a_path_that_is_too_long_gets_a_short_private_socket(home: Path, tmp_path: Path) -> None:
    async with (
        open_redis(home / "redis", run_directory=tmp_path / ("long" * 30)) as server,
        Redis.from_url(server.url) as client,
    ):
        assert str(tmp_path) not in server.url
        assert await client.ping()


async def test_a_directory_with_a_difficult_name_serves(home: Path) -> None:
    difficult = home / "a b'é%\"c:d\\x"
    async with open_redis(difficult / "redis", run_directory=difficult) as server, Redis.from_url(server.url) as client:
        assert await client.ping()


async def test_a_second_owner_of_the_same_directory_is_busy(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        with pytest.raises(Busy):
            async with open_redis(home / "redis", run_directory=home / "run"):
                pass
        assert await client.ping()


async def test_damaged_files_are_said_with_what_to_do(home: Path) -> None:
    async with open_redis(home / "redis", run_directory=home / "run") as server, Redis.from_url(server.url) as client:
        await client.set("syncd:kept", "7")
    damage_files(home / "redis")
    with pytest.raises(Unreachable, match="did not start") as caught:
        async with open_redis(home / "redis", run_directory=home / "run"):
            pass
    assert caught.value.code == "redis_start"
    assert "move" in caught.value.hint
    assert list_running_in(home) == []
