"""GLPI's pure parts: text as it is stored, moments in a zone, columns by name, patterns of searchText."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.connectors.glpi import columns, instants, text
from migrator.connectors.glpi.columns import Column, Sort
from migrator.connectors.glpi.form import Form, own_options
from migrator.connectors.glpi.query import pattern_of
from migrator.connectors.glpi.records import to_record
from migrator.connectors.glpi.stored import fold, one
from migrator.connectors.glpi.writing import to_payload
from migrator.model.values import Field, Kind

PARIS = ZoneInfo("Europe/Paris")


def form(itemtype: str = "Computer", **changed: Any) -> Form:
    """A type of the table, on a server in UTC."""
    known: dict[str, Any] = {
        "itemtype": itemtype, "columns": columns.known(itemtype), "whole": True, "options": {}, "zone": UTC,
        "encodes": True, "system": "glpi:x",
    }  # fmt: skip
    return Form(**{**known, **changed})


# ---------------------------------------------------------------- text


@given(st.text(st.sampled_from("&<>#;lt36082 amp")))
def test_a_sent_text_is_what_reading_decodes(wanted: str) -> None:
    """By the rule that the docs give: what looks encoded is stored as it is, all else is encoded."""
    given = text.sent(wanted)
    stored = given if text.looks_encoded(given) else text.encoded(given)
    assert text.decoded(stored) == wanted


@pytest.mark.parametrize(
    ("plain", "stored"),
    [("a < b & c", "a &#60; b &#38; c"), ("tom &amp; co", "tom &#38;amp; co"), ("\"it's\\", "\"it's\\")],
)
def test_three_characters_are_encoded_and_nothing_else(plain: str, stored: str) -> None:
    """As recordings of the real server show."""
    assert text.encoded(plain) == stored
    assert text.decoded(stored) == plain


def test_later_versions_store_text_as_it_is() -> None:
    """Then nothing is encoded, and nothing decoded."""
    new = form(encodes=False)
    assert to_payload(new, {"comment": "&lt;b&gt;"}) == {"comment": "&lt;b&gt;"}
    assert to_payload(form(), {"comment": "&lt;b&gt;"}) == {"comment": "&#38;lt;b&#38;gt;"}
    assert to_record({"id": 1, "_notes": [{"content": "&#60;"}]}, new).fields == {
        "id": 1,
        "_notes": ({"content": "&#60;"},),
    }


# ---------------------------------------------------------------- moments


@given(st.datetimes(datetime(1970, 1, 2), datetime(2038, 1, 18)))
def test_a_moment_goes_to_the_servers_zone_and_back(moment: datetime) -> None:
    """But for the second of two equal hours in autumn, which reads back as the first."""
    shown = moment.replace(microsecond=0).isoformat() + "Z"
    stored = instants.stored(shown, PARIS)
    assert instants.stored(stored, PARIS) == stored
    first = datetime.fromisoformat(stored) - datetime.fromisoformat(shown)
    assert first.total_seconds() in (0, -3600)
    assert instants.read(instants.written(shown, PARIS), PARIS) == stored


def test_what_is_no_moment_stays_as_it_is() -> None:
    """Zeros of an old table, and words."""
    assert instants.read("0000-00-00 00:00:00", PARIS) == "0000-00-00 00:00:00"
    assert instants.stored("soon", PARIS) == instants.written("soon", PARIS) == "soon"
    assert instants.stored("2024-02-03", UTC) == "2024-02-03T00:00:00Z"


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("name", "value", "datatype", "sort"),
    [
        ("networks_id", 0, "", Sort.KEY), ("users_id_tech", 0, "", Sort.KEY), ("items_id", 0, "", Sort.KEY),
        ("valid", 1, "bool", Sort.FLAG), ("is_x", 0, "", Sort.FLAG), ("speed", 10, "", Sort.INT),
        ("date_x", "2024-01-01 00:00:00", "", Sort.MOMENT), ("day", "2024-01-01", "date", Sort.DATE),
        ("cost", "1.50", "decimal", Sort.DECIMAL), ("release", "10.04", "string", Sort.TEXT),
        ("begin", None, "datetime", Sort.MOMENT), ("ratio", 0.5, "", Sort.FLOAT), ("anything", None, "", Sort.TEXT),
    ],
)  # fmt: skip
def test_columns_that_no_table_knows_are_guessed(name: str, value: Any, datatype: str, sort: Sort) -> None:
    """By their names, a value, and what the search option says."""
    found = columns.guessed(name, value, datatype)
    assert (found.sort, found.guess) == (sort, True)


@pytest.mark.parametrize(
    ("itemtype", "key"),
    [("Location", "locations_id"), ("Entity", "entities_id"), ("ITILCategory", "itilcategories_id"),
     ("Ticket", "tickets_id"), ("Glpi\\Socket", "sockets_id")],
)  # fmt: skip
def test_a_type_has_the_key_of_its_name(itemtype: str, key: str) -> None:
    """In the plural, in small letters, without its namespace."""
    assert columns.key_of(itemtype) == key


def test_the_table_of_columns_is_whole() -> None:
    """Every specification is understood; no type tells its id or a secret."""
    for itemtype in columns._table():
        found = columns.known(itemtype)
        assert found and "id" not in found
        assert not {"password", "api_token", "personal_token", "cookie_token"} & found.keys()
    assert columns.known("Computer")["serial"] == Column(name="serial", sort=Sort.TEXT, length=255)
    assert columns.known("Entity")["calendars_strategy"].default == -2
    with pytest.raises(ValueError, match="blob"):
        columns.column("x", "BLOB blob")


def test_search_options_tell_own_columns_and_keys() -> None:
    """By uid; columns of other tables are none of the type's."""
    told = {
        "common": {"name": "Characteristics"},
        "5": {
            "name": "Serial", "table": "glpi_computers", "field": "serial", "datatype": "string",
            "uid": "Computer.serial",
        },
        "3": {
            "name": "Location", "table": "glpi_locations", "field": "completename", "datatype": "dropdown",
            "uid": "Computer.Location.completename",
        },
        "24": {
            "name": "Tech", "table": "glpi_users", "field": "name", "datatype": "dropdown",
            "uid": "Computer.users_id_tech.User.name",
        },
        "101": {
            "name": "Address", "table": "glpi_locations", "field": "address", "datatype": "string",
            "uid": "Computer.Location.address",
        },
    }  # fmt: skip
    found = own_options("Computer", told)
    assert {name: option["number"] for name, option in found.items()} == {
        "serial": 5, "locations_id": 3, "users_id_tech": 24,
    }  # fmt: skip


