"""What agents ask of docs_search beyond words: phrases, filters, reasons, slips of the pen, and answers that are no trouble to read."""

import re
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.connections import open_connection
from tests.databases import Database, make_database
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.test_changes import served_party

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROXY = """\
# Proxies

Send requests through a proxy server.

## Errors

You may see `ProxyError: the handshake operation timed out` on HTTPS requests.

## In Python

```python
client = Client(proxy="http://localhost")
```

## In the shell

```sh
export HTTP_PROXY=http://localhost
```
"""
LICENCE = "# Licence\n\nPermission is granted to wombats, free of charge.\n"
FILES: Mapping[str, str] = {
    "docs/proxy.md": PROXY,
    "docs/deep/timeouts.md": "# Timeouts\n\nThe operation timed out after five seconds. The handshake was slow.\n",
    "docs/a/licence.md": LICENCE,
    "docs/b/licence.md": LICENCE,
    "docs/many.md": "# Many\n\n"
    + "".join(f"## Numbat {n}\n\nA numbat is an animal, number {n}.\n\n" for n in range(9)),
    "docs/talk.txt": f"A talk.\n{'Filler of a long line. ' * 200}{('A bilby digs. ' + 'Its burrow is deep. ' * 80) * 3}\nThe end.\n",
    "docs/long.md": "# Long\n\n```python\n" + "".join(f"wobble_{n} = wobble({n})\n" for n in range(300)) + "```\n",
    "docs/few.md": "# Few\n\nOne numbat lives here.\n",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    postgres: PostgresServer, template: str, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str, Database]]:
    async with (
        make_database(postgres, template) as database,
        served_party(database, redis_server, tmp_path_factory.mktemp("served")) as (origin, party),
    ):
        await party.add_project("guide", dict(FILES))
        yield origin, party.api_key, database


