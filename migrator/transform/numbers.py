"""Filters that make and shape numbers. Decimals stay exact; nothing is rounded unless it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Any, Final

from migrator.transform.limits import NUMBER_DIGITS
from migrator.transform.operators import Number, add, checked, exact, is_number
from migrator.transform.refusal import Refusal, shown, sort_of
from migrator.transform.results import insist, plain
from migrator.transform.text import whole, worded

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_ROUNDING: Final = {"half-even": ROUND_HALF_EVEN, "half-up": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}
_WIDE: Final = Context(prec=NUMBER_DIGITS * 2)


def decimal_of(text: str) -> Decimal | None:
    """The exact number that a text writes with ASCII digits and a point; None for anything else.

    Bounded in digits and exponent: 1e999999999 would else be a gigabyte of text.
    """
    if len(text) > NUMBER_DIGITS or _DECIMAL.fullmatch(text) is None:
        return None
    number = Decimal(text)
    return number if abs(number.adjusted()) <= NUMBER_DIGITS else None


def number(value: Any, decimal: Any = ".", thousands: Any = "") -> Number:
    """A text as an exact number; `decimal` and `thousands` name other signs ("1.234,5": `number(',', '.')`)."""
    if is_number(value):
        return value  # type: ignore[no-any-return]  # is_number has looked
    text = worded(value).strip()
    point, group = worded(decimal), worded(thousands)
    plain_text = text.replace(group, "") if group else text
    if point != ".":
        plain_text = "," if "." in plain_text else plain_text.replace(point, ".")
    made = decimal_of(plain_text)
    if made is None:
        raise Refusal("TR011", f"{shown(text)} is no number", hint=_hint(text))
    return int(made) if plain_text.lstrip("+-").isdigit() else made


def number_of(text: str) -> Number:
    """`number` of a text without arguments: digits and nothing else, as most are, are read at once."""
    if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS:
        return int(text)
    return number(text)


def _hint(text: str) -> str:
    if not text:
        return "`none_if_empty` before it makes null of an empty text"
    if "," in text:
        return "`number(',', '.')` reads 1.234,5 and `number('.', ',')` reads 1,234.5"
    return "only digits, a sign and a decimal point"


def int_(value: Any) -> int:
    """A whole number. A number with a fraction is refused: `round` first."""
    if value.__class__ is str and len(value) <= NUMBER_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    if value.__class__ is int:
        return value
    made = exact(number(value))
    if made != made.to_integral_value():
        raise Refusal("TR011", f"{plain(made)} is not whole", hint="`round` first")
    return int(made)


def float_(value: Any) -> float:
    """A floating-point number, which may lose digits."""
    return float(checked(float(number(value))))


def round_(value: Any, places: Any = 0, mode: Any = "half-even") -> Number:
    """Rounded to decimal places: `half-even`, `half-up`, `down` (toward zero) or `up`. Whole if `places` is 0."""
    made = _quantized(value, places, mode)
    return int(made) if places <= 0 else made


def decimals(value: Any, places: Any) -> str:
    """A text with exactly these decimal places; a value with more is refused: `round` first."""
    made = _quantized(value, places, "half-even")
    if made != exact(number(value)):
        raise Refusal("TR011", f"{shown(value)} has more than {places} decimal places", hint="`round` first")
    return plain(made)


def _quantized(value: Any, places: Any, mode: Any) -> Decimal:
    rounding = _ROUNDING.get(worded(mode))
    if rounding is None:
        raise Refusal("TR011", f"rounding {shown(mode)} is unknown", hint="there are: " + ", ".join(_ROUNDING))
    step = Decimal(1).scaleb(-whole(places, "the decimal places", -NUMBER_DIGITS, NUMBER_DIGITS))
    return exact(number(value)).quantize(step, rounding, _WIDE)


def abs_(value: Any) -> Number:
    """Without its sign."""
    made = number(value)
    return -made if made < 0 else made


def sum_(value: Any) -> Number:
    """The sum of a list of numbers; 0 for an empty one."""
    total: Number = 0
    for item in _numbers(value):
        total = add(total, item)
    return total


def min_(value: Any) -> Number:
    """The smallest of a list of numbers."""
    return min(_some(value))


def max_(value: Any) -> Number:
    """The largest of a list of numbers."""
    return max(_some(value))


def _some(value: Any) -> list[Number]:
    numbers = list(_numbers(value))
    if not numbers:
        raise Refusal("TR011", "an empty list has no smallest or largest number")
    return numbers


def _numbers(value: Any) -> Iterable[Number]:
    if not isinstance(value, tuple):
        insist(value)
        raise Refusal("TR011", f"a list is needed here, not {sort_of(value)}")
    return (number(item) for item in value if item is not None)


def plain_number(value: str) -> str | None:
    """A number in text in plain decimal notation; None where the text is no number."""
    made = decimal_of(value)
    return None if made is None else plain(made)