# ---------------------------------------------------------------- keys and values


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("SN-1", "^SN-1$"), ("0", "^0$"), ("NULL", "^NULL$"), ("a<b>c", "^a%b%c$"), ("x & y", "^x % y$"),
        (" padded ", "%padded%"), ("^a", "%a$"), ("b$", "^b%"), ("50%", "^50%$"), ("a\\b", "^a%b$"), ("A_1", "^A_1$"),
    ],
)  # fmt: skip
def test_a_pattern_finds_at_least_the_key(key: str, pattern: str) -> None:
    """What searchText does not take as itself becomes a wildcard."""
    assert pattern_of(key) == pattern


def test_keys_fold_by_what_their_column_holds() -> None:
    """Numbers by value, a key that is not set as 0, texts as they are unless the database compares them otherwise."""

    def field(sort: Sort, *, alike: bool = False) -> Field:
        return Field(name="x", kind=Kind.TEXT, extra={"sort": sort.value, "alike": alike})

    assert fold(field(Sort.DECIMAL), "12.50") == fold(field(Sort.DECIMAL), "12.5") == "12.5"
    assert fold(field(Sort.INT), 100) == fold(field(Sort.INT), "100") == "100"
    assert fold(field(Sort.KEY), None) == "0"
    assert fold(field(Sort.TEXT), "0012") == "0012"
    assert fold(field(Sort.TEXT, alike=True), " Café") == fold(field(Sort.TEXT, alike=True), "CAFE")
    assert fold(None, None) == ""


@pytest.mark.parametrize(
    ("sort", "value", "shown"),
    [
        (Sort.INT, True, 1), (Sort.INT, "3.0", 3), (Sort.INT, None, 0), (Sort.KEY, "", 0),
        (Sort.DECIMAL, "-0.00001", "0.0000"), (Sort.DECIMAL, "2.00005", "2.0001"), (Sort.DECIMAL, None, "0.0000"),
        (Sort.FLOAT, "1234567.8", 1234570), (Sort.FLOAT, "0.1", 0.1), (Sort.FLOAT, None, 0),
        (Sort.FLOAT, 1e300, 1e300),
        (Sort.TIME, "07:30", "07:30:00"), (Sort.TIME, None, "00:00:00"), (Sort.DATE, " 2024-01-31", "2024-01-31"),
    ],
)  # fmt: skip
def test_values_read_back_in_the_columns_form(sort: Sort, value: Any, shown: Any) -> None:
    """Of columns that cannot be empty."""
    assert one(form(), Column(name="x", sort=sort, empty=False), value) == shown
