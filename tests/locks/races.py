"""Races for a lock: each returns what must not happen. Run with a mutant they show that the races would notice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from uuid import uuid4

import asyncpg

from syncd.adapters.postgres.connections import FENCE_LOST_SQLSTATE
from syncd.adapters.postgres.transactions import in_project
from syncd.services.freezing import force_release, freeze_project, get_lock, unfreeze_project
from tests.locks.ground import Ground, Ledger, Writer, dawdle, insert, take, write


@dataclass(slots=True)
class Tally:
    """What a campaign has seen. *stale* rows came after a takeover; *trusted*: Redis said yes to two, or to one who had lost.

    *lost_freezes* were not kept. The rest shows that the dice fell both ways.
    """

    stale: int = 0
    trusted: int = 0
    lost_freezes: int = 0
    written: int = 0
    refused: int = 0

    @property
    def faults(self) -> tuple[int, int, int]:
        return self.stale, self.trusted, self.lost_freezes

    def add_writes(self, outcomes: Sequence[bool]) -> None:
        """Count writes that went through, and those that were refused."""
        self.written += sum(outcomes)
        self.refused += len(outcomes) - sum(outcomes)


async def run_takeovers(ground: Ground, *, races: int, seed: int, lanes: int = 4) -> Tally:
    """Let a holder write while another takes over, at random moments and in every way; *lanes* projects side by side."""
    tally = Tally()
    await asyncio.gather(*(_run_lane(ground, tally, races // lanes, Random(seed + lane)) for lane in range(lanes)))
    return tally


async def _run_lane(ground: Ground, tally: Tally, races: int, dice: Random) -> None:
    ledger = Ledger(ground, await ground.add_project())
    holder = await take(ground, ledger, "first")
    for _ in range(races):
        write_on = _write_on if dice.random() < 0.9 else _write_carelessly
        outcomes, taker = await asyncio.gather(
            write_on(ground, holder, Random(dice.random())), _take_over(ground, ledger, tally, dice)
        )
        # Once more when all is over: who was not refused before must be now.
        tally.add_writes([*outcomes, *await write_on(ground, holder, dice)])
        holder = taker
    tally.stale += await ledger.count_stale()


async def _write_on(ground: Ground, writer: Writer, dice: Random) -> list[bool]:
    """Write until refused, at most four times."""
    outcomes = [await write(ground, writer, dice)]
    while outcomes[-1] and len(outcomes) < 4:
        outcomes.append(await write(ground, writer, dice))
    return outcomes


async def _write_carelessly(ground: Ground, writer: Writer, dice: Random) -> list[bool]:
    """Write as code does that forgot the fence: only the trigger can refuse it."""
    lock = writer.lock
    try:
        async with in_project(ground.sync_pool, lock.tenant_id, lock.project_id) as connection:
            await dawdle(connection, dice)
            await dawdle(connection, dice)
            await insert(connection, writer)
    except asyncpg.PostgresError as error:
        if error.sqlstate != FENCE_LOST_SQLSTATE:
            raise
        return [False]
    return [True]


async def _take_over(ground: Ground, ledger: Ledger, tally: Tally, dice: Random) -> Writer:
    """Take the lease at a random moment: after its end, by a freeze, by force, or after a failover that lost the last fence."""
    async with in_project(ground.sync_pool, ground.tenant_id, ledger.project_id) as connection:
        for _ in range(dice.randrange(5)):
            await dawdle(connection, dice)
    way = dice.random()
    if way < 0.1:
        await _freeze_for_a_moment(ground, ledger, tally)
    elif way < 0.2:
        desk = ground.make_desk("operator")
        fence = (await get_lock(desk, ledger.project_id)).lease.fence
        await force_release(desk, ledger.project_id, reason="stuck", expected_fence=fence)
        await ledger.note_taken(f"force {uuid4()}")
    elif way < 0.3:
        await ground.superuser.execute(
            "update project_leases set fence = fence - 1 where project_id = $1", ledger.project_id
        )
    return await take(ground, ledger, "next")


async def _freeze_for_a_moment(ground: Ground, ledger: Ledger, tally: Tally) -> None:
    desk = ground.make_desk("operator")
    await freeze_project(desk, ledger.project_id, reason="race")
    await ledger.note_taken(f"freeze {uuid4()}")
    rows = await ledger.count_rows()
    await asyncio.sleep(0)
    tally.lost_freezes += not (await get_lock(desk, ledger.project_id)).lease.is_frozen
    tally.lost_freezes += await ledger.count_rows() != rows
    await unfreeze_project(desk, ledger.project_id)


async def run_losses(ground: Ground, *, races: int, seed: int, backwards: bool = False) -> Tally:
    """Let two hold the lock, because Redis forgot the first one: emptied, restarted, or its clock jumped.

    *backwards*: the clock jumps back first, so that the lease would last for hours: whoever asks cuts it.
    """
    tally, dice = Tally(), Random(seed)
    ledger = Ledger(ground, await ground.add_project())
    for _ in range(races):
        await _lose_once(ground, ledger, tally, dice, backwards=backwards)
    tally.stale += await ledger.count_stale()
    return tally


async def _lose_once(ground: Ground, ledger: Ledger, tally: Tally, dice: Random, *, backwards: bool) -> None:
    first, second = ground.make_locks("first"), ground.make_locks("second")
    project_id, old_nonce, new_nonce = ledger.project_id, uuid4(), uuid4()
    tally.trusted += await first.acquire(project_id, old_nonce, reason="race", kind="sync") is not None
    old = await take(ground, ledger, "first")
    if backwards:
        await ground.set_ttl(project_id, 3_600_000)
    refused = await second.acquire(project_id, new_nonce, reason="race", kind="sync")
    tally.trusted += refused is None or refused.clamped is not backwards
    writing = asyncio.create_task(_write_on(ground, old, Random(dice.random())))
    for _ in range(dice.randrange(8)):
        await asyncio.sleep(0)
    await ground.set_ttl(project_id, 0) if backwards or dice.random() < 0.5 else await first.clear(project_id)
    tally.trusted += await second.acquire(project_id, new_nonce, reason="race", kind="sync") is not None
    new = await take(ground, ledger, "second")
    tally.add_writes([*await writing, *await _write_on(ground, new, dice), await write(ground, old, dice)])
    # Who has lost is told, and does no harm to the other.
    tally.trusted += await first.renew(project_id, old_nonce, fence=old.lock.fence)
    tally.trusted += await first.release(project_id, old_nonce)
    tally.trusted += not await second.renew(project_id, new_nonce, fence=new.lock.fence)
    await second.release(project_id, new_nonce)
