"""What the MCP registry is told of the server is what the server is."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import syncd
from mcp_server.asgi import MCP_PATH
from syncd.cli.arguments import make_parser
from syncd.cli.up import up_command
from syncd.settings import Settings

ROOT = Path(syncd.__file__).parent.parent


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


def test_lengths_and_forms_are_what_the_schema_allows(server: dict[str, Any]) -> None:
    assert server["$schema"].endswith("/schemas/2025-12-11/server.schema.json")
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert len(server["description"]) <= 100
    assert len(server["title"]) <= 100


def test_what_it_starts_is_a_command_that_serves_where_it_says(server: dict[str, Any]) -> None:
    (package,) = server["packages"]
    command, repository = package["packageArguments"]
    parsed = make_parser().parse_args([command["value"], repository["name"], "owner/name"])
    assert (parsed.handler, parsed.repo) == (up_command, "owner/name")
    listen = Settings.model_fields["mcp_listen"].default
    transport = package["transport"]
    assert (transport["type"], transport["url"]) == ("streamable-http", f"http://{listen}{MCP_PATH}")
    assert [(header["name"], header["value"]) for header in transport["headers"]] == [
        ("Authorization", "Bearer {api_key}")
    ]
    for variable in package["environmentVariables"]:
        assert variable["name"].removeprefix("SYNCD_").lower() in Settings.model_fields
