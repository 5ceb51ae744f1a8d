"""README and docs say what the code does: commands, errors, tools, metrics, links, words."""

import argparse
import ast
import json
import re
import shlex
import tomllib
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from mcp_server.arguments import make_input_schema
from mcp_server.registry import TOOLS
from syncd import errors
from syncd.cli.arguments import make_parser
from syncd.cli.loading import load
from syncd.core.client_config import CLIENTS, make_client_config
from syncd.core.documents import SkipReason
from syncd.core.users import Role, list_scopes
from syncd.errors import SyncdError
from syncd.web.answers import list_codes
from syncd.web.api.route import Access, Route
from syncd.web.api.routes import ROUTES

ROOT = Path(__file__).parent.parent
TWO_COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/syncd up",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
)
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("bench/*.md")),
)
# Classes beside those of syncd/errors.py whose first argument is a code.
ERRORS_ELSEWHERE = ("LeaseLost", "Unauthorized", "MissingTenant", "Overloaded", "Refused")
# Functions that hand a code on to an error.
ERROR_MAKERS = ("make_failure", "_missing")
CODE = re.compile(r"`([a-z]+(?:_[a-z0-9]+)*)`")


def read(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def list_commands() -> list[tuple[str, argparse.ArgumentParser]]:
    """Return every command of `syncd` that does something, with its parser."""
    found = []
    waiting = [("syncd", make_parser())]
    while waiting:
        name, parser = waiting.pop()
        groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not groups:
            found.append((name, parser))
        for group in groups:
            waiting += [(f"{name} {word}", inner) for word, inner in group.choices.items()]
    return sorted(found, key=lambda command: command[0])


COMMANDS = list_commands()


def list_raised_codes() -> dict[str, str]:
    """Return every code that an error of ours is raised with, and a file that does."""
    makers = {name for name, value in vars(errors).items() if isinstance(value, type)}
    makers |= {*ERRORS_ELSEWHERE, *ERROR_MAKERS}
    found: dict[str, str] = {}
    for path in (*ROOT.glob("syncd/**/*.py"), *ROOT.glob("mcp_server/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found[code.value] = str(path.relative_to(ROOT))
    return found


def list_documented_codes() -> set[str]:
    """Return the codes in the first column of the tables of docs/errors.md."""
    cells = re.findall(r"(?m)^\| (`[a-z].*?) \|", read("docs/errors.md"))
    return {code for cell in cells for code in CODE.findall(cell)}


def test_the_two_commands_stand_in_the_readme() -> None:
    lines = read("README.md").splitlines()
    assert [command for command in TWO_COMMANDS if command not in lines] == []


@pytest.mark.parametrize(("name", "parser"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_is_in_the_page_of_commands_with_its_example(name: str, parser: argparse.ArgumentParser) -> None:
    rows = [line for line in read("docs/cli.md").splitlines() if line.startswith(f"| `{name}` |")]
    example = (parser.epilog or "").removeprefix("Example: ")
    assert len(rows) == 1
    assert rows[0].endswith(f"| `{example}` |")


@pytest.mark.parametrize(("name", "parser"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_the_example_of_a_command_is_a_call_of_it(name: str, parser: argparse.ArgumentParser) -> None:
    words = shlex.split((parser.epilog or "").removeprefix("Example: "))
    assert words[: len(name.split())] == name.split()
    handler = make_parser().parse_args(words[1:]).handler
    assert handler == parser.get_default("handler")
    assert iscoroutinefunction(load(handler))


def test_every_error_code_is_explained() -> None:
    raised = list_raised_codes()
    assert len(raised) > 50
    assert {code: path for code, path in raised.items() if code not in list_documented_codes()} == {}


def test_no_error_code_is_explained_that_is_not_raised() -> None:
    assert list_documented_codes() - list_raised_codes().keys() == set()


def test_every_family_of_errors_is_explained_with_its_exit_code() -> None:
    families = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, SyncdError) and value is not SyncdError
    }
    rows = dict(re.findall(r"(?m)^\| `([A-Z]\w+)` \| .* \| (\d) \|$", read("docs/errors.md")))
    assert rows == {name: str(family.exit_code) for name, family in families.items()}


def test_every_tool_is_in_the_page_of_tools() -> None:
    named = re.findall(r"(?m)^\| `([a-z_]+)` \|", read("docs/tools.md"))
    assert named == [tool.name for tool in TOOLS]


def test_every_argument_of_a_tool_is_in_the_page_of_tools() -> None:
    for tool in TOOLS:
        (row,) = re.findall(rf"(?m)^\| `{tool.name}` \|.*$", read("docs/tools.md"))
        for argument in make_input_schema(tool.arguments)["properties"]:
            assert re.search(rf"\b{argument}\b", row), f"{tool.name} takes {argument}"


def describe_route(route: Route) -> str:
    """Return the row of a route in the page of REST."""
    needs = {Access.OPEN: "nothing", Access.PLATFORM: "platform key"}.get(route.access)
    needs = needs or (f"`{route.scope}`" if route.scope else "any identity")
    return f"| `{route.method} {route.path}` | {route.summary} | {needs} | {route.status} |"


def test_the_page_of_rest_has_every_route_and_no_other() -> None:
    page = re.findall(r"(?m)^\| `[A-Z]+ /api/v1/[^`]*` \| .* \| .* \| \d+ \|$", read("docs/rest.md"))
    assert page == [describe_route(route) for route in ROUTES]


def test_the_page_of_rest_names_every_code_of_an_error() -> None:
    # The others are of requests that no client sends by mistake.
    named = [code for code in list_codes() if f"`{code}`" in read("docs/rest.md")]
    assert set(list_codes()) - set(named) == {"BAD_REQUEST", "EXPECTATION_FAILED", "REQUEST_TIMEOUT"}


def test_the_table_of_roles_says_what_the_scopes_of_a_role_say() -> None:
    rows = re.findall(r"(?m)^\| .* \| `([a-z:]+)` \| (yes|no) \| (yes|no) \| (yes|no) \|$", read("docs/rest.md"))
    assert len(rows) == 6
    for scope, *cells in rows:
        told = dict(zip((Role.MEMBER, Role.ADMIN, Role.OWNER), cells, strict=True))
        assert {role: cell == "yes" for role, cell in told.items()} == {
            role: scope in list_scopes(role) for role in Role
        }


def test_every_reason_to_skip_a_file_is_a_word_of_the_glossary() -> None:
    assert [reason for reason in SkipReason if f"`{reason}`" not in read("docs/glossary.md")] == []


def test_every_test_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", read("README.md"))
    written = {
        name
        for path in ROOT.glob("tests/**/test_*.py")
        for name in re.findall(r"(?m)^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert [name for name in named if name not in written] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_the_readme_configures_each_client_as_the_command_does(client: str) -> None:
    url = "https://docs.example.com/mcp" if client == "chatgpt" else "http://127.0.0.1:8701/mcp"
    kind, parse = ("toml", tomllib.loads) if client == "codex" else ("json", json.loads)
    section = read("README.md").partition("## Connecting an agent\n")[2].partition("\n## ")[0]
    file, config = make_client_config(client, mcp_url=url)
    assert file.removeprefix("ChatGPT: ") in section
    assert parse(config) in [parse(block) for block in re.findall(rf"(?s)```{kind}\n(.*?)```", section)]


def make_anchor(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name) if name else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.*)$", linked.read_text(encoding="utf-8"))
            assert anchor in {make_anchor(heading) for heading in headings}, target


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"`((?:syncd|mcp_server|sql|tests|docs|bench|systemd|\.ci)/[\w./-]*)`", read(page))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_no_page_names_a_place_of_the_machine_it_was_written_on() -> None:
    for page in PAGES:
        assert not re.search(r"/(root|work|tmp)/\w", page.read_text(encoding="utf-8")), page


def test_every_decision_says_context_decision_and_consequence() -> None:
    for page in ROOT.glob("docs/decisions/*.md"):
        text = page.read_text(encoding="utf-8")
        assert [word for word in ("**Context.**", "**Decision.**", "**Consequence.**") if word not in text] == [], page
