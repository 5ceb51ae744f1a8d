"""Replicas and operators at random, over the real Redis and Postgres: at every step both do what the model says."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.postgres.leases import mint_fence, release_fence
from syncd.adapters.postgres.transactions import fenced, in_project
from syncd.adapters.redis.locks import make_keys
from syncd.core.ids import ProjectId
from syncd.core.locks import Lock
from syncd.errors import Busy, Rejected
from syncd.services.freezing import force_release, freeze_project, unfreeze_project
from syncd.services.lock_keeping import keep_locks
from tests.databases import Database
from tests.locks.ground import Ground, Writer, insert, open_ground

REPLICAS = st.sampled_from(("first", "second", "third"))
TURNS = st.integers(0, 5)
OPERATORS = st.sampled_from(("alice", "bob", "root"))
STEPS_OF_A_RUN = 50
TRUTH = """
select fence, nonce, frozen_by, (select count(*) from sync_runs r where r.tenant_id = l.tenant_id and r.project_id = l.project_id)
from project_leases l where project_id = $1
"""
T = TypeVar("T")


@dataclass(slots=True)
class Shown:
    """What the model says that Redis shows."""

    nonce: UUID | None  # none: a freeze
    fence: int | None


@dataclass(frozen=True, slots=True)
class World:
    """The ground, the loop that it was opened on, and how the writes of all runs ended."""

    ground: Ground
    runner: asyncio.Runner
    writes: Counter[bool] = field(default_factory=Counter)


class Locks(RuleBasedStateMachine):
    """The model: who may write (fence and nonce), who froze it, what Redis shows. Replicas remember what they were told.

    *due*: Postgres has changed, and no keeper has looked since whether Redis shows it.
    """

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.ground = self.world.ground
        self.project_id: ProjectId = self.do(self.ground.add_project())
        self.fence = 0
        self.owner: UUID | None = None
        self.frozen_by: str | None = None
        self.shown: Shown | None = None
        self.due = False
        self.rows = 0
        self.asked: dict[str, UUID] = {}
        self.minted: dict[str, Lock] = {}

    def do(self, work: Awaitable[T]) -> T:
        """Wait for *work*."""

        async def wait() -> T:
            async with asyncio.timeout(20):
                return await work

        return self.world.runner.get_loop().run_until_complete(wait())

    def choose_holder(self, turn: int) -> str:
        """Return a replica that has minted, whether or not it still holds anything."""
        names = sorted(self.minted)
        return names[turn % len(names)]

    @rule(name=REPLICAS, writes=st.integers(0, 2))
    def hold(self, name: str, writes: int) -> None:
        """A replica begins a sync as the daemon does: it asks, mints, tells Redis its fence, and perhaps writes."""
        self.ask_redis(name, again=False)
        self.mint(name)
        if name in self.minted:
            self.renew(sorted(self.minted).index(name))
            for _ in range(writes):
                self.write(sorted(self.minted).index(name))

    @rule(name=REPLICAS, again=st.booleans())
    def ask_redis(self, name: str, again: bool) -> None:
        """A replica asks for the lease; *again*: once more with the nonce it had, as after a lost answer."""
        nonce = self.asked[name] if again and name in self.asked else uuid4()
        free = self.shown is None or self.shown.nonce == nonce
        refused = self.do(self.ground.make_locks(name).acquire(self.project_id, nonce, reason="poll", kind="sync"))
        assert (refused is None) is free
        if free:
            self.asked[name], self.shown = nonce, Shown(nonce, None)

    @rule(name=REPLICAS)
    def mint(self, name: str) -> None:
        """A replica that was told yes, perhaps long ago, mints its fence."""
        if name not in self.asked:
            return
        fence = self.do(self._mint(name, self.asked[name]))
        assert (fence is None) is (self.frozen_by is not None)
        if fence is not None:
            self.fence, self.owner = self.fence + 1, self.asked[name]
            assert fence == self.fence
            self.minted[name] = Lock(self.ground.tenant_id, self.project_id, fence, self.owner)

    async def _mint(self, name: str, nonce: UUID) -> int | None:
        async with in_project(self.ground.sync_pool, self.ground.tenant_id, self.project_id) as connection:
            minted = await mint_fence(connection, self.project_id, nonce, name)
        return minted.fence if minted else None

    @precondition(lambda self: self.minted)
    @rule(turn=TURNS)
    def renew(self, turn: int) -> None:
        """A replica renews its lease, or hears that it was lost."""
        name = self.choose_holder(turn)
        lock = self.minted[name]
        ours = self.shown is not None and self.shown.nonce == lock.nonce
        assert self.do(self.ground.make_locks(name).renew(self.project_id, lock.nonce, fence=lock.fence)) is ours
        if ours:
            self.shown = Shown(lock.nonce, lock.fence)

    @precondition(lambda self: self.minted)
    @rule(turn=TURNS)
    def write(self, turn: int) -> None:
        """A replica writes, whatever it was told since."""
        name = self.choose_holder(turn)
        lock = self.minted[name]
        allowed = (lock.fence, lock.nonce) == (self.fence, self.owner) and self.frozen_by is None
        assert self.do(self._write(name, lock)) is allowed
        self.rows += allowed
        self.world.writes[allowed] += 1

    async def _write(self, name: str, lock: Lock) -> bool:
        try:
            async with fenced(self.ground.sync_pool, lock) as connection:
                await insert(connection, Writer(lock, name))
        except LeaseLost:
            return False
        return True

    @precondition(lambda self: self.minted)
    @rule(turn=TURNS)
    def give_back(self, turn: int) -> None:
        """A replica gives back what it has: the fence first, then the lease."""
        name = self.choose_holder(turn)
        lock = self.minted.pop(name)
        self.asked.pop(name, None)
        kept = (lock.fence, lock.nonce) == (self.fence, self.owner)
        assert self.do(self._release(lock)) is kept
        if kept:
            self.owner = None
        shown = self.shown is not None and self.shown.nonce == lock.nonce
        assert self.do(self.ground.make_locks(name).release(self.project_id, lock.nonce)) is shown
        if shown:
            self.shown = None

    async def _release(self, lock: Lock) -> bool:
        async with in_project(self.ground.sync_pool, self.ground.tenant_id, self.project_id) as connection:
            return await release_fence(connection, lock)

    @rule(name=OPERATORS)
    def freeze(self, name: str) -> None:
        """An operator freezes: refused where another's freeze stands, except to an admin."""
        desk = self.ground.make_desk(name, is_admin=name == "root")
        refused = self.frozen_by not in {None, name} and name != "root"
        with _expecting(Busy if refused else None):
            self.do(freeze_project(desk, self.project_id, reason=f"by {name}"))
        if refused:
            return
        if self.frozen_by != name:  # asked for again, it is done already
            self.fence, self.owner, self.frozen_by, self.due = self.fence + 1, None, name, True
        self._show_truth()
        self._write_of_everybody()

    @rule(name=OPERATORS)
    def unfreeze(self, name: str) -> None:
        """An operator lifts the freeze, if one stands."""
        refused = self.frozen_by not in {None, name} and name != "root"
        with _expecting(Busy if refused else None):
            self.do(unfreeze_project(self.ground.make_desk(name, is_admin=name == "root"), self.project_id))
        if not refused:
            self.due = self.due or self.frozen_by is not None
            self.frozen_by = None
            self._show_truth()

    @precondition(lambda self: self.frozen_by is not None)
    @rule()
    def thaw(self) -> None:
        """Whoever froze it lifts it."""
        self.unfreeze(str(self.frozen_by))

    @rule(name=OPERATORS, right=st.booleans())
    def force(self, name: str, right: bool) -> None:
        """An operator ends the lease of the holder that they saw, or of one who has gone since."""
        expected = self.fence if right else self.fence - 1
        wanted = Rejected if not right else Busy if self.frozen_by is not None else None
        with _expecting(wanted):
            desk = self.ground.make_desk(name)
            self.do(force_release(desk, self.project_id, reason="stuck", expected_fence=expected))
        if wanted is None:
            self.fence, self.owner, self.due = self.fence + 1, None, True
            self._show_truth()
            self._write_of_everybody()

    def _write_of_everybody(self) -> None:
        """Let all who ever held it try to write: who was stopped does not."""
        for turn in range(len(self.minted)):
            self.write(turn)

    @rule()
    def empty_redis(self) -> None:
        """Redis is emptied, restarted, or evicts; or a clock jumps and the lease runs out."""
        self.do(self.ground.make_locks("nobody").clear(self.project_id))
        self.shown = None

    @rule()
    def keep(self) -> None:
        """A daemon's keeper looks."""
        self.do(keep_locks(self.ground.make_locking("keeper"), now=datetime.now(UTC)))
        # Who asked for the lease again with an old nonce, and renewed it under an old fence, is shown out by a keeper that has to look.
        if self.due or self.frozen_by is not None or (self.shown is not None and self.shown.nonce is None):
            self._show_truth()
        self.due = False

    @precondition(lambda self: self.frozen_by is not None)
    @rule()
    def let_the_freeze_end(self) -> None:
        """The time of the freeze passes, and a keeper sees that."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        statement = "update project_leases set freeze_until = $2 where project_id = $1"
        self.do(self.ground.superuser.execute(statement, self.project_id, past))
        self.do(keep_locks(self.ground.make_locking("keeper"), now=datetime.now(UTC)))
        self.frozen_by, self.due = None, False
        self._show_truth()

    def _show_truth(self) -> None:
        """Say what Redis shows after it was told what Postgres says."""
        if self.frozen_by is not None:
            # A lease of a newer fence than the freeze's cannot be: a freeze stops every mint.
            self.shown = Shown(None, self.fence)
        elif self.shown is not None and (self.shown.nonce is None or self._is_shown_lease_over(self.shown)):
            self.shown = None

    def _is_shown_lease_over(self, shown: Shown) -> bool:
        """Return whether a lease was ended in Postgres. One without a fence is about to mint, and runs out by itself."""
        return self.owner is None and shown.fence is not None and shown.fence < self.fence

    @invariant()
    def everything_is_as_the_model(self) -> None:
        """Who may write, who froze it, how much was written; and in Redis at most one holder, or the freeze."""
        truth, fields = self.do(self._look())
        assert tuple(truth) == (self.fence, self.owner, self.frozen_by, self.rows)
        assert bool(fields) is (self.shown is not None)
        if self.shown is not None:
            fence = "" if self.shown.fence is None else str(self.shown.fence)
            assert (fields["mode"], fields["fence"]) == ("freeze" if self.shown.nonce is None else "lease", fence)
            assert self.shown.nonce is None or fields["nonce"] == str(self.shown.nonce)

    async def _look(self) -> tuple[Any, Any]:
        truth, fields = await asyncio.gather(
            self.ground.superuser.fetchrow(TRUTH, self.project_id),
            self.ground.redis.hgetall(make_keys(self.project_id)[0]),
        )
        return truth, fields

    def teardown(self) -> None:
        """Leave nothing that a keeper would go through."""
        self.do(self.ground.superuser.execute("delete from project_leases where project_id = $1", self.project_id))


@contextmanager
def _expecting(kind: type[Exception] | None) -> Iterator[None]:
    if kind is None:
        yield
    else:
        with pytest.raises(kind):
            yield


@pytest.fixture
def world(database: Database, redis_server: RedisServer) -> Iterator[World]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        ground = runner.run(stack.enter_async_context(open_ground(database, redis_server, lease_seconds=600)))
        yield World(ground, runner)
        runner.run(stack.aclose())


@pytest.mark.parametrize("steps", [2_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_replicas_and_operators_at_random_are_as_the_model_says(world: World, steps: int) -> None:
    machine = type("LocksOfThisRun", (Locks,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=steps // STEPS_OF_A_RUN,
            stateful_step_count=STEPS_OF_A_RUN,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    # The dice fell both ways.
    assert world.writes[True]
    assert world.writes[False]
