"""Whether another tenant exists, and whatever it holds, one tenant's answers are the same bytes.

Three databases: acme alone, and two copies of it with another tenant beside. The same calls are made in each, with acme's key, and with the
other tenants' real names, ids, commits, cursors, sessions and keys among the arguments. Only times, and ids that were drawn at this moment,
are taken out before the answers are compared.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from mcp.server import Server
from mcp.shared.subscriptions import ServerEvent
from mcp_types.methods import SPEC_CLIENT_METHODS

from mcp_server.asgi import HttpApplication
from mcp_server.prompts import TEMPLATES as PROMPT_TEMPLATES
from mcp_server.registry import TOOLS
from mcp_server.resources import TEMPLATES as RESOURCE_TEMPLATES
from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.embedded.redis import RedisServer
from syncd.core.projects import Project
from tests.databases import Database, make_database, run_statement
from tests.mcp_server.agents import LEGACY, call, open_agent, request, text_of
from tests.mcp_server.generating import Generator
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import ACME_FILES, GLOBEX_FILES, Party, World, make_party, open_known_session
from tests.mirror import open_mirror

KNOWN_SESSION = "s-acmeacmeacmeacme"
ACME_WORDS = (
    "guide", "notes", "docs", "guide/docs/setup.md", "guide/docs/setup.md@v1", "guide/docs/setup.md@v1:L1-3", "guide/docs/long.md@v2", "r1", "r2",
    "guide/docs/index.md#welcome", "quokka port", "wombats", "Configure", KNOWN_SESSION, "doc://guide/docs/setup.md", "shorter",
)  # fmt: skip
OTHER_WORDS = (
    "vault", "zanzibar", "secret plans", "vault/docs/secret.md", "vault/docs/secret.md@v1", "vault/docs/secret.md@v1:L1-3", "docs/secret.md",
    "doc://vault/docs/secret.md", "https://github.com/globex/vault/blob/main/docs/secret.md", "globex", "globex/vault", "guide/docs/secret.md",
)  # fmt: skip
# For each tool a question that is answered: what is compared is not only how things are refused.
RIGHT: Mapping[str, Mapping[str, object]] = {
    "search": {"query": "quokka"},
    "fetch": {"id": "guide/docs/setup.md"},
    "docs_projects": {},
    "docs_search": {"query": "wombats quokka", "limit": 2},
    "docs_list": {"project": "guide"},
    "docs_read": {"id": "guide/docs/setup.md"},
    "docs_outline": {"id": "guide/docs/index.md"},
    "docs_history": {"id": "guide/docs/long.md"},
    "docs_diff": {"id": "guide/docs/long.md", "from": "v1"},
    "docs_changes": {"since": "r0"},
    "docs_chunks": {"id": "guide/docs/setup.md"},
    "docs_session": {"action": "show", "session": KNOWN_SESSION},
    "docs_sync": {"project": "notes"},
    "docs_lock": {"project": "guide", "action": "show"},
}
OTHER_METHODS = ("resources/read", "resources/list", "prompts/get", "completion/complete", "resources/templates/list")
# What can be completed, as the server lists it: a template or a prompt that is added is asked too.
REFERENCES: Mapping[tuple[str, str, str], tuple[str, ...]] = {
    **{
        ("ref/resource", "uri", one.uri_template): tuple(re.findall(r"\{\+?(\w+)\}", one.uri_template))
        for one in RESOURCE_TEMPLATES
    },
    **{
        ("ref/prompt", "name", one.prompt.name): tuple(argument.name for argument in one.prompt.arguments or ())
        for one in PROMPT_TEMPLATES
    },
}
# Methods that are not compared call by call: how they are, and why.
OTHERWISE = {
    "tools/call": "each tool in its turn",
    "tools/list": "by scopes alone",
    "prompts/list": "the same for everybody",
    "server/discover": "the same for everybody",
    "ping": "says nothing",
    "subscriptions/listen": "the streams below",
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One database, served. *other* is the tenant beside acme, where there is one."""

    database: Database
    origin: str
    acme: Party
    other: Party | None
    other_guide: Project | None


@dataclass(frozen=True, slots=True)
class Copies:
    """Acme alone, and twice beside another tenant. *known* are names and handles, acme's and the others'."""

    alone: Copy
    beside: tuple[Copy, Copy]
    guide: Project
    known: Sequence[str]

    @property
    def all(self) -> tuple[Copy, ...]:
        """Return the three."""
        return (self.alone, *self.beside)


