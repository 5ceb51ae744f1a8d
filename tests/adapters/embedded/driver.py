"""An owner to be killed: opens both servers below a directory, prints their pids as JSON, and stays until it is ended."""

import asyncio
import json
import sys
from pathlib import Path

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis


async def own(directory: Path) -> None:
    async with (
        open_postgres(directory / "postgres", run_directory=directory / "run", fast_and_unsafe=True) as postgres,
        open_redis(directory / "redis", run_directory=directory / "run") as redis,
    ):
        sys.stdout.write(json.dumps({"postgres": postgres.child.pid, "redis": redis.child.pid}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(own(Path(sys.argv[1])))
