"""Lifts an old event's data one schema version up, when it is read."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]

UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType({})
"""(type, schema version) → the function that lifts it to the next version."""
