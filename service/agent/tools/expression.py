"""Reads an arithmetic expression, in Python's precedence, and works it out on the way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.agent.tools.arithmetic import (
    CONSTANTS,
    FUNCTIONS,
    OPERATORS,
    Number,
    computed,
)
from service.agent.tools.nearest import no_such
from service.agent.tools.observation import ToolError

LENGTH_MAX: Final = 1000
"""Characters of an expression."""
DEPTH_MAX: Final = 50
"""How deep brackets, signs and powers may be nested."""

_SPELLINGS: Final = str.maketrans({"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-"})
_SAME: Final = {"^": "**", "x": "*"}
_LEVELS: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2}
_LOWEST: Final = 1

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<times>(?<!(?<![0-9._])0)x(?=[0-9.]))"  # 0x10 is no product
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|//|[-+*/%^(),])"
    r"|(?P<end>$)"
    r"|(?P<other>.))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def evaluate(expression: str) -> Number:
    """The value of *expression*; `ToolError` (permanent) says what can't be read or worked out.

    Integers are exact. `×`, `x`, `÷`, `^` and a closing `=` are read as people mean them.
    """
    if len(expression) > LENGTH_MAX:
        raise ToolError("permanent", f"the expression is longer than {LENGTH_MAX} characters")
    text = expression.translate(_SPELLINGS).rstrip().removesuffix("=")
    return _Reader(text).whole()


class _Reader:
    """One walk over the tokens, one token ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def whole(self) -> Number:
        value = self._sum(_LOWEST, 0)
        if self._next.text == ",":
            raise _unread("commas only part arguments: write 1000, not 1,000", self._next)
        if self._next.kind != "end":
            raise _unread("expected an operator", self._next)
        return value

    def _sum(self, level: int, depth: int) -> Number:
        """Operands joined by operators of *level* and above, from left to right."""
        left = self._signed(depth)
        while (own := _LEVELS.get(self._next.text, 0)) >= level:
            sign = self._take().text
            left = computed(OPERATORS[sign], left, self._sum(own + 1, depth + 1))
        return left

    def _signed(self, depth: int) -> Number:
        if depth > DEPTH_MAX:
            raise ToolError("permanent", f"nested deeper than {DEPTH_MAX} levels")
        if self._next.text not in ("+", "-"):
            return self._raised(depth)
        sign = self._take().text
        value = self._signed(depth + 1)
        return -value if sign == "-" else value

    def _raised(self, depth: int) -> Number:
        """An operand with its power, which binds tighter than a sign before it, not after it."""
        base = self._operand(depth)
        if self._next.text != "**":
            return base
        self._take()
        return computed(OPERATORS["**"], base, self._signed(depth + 1))

    def _operand(self, depth: int) -> Number:
        token = self._take()
        if token.kind == "number":
            return _number(token)
        if token.kind == "name" and self._next.text == "(":
            return self._called(token, depth)
        if token.kind == "name":
            return _constant(token)
        if token.text == "(":
            value = self._sum(_LOWEST, depth + 1)
            self._close()
            return value
        raise _unread("expected a number", token)

    def _called(self, name: _Token, depth: int) -> Number:
        function = FUNCTIONS.get(name.text.lower())
        if function is None:
            raise ToolError("permanent", no_such("function", name.text, FUNCTIONS))
        arguments = self._arguments(depth)
        if not function.least <= len(arguments) <= function.most:
            takes = " to ".join(map(str, sorted({function.least, function.most})))
            given = len(arguments)
            raise ToolError("permanent", f"{name.text} takes {takes} arguments, not {given}")
        return computed(function.apply, *arguments)

    def _arguments(self, depth: int) -> list[Number]:
        self._take()
        arguments = [self._sum(_LOWEST, depth + 1)]
        while self._next.text == ",":
            self._take()
            arguments.append(self._sum(_LOWEST, depth + 1))
        self._close()
        return arguments

    def _close(self) -> None:
        if self._take().text != ")":
            raise ToolError("permanent", "a bracket is not closed")

    def _take(self) -> _Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        spelled = match[kind]
        at = match.start(kind) + 1
        if spelled in _SAME:
            kind, spelled = "sign", _SAME[spelled]
        yield _Token(kind, spelled, at)


def _number(token: _Token) -> Number:
    whole = token.text.replace("_", "").isdigit()
    try:
        value = int(token.text) if whole else float(token.text)
    except ValueError as error:  # underscores at odd places
        raise _unread("expected a number", token) from error
    return computed(lambda: value)


def _constant(token: _Token) -> Number:
    if token.text not in CONSTANTS:
        raise ToolError("permanent", no_such("constant", token.text, CONSTANTS))
    return CONSTANTS[token.text]


def _unread(wanted: str, token: _Token) -> ToolError:
    found = "the end" if token.kind == "end" else f'"{token.text}"'
    return ToolError("permanent", f"{wanted}; found {found} at character {token.at}")
