"""From a value as sent to the value as kept: one writer per field, compiled when the form is deployed.

A writer returns what reading will show. What breaks a rule it notes in `Work.errors` under the vendor's key; a
wrong JSON type raises CB_IJ01.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.emulators.kintone import assumptions, dates, numeric, problems
from migrator.emulators.kintone.form import Field

if TYPE_CHECKING:
    from migrator.emulators.kintone.access import Caller
    from migrator.emulators.kintone.app import App
    from migrator.emulators.kintone.tenant import Tenant


@dataclass(slots=True)
class Work:
    """What writing one record knows: where it happens, who does it, the values before, the errors so far."""

    tenant: "Tenant"
    app: "App"
    caller: "Caller"
    now: float
    errors: dict[str, list[str]] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)

    def wrong(self, key: str, message: str) -> None:
        """Note a broken rule."""
        self.errors.setdefault(key, []).append(message)


Writer = Callable[[Any, str, Work], Any]
"""(value as sent, key of the record such as "records[3]", work) -> value as kept."""


def cell_value(cell: Any) -> Any:
    """The `value` of `{"value": …}`; without one the cell counts as null."""
    if not isinstance(cell, dict):
        raise problems.bad_json()
    return cell.get("value")


def text_of(value: Any) -> str:
    """Text from a JSON value."""
    if isinstance(value, str):
        return value if assumptions.TEXT_KEEPS_LINE_ENDS else value.replace("\r\n", "\n")
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and assumptions.TEXT_TAKES_NUMBERS:
        return str(value)
    raise problems.bad_json()


def list_of(value: Any) -> list[Any]:
    """A list from a JSON value; null is the empty one."""
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise problems.bad_json()
    return value


def text_writer(one: Field, app: "App") -> Writer:
    """SINGLE_LINE_TEXT and MULTI_LINE_TEXT: lengths are checked, empty text included. [observed]"""
    low, high, key = (
        one.properties.get("minLength") or "",
        one.properties.get("maxLength") or "",
        f".{one.code}.value",
    )
    if not low and not high:
        as_is = assumptions.TEXT_KEEPS_LINE_ENDS
        return lambda value, prefix, work: value if as_is and value.__class__ is str else text_of(value)
    shortest, longest = int(low or 0), int(high or 1 << 31)

    def write(value: Any, prefix: str, work: Work) -> str:
        text = text_of(value)
        if len(text) > longest:
            work.wrong(prefix + key, f"Enter less than {longest + 1} characters.")
        if len(text) < shortest:
            work.wrong(prefix + key, f"Enter more than {shortest - 1} characters.")
        return text

    return write


_LINKS = {
    "WEB": (re.compile(r"https?://\S+\Z", re.IGNORECASE), "Enter a valid URL."),
    "CALL": (re.compile(r"[0-9+*#()./ -]+\Z"), "Enter a valid phone number."),
    "MAIL": (re.compile(r"[^@\s]+@[^@\s]+\Z"), "Enter a valid email address."),
}


def link_writer(one: Field, app: "App") -> Writer:
    """LINK: length and protocol; both complaints stand under one key."""
    length = text_writer(one, app)
    pattern, message = _LINKS[one.properties["protocol"]]

    def write(value: Any, prefix: str, work: Work) -> Any:
        text = length(value, prefix, work)
        if text and not pattern.match(text):
            work.wrong(f"{prefix}.{one.code}.value", message)
        return text

    return write


_SCRIPTS = re.compile(r"<\s*(script|style|iframe|object)\b.*?<\s*/\s*\1\s*>", re.IGNORECASE | re.DOTALL)
_HANDLERS = re.compile(r"\s+on\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)


def html_writer(one: Field, app: "App") -> Writer:
    """RICH_TEXT: scripts and on-attributes are cleaned away."""

    def write(value: Any, prefix: str, work: Work) -> str:
        text = text_of(value)
        if not assumptions.HTML_IS_CLEANED:
            return text
        return _HANDLERS.sub("", _SCRIPTS.sub("", text))

    return write


def number_writer(one: Field, app: "App") -> Writer:
    """NUMBER: rounded without a word; no number is an error, but in a table it is stored as empty. [observed]"""
    low, high = one.properties.get("minValue") or None, one.properties.get("maxValue") or None
    bracket, key, precision = f"[{one.code}].value", f".{one.code}.value", app.precision

    def write(value: Any, prefix: str, work: Work) -> str:
        text = repr(value) if value.__class__ is float else text_of(value)
        if not text.strip():
            return assumptions.EMPTY_NUMBER
        try:
            kept = numeric.stored(text, precision)
        except numeric.NotANumber:
            if one.table is None:
                work.wrong(prefix + bracket, "Only numbers are allowed.")
            return assumptions.EMPTY_NUMBER
        if low is not None and numeric.parse(kept) < numeric.parse(low):
            work.wrong(prefix + key, f"The value must be {low} or more.")
        if high is not None and numeric.parse(kept) > numeric.parse(high):
            work.wrong(prefix + key, f"The value must be {high} or less.")
        return kept

    return write


def moment_writer(one: Field, app: "App") -> Writer:
    """DATE, TIME, DATETIME: brought to the one form that reading shows."""
    form, empty = {
        "DATE": (dates.stored_date, None),
        "TIME": (dates.stored_time, None),
        "DATETIME": (dates.stored_datetime, ""),
    }[one.type]
    message = {
        "DATE": "Enter a valid date.",
        "TIME": "Enter a valid time.",
        "DATETIME": "Enter a valid date and time.",
    }

    def write(value: Any, prefix: str, work: Work) -> str | None:
        text = text_of(value)
        if not text:
            return empty
        try:
            return form(text)
        except ValueError:
            work.wrong(f"{prefix}.{one.code}.value", message[one.type])
            return empty

    return write


def choice_writer(one: Field, app: "App") -> Writer:
    """DROP_DOWN and RADIO_BUTTON: one of the options; empty clears, a radio button falls back to its default."""
    options = one.options
    radio = one.type == "RADIO_BUTTON" and assumptions.EMPTY_RADIO_FALLS_BACK
    empty = one.properties.get("defaultValue") if radio else None

    def write(value: Any, prefix: str, work: Work) -> str | None:
        text = text_of(value)
        if not text:
            return empty
        if text not in options:
            work.wrong(f"{prefix}.{one.code}.value", f'The value, "{text}", is not in options.')
        return text

    return write


def choices_writer(one: Field, app: "App") -> Writer:
    """CHECK_BOX and MULTI_SELECT: each one of the options."""
    options = list(one.properties["options"])
    known = frozenset(options)

    def write(value: Any, prefix: str, work: Work) -> list[str]:
        chosen = [text_of(entry) for entry in list_of(value)]
        for at, label in enumerate(chosen):
            if label not in known:
                work.wrong(f"{prefix}.{one.code}.values[{at}].value", f'The value, "{label}", is not in options.')
        if not assumptions.CHOICES_READ_AS_SENT:
            chosen.sort(key=lambda label: options.index(label) if label in known else -1)
        return chosen

    return write


def people_writer(one: Field, app: "App") -> Writer:
    """USER_SELECT, ORGANIZATION_SELECT, GROUP_SELECT: codes must exist; names are added."""
    kind = one.type.partition("_")[0]

    def write(value: Any, prefix: str, work: Work) -> list[dict[str, str]]:
        found = {}
        for entry in list_of(value):
            if not isinstance(entry, dict):
                raise problems.bad_json()
            code = text_of(entry.get("code"))
            found[code] = work.tenant.person(kind, code)
        return list(found.values())

    return write


def file_writer(one: Field, app: "App") -> Writer:
    """FILE: upload keys are attached under a new key; keys already in this record are kept."""

    def write(value: Any, prefix: str, work: Work) -> list[dict[str, str]]:
        kept = {entry["fileKey"]: entry for entry in _files_in(work.old)}
        found = []
        for entry in list_of(value):
            if not isinstance(entry, dict):
                raise problems.bad_json()
            key = text_of(entry.get("fileKey"))
            found.append(kept[key] if key in kept else work.tenant.files.attach(key, work.now))
        return found

    return write


def _files_in(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every file entry of a record, those in tables too."""
    found: list[dict[str, str]] = []
    for value in values.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            if "fileKey" in value[0]:
                found += value
            elif "value" in value[0]:
                for row in value:
                    found += _files_in({code: cell["value"] for code, cell in row["value"].items()})
    return found


