"""GraphQL over the part of GitHub's own schema that is served: a query that is wrong there is wrong here."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aiohttp import web
from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema, build_schema, graphql

from tests.fakegithub.answers import answer_json, refuse
from tests.fakegithub.bodies import find_repository_number, make_repository_node_id
from tests.fakegithub.callers import POINT_LIMIT, Caller
from tests.fakegithub.graphql.make_subset import TARGET
from tests.fakegithub.host import CALLER, HOST, Host
from tests.fakegithub.objects import GitObject
from tests.fakegithub.repositories import HostedRepository

PATH = "/graphql"
TEXT_LIMIT_BYTES = 512_000
_BINARY_LOOK_BYTES = 8000
_KINDS = {"blob": "Blob", "tree": "Tree", "commit": "Commit", "tag": "Tag"}


class _Query:
    """One query: who asks, and how many bytes of texts it took so far."""

    def __init__(self, host: Host, caller: Caller) -> None:
        self.host = host
        self.caller = caller
        self.text_bytes = 0


_Info = GraphQLResolveInfo[_Query]


async def answer_query(request: web.Request) -> web.Response:
    """Answer one query. GraphQL has a budget of its own, and says with status 200 that it is used up."""
    host, caller = request.app[HOST], request[CALLER]
    if not caller.authenticated:
        return refuse(401, "This endpoint requires you to be authenticated.")
    if caller.points_left == 0:
        told = f"API rate limit exceeded for {caller.name}."
        return answer_json({"errors": [{"type": "RATE_LIMITED", "message": told}]})
    try:
        asked = json.loads(await request.read())
        text, variables = str(asked["query"]), asked.get("variables")
    except (ValueError, KeyError, TypeError):
        return refuse(400, "Problems parsing JSON")
    query = _Query(host, caller)
    result = await graphql(_load_schema(), text, context_value=query, variable_values=variables)
    if host.graphql_byte_limit is not None and query.text_bytes > host.graphql_byte_limit:
        return refuse(502, "We couldn't respond to your request in time. Sorry about that.")
    body: dict[str, Any] = {} if result.data is None and result.errors else {"data": result.data}
    if result.errors:
        body["errors"] = [_format(error) for error in result.errors]
    return answer_json(body)


@cache
def _load_schema() -> GraphQLSchema:
    schema = build_schema(TARGET.read_text(encoding="utf-8"))
    assert schema.query_type
    for name, resolver in (("node", _get_node), ("repository", _get_repository), ("rateLimit", _get_rate_limit)):
        schema.query_type.fields[name].resolve = resolver
    return schema


async def _get_node(_root: None, info: _Info, id: str) -> dict[str, Any]:  # noqa: A002 - GitHub's name
    number = find_repository_number(id)
    repository = info.context.host.repositories.find_by_number(number) if number else None
    if repository is None or not _may_read(info, repository):
        raise _not_found(f"Could not resolve to a node with the global id of '{id}'.")
    return _repository(repository)


async def _get_repository(
    _root: None,
    info: _Info,
    owner: str,
    name: str,
    *,
    followRenames: bool,  # noqa: N803 - GitHub's name
) -> dict[str, Any]:
    full_name = f"{owner}/{name}"
    repository = info.context.host.repositories.find_by_name(full_name)
    moved = repository and repository.full_name.lower() != full_name.lower()
    if repository is None or (moved and not followRenames) or not _may_read(info, repository):
        raise _not_found(f"Could not resolve to a Repository with the name '{full_name}'.")
    return _repository(repository)


async def _get_rate_limit(_root: None, info: _Info, *, dryRun: bool) -> dict[str, Any]:  # noqa: N803
    caller = info.context.caller
    return {
        # A query without connections costs one point, the least there is.
        "cost": 1,
        "limit": POINT_LIMIT,
        "nodeCount": 0,
        "remaining": caller.points_left - 1,
        "resetAt": datetime.fromtimestamp(caller.reset_at, UTC).isoformat().replace("+00:00", "Z"),
        "used": caller.points_used + 1,
    }


def _repository(repository: HostedRepository) -> dict[str, Any]:
    async def get_object(
        info: _Info, *, expression: str | None = None, oid: str | None = None
    ) -> dict[str, Any] | None:
        found = await repository.objects.find(oid or expression or "")
        return _git_object(info.context, found) if found else None

    return {
        "__typename": "Repository",
        "id": make_repository_node_id(repository),
        "databaseId": repository.number,
        "nameWithOwner": repository.full_name,
        "isPrivate": repository.private,
        "object": get_object,
    }


def _git_object(query: _Query, found: GitObject) -> dict[str, Any]:
    common = {"__typename": _KINDS[found.kind], "id": found.sha, "oid": found.sha, "abbreviatedOid": found.sha[:7]}
    if found.kind != "blob":
        return common
    is_binary = b"\0" in found.content[:_BINARY_LOOK_BYTES]
    shown = found.content[:TEXT_LIMIT_BYTES]
    query.text_bytes += len(shown)
    return {
        **common,
        "byteSize": len(found.content),
        "isBinary": is_binary,
        "isTruncated": len(found.content) > TEXT_LIMIT_BYTES,
        # JSON has no bytes: what is not UTF-8 comes as something else.
        "text": None if is_binary else shown.decode("utf-8", "replace"),
    }


def _may_read(info: _Info, repository: HostedRepository) -> bool:
    return not repository.private or info.context.caller.may_read(repository.full_name)


def _not_found(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _format(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message, **(error.extensions or {})}
    if error.path:
        told["path"] = error.path
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return told
