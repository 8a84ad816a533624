"""What entities may be called in a text, and where in a text they are."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

ALIASES_MAX: Final = 16
NAME_CHARACTERS_MAX: Final = 128
PHRASE_WORDS_MAX: Final = 5
PHRASES_MAX: Final = 4_000
WORDS_MAX: Final = 4_000
"""Of a text that is looked through: each begins a phrase."""

_WORD: Final = re.compile(r"[^\s\-_./]+")
_QUOTES: Final = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_AROUND: Final = _QUOTES + "()[]{}<>,;:!?\u2026*|"
"""What a text puts around words that is no part of a name."""
_POSSESSIVE: Final = ("'s", "\u2019s")


def names_of(id_: str, properties: Mapping[str, Any]) -> tuple[str, ...]:
    """What the entity may be called: its id, its `name`, its `aliases`; each once, normalised.

    What is longer than anything that is looked for in a text is left out.
    """
    aliases = properties.get("aliases")
    said = [id_, properties.get("name"), *(aliases if isinstance(aliases, list) else [])]
    texts = [text for text in said[: ALIASES_MAX + 2] if isinstance(text, str)]
    names = (" ".join(_words(text)) for text in texts)
    return tuple(dict.fromkeys(name for name in names if 0 < len(name) <= NAME_CHARACTERS_MAX))


def phrases_of(text: str) -> list[str]:
    """What *text* may call an entity: runs of words in order, each once, the longest first.

    As many as may be looked up at once: what stands far behind in a long text names nothing.
    """
    words = list(islice(_words(text), WORDS_MAX))
    phrases = (phrase for start in range(len(words)) for _, phrase in _phrases_at(words, start))
    return list(islice(dict.fromkeys(phrases), PHRASES_MAX))


def mentioned(text: str, ids_of: Mapping[str, Iterable[str]]) -> list[str]:
    """The entities that *text* names, by the ids of each name, in the order of first mention.

    The longest name wins: within it no other one is seen.
    """
    words = list(islice(_words(text), WORDS_MAX))
    found: dict[str, None] = {}
    start = 0
    while start < len(words):
        at = _phrases_at(words, start)
        length, ids = next(((n, ids_of[name]) for n, name in at if name in ids_of), (1, ()))
        found.update(dict.fromkeys(ids))
        start += length
    return list(found)


def _phrases_at(words: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
    """How many words each has, and the phrase."""
    for length in range(min(PHRASE_WORDS_MAX, len(words) - start), 0, -1):
        phrase = " ".join(words[start : start + length])
        if len(phrase) <= NAME_CHARACTERS_MAX:
            yield length, phrase


def _words(text: str) -> Iterator[str]:
    """The words of *text*, written alike: whatever stood between and around them is gone."""
    for found in _WORD.finditer(unicodedata.normalize("NFC", text)):
        word = found.group().strip(_AROUND).casefold()
        if word.endswith(_POSSESSIVE):
            word = word[:-2].strip(_AROUND)
        if word:
            yield word
