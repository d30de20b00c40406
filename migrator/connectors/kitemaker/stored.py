"""What reading back will show: the one form in which wanted and found are compared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from migrator.connectors.kitemaker.setting import Register, Setting, Sort
from migrator.model.values import Ref, Value


def stored(setting: Setting, before: Mapping[str, Value] | None, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Each field as reading shows it after the write."""
    old = before or {}
    if not setting.exact_labels and setting.sort is Sort.ITEMS and "labels" in fields:
        fields = {**fields, "labels": (*listed(fields["labels"]), *listed(old.get("labels")))}
    return {
        name: value if isinstance(value, Ref) else _FORMS.get(name, _plain)(setting, value, old.get(name), before)
        for name, value in fields.items()
    }


def text(value: Value) -> str | None:
    """Markdown without blanks at the ends of lines and without line ends at its own: the server re-renders it."""
    if value is None:
        return None
    lines = str(value).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).rstrip() or None


def size(value: Value) -> str | None:
    """A word of effort or impact: `large` is read as `Large`."""
    word = "" if value is None else str(value).strip()
    return word[:1].upper() + word[1:].lower() or None


def listed(value: Value) -> tuple[Value, ...]:
    """A list, whatever form it comes in."""
    if value is None or value == "":
        return ()
    return value if isinstance(value, tuple) else (value,)


def instant(value: Value) -> str | None:
    """To the second, in UTC."""
    if value is None or value == "":
        return None
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


Form = Callable[[Setting, Value, Value, Mapping[str, Value] | None], Value]
"""(setting, wanted, what stood, the record before or None for a create) -> what reading shows."""


def _plain(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return value.strip() or None if isinstance(value, str) else value


def _text(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return text(value)


def _size(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return size(value)


def _instant(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return instant(value)


def _status(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    """Nothing empties a status: it stays, and a new item gets the space's default."""
    if value is None or value == "":
        return setting.default_status if before is None else old
    return setting.statuses.name(value)


def _labels(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return _names(listed(value), setting.labels)


def _people(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return _names(listed(value), setting.users)


def _names(words: Iterable[Value], register: Register) -> Value:
    return tuple(sorted({register.name(word) for word in words}))


def _linked(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    """Ids without order; where one is still a Ref, as they stand."""
    ids = listed(value)
    return ids if any(isinstance(id_, Ref) for id_ in ids) else tuple(sorted({str(id_) for id_ in ids}))


def _color(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    """`#FF00AA` and `ff00aa` are one; where none is named the old one stays."""
    color = old if value is None or value == "" else value
    return color.strip().lower().removeprefix("#") if isinstance(color, str) else color


def _person(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return str(value).strip().casefold() or None if value is not None else None


def _flag(setting: Setting, value: Value, old: Value, before: Mapping[str, Value] | None) -> Value:
    return bool(value)


_FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("description", "content", "body"), _text),
    **dict.fromkeys(("effort", "impact"), _size),
    **dict.fromkeys(("createdAt", "updatedAt", "closedAt", "archivedAt", "processedAt"), _instant),
    **dict.fromkeys(("labels", "tags"), _labels),
    **dict.fromkeys(("members", "watchers", "owners"), _people),
    **dict.fromkeys(("workItems", "initiatives", "entities"), _linked),
    "status": _status,
    "color": _color,
    "person": _person,
    "processed": _flag,
}
