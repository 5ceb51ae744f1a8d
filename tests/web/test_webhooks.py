"""The route of webhooks: what is signed is taken in once, what is not gets no further, and none of it is unbounded."""

import asyncio
import gzip
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from yarl import URL

from syncd.adapters.redis.locks import RedisClient
from syncd.core.projects import NewProject, Project
from syncd.web.bodies import Reader
from syncd.web.site import WEBHOOK_MAX_BYTES
from tests.databases import Database, run_statement
from tests.loop import fetch
from tests.mirror import Mirror
from tests.web.deliveries import (
    NEW_SECRET,
    OLD_SECRET,
    PATH,
    Delivery,
    deliver,
    make_push,
    open_endpoint,
    sign,
)
from tests.web.sites import Client

REPOSITORY_ID = 1296269
DEADLINE_SECONDS = 5


@pytest_asyncio.fixture
async def endpoint(mirror: Mirror, redis: RedisClient) -> AsyncIterator[Client]:
    async with open_endpoint(mirror.web_pool, redis) as opened:
        yield opened


async def add_repository(mirror: Mirror, name: str = "handbook", repository_id: int = REPOSITORY_ID) -> Project:
    """Add a project of GitHub that is due in a day."""
    new = NewProject(name=name, source="github", repository=f"acme/{name}", repository_id=repository_id)
    project = await mirror.add_project(new)
    async with mirror.pool.acquire() as connection:
        await connection.execute("update sync_queue set due_at = now() + interval '1 day', failures = 3")
    return project


async def list_due(database: Database) -> list[str]:
    """Return the names of the projects that are due now."""
    rows = await fetch(
        database.migrator_url,
        "select p.name from syncd.sync_queue join syncd.projects p using (project_id) where due_at <= now() order by 1",
    )
    return [row["name"] for row in rows]


async def list_stored(database: Database) -> list[tuple[str, str]]:
    """Return event and result of every delivery that is stored."""
    rows = await fetch(
        database.migrator_url, "select event, result from syncd.webhook_deliveries order by received_at, delivery_id"
    )
    return [(row["event"], row["result"]) for row in rows]


async def test_a_signed_push_marks_every_project_of_the_repository_due(
    endpoint: Client, mirror: Mirror, database: Database
) -> None:
    await add_repository(mirror, "handbook")
    await add_repository(mirror, "handbook-2")
    await add_repository(mirror, "other", 7)
    answer = await deliver(endpoint, Delivery(make_push(REPOSITORY_ID)))
    assert (answer.status, answer.body) == (202, {"result": "accepted"})
    assert await list_due(database) == ["handbook", "handbook-2"]
    assert await list_stored(database) == [("push", "due")]


async def test_a_form_is_understood_and_its_raw_bytes_are_signed(
    endpoint: Client, mirror: Mirror, database: Database
) -> None:
    await add_repository(mirror)
    body = urlencode({"payload": make_push(REPOSITORY_ID)}).encode()
    answer = await deliver(endpoint, Delivery(body, content_type="application/x-www-form-urlencoded; charset=utf-8"))
    assert (answer.status, await list_due(database)) == (202, ["handbook"])


async def test_while_a_secret_is_replaced_both_sign(endpoint: Client) -> None:
    for secret in (OLD_SECRET, NEW_SECRET):
        assert (await deliver(endpoint, Delivery(make_push(1), secret=secret))).status == 202


@pytest.mark.parametrize(
    "more",
    [
        {"X-Hub-Signature-256": None},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": sign(make_push(REPOSITORY_ID), b"the secret of somebody")},
        {"X-Hub-Signature-256": sign(make_push(REPOSITORY_ID) + b" ")},
        {"X-Hub-Signature-256": sign(make_push(REPOSITORY_ID)).removeprefix("sha256=")},
        {
            "X-Hub-Signature-256": None,
            "X-Hub-Signature": "sha1=" + hmac.new(NEW_SECRET, make_push(REPOSITORY_ID), hashlib.sha1).hexdigest(),
        },
    ],
    ids=["missing", "empty", "another secret", "another body", "no prefix", "sha1 only"],
)
async def test_what_is_not_signed_by_us_gets_no_further(
    endpoint: Client, mirror: Mirror, database: Database, more: dict[str, str | None]
) -> None:
    await add_repository(mirror)
    answer = await deliver(endpoint, Delivery(make_push(REPOSITORY_ID), more=more))
    assert (answer.status, answer.error["code"]) == (401, "UNAUTHORIZED")
    assert (await list_due(database), await list_stored(database)) == ([], [])


async def test_a_signature_is_asked_for_before_anything_else_is_looked_at(endpoint: Client) -> None:
    bad = Delivery(b"no json", event=None, delivery_id="!", content_type="text/plain", secret=b"the wrong secret")
    assert (await deliver(endpoint, bad)).status == 401


