"""Lookups: the key of another app's record copies that record's values, once, when the key is written."""

from collections.abc import Mapping
from typing import Any

from migrator.emulators.kintone import assumptions, numeric, problems
from migrator.emulators.kintone.form import Field
from migrator.emulators.kintone.rows import Row
from migrator.emulators.kintone.values import Work


def mapped_codes(one: Field) -> list[str]:
    """The fields that a lookup fills; nobody else can write them."""
    return [each["field"] for each in one.lookup["fieldMappings"]] if one.lookup else []


def check(fields: Mapping[str, Field]) -> None:
    """Raise GAIA_FC01 where a lookup fills a field that is not beside it."""
    for beside in (fields, *(one.cells for one in fields.values())):
        for one in beside.values():
            missing = set(mapped_codes(one)) - set(beside)
            if missing:
                raise problems.KintoneError(400, "GAIA_FC01", f"The field code {min(missing)} is not found.")


def copied(one: Field, key: Any, empties: dict[str, Any], work: Work) -> dict[str, Any]:
    """What the mapped fields get for `key`: the source's values, or empty ones where the key is empty."""
    lookup = one.lookup
    if lookup is None:
        return {}
    targets = mapped_codes(one)
    if key in ("", None):
        return {code: empties[code] for code in targets}
    found = _source(lookup, key, work)
    values = {}
    for mapping in lookup["fieldMappings"]:
        value = found.values.get(mapping["relatedField"])
        values[mapping["field"]] = empties[mapping["field"]] if value is None else value
    return values


def _source(lookup: dict[str, Any], key: Any, work: Work) -> Row:
    """The one record that `key` names. Raises GAIA_LO04 where there is none."""
    related = work.tenant.app(int(lookup["relatedApp"]["app"]))
    if not work.caller.may(related, "view"):
        raise problems.KintoneError(*assumptions.LOOKUP_WITHOUT_VIEW, "No right to view the looked-up app.")
    code = lookup["relatedKeyField"]
    field = related.fields.get(code)
    found: int | None = None
    if field is not None and field.type == "RECORD_NUMBER":
        number = str(key).rpartition("-")[2]
        found = int(number) if number.isdigit() and int(number) in related.table.rows else None
    elif field is not None and related.table.indexed(code):
        found = related.table.holder(code, _comparable(field, key, related.precision))
    elif field is not None:
        found = next((row.id for row in related.table if row.values[code] == key), None)
    if found is None:
        raise problems.KintoneError(
            400, "GAIA_LO04", "A value that does not exist in the datasource app was given for a lookup field."
        )
    return related.table.rows[found]


def _comparable(field: Field, key: Any, precision: numeric.Precision) -> Any:
    if field.type != "NUMBER":
        return key
    try:
        return numeric.stored(str(key), precision)
    except numeric.NotANumber:
        return None
