"""A thing as either interface shows it -> a Record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migrator.connectors.kitemaker.setting import Setting
from migrator.model.values import Record, Value, quick_record

MARKER = "migrator:"
"""How the line begins by which a migration marks a text."""

_TEXTS = ("description", "content", "body")


def to_record(
    thing: Mapping[str, Any], names: tuple[str, ...], setting: Setting, *, strip_markers: bool = False
) -> Record:
    """The named fields of one thing. Statuses, labels and people by name, links by id, instants as they stand."""
    fields: dict[str, Value] = {}
    for name in names:
        shape = _SHAPES.get(name, _plain)
        value = shape(thing, name, setting)
        if name in _TEXTS and isinstance(value, str):
            value = value.rstrip("\n")  # the server's rendering ends texts with one or two
        fields[name] = without_marker(value) if strip_markers and name in _TEXTS else value
    return quick_record(id=str(thing["id"]), fields=fields, version=None)


def without_marker(text: Value) -> Value:
    """A text without the line that an earlier migration left at its end."""
    if not isinstance(text, str):
        return text
    lines = text.rstrip().split("\n")
    if not lines[-1].strip().startswith(MARKER):
        return text
    return "\n".join(lines[:-1])


def _plain(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    value = thing.get(name)
    return str(value) if name == "number" and value is not None else value


def _status(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return (thing.get("status") or {}).get("name")


def _status_type(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return (thing.get("status") or {}).get("type")


def _labels(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    """By name in a space; above the spaces by the name that the register gives to the id."""
    return tuple(str(each.get("name") or setting.labels.name(each["id"])) for each in thing.get(name) or ())


def _people(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return tuple(str(each["username"]) for each in thing.get(name) or ())


def _linked(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return tuple(str(each["id"]) for each in thing.get(name) or ())


def _entities(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    linked = [entity["id"] for insight in thing.get("insights") or () for entity in insight.get("entities") or ()]
    return tuple(dict.fromkeys(str(id_) for id_ in linked))


def _spaces(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return tuple(str(each["key"]) for each in thing.get(name) or ())


def _actor(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    """A user name without the @ that REST puts before it; else a program's name."""
    actor = thing.get(name) or {}
    found = next((actor[key] for key in ("username", "name", "externalName", "type") if actor.get(key)), None)
    return None if found is None else str(found).removeprefix("@")


def _person(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    person = thing.get(name) or {}
    return person.get("email") or person.get("name")


def _company(thing: Mapping[str, Any], name: str, setting: Setting) -> Value:
    return (thing.get(name) or {}).get("name")


_SHAPES: Mapping[str, Callable[[Mapping[str, Any], str, Setting], Value]] = {
    "status": _status,
    "statusType": _status_type,
    "labels": _labels,
    "tags": _labels,
    **dict.fromkeys(("members", "watchers", "owners"), _people),
    **dict.fromkeys(("workItems", "initiatives"), _linked),
    "entities": _entities,
    "spaces": _spaces,
    "actor": _actor,
    "person": _person,
    "company": _company,
}
