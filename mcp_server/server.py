"""The MCP server itself, the same behind every transport."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp.server import Server
from mcp.server.caching import CacheHint

import syncd
from mcp_server.admission import Admission
from mcp_server.calls import SessionRules
from mcp_server.completions import Completions
from mcp_server.dispatch import Dispatcher
from mcp_server.feed import ChangeFeed
from mcp_server.gate import Gate
from mcp_server.prompts import Prompts
from mcp_server.registry import INSTRUCTIONS, TOOLS
from mcp_server.requests import Identify, Requests
from mcp_server.resources import Resources
from mcp_server.subscribing import Listener, StreamLimits
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.standing import Standing
from syncd.core.cursors import CursorSealer
from syncd.core.meaning import NO_HELPERS, Helpers
from syncd.core.permalinks import make_web_url
from syncd.settings import Settings

LISTS_TTL_MS = 60 * 60 * 1000
_SCHEMAS = {tool.name: tool.describe().input_schema for tool in TOOLS}


async def make_server(
    pool: Pool,
    standing: Standing,
    feed: ChangeFeed,
    *,
    admission: Admission,
    identify_again: Identify,
    installation_key: bytes,
    settings: Settings,
    helpers: Helpers = NO_HELPERS,
) -> Server[dict[str, Any]]:
    """Return the server over *pool*, the reader's, and what stands by of it.

    *admission* wraps every message, and says whose it is; *identify_again*, whose it still is a while later. *helpers* are the models that
    searches may ask.
    """
    gate = Gate(hmac.digest(installation_key, b"fence", hashlib.sha256))
    dispatcher = Dispatcher(
        pool,
        standing,
        admission.identify,
        gate,
        CursorSealer(hmac.digest(installation_key, b"cursor", hashlib.sha256)),
        admission.ledger,
        make_web_url(settings.github_api_url),
        SessionRules(
            timedelta(days=settings.mcp_session_days), settings.mcp_sessions_per_tenant, settings.mcp_notes_per_session
        ),
        helpers,
    )
    stream_limits = StreamLimits(settings.mcp_streams, settings.mcp_streams_per_tenant)
    requests = Requests(admission.identify, dispatcher.open_call)
    resources = Resources(requests, gate, settings.poll_seconds, now=lambda: datetime.now(UTC))
    prompts = Prompts(requests, gate)
    server: Server[dict[str, Any]] = Server(
        "syncd",
        version=syncd.__version__,
        title="syncd docs",
        instructions=INSTRUCTIONS,
        cache_hints={
            # What is listed depends on the scopes of the key, templates and prompts on nothing: a shared cache may keep those.
            "tools/list": CacheHint(ttl_ms=LISTS_TTL_MS, scope="private"),
            "resources/templates/list": CacheHint(ttl_ms=LISTS_TTL_MS, scope="public"),
            "prompts/list": CacheHint(ttl_ms=LISTS_TTL_MS, scope="public"),
        },
        get_tool_input_schema=_SCHEMAS.get,
        on_list_tools=dispatcher.list_tools,
        on_call_tool=dispatcher.call_tool,
        on_list_resources=resources.list_resources,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read_resource,
        on_list_prompts=prompts.list_prompts,
        on_get_prompt=prompts.get_prompt,
        on_completion=Completions(requests).complete,
        on_subscriptions_listen=Listener(pool, feed, identify_again, stream_limits).listen,
    )
    server.middleware.append(admission)
    return server
