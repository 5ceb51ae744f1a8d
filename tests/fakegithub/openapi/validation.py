"""Whether an answer is one that GitHub's own description allows."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

from tests.fakegithub.openapi.make_subset import TARGET

# What any route may answer, whether its description says so or not: renamed, not changed, refused.
_EVERYWHERE = {
    "301": {"$ref": "#/components/responses/moved_permanently"},
    "304": {"$ref": "#/components/responses/not_modified"},
    **{status: {"$ref": "#/components/responses/forbidden"} for status in ("401", "403", "429")},
}


def validate_answer(verb: str, path: str, *, status: int, content_type: str, body: bytes) -> None:
    """Raise AssertionError where GitHub does not describe this answer to *verb* on *path* (without its query)."""
    # GitHub serves every repository under its id too, which its description leaves out.
    operation_path = re.sub(r"^/repositories/\d+", "/repos/owner/name", path)
    answers = _find_operation(verb.lower(), operation_path)["responses"] | _EVERYWHERE
    assert str(status) in answers, f"{verb} {path} never answers {status}"
    answer = _resolve(answers[str(status)])
    contents = answer.get("content", {})
    if not contents:
        assert body == b"", f"{verb} {path} answers {status} without a body"
        return None
    media_type = content_type.partition(";")[0]
    if media_type == "application/vnd.github.raw+json":
        return None  # the bytes of a blob: nothing to describe
    schema = contents[media_type]["schema"]
    return _validate(json.loads(body) if media_type.endswith("json") else body.decode(), schema)


@cache
def _load_description() -> dict[str, Any]:
    description = _accept_null(json.loads(TARGET.read_bytes()))
    assert isinstance(description, dict)
    return description


def _find_operation(verb: str, path: str) -> dict[str, Any]:
    # The longest route that fits: the last part of one may hold slashes, as the name of a branch does.
    for template, operations in sorted(_load_description()["paths"].items(), key=lambda item: -len(item[0])):
        is_open_ended = template.endswith(("{ref}", "{branch}", "{tree_sha}"))
        pattern = re.sub(r"\{[^}]+\}$", ".+", template) if is_open_ended else template
        if verb in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), path):
            operation = operations[verb]
            assert isinstance(operation, dict)
            return operation
    raise AssertionError(f"GitHub describes no {verb} {path}")


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    resolved = _load_description()["components"][kind][name]
    assert isinstance(resolved, dict)
    return resolved


def _validate(instance: object, schema: dict[str, Any]) -> None:
    rooted = {"allOf": [schema], "components": _load_description()["components"]}
    validator = Draft4Validator(rooted, format_checker=FormatChecker())
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in validator.iter_errors(instance)
    ]
    assert not errors, "\n".join(errors)


def _accept_null(node: object) -> object:
    """Rewrite OpenAPI 3.0's `nullable` as JSON Schema understands it."""
    if isinstance(node, list):
        return [_accept_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _accept_null(value) for key, value in node.items()}
    if plain.get("nullable") is not True:
        return plain
    del plain["nullable"]
    return {"anyOf": [plain, {"type": "null"}]}
