"""Deliveries of webhooks: each is taken in once, and forgotten after a time."""

from collections.abc import Sequence
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement

_ACCEPT_DELIVERY = load_statement("deliveries/accept_delivery")
_REMOVE_DELIVERIES = load_statement("deliveries/remove_deliveries")


async def accept_delivery(
    connection: Connection, delivery_id: str, *, event: str, repository_ids: Sequence[int], now: datetime
) -> str:
    """Store a delivery and mark every project of its repositories due, both or neither; return `accepted` or `duplicate`."""
    return str(await connection.fetchval(_ACCEPT_DELIVERY, delivery_id, event, list(repository_ids), now))


async def remove_deliveries(connection: Connection, *, before: datetime, limit: int) -> int:
    """Forget at most *limit* deliveries that came before *before*; return how many those were."""
    done = await connection.execute(_REMOVE_DELIVERIES, before, limit)
    return int(done.rpartition(" ")[2])