async def ask(served: tuple[str, str, Database], query: str, **arguments: object) -> str:
    result = await call(served[0], served[1], "docs_search", query=query, **arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


def list_hits(text: str) -> list[str]:
    return re.findall(r"^\d+\. guide/(\S+?)@v", text, re.MULTILINE)


async def test_a_quoted_phrase_stands_in_every_answer_whatever_its_case_and_line_ends(
    served: tuple[str, str, Database],
) -> None:
    assert set(list_hits(await ask(served, "operation timed out"))) == {"docs/proxy.md", "docs/deep/timeouts.md"}
    assert list_hits(await ask(served, '"Handshake   operation timed"')) == ["docs/proxy.md"]
    assert list_hits(await ask(served, 'slow "operation timed"')) == ["docs/deep/timeouts.md", "docs/proxy.md"]


async def test_a_phrase_that_stands_nowhere_is_relaxed_to_its_words_and_that_is_said(
    served: tuple[str, str, Database],
) -> None:
    text = await ask(served, '"handshake slow operation"')
    assert "No chunk holds the quoted phrase" in text
    assert list_hits(text)[0] == "docs/deep/timeouts.md"


async def test_filters_keep_to_paths_and_to_chunks_with_code_of_a_language(served: tuple[str, str, Database]) -> None:
    assert list_hits(await ask(served, "timed out path:deep")) == ["docs/deep/timeouts.md"]
    assert list_hits(await ask(served, "timed path:**/time*.md")) == ["docs/deep/timeouts.md"]
    text = await ask(served, "proxy localhost lang:python")
    assert "Client(proxy" in text
    assert "export HTTP_PROXY" not in text


async def test_each_part_of_a_block_of_code_that_was_cut_is_known_by_its_language(
    served: tuple[str, str, Database],
) -> None:
    asked = {"limit": 50, "per_document": 50}
    parts = list_hits(await ask(served, "wobble", **asked))
    assert len(parts) > 2
    assert list_hits(await ask(served, "wobble lang:python", **asked)) == parts
    assert not list_hits(await ask(served, "wobble lang:sh", **asked))


async def test_filters_that_leave_nothing_are_named_as_the_reason(served: tuple[str, str, Database]) -> None:
    assert "no chunk is left by the filters" in await ask(served, "handshake path:nowhere")
    assert "no chunk is left by the filters" in await ask(served, "wombats lang:cobol")


async def test_a_query_without_a_word_is_told_so(served: tuple[str, str, Database]) -> None:
    assert "holds no word to search by" in await ask(served, '-> "..." ++')


async def test_misspelt_words_are_corrected_when_nothing_is_found(served: tuple[str, str, Database]) -> None:
    text = await ask(served, "wombatz")
    assert "searched instead: wombats" in text
    assert "docs/a/licence.md" in text
    text = await ask(served, "handsahke slow")
    assert "In no chunk: handsahke (near: handshake)." in text
    assert list_hits(text)[0] == "docs/deep/timeouts.md"


async def test_the_same_text_is_one_answer_that_names_its_places(served: tuple[str, str, Database]) -> None:
    text = await ask(served, "permission wombats")
    assert list_hits(text) == ["docs/a/licence.md"]
    assert "The same text: guide/docs/b/licence.md@v1:L1-3" in text


async def test_no_document_fills_the_first_page_and_the_next_goes_on_with_the_rest(
    served: tuple[str, str, Database],
) -> None:
    text = await ask(served, "numbat", limit=5)
    assert sorted(list_hits(text)) == ["docs/few.md", *["docs/many.md"] * 3]
    seen = list_hits(text)
    while 'cursor="' in text:
        text = await ask(served, "numbat", limit=5, cursor=text.split('cursor="')[1].split('"')[0])
        seen += list_hits(text)
    everything = list_hits(await ask(served, "numbat", limit=50, per_document=50))
    assert sorted(seen) == sorted(everything)
    assert everything.count("docs/many.md") >= 1


async def test_parts_of_a_long_line_are_answers_with_ids_of_their_own_that_name_what_was_found(
    served: tuple[str, str, Database],
) -> None:
    text = await ask(served, "bilby burrow", per_document=50)
    ids = re.findall(r"^\d+\. (\S+) ·", text, re.MULTILINE)
    assert len(set(ids)) == len(ids) > 2
    parts = [chunk_id for chunk_id in ids if re.fullmatch(r"guide/docs/talk\.txt@v1:L2-2:C\d+-\d+", chunk_id)]
    assert len(parts) > 1
    assert not any(chunk_id.endswith(":L2-2") for chunk_id in ids)
    for chunk_id in parts:
        for tool, named in (("docs_read", {"id": chunk_id}), ("docs_chunks", {"ids": [chunk_id]})):
            read = text_of(await call(served[0], served[1], tool, **named))
            assert re.search("bilby|burrow", read)
            assert len(read) < 3_500


async def test_explaining_shows_the_parts_of_each_score_and_the_weight_of_each_word(
    served: tuple[str, str, Database],
) -> None:
    text = await ask(served, "slow handshake zzz", mode="explain")
    parts = re.search(r"score ([\d.]+) = words ([\d.]+) \+ document ([\d.]+) \+ nearness ([\d.]+)", text)
    assert parts
    total, words, document, nearness = map(float, parts.groups())
    assert total == pytest.approx(words + document + nearness, abs=0.02)
    assert words > document > 0
    assert nearness > 0
    assert "handshake (2 chunks, weight" in text
    assert "zzz (0 chunks" in text
    assert "= words" not in await ask(served, "slow handshake")


async def test_words_too_common_to_look_at_every_chunk_still_give_an_answer_that_says_so(
    served: tuple[str, str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.adapters.postgres.reading.ranked.COMMON_CHUNKS", 8)
    text = await ask(served, "numbat")
    assert "Degraded: these words stand nearly everywhere" in text
    assert list_hits(text)
    # What of a sample does not fit has no page of its own.
    small = await ask(served, "numbat", max_chars=200)
    assert f"{len(list_hits(text)) - 1} more with a larger max_chars." in small
    assert "cursor=" not in small + text


@pytest.mark.parametrize(
    ("patience", "said"), [(2000, "Degraded: the server is busy"), (0, "Degraded: the server is too busy")]
)
async def test_a_search_that_runs_out_of_time_answers_from_less_and_says_so(
    served: tuple[str, str, Database], patience: int, said: str
) -> None:
    _, _, database = served
    # A function that sleeps for whoever wants all candidates stands for a statement that takes too long; the reader's limit ends it.
    async with open_connection(database.migrator_url) as connection:
        await connection.execute(
            """
            set search_path = syncd, public;
            alter function search_candidates(integer[], boolean, integer[], real[], integer, integer) rename to candidates_at_once;
            create function search_candidates(integer[], boolean, integer[], real[], integer, integer)
                returns table (chunk_hash bytea, score float8) language plpgsql as $$
            begin
                if $6 > PATIENCE then perform pg_sleep(60); end if;
                return query select f.chunk_hash, f.score from syncd.candidates_at_once($1, $2, $3, $4, $5, $6) f;
            end $$;
            """.replace("PATIENCE", str(patience))
        )
        try:
            text = await ask(served, "numbat animal")
        finally:
            await connection.execute(
                """
                drop function search_candidates(integer[], boolean, integer[], real[], integer, integer);
                alter function candidates_at_once(integer[], boolean, integer[], real[], integer, integer) rename to search_candidates;
                """
            )
    assert said in text
    assert bool(list_hits(text)) is bool(patience)
