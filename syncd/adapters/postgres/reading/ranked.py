"""A search, from words to ranked places: statistics, candidates, score by part, and why it found nothing."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import mul

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.meaning import Meaning, begin_meaning
from syncd.adapters.postgres.reading.search import (
    Lookup,
    Place,
    Searched,
    count_layouts,
    list_bodies,
    list_impacts,
    list_term_statistics,
    prefer_indexes,
    search_chunks,
)
from syncd.core.ids import DocumentId, ProjectId
from syncd.core.meaning import NO_HELP, Help
from syncd.core.queries import SearchQuery, parse_query, phrase_term_ids
from syncd.core.ranking import (
    DOCUMENT_SHARE,
    NEARNESS_SHARE,
    Matched,
    Nearness,
    Score,
    choose_lookup,
    fold_duplicates,
    score_documents,
    spread_documents,
)
from syncd.core.spelling import choose_near_words, list_near_words, written_term_id
from syncd.core.terms import make_query_weights, query_term_ids, word_term_ids
from syncd.core.tokens import list_words

MAX_PLACES = 500  # what is ranked, and how far pages go
MAX_RERANKED = 60  # of these the text is read, and the document scored
LOOKUP_CHUNKS = 2_000
COMMON_CHUNKS = 20_000  # a word that stands in more is looked up in a sample of about so many
SCANNED_CHUNKS = 40_000
# The first few are enough for the first pages, nearly always. Closed versions and other projects take places among
# the candidates; where too few are left, more are asked for.
CANDIDATES = (200, 600, 6_000, SCANNED_CHUNKS)
HURRIED_CHUNKS = 2_000
CORRECTED_WORDS = 3
COMMON = "these words stand nearly everywhere: a sample of the chunks that hold them was ranked, for one page; add a rarer word"
BUSY = "the server is busy: only a sample of the chunks that hold these words was ranked"
TOO_BUSY = "the server is too busy to rank anything now; ask again in a moment, or name a project"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched: projects, each at a revision and in some of its paths. A path must also match *path_patterns*."""

    projects: Mapping[ProjectId, Searched]
    path_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """How results are laid out: at most *per_document* chunks of a document among the first *size*; those from *offset* on are wanted."""

    size: int
    per_document: int
    offset: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers, with its score by part; *also* are the other places of the same text."""

    place: Place
    score: Score
    body: str
    tokens: int
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A term of the query as it was weighed: for those who want to know why."""

    word: str
    chunks: int
    weight: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. *total* counts what pages can show. *corrected* is the query that was searched instead, *unknown* the words
    that stand nowhere with those that may be meant; *relaxed*: no place holds the phrases, these hold their words. *degraded* says
    that time was short, or words too common, for all candidates to be looked at; *unaided*, what models could not do for it.
    *worded*: words found some of it.
    """

    hits: Sequence[Hit] = ()
    total: int = 0
    words: Sequence[WordWeight] = ()
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    corrected: str | None = None
    relaxed: bool = False
    degraded: str | None = None
    unaided: Sequence[str] = ()
    worded: bool = False


async def search(connection: Connection, scope: Scope, asked: str, *, page: Page, help_: Help = NO_HELP) -> Found:
    """Return the places that answer *asked* best; any word may match, none must. Models help as far as *help_* goes.

    Where nothing is found, phrases are relaxed to their words, and misspelt words are corrected: what was done is said.
    """
    query = parse_query(asked)
    query = replace(query, paths=(*query.paths, *scope.path_patterns))
    meaning = await begin_meaning(connection, scope.projects, query, help_=help_)
    found = await _search(connection, scope, query, meaning, page=page)
    return replace(found, unaided=tuple(meaning.missing))


async def _search(connection: Connection, scope: Scope, query: SearchQuery, meaning: Meaning, *, page: Page) -> Found:
    weighed = await _weigh(connection, scope, query.text)
    found = await _search_once(connection, scope, query, weighed, meaning, page=page)
    if not found.total and query.phrases:
        relaxed = await _search_once(connection, scope, replace(query, phrases=()), weighed, meaning, page=page)
        found = replace(relaxed, relaxed=relaxed.total > 0)
    unknown = await _guess_unknown(connection, scope, weighed)
    corrections = {word: near[0] for word, near in unknown.items() if near}
    if found.worded or not corrections:
        return replace(found, unknown=unknown)
    corrected = " ".join(corrections.get(word, word) for word in list_words(query.text))
    reweighed = await _weigh(connection, scope, corrected)
    query = replace(query, text=corrected, phrases=())
    again = await _search_once(connection, scope, query, reweighed, meaning, page=page)
    return replace(again, unknown=unknown, corrected=corrected)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The words of a text, with how often its terms stand in the scope, and what they weigh."""

    words: Sequence[str]
    frequencies: Mapping[int, int]
    weights: Mapping[int, float]

    def describe(self) -> Sequence[WordWeight]:
        described = []
        for word in self.words:
            term = max(word_term_ids(word), key=lambda term: self.weights.get(term, 0.0), default=0)
            described.append(WordWeight(word, self.frequencies.get(term, 0), self.weights.get(term, 0.0)))
        return described


