"""The MCP server itself, the same behind every transport."""

import hashlib
import hmac
from typing import Any

from mcp.server import Server
from mcp.server.caching import CacheHint

import syncd
from mcp_server.dispatch import Dispatcher, Identify
from mcp_server.gate import Gate
from mcp_server.registry import INSTRUCTIONS, TOOLS
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.reading.search import has_sparse_vectors
from syncd.core.cursors import CursorSealer

TOOLS_TTL_MS = 60 * 60 * 1000
_SCHEMAS = {tool.name: tool.describe().input_schema for tool in TOOLS}


async def make_server(pool: Pool, identify: Identify, *, installation_key: bytes) -> Server[dict[str, Any]]:
    """Return the server over *pool*, the reader's. It offers no subscriptions: those need a scope to each tenant."""
    dispatcher = Dispatcher(
        pool,
        identify,
        Gate(hmac.digest(installation_key, b"fence", hashlib.sha256)),
        CursorSealer(hmac.digest(installation_key, b"cursor", hashlib.sha256)),
        await has_sparse_vectors(pool),
    )
    return Server(
        "syncd",
        version=syncd.__version__,
        title="syncd docs",
        instructions=INSTRUCTIONS,
        # The list is the same for every tenant, so a shared cache may keep it.
        cache_hints={"tools/list": CacheHint(ttl_ms=TOOLS_TTL_MS, scope="public")},
        get_tool_input_schema=_SCHEMAS.get,
        on_list_tools=dispatcher.list_tools,
        on_call_tool=dispatcher.call_tool,
    )
