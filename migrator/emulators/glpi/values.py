"""What a column makes of a value: MariaDB's strict coercion behind GLPI's own filter. [observed]"""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from migrator.emulators.glpi.options import TEXT_BYTES
from migrator.emulators.glpi.refusal import Accident, SqlError
from migrator.emulators.glpi.schema import Column, Itemtype, as_float

_MOMENT = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?$")
_DAY = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}")
_NUMBER = re.compile(r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)")
_FIRST, _LAST = datetime(1970, 1, 1, 0, 0, 1), datetime(2038, 1, 19, 3, 14, 7)

DROPPED = object()
"""A value that GLPI's filter takes out before the database sees it."""


def stored(itemtype: Itemtype, column: Column, value: Any) -> Any:
    """The value as the column keeps it, or DROPPED.

    Raises SqlError where the database refuses, Accident for an object or a list.
    """
    if isinstance(value, dict | list):
        raise Accident
    if value is None:
        if not column.nullable:
            raise SqlError(f"Column '{column.name}' cannot be null")
        return None
    if column.kind == "int":
        return _integer(itemtype, column, value)
    if column.kind == "text":
        return _text(column, value)
    if column.kind == "decimal":
        return _decimal(column, value)
    if column.kind == "float":
        return as_float(_decimal(column, value))
    return _moment(itemtype, column, value)


def _integer(itemtype: Itemtype, column: Column, value: Any) -> int:
    if isinstance(value, str):
        try:
            number = int(Decimal(value.strip()).to_integral_value(ROUND_HALF_UP))
        except (InvalidOperation, ValueError, OverflowError):
            where = f"`glpi`.`{itemtype.table}`.`{column.name}`"
            raise SqlError(f"Incorrect integer value: '{value}' for column {where} at row 1") from None
    else:
        number = int(Decimal(str(float(value) if isinstance(value, float) else int(value))).to_integral_value())
    if not column.low <= number <= column.high:
        raise SqlError(f"Out of range value for column '{column.name}' at row 1")
    return number


def as_text(value: Any) -> str:
    """A JSON scalar as PHP puts it into a text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _text(column: Column, value: Any) -> str:
    text = as_text(value)
    if column.size is not None:
        return text[: column.size]
    if column.sql == "text" and len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES:
        raise SqlError(f"Data too long for column '{column.name}' at row 1")
    return text


def _decimal(column: Column, value: Any) -> str:
    """Fixed places; what is no number counts as 0, a comma as the point."""
    match = _NUMBER.match(as_text(value).replace(",", "."))
    number = Decimal(match.group()) if match else Decimal(0)
    if column.kind == "float":
        return str(number)
    return str(number.quantize(Decimal(1).scaleb(-column.places), ROUND_HALF_UP))


def _moment(itemtype: Itemtype, column: Column, value: Any) -> Any:
    text = as_text(value)
    if column.kind == "time":
        return text[:8] if re.match(r"^\d{1,2}:\d{2}(:\d{2})?$", text) else DROPPED
    if not _DAY.match(text):
        return DROPPED
    match = _MOMENT.match(text)
    kind = "date" if column.kind == "date" else "datetime"
    where = f"`glpi`.`{itemtype.table}`.`{column.name}`"
    try:
        if match is None:
            raise ValueError
        parts = [int(part) for part in match.groups() if part is not None]
        if column.kind == "date":
            return date(parts[0], parts[1], parts[2]).isoformat()
        moment = datetime(*(parts + [0] * (6 - len(parts))))  # type: ignore[arg-type]  # six ints: no tzinfo among them
        if not _FIRST <= moment <= _LAST:
            raise ValueError
    except ValueError:
        raise SqlError(f"Incorrect {kind} value: '{text}' for column {where} at row 1") from None
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def unchanged(old: Any, new: Any, column: Column) -> bool:
    """Whether GLPI takes a column for unchanged before it asks the database: null, "" and 0 are alike. [observed]"""
    if isinstance(new, dict | list):
        raise Accident
    if old is None or old == "":
        return new is None or new == "" or (old is None and new in (0, False))
    if new is None:
        return bool(old == 0) and column.kind == "int"
    if column.kind == "int":
        return as_text(new).strip() == str(old)
    if column.kind == "decimal":
        try:
            return Decimal(as_text(new)) == Decimal(old)
        except InvalidOperation:
            return False
    return as_text(new) == as_text(old)


def http_date(text: str, zone: Any) -> str:
    """A stored date-time in the form of Last-Modified; `zone` is the server's tzinfo."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
