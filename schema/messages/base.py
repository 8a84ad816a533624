"""What every message is, and the kinds of values that several of them hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema

from schema.row_text import projected

TAGS_MAX: Final = 32
TAG_LENGTH_MAX: Final = 128
DIMENSIONS_MAX: Final = 2000
"""What the database can index."""
COMPONENT_MAX: Final = 1e15
"""Beyond it (and below its inverse) the database's cosine, of 32-bit floats, is no number."""
TIME_SAID_MAX: Final = 40
"""Characters of what was meant as a time that an error says again."""


class Message(BaseModel):
    """What every message is: frozen, finite, and nothing in it goes unread."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _with_fields(cls, said: Any) -> Any:
        """Refuse it here: pydantic would name our class, which tells a caller nothing."""
        if not isinstance(said, Mapping | cls):
            raise ValueError(  # noqa: TRY004 - of a TypeError pydantic makes no error of its own.
                f"is no JSON object with any of {', '.join(cls.model_fields)}"
            )
        return said


@dataclass(frozen=True)
class Sized(AfterValidator):
    """A check of how long a text is, of which the JSON Schema tells too."""

    least: int
    most: int

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The text's own schema with the limits; a text has no more characters than bytes."""
        limits = {"minLength": self.least} if self.least else {}
        return {**handler(core), **limits, "maxLength": self.most}


# pydantic's own limits of length refuse lone surrogates, which any text may hold.
def of_length(least: int, most: int) -> AfterValidator:
    """Texts of *least* to *most* characters."""

    def check(text: str) -> str:
        if not least <= len(text) <= most:
            raise ValueError(f"has {len(text)} characters: use {least} to {most}")
        return text

    return Sized(check, least, most)


def of_size(least: int, most: int) -> AfterValidator:
    """Texts of *least* to *most* bytes in UTF-8."""

    def check(text: str) -> str:
        size_bytes = len(text.encode(errors="surrogatepass"))
        if not least <= size_bytes <= most:
            raise ValueError(f"has {size_bytes} bytes in UTF-8: use {least} to {most}")
        return text

    return Sized(check, min(least, 1), most)


def _same_in_rows(text: str) -> str:
    if projected(text)[1]:
        raise ValueError("has a NUL or half of a surrogate pair, which no row can hold")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


def _once_each(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _told_in_our_words(said: object, handler: ValidatorFunctionWrapHandler) -> datetime:
    """The time that pydantic reads in *said*; where it reads none, how one is written."""
    try:
        moment: datetime = handler(said)
    except ValidationError as error:
        kind = error.errors()[0]["type"]
    else:
        return moment
    what = repr(said[:TIME_SAID_MAX]) if isinstance(said, str) else "it"
    if kind == "timezone_aware":
        raise ValueError(f"{what} has no zone: write 2026-01-31T12:00:00Z, or an offset for the Z")
    raise ValueError(f"{what} is no time as 2026-01-31T12:00:00Z")


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None


def _comparable(vector: tuple[float, ...]) -> tuple[float, ...]:
    largest = max(map(abs, vector), default=0.0)
    if largest > COMPONENT_MAX:
        raise ValueError(f"has a component beyond {COMPONENT_MAX:g}: scale the vector down")
    if largest < 1 / COMPONENT_MAX:
        raise ValueError("is a zero vector, which no cosine can be taken with")
    return vector


Moment = Annotated[AwareDatetime, WrapValidator(_told_in_our_words), AfterValidator(_utc)]
"""A time with its zone, kept in UTC."""

Tag = Annotated[str, of_length(1, TAG_LENGTH_MAX), AfterValidator(_not_blank)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=TAGS_MAX), AfterValidator(_once_each)]

Key = Annotated[str, of_length(1, 256), AfterValidator(_not_blank), AfterValidator(_same_in_rows)]
"""What a fact or an entry of working memory is stored under: it is found by it, so that rows must
have it as the log does."""

Vector = Annotated[
    tuple[float, ...], Field(min_length=1, max_length=DIMENSIONS_MAX), AfterValidator(_comparable)
]
"""The caller's own vector; that it is of the agent's dimension is checked where that is known."""
