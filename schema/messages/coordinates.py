"""Where in the past a question is asked."""

from typing import Annotated, Final

from pydantic import PlainValidator

LENGTH_MAX: Final = 200
"""Of a time or a `session@version`."""


def _as_of(value: object) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.strip() and len(value) <= LENGTH_MAX:
        return value.strip()
    raise ValueError(f"is no version, time or session@version of at most {LENGTH_MAX} characters")


AsOf = Annotated[int | str, PlainValidator(_as_of, json_schema_input_type=int | str)]
"""A version of the stream in question, a time, or `session@version`."""
