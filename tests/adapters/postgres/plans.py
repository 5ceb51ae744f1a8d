"""How Postgres would run a query for any parameters: its generic plan."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.adapters.postgres.connections import Connection


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """What a plan reads: whole tables, and indexes."""

    scanned_tables: frozenset[str]
    indexes: frozenset[str]


async def explain(connection: Connection, statement: str, *, arguments: Sequence[str] = ()) -> QueryPlan:
    """Return the plan of *statement* under the role and tenant of the current transaction.

    Without *arguments* (SQL expressions) it is the generic plan, which has to be right for any.
    """
    count = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
    values = ", ".join(arguments or ["null"] * count)
    await connection.execute(
        f"set local plan_cache_mode = {'force_custom_plan' if arguments else 'force_generic_plan'}"
    )
    await connection.execute(f"prepare explained as {statement}")
    try:
        found = await connection.fetchval(f"explain (format json) execute explained{f'({values})' if values else ''}")
    finally:
        await connection.execute("deallocate explained")
    nodes = list(_walk(json.loads(found)[0]["Plan"]))
    return QueryPlan(
        frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        frozenset(node["Index Name"] for node in nodes if "Index Name" in node),
    )


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)
