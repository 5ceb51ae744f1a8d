"""What Redis does when its memory is full: it must refuse writes, since a lock that is evicted is a lock that is lost."""

from redis.asyncio import Redis

from syncd.adapters.redis.locks import calling_redis

RIGHT_POLICY = "noeviction"


async def find_wrong_policy(redis: Redis) -> str | None:
    """Return the eviction policy of a server that may evict locks; none where it is right, or not said. Raises `Unreachable`."""
    async with calling_redis():
        memory = await redis.info("memory")
    policy = str(memory.get("maxmemory_policy", RIGHT_POLICY))
    return None if policy == RIGHT_POLICY else policy
