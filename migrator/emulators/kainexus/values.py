"""Writing an item's fields, attributes and milestones: merged by id or name, what is not named stays. [inferred]"""

import html
from html.parser import HTMLParser
from typing import Any

from migrator.emulators.kainexus import instants
from migrator.emulators.kainexus.access import Key
from migrator.emulators.kainexus.incoming import as_list, as_object, as_text, pick
from migrator.emulators.kainexus.item import VALUE_KEY, Chosen, Item, MilestoneState
from migrator.emulators.kainexus.options import MILESTONE_STATUSES, TEXT_AREA_MAX, TEXT_MAX, Options
from migrator.emulators.kainexus.organization import Attribute, Choice, Field, FieldKind, Organization
from migrator.emulators.kainexus.refusal import Refusal

_VALUE_KEYS = ("value", "numericValue", "dateValue", "htmlValue")


def write_fields(item: Item, value: Any, org: Organization, options: Options) -> None:
    """Set the fields that `value` names. Raises Refusal NOT_FOUND, NOT_VALID, SIZE, EMPTY."""
    for entry in as_list(value, "fields"):
        each = item.template.field(as_object(entry, "fields"))
        if not _gives_value(entry, each):
            continue
        stored = _stored(entry, each, org, options)
        if stored is None:
            item.fields.pop(each.id, None)
        else:
            item.fields[each.id] = stored


def check_required(item: Item) -> None:
    """Refusal EMPTY where a required field of the template is blank. [seed]"""
    for each in item.template.fields:
        if each.required and each.id not in item.fields:
            raise Refusal("EMPTY", f'field "{each.name}" is required')


def _gives_value(entry: dict[str, Any], each: Field) -> bool:
    """Whether the entry carries a value; one under another kind's key, or for an ad hoc field, is NOT_VALID."""
    right = VALUE_KEY[each.kind]
    given = False
    for key in _VALUE_KEYS:
        if key not in entry:
            continue
        if key == right or (key == "htmlValue" and each.kind is FieldKind.TEXT_AREA):
            given = True
        elif entry[key] is not None:
            raise Refusal("NOT_VALID", f'field "{each.name}" is a {each.kind} field: send {right}, not {key}')
    if given and each.ad_hoc:
        raise Refusal("NOT_VALID", f'"{each.name}" is an ad hoc field; these can not be written')
    return given


def _stored(entry: dict[str, Any], each: Field, org: Organization, options: Options) -> Any:
    """The value as it is kept, None for an empty one."""
    if each.kind is FieldKind.TEXT_AREA:
        return _text_area(entry, each, options)
    value = entry[VALUE_KEY[each.kind]]
    if value is None:
        return None
    if each.kind is FieldKind.TEXT:
        return _text(value, each, options, TEXT_MAX) or None
    if each.kind is FieldKind.NUMBER:
        return _number(value, each)
    moment = instants.parse(value, f'field "{each.name}"', lenient=options.lenient_dates)
    return instants.show(instants.local_midnight(moment, org.zone) if each.kind is FieldKind.DATE else moment)


def _number(value: Any, each: Field) -> float:
    """Numbers are kept as floating point: 1 is read as 1.0. [inferred]"""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("NOT_VALID", f'field "{each.name}" is a number field, {value!r} is no number')
    return float(value)


def _text(value: Any, each: Field, options: Options, limit: int) -> str:
    if not isinstance(value, str):
        raise Refusal("NOT_VALID", f'field "{each.name}" is a text field, {value!r} is no text')
    kept = value.strip() if options.trim_text else value
    if kept and not each.min_size <= len(kept) <= (each.max_size or limit):
        raise Refusal("SIZE", f'field "{each.name}" has {len(kept)} characters, outside its limits')
    return kept


def _text_area(entry: dict[str, Any], each: Field, options: Options) -> tuple[str, str] | None:
    """(plain, html): `htmlValue`, if given, is stored and `value` is its text, else html is escaped. [assumption]"""
    rich = entry.get("htmlValue")
    if rich:
        markup = _text(rich, each, options, TEXT_AREA_MAX)
        return (text_of(markup), markup) if markup else None
    plain = entry.get("value")
    if plain is None:
        return None
    text = _text(plain, each, options, TEXT_AREA_MAX)
    return (text, html.escape(text)) if text else None


