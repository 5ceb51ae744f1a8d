"""What `doctor` asks Redis about itself."""

from dataclasses import dataclass

from syncd.adapters.redis.locks import RedisClient, calling_redis


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """Product (Valkey or Redis), version, and what happens when its memory is full."""

    product: str
    version: str
    memory_policy: str


async def get_redis_facts(redis: RedisClient) -> RedisFacts:
    """Return what the server says of itself. Raises `Unreachable`."""
    async with calling_redis():
        server, memory = await redis.info("server"), await redis.info("memory")
    product = "Valkey" if "valkey_version" in server else "Redis"
    version = server.get("valkey_version") or server.get("redis_version", "")
    return RedisFacts(product, str(version), str(memory.get("maxmemory_policy", "")))
