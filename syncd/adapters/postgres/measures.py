"""Sums over the projects of all tenants: for who runs the installation."""

from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement

_MEASURE_EMBEDDINGS = load_statement("status/measure_embeddings")
_MEASURE_PROJECTS = load_statement("status/measure_projects")


@dataclass(frozen=True, slots=True)
class Measure:
    """The projects of one condition. *lag_seconds* is of all: how long the one waits that is due for longest."""

    condition: str
    projects: int
    documents: int
    skipped: int
    lag_seconds: float


async def measure_projects(connection: Connection, now: datetime) -> list[Measure]:
    """Return a measure for each condition that there is."""
    return [Measure(**row) for row in await connection.fetch(_MEASURE_PROJECTS, now)]


@dataclass(frozen=True, slots=True)
class EmbeddingMeasure:
    """The chunks of all projects that are to have vectors, those that have, and how many projects something hinders."""

    chunks: int
    embedded: int
    hindered: int


async def measure_embeddings(connection: Connection) -> EmbeddingMeasure:
    """Return how far vectors are."""
    row = await connection.fetchrow(_MEASURE_EMBEDDINGS)
    return EmbeddingMeasure(**row) if row else EmbeddingMeasure(0, 0, 0)
