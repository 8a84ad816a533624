"""Arithmetic on integers and floats whose results, and whose cost, are bounded."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from service.agent.tools.observation import ToolError

Number = int | float

DIGITS_MAX: Final = 1000
"""Decimal digits of the largest integer that is computed."""

_LIMIT: Final = 10**DIGITS_MAX
_BITS_MAX: Final = _LIMIT.bit_length()
_FACTORIAL_MAX: Final = 449
"""449! has 998 digits, 450! has 1001."""
_PLACES_MAX: Final = 400
"""More decimal places than any float has, on either side of the point."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name, and how many arguments it takes."""

    apply: Callable[..., Any]
    least: int = 1
    most: int = 1


def computed(apply: Callable[..., Any], *values: Number) -> Number:
    """The result of *apply*; `ToolError` (permanent) says in words why there is none."""
    try:
        result = apply(*values)
    except ZeroDivisionError as error:
        raise ToolError("permanent", "division by zero") from error
    except OverflowError as error:
        raise _too_large() from error
    except ValueError as error:
        raise _no_real_number() from error
    except TypeError as error:
        raise ToolError("permanent", "this needs whole numbers") from error
    return _bounded(result)


def _bounded(result: Any) -> Number:
    if isinstance(result, complex):
        raise _no_real_number()
    if isinstance(result, float):
        if not math.isfinite(result):
            raise _too_large()
        return result
    if abs(result) >= _LIMIT:
        raise _too_large()
    return int(result)


def _divide(left: Number, right: Number) -> Number:
    """Whole where both are whole and it comes out even: 391 / 17 is 23, however large they are."""
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _power(base: Number, exponent: Number) -> Any:
    # Computing first and measuring afterwards would be too late: 9**9**9 has 370 million digits.
    if isinstance(base, int) and isinstance(exponent, int):
        bits_least = (abs(base).bit_length() - 1) * exponent
        if bits_least > _BITS_MAX:
            raise _too_large()
    return base**exponent


def _round(value: Number, places: int = 0) -> Number:
    if abs(places) > _PLACES_MAX:
        raise ToolError("permanent", f"rounds to {_PLACES_MAX} places at most")
    return round(value, places) if places else round(value)


def _factorial(value: int) -> int:
    if value > _FACTORIAL_MAX:
        raise _too_large()
    return math.factorial(value)


def _sqrt(value: Number) -> Number:
    """Whole where *value* is a square."""
    if isinstance(value, int) and value >= 0 and math.isqrt(value) ** 2 == value:
        return math.isqrt(value)
    return math.sqrt(value)


def _too_large() -> ToolError:
    return ToolError(
        "permanent",
        f"the result is too large: whole numbers go to {DIGITS_MAX} digits, "
        "others to about 1.8e308",
    )


def _no_real_number() -> ToolError:
    return ToolError("permanent", "there is no real number that this could be")


OPERATORS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _divide,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": _power,
    }
)

CONSTANTS: Final[Mapping[str, float]] = MappingProxyType(
    {"pi": math.pi, "e": math.e, "tau": math.tau}
)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "sqrt": Function(_sqrt),
        "abs": Function(abs),
        "round": Function(_round, 1, 2),
        "floor": Function(math.floor),
        "ceil": Function(math.ceil),
        "min": Function(min, 2, 100),
        "max": Function(max, 2, 100),
        "exp": Function(math.exp),
        "log": Function(math.log, 1, 2),
        "ln": Function(math.log),
        "log10": Function(math.log10),
        "log2": Function(math.log2),
        "sin": Function(math.sin),
        "cos": Function(math.cos),
        "tan": Function(math.tan),
        "asin": Function(math.asin),
        "acos": Function(math.acos),
        "atan": Function(math.atan),
        "degrees": Function(math.degrees),
        "radians": Function(math.radians),
        "factorial": Function(_factorial),
    }
)