async def _weigh(connection: Connection, scope: Scope, text: str) -> _Weighed:
    frequencies = await list_term_statistics(connection, scope.projects, query_term_ids(text))
    chunk_count = sum(searched.chunks for searched in scope.projects.values())
    # Terms that stand nowhere now weigh the most: a former revision may hold them.
    weights = make_query_weights(text, document_frequencies=frequencies, chunk_count=chunk_count)
    return _Weighed(list(dict.fromkeys(list_words(text))), frequencies, weights)


async def _search_once(
    connection: Connection, scope: Scope, query: SearchQuery, weighed: _Weighed, meaning: Meaning, *, page: Page
) -> Found:
    if not weighed.weights:
        return Found()
    places, degraded = await _find_places(connection, scope, query, weighed, page=page)
    if degraded and page.offset:
        # Another sample than that of the page before would show some places twice.
        return Found(words=weighed.describe(), degraded=TOO_BUSY)
    scored, texts = await _score(connection, places, query, weighed, meaning)
    folded = fold_duplicates([(place.chunk_hash, (place, score)) for place, score in scored])
    keyed = [(_document_of(first), (first, score, others)) for (first, score), others in folded]
    first, rest = spread_documents(keyed, most=page.per_document, page=page.size)
    shown = first if page.offset == 0 else [*first, *rest][page.offset :]
    shown = shown[: page.limit]
    if unread := {place.chunk_hash for place, _, _ in shown} - texts.keys():
        texts = {**texts, **await list_bodies(connection, unread)}
    hits = [
        Hit(place, score, *texts[place.chunk_hash], also=tuple(other for other, _ in others))
        for place, score, others in shown
    ]
    total = len(hits) if degraded else len(folded)
    return Found(hits, total, weighed.describe(), degraded=degraded, worded=bool(places))


def _document_of(place: Place) -> tuple[ProjectId, DocumentId]:
    return place.project_id, place.document_id


async def _find_places(
    connection: Connection, scope: Scope, query: SearchQuery, weighed: _Weighed, *, page: Page
) -> tuple[Sequence[Place], str | None]:
    """Return the best places by BM25, and what was left out for want of time, if anything was. For each page the same ones come first."""
    every, lookups = _choose_terms(query, weighed)
    look = partial(search_chunks, connection, scope.projects, query, weighed.weights)
    deep = page.offset + page.limit > MAX_RERANKED
    places: Sequence[Place] = ()
    common = False
    try:
        async with connection.transaction():
            await prefer_indexes(connection)
            for terms, common in lookups:
                for most in CANDIDATES[deep:]:
                    scanned = COMMON_CHUNKS if common else SCANNED_CHUNKS
                    lookup = Lookup(terms, every=every, most=most, most_scanned=scanned)
                    places, candidates = await look(lookup=lookup, limit=MAX_PLACES)
                    enough = common or most > CANDIDATES[0] or _fill(places, page)
                    if candidates < most or (len(places) >= MAX_RERANKED and enough):
                        break
                if places:
                    break
    except asyncpg.QueryCanceledError:
        hurried = Lookup(lookups[-1][0][-1:], every=False, most=CANDIDATES[1], most_scanned=HURRIED_CHUNKS)
    else:
        return places, COMMON if common else None
    try:
        # All that a busy server has time for, if it has any.
        async with connection.transaction():
            await prefer_indexes(connection)
            places, _ = await look(lookup=hurried, limit=MAX_PLACES)
    except asyncpg.QueryCanceledError:
        return (), TOO_BUSY
    return places, BUSY


def _choose_terms(query: SearchQuery, weighed: _Weighed) -> tuple[bool, Sequence[tuple[Sequence[int], bool]]]:
    """Return whether each term must be there; and which terms to look up, one set after the other until something is found, with
    whether they stand in too many chunks to look at all.
    """
    if inside := phrase_term_ids(query):
        return True, [(list(inside), min(weighed.frequencies.get(term, 0) for term in inside) > COMMON_CHUNKS)]
    frequencies = {term: weighed.frequencies.get(term, 0) for term in weighed.weights}
    terms = choose_lookup(frequencies, most_chunks=LOOKUP_CHUNKS)
    if frequencies[terms[-1]] <= COMMON_CHUNKS:
        return False, [(terms, False)]
    # Postgres samples only where each term that is looked up is common. Those that stand nowhere now may in a former revision.
    absent = [term for term in terms if not frequencies[term]]
    present = [term for term in terms if frequencies[term]]
    return False, [(absent, False), (present, True)] if absent else [(present, True)]


