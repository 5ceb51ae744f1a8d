"""One answer of GitHub, before anybody made sense of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from syncd.errors import RetryLater

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers by their lower-case names, and the bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_body(model: type[_Model], response: Response) -> _Model:
    """Return the body as *model*; RetryLater where it is something else, as a proxy's page is."""
    try:
        return model.model_validate_json(response.body)
    except ValidationError as error:
        raise make_malformed_error(model.__name__) from error


def make_malformed_error(wanted: str) -> RetryLater:
    """Return the error for an answer of status 200 that is not what GitHub documents."""
    return RetryLater(
        "github_answer_malformed",
        f"GitHub answered with something that is no {wanted}.",
        hint="Nothing was changed; it is asked again. If it stays so, look for a proxy between here and GitHub.",
    )
