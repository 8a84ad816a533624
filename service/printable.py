"""Text from anywhere made fit for a terminal."""


def printable(text: str) -> str:
    """*text* without what would steer a terminal, or cannot be written to one."""
    return "".join(char if char.isprintable() or char == "\n" else _spelt(char) for char in text)


def _spelt(char: str) -> str:
    return "    " if char == "\t" else repr(char)[1:-1]
