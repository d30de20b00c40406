"""What GLPI would refuse in other words, spoil without a word, or answer with `true` and not do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migrator.connectors.glpi import documents, instants
from migrator.connectors.glpi.columns import Column, Sort
from migrator.connectors.glpi.form import CLOSED, FILE, TIMED, Form
from migrator.connectors.glpi.stored import decimal_of, text_of
from migrator.connectors.glpi.text import encoded
from migrator.errors import Refused
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem
from migrator.model.values import Value


def objections(form: Form, change: Change) -> Iterator[tuple[str, str]]:
    """(field, why) for everything of a create or update that cannot be sent."""
    after = change.after or {}
    for name, value in after.items():
        column = form.columns.get(name)
        why = (
            None
            if column is None or value is None or value == ""
            else _RULES.get(column.sort, _fine)(form, column, value)
        )
        if why is not None:
            yield name, why
    why = documents.unfit(form, after)
    if why is not None:
        yield FILE, why
    if change.action is Action.UPDATE and form.itemtype in TIMED:
        yield from _closed(form, change, after)


def check(form: Form, change: Change) -> None:
    """Raises Refused with all objections, at the first one's field."""
    found = list(objections(form, change))
    if found:
        key = ", ".join(text_of(value) for value in change.key) or (
            None if change.origin is None else change.origin.id
        )
        summary = "; ".join(f"{name}: {why}" for name, why in found)
        place = Place(collection=form.itemtype, record=key, field=found[0][0])
        raise Refused(Problem(code=Refused.code, summary=summary, place=place))


def _closed(form: Form, change: Change, after: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Changed together with its status, a closed ticket is opened and nothing else; GLPI says true. [observed]"""
    found = {**(change.along or {}), **(change.before or {})}.get("status")
    others = [name for name in after if name != "status"]
    if found == CLOSED and others:
        word = form.itemtype.lower()
        yield others[0], f"the {word} is closed and takes a new status, nothing else: open it first, then plan again"


def _number(form: Form, column: Column, value: Value) -> str | None:
    number = decimal_of(value)
    if number is None:
        wanted = "the id of an item; `ref()` gives it" if column.sort is Sort.KEY else "a whole number"
        return f"{text_of(value)!r} is not {wanted}"
    if number != number.to_integral_value():
        return f"{text_of(value)} is no whole number"
    if column.sort is Sort.KEY and number < 0:
        return f"{text_of(value)} is no id"
    return None


def _decimal(form: Form, column: Column, value: Value) -> str | None:
    """What is no number would be stored as 0. [observed]"""
    return f"{text_of(value)!r} is no number" if decimal_of(value) is None else None


def _text(form: Form, column: Column, value: Value) -> str | None:
    """Counted as it is stored, encoded: GLPI cuts what is too long without a word. [observed]"""
    text = text_of(value)
    kept = encoded(text) if form.encodes else text
    if column.length is not None and len(kept) > column.length:
        return f"{len(kept)} characters as GLPI stores them (<, > and & take five), and {column.length} fit"
    try:
        size = len(kept.encode())
    except UnicodeEncodeError:
        return "the text is no Unicode that can be sent"
    if column.bytes is not None and size > column.bytes:
        return f"{size:,} bytes as GLPI stores them, and {column.bytes:,} fit"
    return None


def _moment(form: Form, column: Column, value: Value) -> str | None:
    moment = instants.parse(text_of(value), form.zone)
    if moment is None:
        return f"{text_of(value)!r} is no date-time"
    return None if instants.fits(moment) else "GLPI holds date-times from 1970 to January 2038"


def _fine(form: Form, column: Column, value: Value) -> str | None:
    return None


_RULES = {
    Sort.KEY: _number,
    Sort.INT: _number,
    Sort.FLAG: _number,
    Sort.DECIMAL: _decimal,
    Sort.FLOAT: _decimal,
    Sort.TEXT: _text,
    Sort.MOMENT: _moment,
}
