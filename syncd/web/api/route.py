"""A route of the REST interface as a value: who may call it, what it takes, what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ValidationError

from syncd.core.callers import Caller
from syncd.errors import BadUsage
from syncd.web.api.models import Asked, Told
from syncd.web.auth import SAFE_METHODS
from syncd.web.site import Site

Model = TypeVar("Model", bound=BaseModel)


class Access(Enum):
    """Who may call a route."""

    OPEN = "anybody"
    TENANT = "who acts for a tenant, with the scope of the route"
    PLATFORM = "a platform key"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: *content*, or what of it was kept as *text*. *prepare*: what else is put on the response, cookies
    for example."""

    content: Told | None
    text: str | None = None
    prepare: Callable[[web.Response], None] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a route. *asker* is none only where anybody may call."""

    site: Site
    route: "Route"
    request: web.Request
    asker: Caller | None

    @property
    def caller(self) -> Caller:
        """Return who calls: only for routes that need identity."""
        assert self.asker is not None  # noqa: S101 - the route's access says so
        return self.asker

    async def read(self, model: type[Model]) -> Model:
        """Return the body as the route's model. Raises `BadUsage` naming what is wrong."""
        assert model is self.route.body  # noqa: S101 - the table of routes documents what is read
        if self.request.content_type != "application/json":
            raise BadUsage(
                "content_type_wrong", "The body is not JSON.", hint="Send it with `Content-Type: application/json`."
            )
        return parse_body(model, await self.request.read())

    def ask(self, model: type[Model]) -> Model:
        """Return the query as the route's model. Raises `BadUsage` naming what is wrong."""
        assert model is self.route.query  # noqa: S101 - the table of routes documents what is asked
        query = self.request.query
        if any(len(query.getall(name)) > 1 for name in query):
            raise BadUsage("query_invalid", "A name stands twice in the query.", hint="Name each once.")
        return _validate(model, lambda: model.model_validate(dict(query)))

    def find_id(self, name: str) -> UUID | None:
        """Return an id of the path, or none where it is not one: then nothing has it."""
        try:
            return UUID(self.request.match_info[name])
        except ValueError:
            return None


Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table of routes.

    *errors*: the statuses beyond those that follow from access, path, body and query. *whole_tenant*: not for a key of some projects.
    *takes_key*: whether a write takes an Idempotency-Key. *told_once*: the name of the secret in the answer.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    access: Access = Access.TENANT
    scope: str | None = "docs:read"
    body: type[Asked] | None = None
    query: type[Asked] | None = None
    answer: type[Told] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    whole_tenant: bool = False
    takes_key: bool = True
    told_once: str | None = None

    @property
    def is_done_once(self) -> bool:
        """Return whether a request of this route may carry an Idempotency-Key: a write for a tenant."""
        return self.takes_key and self.access is Access.TENANT and self.method not in SAFE_METHODS


def parse_body(model: type[Model], body: bytes) -> Model:
    """Return *body* as *model*. Raises `BadUsage` naming every field that is wrong, and never its value."""
    return _validate(model, lambda: model.model_validate_json(body))


def _validate(_model: type[Model], parse: Callable[[], Model]) -> Model:
    try:
        return parse()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        said = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults[:10])
        raise BadUsage("request_invalid", f"The request cannot be read: {said[:1000]}.", hint=SEE_OPENAPI) from error


SEE_OPENAPI = "GET /api/v1/openapi.json says what this route takes."
