"""What reading back shows of a value that was written: the rule by which a planned value equals a found one. Pure."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from migrator.connectors.glpi import instants
from migrator.connectors.glpi.columns import Column, Sort
from migrator.connectors.glpi.documents import stored_file
from migrator.connectors.glpi.form import FILLED, Form
from migrator.model.values import Field, Ref, Value

_WIDE = Context(prec=80)


def stored(form: Form, before: Mapping[str, Value] | None, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Each field in its canonical form; what no column is known for stays as it is."""
    shown: dict[str, Value] = {}
    for name, value in fields.items():
        column = form.columns.get(name)
        if column is None or isinstance(value, Ref):
            shown[name] = stored_file(value)
            continue
        shown[name] = one(form, column, value)
        if before is not None and shown[name] in _VOID:
            shown[name] = _unmoved(form, column, before.get(name), shown[name])
    return shown


def one(form: Form, column: Column, value: Value) -> Value:
    """One value in its canonical form."""
    if column.sort is Sort.TEXT and column.name == "name" and form.parent is not None and isinstance(value, str):
        return value.strip() or None  # trimmed in trees [observed]
    return _RULES[column.sort](form, column, value)


def fold(field: Field | None, value: Value) -> str:
    """Equal keys: numbers by value, a key that is not set as 0, unique names as the database compares them."""
    sort = "" if field is None else field.extra["sort"]
    if sort == Sort.KEY:
        return text_of(value) or "0"
    if sort in (Sort.INT, Sort.FLAG, Sort.DECIMAL, Sort.FLOAT):
        number = decimal_of(value)
        return text_of(value) if number is None else f"{number.normalize(_WIDE):f}"
    text = text_of(value)
    return alike(text) if field is not None and field.extra.get("alike") else text


def alike(text: str) -> str:
    """Without case, accents and blanks around: close to the database's collation. [observed; details inferred]"""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).strip()


def text_of(value: Value) -> str:
    """A scalar as text: None is empty, true is 1 as in GLPI, floats without a trailing `.0`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def decimal_of(value: Value) -> Decimal | None:
    """A number, or None for what is none."""
    try:
        found = Decimal(text_of(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 60 else None


_VOID = (None, 0)


def _unmoved(form: Form, column: Column, stands: Value, wanted: Value) -> Value:
    """null, "" and 0 are alike when GLPI decides whether a column changed: what stands stays. [observed]"""
    if isinstance(stands, Ref):
        return wanted
    if column.name in FILLED:
        return one(form, column, stands)
    shown = one(form, column, stands)
    return shown if shown in _VOID else wanted


def _whole(form: Form, column: Column, value: Value) -> Value:
    number = decimal_of(value)
    if number is None:
        void = value is None or value == ""
        return (None if column.empty else 0) if void else value
    return int(number) if number == number.to_integral_value() else value


def _decimal(form: Form, column: Column, value: Value) -> Value:
    number = decimal_of(value)
    if number is None:
        void = value is None or value == ""
        return (None if column.empty else f"{0:.{column.places}f}") if void else value
    rounded = number.quantize(Decimal(1).scaleb(-column.places), ROUND_HALF_UP, _WIDE)
    return f"{abs(rounded) if rounded.is_zero() else rounded:f}"


def _float(form: Form, column: Column, value: Value) -> Value:
    """A float of 32 bit, shown with six digits. [database's docs]"""
    number = decimal_of(value)
    if number is None:
        void = value is None or value == ""
        return (None if column.empty else 0) if void else value
    try:
        (near,) = struct.unpack("f", struct.pack("f", float(number)))
    except OverflowError:
        return value
    short = float(f"{near:.6g}")
    return int(short) if short.is_integer() else short


def _text(form: Form, column: Column, value: Value) -> Value:
    return text_of(value) or None


def _day(form: Form, column: Column, value: Value) -> Value:
    return text_of(value).strip() or None


def _time(form: Form, column: Column, value: Value) -> Value:
    text = text_of(value).strip()
    void = None if column.empty else "00:00:00"
    return f"{text}:00" if len(text) == 5 else text or void


def _moment(form: Form, column: Column, value: Value) -> Value:
    text = text_of(value).strip()
    return instants.stored(text, form.zone) if text else None


_RULES: dict[Sort, Callable[[Form, Column, Value], Value]] = {
    Sort.KEY: _whole,
    Sort.INT: _whole,
    Sort.FLAG: _whole,
    Sort.DECIMAL: _decimal,
    Sort.FLOAT: _float,
    Sort.TEXT: _text,
    Sort.DATE: _day,
    Sort.TIME: _time,
    Sort.MOMENT: _moment,
}
