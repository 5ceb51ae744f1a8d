"""Cut GitHub's OpenAPI description down to the operations that the fake serves.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python -m tests.fakegithub.openapi.make_subset package/generated/api.github.com.json

The description is MIT-licensed (see LICENSE beside this file); nothing in it is changed but what is left out:
prose, examples and vendor extensions.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("api.github.com.subset.json")
_REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = (
    ("get", "/rate_limit"),
    ("get", "/meta"),
    ("get", "/app"),
    ("get", "/app/installations/{installation_id}"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/installation/repositories"),
    ("get", _REPOSITORY),
    ("get", _REPOSITORY + "/installation"),
    ("get", _REPOSITORY + "/branches"),
    ("get", _REPOSITORY + "/branches/{branch}"),
    ("get", _REPOSITORY + "/commits"),
    ("get", _REPOSITORY + "/commits/{ref}"),
    ("get", _REPOSITORY + "/compare/{basehead}"),
    ("get", _REPOSITORY + "/git/blobs/{file_sha}"),
    ("get", _REPOSITORY + "/git/commits/{commit_sha}"),
    ("get", _REPOSITORY + "/git/ref/{ref}"),
    ("get", _REPOSITORY + "/git/trees/{tree_sha}"),
    ("get", _REPOSITORY + "/tarball/{ref}"),
    ("post", _REPOSITORY + "/statuses/{sha}"),
    ("get", _REPOSITORY + "/hooks"),
    ("post", _REPOSITORY + "/hooks"),
    ("patch", _REPOSITORY + "/hooks/{hook_id}"),
    ("post", _REPOSITORY + "/hooks/{hook_id}/pings"),
    ("get", _REPOSITORY + "/hooks/{hook_id}/deliveries"),
    ("get", _REPOSITORY + "/hooks/{hook_id}/deliveries/{delivery_id}"),
    ("post", _REPOSITORY + "/hooks/{hook_id}/deliveries/{delivery_id}/attempts"),
)
_PROSE = {"description", "summary", "title", "example", "examples", "externalDocs", "tags"}
# Below these keys the next keys are names of GitHub's fields, among them "description" and "title": they stay.
_NAME_MAPS = {"properties", "patternProperties"}


def make_subset(description: dict[str, Any]) -> dict[str, object]:
    """Return *description* with the operations of OPERATIONS and the components they refer to, and no prose."""
    paths: dict[str, dict[str, object]] = {}
    for verb, path in OPERATIONS:
        paths.setdefault(path, {})[verb] = _without_prose(
            {
                "operationId": (operation := description["paths"][path][verb])["operationId"],
                "responses": operation["responses"],
            }
        )
    components: dict[str, dict[str, object]] = {}
    missing = set(_list_references(paths))
    while missing:
        for _, _, kind, name in (reference.split("/") for reference in missing):
            components.setdefault(kind, {})[name] = _without_prose(description["components"][kind][name])
        known = {f"#/components/{kind}/{name}" for kind, named in components.items() for name in named}
        missing = set(_list_references(components)) - known
    return {
        "openapi": description["openapi"],
        "info": {key: description["info"][key] for key in ("title", "version", "license")},
        "paths": paths,
        "components": {kind: dict(sorted(named.items())) for kind, named in sorted(components.items())},
    }


def _without_prose(node: object, *, keys_are_names: bool = False) -> object:
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_prose(value, keys_are_names=key in _NAME_MAPS and not keys_are_names)
        for key, value in node.items()
        if keys_are_names or not (key in _PROSE or key.startswith("x-"))
    }


def _list_references(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _list_references(item)
    elif isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _list_references(value)


if __name__ == "__main__":
    subset = make_subset(json.loads(Path(sys.argv[1]).read_bytes()))
    TARGET.write_text(json.dumps(subset, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