class _Text(HTMLParser):
    """Collects the text of a piece of HTML; breaks and ends of blocks become line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div", "li"):
            self.parts.append("\n")


def text_of(markup: str) -> str:
    """The plain text of a piece of HTML."""
    parser = _Text()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts).strip()


def write_attributes(item: Item, value: Any, org: Organization) -> None:
    """Set the attributes that `value` names; an attribute's values replace the old ones.

    Raises Refusal NOT_FOUND, NOT_VALID, SIZE (too many values), INVALID_CHANGE (a note where none is supported;
    a conditional attribute without the one it hangs on, or whose condition does not hold).
    """
    entries = [as_object(entry, "attributes") for entry in as_list(value, "attributes")]
    named = [(pick(item.template.attributes, entry, "attribute"), entry) for entry in entries]
    together = {each.id for each, _ in named}
    for each, entry in named:
        _check_score(each, entry)
        if "values" in entry:
            item.attributes[each.id] = [_chosen(each, one, org) for one in as_list(entry["values"], each.name)]
    for each, _ in named:
        _check_shown(each, item, together)
        if each.max_values is not None and len(item.attributes.get(each.id, ())) > each.max_values:
            raise Refusal("SIZE", f'attribute "{each.name}" takes at most {each.max_values} value(s)')
    _drop_hidden(item)


def _check_score(each: Attribute, entry: dict[str, Any]) -> None:
    """An attribute of a weighted score needs the score's name or id [seed]; the code is [assumption]."""
    given = entry.get("scoreId", entry.get("score"))
    if each.score is not None and given not in (*each.score, str(each.score[0])):
        raise Refusal("NOT_FOUND", f'attribute "{each.name}" belongs to a weighted score: name it in "score"')


def _chosen(each: Attribute, value: Any, org: Organization) -> Chosen:
    entry = as_object(value, each.name)
    note = as_text(entry.get("note"), f'note of "{each.name}"')
    if each.kind == "choice":
        choice: Choice = pick(each.values, entry, f'value of "{each.name}"')
        if note is not None and not choice.notes:
            raise Refusal("INVALID_CHANGE", f'value "{choice.name}" of "{each.name}" takes no note')
        return Chosen(choice.id, note)
    if note is not None:
        raise Refusal("INVALID_CHANGE", f'attribute "{each.name}" takes no notes')
    if each.kind == "person":
        named = entry if "username" in entry else {**entry, "username": entry.get("name")}
        return Chosen(org.user(named, each.name).id)
    return Chosen(org.location(entry, each.name).id)


def _check_shown(each: Attribute, item: Item, together: set[int]) -> None:
    """All attributes of a condition have to be in the request [seed]; the code is [assumption]."""
    if each.shown_if is None or not item.attributes.get(each.id):
        return
    if each.shown_if[0] not in together:
        raise Refusal("INVALID_CHANGE", f'"{each.name}" is conditional: send the attribute it hangs on with it')
    if not _shown(each, item):
        raise Refusal("INVALID_CHANGE", f'"{each.name}" does not appear on this item: its condition does not hold')


def _shown(each: Attribute, item: Item) -> bool:
    if each.shown_if is None:
        return True
    other, wanted = each.shown_if
    return any(chosen.id == wanted for chosen in item.attributes.get(other, ()))


def _drop_hidden(item: Item) -> None:
    """A conditional attribute that no longer appears loses its values. [assumption]"""
    for each in item.template.attributes:
        if not _shown(each, item):
            item.attributes.pop(each.id, None)


def write_milestones(item: Item, value: Any, org: Organization, key: Key) -> None:
    """Set the milestones that `value` names. Raises Refusal NOT_FOUND, NOT_VALID, ACCESS_DENIED (approver role)."""
    for raw in as_list(value, "milestones"):
        entry = as_object(raw, "milestones")
        each = pick(item.template.milestones, entry, "milestone")
        before = item.milestones[each.id]
        status = MILESTONE_STATUSES.get(str(entry.get("status") or before.status))
        if status is None:
            raise Refusal("NOT_VALID", f'milestone "{each.name}": {entry["status"]!r} is no milestone status')
        if status != before.status and each.approver_roles and not each.approver_roles & key.roles:
            raise Refusal("ACCESS_DENIED", f'milestone "{each.name}" needs one of its approver roles')
        by = entry.get("lastUpdatedBy")
        item.milestones[each.id] = MilestoneState(
            status,
            as_text(entry.get("notes", before.notes), f'notes of "{each.name}"'),
            org.user(by, f'milestone "{each.name}"').id if by is not None else before.by,
        )
