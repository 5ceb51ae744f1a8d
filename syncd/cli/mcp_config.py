"""`syncd mcp-config`: what to put where, so that a client of MCP finds the docs."""

import argparse
import sys
from urllib.parse import urlsplit

from syncd.adapters.data_directory import Running
from syncd.cli.desk import load_command_settings
from syncd.cli.output import print_json, print_note
from syncd.core.client_config import KEY_VARIABLE, make_client_config
from syncd.errors import BadUsage
from syncd.settings import Settings


async def mcp_config_command(arguments: argparse.Namespace) -> int:
    """Print the configuration of one client."""
    settings, running = load_command_settings(arguments)
    mcp_url = arguments.url or _find_url(settings, running)
    if (
        urlsplit(mcp_url).scheme not in {"http", "https"}
        or not mcp_url.isprintable()
        or any(c in mcp_url for c in ' "\\')
    ):
        raise BadUsage(
            "url_invalid", f"{mcp_url[:100]!r} is no address.", hint="For example https://docs.example.com/mcp."
        )
    key = settings.api_key.get_secret_value() if arguments.with_key and settings.api_key else None
    if arguments.with_key and key is None:
        raise BadUsage("setting_missing", f"{KEY_VARIABLE} is not set.", hint="`syncd key add` makes a key.")
    file, text = make_client_config(arguments.client, mcp_url=mcp_url, api_key=key)
    if arguments.json:
        print_json({"client": arguments.client, "file": file, "text": text})
        return 0
    sys.stdout.write(f"{text}\n")
    print_note(f"Put this into {file}.{_advise(arguments.client, mcp_url, keyed=key is not None)}")
    return 0


def _find_url(settings: Settings, running: Running | None) -> str:
    if settings.mcp_url is not None:
        return settings.mcp_url
    return running.mcp_url if running is not None else f"http://{settings.mcp_listen}/mcp"


def _advise(client: str, mcp_url: str, *, keyed: bool) -> str:
    if client == "chatgpt":
        public = "" if mcp_url.startswith("https://") else " ChatGPT reaches public https addresses only (--url)."
        return f" It signs in by OAuth: SYNCD_OAUTH_ISSUERS and `syncd tenant trust`.{public}"
    if keyed:
        return " It holds a key: keep it out of repositories."
    if client == "vscode":
        return " VS Code asks for the key once and keeps it."
    return f" Start the client with {KEY_VARIABLE} in its environment; `syncd key add` makes a key."
