"""What an embedder is asked: a question without the words that nearly everything is about.

A name that stands in every other line pulls a question's vector to all of those lines, and away
from what is asked about it.
"""

from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement

COMMON_WORDS: Final = statement(__package__, "common_words")

COMMON_SHARE: Final = 0.1
"""What more of the entries have is common; from 0.05 to 0.3 it makes no difference."""
COMMON_ENTRIES: Final = 10
"""What no more entries have is never common, however few there are."""
WORDS_MAX: Final = 64
"""A longer question says enough beside its common words."""


async def telling(conn: Conn, partition: int, stream: str, version: int, question: str) -> str:
    """*question* without the words that are common in *stream* at *version*.

    All of it where nothing else would be left, or where it is long. The same for ever: what was
    common at a version stays so.
    """
    words = question.split()
    asked = [word for word in dict.fromkeys(words) if _fits(word)]
    if not asked or len(words) > WORDS_MAX:
        return question
    how = (COMMON_SHARE, COMMON_ENTRIES)
    rows = await conn.fetch(COMMON_WORDS, partition, stream, version, asked, *how)
    common = {row["word"] for row in rows if row["common"]}
    if not common or len(common) == len(rows):
        return question
    return " ".join(word for word in words if word not in common)


def _fits(word: str) -> bool:
    """Whether PostgreSQL takes *word* for text."""
    try:
        return "\0" not in word and bool(word.encode())
    except UnicodeEncodeError:
        return False
