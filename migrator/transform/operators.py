"""The operators of expressions: numbers stay exact, texts and lists only grow by `+`, and everything is bounded."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from types import MappingProxyType
from typing import Any, Final

from migrator.transform.limits import (
    INTEGER_BITS,
    NUMBER_DIGITS,
    check_list_length,
    check_text_length,
    too_large,
)
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import insist

_TRAPS: Final = [InvalidOperation, DivisionByZero, Overflow]
EXACT: Final = Context(NUMBER_DIGITS, ROUND_HALF_EVEN, -300, 300, traps=[*_TRAPS, Inexact])
"""For sums and products: what does not fit NUMBER_DIGITS is refused, never rounded."""
ROUNDED: Final = Context(34, ROUND_HALF_EVEN, -300, 300, traps=_TRAPS)
"""For quotients."""

Number = int | float | Decimal

_PLAIN: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_DECIMAL: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": ROUNDED.divide,
    "//": EXACT.divide_int,
    "%": EXACT.remainder,
    "**": EXACT.power,
}


def is_number(value: Any) -> bool:
    """A number; true and false are none."""
    return value.__class__ is int or isinstance(value, (float, Decimal))


def exact(value: Number) -> Decimal:
    """The number as people write it: 0.1 is 0.1, not the nearest binary fraction."""
    return value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)


def checked(value: Any) -> Number:
    """A number within the bounds. Raises Refusal TR012, TR013."""
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        raise too_large("the number has too many digits", INTEGER_BITS, "bits")
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise Refusal("TR013", "the result is no finite number")
    return value  # type: ignore[no-any-return]  # the callers pass numbers only


def add(left: Any, right: Any) -> Any:
    """Numbers, two texts or two lists."""
    if left.__class__ is int and right.__class__ is int:
        return checked(left + right)
    if isinstance(left, str) and isinstance(right, str):
        check_text_length(len(left) + len(right))
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        check_list_length(len(left) + len(right))
        return left + right
    return _calculate("+", left, right)


def power(left: Any, right: Any) -> Any:
    """Numbers; whole exponents of a bounded size."""
    _insist_numbers("**", left, right)
    if isinstance(right, int) and isinstance(left, int) and left.bit_length() * max(right, 0) > INTEGER_BITS * 2:
        raise too_large("the number would have too many digits", INTEGER_BITS, "bits")
    if isinstance(left, Decimal) and (not isinstance(right, int) or abs(right) > NUMBER_DIGITS):
        raise Refusal("TR011", f"decimals take whole exponents up to {NUMBER_DIGITS}")
    return _calculate("**", left, right)


def _insist_numbers(sign: str, left: Any, right: Any) -> None:
    if is_number(left) and is_number(right):
        return
    insist(left)
    insist(right)
    hint = "`| number` makes a number of a text" if isinstance(left, str) or isinstance(right, str) else ""
    if isinstance(left, str) and sign in {"*", "%"}:
        hint = "`pad_left` and `pad_right` fill a text up" if sign == "*" else "use `~`, `round` and `pad_left`"
    if sign == "+" and (isinstance(left, str) or isinstance(right, str)):
        hint = "`~` joins texts; `| number` makes a number of a text"
    raise Refusal("TR011", f"`{sign}` does not go with {sort_of(left)} and {sort_of(right)}", hint=hint)


def _calculate(sign: str, left: Any, right: Any) -> Number:
    _insist_numbers(sign, left, right)
    try:
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return _DECIMAL[sign](exact(left), exact(right))
        return checked(_PLAIN[sign](left, right))
    except (ZeroDivisionError, InvalidOperation):
        raise Refusal("TR011", f"`{sign}` has no result here (division by zero?)") from None
    except Inexact:
        raise too_large("the number would have too many digits", NUMBER_DIGITS, "digits") from None
    except (Overflow, OverflowError):
        raise too_large("the number would be too large", NUMBER_DIGITS, "digits") from None


def _binary(sign: str) -> Callable[[Any, Any], Any]:
    def calculate(left: Any, right: Any) -> Any:
        return _calculate(sign, left, right)

    return calculate


def _unary(sign: str, apply: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def calculate(value: Any) -> Any:
        if not is_number(value):
            insist(value)
            raise Refusal("TR011", f"`{sign}` does not go with {sort_of(value)}")
        return apply(value)

    return calculate


BINARY: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {**{sign: _binary(sign) for sign in _PLAIN}, "+": add, "**": power}
)
"""Sign -> what it does."""
UNARY: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"-": _unary("-", operator.neg), "+": _unary("+", lambda value: value)}
)
"""Sign -> what it does."""
