"""What somebody says to be other, over what there was."""

from typing import TypeVar

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel

S = TypeVar("S", bound=msgspec.Struct)


def over(had: S, said: BaseModel | None) -> S | None:
    """*had*, but with each field that was *said*; None where nothing was."""
    if said is None or not said.model_fields_set:
        return None
    shape = msgspec.convert(said.model_dump(), type(had))
    return replace(had, **{name: getattr(shape, name) for name in said.model_fields_set})
