"""What every answer has in common, good or bad."""

import asyncio
import logging
from collections.abc import AsyncIterator
from io import BytesIO
from typing import NoReturn

import pytest
import pytest_asyncio
from aiohttp import web

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.redis.locks import RedisClient
from syncd.errors import BadUsage, Busy, NotFound, Rejected, Stalled, Unreachable
from syncd.web.app import BODY_MAX_BYTES
from syncd.web.middlewares import SECURITY_HEADERS
from tests.web.sites import Client, make_test_site, open_client

CANARY = "c4nary"
ERRORS = {
    "usage": BadUsage("bad_limit", "The limit is not a number.", hint="Send a number."),
    "absent": NotFound("project_not_found", "There is no such project.", hint="List them."),
    "busy": Busy("project_locked", "The project is held.", hint="Wait.", after_seconds=4.2),
    "away": Unreachable("redis_unreachable", "Redis does not answer.", hint="Check it.", after_seconds=0),
    "stalled": Stalled("access_lost", "The repository refuses us.", hint="Renew the token."),
    "rejected": Rejected("project_exists", "There is one already.", hint="Choose another name."),
}


def add_test_routes(app: web.Application) -> None:
    async def fail(request: web.Request) -> NoReturn:
        raise ERRORS[request.match_info["kind"]]

    async def break_down(_request: web.Request) -> NoReturn:
        raise ValueError(CANARY)

    async def move(_request: web.Request) -> NoReturn:
        raise web.HTTPPermanentRedirect("/livez")

    async def time_out_by_itself(_request: web.Request) -> NoReturn:
        raise TimeoutError

    async def never_end(_request: web.Request) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    async def read(request: web.Request) -> web.Response:
        return web.json_response({"bytes": len(await request.read())})

    async def write(request: web.Request) -> web.Response:
        return web.json_response("x" * (int(request.query["bytes"]) - 2))

    app.add_routes(
        [
            web.get("/fail/{kind}", fail),
            web.get("/broken", break_down),
            web.get("/moved", move),
            web.get("/impatient", time_out_by_itself),
            web.get("/endless", never_end),
            web.post("/read", read),
            web.get("/write", write),
        ]
    )


@pytest_asyncio.fixture
async def pool(postgres: PostgresServer) -> AsyncIterator[Pool]:
    """A pool on an empty database: nothing here is asked of it."""
    async with open_pool(postgres.url, size=1) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(pool: Pool, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_client(make_test_site(pool, redis), prepare=add_test_routes) as opened:
        yield opened


@pytest_asyncio.fixture
async def hasty_client(pool: Pool, redis: RedisClient) -> AsyncIterator[Client]:
    site = make_test_site(pool, redis, request_seconds=0.05)
    async with open_client(site, prepare=add_test_routes) as opened:
        yield opened


@pytest_asyncio.fixture
async def developers_client(pool: Pool, redis: RedisClient) -> AsyncIterator[Client]:
    site = make_test_site(pool, redis, shows_details=True)
    async with open_client(site, prepare=add_test_routes) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/broken", "/fail/absent", "/status"])
async def test_every_answer_has_an_id_and_the_security_headers(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert len(answer.headers["X-Request-ID"]) == 32
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["Server"] == "syncd"


async def test_a_sane_id_of_the_caller_is_kept_and_another_is_replaced(client: Client) -> None:
    assert (await client.get("/livez", X_Request_ID="trace-1.2_3")).headers["X-Request-ID"] == "trace-1.2_3"
    for strange in ("", "a b", "x" * 65, "<script>", "a\tb"):
        assert (await client.get("/livez", X_Request_ID=strange)).headers["X-Request-ID"] != strange


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("usage", 400, "VALIDATION_ERROR"),
        ("absent", 404, "NOT_FOUND"),
        ("busy", 423, "LOCKED"),
        ("away", 503, "UNAVAILABLE"),
        ("stalled", 409, "CONFLICT"),
        ("rejected", 409, "CONFLICT"),
    ],
)
async def test_an_error_of_ours_keeps_its_sentence_and_its_hint(
    client: Client, kind: str, status: int, code: str
) -> None:
    answer = await client.get(f"/fail/{kind}")
    error = ERRORS[kind]
    assert answer.status == status
    assert answer.error == {"code": code, "message": error.message, "hint": error.hint}


