"""One credential's way to GitHub: a client of PyGithub belongs to one thread at a time, and bulk bytes go over aiohttp.

A `Github` object that two threads share gives one thread the other's answer (PyGithub issue 1257): a client is taken out
of the pool by the thread that uses it, and put back by the same thread.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import SimpleQueue

import aiohttp
from github import Auth, Github
from yarl import URL

from syncd.adapters.github.addresses import DEFAULT_API_URL, check_api_url, find_proxy, make_graphql_url
from syncd.adapters.github.connections import Answered, AnswerTooLarge, GuardedConnection
from syncd.adapters.github.errors import make_unreachable_error
from syncd.adapters.github.responses import Response
from syncd.adapters.github.spending import READ_POINTS, WRITE_POINTS, ask_within
from syncd.adapters.github.threads import AskingThreads
from syncd.core.budgets import Budget
from syncd.core.rates import CORE, GRAPHQL, parse_report
from syncd.core.sources import SourceCost
from syncd.errors import BadUsage, Stalled

JSON_MEDIA_TYPE = "application/vnd.github+json"
RAW_MEDIA_TYPE = "application/vnd.github.raw+json"
_USER_AGENT = "syncd"
_DOWNLOAD_CHUNK_BYTES = 1 << 18
_CLOSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """Bounds of every request; *answer_max_bytes* is for JSON (GitHub cuts a listing at 7 MB).

    A download is made while it is sent, and stored while it is read: it has times of its own.
    """

    threads: int = 4
    timeout_seconds: int = 15
    deadline_seconds: float = 60.0
    answer_max_bytes: int = 64 * 1024 * 1024
    download_timeout_seconds: float = 60.0
    download_deadline_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class _Slot:
    """A client of PyGithub and its connection."""

    github: Github
    connection: GuardedConnection


@dataclass(frozen=True, slots=True)
class _Ways:
    """What all meters of one credential share."""

    api_url: str
    token: str | None = field(repr=False)
    limits: ClientLimits
    threads: AskingThreads
    slots: SimpleQueue[_Slot]
    session: aiohttp.ClientSession
    budget: Budget | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request over PyGithub. *body* may hold a secret."""

    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, object] | None = field(default=None, repr=False)


class GitHubClient:
    """Asks GitHub with one credential and counts what it cost. Paths begin with a slash and are percent-encoded."""

    def __init__(self, ways: _Ways) -> None:
        self._ways = ways
        self._requests = 0
        self._received_bytes = 0
        self._requests_left: int | None = None

    def metered(self) -> "GitHubClient":
        """Return a client over the same connections that counts from zero."""
        return GitHubClient(self._ways)

    @property
    def api_url(self) -> str:
        """Return the address of the API, without a slash at its end."""
        return self._ways.api_url

    @property
    def authenticated(self) -> bool:
        """Return whether requests carry a token."""
        return self._ways.token is not None

    @property
    def cost(self) -> SourceCost:
        """Return the requests made and the bytes of their bodies."""
        return SourceCost(self._requests, self._received_bytes)

    @property
    def requests_left(self) -> int | None:
        """Return what by the last answer is left of the REST budget for content, or none before one said so."""
        return self._requests_left

    async def get(
        self, path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return GitHub's answer, whatever its status, and follow nothing. Unreachable where none comes."""
        return await self._ask_pygithub(_Asked("GET", path, dict(query or {}), dict(headers or {})))

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Response:
        """Return GitHub's answer to *body* as JSON, whatever its status. Unreachable where none comes: it may have been done."""
        return await self._ask_pygithub(_Asked("POST", path, {}, {}, dict(body or {})))

    async def patch(self, path: str, body: Mapping[str, object]) -> Response:
        """Return GitHub's answer to *body* as JSON, whatever its status. Unreachable where none comes: it may have been done."""
        return await self._ask_pygithub(_Asked("PATCH", path, {}, {}, dict(body)))

    async def get_bytes(self, path: str, *, max_bytes: int) -> Response:
        """Return GitHub's answer to the raw media type, at most *max_bytes* + 1 of its bytes. Unreachable where none comes."""
        headers = {"Accept": RAW_MEDIA_TYPE}
        url = self._ways.api_url + path
        return await ask_within(
            self._ways.budget,
            lambda: self._ask_session("GET", url, max_bytes=max_bytes, headers=headers),
            resource=CORE,
            bulk=True,
        )

    async def post_graphql(self, query: str, variables: Mapping[str, str]) -> Response:
        """Return GitHub's answer to a GraphQL *query*, whatever its status. Unreachable where none comes, or one too large."""
        max_bytes = self._ways.limits.answer_max_bytes
        asked = {"query": query, "variables": dict(variables)}
        url = make_graphql_url(self._ways.api_url)
        response = await ask_within(
            self._ways.budget,
            lambda: self._ask_session("POST", url, max_bytes=max_bytes, headers={}, json=asked),
            resource=GRAPHQL,
            bulk=True,
        )
        if len(response.body) > max_bytes:
            raise make_unreachable_error(f"it sends more than {max_bytes} bytes")
        return response

    async def download(self, url: str) -> AsyncGenerator[bytes, None]:
        """Yield what *url* has, in chunks, without any credential. Unreachable where it does not come whole."""
        self._requests += 1
        limits = self._ways.limits
        timeout = aiohttp.ClientTimeout(
            total=limits.download_deadline_seconds,
            sock_connect=limits.timeout_seconds,
            sock_read=limits.download_timeout_seconds,
        )
        try:
            async with self._ways.session.get(
                URL(url, encoded=True),
                headers={"Accept-Encoding": "identity"},
                timeout=timeout,
                allow_redirects=False,
                proxy=find_proxy(url),
            ) as answer:
                if answer.status != HTTPStatus.OK:
                    raise make_unreachable_error(f"a download is answered with {answer.status}")
                async for chunk in answer.content.iter_chunked(_DOWNLOAD_CHUNK_BYTES):
                    self._received_bytes += len(chunk)
                    yield chunk
        except (aiohttp.ClientError, OSError) as error:
            # The link to a private archive is itself a secret, and what aiohttp raises may quote it.
            raise make_unreachable_error(f"a download broke off ({type(error).__name__})") from None

    async def _ask_pygithub(self, asked: _Asked) -> Response:
        async def ask() -> Response:
            self._requests += 1
            loop = asyncio.get_running_loop()
            return self._noted(await loop.run_in_executor(self._ways.threads, _ask, self._ways, asked))

        # What is written can wait for what is read: a scarce hour is for syncs.
        writes = asked.verb != "GET"
        points = WRITE_POINTS if writes else READ_POINTS
        return await ask_within(self._ways.budget, ask, resource=CORE, bulk=writes, points=points)

    async def _ask_session(
        self, verb: str, url: str, *, max_bytes: int, headers: dict[str, str], json: object = None
    ) -> Response:
        self._requests += 1
        if self._ways.token is not None:
            headers = {**headers, "Authorization": f"token {self._ways.token}"}
        try:
            async with self._ways.session.request(
                verb, URL(url, encoded=True), headers=headers, json=json, allow_redirects=False
            ) as answer:
                body = await _read_at_most(answer.content, max_bytes + 1)
        except (aiohttp.ClientError, OSError) as error:
            raise make_unreachable_error(f"no whole answer came ({type(error).__name__})") from error
        return self._noted(
            Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)
        )

    def _noted(self, response: Response) -> Response:
        self._received_bytes += len(response.body)
        told = parse_report(response.headers, limited=False, resource=CORE, now=0.0)
        if told.window is not None and told.resource == CORE:
            reserve = self._ways.budget.get_bulk_reserve(told.window.limit) if self._ways.budget else 0
            self._requests_left = max(0, told.window.remaining - reserve)
        return response