WRITERS: dict[str, Callable[[Field, "App"], Writer]] = {
    "SINGLE_LINE_TEXT": text_writer,
    "MULTI_LINE_TEXT": text_writer,
    "RICH_TEXT": html_writer,
    "LINK": link_writer,
    "NUMBER": number_writer,
    "DATE": moment_writer,
    "TIME": moment_writer,
    "DATETIME": moment_writer,
    "DROP_DOWN": choice_writer,
    "RADIO_BUTTON": choice_writer,
    "CHECK_BOX": choices_writer,
    "MULTI_SELECT": choices_writer,
    "USER_SELECT": people_writer,
    "ORGANIZATION_SELECT": people_writer,
    "GROUP_SELECT": people_writer,
    "FILE": file_writer,
}
"""Type -> maker of its writer; a type that is not here cannot be written as a plain field."""


def default_of(one: Field, work: Work) -> Any:
    """What a field holds that an add left out, as sent; None where it has no default."""
    properties = one.properties
    if properties.get("defaultNowValue"):
        return work.tenant.now_text(one.type, work)
    given = properties.get("defaultValue")
    if one.type in ("USER_SELECT", "GROUP_SELECT", "ORGANIZATION_SELECT") and given:
        return [_person_default(entry, work) for entry in given]
    return given or None


def _person_default(entry: Mapping[str, Any], work: Work) -> dict[str, Any]:
    return {"code": work.caller.user.code if entry["code"] == "LOGINUSER()" else entry["code"]}
