"""What every model of the REST interface shares: names in camelCase, nothing that is not asked for, text that can be stored."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Asked(BaseModel):
    """What a caller sends. A name that we do not know is a fault: it may be a misspelt one."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True, validate_by_name=True
    )


class Told(BaseModel):
    """What we answer."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, serialize_by_alias=True, validate_by_name=True)


def _check_text(text: str) -> str:
    # Postgres stores no NUL, and no half of a surrogate pair can be written in UTF-8.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds characters that are no text")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_check_text)]