async def test_an_error_that_passes_by_itself_says_when_to_come_again(client: Client) -> None:
    assert (await client.get("/fail/busy")).headers["Retry-After"] == "5"
    assert (await client.get("/fail/away")).headers["Retry-After"] == "1"
    assert "Retry-After" not in (await client.get("/fail/stalled")).headers


async def test_an_unexpected_error_says_nothing_of_itself_and_is_logged_once(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/broken", X_Request_ID="find-me")
    assert answer.status == 500
    assert answer.error["code"] == "INTERNAL_ERROR"
    assert CANARY not in str(answer.body)
    assert "ValueError" not in str(answer.body)
    (record,) = caplog.records
    assert record.__dict__["request_id"] == "find-me"
    assert record.exc_info is not None


async def test_details_are_for_developers(client: Client, developers_client: Client) -> None:
    assert (await developers_client.get("/broken")).error["details"] == {"exception": "ValueError"}
    assert (await developers_client.get("/fail/absent")).error["details"] == {"code": "project_not_found"}
    assert "details" not in (await client.get("/fail/absent")).error


async def test_a_request_that_does_not_end_is_ended(hasty_client: Client) -> None:
    answer = await hasty_client.get("/endless")
    assert answer.status == 503
    assert answer.error["code"] == "UNAVAILABLE"
    assert answer.error["message"] == "The answer took longer than 0.05 seconds."


async def test_a_time_out_of_a_handlers_own_is_a_fault_and_not_the_deadline(developers_client: Client) -> None:
    answer = await developers_client.get("/impatient")
    assert (answer.status, answer.error["details"]) == (500, {"exception": "TimeoutError"})


async def test_an_unknown_path_and_a_wrong_method_have_the_same_shape(client: Client) -> None:
    absent, wrong = await client.get("/nowhere"), await client.get("/status", method="POST")
    assert (absent.status, absent.error["code"]) == (404, "NOT_FOUND")
    assert (wrong.status, wrong.error["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET,HEAD"


async def test_another_refusal_of_the_framework_keeps_the_header_that_belongs_to_it(client: Client) -> None:
    async with client.session.get(f"{client.url}/moved", allow_redirects=False) as response:
        body = await response.json()
    assert (response.status, response.headers["Location"]) == (308, "/livez")
    assert body["error"]["message"] == "Permanent Redirect."


async def test_a_request_that_no_middleware_sees_has_its_id_all_the_same(client: Client) -> None:
    answer = await client.session.get(f"{client.url}/livez", headers={"Expect": "the-unexpected"})
    assert answer.status == 417
    assert len(answer.headers["X-Request-ID"]) == 32
    assert answer.headers["Server"] == "syncd"


async def test_a_body_is_read_up_to_one_mebibyte(developers_client: Client) -> None:
    client = developers_client
    async with client.session.post(f"{client.url}/read", data=BytesIO(b"x" * BODY_MAX_BYTES)) as response:
        assert await response.json() == {"bytes": BODY_MAX_BYTES}
    async with client.session.post(f"{client.url}/read", data=BytesIO(b"x" * (BODY_MAX_BYTES + 1))) as response:
        body = await response.json()
    assert (response.status, body["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("accepted", "size", "encoding"),
    [
        ("gzip", 1024, "gzip"),
        ("gzip", 1023, None),
        ("deflate, gzip;q=0.5", 5000, "gzip"),
        ("*", 5000, "gzip"),
        ("gzip;q=0", 5000, None),
        ("gzip; q=0.0, identity", 5000, None),
        ("identity", 5000, None),
        ("notgzip", 5000, None),
    ],
)
async def test_a_large_body_is_compressed_for_who_accepts_it(
    developers_client: Client, accepted: str, size: int, encoding: str | None
) -> None:
    answer = await developers_client.get(f"/write?bytes={size}", Accept_Encoding=accepted)
    assert answer.headers.get("Content-Encoding") == encoding
    assert len(answer.body) == size - 2


async def test_a_request_is_one_line_in_the_log_and_a_probe_is_none(
    developers_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="syncd.web"):
        await developers_client.get("/livez")
        await developers_client.get("/nowhere?secret=1")
    (record,) = caplog.records
    assert record.message == "request"
    assert (record.__dict__["path"], record.__dict__["status"]) == ("/nowhere", 404)