async def test_a_delivery_counts_once_also_when_it_comes_twice_at_once(
    endpoint: Client, mirror: Mirror, database: Database
) -> None:
    await add_repository(mirror)
    delivery = Delivery(make_push(REPOSITORY_ID))
    answers = await asyncio.gather(*(deliver(endpoint, delivery) for _ in range(5)))
    assert [answer.status for answer in answers] == [202] * 5
    assert sorted(answer.body["result"] for answer in answers) == ["accepted"] + ["duplicate"] * 4
    assert await list_stored(database) == [("push", "due")]


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {"ref": "refs/heads/main", "after": "1" * 40, "repository": {"id": 7}}),
        ("ping", {"zen": "Keep it logically awesome.", "hook": {"events": ["push"]}}),
        ("issues", {"action": "opened", "repository": {"id": REPOSITORY_ID}}),
        ("an_event_of_tomorrow", {}),
    ],
)
async def test_what_leads_nowhere_is_answered_like_what_leads_somewhere(
    endpoint: Client, mirror: Mirror, database: Database, event: str, payload: object
) -> None:
    await add_repository(mirror)
    known = await deliver(endpoint, Delivery(make_push(REPOSITORY_ID)))
    await mirror.pool.execute("update sync_queue set due_at = now() + interval '1 day'")
    unknown = await deliver(endpoint, Delivery(json.dumps(payload).encode(), event=event))
    assert (unknown.status, unknown.body) == (known.status, known.body)
    assert unknown.headers.keys() == known.headers.keys()
    assert (await list_due(database), (await list_stored(database))[1]) == ([], (event, "ignored"))


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (
            "repository",
            {"action": "renamed", "repository": {"id": REPOSITORY_ID, "full_name": "acme/new"}},
        ),
        (
            "installation_repositories",
            {"action": "added", "installation": {"id": 1}, "repositories_added": [{"id": 5}, {"id": REPOSITORY_ID}]},
        ),
    ],
)
async def test_a_repository_that_changed_is_looked_at_and_proves_no_hook_for_pushes(
    endpoint: Client, mirror: Mirror, database: Database, event: str, payload: object
) -> None:
    await add_repository(mirror)
    assert (await deliver(endpoint, Delivery(json.dumps(payload).encode(), event=event))).status == 202
    assert await list_due(database) == ["handbook"]
    (queued,) = await fetch(database.migrator_url, "select delivered_at from syncd.sync_queue")
    assert queued["delivered_at"] is None


@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(b"{"),
        Delivery(b"[]"),
        Delivery(b'{"ref": "refs/heads/main"}'),
        Delivery(make_push(1), event=None),
        Delivery(make_push(1), event="Push"),
        Delivery(make_push(1), event="p" * 65),
        Delivery(make_push(1), delivery_id=None),
        Delivery(make_push(1), delivery_id="a b"),
        Delivery(make_push(1), delivery_id="a" * 65),
        Delivery(make_push(1), content_type="text/plain"),
        Delivery(make_push(1), content_type="application/x-www-form-urlencoded"),
        Delivery(gzip.compress(make_push(1)), more={"Content-Encoding": "gzip"}),
    ],
)
async def test_what_github_would_not_send_is_malformed(
    endpoint: Client, database: Database, delivery: Delivery
) -> None:
    answer = await deliver(endpoint, delivery)
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")
    assert await list_stored(database) == []


