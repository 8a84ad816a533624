"""What alembic looks after, and where it keeps count."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

SCHEMAS: Final = ("eventlog", "readmodel", "derived", "analytics", "ops")
"""In the order in which they are made."""

VERSION_TABLE: Final = "alembic_version"


def _is_ours(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
    if kind == "schema":
        return name in SCHEMAS
    return kind != "table" or name != VERSION_TABLE


SCOPE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "version_table": VERSION_TABLE,
        "version_table_schema": "ops",
        "include_schemas": True,
        "include_name": _is_ours,
        "compare_type": True,
        "compare_server_default": True,
    }
)
