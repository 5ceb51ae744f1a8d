"""The configuration of clients: in the form that each documents, and without a key unless one is given."""

import json
import tomllib
from typing import Any

import pytest

from syncd.core.client_config import CLIENTS, KEYED_CLIENTS, make_client_config

URL = "https://docs.example.com/mcp"
KEY = "syncd_live_key"


def parse(text: str, client: str) -> Any:  # noqa: ANN401 - JSON
    return tomllib.loads(text) if client == "codex" else json.loads(text)


def make(client: str, **arguments: str) -> tuple[str, Any]:
    file, text = make_client_config(client, mcp_url=URL, **arguments)
    return file, parse(text, client)


def test_each_client_finds_its_key_in_the_environment_or_asks_for_it() -> None:
    assert make("claude-code") == (
        ".mcp.json",
        {"mcpServers": {"docs": {"type": "http", "url": URL, "headers": {"Authorization": "Bearer ${SYNCD_API_KEY}"}}}},
    )
    assert make("cursor") == (
        ".cursor/mcp.json",
        {"mcpServers": {"docs": {"url": URL, "headers": {"Authorization": "Bearer ${env:SYNCD_API_KEY}"}}}},
    )
    file, vscode = make("vscode")
    assert file == ".vscode/mcp.json"
    assert vscode["servers"]["docs"] == {
        "type": "http",
        "url": URL,
        "headers": {"Authorization": "Bearer ${input:docs-key}"},
    }
    assert [(one["type"], one["id"], one["password"]) for one in vscode["inputs"]] == [
        ("promptString", "docs-key", True)
    ]
    assert make("codex") == (
        "~/.codex/config.toml",
        {"mcp_servers": {"docs": {"url": URL, "bearer_token_env_var": "SYNCD_API_KEY"}}},
    )
    assert make("chatgpt")[1]["MCP server URL"] == URL


@pytest.mark.parametrize("client", KEYED_CLIENTS)
def test_a_key_that_is_given_stands_in_its_header_and_nothing_is_asked(client: str) -> None:
    _, config = make(client, api_key=KEY)
    text = json.dumps(config)
    assert f"Bearer {KEY}" in text
    assert "SYNCD_API_KEY" not in text
    assert "inputs" not in config


def test_no_other_client_is_known() -> None:
    assert CLIENTS == ("claude-code", "cursor", "vscode", "codex", "chatgpt")
    with pytest.raises(ValueError, match="emacs"):
        make_client_config("emacs", mcp_url=URL)