def _fill(places: Sequence[Place], page: Page) -> bool:
    """Whether *places* are enough for a page and for knowing that another follows, each text and each document as often as it is shown."""
    documents = Counter({place.chunk_hash: _document_of(place) for place in reversed(places)}.values())
    first = sum(min(page.per_document, count) for count in documents.values())
    return first >= page.size and documents.total() > page.offset + page.limit


async def _score(
    connection: Connection, places: Sequence[Place], query: SearchQuery, weighed: _Weighed, meaning: Meaning
) -> tuple[list[tuple[Place, Score]], Mapping[bytes, tuple[str, int]]]:
    """Return the places with their scores, best first: those that are reranked, then the others; and what was read of chunks."""
    best, rest = _join_near(places, await meaning.find_places(query))
    documents: dict[Hashable, Place] = {_document_of(place): place for place in best}
    lengths = dict(zip(documents, await count_layouts(connection, list(documents.values())), strict=True))
    impacts = await list_impacts(connection, {place.chunk_hash for place in best}, weighed.weights)
    matched = [Matched(_document_of(place), impacts[place.chunk_hash]) for place in best]
    shares = score_documents(matched, list(weighed.weights.values()), lengths=lengths)
    nearness = Nearness(query.text, weighed.weights)
    # Reading words is the dear part: of what only its meaning brought, few stand there at all.
    read = {place.chunk_hash for place in places[:MAX_RERANKED]} if nearness.is_measurable else set()
    texts = await list_bodies(connection, read) if read else {}
    scored = [
        (
            place,
            Score(
                place.score or sum(map(mul, weighed.weights.values(), impacts[place.chunk_hash])),
                document=DOCUMENT_SHARE * shares[_document_of(place)],
                nearness=NEARNESS_SHARE * nearness.measure(texts[place.chunk_hash][0])
                if place.chunk_hash in texts
                else 0.0,
            ),
        )
        for place in best
    ]
    ranked = sorted(await meaning.measure(scored), key=_rank)
    judged = sorted(await meaning.judge(query, ranked), key=_rank)
    return judged + [(place, Score(place.score)) for place in rest], texts


def _join_near(places: Sequence[Place], near: Sequence[Place]) -> tuple[Sequence[Place], Sequence[Place]]:
    """Return what is ranked by everything that is known of it, the best places by words and those near in meaning; and the others."""
    best, rest = places[:MAX_RERANKED], places[MAX_RERANKED:]
    if not near:
        return best, rest
    known = {_key_of(place) for place in best}
    scored = {_key_of(place): place.score for place in rest}
    # What no lookup by words brought holds common words at most: its score is made with the others' impacts.
    added = [place._replace(score=scored.get(_key_of(place), 0.0)) for place in near if _key_of(place) not in known]
    moved = {_key_of(place) for place in added}
    return [*best, *added], [place for place in rest if _key_of(place) not in moved]


def _key_of(place: Place) -> tuple[ProjectId, DocumentId, int]:
    return place.project_id, place.document_id, place.ordinal


def _rank(scored: tuple[Place, Score]) -> tuple[float, str, str, int]:
    place, score = scored
    return (-score.total, str(place.project_id), place.path, place.ordinal)


async def _guess_unknown(connection: Connection, scope: Scope, weighed: _Weighed) -> Mapping[str, Sequence[str]]:
    """Return the words of which no form stands anywhere, and for the first few the words that may be meant."""
    absent = [word for word in weighed.words if not any(term in weighed.frequencies for term in word_term_ids(word))]
    near = {word: list_near_words(word) for word in absent[:CORRECTED_WORDS]}
    written = {written_term_id(one) for words in near.values() for one in words}
    known = await list_term_statistics(connection, scope.projects, written) if written else {}
    # Only those that stand somewhere as they are written are worth stemming.
    near = {word: [one for one in words if written_term_id(one) in known] for word, words in near.items()}
    forms = {term for words in near.values() for one in words for term in word_term_ids(one)}
    frequencies = await list_term_statistics(connection, scope.projects, forms) if forms else {}
    return {word: choose_near_words(near.get(word, []), frequencies) for word in absent}
