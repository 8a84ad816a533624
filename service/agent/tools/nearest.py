"""The names that somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_NAME_MAX: Final = 64
"""Characters of a wrong name that are looked at and repeated: a model may give any text."""


def no_such(what: str, name: str, names: Iterable[str]) -> str:
    """A sentence that says *name* is unknown, and which of *names* are nearest."""
    given = name[:_NAME_MAX]
    known = {known.lower(): known for known in names}
    near = [known[key] for key in get_close_matches(given.lower(), known, n=3)]
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f'there is no {what} "{given}"{meant}'
