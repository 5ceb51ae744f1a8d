"""Arguments of tools: checked once, here, and answered in words when they are wrong."""

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mcp_server.answers import ErrorAnswer

MAX_QUERY_BYTES = 1024
MAX_ID_CHARACTERS = 2048
# A cursor of docs_changes holds the revisions of up to 200 projects.
MAX_CURSOR_CHARACTERS = 16_384
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Return whether Postgres can hold *text*: neither NUL nor half a surrogate pair. Nothing else can be found."""
    return _UNSTORABLE.search(text) is None


def require_storable(text: str) -> str:
    """Return *text*. Raises `ValueError` when Postgres cannot hold it."""
    if not is_storable(text):
        raise ValueError("must not hold NUL or unpaired surrogates")
    return text


def _require_short_query(text: str) -> str:
    if len(text.encode()) > MAX_QUERY_BYTES:
        raise ValueError(f"must be at most {MAX_QUERY_BYTES} bytes")
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _read_version(value: object) -> object:
    """Return the number of a version that is written as in an id: `v12`, `@v12`, or a whole id that ends so."""
    return value.rpartition("@")[2].strip().removeprefix("v") if isinstance(value, str) else value


Cursor = Annotated[str, Field(max_length=MAX_CURSOR_CHARACTERS), AfterValidator(require_storable)]
Text = Annotated[str, Field(max_length=MAX_ID_CHARACTERS), AfterValidator(require_storable)]
At = Annotated[Text | None, Field(description="as of r42, a commit, time or session")]
Version = Annotated[int, Field(ge=1), BeforeValidator(_read_version)]
Query = Annotated[Text, AfterValidator(_require_short_query)]


class Arguments(BaseModel):
    """What a tool is called with. An unknown name is an error: a model learns of it at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def make_input_schema(model: type[Arguments]) -> dict[str, Any]:
    """Return the JSON Schema of *model* in its plainest form: no titles, no references, no null, every array with its items."""
    schema = model.model_json_schema()
    properties = {name: _simplify(prop) for name, prop in schema.get("properties", {}).items()}
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _simplify(prop: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in prop.items() if name not in {"title", "anyOf"}}
    if plain.get("default", 0) is None:
        del plain["default"]
    for option in prop.get("anyOf", ()):
        if option.get("type") != "null":
            plain = {**_simplify(option), **plain}
    if "items" in plain:
        plain["items"] = _simplify(plain["items"])
    # A length is told by the error of the rare call that exceeds it; in the list it would cost every client tokens.
    return {name: value for name, value in plain.items() if name not in {"maxLength", "minLength"}}


def explain_arguments(tool: str, model: type[Arguments], error: ValidationError) -> ErrorAnswer:
    """Return what was wrong, what is allowed, and the nearest names."""
    schema = make_input_schema(model)
    faults = [
        _explain_fault(fault, schema["properties"]) for fault in error.errors(include_url=False, include_input=False)
    ]
    allowed = ", ".join(_describe_field(name, prop) for name, prop in schema["properties"].items())
    example = ", ".join(f"{name}=…" for name in schema.get("required", ()))
    said = "; ".join(faults).removesuffix(".")
    end = "" if said.endswith("?") else "."
    return ErrorAnswer(f"{said}{end} {tool} takes: {allowed or 'no arguments'}. Call {tool}({example}).")


def _explain_fault(fault: Mapping[str, Any], allowed: Collection[str]) -> str:
    name = ".".join(str(part) for part in fault["loc"]) or "arguments"
    match fault["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
            return f"There is no argument {name[:60]!r}" + (f", did you mean {near[0]!r}?" if near else "")
        case "missing":
            return f"{name} is required"
        case _:
            return f"{name}: {fault['msg'].removeprefix('Value error, ')}"


def _describe_field(name: str, prop: Mapping[str, Any]) -> str:
    if "enum" in prop:
        return f"{name} ({' | '.join(prop['enum'])})"
    low, high = prop.get("minimum"), prop.get("maximum")
    bounds = "" if low is None else f" {low} or more" if high is None else f" {low}-{high}"
    return f"{name} ({prop.get('type', 'value')}{bounds})"
