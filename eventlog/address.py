"""Where the database is, and how to say so without its password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from schema.errors import NotReady

SETTING: Final = "AGENT_RUNTIME_DATABASE_URL"
SCHEMES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
EMBEDDED_DATABASE: Final = "agent_runtime"


@dataclass(frozen=True)
class Address:
    """One database on one server."""

    label: str
    """For people: host, port and database, never the password."""
    options: Mapping[str, Any] = field(repr=False)
    """What `asyncpg.connect` takes."""
    embedded: bool
    psql_arguments: tuple[str, ...]
    psql_environment: Mapping[str, str] = field(repr=False)
    """Holds the password, which must not stand among the arguments: everybody can list those."""

    @classmethod
    def of_url(cls, url: str) -> Self:
        """The database that *url* names; `NotReady`, without showing any of it, if it cannot be."""
        try:
            return cls._of_url(url)
        except ValueError:
            raise NotReady(
                f"{SETTING} cannot be read: it must look like postgresql://user:password@host:5432/"
                "database, with every special character of the password percent-encoded"
            ) from None

    @classmethod
    def _of_url(cls, url: str) -> Self:
        parts = urlsplit(url.strip())
        rest = parts.path + parts.query + parts.fragment
        if parts.scheme not in SCHEMES or "@" in rest or parts.fragment:
            raise ValueError
        query = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
        password = query.pop("password", None) or unquote(parts.password or "")
        user = f"{parts.username}@" if parts.username else ""
        place = parts.netloc.rpartition("@")[2]
        asked = f"?{urlencode(query)}" if query else ""
        bare = f"postgresql://{user}{place}{parts.path}{asked}"
        several = "," in place
        host = parts.hostname or query.get("host", "localhost")
        shown = place if several else f"{host}:{parts.port or query.get('port', 5432)}"
        secret = {"password": password} if password else {}
        return cls(
            label=f"{shown}{parts.path or '/'}",
            options=MappingProxyType({"dsn": bare, **secret}),
            embedded=False,
            psql_arguments=(bare,),
            psql_environment=MappingProxyType({"PGPASSWORD": password} if password else {}),
        )

    @classmethod
    def of_socket(cls, folder: Path, port: int, user: str) -> Self:
        """Our own server, behind the socket in *folder*."""
        database = EMBEDDED_DATABASE
        return cls(
            label=f"the embedded PostgreSQL in {folder}",
            options=MappingProxyType(
                {"host": str(folder), "port": port, "user": user, "database": database}
            ),
            embedded=True,
            psql_arguments=(
                f"--host={folder}", f"--port={port}", f"--username={user}", f"--dbname={database}",
            ),
            psql_environment=MappingProxyType({}),
        )  # fmt: skip
