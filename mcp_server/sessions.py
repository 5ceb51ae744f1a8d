"""Which session an id names, for whoever asks."""

import re

from mcp_server.calls import Call
from syncd.adapters.postgres.agent_sessions import AgentSession, find_session
from syncd.errors import NotFound, Rejected

_SESSION_ID = re.compile(r"s-[a-z2-7]{16}")


def is_session_id(text: str) -> bool:
    """Return whether *text* is written as a session's id."""
    return _SESSION_ID.fullmatch(text) is not None


async def get_session(call: Call, session_id: str | None) -> AgentSession:
    """Return a session that the caller sees. Raises `NotFound`, the same for what is absent, expired or not yours."""
    if session_id is None:
        raise Rejected(
            "session_required",
            "No session was named.",
            hint='docs_session(action="show") lists the open ones; docs_session(action="open") makes one.',
        )
    session = await find_session(call.connection, session_id.strip(), call.now)
    if session is None or not session.is_visible(call.caller.project_ids):
        raise NotFound(
            "session_not_found",
            f"There is no session {session_id[:100]!r}, or it has expired.",
            hint='docs_session(action="show") lists the open ones; docs_session(action="open") makes one.',
        )
    return session
