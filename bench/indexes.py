"""What each hot query's index is worth: the same query with and without it, on an embedded Postgres of its own.

    python -m bench.indexes [--documents 50000] [--rounds 7] [--json]

A query runs under its role, with row security on; times are Postgres' own (EXPLAIN ANALYZE), the best of the rounds. "Without" is
without any index of the table; "next best" is what Postgres does when only the named index is missing: often another one will do.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.migrations import list_migrations, run_migrations
from syncd.adapters.postgres.roles import put_groups
from tests.hot_queries import HOT_QUERIES, HotQuery, choose_sample, fill_in
from tests.many_documents import Samples, fill

WANTED_RATIO = 10.0
ROUNDS_WITHOUT = 3  # slow, and steady enough
RESOLVE_KEY = HotQuery(
    "keys/resolve_key", "read", ("api_keys_by_key_id",), ("substr(md5('{tenant_id}7'), 1, 12)", "sha256('7')", "now()")
)


# The planner takes no invalid index; constraints go on to hold.
BLIND_TO_ITS_INDEXES = "update pg_index set indisvalid = false where indexrelid::regclass::text = any($1::text[])"
BLIND_TO_ALL_OF_THE_TABLE = """
update pg_index set indisvalid = false
where indrelid in (select indrelid from pg_index where indexrelid::regclass::text = any($1::text[]))
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Milliseconds of a query with its index, without any index of the table, and with the table's next best index."""

    query: str
    indexes: Sequence[str]
    with_index_ms: float
    without_index_ms: float
    next_best_ms: float

    @property
    def ratio(self) -> float:
        """How many times faster the query is with its index than without."""
        return self.without_index_ms / self.with_index_ms


async def time_query(connection: Connection, query: HotQuery, samples: Samples, *, rounds: int) -> float:
    """Return the best time of a query in milliseconds; what it writes is rolled back."""
    times = []
    for _ in range(rounds):
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"set local role syncd_{query.group}")
        await connection.execute(f"prepare measured as {query.text}")
        arguments = fill_in(query, samples)
        call = f"measured({', '.join(arguments)})" if arguments else "measured"
        found = await connection.fetchval(f"explain (analyze, timing off, format json) execute {call}")
        times.append(json.loads(found)[0]["Execution Time"])
        await connection.execute("deallocate measured")
        await transaction.rollback()
    return float(min(times))


async def compare(connection: Connection, query: HotQuery, samples: Samples, *, rounds: int) -> Comparison:
    """Measure a query with its indexes, then with the planner blind to them."""
    sample = choose_sample(query, samples)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "select set_config('syncd.tenant', $1, true), set_config('syncd.project', $2, true)",
        str(sample.tenant_id),
        str(sample.project_id),
    )
    await connection.execute(
        "select set_config('syncd.fence', '1', true), set_config('syncd.nonce', $1, true)", str(sample.project_id)
    )
    await connection.execute(
        "update project_leases set fence = 1, nonce = project_id where project_id = $1", sample.project_id
    )
    with_index = await time_query(connection, query, samples, rounds=rounds)
    blind = {}
    for statement in (BLIND_TO_ITS_INDEXES, BLIND_TO_ALL_OF_THE_TABLE):
        await connection.execute(statement, list(query.indexes))
        await connection.execute("discard plans")  # of functions, which would go on with the index
        blind[statement] = await time_query(connection, query, samples, rounds=ROUNDS_WITHOUT)
    await transaction.rollback()
    return Comparison(
        query.name, query.indexes, with_index, blind[BLIND_TO_ALL_OF_THE_TABLE], blind[BLIND_TO_ITS_INDEXES]
    )


async def measure(documents: int, rounds: int) -> list[Comparison]:
    """Return the comparison of every hot query over *documents* documents of ten tenants."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncd-bench-")))
        server = await stack.enter_async_context(
            open_postgres(directory / "cluster", run_directory=directory / "run", fast_and_unsafe=True)
        )
        connection = await stack.enter_async_context(open_connection(server.url))
        await put_groups(connection)
        await run_migrations(connection, list_migrations())
        samples = await fill(connection, documents=documents)
        await connection.execute("vacuum analyze")
        return [await compare(connection, query, samples, rounds=rounds) for query in (*HOT_QUERIES, RESOLVE_KEY)]


def print_table(comparisons: Sequence[Comparison]) -> None:
    """Print one line a query."""
    print(f"{'query':28} {'with ms':>8} {'without ms':>11} {'ratio':>7} {'next best ms':>13}  index")
    for one in comparisons:
        mark = "" if one.ratio >= WANTED_RATIO else f"  below {WANTED_RATIO:.0f}"
        times = f"{one.with_index_ms:8.3f} {one.without_index_ms:11.3f} {one.ratio:7.1f} {one.next_best_ms:13.3f}"
        print(f"{one.query:28} {times}  {' | '.join(one.indexes)}{mark}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    comparisons = asyncio.run(measure(arguments.documents, arguments.rounds))
    if arguments.json:
        print(json.dumps([asdict(one) | {"ratio": one.ratio} for one in comparisons]))
    else:
        print_table(comparisons)


if __name__ == "__main__":
    main()
