"""An app's form as Fields: what `app/form/fields.json` tells, and what follows from it for writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migrator.model.values import Field, Kind, Moments, WritableOn

Properties = Mapping[str, Mapping[str, Any]]

Precision = tuple[int, str, int]
"""Decimal places, rounding, digits in all."""

DEFAULT_PRECISION: Precision = (4, "HALF_EVEN", 16)
"""Of an app that never changed it (vendor docs)."""

USER_TYPES = frozenset({"USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "STATUS_ASSIGNEE"})
"""Lists of {code, name}."""

CHOICES_TYPES = frozenset({"CHECK_BOX", "MULTI_SELECT", "CATEGORY"})
"""Lists of labels."""

LIST_TYPES = USER_TYPES | CHOICES_TYPES | {"FILE", "SUBTABLE"}
"""Types whose empty value is a list."""

_KINDS = {
    "RECORD_NUMBER": Kind.TEXT,
    "CREATOR": Kind.USER,
    "MODIFIER": Kind.USER,
    "CREATED_TIME": Kind.DATETIME,
    "UPDATED_TIME": Kind.DATETIME,
    "SINGLE_LINE_TEXT": Kind.TEXT,
    "MULTI_LINE_TEXT": Kind.TEXT,
    "RICH_TEXT": Kind.RICH_TEXT,
    "NUMBER": Kind.NUMBER,
    "LINK": Kind.TEXT,
    "CHECK_BOX": Kind.CHOICES,
    "MULTI_SELECT": Kind.CHOICES,
    "RADIO_BUTTON": Kind.CHOICE,
    "DROP_DOWN": Kind.CHOICE,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "DATETIME": Kind.DATETIME,
    "USER_SELECT": Kind.USERS,
    "ORGANIZATION_SELECT": Kind.USERS,
    "GROUP_SELECT": Kind.USERS,
    "FILE": Kind.FILES,
    "SUBTABLE": Kind.TABLE,
    "STATUS": Kind.TEXT,
    "STATUS_ASSIGNEE": Kind.USERS,
    "CATEGORY": Kind.CHOICES,
}

_CALC_KINDS = {"DATETIME": Kind.DATETIME, "DATE": Kind.DATE, "TIME": Kind.TIME}
"""A formula's format -> kind; hours over 24 (HOUR_MINUTE) are text, all else is a number."""

_NOT_IN_RECORDS = frozenset({"GROUP", "REFERENCE_TABLE", "LABEL", "SPACER", "HR"})

_ON_CREATE = frozenset({"CREATOR", "MODIFIER", "CREATED_TIME", "UPDATED_TIME"})
"""Taken on an add only, and only from those who may manage the app (observed)."""

_READ_ONLY = frozenset({"RECORD_NUMBER", "CALC", "STATUS", "STATUS_ASSIGNEE", "CATEGORY"})
"""Refused or ignored in a record; a status moves by a call of its own."""


def moments_of(properties: Mapping[str, Any]) -> Moments | None:
    """The fields that tell when a record was made and last changed, which each app has once; kept to the minute."""
    codes = {each.get("type"): code for code, each in properties.items() if isinstance(each, dict)}
    made, changed = codes.get("CREATED_TIME"), codes.get("UPDATED_TIME")
    return None if made is None or changed is None else Moments(made=made, changed=changed, seconds=60)


def fields_of(properties: Properties, precision: Precision) -> dict[str, Field]:
    """Field code -> Field. Fields of groups stand flat, as in records; what never appears in a record is left out."""
    copied = frozenset(_copied(properties))
    return {code: _field(told, precision, copied) for code, told in properties.items() if _in_records(told)}


def numbers_in(properties: Properties) -> bool:
    """Whether the app's number precision matters."""
    return any(told["type"] == "NUMBER" or numbers_in(told.get("fields", {})) for told in properties.values())


def _in_records(told: Mapping[str, Any]) -> bool:
    return told["type"] not in _NOT_IN_RECORDS and told.get("enabled", True) is not False


def _copied(properties: Properties) -> Iterator[str]:
    """Codes that a lookup fills: what is written there is lost (observed)."""
    for told in properties.values():
        yield from (mapping["field"] for mapping in (told.get("lookup") or {}).get("fieldMappings", ()))
        yield from _copied(told.get("fields", {}))


def _field(told: Mapping[str, Any], precision: Precision, copied: frozenset[str]) -> Field:
    type_, code = told["type"], told["code"]
    cells = told.get("fields", {}).values()
    return Field(
        name=code,
        label=told.get("label", ""),
        kind=_kind(told),
        required=bool(told.get("required")),
        writable_on=_writable(told, copied),
        unique=bool(told.get("unique")),
        choices=_choices(told),
        max_length=_whole(told.get("maxLength")),
        min_length=_whole(told.get("minLength")),
        minimum=told.get("minValue") or None,
        maximum=told.get("maxValue") or None,
        # a radio button that is left out takes its default or first option, required or not (observed)
        has_default=bool(told.get("defaultValue") or told.get("defaultNowValue") or type_ == "RADIO_BUTTON"),
        fields=tuple(_field(cell, precision, copied) for cell in cells),
        extra=_extra(told, precision),
    )


def _kind(told: Mapping[str, Any]) -> Kind:
    if told["type"] != "CALC":
        return _KINDS.get(told["type"], Kind.JSON)
    form = told.get("format", "NUMBER")
    return Kind.TEXT if form.endswith("HOUR_MINUTE") else _CALC_KINDS.get(form, Kind.NUMBER)


def _writable(told: Mapping[str, Any], copied: frozenset[str]) -> WritableOn:
    type_ = told["type"]
    # a text field with a formula (`expression`) is calculated, like CALC
    if type_ in _READ_ONLY or type_ not in _KINDS or told["code"] in copied or told.get("expression"):
        return WritableOn.NEVER
    return WritableOn.CREATE if type_ in _ON_CREATE else WritableOn.BOTH


def _choices(told: Mapping[str, Any]) -> tuple[str, ...] | None:
    options = told.get("options")
    if options is None:
        return None
    return tuple(sorted(options, key=lambda label: int(options[label]["index"])))


def _whole(text: str | None) -> int | None:
    """Limits are texts; an empty one is not set."""
    return int(text) if text else None


def _extra(told: Mapping[str, Any], precision: Precision) -> dict[str, Any]:
    """What the connector needs later: the type, and per type the rounding, protocol, looked-up app, default."""
    extra: dict[str, Any] = {"type": told["type"]}
    if told["type"] == "NUMBER":
        extra["precision"] = list(precision)
    if told.get("protocol"):
        extra["protocol"] = told["protocol"]
    if told.get("lookup"):
        extra["lookup"] = str(told["lookup"]["relatedApp"]["app"])
    default = told.get("defaultValue")
    if told["type"] == "RADIO_BUTTON" and not default:
        default = next(iter(_choices(told) or ()), None)
    if default and all(isinstance(item, str) for item in default):
        extra["default"] = default
    return extra
