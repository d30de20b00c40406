"""Numbers and texts: from what playbooks give to what is sent, and to the one form that is compared. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite

from migrator.model.values import Value


def number(value: Value) -> int | float | None:
    """A JSON number of a number or a decimal text; None: it is none. KaiNexus keeps doubles (`amount` is one)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not exact.is_finite():
        return None
    if exact == exact.to_integral_value() and abs(exact) < 2**53:
        return int(exact)
    rounded = float(exact)
    return rounded if isfinite(rounded) else None


def decimal(value: Value) -> str:
    """Decimal text without trailing zeros or exponent, through a double; what is no number comes back as text."""
    found = number(value)
    if found is None:
        return str(value)
    exact = Decimal(repr(float(found))).normalize()
    return "0" if exact == 0 else f"{exact:f}"


def text(value: Value) -> str | None:
    """Text without blanks at its end; nothing for nothing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return decimal(value)
    return str(value).rstrip() or None


def texts(value: Value) -> tuple[Value, ...]:
    """One or many as many; nothing as none."""
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, tuple | list) else (value,)
