"""What reading back will show: the one form in which wanted and found are compared. Pure.

Texts lose blanks at their end, and paragraphs of HTML become lines (rich text may come back so); numbers are
decimals; related ids have no order; what cannot be changed stays as it was; nothing, "" and [] are one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite

from migrator.connectors.ketryx.layout import RELATION, Layout
from migrator.connectors.ketryx.options import Form
from migrator.model.values import Ref, Value

_PARAGRAPHS = re.compile(r"\s*(?:<p>(?:[^<]|<br\s*/?>)*</p>\s*)+")
"""Text that is nothing but paragraphs: other markup is content."""

_FIXED_ONCE = ("sourceId", "type")


def stored(layout: Layout, before: Mapping[str, Value] | None, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Each field as reading shows it after the write."""
    return {name: _stored(layout, name, value, before) for name, value in fields.items()}


def _stored(layout: Layout, name: str, value: Value, before: Mapping[str, Value] | None) -> Value:
    if name in layout.write_only:
        return None
    if name in _FIXED_ONCE and before is not None:
        return before.get(name)
    if isinstance(value, Ref):
        return value
    if name.startswith(RELATION):
        return _related(value)
    form = layout.form(name)
    if form is Form.NUMBER or (form is None and isinstance(value, int | float) and not isinstance(value, bool)):
        return decimal(value)
    if isinstance(value, str):
        return plain(value)
    return None if value == () else value


def folded(layout: Layout, name: str, value: Value) -> str:
    """A value as keys are compared: numbers as decimals, texts without blanks at their end; case counts."""
    if layout.form(name) is Form.NUMBER:
        return decimal(value) or ""
    return "" if value is None else plain(str(value)) or ""


def plain(text: str) -> str | None:
    """Lines without blanks at their end; None for nothing."""
    if _PARAGRAPHS.fullmatch(text):
        inner = re.sub(r"</p>\s*<p>|<br\s*/?>", "\n", text.strip())
        text = html.unescape(inner.removeprefix("<p>").removesuffix("</p>"))
    return text.replace("\r\n", "\n").rstrip() or None


def number(value: Value) -> int | float | None:
    """The JSON number of a number or a decimal text; None: it is none."""
    if value is None or isinstance(value, bool):
        return None
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


def decimal(value: Value) -> str | None:
    """Decimal text of the JSON number that is sent; what is no number stays text."""
    found = number(value)
    if found is None:
        return None if value in (None, "") else str(value)
    exact = Decimal(repr(found)).normalize()
    return "0" if exact == 0 else f"{exact:f}"


def many(value: Value) -> tuple[Value, ...]:
    """One or several ids as several."""
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _related(value: Value) -> Value:
    ids = many(value)
    if any(isinstance(each, Ref) for each in ids):
        return ids
    return tuple(sorted(_texts(ids))) or None


def _texts(ids: Iterable[Value]) -> set[str]:
    return {str(each).strip() for each in ids} - {""}
