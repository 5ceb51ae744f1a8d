"""One tool call from request to result: who calls, what is meant, one read-only transaction, the gate, one line of log."""

import asyncio
import difflib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from pydantic import ValidationError

from mcp_server.answers import Answer, ErrorAnswer
from mcp_server.arguments import Arguments, explain_arguments
from mcp_server.calls import Asker, Call, Later, Report, SessionRules
from mcp_server.gate import Gate
from mcp_server.identity import READ_SCOPE, Caller
from mcp_server.ledger import Answered, Ledger
from mcp_server.registry import TOOLS, Tool
from mcp_server.requests import Identify
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.reading.limits import explaining_reads
from syncd.adapters.postgres.reading.projects import list_projects
from syncd.adapters.postgres.standing import Standing
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.cursors import CursorSealer
from syncd.core.meaning import NO_HELPERS, Helpers
from syncd.errors import SyncdError

# The database ends a statement after 2 s; this ends a call that waits for a connection, or makes many statements.
CALL_SECONDS = 10.0

logger = logging.getLogger("mcp_server.calls")


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Answers tools/list and tools/call. *identify* says whose request a context is; people see repositories at *web_url*."""

    pool: Pool
    standing: Standing
    identify: Identify
    gate: Gate
    cursors: CursorSealer
    ledger: Ledger
    web_url: str
    session_rules: SessionRules
    helpers: Helpers = NO_HELPERS

    async def list_tools(self, context: ServerRequestContext, _: PaginatedRequestParams | None) -> ListToolsResult:
        """Return every tool that the caller's scopes open, always in the same order."""
        caller = await self.identify(context)
        scopes = {READ_SCOPE} if caller is None else {READ_SCOPE, *caller.scopes}
        return ListToolsResult(tools=[tool.describe() for tool in TOOLS if tool.scope in scopes])

    async def call_tool(self, context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        """Answer one call. An unknown tool is an error of the protocol; everything else is answered in words."""
        started, request_id = time.monotonic(), self.ledger.name_request()
        tool = _get_tool(params.name)
        caller = await self.identify(context)
        report = context.session.report_progress
        outcome, answer = await self._answer(tool, caller, params.arguments or {}, report=report, request_id=request_id)
        result = self.gate.release(answer)
        answered = Answered(
            tool=tool.name,
            arguments=params.arguments,
            outcome=outcome,
            seconds=time.monotonic() - started,
            rows=answer.rows,
            text="".join(item.text for item in result.content if item.type == "text"),
            request_id=request_id,
        )
        self._account(caller, answered)
        return result

    def _account(self, caller: Caller | None, answered: Answered) -> None:
        # Never the arguments: a question may tell more than its answer.
        fields = {
            "tool": answered.tool,
            "request_id": str(answered.request_id),
            "tenant": None if caller is None else str(caller.tenant_id),
            "key_id": None if caller is None else caller.key_id,
            "ms": round(answered.seconds * 1000, 1),
            "outcome": answered.outcome,
            "bytes": len(answered.text.encode()),
        }
        logger.info("tool_called", extra=fields)
        if caller is not None:
            self.ledger.note(caller, answered)

    async def _answer(
        self, tool: Tool, caller: Caller | None, raw: Mapping[str, object], *, report: Report, request_id: UUID
    ) -> tuple[str, Answer]:
        if caller is None or READ_SCOPE not in caller.scopes:
            return "refused", ErrorAnswer(
                f"The API key is unknown, revoked, expired or lacks {READ_SCOPE}: `syncd key add`."
            )
        if tool.scope not in caller.scopes:
            return "refused", ErrorAnswer(
                f"{tool.name} needs a key with the scope {tool.scope}: `syncd key add --scope`."
            )
        try:
            arguments = tool.arguments.model_validate(raw)
        except ValidationError as error:
            return "wrong_arguments", explain_arguments(tool.name, tool.arguments, error)
        try:
            return "ok", await self._run(tool, caller, arguments, report=report, request_id=request_id)
        except SyncdError as error:
            return error.code, ErrorAnswer(f"{error.message} {error.hint}".strip())
        except Exception:  # the tool middleware: whatever failed, an agent gets a sentence, and the log the trace
            logger.exception("tool_failed", extra={"tool": tool.name})
            return "failed", ErrorAnswer("The server failed; it is not your call. Retry once, then tell the operator.")

    async def _run(
        self, tool: Tool, caller: Caller, arguments: Arguments, *, report: Report, request_id: UUID
    ) -> Answer:
        if tool.at_once is not None:
            with explaining_reads():
                answer = await tool.at_once(Asker(caller, self.standing, self.web_url), arguments)
            if answer is not None:
                return answer
        async with self.open_call(caller, writes=tool.writes) as call:
            answered = await tool.handler(replace(call, report=report, request_id=request_id), arguments)
        if not isinstance(answered, Later):
            return answered
        with explaining_reads():
            async with asyncio.timeout(CALL_SECONDS):
                return await answered.wait()

    @asynccontextmanager
    async def open_call(self, caller: Caller, *, writes: bool = False) -> AsyncIterator[Call]:
        """Open the snapshot that one request reads, or the transaction of one that also writes."""
        open_transaction = writing if writes else reading
        with explaining_reads():
            async with asyncio.timeout(CALL_SECONDS), open_transaction(self.pool, caller.tenant_id) as connection:
                projects = await list_projects(connection, allowed=caller.project_ids, web_url=self.web_url)
                now = datetime.now(UTC)
                yield Call(caller, connection, projects, self.cursors, now, self.pool, self.session_rules, self.helpers)


def _get_tool(name: str) -> Tool:
    for tool in TOOLS:
        if tool.name == name:
            return tool
    names = [tool.name for tool in TOOLS]
    near = difflib.get_close_matches(name, names, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool.{meant} Tools: {', '.join(names)}.")
