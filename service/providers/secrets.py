"""Keys, and keeping them out of every text that people read."""

import re
from typing import Final

from pydantic import SecretStr

from schema.errors import Invalid

_SHAPED_LIKE_A_KEY: Final = re.compile(r"\bsk-[\w*.-]{8,}|(?i:\bbearer\s+)\S+")
_HIDDEN: Final = "[key]"


def header_value(name: str, key: SecretStr) -> str:
    """*key* as it may stand in a header, line ends around it taken off.

    Raises `Invalid` for *name* where no header can carry it; the key itself is not shown.
    """
    value = key.get_secret_value().strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise Invalid(name, "is empty, or has a character that no key has: copy it again")
    return value


class Redactor:
    """Hides the keys it was given, and whatever else looks like one."""

    def __init__(self, *keys: str) -> None:
        self._keys = tuple(sorted((key for key in keys if key), key=len, reverse=True))

    def hide(self, text: str) -> str:
        """*text* with each key replaced by `[key]`."""
        for key in self._keys:
            text = text.replace(key, _HIDDEN)
        return _SHAPED_LIKE_A_KEY.sub(_HIDDEN, text)