@asynccontextmanager
async def open_github_client(
    *,
    api_url: str = DEFAULT_API_URL,
    token: str | None = None,
    limits: ClientLimits | None = None,
    budget: Budget | None = None,
) -> AsyncIterator[GitHubClient]:
    """Open the connections of one credential; *token* none means anonymous. Closing waits half a second for requests under way.

    Every request but a download asks *budget* first; RetryLater (rate_limited) where it may not go.
    BadUsage for an address that is no HTTP URL, and for a token that cannot stand in a header.
    """
    limits = limits or ClientLimits()
    api_url = check_api_url(api_url)
    _check_token(token)
    # At DEBUG PyGithub logs whole bodies, and with them tokens and secrets.
    logging.getLogger("github").setLevel(logging.INFO)
    slots: SimpleQueue[_Slot] = SimpleQueue()
    for _ in range(limits.threads):
        slots.put(_open_slot(api_url, token, limits))
    threads = AskingThreads(limits.threads)
    timeout = aiohttp.ClientTimeout(
        total=limits.deadline_seconds, sock_connect=limits.timeout_seconds, sock_read=limits.timeout_seconds
    )
    session = aiohttp.ClientSession(
        timeout=timeout,
        headers={"User-Agent": _USER_AGENT},
        proxy=find_proxy(api_url),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    try:
        yield GitHubClient(_Ways(api_url, token, limits, threads, slots, session, budget))
    finally:
        await session.close()
        # A thread cannot be cancelled: one whose caller gave up is left to its socket timeout, and its client with it.
        await asyncio.to_thread(threads.end, within_seconds=_CLOSE_SECONDS)
        while not slots.empty():
            slot = slots.get_nowait()
            slot.connection.close()
            slot.github.close()


def _open_slot(api_url: str, token: str | None, limits: ClientLimits) -> _Slot:
    github = Github(
        auth=Auth.Token(token) if token is not None else None,
        base_url=api_url,
        timeout=limits.timeout_seconds,
        user_agent=_USER_AGENT,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    connection = GuardedConnection(
        api_url,
        timeout_seconds=limits.timeout_seconds,
        deadline_seconds=limits.deadline_seconds,
        max_bytes=limits.answer_max_bytes,
    )
    return _Slot(github, connection)


def _ask(ways: _Ways, asked: _Asked) -> Response:
    # As many slots as threads: one is always there, also while a caller that gave up leaves its thread at work.
    slot = ways.slots.get_nowait()
    try:
        slot.github.requester.requestJson(
            asked.verb,
            asked.path,
            parameters=asked.query,
            headers={"Accept": JSON_MEDIA_TYPE, **asked.headers},
            input=asked.body,
            cnx=slot.connection,
        )
    except Answered as answered:
        return answered.response
    except AnswerTooLarge as error:
        raise Stalled(
            "answer_too_large",
            f"GitHub sends an answer of more than {ways.limits.answer_max_bytes} bytes.",
            hint="Name a smaller docs path.",
        ) from error
    except OSError as error:  # every failure of requests is one
        raise make_unreachable_error(f"no whole answer came ({type(error).__name__})") from error
    finally:
        ways.slots.put(slot)
    raise AssertionError("a guarded connection never returns")


async def _read_at_most(content: aiohttp.StreamReader, max_bytes: int) -> bytes:
    body = bytearray()
    while len(body) < max_bytes and (chunk := await content.read(max_bytes - len(body))):
        body += chunk
    return bytes(body)


def _check_token(token: str | None) -> None:
    # The HTTP libraries quote a header they refuse, and with it the token.
    if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
        raise BadUsage(
            "bad_github_token",
            "The GitHub token holds characters that no token has.",
            hint="Copy it again, without spaces and line ends.",
        )
