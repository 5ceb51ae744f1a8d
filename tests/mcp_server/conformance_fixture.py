"""What the official conformance suite expects to find, registered on the real server beside what it serves."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    ClientCapabilities,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequest,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListRootsRequest,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    SamplingCapability,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    UnsubscribeRequestParams,
)

Context = ServerRequestContext[Any]
Handler = Callable[[Context, CallToolRequestParams], Awaitable[CallToolResult | InputRequiredResult]]
# One pixel, and an empty wave: the smallest files of their formats.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
NOTHING: dict[str, Any] = {"type": "object", "additionalProperties": False}
ANYTHING: dict[str, Any] = {"type": "object"}
# The keywords that the suite looks for in tools/list.
SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
HEADERS: dict[str, Any] = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    "required": ["region"],
}


def register_fixtures(server: Server[Any]) -> None:
    """Add the fixtures of the suite to *server*; whatever is not one of them is answered as before."""
    list_tools, call_tool = _handler(server, "tools/list"), _handler(server, "tools/call")
    list_resources, read_resource = _handler(server, "resources/list"), _handler(server, "resources/read")
    find_schema = server.get_tool_input_schema
    assert find_schema is not None

    async def list_all_tools(context: Context, params: PaginatedRequestParams) -> ListToolsResult:
        ours: ListToolsResult = await list_tools(context, params)
        return ours.model_copy(update={"tools": [*ours.tools, *(tool for tool, _ in TOOLS.values())]})

    async def call_any_tool(context: Context, params: CallToolRequestParams) -> Any:  # noqa: ANN401 - a result or a question
        _, handler = TOOLS.get(params.name, (None, call_tool))
        return await handler(context, params)

    async def list_all_resources(context: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        ours: ListResourcesResult = await list_resources(context, params)
        return ours.model_copy(update={"resources": [*ours.resources, *RESOURCES]})

    async def read_any_resource(context: Context, params: ReadResourceRequestParams) -> Any:  # noqa: ANN401
        content = _find_content(params.uri)
        return await read_resource(context, params) if content is None else ReadResourceResult(contents=[content])

    server.get_tool_input_schema = lambda name: TOOLS[name][0].input_schema if name in TOOLS else find_schema(name)
    server.add_request_handler("tools/list", PaginatedRequestParams, list_all_tools)
    server.add_request_handler("tools/call", CallToolRequestParams, call_any_tool)
    server.add_request_handler("resources/list", PaginatedRequestParams, list_all_resources)
    server.add_request_handler("resources/read", ReadResourceRequestParams, read_any_resource)
    _register_prompts(server)
    # Of the handshake era: a server without sessions takes note of them, and has nobody to tell.
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, _acknowledge)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, _acknowledge)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, _acknowledge)
    server.middleware.append(
        RequestStateBoundary(RequestStateSecurity(keys=[secrets.token_bytes(32)]), default_audience=server.name)
    )


def _register_prompts(server: Server[Any]) -> None:
    """Add the prompts of the suite to those of *server*, and completions to its own."""
    list_prompts, get_prompt = server.get_request_handler("prompts/list"), server.get_request_handler("prompts/get")
    complete = server.get_request_handler("completion/complete")

    async def list_all_prompts(context: Context, params: PaginatedRequestParams) -> ListPromptsResult:
        ours = [] if list_prompts is None else (await list_prompts.handler(context, params)).prompts  # type: ignore[union-attr]
        return ListPromptsResult(prompts=[*ours, *PROMPTS], ttl_ms=0, cache_scope="private")

    async def get_any_prompt(context: Context, params: GetPromptRequestParams) -> Any:  # noqa: ANN401
        if params.name in {prompt.name for prompt in PROMPTS}:
            return _get_prompt(params)
        if get_prompt is None:
            raise MCPError(INVALID_PARAMS, "Unknown prompt.")
        return await get_prompt.handler(context, params)

    async def complete_any(context: Context, params: CompleteRequestParams) -> Any:  # noqa: ANN401
        if complete is None or getattr(params.ref, "name", "") in {prompt.name for prompt in PROMPTS}:
            return CompleteResult(completion=Completion(values=["test"], total=1, has_more=False))
        return await complete.handler(context, params)

    server.add_request_handler("prompts/list", PaginatedRequestParams, list_all_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_any_prompt)
    server.add_request_handler("completion/complete", CompleteRequestParams, complete_any)


def _handler(server: Server[Any], method: str) -> Callable[[Context, Any], Awaitable[Any]]:
    entry = server.get_request_handler(method)
    assert entry is not None
    return entry.handler


async def _acknowledge(_: Context, __: object) -> EmptyResult:
    return EmptyResult()


def _say(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=is_error)


def _ask(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(text: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))


def _embed(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


async def _simple(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return _say("This is a simple text response for testing.")


async def _fail(_: Context, __: CallToolRequestParams) -> CallToolResult:
    return _say("This tool intentionally returns an error for testing", is_error=True)


def _show(*content: TextContent | ImageContent | AudioContent | EmbeddedResource) -> Handler:
    async def show(_: Context, __: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=list(content))

    return show


async def _progress(context: Context, _: CallToolRequestParams) -> CallToolResult:
    for step in (0, 50, 100):
        await context.session.report_progress(step, 100, f"Completed step {step} of 100")
    return _say("done")


def _require_input(requests: Mapping[str, InputRequest], *, state: str | None = None) -> Handler:
    """Return a tool that asks for *requests*, again while an answer is missing or refused, and keeps *state* meanwhile."""

    async def ask(_: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        answers = params.input_responses or {}
        missing = {key: request for key, request in requests.items() if key not in answers}
        if missing or (state is not None and params.request_state != state):
            return InputRequiredResult(input_requests=missing or dict(requests), request_state=state)
        said = " ".join(_read(answer) for key, answer in sorted(answers.items()) if key in requests)
        return _say(f"Hello, {said}! state-ok")

    return ask


def _read(answer: object) -> str:
    return json.dumps(answer.content) if isinstance(answer, ElicitResult) else type(answer).__name__


async def _two_rounds(_: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    answers = params.input_responses or {}
    match params.request_state:
        case "round 1" if "step1" in answers:
            asked = {"step2": _ask("Step 2: What is your favorite color?", color="string")}
            return InputRequiredResult(input_requests=asked, request_state="round 2")
        case "round 2" if "step2" in answers:
            return _say("Both steps are done.")
        case _:
            asked = {"step1": _ask("Step 1: What is your name?", name="string")}
            return InputRequiredResult(input_requests=asked, request_state="round 1")


async def _ask_what_can_be_answered(context: Context, _: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    declared = context.session.client_capabilities or ClientCapabilities()
    requests: dict[str, InputRequest] = {}
    if declared.sampling is not None:
        requests["question"] = _sample("What is the capital of France?")
    if declared.elicitation is not None:
        requests["name"] = _ask("What is your name?", name="string")
    return InputRequiredResult(input_requests=requests) if requests else _say("You can be asked nothing.")


async def _sample_now(context: Context, _: CallToolRequestParams) -> CallToolResult:
    message = SamplingMessage(role="user", content=TextContent(text="Say something."))
    await context.session.create_message([message], max_tokens=100)  # asks the client itself, which needs a session
    return _say("Sampled.")


async def _elicit_now(context: Context, _: CallToolRequestParams) -> CallToolResult:
    await context.session.elicit_form("What is your name?", {"type": "object", "properties": {}})
    return _say("Elicited.")


async def _log(context: Context, _: CallToolRequestParams) -> CallToolResult:
    await context.session.send_log_message("info", "Tool execution started")
    return _say("Logged.")


async def _need_sampling(context: Context, _: CallToolRequestParams) -> CallToolResult:
    needed = ClientCapabilities(sampling=SamplingCapability())
    if not context.session.check_client_capability(needed):
        data: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs sampling.", data)
    return _say("You can sample.")


_IMAGE = ImageContent(data=PNG, mime_type="image/png")
_NAME = {"user_name": _ask("What is your name?", name="string")}
_CONFIRM = {"confirm": _ask("Please confirm", ok="boolean")}
_ALL_KINDS: dict[str, InputRequest] = {
    **_NAME,
    "greeting": _sample("Generate a greeting"),
    "client_roots": ListRootsRequest(),
}
_HANDLERS: Mapping[str, tuple[Handler, dict[str, Any]]] = {
    "test_simple_text": (_simple, NOTHING),
    "test_image_content": (_show(_IMAGE), NOTHING),
    "test_audio_content": (_show(AudioContent(data=WAV, mime_type="audio/wav")), NOTHING),
    "test_embedded_resource": (_show(_embed("test://embedded-resource", "text/plain", "Embedded.")), NOTHING),
    "test_multiple_content_types": (
        _show(TextContent(text="Several:"), _IMAGE, _embed("test://mixed", "application/json", '{"value":123}')),
        NOTHING,
    ),
    "test_error_handling": (_fail, NOTHING),
    "test_tool_with_progress": (_progress, NOTHING),
    "json_schema_2020_12_tool": (_simple, SCHEMA_2020_12),
    "test_custom_headers": (_simple, HEADERS),
    "test_streaming_elicitation": (_require_input(_NAME), NOTHING),
    "test_logging_tool": (_simple, NOTHING),
    # Our tools never change while the server runs, so there is nothing to tell of.
    "test_trigger_tool_change": (_simple, NOTHING),
    "test_trigger_prompt_change": (_simple, NOTHING),
    "test_missing_capability": (_need_sampling, NOTHING),
    # Of the handshake era, where the server asks the client: these are what a server without sessions cannot do.
    "test_sampling": (_sample_now, ANYTHING),
    "test_elicitation": (_elicit_now, ANYTHING),
    "test_elicitation_sep1034_defaults": (_elicit_now, ANYTHING),
    "test_elicitation_sep1330_enums": (_elicit_now, ANYTHING),
    "test_tool_with_logging": (_log, ANYTHING),
    "test_input_required_result_elicitation": (_require_input(_NAME), NOTHING),
    "test_input_required_result_sampling": (
        _require_input({"capital_question": _sample("What is the capital of France?")}),
        NOTHING,
    ),
    "test_input_required_result_list_roots": (_require_input({"client_roots": ListRootsRequest()}), NOTHING),
    "test_input_required_result_request_state": (_require_input(_CONFIRM, state="asked"), NOTHING),
    "test_input_required_result_multiple_inputs": (_require_input(_ALL_KINDS, state="asked"), NOTHING),
    "test_input_required_result_multi_round": (_two_rounds, NOTHING),
    "test_input_required_result_tampered_state": (_require_input(_CONFIRM, state="asked"), NOTHING),
    "test_input_required_result_capabilities": (_ask_what_can_be_answered, NOTHING),
}
TOOLS: Mapping[str, tuple[Tool, Handler]] = {
    name: (Tool(name=name, description=f"A fixture: {name}.", input_schema=schema), handler)
    for name, (handler, schema) in _HANDLERS.items()
}
RESOURCES = tuple(
    Resource(uri=f"test://{name}", name=name, mime_type=mime_type)
    for name, mime_type in (("static-text", "text/plain"), ("static-binary", "image/png"), ("watched", "text/plain"))
)
PROMPTS = (
    Prompt(name="test_simple_prompt", description="A fixture."),
    Prompt(
        name="test_prompt_with_arguments",
        description="A fixture.",
        arguments=[PromptArgument(name="arg1", required=True), PromptArgument(name="arg2", required=True)],
    ),
    Prompt(
        name="test_prompt_with_embedded_resource",
        description="A fixture.",
        arguments=[PromptArgument(name="resourceUri", required=True)],
    ),
    Prompt(name="test_prompt_with_image", description="A fixture."),
    Prompt(name="test_input_required_result_prompt", description="A fixture."),
)


def _find_content(uri: str) -> TextResourceContents | BlobResourceContents | None:
    match uri.removeprefix("test://").split("/") if uri.startswith("test://") else []:
        case ["static-binary"]:
            return BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
        case ["static-text" | "watched"]:
            return TextResourceContents(uri=uri, mime_type="text/plain", text="A text that stays.")
        case ["template", name, "data"]:
            text = json.dumps({"id": name, "templateTest": True, "data": f"Data for ID: {name}"})
            return TextResourceContents(uri=uri, mime_type="application/json", text=text)
        case _:
            return None


def _get_prompt(params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    given = params.arguments or {}
    content: list[TextContent | ImageContent | EmbeddedResource]
    match params.name:
        case "test_prompt_with_arguments":
            content = [TextContent(text=f"Arguments: {given.get('arg1')!r}, {given.get('arg2')!r}")]
        case "test_prompt_with_embedded_resource":
            content = [_embed(given.get("resourceUri", ""), "text/plain", "Embedded."), TextContent(text="Read it.")]
        case "test_prompt_with_image":
            content = [_IMAGE, TextContent(text="Look at it.")]
        case "test_input_required_result_prompt" if "user_context" not in (params.input_responses or {}):
            asked = {"user_context": _ask("What context should the prompt use?", context="string")}
            return InputRequiredResult(input_requests=asked)
        case _:
            content = [TextContent(text="This is a simple prompt for testing.")]
    return GetPromptResult(messages=[PromptMessage(role="user", content=item) for item in content])
