"""The OpenAPI document, made of the table of routes and its models: it cannot say anything else than what is served."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import syncd
from syncd.web.answers import list_codes
from syncd.web.api.route import Access, Route
from syncd.web.auth import SAFE_METHODS, TENANT_HEADER

Json: TypeAlias = dict[str, Any]

REF_TEMPLATE = "#/components/schemas/{model}"
_NAME_IN_PATH = re.compile(r"\{(\w+)\}")
# Ids of keys are no UUIDs.
_KEY_ID = "key_id"


def make_openapi(routes: Sequence[Route]) -> Json:
    """Return the document of *routes*."""
    paths: dict[str, Json] = {}
    schemas = _make_schemas(routes)
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _describe_route(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "syncd",
            "version": syncd.__version__,
            "description": "REST for operators: projects, locks, documents, keys, users, tenants.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _make_error_schema()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: syncd_…"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "syncd_session",
                    "description": "A signed-in user; __Secure-syncd_session over https. Writes also need X-CSRF-Token.",
                },
            },
        },
    }


def list_statuses(route: Route) -> Sequence[int]:
    """Return every status that *route* answers with, its success first."""
    statuses = {503, *route.errors}
    if route.access is not Access.OPEN:
        statuses |= {401, 403, 429}
    if route.access is Access.TENANT or route.body or route.query:
        statuses.add(400)
    if route.body:
        statuses |= {413}
    if _NAME_IN_PATH.search(route.path):
        statuses.add(404)
    if route.access is Access.TENANT:
        statuses.add(404)  # a platform key may name a tenant that is not there
    if route.method in SAFE_METHODS:
        statuses.add(304)
    if route.is_done_once:
        statuses.add(409)  # an Idempotency-Key that came with another body
    return [route.status, *sorted(statuses - {route.status})]


def _describe_route(route: Route, schemas: Mapping[str, Json]) -> Json:
    described: Json = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": route.summary,
        "parameters": _list_parameters(route, schemas),
        "responses": {str(status): _describe_answer(route, status) for status in list_statuses(route)},
        "security": _list_security(route),
    }
    if route.scope is not None and route.access is Access.TENANT:
        described["description"] = f"Needs the scope `{route.scope}`."
    if route.body is not None:
        schema = {"$ref": REF_TEMPLATE.format(model=route.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _list_security(route: Route) -> list[Json]:
    match route.access:
        case Access.OPEN:
            return []
        case Access.PLATFORM:
            return [{"key": []}]
        case Access.TENANT:
            return [{"key": []}, {"session": []}]


def _list_parameters(route: Route, schemas: Mapping[str, Json]) -> list[Json]:
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": _describe_id(name)}
        for name in _NAME_IN_PATH.findall(route.path)
    ]
    if route.query is not None:
        schema = schemas[route.query.__name__]
        for name, value in schema["properties"].items():
            required = name in schema.get("required", ())
            found.append({"name": name, "in": "query", "required": required, "schema": _drop_null(value)})
    if route.access is Access.TENANT:
        tenant = {"type": "string", "format": "uuid"}
        found.append({"name": TENANT_HEADER, "in": "header", "required": False, "schema": tenant})
        if route.is_done_once:
            key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
            found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    return found


def _drop_null(schema: Json) -> Json:
    """Return a parameter's schema without null: what is not asked is left out of an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**choices[0], **rest}


def _describe_id(name: str) -> Json:
    if name == _KEY_ID:
        return {"type": "string", "pattern": "^[0-9A-Za-z]{12}$"}
    return {"type": "string", "format": "uuid"}


def _describe_answer(route: Route, status: int) -> Json:
    described: Json = {"description": HTTPStatus(status).phrase}
    if status >= 400:
        described["content"] = {"application/json": {"schema": {"$ref": REF_TEMPLATE.format(model="Error")}}}
    elif status == route.status and route.answer is not None:
        schema = {"$ref": REF_TEMPLATE.format(model=route.answer.__name__)}
        described["content"] = {"application/json": {"schema": schema}}
    return described


def _make_schemas(routes: Sequence[Route]) -> dict[str, Json]:
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
    for route in routes:
        for asked in (route.body, route.query):
            if asked is not None and (asked, "validation") not in models:
                models.append((asked, "validation"))
        if route.answer is not None and (route.answer, "serialization") not in models:
            models.append((route.answer, "serialization"))
    _, made = models_json_schema(models, ref_template=REF_TEMPLATE)
    schemas: dict[str, Json] = made["$defs"]
    return schemas


def _make_error_schema() -> Json:
    text = {"type": "string"}
    error = {
        "type": "object",
        "required": ["code", "message", "hint"],
        "properties": {
            "code": {"type": "string", "enum": list_codes()},
            "message": text,
            "hint": text,
            "details": {"description": "Outside production only."},
        },
    }
    meta = {
        "type": "object",
        "required": ["timestamp", "requestId"],
        "properties": {"timestamp": {"type": "string", "format": "date-time"}, "requestId": text},
    }
    return {
        "type": "object",
        "required": ["success", "error", "meta"],
        "properties": {"success": {"const": False}, "error": error, "meta": meta},
    }
