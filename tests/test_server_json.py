"""What the MCP registry is told of the server is what the server is."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import syncd
from mcp_server.asgi import MCP_PATH
from syncd.cli.arguments import make_parser
from syncd.cli.loading import load
from syncd.cli.up import up_command
from syncd.settings import Settings

ROOT = Path(syncd.__file__).parent.parent


def make_form(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


# What the published schema of 2025-12-11 asks of the fields that are used here, in our own words. It is stricter in one thing: the registry
# lets unknown fields pass, and clients then ignore them.
TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
INPUT = {
    "description": TEXT,
    "value": TEXT,
    "default": TEXT,
    "placeholder": TEXT,
    "choices": {"type": "array", "items": TEXT},
    "format": {"enum": ["string", "number", "boolean", "filepath"]},
    "isRequired": FLAG,
    "isSecret": FLAG,
}
FILLED = INPUT | {"variables": {"type": "object", "additionalProperties": make_form(INPUT)}}
NAMED_INPUTS = {"type": "array", "items": make_form(FILLED | {"name": TEXT}, "name")}
NAMED = make_form(FILLED | {"type": {"const": "named"}, "name": TEXT, "isRepeated": FLAG}, "type", "name")
POSITIONAL = make_form(FILLED | {"type": {"const": "positional"}, "valueHint": TEXT, "isRepeated": FLAG}, "type") | {
    "anyOf": [{"required": ["value"]}, {"required": ["valueHint"]}]
}
TRANSPORT = make_form(
    {
        "type": {"enum": ["streamable-http", "sse"]},
        "url": {"type": "string", "pattern": r"^https?://\S+$"},
        "headers": NAMED_INPUTS,
    },
    "type",
    "url",
)
PACKAGE = make_form(
    {
        "registryType": TEXT,
        "identifier": TEXT,
        "version": {"type": "string", "minLength": 1, "not": {"const": "latest"}},
        "runtimeHint": TEXT,
        "packageArguments": {"type": "array", "items": {"anyOf": [POSITIONAL, NAMED]}},
        "environmentVariables": NAMED_INPUTS,
        "transport": {"anyOf": [TRANSPORT, make_form({"type": {"const": "stdio"}}, "type")]},
    },
    "registryType",
    "identifier",
    "transport",
)
SCHEMA = Draft7Validator(
    make_form(
        {
            "$schema": TEXT,
            "name": {
                "type": "string",
                "minLength": 3,
                "maxLength": 200,
                "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$",
            },
            "title": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": {"type": "string", "minLength": 1, "maxLength": 100},
            "version": {"type": "string", "maxLength": 255},
            "packages": {"type": "array", "items": PACKAGE},
        },
        "name",
        "description",
        "version",
    )
)


@pytest.fixture
def server() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "server.json").read_text())
    return document


def test_name_and_version_are_those_of_the_package_and_its_readme(server: dict[str, Any]) -> None:
    (package,) = server["packages"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (package["registryType"], package["identifier"]) == ("pypi", project["name"])
    assert server["version"] == package["version"] == project["version"] == syncd.__version__
    # By this the registry knows that who publishes the one owns the other.
    assert f"<!-- mcp-name: {server['name']} -->" in (ROOT / project["readme"]).read_text()


def test_it_has_the_form_that_the_registry_publishes_and_no_field_that_is_not_in_it(server: dict[str, Any]) -> None:
    assert server["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    assert [error.message for error in SCHEMA.iter_errors(server)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "syncd"),
        (("name",), "io.github.syncd/syncd/x"),
        (("description",), "x" * 101),
        (("title",), ""),
        (("version",), 1),
        (("homepage",), "https://syncd.example"),
        (("packages", 0, "version"), "latest"),
        (("packages", 0, "transport", "url"), "127.0.0.1:8701/mcp"),
        (("packages", 0, "transport", "type"), "http"),
        (("packages", 0, "packageArguments", 0, "type"), "flag"),
        (("packages", 0, "packageArguments", 1, "format"), "repository"),
        (("packages", 0, "packageArguments", 1, "valueHint"), "owner/name"),
        (("packages", 0, "environmentVariables", 0, "secret"), True),
    ],
)
def test_a_wrong_form_is_noticed(server: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    place: Any = server
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not SCHEMA.is_valid(server)


def test_the_namespace_is_a_placeholder_and_the_docs_say_what_to_put_there(server: dict[str, Any]) -> None:
    namespace, _, _ = server["name"].partition("/")
    said = " ".join((ROOT / "docs" / "tools.md").read_text().split())
    assert f"`{namespace}` is a placeholder" in said
    assert "server.json" in said


def test_what_it_starts_is_a_command_that_serves_where_it_says(server: dict[str, Any]) -> None:
    (package,) = server["packages"]
    command, repository = package["packageArguments"]
    parsed = make_parser().parse_args([command["value"], repository["name"], "owner/name"])
    assert (load(parsed.handler), parsed.repo) == (up_command, "owner/name")
    listen = Settings.model_fields["mcp_listen"].default
    transport = package["transport"]
    assert (transport["type"], transport["url"]) == ("streamable-http", f"http://{listen}{MCP_PATH}")
    assert [(header["name"], header["value"]) for header in transport["headers"]] == [
        ("Authorization", "Bearer {api_key}")
    ]
    for variable in package["environmentVariables"]:
        assert variable["name"].removeprefix("SYNCD_").lower() in Settings.model_fields
