"""How far a sync is can be seen while it runs, from any process, and nothing of it is left afterwards."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.adapters.redis.progress import list_progress
from syncd.core.ids import ProjectId
from syncd.core.progress import Progress
from syncd.services.progress import ProgressBoard, open_progress_board

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROJECT = ProjectId(uuid4())


async def wait_for(redis: RedisClient, project_id: ProjectId, wanted: Mapping[ProjectId, Progress]) -> None:
    async with asyncio.timeout(5), redis.pubsub() as notices:
        await notices.subscribe(f"syncd:{{p:{project_id}}}:ev")
        while await list_progress(redis, [project_id]) != wanted:
            await notices.get_message(ignore_subscribe_messages=True, timeout=5)


async def test_phases_and_counts_are_told_and_the_end_takes_them_away(redis: RedisClient) -> None:
    async with open_progress_board(redis, lambda: NOW) as board:
        board.enter(PROJECT, "gather")
        await wait_for(redis, PROJECT, {PROJECT: Progress(NOW, "gather")})
        board.enter(PROJECT, "fetch")
        board.count(PROJECT, 3, 10)
        await wait_for(redis, PROJECT, {PROJECT: Progress(NOW, "fetch", 3, 10)})
        board.enter(PROJECT, None)
        await wait_for(redis, PROJECT, {})


async def test_counts_of_a_sync_that_has_ended_bring_nothing_back(redis: RedisClient) -> None:
    other = ProjectId(uuid4())
    async with open_progress_board(redis, lambda: NOW) as board:
        board.enter(PROJECT, "apply")
        board.enter(PROJECT, None)
        board.count(PROJECT, 1, 2)
        board.enter(other, "gather")
        await wait_for(redis, other, {other: Progress(NOW, "gather")})
        assert await list_progress(redis, [PROJECT]) == {}


async def test_a_redis_that_is_away_hinders_no_sync_and_is_told_when_it_is_back(
    redis: RedisClient, tmp_path: Path
) -> None:
    board = ProgressBoard(lambda: NOW)
    board.enter(PROJECT, "gather")
    async with open_redis_client(f"unix://{tmp_path}/nobody.sock") as nobody:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await board.tell(nobody)
    board.enter(PROJECT, "plan")
    telling = asyncio.ensure_future(board.tell(redis))
    try:
        await wait_for(redis, PROJECT, {PROJECT: Progress(NOW, "plan")})
        board.enter(PROJECT, None)
        await wait_for(redis, PROJECT, {})
    finally:
        telling.cancel()
        await asyncio.wait([telling])
