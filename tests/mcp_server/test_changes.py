"""What agents read while projects change, wait, stall, are frozen or are large; and without pgvector."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection
from tests.databases import Database, name_database, run_statement
from tests.mcp_server.agents import call, post, request, text_of
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import ACME_FILES, Party, make_party
from tests.mirror import open_mirror
from tests.plain_database import database_without_vectors


@asynccontextmanager
async def served_party(
    database: Database, redis_server: RedisServer, directory: Path
) -> AsyncIterator[tuple[str, Party]]:
    async with open_mirror(database, redis_server) as mirror, serving(database.read_url) as origin:
        yield origin, await make_party(mirror, directory)


async def test_an_id_with_a_version_keeps_naming_that_text_after_a_change(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", {"docs/a.md": "# A\n\nfirst\n"})
        changed = await party.publish(project, {"docs/a.md": "# A\n\nsecond\n"})

        newest = text_of(await call(origin, party.api_key, "docs_read", id="guide/a"))
        pinned = text_of(await call(origin, party.api_key, "docs_read", id="guide/docs/a.md@v1"))
        found = text_of(await call(origin, party.api_key, "docs_search", query="first second"))
        absent = await call(origin, party.api_key, "docs_read", id="guide/docs/a.md@v9")

    assert "second" in newest
    assert f"guide · r2 · commit {(changed.synced_commit or '')[:12]}" in newest
    assert "guide/docs/a.md@v2 ·" in newest
    assert "first" in pinned
    # The text of a closed version is in the commit that brought it, not in the newest.
    assert f"/blob/{project.synced_commit}/docs/a.md" in pinned
    assert "a.md@v2" in found
    assert "a.md@v1" not in found
    assert absent.is_error


async def test_a_cursor_of_a_search_ends_when_the_docs_change(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        project = await party.add_project("guide", {"docs/a.md": "# A\n\nword\n", "docs/b.md": "# B\n\nword\n"})
        page = text_of(await call(origin, party.api_key, "docs_search", query="word", limit=1))
        cursor = page.rsplit('cursor="', 1)[1].split('"')[0]
        await party.publish(project, {"docs/c.md": "# C\n\nword\n"})

        answer = await call(origin, party.api_key, "docs_search", query="word", limit=1, cursor=cursor)

    assert answer.is_error
    assert "synced anew" in text_of(answer)


async def test_a_large_folder_is_listed_level_by_level_and_page_by_page(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    files = {f"docs/many/f{number:03}.txt": f"file {number}\n" for number in range(250)}
    files |= {f"docs/some/g{number}.txt": f"g {number}\n" for number in range(3)} | {"docs/top.md": "# Top\n"}
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", files)
        top = json.loads(text_of(await call(origin, party.api_key, "docs_list", project="guide", path="docs")))
        listed: list[str] = []
        cursor: dict[str, object] = {}
        while True:
            page = json.loads(
                text_of(await call(origin, party.api_key, "docs_list", project="guide", path="docs/many", **cursor))
            )
            listed += [item["id"] for item in page["items"]]
            if page["nextCursor"] is None:
                break
            cursor = {"cursor": page["nextCursor"]}

    assert (top["depth"], top["documents"]) == ("level", 254)
    assert top["items"] == [
        {"folder": "docs/many/", "documents": 250, "size": sum(len(f"file {number}\n") for number in range(250))},
        {"folder": "docs/some/", "documents": 3, "size": 12},
        {"id": "guide/docs/top.md", "size": 6},
    ]
    assert listed == [f"guide/docs/many/f{number:03}.txt" for number in range(250)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "update projects set condition = 'syncing'; update project_leases set holder = 'tester', acquired_at = now()",
            "· syncing by tester since ",
        ),
        (
            "update projects set condition = 'stalled', message = 'The branch is gone.'",
            "· stalled: The branch is gone.",
        ),
        (
            "update projects set condition = 'waiting', message = 'GitHub is slow.', next_try_at = '2026-11-20 12:00Z'",
            "· waiting: GitHub is slow. (next try 2026-11-20T12:00:00Z)",
        ),
        ("update projects set desired_commit = 'feedfacefeedface'", "· behind: newest commit is feedfacefeed"),
        (
            (
                "update project_leases set freeze_id = gen_random_uuid(), frozen_by = 'ada', frozen_at = '2026-11-20 12:00Z',"
                " freeze_reason = 'release week'"
            ),
            "· frozen by ada since 2026-11-20T12:00:00Z: release week",
        ),
        (
            (
                "update project_leases set freeze_id = gen_random_uuid(), frozen_by = 'ada', frozen_at = '2020-01-01 12:00Z',"
                " freeze_until = '2020-01-02 12:00Z'"
            ),
            "· ready",
        ),
    ],
)
async def test_an_answer_says_how_its_project_stands(
    database: Database, redis_server: RedisServer, tmp_path: Path, statement: str, said: str
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", {"docs/a.md": "# A\n"})
        async with open_connection(database.migrator_url) as connection, connection.transaction():
            await connection.execute("set local search_path = syncd, public")
            await connection.execute(statement)

        text = text_of(await call(origin, party.api_key, "docs_read", id="guide/docs/a.md"))
        projects = json.loads(text_of(await call(origin, party.api_key, "docs_projects")))["projects"]

    assert said in text.split("\n")[0]
    assert said.startswith("· behind") or said.removeprefix("· ") in projects[0]["state"]


async def test_a_project_that_was_never_synced_says_so(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        empty = text_of(await call(origin, party.api_key, "docs_projects"))
        asked = text_of(await call(origin, party.api_key, "docs_projects", project="guide"))
        async with open_connection(database.migrator_url) as connection:
            await connection.execute(
                "insert into syncd.projects (tenant_id, name, source, folder) values ($1, 'new', 'folder', '/nowhere')",
                party.mirror.tenant_id,
            )
        listed = json.loads(text_of(await call(origin, party.api_key, "docs_list", project="new")))
        searched = text_of(await call(origin, party.api_key, "docs_search", query="anything"))

    assert empty == '{"projects":[]}'
    assert "opens no project yet" in asked
    assert (listed["revision"], listed["items"]) == (0, [])
    assert "new · nothing synced yet · waiting" in searched
    assert "/nowhere" not in searched


async def test_without_pgvector_the_ranking_is_the_same(
    postgres: PostgresServer, database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    answers = []
    async with database_without_vectors(postgres) as plain:
        for name, used in (("vectors", database), ("arrays", plain)):
            async with served_party(used, redis_server, tmp_path / name) as (origin, party):
                await party.add_project("guide", ACME_FILES, repository=None)
                answers.append(
                    [
                        text_of(
                            await call(origin, party.api_key, "docs_search", query=query, limit=40, max_chars=100_000)
                        )
                        for query in ("choose another port", "wombats of part 7", "get_quokka_port", "zzz")
                    ]
                )

    # The vectors' weights have four digits, so that scores differ in the last one shown; the order does not.
    ranked = [
        [[line.split(" · score")[0] for line in text.split("\n") if "· score" in line] for text in texts]
        for texts in answers
    ]
    assert ranked[0] == ranked[1]
    assert "· score" in answers[1][0]


async def test_while_the_database_is_gone_callers_are_told_to_come_back(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", {"docs/a.md": "# A\n"})
        name = urlsplit(database.migrator_url).path[1:]
        await run_statement(name_database(database.migrator_url, "postgres"), f"drop database {name} with (force)")

        status, headers, text = await post(origin, party.api_key, request("tools/list"))
        async with aiohttp.ClientSession() as session, session.get(f"{origin}/readyz") as answer:
            readiness = answer.status, (await answer.json())["code"]

    assert (status, json.loads(text)["error"]) == (503, "database_unreachable")
    assert int(headers["retry-after"]) > 0
    assert readiness == (503, "database_unreachable")
    await run_statement(name_database(database.migrator_url, "postgres"), f"create database {name}")


async def test_a_statement_that_takes_too_long_is_given_up_in_words(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with open_mirror(database, redis_server) as mirror:
        party = await make_party(mirror, tmp_path)
        await party.add_project("guide", {"docs/a.md": "# A\n\nword\n"})
        async with serving(database.read_url) as origin:
            async with open_connection(database.migrator_url) as connection, connection.transaction():
                # A lock that no reader can pass stands for a statement that takes too long; the reader's limits end it.
                await connection.execute("lock table syncd.document_versions in access exclusive mode")
                answer = await call(origin, party.api_key, "docs_search", query="word")
            after = await call(origin, party.api_key, "docs_search", query="word")

    assert answer.is_error
    assert "took longer than one statement may" in text_of(answer)
    assert not after.is_error


async def test_of_very_many_projects_the_first_are_listed_and_the_rest_counted(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        async with open_connection(database.migrator_url) as connection:
            await connection.execute(
                "insert into syncd.projects (tenant_id, name, source, folder)"
                " select $1, 'p' || to_char(n, 'FM000'), 'folder', '/nowhere' from generate_series(1, 201) n",
                party.mirror.tenant_id,
            )
        values = json.loads(text_of(await call(origin, party.api_key, "docs_projects")))
        last = json.loads(text_of(await call(origin, party.api_key, "docs_projects", project="p201")))

    assert (len(values["projects"]), values["notShown"]) == (200, 1)
    assert last["projects"][0]["project"] == "p201"


async def test_a_failure_nobody_foresaw_reaches_the_log_and_not_the_agent(
    database: Database, redis_server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served_party(database, redis_server, tmp_path) as (origin, party):
        await party.add_project("guide", {"docs/a.md": "# A\n"})
        async with open_connection(database.migrator_url) as connection:
            await connection.execute("alter table syncd.blobs rename column text to content")
        answer = await call(origin, party.api_key, "docs_read", id="guide/docs/a.md")

    assert text_of(answer) == "The server failed; it is not your call. Retry once, then tell the operator."
    assert "UndefinedColumnError" in caplog.text
