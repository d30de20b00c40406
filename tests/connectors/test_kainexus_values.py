"""KaiNexus' pure parts: dates, numbers, names, what is sent, what is compared, what answers mean."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.connectors.kainexus import KaiNexus, instants, items, resolutions, scalars
from migrator.connectors.kainexus.checks import objections
from migrator.connectors.kainexus.directory import Directory, places_of, users_of
from migrator.connectors.kainexus.learning import field_table, learn
from migrator.connectors.kainexus.records import to_record
from migrator.connectors.kainexus.stored import stored
from migrator.contract import Writing
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.values import Collection, Kind, Ref, Value

CHICAGO = ZoneInfo("America/Chicago")
ZONES = st.sampled_from(["America/Chicago", "Asia/Tokyo", "UTC", "Asia/Beirut", "America/Sao_Paulo", "Africa/Cairo"])

HIGH = {"id": 41, "name": "High"}
SAMPLE: dict[str, Any] = {
    "id": 7,
    "templateId": 170,
    "templateName": "Idea",
    "summary": "a",
    "status": "NEW",
    "authors": [{"id": 4, "username": "ann"}],
    "responsibleLocations": [{"id": 5, "name": "Plant North"}],
    "createDate": "2023-02-05T16:25:16.000+0000",
    "fields": [
        {"id": 1, "name": "Note", "value": "text", "htmlValue": "<b>text</b>"},
        {"id": 3, "name": "Cost", "numericValue": 12.0},
        {"id": 4, "name": "Due", "dateValue": "2023-06-01T05:00:00.000+0000"},
        {"id": 5, "name": "Live", "dateValue": "2023-06-01T05:30:00.000+0000"},
        {"id": 6, "name": "Empty"},
        {"id": 8, "name": "Risk", "value": "high"},
        {"id": 9, "name": "Twin", "value": "one"},
        {"id": 10, "name": "Twin", "value": "two"},
        {"id": 11, "name": "status", "value": "own"},
    ],
    "attributes": [
        {"id": 2, "name": "Category", "values": [{"id": 30, "name": "Safety", "note": "dark"}]},
        {"id": 3, "name": "Risk", "score": "Priority", "values": [{"id": 40, "name": "Low"}, HIGH]},
    ],
    "milestones": [{"id": 7, "name": "Adjust", "status": "NOT READY", "notes": "soon"}],
}  # fmt: skip
LAYOUT = learn([SAMPLE], {}, CHICAGO)
KNOWN = Directory(
    users=users_of(
        [
            {"id": 4, "username": "ann", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"},
            {"id": 5, "username": "bo", "firstName": "Bo", "lastName": "Lee"},
            {"id": 6, "username": "bo2", "firstName": "Bo", "lastName": "Lee"},
        ],
        whole=True,
    ),
    places=places_of([{"id": 5, "name": "Plant North"}], whole=True),
)


def change(action: Action, after: dict[str, Value], **more: Any) -> Change:
    target = None if action is Action.CREATE else "7"
    return Change(id="0" * 32, step="s", phase=Phase.WRITE, action=action, after=after, target_id=target, **more)


def sent(action: Action, after: dict[str, Value], **more: Any) -> dict[str, Any]:
    return items.to_item(LAYOUT, KNOWN, change(action, after, **more), {"templateId": 170}, notify=False)


# ---------------------------------------------------------------- dates and numbers


@given(st.dates(date(1950, 1, 1), date(2037, 12, 31)), ZONES)
def test_a_day_survives_its_local_midnight(day: date, name: str) -> None:
    """Also where daylight saving time skips midnight: the instant of a day is of that day, and its beginning."""
    zone = ZoneInfo(name)
    moment = instants.midnight(day, zone)
    assert instants.day(moment, zone) == day.isoformat()
    assert instants.is_midnight(moment, zone)
    assert instants.parse(instants.sent(moment), zone) == moment == instants.parse(instants.shown(moment), zone)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_an_instant_is_sent_in_the_documented_form(naive: datetime) -> None:
    """Milliseconds, offset without colon, four digits of year; reading brings back the second."""
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    text = instants.sent(moment)
    assert len(text) == len("2019-04-29T16:30:40.000+0000") and text.endswith(".000+0000")
    assert instants.parse(text, CHICAGO) == moment


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-15", "2024-01-15T06:00:00Z"),
        ("2024-07-15", "2024-07-15T05:00:00Z"),
        ("2024-01-15T10:00", "2024-01-15T16:00:00Z"),
        ("2024-01-15T10:00:00.999+09:00", "2024-01-15T01:00:00Z"),
        ("2019-04-29T16:30:40.000+0000", "2019-04-29T16:30:40Z"),
        ("tomorrow", None),
        ("2024-02-30", None),
        (20240115, None),
    ],
)
def test_dates_are_read_in_the_organization_s_zone(text: object, instant: str | None) -> None:
    found = instants.parse(text, CHICAGO)
    assert (found and instants.shown(found)) == instant


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_numbers_compare_however_they_are_spelled(number: Any) -> None:
    """Text, float and trailing zeros are one; what is sent reads back as the same."""
    text = scalars.decimal(str(number))
    assert text == scalars.decimal(float(number)) == scalars.decimal(f"{number}000" if "." in str(number) else number)
    assert scalars.decimal(orjson.loads(orjson.dumps(scalars.number(str(number))))) == text


@pytest.mark.parametrize("wrong", ["1e999999", "NaN", "abc", "", True, None])
def test_what_is_no_number_is_none(wrong: Value) -> None:
    assert scalars.number(wrong) is None


# ---------------------------------------------------------------- names


def test_samples_tell_names_kinds_and_clashes() -> None:
    """A midnight is a date, another time a date-time; a name that two things bear goes by its long form only."""
    fields = field_table(LAYOUT)
    kinds = {name: field.kind for name, field in fields.items()}
    assert (kinds["Cost"], kinds["Due"], kinds["Live"], kinds["Empty"]) == (
        Kind.NUMBER,
        Kind.DATE,
        Kind.DATETIME,
        Kind.TEXT,
    )
    assert kinds["html:Note"] is Kind.RICH_TEXT and kinds["status"] is Kind.CHOICE
    assert "Risk" not in fields and {"field:Risk", "attribute:Risk", "field:status"} <= set(fields)
    assert "Twin" not in fields and {"field:#9", "field:#10"} <= set(fields)


def test_one_name_in_two_templates_is_one_field() -> None:
    """Templates give a field of the same name ids of their own: a card that mixes them shows one name."""
    other = {"id": 8, "fields": [{"id": 31, "name": "Cost", "numericValue": 1.0}]}
    layout = learn([SAMPLE, other], {}, CHICAGO)
    assert [to_record(item, layout, ()).fields["Cost"] for item in (SAMPLE, other)] == [12.0, 1.0]


def test_what_is_declared_wins() -> None:
    layout = learn([SAMPLE], {"Live": "date", "Empty": "number", "New": "attribute"}, CHICAGO)  # type: ignore[dict-item]
    kinds = {name: field.kind for name, field in field_table(layout).items()}
    assert (kinds["Live"], kinds["field:Live"], kinds["Empty"], kinds["New"]) == (
        Kind.DATE,
        Kind.DATE,
        Kind.NUMBER,
        Kind.JSON,
    )


def test_a_record_speaks_the_playbook_s_words() -> None:
    """User names, names of places and values, days, seconds in UTC; nothing that clashes hides another."""
    fields = to_record(SAMPLE, LAYOUT, None).fields
    assert fields["authors"] == ("ann",) and fields["responsibleLocations"] == ("Plant North",)
    assert (fields["Due"], fields["Live"], fields["Cost"]) == ("2023-06-01", "2023-06-01T05:30:00Z", 12.0)
    assert (fields["Category"], fields["attribute:Risk"], fields["field:Risk"]) == ("Safety", ("Low", "High"), "high")
    assert (fields["field:#9"], fields["field:#10"], fields["field:status"], fields["status"]) == (
        "one",
        "two",
        "own",
        "NEW",
    )
    assert fields["attribute-notes:Category"] == {"Safety": "dark"} and fields["milestone-notes:Adjust"] == "soon"


# ---------------------------------------------------------------- what is sent


def test_an_update_names_its_id_and_only_what_changes() -> None:
    item = sent(Action.UPDATE, {"status": "ACTIVE", "Cost": "3.50", "Due": "2024-07-01", "Note": None, "authors": ()})
    assert item == {
        "id": 7,
        "status": "ACTIVE",
        "authors": [],
        "fields": [
            {"id": 3, "name": "Cost", "numericValue": 3.5},
            {"id": 4, "name": "Due", "dateValue": "2024-07-01T05:00:00.000+0000"},
            {"id": 1, "name": "Note", "value": None},
        ],
        "suppressNotifications": True,
    }


def test_a_create_leaves_out_what_is_empty_and_says_comments_once() -> None:
    item = sent(Action.CREATE, {"summary": "a", "Cost": None, "comments": ("hi", {"author": "ann", "comment": "ho"})})
    assert item == {
        "templateId": 170,
        "summary": "a",
        "comments": [{"comment": "hi"}, {"author": {"id": 4}, "comment": "ho"}],
        "suppressNotifications": True,
    }


@pytest.mark.parametrize("name", ["ann", "ANN", "4", "ann@example.com", "Ann Lee"])
def test_a_person_has_many_names_and_one_id(name: str) -> None:
    assert sent(Action.UPDATE, {"responsible": name})["responsible"] == {"id": 4}
    assert stored(LAYOUT, KNOWN, None, {"authors": (name, "bo"), "responsible": name}) == {
        "authors": ("4", "5"),
        "responsible": "4",
    }


def test_values_notes_and_score_of_an_attribute_travel_in_one_entry() -> None:
    item = sent(
        Action.UPDATE,
        {"attribute-notes:Category": {"Safety": "new"}, "attribute:Risk": "Low"},
        along={"Category": "Safety"},
    )
    assert item["attributes"] == [
        {"id": 2, "name": "Category", "values": [{"id": 30, "name": "Safety", "note": "new"}]},
        {"id": 3, "name": "Risk", "score": "Priority", "values": [{"id": 40, "name": "Low"}]},
    ]


def test_companions_bring_all_attributes_and_their_notes() -> None:
    """A condition may join any of them; KaiNexus wants every attribute that takes part in the same request."""
    collection = Collection(id="Idea", name="Idea", fields=None, extra={"layout": LAYOUT})
    writing = Writing(write=Write(system="t", collection="Idea"), options=None, collection=collection)
    target = KaiNexus(None, None)  # type: ignore[arg-type]  # companions look at neither
    assert target.companions(writing, frozenset({"Category"})) == {
        "attribute:Risk",
        "attribute-notes:Risk",
        "attribute-notes:Category",
    }
    assert target.companions(writing, frozenset({"milestone-notes:Adjust"})) == {"Adjust"}
    assert target.companions(writing, frozenset({"Cost", "summary"})) == frozenset()


def test_a_ref_in_a_list_does_not_trip_planning() -> None:
    ref = Ref(target="t", collection="c", source="s", source_collection="c", source_id="1")
    assert stored(LAYOUT, KNOWN, None, {"authors": (ref, "ann"), "parentId": ref}) == {
        "authors": (ref, "4"),
        "parentId": ref,
    }
    assert objections(LAYOUT, KNOWN, change(Action.UPDATE, {"authors": (ref,)}), status_checks=True) == []


@pytest.mark.parametrize(
    ("action", "after", "before", "words"),
    [
        (Action.UPDATE, {"status": "NEW", "customStatus": "New"}, {}, "both given"),
        (Action.UPDATE, {"status": "DRAFT"}, {"status": "NEW"}, "return to DRAFT"),
        (Action.UPDATE, {"status": "DRAFT"}, {"status": "DRAFT"}, None),
        (Action.CREATE, {"status": "OPEN", "authors": ("ann",)}, None, "no type of status"),
        (Action.CREATE, {"status": "COMPLETE", "authors": ("ann",)}, None, "needs completeDate"),
        (Action.CREATE, {"status": "ACTIVE", "authors": ("ann",), "responsible": "ann"}, None, "needs assigner"),
        (Action.CREATE, {"status": "NEW"}, None, "needs authors"),
        (Action.UPDATE, {"authors": ("nobody",)}, {}, 'no user "nobody"'),
        (Action.UPDATE, {"authors": ("Bo Lee",)}, {}, '2 users of KaiNexus are called "Bo Lee"'),
        (Action.UPDATE, {"responsibleLocations": ("Moon",)}, {}, 'no network location "Moon"'),
        (Action.UPDATE, {"Cost": "cheap"}, {}, "no number"),
        (Action.UPDATE, {"Due": "soon"}, {}, "neither a date"),
        (Action.UPDATE, {"parentId": "x"}, {}, "no id of an item"),
        (Action.UPDATE, {"Cost": "1", "field:Cost": "2"}, {}, "two names"),
        (Action.UPDATE, {"summary": "a", "Cost": 1, "Due": None, "authors": ("ann", "bo")}, {}, None),
    ],
)
def test_what_can_never_be_sent_is_said_while_planning(
    action: Action, after: dict[str, Value], before: Any, words: str | None
) -> None:
    found = objections(LAYOUT, KNOWN, change(action, after, before=before), status_checks=True)
    assert bool(found) is (words is not None)
    assert words is None or words in found[0].summary
    assert all(problem.place is not None and problem.place.field for problem in found)


# ---------------------------------------------------------------- what is compared

TAKT = {"typeName": "Takt", "amount": 5}
APRIL, MAY = {"year": 2020, "month": 4, "value": 1.0}, {"year": 2020, "month": 5, "value": 2}
LEAVES = st.text("ab ", max_size=3) | st.integers(0, 3) | st.booleans()
ENTRIES = st.lists(st.fixed_dictionaries({}, optional={"id": st.integers(1, 3), "title": LEAVES, "amount": LEAVES}))
BLOCKS = st.fixed_dictionaries({}, optional={"result": LEAVES, "impacts": ENTRIES, "investments": ENTRIES})


@given(BLOCKS, BLOCKS)
def test_what_a_block_was_written_over_is_then_found_to_hold_it(wanted: Any, found: Any) -> None:
    """Writing a resolution over what the writing left changes nothing and sends no entry again."""
    once = resolutions.merged(wanted, found, CHICAGO)
    assert resolutions.merged(once, once, CHICAGO) == once


@pytest.mark.parametrize(
    ("slot", "wanted", "found", "equal"),
    [
        ("resolutionActual", {"impacts": (TAKT,)}, {"impacts": ({**TAKT, "id": 3, "amount": 5.0, "more": 9},)}, True),
        ("resolutionActual", {"impacts": ({**TAKT, "amount": 6},)}, {"impacts": ({"id": 3, **TAKT},)}, False),
        ("resolutionActual", {"result": "CHANGE"}, {"result": "CHANGE", "impacts": ()}, True),
        ("resolutionForecast", {"investments": ({"id": 1, "monthlyValues": (MAY, APRIL)},)},
         {"investments": ({"id": 1, "typeId": 2, "monthlyValues": (APRIL, MAY)},)}, True),
        ("customStatus", "Active", "Active (Overdue)", True),
        ("Adjust", "NOT_READY", "NOT READY", True),
        ("Note", "text  ", "text", True),
        ("Note", "", None, True),
        ("Due", "2023-06-01T17:00:00Z", "2023-06-01", True),
        ("Live", "2023-06-01T00:30:00-05:00", "2023-06-01T05:30:00Z", True),
        ("attribute:Risk", ("High", "40"), ("Low", "High"), True),
        ("Category", None, ("Safety",), False),
        ("comments", ("hi",), None, True),
        ("status", None, "NEW", True),
        ("private", None, False, True),
        ("Cost", "12", 12.0, True),
        ("Cost", "12.01", 12.0, False),
    ],
)  # fmt: skip
def test_wanted_and_found_compare_as_the_server_keeps_them(
    slot: str, wanted: Value, found: Value, equal: bool
) -> None:
    one = stored(LAYOUT, KNOWN, {slot: found}, {slot: wanted})
    other = stored(LAYOUT, KNOWN, {slot: found}, {slot: found})
    assert (one == other) is equal


def test_an_entry_that_stands_is_not_sent_a_second_time() -> None:
    """An entry without id adds one each time it is sent."""
    stands = {"id": 3, "typeName": "Takt", "amount": 5.0}
    wanted = {"result": "CHANGE", "impacts": ({"typeName": "Takt", "amount": 5}, {"typeName": "New"})}
    assert resolutions.to_send(wanted, {"impacts": (stands,)}, CHICAGO) == {
        "result": "CHANGE",
        "impacts": ({"typeName": "New"},),
    }
