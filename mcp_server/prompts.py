"""Prompts that people choose: each with what the docs say already in it, so that the answer begins from there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)
from pydantic import ValidationError

from mcp_server.answers import Answer
from mcp_server.arguments import Arguments, Cursor, Query, Text, explain_arguments
from mcp_server.calls import Call
from mcp_server.gate import Gate
from mcp_server.requests import Requests
from mcp_server.tools.changes import ChangesArguments, show_changes
from mcp_server.tools.searching import DocsSearchArguments, search_docs
from syncd.core.visible import make_visible

PASSAGES = 5


class AnswerArguments(Arguments):
    """Arguments of answer_from_docs."""

    question: Query
    project: Text | None = None


class ChangedArguments(Arguments):
    """Arguments of what_changed."""

    since: Cursor
    project: Text | None = None


@dataclass(frozen=True, slots=True)
class _Template:
    """A prompt: what clients are told of it, what is asked before it is given, and what it says of the answer."""

    prompt: Prompt
    arguments: type[Arguments]
    ask: Callable[[Call, Any], Awaitable[Answer]]
    instruction: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Prompts:
    """Answers prompts/list and prompts/get."""

    requests: Requests
    gate: Gate

    async def list_prompts(self, _: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListPromptsResult:
        """Return every prompt: the same for everybody."""
        return ListPromptsResult(prompts=[template.prompt for template in TEMPLATES])

    async def get_prompt(self, context: ServerRequestContext[Any], params: GetPromptRequestParams) -> GetPromptResult:
        """Return a prompt with what the docs say. Raises `MCPError` for an unknown one, and for wrong arguments, in words."""
        template = _get_template(params.name)
        try:
            arguments = template.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            said = explain_arguments(params.name, template.arguments, error).text
            raise MCPError(INVALID_PARAMS, make_visible(said).text) from error
        async with self.requests.open(context) as call:
            answer = self.gate.release(await template.ask(call, arguments))
        texts = [item.text for item in answer.content if item.type == "text"]
        text = "\n\n".join((make_visible(template.instruction(arguments)).text, *texts))
        return GetPromptResult(
            description=template.prompt.description,
            messages=[PromptMessage(role="user", content=TextContent(text=text))],
        )


def _get_template(name: str) -> _Template:
    for template in TEMPLATES:
        if template.prompt.name == name:
            return template
    names = ", ".join(template.prompt.name for template in TEMPLATES)
    raise MCPError(INVALID_PARAMS, make_visible(f"There is no prompt {name[:100]!r}. Prompts: {names}.").text)


async def _search(call: Call, arguments: AnswerArguments) -> Answer:
    return await search_docs(
        call, DocsSearchArguments(query=arguments.question, project=arguments.project, limit=PASSAGES)
    )


async def _list_changes(call: Call, arguments: ChangedArguments) -> Answer:
    return await show_changes(call, ChangesArguments(since=arguments.since, project=arguments.project))


def _instruct_answer(arguments: AnswerArguments) -> str:
    return (
        f"Answer this question from the docs alone: {arguments.question}\n\n"
        "Below are the passages that a search found first. Read what you need with docs_read(id), search again in other words "
        "with docs_search when they do not answer it, and cite the url of each passage you use. If the docs do not say, say so; "
        'if a state is not "ready", say that the docs may be behind and why.'
    )


def _instruct_changed(arguments: ChangedArguments) -> str:
    of = f" of {arguments.project}" if arguments.project else ""
    return (
        f"Tell what changed in the docs{of} since {arguments.since}, for somebody who knows them as they were.\n\n"
        "Below is the list of changes; nextCursor, where there is one, brings the rest. Look at what matters with "
        "docs_diff(id, from), group it by topic and not by file, and name the documents."
    )


TEMPLATES = (
    _Template(
        Prompt(
            name="answer_from_docs",
            title="Answer from the docs",
            description="Answer a question from the mirrored docs, with sources.",
            arguments=[
                PromptArgument(name="question", description="What you want to know", required=True),
                PromptArgument(name="project", description="Only this project", required=False),
            ],
        ),
        AnswerArguments,
        _search,
        _instruct_answer,
    ),
    _Template(
        Prompt(
            name="what_changed",
            title="What changed",
            description="Sum up what changed in the docs since a revision, a commit, a time or a session.",
            arguments=[
                PromptArgument(
                    name="since", description="r42, a commit, a time like 2026-11-20, a session", required=True
                ),
                PromptArgument(name="project", description="Only this project", required=False),
            ],
        ),
        ChangedArguments,
        _list_changes,
        _instruct_changed,
    ),
)
