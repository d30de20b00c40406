"""Fields of an app: their properties as form/fields.json shows them, completed with what was left out."""

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migrator.emulators.kintone import problems

FieldInput = str | Mapping[str, Any]
"""A field for `add_app`: its type's name, or properties with at least `type`."""

_TEXT = {"noLabel": False, "required": False, "unique": False, "minLength": "", "maxLength": "", "defaultValue": ""}
_CHOICE = {"noLabel": False, "required": False, "options": {}}
_PICK = {"noLabel": False, "required": False, "entities": [], "defaultValue": []}
_PLAIN = {"noLabel": False}

COMPLETIONS: dict[str, dict[str, Any]] = {
    "SINGLE_LINE_TEXT": {**_TEXT, "expression": "", "hideExpression": False},
    "MULTI_LINE_TEXT": {"noLabel": False, "required": False, "defaultValue": ""},
    "RICH_TEXT": {"noLabel": False, "required": False, "defaultValue": ""},
    "NUMBER": {
        "noLabel": False, "required": False, "unique": False, "minValue": "", "maxValue": "", "defaultValue": "",
        "digit": False, "displayScale": "", "unit": "", "unitPosition": "BEFORE",
    },
    "CALC": {
        "noLabel": False, "required": False, "expression": "", "hideExpression": False, "format": "NUMBER",
        "displayScale": "", "unit": "", "unitPosition": "BEFORE",
    },
    "LINK": {**_TEXT, "protocol": "WEB"},
    "RADIO_BUTTON": {**_CHOICE, "required": True, "align": "HORIZONTAL"},
    "DROP_DOWN": {**_CHOICE, "defaultValue": ""},
    "CHECK_BOX": {**_CHOICE, "defaultValue": [], "align": "HORIZONTAL"},
    "MULTI_SELECT": {**_CHOICE, "defaultValue": []},
    "DATE": {"noLabel": False, "required": False, "unique": False, "defaultValue": "", "defaultNowValue": False},
    "DATETIME": {"noLabel": False, "required": False, "unique": False, "defaultValue": "", "defaultNowValue": False},
    "TIME": {"noLabel": False, "required": False, "defaultValue": "", "defaultNowValue": False},
    "FILE": {"noLabel": False, "required": False, "thumbnailSize": "50"},
    "USER_SELECT": _PICK,
    "ORGANIZATION_SELECT": _PICK,
    "GROUP_SELECT": _PICK,
    "SUBTABLE": {"noLabel": False, "fields": {}},
    "REFERENCE_TABLE": {"noLabel": False, "referenceTable": {}},
    "GROUP": {"noLabel": False, "openGroup": False},
    "RECORD_NUMBER": _PLAIN,
    "CREATOR": _PLAIN,
    "CREATED_TIME": _PLAIN,
    "MODIFIER": _PLAIN,
    "UPDATED_TIME": _PLAIN,
    "STATUS": {"enabled": False},
    "STATUS_ASSIGNEE": {"enabled": False},
    "CATEGORY": {"enabled": False},
}  # fmt: skip
"""Type -> its properties besides type, code and label, with what stands there when nothing was said. [client docs]"""

_DECIMAL = r"([+-]?\d{1,20}(\.\d{1,20})?)?"

BUILT_IN = {
    "Record_number": "RECORD_NUMBER",
    "Updated_by": "MODIFIER",
    "Created_by": "CREATOR",
    "Updated_datetime": "UPDATED_TIME",
    "Created_datetime": "CREATED_TIME",
    "Status": "STATUS",
    "Assignee": "STATUS_ASSIGNEE",
    "Categories": "CATEGORY",
}
"""What every app has by itself, under the codes of an English domain."""

NEWEST_FIRST = "Record_number desc"
"""The order of a lookup's or a reference table's choices, where none was said. [observed]"""