async def test_the_largest_delivery_of_github_is_taken_and_one_byte_more_is_not(endpoint: Client) -> None:
    body = make_push(1).ljust(WEBHOOK_MAX_BYTES)
    assert (await deliver(endpoint, Delivery(body), data=BytesIO(body))).status == 202
    body += b" "
    answer = await deliver(endpoint, Delivery(body), data=BytesIO(body))
    assert (answer.status, answer.error["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_without_a_length_is_cut_off_at_the_limit(mirror: Mirror, redis: RedisClient) -> None:
    async def send(size: int) -> AsyncIterator[bytes]:
        yield make_push(1).ljust(size)

    async with open_endpoint(mirror.web_pool, redis, reader=Reader(max_bytes=1000, small_bytes=100)) as client:
        for size, status in ((1000, 202), (1001, 413)):
            delivery = Delivery(make_push(1).ljust(size))
            assert (await deliver(client, delivery, data=send(size))).status == status


async def test_a_length_that_is_too_large_is_refused_before_the_body_comes(endpoint: Client) -> None:
    headers = f"Content-Length: {WEBHOOK_MAX_BYTES + 1}\r\n"
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await talk(endpoint, headers, b"") == 413


async def test_a_body_that_dribbles_is_given_up(mirror: Mirror, redis: RedisClient) -> None:
    async with (
        open_endpoint(mirror.web_pool, redis, reader=Reader(max_bytes=1000, seconds=0.05)) as client,
        asyncio.timeout(DEADLINE_SECONDS),
    ):
        assert await talk(client, "Content-Length: 900\r\n", b"{") == 408


async def test_a_body_that_is_no_whole_one_is_malformed(endpoint: Client) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await talk(endpoint, "Transfer-Encoding: chunked\r\n", b"nonsense\r\n\r\n") == 400


async def test_a_caller_that_hangs_up_is_no_failure_of_ours(endpoint: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _, writer = await send_head(endpoint, "Content-Length: 900\r\n", b"{")
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not any(record.__dict__.get("status") == 400 for record in caplog.records):
                await deliver(endpoint, Delivery(make_push(1)))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_few_large_bodies_are_read_at_once_and_small_ones_go_on(mirror: Mirror, redis: RedisClient) -> None:
    reader = Reader(max_bytes=1000, small_bytes=500, large=asyncio.Semaphore(1))
    async with open_endpoint(mirror.web_pool, redis, reader=reader) as client, asyncio.timeout(DEADLINE_SECONDS):
        _, writer = await send_head(client, "Content-Length: 900\r\n", b"{")
        large = Delivery(make_push(1).ljust(501))
        while not reader.large.locked():
            await deliver(client, Delivery(make_push(1)))
        refused = await deliver(client, large)
        assert (refused.status, refused.error["code"]) == (503, "UNAVAILABLE")
        assert (await deliver(client, Delivery(make_push(1).ljust(500)))).status == 202
        writer.close()
        await writer.wait_closed()
        async with reader.large:
            pass
        assert (await deliver(client, large)).status == 202


async def test_without_a_secret_webhooks_are_off_and_say_so(mirror: Mirror, redis: RedisClient) -> None:
    async with open_endpoint(mirror.web_pool, redis, secrets=()) as client:
        answer = await deliver(client, Delivery(make_push(1), secret=b""))
    assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
    assert "SYNCD_WEBHOOK_SECRETS" in answer.error["hint"]


async def test_only_posts_are_deliveries(endpoint: Client) -> None:
    assert (await endpoint.get(PATH)).status == 405


async def test_no_secret_signature_or_payload_is_logged(
    endpoint: Client, mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    await add_repository(mirror)
    push = json.loads(make_push(REPOSITORY_ID)) | {"commits": [{"message": "canary-of-a-commit"}]}
    delivery = Delivery(json.dumps(push).encode())
    with caplog.at_level(logging.DEBUG):
        await deliver(endpoint, delivery)
        await deliver(endpoint, replace(delivery, delivery_id=str(uuid4()), body=delivery.body[1:]))
        await deliver(endpoint, replace(delivery, secret=b"another secret of us"))
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert str(delivery.delivery_id) in logged
    for secret in (NEW_SECRET.decode(), OLD_SECRET.decode(), sign(delivery.body)[10:], "canary-of-a-commit"):
        assert secret not in logged


async def test_a_delivery_that_cannot_be_acted_upon_is_not_stored_and_its_redelivery_counts(
    endpoint: Client, mirror: Mirror, database: Database
) -> None:
    await add_repository(mirror)
    await run_statement(
        database.migrator_url,
        "create function syncd.fail() returns trigger language plpgsql as $$ begin raise 'no'; end $$;"
        "create trigger fail before update on syncd.sync_queue for each row execute function syncd.fail();",
    )
    delivery = Delivery(make_push(REPOSITORY_ID))
    assert (await deliver(endpoint, delivery)).status == 500
    assert await list_stored(database) == []
    await run_statement(database.migrator_url, "drop trigger fail on syncd.sync_queue")
    assert (await deliver(endpoint, delivery)).body == {"result": "accepted"}
    assert await list_due(database) == ["handbook"]


async def test_a_crash_between_storing_and_marking_due_loses_no_delivery(
    endpoint: Client, mirror: Mirror, database: Database
) -> None:
    await add_repository(mirror)
    delivery = Delivery(make_push(REPOSITORY_ID))
    holder = await asyncpg.connect(database.migrator_url)
    try:
        await holder.execute("begin; select from syncd.sync_queue for update")
        pending = asyncio.create_task(deliver(endpoint, delivery))
        async with asyncio.timeout(DEADLINE_SECONDS):
            # The delivery is inserted and waits for the queue: there its backend is killed.
            while not await holder.fetchval(
                """
                select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
                where not granted and usename = 'test_web' and datname = current_database()
                """
            ):
                await holder.execute("select")
            answer = await pending
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    finally:
        await holder.execute("rollback")
        await holder.close()
    assert (await list_stored(database), await list_due(database)) == ([], [])
    assert (await deliver(endpoint, delivery)).body == {"result": "accepted"}
    assert (await list_stored(database), await list_due(database)) == ([("push", "due")], ["handbook"])


async def send_head(client: Client, headers: str, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection and send a request whose body has only begun."""
    url = URL(client.url)
    assert url.host
    assert url.port
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n".encode())
    writer.write(body)
    await writer.drain()
    return reader, writer


async def talk(client: Client, headers: str, body: bytes) -> int:
    """Return the status that a request gets whose body has only begun."""
    reader, writer = await send_head(client, headers, body)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])
