"""What reading back shows of a value that was written: the rule by which a planned value equals a found one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal

from migrator.codec.multipart import plain_name
from migrator.connectors.kintone.form import CHOICES_TYPES, DEFAULT_PRECISION, USER_TYPES
from migrator.connectors.kintone.rows import columns_of, completed
from migrator.connectors.kintone.values import items_of, rows_of, text_of, type_of
from migrator.model.files import with_files
from migrator.model.values import Field, File, Ref, Value

_ROUNDING = {"HALF_EVEN": ROUND_HALF_EVEN, "UP": ROUND_UP, "DOWN": ROUND_DOWN}

_WIDE = Context(prec=200)
"""Room for any number that Kintone takes (at most 30 digits)."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SETTLED = re.compile(r"-?[1-9][0-9]{0,15}(\.[0-9]*[1-9])?")
"""A number (of most) as it reads back, if it has no more decimal places than the app: a short cut."""
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::[0-9]{1,2})?")


def stored(field: Field | None, value: Value, before: Value = None) -> Value:
    """The canonical form of a field's value, written over `before`. A Ref stays as it is, at any depth."""
    form = None if field is None else _FORMS.get(field.extra["type"])
    if form is None or field is None or isinstance(value, Ref):
        return value
    return form(field, value, before)


def as_it_is(field: Field | None) -> bool:
    """Whether every text of the field is its own canonical form (an empty one is None)."""
    return field is None or _FORMS.get(field.extra["type"], _text) is _text


def number_text(text: str, places: int, rounding: str) -> str:
    """A number as Kintone shows it: rounded in silence, in plain notation, no zeros at the end (observed).

    A text that is no number comes back as it is: the server refuses it.
    """
    if text.isascii() and text.isdecimal() and text[0] != "0" and len(text) <= 16:
        return text  # most are, and the pattern costs three times that
    settled = _SETTLED.fullmatch(text)
    if settled and len(settled[1] or "") <= places + 1:
        return text
    bare = text.strip()
    if not is_number(bare):
        return text
    exact = Decimal(bare)
    if exact.adjusted() > 60:
        return text
    rounded = exact.quantize(Decimal(1).scaleb(-places), _ROUNDING.get(rounding, ROUND_HALF_EVEN), _WIDE)
    plain = f"{rounded:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def is_number(text: str) -> bool:
    """Whether a number field takes it."""
    return _NUMBER.fullmatch(text.strip()) is not None


def _table(field: Field, value: Value, before: Value) -> Value:
    columns = columns_of(field)
    whole = completed(columns, rows_of(value), before, cell_stored)
    return tuple(
        {name: cell_stored(cell, _found(row, name, cell)) for name, cell in columns.items()} for row in whole
    )


def _found(row: Mapping[str, Value], name: str, cell: Field) -> Value:
    """A cell that a row does not give takes its default."""
    return row[name] if name in row else _frozen(cell.extra.get("default"))


def cell_stored(cell: Field, value: Value) -> Value:
    """In a table a text that is no number is stored as empty, not refused (observed)."""
    seen = stored(cell, value)
    wrong = type_of(cell) == "NUMBER" and isinstance(seen, str) and not is_number(seen)
    return None if wrong else seen


def _labels(field: Field, value: Value, before: Value = None) -> Value:
    """A set, told in the order of the options: the order on reading is not promised."""
    if value == () or (isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], str)):
        return value
    order = {label: place for place, label in enumerate(field.choices or ())}
    return _sorted(value, lambda label: (order.get(label, len(order)), label))


def _codes(field: Field, value: Value, before: Value = None) -> Value:
    return _sorted(value, lambda code: (0, code))


def _sorted(value: Value, rank: Callable[[str], tuple[int, str]]) -> Value:
    items = items_of(value)
    texts = {text_of(item) for item in items if not isinstance(item, Ref)}
    return (*sorted(texts, key=rank), *(item for item in items if isinstance(item, Ref)))


def _number(field: Field, value: Value, before: Value = None) -> Value:
    places, rounding, _ = field.extra.get("precision", DEFAULT_PRECISION)
    return number_text(text_of(value), places, rounding).strip() or None


def _text(field: Field, value: Value, before: Value = None) -> Value:
    return text_of(value) or None


def _lines(field: Field, value: Value, before: Value = None) -> Value:
    """CR LF and LF are taken as equal: which of them reading shows is not documented."""
    return text_of(value).replace("\r\n", "\n") or None


def _radio(field: Field, value: Value, before: Value = None) -> Value:
    """An emptied radio button falls back to its default."""
    default = field.extra.get("default")
    return text_of(value) or (default if isinstance(default, str) else None)


def _date(field: Field, value: Value, before: Value = None) -> Value:
    """2015 is the first of January, 2015-7-5 gets its zeros (vendor docs)."""
    text = text_of(value).strip()
    match = _DATE.fullmatch(text)
    if not match:
        return text or None
    year, month, day = match.groups()
    return f"{year}-{int(month or 1):02}-{int(day or 1):02}"


def _time(field: Field, value: Value, before: Value = None) -> Value:
    """Seconds are lost (vendor docs)."""
    text = text_of(value).strip()
    match = _TIME.fullmatch(text)
    return f"{int(match[1]):02}:{int(match[2]):02}" if match else text or None


def _moment(field: Field, value: Value, before: Value = None) -> Value:
    """UTC, seconds set to 00; a bare date is its midnight in UTC (vendor docs). Without a zone: as it is, refused."""
    text = text_of(value).strip()
    if not text or _MINUTE.fullmatch(text):
        return text or None
    if _DATE.fullmatch(text):
        return f"{_date(field, text)}T00:00:00Z"
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return text
        return moment.astimezone(UTC).replace(second=0, microsecond=0, tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return text


def _frozen(default: object) -> Value:
    if isinstance(default, list):
        return tuple(default)
    return default if isinstance(default, str) else None


def _files(field: Field, value: Value, before: Value = None) -> Value:
    """In the order they were sent, under their names without folders."""
    return with_files(items_of(value), lambda _, file: _named(file))


def _named(file: File) -> File:
    name = plain_name(file.name)
    return file if name == file.name else replace(file, name=name)


_FORMS: dict[str, Callable[[Field, Value, Value], Value]] = {
    **dict.fromkeys(USER_TYPES, _codes),
    **dict.fromkeys(CHOICES_TYPES, _labels),
    **dict.fromkeys(("SINGLE_LINE_TEXT", "LINK", "DROP_DOWN", "RECORD_NUMBER", "CALC", "STATUS"), _text),
    **dict.fromkeys(("CREATOR", "MODIFIER"), _text),
    **dict.fromkeys(("MULTI_LINE_TEXT", "RICH_TEXT"), _lines),
    **dict.fromkeys(("DATETIME", "CREATED_TIME", "UPDATED_TIME"), _moment),
    "NUMBER": _number,
    "RADIO_BUTTON": _radio,
    "DATE": _date,
    "TIME": _time,
    "FILE": _files,
    "SUBTABLE": _table,
}
"""By type; a type that came after this was written is taken as it is."""
