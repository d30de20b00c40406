"""Numbers as Kintone keeps them: decimals in plain notation, rounded to the app's precision."""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, InvalidOperation

from migrator.emulators.kintone import assumptions

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_WIDE = Context(prec=200)
_ROUNDINGS = {"HALF_EVEN": ROUND_HALF_EVEN, "UP": ROUND_UP, "DOWN": ROUND_DOWN}
_MAX_EXPONENT = 100


class NotANumber(ValueError):
    """Text that is no number, or one whose integer part is too long."""


@dataclass(frozen=True)
class Precision:
    """`numberPrecision` of an app: significant digits, decimal places, rounding mode."""

    digits: int = 16
    places: int = 4
    rounding: str = "HALF_EVEN"

    def shown(self) -> dict[str, str]:
        """As app/settings.json has it."""
        return {"digits": str(self.digits), "decimalPlaces": str(self.places), "roundingMode": self.rounding}


def parse(text: str) -> Decimal:
    """A number as a person writes it: blanks trimmed; signs, point and exponent allowed; no commas."""
    text = text.strip()
    if not _NUMBER.match(text) or len(text) > 120:
        raise NotANumber(text)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise NotANumber(text) from error
    if abs(value.adjusted()) > _MAX_EXPONENT and value:
        raise NotANumber(text)
    return value


def rounded(value: Decimal, precision: Precision) -> Decimal:
    """`value` with the fraction rounded to the app's decimal places; the integer part is not looked at."""
    return value.quantize(Decimal(1).scaleb(-precision.places), _ROUNDINGS[precision.rounding], _WIDE)


def plain(value: Decimal) -> str:
    """Plain notation without an exponent; trailing zeros of the fraction go."""
    text = f"{value:f}"
    if assumptions.NUMBER_DROPS_TRAILING_ZEROS and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def stored(text: str, precision: Precision) -> str:
    """What reading back shows after writing `text`. Raises NotANumber, also for an integer part too long."""
    if text.isascii() and text.isdigit() and len(text) <= precision.digits - precision.places:
        return text.lstrip("0") or "0"
    value = rounded(parse(text), precision)
    if value and value.adjusted() >= precision.digits - precision.places:
        raise NotANumber(text)
    return plain(value)
