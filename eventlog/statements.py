"""The SQL statements that stand in files of their own, one each."""

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> str:
    """The text of `sql/<name>.sql` beside the modules of *package*."""
    return (files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
