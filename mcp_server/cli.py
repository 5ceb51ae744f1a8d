"""The command `syncd-mcp`: serve agents over HTTP or stdio."""

import argparse
import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import uvloop

from mcp_server.serving import inherit_listener, open_listener, run_http, run_stdio
from syncd.adapters.logs import configure_logging
from syncd.errors import SyncdError
from syncd.settings import Settings, load_settings, split_address

# They write a line for each request; ours, one a tool call, says more.
CHATTY_LIBRARIES = ("mcp", "uvicorn")
# Objects made more than unmade before rings of them are looked for.
RINGS_AFTER = 50_000
EXAMPLES = """\
examples:
  syncd-mcp http --listen 127.0.0.1:8701
  SYNCD_API_KEY=syncd_… syncd-mcp stdio

settings come from the environment or .env: SYNCD_READ_DATABASE_URL, SYNCD_MCP_LISTEN, SYNCD_MCP_ALLOWED_HOSTS, SYNCD_API_KEY (stdio)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = make_parser().parse_args(arguments)
    # While nothing is served yet there is nothing to drain.
    signal.signal(signal.SIGTERM, end_well)
    # What is loaded stays; and a call leaves next to no rings of objects behind, so looking for them that often cost a tenth of each.
    gc.freeze()
    gc.set_threshold(RINGS_AFTER, 50, 50)
    try:
        settings = load_settings()
        configure_logging(settings.log)
        for library in CHATTY_LIBRARIES:
            logging.getLogger(library).setLevel(logging.WARNING)
        # Half of what a call costs is the loop's and the driver's of Postgres: libuv does both with a third less.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_stdio(settings) if chosen.command == "stdio" else run_http_command(settings, chosen))
    except SyncdError as error:
        sys.stderr.write(f"syncd-mcp: {error.message}\n" + (f"  {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="syncd-mcp",
        description="Serve mirrored docs to AI agents over the Model Context Protocol.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    http = commands.add_parser(
        "http",
        help="serve Streamable HTTP at /mcp",
        epilog="example: syncd-mcp http --listen 127.0.0.1:8701",
    )
    where = http.add_mutually_exclusive_group()
    where.add_argument(
        "--listen", metavar="HOST:PORT", help="where to listen (default: SYNCD_MCP_LISTEN, 127.0.0.1:8701)"
    )
    where.add_argument("--listen-fd", metavar="N", type=int, help="an inherited listening socket to serve on")
    commands.add_parser(
        "stdio",
        help="serve one client at standard input and output, with the key of SYNCD_API_KEY",
        epilog="example: SYNCD_API_KEY=syncd_… syncd-mcp stdio",
    )
    return parser


async def run_http_command(settings: Settings, chosen: argparse.Namespace) -> None:
    """Serve on the address or the inherited socket of the command line."""
    if chosen.listen_fd is not None:
        listener = inherit_listener(chosen.listen_fd)
    else:
        address = settings.mcp_address if chosen.listen is None else split_address(chosen.listen)
        listener = open_listener(*address)
    with listener:
        await run_http(settings, listener)


def end_well(_: int, __: FrameType | None) -> NoReturn:
    """End the process with exit code 0."""
    raise SystemExit(0)