@asynccontextmanager
async def open_copies(
    postgres: PostgresServer, template: str, redis_server: RedisServer, directory: Path
) -> AsyncIterator[Copies]:
    """Mirror acme, copy its database twice, and put another tenant beside it in each copy."""
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(make_database(postgres, template))]
        async with open_mirror(databases[0], redis_server, tenant="acme") as mirror:
            acme, guide = await _add_acme(await make_party(mirror, directory / "acme"))
        name = urlsplit(databases[0].migrator_url).path[1:]
        databases += [await stack.enter_async_context(make_database(postgres, name)) for _ in range(2)]
        copies = list[Copy]()
        for number, database in enumerate(databases):
            own = await stack.enter_async_context(open_mirror(database, redis_server, tenant=acme.mirror.tenant_id))
            party = replace(acme, mirror=own)
            other, other_guide = None, None
            if number > 0:
                opened = await stack.enter_async_context(open_mirror(database, redis_server, tenant="globex"))
                other = await make_party(opened, directory / f"globex{number}")
                other_guide = await _add_other(other, same=number == 2)
            origin = await stack.enter_async_context(serving(database.read_url))
            copies.append(Copy(database, origin, party, other, other_guide))
        foreign = [*OTHER_WORDS, *await _collect_handles(copies[1]), *await _collect_handles(copies[2])]
        # As many of acme's as of the others', so that questions find something.
        known = [*foreign, *ACME_WORDS * (len(foreign) // len(ACME_WORDS) + 1)]
        yield Copies(copies[0], (copies[1], copies[2]), guide, known)


async def _add_acme(party: Party) -> tuple[Party, Project]:
    guide = await party.add_project("guide", ACME_FILES)
    await party.add_project("notes", {"todo.txt": "Feed the wombat.\n"}, repository=None)
    await party.publish(guide, {"docs/long.md": "# Long\n\nShorter now.\n", "docs/new.md": "# New\n\nAll new.\n"})
    await open_known_session(party, KNOWN_SESSION)
    key, key_id = await party.make_key(scopes=("docs:read", "docs:sync", "locks:write"))
    return replace(party, api_key=key, key_id=key_id), guide


async def _add_other(party: Party, *, same: bool) -> Project:
    """Fill a tenant: with contents of its own under acme's names, or with *same*, acme's very files and more of them."""
    if not same:
        await party.add_project("vault", GLOBEX_FILES, repository="globex/vault")
        return await party.add_project("guide", GLOBEX_FILES, repository="globex/docs")
    guide = await party.add_project("guide", ACME_FILES | GLOBEX_FILES)
    many = {f"docs/{number}.md": f"# Zanzibar {number}\n\nwombats quokka shorter {number}\n" for number in range(60)}
    await party.add_project("vault", many | GLOBEX_FILES, repository="globex/vault")
    return await party.publish(guide, {"docs/setup.md": "# Setup\n\nzanzibar, again.\n"})


async def _collect_handles(copy: Copy) -> list[str]:
    """Return what the other tenant's own agent has in hand: every id, commit, cursor and session of its answers."""
    assert copy.other is not None
    key = copy.other.api_key
    asked: list[tuple[str, dict[str, object]]] = [
        ("docs_session", {"action": "open"}),
        ("docs_projects", {}),
        ("docs_search", {"query": "zanzibar", "limit": 1}),
        ("docs_changes", {"since": "r0"}),
        ("docs_history", {"id": "vault/docs/secret.md"}),
        ("docs_outline", {"id": "vault/docs/secret.md"}),
    ]
    said = [text_of(await call(copy.origin, key, tool, **arguments)) for tool, arguments in asked]
    found = re.findall(r"s-[a-z2-7]{16}|[0-9a-f]{40}|[A-Za-z0-9_-]{40,}|vault/[\w./-]+@v\d+:L\d+-\d+", "\n".join(said))
    ids = [copy.other.key_id, copy.other.api_key, str(copy.other.mirror.tenant_id)]
    return [*dict.fromkeys(found), *ids]


def blank(text: str) -> str:
    """Return an answer without times, and without ids that were drawn at this moment."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?", "TIME", text)
    text = re.sub(rf"(?!{KNOWN_SESSION})s-[a-z2-7]{{16}}", "SESSION", text)
    text = re.sub(r"n-[0-9a-f]{16}", "NOTE", text)
    return re.sub(r'"ttlMs":\d+|\d+ (s|min|h) ago', "AGE", text)


def make_question(generator: Generator, number: int) -> tuple[str, dict[str, Any]]:
    """Return a method and its params: of every tool in turn, and now and then of the other methods."""
    turn = number % (len(TOOLS) + 3)
    if turn < len(TOOLS):
        tool = TOOLS[turn]
        arguments = generator.make(tool.describe().input_schema)
        if tool.name == "docs_sync":
            arguments.pop("wait", None)  # nobody syncs here
        return "tools/call", {"name": tool.name, "arguments": arguments}
    text = generator.random.choice(generator.known)
    match generator.random.choice(OTHER_METHODS):
        case "resources/read":
            return "resources/read", {"uri": text if text.startswith("doc://") else f"doc://{text}"}
        case "resources/list" as method:
            return method, {"cursor": text} if generator.random.random() < 0.5 else {}
        case "prompts/get" as method:
            template = generator.random.choice(PROMPT_TEMPLATES)
            names = [argument.name for argument in template.prompt.arguments or ()]
            return method, {
                "name": template.prompt.name,
                "arguments": dict.fromkeys(names, text) | ({"since": "r0"} if "since" in names else {}),
            }
        case "completion/complete" as method:
            (kind, key, value), completed = generator.random.choice(list(REFERENCES.items()))
            context = {"arguments": {"project": generator.random.choice(["guide", "vault", text])}}
            argument = {"name": generator.random.choice(completed), "value": text[: generator.random.randrange(4)]}
            return method, {"ref": {"type": kind, key: value}, "argument": argument, "context": context}
        case method:
            return method, {}


async def compare(copies: Copies, questions: Iterable[tuple[str, dict[str, Any]]]) -> AsyncIterator[tuple[str, str]]:
    """Ask each question in every copy, one after the other, and yield what was answered to acme alone, and how others differ."""
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": LEGACY}
    headers["Authorization"] = f"Bearer {copies.alone.acme.api_key}"
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(copy: Copy, message: Mapping[str, Any]) -> str:
            async with session.post(f"{copy.origin}/mcp", json=message) as answer:
                return f"{answer.status} {await answer.text()}"

        for method, params in questions:
            message = request(method, **params)
            answers = await asyncio.gather(*(ask(copy, message) for copy in copies.all))
            same = len({blank(answer) for answer in answers}) == 1
            yield answers[0], "" if same else f"{message}\n" + "\n".join(answer[:1_000] for answer in answers)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("acme", "globex1", "globex2"):
        (tmp_path / name).mkdir()
    return tmp_path


async def test_every_tool_is_asked_something_that_it_answers() -> None:
    assert set(RIGHT) == {tool.name for tool in TOOLS}


async def test_every_method_that_the_server_answers_is_compared(world: World) -> None:
    servers = list[Server[Any]]()

    def look(application: HttpApplication) -> HttpApplication:
        servers.append(application.json_manager.app)
        return application

    async with serving(world.database.read_url, look):
        pass
    answered = {method for method in SPEC_CLIENT_METHODS if servers[0].get_request_handler(method) is not None}
    assert answered - OTHERWISE.keys() == set(OTHER_METHODS)
    assert all(names for names in REFERENCES.values())


# Each question is two comparisons: with another tenant, and with one that holds other things.
@pytest.mark.parametrize("questions", [750, pytest.param(12_000, marks=pytest.mark.full)])
async def test_answers_are_the_same_whatever_another_tenant_holds(
    postgres: PostgresServer, template: str, redis_server: RedisServer, directory: Path, questions: int
) -> None:
    right = [("tools/call", {"name": name, "arguments": dict(arguments)}) for name, arguments in RIGHT.items()]
    # Its note_id is drawn by the server (found by seed 1146149197).
    noted = {"action": "note", "session": KNOWN_SESSION, "note": "a note without a note_id"}
    right.append(("tools/call", {"name": "docs_session", "arguments": noted}))
    seed = Random().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - a failing run is repeated by it
    async with open_copies(postgres, template, redis_server, directory) as copies:
        async for answer, different in compare(copies, right):
            assert different == ""
            assert '"isError":false' in answer, answer
        generator = Generator(Random(seed), copies.known)
        generated = (make_question(generator, number) for number in range(questions))
        found = [different async for _, different in compare(copies, generated) if different]

    assert not found, "\n".join(found)


async def test_a_policy_that_lets_others_in_is_noticed(
    postgres: PostgresServer, template: str, redis_server: RedisServer, directory: Path
) -> None:
    # Of sessions, which queries find by the policy alone; other tables are guarded twice, and their policies by tests/adapters/postgres.
    wide = "create policy wide on syncd.agent_sessions for select to syncd_read using (true)"
    listing = [("tools/call", {"name": "docs_session", "arguments": {"action": "show"}})]
    async with open_copies(postgres, template, redis_server, directory) as copies:
        for copy in copies.beside:
            await run_statement(copy.database.migrator_url, wide)
        assert [different async for _, different in compare(copies, listing) if different]


async def test_streams_tell_the_same_whatever_another_tenant_does(
    postgres: PostgresServer, template: str, redis_server: RedisServer, directory: Path
) -> None:
    watched = [
        "doc://guide/docs/setup.md",
        "doc://guide/",
        "doc://vault/",
        "doc://vault/docs/secret.md",
        "doc://notes/",
    ]

    async def listen(copy: Copy) -> tuple[object, list[ServerEvent]]:
        async with (
            open_agent(copy.origin, copy.acme.api_key) as agent,
            agent.listen(resources_list_changed=True, resource_subscriptions=watched) as stream,
        ):
            if copy.other is not None and copy.other_guide is not None:
                await copy.other.publish(
                    copy.other_guide, {"docs/setup.md": "# Other\n", "docs/secret.md": "# Other\n"}
                )
            await copy.acme.publish(copies.guide, {"docs/setup.md": f"# Setup\n\n{copy.origin}\n"})
            events = list[ServerEvent]()
            async with asyncio.timeout(5):
                async for event in stream:
                    events.append(event)
                    if getattr(event, "uri", None) == "doc://guide/docs/setup.md":
                        break
            return stream.honored, events

    async with open_copies(postgres, template, redis_server, directory) as copies:
        told = [await listen(copy) for copy in copies.all]

    assert told[0] == told[1] == told[2]
    assert told[0][1]
