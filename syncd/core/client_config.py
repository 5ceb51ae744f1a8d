"""The configuration of MCP clients, ready to paste."""

import json

CLIENTS = ("claude-code", "cursor", "vscode", "codex")


def make_client_config(client: str, *, mcp_url: str, api_key: str) -> tuple[str, str]:
    """Return the file that *client* reads and the text to put there. Raises ValueError for a client that is not known."""
    header = {"Authorization": f"Bearer {api_key}"}
    match client:
        case "claude-code":
            server = {"type": "http", "url": mcp_url, "headers": header}
            return ".mcp.json", json.dumps({"mcpServers": {"docs": server}}, indent=2)
        case "cursor":
            return ".cursor/mcp.json", json.dumps(
                {"mcpServers": {"docs": {"url": mcp_url, "headers": header}}}, indent=2
            )
        case "vscode":
            server = {"type": "http", "url": mcp_url, "headers": header}
            return ".vscode/mcp.json", json.dumps({"servers": {"docs": server}}, indent=2)
        case "codex":
            # https://developers.openai.com/codex/mcp: `headers` is ignored, `http_headers` is not.
            text = f'[mcp_servers.docs]\nurl = "{mcp_url}"\nhttp_headers = {{ Authorization = "Bearer {api_key}" }}'
            return "~/.codex/config.toml", text
        case _:
            raise ValueError(client)
