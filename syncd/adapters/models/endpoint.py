"""Posts JSON to a model's endpoint: one attempt within a deadline, an answer of bounded size, every failure in our own words.

What the endpoint writes into an error is not repeated: it may quote the key, or the text that was sent.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from syncd.errors import RateLimited, Stalled, Unreachable

_READ_BYTES = 1 << 16
MOST_WAIT_SECONDS = 3600.0
RATE_LIMITED_SECONDS = 10.0
UNREACHABLE_SECONDS = 5.0
REFUSED_REQUEST = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked. *setting* names what says so, for hints."""

    url: str
    setting: str
    api_key: str | None = field(default=None, repr=False)


class Refused(Stalled):
    """The endpoint refuses. *may_be_too_much*: what was asked, not who asks; fewer or shorter texts may be answered."""

    def __init__(self, code: str, message: str, *, hint: str = "", may_be_too_much: bool = False) -> None:
        super().__init__(code, message, hint=hint)
        self.may_be_too_much = may_be_too_much


@asynccontextmanager
async def open_session(*, connections: int) -> AsyncIterator[aiohttp.ClientSession]:
    """Open what requests are made with: *connections* at once at most."""
    connector = aiohttp.TCPConnector(limit=connections)
    # Deadlines are those of each request.
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    ) as session:
        yield session


async def post_json(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    path: str,
    body: Mapping[str, object],
    *,
    seconds: float,
    max_bytes: int,
) -> object:
    """Return the JSON that the endpoint answers with. Raises `RateLimited`, `Unreachable`, `Refused` and `Stalled`."""
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    url = f"{endpoint.url}/{path}"
    try:
        async with (
            asyncio.timeout(seconds),
            # A redirect is not followed: it would take the key and the texts to a place that nobody chose.
            session.post(url, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            _check_status(answer, url, endpoint)
            return json.loads(await _read(answer, max_bytes))
    except TimeoutError as error:
        raise _make_unreachable(url, f"does not answer within {seconds:g} s", endpoint) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _make_unreachable(url, f"cannot be reached ({type(error).__name__})", endpoint) from error
    except (ValueError, RecursionError) as error:
        raise make_invalid(endpoint, path, "no JSON") from error


def _check_status(answer: aiohttp.ClientResponse, url: str, endpoint: Endpoint) -> None:
    status = answer.status
    if status == 200:
        return
    if status == 429:
        raise RateLimited(
            "model_rate_limited",
            f"{url} is asked faster than it allows.",
            hint="It is asked again by itself; fewer at once are asked with SYNCD_EMBEDDINGS_CONCURRENCY.",
            after_seconds=_read_wait(answer) or RATE_LIMITED_SECONDS,
        )
    if status in {408, 425} or status >= 500:
        raise _make_unreachable(url, f"answers {status}", endpoint, after_seconds=_read_wait(answer))
    raise Refused(
        "model_refused",
        f"{url} refuses: status {status}.",
        hint=f"Check {endpoint.setting}_URL, {endpoint.setting}_MODEL and {endpoint.setting}_API_KEY.",
        may_be_too_much=status in REFUSED_REQUEST,
    )


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    async for part in answer.content.iter_chunked(_READ_BYTES):
        body += part
        if len(body) > max_bytes:
            raise ValueError("too large")
    return bytes(body)


def _read_wait(answer: aiohttp.ClientResponse) -> float | None:
    """Return after how many seconds the endpoint wants to be asked again, if it says so: a number, or a date by its own clock."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), MOST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else datetime.now(UTC)
        return min(max(0.0, (until - now).total_seconds()), MOST_WAIT_SECONDS)
    except (ValueError, TypeError):
        return None


def _make_unreachable(url: str, what: str, endpoint: Endpoint, *, after_seconds: float | None = None) -> Unreachable:
    return Unreachable(
        "model_unreachable",
        f"{url} {what}.",
        hint=f"Check that it runs, and {endpoint.setting}_URL; it is asked again by itself.",
        after_seconds=UNREACHABLE_SECONDS if after_seconds is None else after_seconds,
    )


def make_invalid(endpoint: Endpoint, path: str, what: str) -> Stalled:
    """Return the error of an answer that cannot be believed."""
    return Stalled(
        "model_answer_invalid",
        f"{endpoint.url}/{path} answers {what}.",
        hint=f"Check that {endpoint.setting}_URL speaks the protocol that docs/vectors.md describes, and {endpoint.setting}_MODEL.",
    )
