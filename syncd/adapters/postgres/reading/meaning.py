"""What models add to a search: places that mean what is asked, how near each place is to it, and how relevant the best ones are.

Whatever they cannot give in time is left out, and why is said: words alone answer then.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.search import Place, Searched, list_bodies, prefer_indexes
from syncd.adapters.postgres.reading.vectors import Embedded, list_embeddings, list_similarities, search_vectors
from syncd.core.headings import join_trail
from syncd.core.ids import ProjectId
from syncd.core.meaning import Help, Unavailable, Vector
from syncd.core.queries import SearchQuery
from syncd.core.ranking import Score, add_meaning, add_relevance

NEAR_PLACES = 100
# Closed versions and other projects take places among the nearest passages; where too few are left, more are asked for.
PASSAGES = (400, 4_000, 40_000)
TOO_BUSY = "the server is too busy to search by meaning"


@dataclass(slots=True)
class Meaning:
    """What one search has of models. *vector* is on its way; *projects* are those whose vectors can be searched."""

    help: Help
    connection: Connection
    projects: Mapping[ProjectId, Searched] = field(default_factory=dict)
    vector: Awaitable[Vector | Unavailable] | None = None
    missing: list[str] = field(default_factory=list)
    dimensions: int | None = None
    _arrived: Vector | None = None

    async def find_places(self, query: SearchQuery) -> Sequence[Place]:
        """Return the places nearest to the query, with their similarity as score."""
        vector = await self._await_vector()
        if vector is None:
            return ()
        places: Sequence[Place] = ()
        try:
            async with self.connection.transaction():
                await prefer_indexes(self.connection)
                for most in PASSAGES:
                    places, passages = await search_vectors(
                        self.connection,
                        self.projects,
                        query,
                        vector,
                        model=self.help.model or "",
                        most_passages=most,
                        limit=NEAR_PLACES,
                    )
                    if passages < most or len(places) >= NEAR_PLACES:
                        break
        except asyncpg.QueryCanceledError:
            self._miss(TOO_BUSY)
            self._arrived = None
        return places

    async def measure(self, scored: Sequence[tuple[Place, Score]]) -> Sequence[tuple[Place, Score]]:
        """Return the scored places with the share of their meaning; those without vectors are as near as their words are good."""
        if self._arrived is None or not scored:
            return scored
        hashes = {place.chunk_hash for place, _ in scored}
        near = await list_similarities(self.connection, hashes, self._arrived, model=self.help.model or "")
        similarities = [
            near.get(place.chunk_hash) if place.project_id in self.projects else None for place, _ in scored
        ]
        scores = add_meaning([score for _, score in scored], similarities)
        return [(place, score) for (place, _), score in zip(scored, scores, strict=True)]

    async def judge(self, query: SearchQuery, ranked: Sequence[tuple[Place, Score]]) -> Sequence[tuple[Place, Score]]:
        """Return the best of the ranked places with the share of their relevance, in no order."""
        best = ranked[: self.help.reranked]
        if self.help.rerank is None or len(best) < 2:
            return ranked
        texts = await list_bodies(self.connection, {place.chunk_hash for place, _ in best})
        passages = [f"{join_trail(place.title, place.headings)}\n{texts[place.chunk_hash][0]}" for place, _ in best]
        relevances = await self.help.rerank(query.text, passages)
        if isinstance(relevances, Unavailable):
            self._miss(relevances.reason)
            return ranked
        scores = add_relevance([score for _, score in best], relevances)
        judged = [(place, score) for (place, _), score in zip(best, scores, strict=True)]
        return [*judged, *ranked[len(best) :]]

    async def _await_vector(self) -> Vector | None:
        if self.vector is None or self._arrived is not None:
            return self._arrived
        vector, self.vector = await self.vector, None
        if isinstance(vector, Unavailable):
            self._miss(vector.reason)
        elif len(vector) != self.dimensions:
            self._miss(f"the embedding model answers with {len(vector)} dimensions, its vectors have {self.dimensions}")
        else:
            self._arrived = vector
        return self._arrived

    def _miss(self, reason: str) -> None:
        if reason not in self.missing:
            self.missing.append(reason)


async def begin_meaning(
    connection: Connection, projects: Mapping[ProjectId, Searched], query: SearchQuery, *, help_: Help
) -> Meaning:
    """Look up whose vectors can be searched, and let the vector of the query be on its way."""
    meaning = Meaning(help_, connection)
    if help_.embed is None or help_.model is None or not query.text.strip():
        return meaning
    known = {one.project_id: one for one in await list_embeddings(connection, projects, help_.model)}
    ready = {project_id for project_id, one in known.items() if one.was_complete and one.dimensions}
    meaning.projects = {project_id: searched for project_id, searched in projects.items() if project_id in ready}
    meaning.dimensions = max((known[project_id].dimensions or 0 for project_id in ready), default=None)
    meaning.missing += _explain_coverage(projects, known)
    if meaning.projects:
        meaning.vector = help_.embed(query.text)
    return meaning


def _explain_coverage(projects: Mapping[ProjectId, Searched], known: Mapping[ProjectId, Embedded]) -> list[str]:
    """Return what of the projects cannot be found by meaning yet."""
    ready = [one for one in known.values() if one.was_complete]
    waiting = len(projects) - len(ready)
    behind = sum(one.embedded < one.chunks or one.revision < projects[one.project_id].revision for one in ready)
    reasons = []
    if waiting:
        reasons.append(f"vectors of {waiting} of {len(projects)} projects are still being made: words alone rank those")
    if behind:
        reasons.append(f"vectors of the newest docs of {behind} projects are still being made: words alone rank those")
    return reasons
