"""The configuration of MCP clients, ready to paste.

Where each format is documented, as of November 2026: code.claude.com/docs/en/mcp, cursor.com/docs/mcp,
code.visualstudio.com/docs/agents/reference/mcp-configuration, developers.openai.com/codex/mcp,
developers.openai.com/apps-sdk/deploy/connect-chatgpt.
"""

import json
from typing import Literal, TypeAlias, get_args

Client: TypeAlias = Literal["claude-code", "cursor", "vscode", "codex", "chatgpt"]
CLIENTS: tuple[Client, ...] = get_args(Client)
# Those that an API key is enough for; ChatGPT takes OAuth only.
KEYED_CLIENTS = CLIENTS[:4]
KEY_VARIABLE = "SYNCD_API_KEY"


def make_client_config(client: str, *, mcp_url: str, api_key: str | None = None) -> tuple[str, str]:
    """Return where *client* is configured and what to put there; without *api_key* it reads SYNCD_API_KEY or asks for the key.

    Raises ValueError for a client that is not known.
    """
    match client:
        case "claude-code":
            headers = _make_headers(api_key or f"${{{KEY_VARIABLE}}}")
            return ".mcp.json", _write({"mcpServers": {"docs": {"type": "http", "url": mcp_url, "headers": headers}}})
        case "cursor":
            headers = _make_headers(api_key or f"${{env:{KEY_VARIABLE}}}")
            return ".cursor/mcp.json", _write({"mcpServers": {"docs": {"url": mcp_url, "headers": headers}}})
        case "vscode":
            headers = _make_headers(api_key or "${input:docs-key}")
            asked = {"type": "promptString", "id": "docs-key", "description": "API key of syncd", "password": True}
            server = {"type": "http", "url": mcp_url, "headers": headers}
            return ".vscode/mcp.json", _write({**({} if api_key else {"inputs": [asked]}), "servers": {"docs": server}})
        case "codex":
            # `headers` would be ignored, and so would a key in `bearer_token`.
            key = (
                f'http_headers = {{ Authorization = "Bearer {api_key}" }}'
                if api_key
                else f'bearer_token_env_var = "{KEY_VARIABLE}"'
            )
            return "~/.codex/config.toml", f"[mcp_servers.docs]\nurl = {json.dumps(mcp_url)}\n{key}"
        case "chatgpt":
            fields = {"Name": "docs", "MCP server URL": mcp_url, "Authentication": "OAuth"}
            return "ChatGPT: Settings, Connectors, Create", _write(fields)
        case _:
            raise ValueError(client)


def _make_headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _write(document: object) -> str:
    return json.dumps(document, indent=2)