CAN_BE_UNIQUE = frozenset({"SINGLE_LINE_TEXT", "NUMBER", "LINK", "DATE", "DATETIME"})
LOOKUP_DROPS = ("unique", "minLength", "maxLength", "defaultValue", "expression", "hideExpression")
CHOICES = frozenset({"CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"})
LISTS = frozenset({
    "CHECK_BOX", "MULTI_SELECT", "USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "FILE", "SUBTABLE",
    "STATUS_ASSIGNEE", "CATEGORY",
})  # fmt: skip
PEOPLE = frozenset({"USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "STATUS_ASSIGNEE"})
READ_AS_NULL = frozenset({"DROP_DOWN", "RADIO_BUTTON", "DATE", "TIME", "STATUS"})
NOT_IN_RECORDS = frozenset({"GROUP", "REFERENCE_TABLE"})
NEVER_A_CELL = frozenset({"SUBTABLE", "GROUP", "REFERENCE_TABLE", *BUILT_IN.values()})
WORKFLOW = frozenset({"STATUS", "STATUS_ASSIGNEE", "CATEGORY"})


@dataclass(slots=True)
class Field:
    """One field. `properties` is what form/fields.json shows; `table` the code of the table it is a cell of."""

    code: str
    type: str
    properties: dict[str, Any]
    table: str | None = None
    cells: dict[str, "Field"] = field(default_factory=dict)
    renamed_from: str | None = None
    """The code that records still know it by, until the next deployment."""

    @property
    def required(self) -> bool:
        """Whether an empty value is refused; never enforced for CALC and RADIO_BUTTON. [observed]"""
        return bool(self.properties.get("required")) and self.type not in ("CALC", "RADIO_BUTTON")

    @property
    def unique(self) -> bool:
        """Whether a value may stand in one record only."""
        return bool(self.properties.get("unique")) and self.table is None

    @property
    def lookup(self) -> dict[str, Any] | None:
        """The lookup's definition, if the field is one."""
        found: dict[str, Any] | None = self.properties.get("lookup")
        return found

    @property
    def options(self) -> frozenset[str]:
        """Labels of a choice field."""
        return frozenset(self.properties.get("options", ()))

    def empty(self) -> Any:
        """What an empty value reads."""
        if self.type in LISTS:
            return []
        return None if self.type in READ_AS_NULL else ""


def make(code: str, given: FieldInput, table: str | None = None) -> Field:
    """A field from properties with gaps. Raises KintoneError for an unknown type or a code that cannot be."""
    said: dict[str, Any] = {"type": given} if isinstance(given, str) else copy.deepcopy(dict(given))
    type_ = said.get("type")
    if not isinstance(type_, str) or type_ not in COMPLETIONS:
        raise problems.invalid({f"properties[{code}].type": ["must be one of the enum value"]})
    if table is not None and type_ in NEVER_A_CELL:
        raise problems.invalid({f"properties[{table}].fields[{code}].type": ["cannot stand in a table"]})
    if not code or len(code) > 128 or code[0].isdigit():
        raise problems.invalid({f"properties[{code}].code": ["The field code is invalid."]})
    if "unique" not in COMPLETIONS[type_]:  # accepted and dropped without a word [observed]
        said = {key: value for key, value in said.items() if key != "unique"}
    _check(said, code)
    properties: dict[str, Any] = {"type": type_, "code": code, "label": said.get("label") or code}
    properties |= copy.deepcopy(COMPLETIONS[type_]) | {key: said[key] for key in said if key != "code"}
    _complete(properties, in_table=table is not None)
    made = Field(code, type_, properties, table)
    if type_ == "SUBTABLE":
        made.cells = {cell: make(cell, one, code) for cell, one in properties["fields"].items()}
        properties["fields"] = {cell: one.properties for cell, one in made.cells.items()}
    return made


_WORDS = {
    "format": ("NUMBER", "NUMBER_DIGIT", "DATETIME", "DATE", "TIME", "HOUR_MINUTE", "DAY_HOUR_MINUTE"),
    "protocol": ("WEB", "CALL", "MAIL"),
    "unitPosition": ("BEFORE", "AFTER"),
    "align": ("HORIZONTAL", "VERTICAL"),
    "thumbnailSize": ("50", "150", "250", "500"),
}
_NUMBERS = {"minLength": r"\d{0,6}", "maxLength": r"\d{0,6}", "minValue": _DECIMAL, "maxValue": _DECIMAL}


def _check(said: Mapping[str, Any], code: str) -> None:
    """Raise CB_IJ01 for a property of the wrong JSON type, CB_VA01 for a word or number that it cannot be."""
    for name, value in said.items():
        usual = COMPLETIONS[said["type"]].get(name, "")
        if isinstance(usual, dict | list) or name in ("lookup", "defaultValue"):
            _check_parts(name, value, isinstance(usual, list))
        elif isinstance(value, dict | list) or value is None or isinstance(value, bool) != isinstance(usual, bool):
            raise problems.bad_json()
        elif name in _WORDS and str(value) not in _WORDS[name]:
            raise problems.invalid({f"properties[{code}].{name}": ["must be one of the enum value"]})
        elif name in _NUMBERS and not re.fullmatch(_NUMBERS[name], str(value)):
            raise problems.invalid({f"properties[{code}].{name}": ["Only numbers are allowed."]})


def _check_parts(name: str, value: Any, many: bool) -> None:
    """The same for properties that have parts."""
    if name == "options":
        fits = _list_of(value, str) or (isinstance(value, dict) and _all_options(value))
    elif name == "fields":
        fits = isinstance(value, dict) and all(isinstance(cell, str | dict) for cell in value.values())
    elif name == "lookup":
        fits = isinstance(value, dict) and _is_lookup(value)
    elif name == "referenceTable":
        fits = isinstance(value, dict)
    elif name == "defaultValue":
        fits = _is_default(value) if many else isinstance(value, str | int | float)
    else:
        fits = _list_of(value, dict)
    if not fits:
        raise problems.bad_json()


def _list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(entry, kind) for entry in value)


def _is_default(value: Any) -> bool:
    people = _list_of(value, dict) and all(isinstance(entry.get("code"), str) for entry in value)
    return people or _list_of(value, str)


def _all_options(value: dict[str, Any]) -> bool:
    return all(isinstance(one, dict) and str(one.get("index", 0)).isdigit() for one in value.values())


def _is_lookup(value: dict[str, Any]) -> bool:
    app, key, mappings = value.get("relatedApp"), value.get("relatedKeyField"), value.get("fieldMappings", [])
    return (
        isinstance(app, dict)
        and str(app.get("app", "")).isdigit()
        and isinstance(key, str)
        and _list_of(mappings, dict)
        and all(isinstance(each.get(part), str) for each in mappings for part in ("field", "relatedField"))
    )


def _complete(properties: dict[str, Any], *, in_table: bool) -> None:
    """Bring options into form, drop what the type cannot have, fill what depends on other properties."""
    if properties["type"] in CHOICES:
        properties["options"] = _options(properties["options"])
    if properties["type"] == "RADIO_BUTTON" and not properties.get("defaultValue"):
        properties["defaultValue"] = next(iter(properties["options"]), "")
    if properties.get("lookup"):
        for name in LOOKUP_DROPS:
            properties.pop(name, None)
        lookup = {"fieldMappings": [], "lookupPickerFields": [], "filterCond": "", "sort": NEWEST_FIRST}
        properties["lookup"] = lookup | properties["lookup"]
    if properties["type"] == "REFERENCE_TABLE":
        reference = {"filterCond": "", "displayFields": [], "sort": NEWEST_FIRST, "size": "5"}
        properties["referenceTable"] = reference | properties["referenceTable"]
    if properties["type"] not in CAN_BE_UNIQUE or in_table:
        properties.pop("unique", None)
    numbers = [name for name, value in properties.items() if type(value) in (int, float)]
    properties.update({name: str(properties[name]) for name in numbers})


def _options(given: Mapping[str, Any] | Iterable[str]) -> dict[str, dict[str, str]]:
    """Options in order; a plain list of labels is taken too."""
    if not isinstance(given, Mapping):
        return {label: {"label": label, "index": str(at)} for at, label in enumerate(given)}
    order = sorted(given, key=lambda label: int(given[label].get("index", 0)))
    return {label: {"label": label, "index": str(at)} for at, label in enumerate(order)}


def built_in_fields() -> dict[str, Field]:
    """Record number, creator and the rest, which every app has."""
    return {code: make(code, {"type": type_, "label": code.replace("_", " ")}) for code, type_ in BUILT_IN.items()}


def all_codes(fields: Mapping[str, Field]) -> set[str]:
    """Codes of all fields and cells: they share one space of names."""
    return set(fields).union(*(one.cells for one in fields.values()))
