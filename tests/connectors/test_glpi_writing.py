"""Writing to GLPI: a result an item, answers that do not tell, trees, tickets, people, odd texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.connectors.glpi import Glpi
from migrator.contract import Answer, Done, Failed, Unknown
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import Conflict, Denied, LoginRefused, Refused, Throttled
from migrator.model.plan import Action
from migrator.model.run import Cause
from migrator.model.values import Ref, Value
from tests.connectors.glpi_desk import desk

CREATE, UPDATE, DELETE = Action.CREATE, Action.UPDATE, Action.DELETE


@pytest.fixture
def emulator() -> Emulator:
    """A server with samples."""
    return create_emulator("glpi", pace="off")


def done(result: Any) -> str:
    """The id of what came about."""
    assert isinstance(result, Done), result
    return result.target_id


# ---------------------------------------------------------------- a result an item


def test_a_create_that_fails_leaves_the_others_done(emulator: Emulator) -> None:
    """207 in the order of the input; all failed is 400 with the same list; a taken name is told as such."""
    with desk(emulator, "Location") as places:
        new, taken, other = places.create({"name": "A"}, {"name": "Paris"}, {"name": "B"})
        assert (type(new), type(other)) == (Done, Done)
        assert isinstance(taken, Failed) and taken.cause is Cause.TAKEN and "unicity" in taken.reason
        (again,) = places.create({"name": "PARIS"})
        assert isinstance(again, Failed) and again.cause is Cause.TAKEN
    with desk(emulator, "User") as people:
        good, login = people.create({"name": "new.one"}, {"name": "ANN"})
        assert isinstance(good, Done) and isinstance(login, Failed) and "already exists" in login.reason


def test_an_id_that_the_answer_leaves_out_is_unknown(emulator: Emulator) -> None:
    """Among others it is unknown; where none of them is found, nothing was written and they are gone."""
    with desk(emulator, "Computer") as computers:
        changes = [computers.change(UPDATE, number, {"name": f"new {number}"}) for number in ("1", "2", "3")]
        emulator.store.table("Computer").remove(2)
        results = computers.send(UPDATE, changes)
        assert [type(result) for result in results] == [Done, Unknown, Done]
        with pytest.raises(Conflict) as caught:
            computers.send(UPDATE, changes[1:2])
        assert caught.value.cause is Cause.GONE


def test_after_an_error_of_the_database_successes_carry_its_words(emulator: Emulator) -> None:
    """Only the boolean counts then; without such an error words beside `true` tell of a part that was not written."""
    body = (
        b'["ERROR_GLPI_PARTIAL_UPDATE",[{"3":true,"message":"Data too long"},{"2":false,"message":"Data too long"}]]'
    )
    with desk(emulator, "Computer") as computers:
        wrong, fine = computers.judged(UPDATE, 2, 207, body, "2", "3")
        assert isinstance(wrong, Failed) and isinstance(fine, Done)
    with desk(emulator, "User") as people:
        result = people.update(done(people.create({"name": "new.one"})[0]), {"name": "ann", "realname": "Lee"})
        assert isinstance(result, Failed) and "already exists" in result.reason and result.field == "name"
        (note,) = people.judged(UPDATE, 1, 200, b'[{"7":true,"message":"Mind the gap."}]', "7")
        assert isinstance(note, Done) and note.note == "Mind the gap."


@pytest.mark.parametrize(
    ("action", "status", "body", "kinds"),
    [
        (CREATE, 201, b'[{"id":7,"message":""}]', [Unknown, Unknown]),
        (CREATE, 201, b'[{"id":7,"message":""},{"id":7,"message":""}]', [Unknown, Unknown]),
        (CREATE, 201, b'[{"id":7,"message":""},{"id":true}]', [Done, Unknown]),
        (CREATE, 201, b'{"id":7,"message":""}', [Unknown, Unknown]),
        (CREATE, 207, b'["ERROR_GLPI_PARTIAL_ADD",[{"id":7},{"id":false,"message":""}]]', [Done, Failed]),
        (
            CREATE,
            400,
            b'["ERROR_GLPI_ADD",[{"id":false,"message":"x"},{"id":false,"message":"y"}]]',
            [Failed, Failed],
        ),
        (CREATE, 400, b'["ERROR_GLPI_ADD","no"]', [Unknown, Unknown]),
        (CREATE, 200, b"", [Unknown, Unknown]),
        (CREATE, 200, b"<html>", [Unknown, Unknown]),
        (UPDATE, 200, b"[[]]", [Unknown, Unknown]),
        (UPDATE, 200, b"true", [Unknown, Unknown]),
        (UPDATE, 200, b'[{"2":true,"message":""},{"1":true,"message":""}]', [Done, Done]),
        (UPDATE, 200, b'[{"2":true,"1":true,"message":""}]', [Done, Done]),
        (UPDATE, 200, b'[{"1":1,"message":""}]', [Unknown, Unknown]),
        (UPDATE, 500, b'["ERROR_UNKNOWN",""]', [Unknown, Unknown]),
        (DELETE, 200, b"[]", [Unknown, Unknown]),
        (DELETE, 204, b"", [Unknown, Unknown]),
        (DELETE, 207, b'["ERROR_GLPI_PARTIAL_DELETE",[{"1":true},{"2":false,"message":"x"}]]', [Done, Failed]),
    ],
)
def test_only_a_result_of_its_own_counts(
    emulator: Emulator, action: Action, status: int, body: bytes, kinds: list[type]
) -> None:
    """Fewer results, one id twice, another shape, an empty 200 after an accident: nobody knows."""
    with desk(emulator, "Computer") as computers:
        ids = () if action is CREATE else ("1", "2")
        assert [type(result) for result in computers.judged(action, 2, status, body, *ids)] == kinds


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'["ERROR_SESSION_TOKEN_INVALID","session_token seems invalid"]', LoginRefused),
        (400, b'["ERROR_SESSION_TOKEN_MISSING","parameter session_token is missing or empty"]', LoginRefused),
        (403, b'["ERROR_RIGHT_MISSING","You don\'t have permission to perform this action."]', Denied),
        (400, b'["ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM","resource not found"]', Refused),
        (400, b'["ERROR_JSON_PAYLOAD_INVALID","JSON payload seems not valid"]', Refused),
        (400, b'["ERROR_BAD_ARRAY","input parameter must be an array of objects"]', Refused),
        (429, b"slow down", Throttled),
    ],
)
def test_a_refusal_of_the_whole_request_is_an_error(emulator: Emulator, status: int, body: bytes, error: Any) -> None:
    """GLPI checks session, type, right and body before it writes anything."""
    with desk(emulator, "Computer") as computers, pytest.raises(error):
        computers.judged(CREATE, 2, status, body)


def test_an_accident_in_a_bulk_write_leaves_everybody_in_doubt(emulator: Emulator) -> None:
    """A category that is a word breaks PHP off: 200 and an empty page, though what was before it is done."""
    with desk(emulator, "Ticket") as tickets:
        changes = [tickets.change(CREATE, None, {"name": name}) for name in ("one", "two")]
        batch = tickets.batch(CREATE, changes)
        call = tickets.target.encode((batch,))
        assert isinstance(call.body, bytes)
        spoilt = call.body.replace(b'{"name":"two"}', b'{"name":"two","itilcategories_id":"word"}')
        answer = Answer(status=200, headers={}, body=b"")
        assert spoilt != call.body
        assert [type(result) for result in tickets.target.decode((batch,), answer)] == [Unknown, Unknown]
        with pytest.raises(Refused) as caught:
            tickets.create({"name": "two", "itilcategories_id": "word"})
        assert "is not the id of an item" in str(caught.value)


def test_a_write_without_the_right_fails_in_glpis_words(emulator: Emulator) -> None:
    """Each item for itself, under 400."""
    token = "glpi-sample-user-token-normal"
    with desk(emulator, "Computer", user_token=token) as computers:
        (result,) = computers.create({"name": "pc"})
        assert isinstance(result, Failed) and "permission" in result.reason


# ---------------------------------------------------------------- deletes


def test_a_delete_moves_to_the_trash_or_takes_away(emulator: Emulator) -> None:
    """By the option `purge`; an id that is not there is told as gone."""
    with desk(emulator, "Computer") as computers:
        changes = [computers.change(DELETE, number, {}) for number in ("1", "2")]
        emulator.store.table("Computer").remove(2)
        trashed, gone = computers.send(DELETE, changes)
        assert done(trashed) == "1" and isinstance(gone, Failed) and gone.cause is Cause.GONE
        assert emulator.store.row("Computer", 1)["is_deleted"] == 1
    with desk(emulator, "Computer", written=Glpi.WriteOptions(purge=True)) as computers:
        done(computers.send(DELETE, [computers.change(DELETE, "3", {})])[0])
        assert emulator.store.row("Computer", 3) is None


def test_an_item_comes_back_from_the_trash(emulator: Emulator) -> None:
    """By writing `is_deleted`; and one may be made straight into it."""
    with desk(emulator, "Computer") as computers:
        back = computers.change(UPDATE, "1", {"is_deleted": 0})
        done(computers.send(DELETE, [computers.change(DELETE, "1", {})])[0])
        done(computers.send(UPDATE, [back])[0])
        assert emulator.store.row("Computer", 1)["is_deleted"] == 0
        number = done(computers.create({"name": "old", "is_deleted": 1})[0])
        assert emulator.store.row("Computer", int(number))["is_deleted"] == 1


# ---------------------------------------------------------------- values


def test_what_is_empty_over_what_is_empty_is_no_change(emulator: Emulator) -> None:
    """null, "" and 0 are alike where nothing stands; a key is emptied with 0, since null would be an error."""
    number = str(emulator.store.add("Computer", name="x", serial="", comment=None, locations_id=1))
    with desk(emulator, "Computer") as computers:
        found = computers.record(number).fields
        for name, value in (("serial", None), ("comment", ""), ("states_id", None), ("states_id", "0")):
            stored = computers.target.as_stored(computers.writing, found, {name: value})
            assert stored == computers.target.as_stored(computers.writing, found, {name: found[name]})
        done(computers.update(number, {"locations_id": None}))
        assert emulator.store.row("Computer", int(number))["locations_id"] == 0


def test_numbers_and_decimals_are_alike_by_value(emulator: Emulator) -> None:
    """ "12.5" reads back as "12.5000", 27.505 is rounded; ids are numbers, texts of digits texts."""
    with desk(emulator, "Monitor") as monitors:
        wanted: Any = {"name": "m", "ticket_tco": "12.5", "size": "27.505", "locations_id": "1", "serial": "0012"}
        number = done(monitors.create(wanted)[0])
        found = monitors.record(number).fields
        assert (found["ticket_tco"], found["size"], found["locations_id"]) == ("12.5000", "27.51", 1)
        assert found["serial"] == "0012"
        assert monitors.stands(number, wanted)


def test_a_ref_stays_a_ref(emulator: Emulator) -> None:
    """What is known after the apply only is neither bent nor compared."""
    ref = Ref(target="t", collection="Location", source="s", source_collection="c", source_id="1")
    with desk(emulator, "Computer") as computers:
        stored = computers.target.as_stored(computers.writing, {"locations_id": 0}, {"locations_id": ref})
        assert stored == {"locations_id": ref}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"serial": "&" * 60}, "take five"),
        ({"comment": "<" * 14_000}, "bytes"),
        ({"locations_id": "Paris"}, "is not the id of an item"),
        ({"locations_id": "-1"}, "is no id"),
        ({"is_recursive": "0.5"}, "no whole number"),
        ({"ticket_tco": "wide"}, "is no number"),
        ({"last_boot": "2038-02-01T00:00:00Z"}, "1970 to January 2038"),
        ({"last_boot": "yesterday"}, "no date-time"),
        ({"serial": "\ud800"}, "no Unicode"),
    ],
)
def test_what_glpi_would_spoil_without_a_word_is_refused(emulator: Emulator, fields: Any, words: str) -> None:
    """Cut texts, zeroed numbers, dropped dates: found while planning, with the field."""
    with desk(emulator, "Computer") as computers, pytest.raises(Refused) as caught:
        computers.target.check_change(computers.writing, computers.change(CREATE, None, {"name": "x", **fields}))
    assert words in str(caught.value)
    place = caught.value.problems[0].place
    assert place is not None and place.field in fields


TEXTS = [
    "&lt;b&gt;",
    "a &#38; b",
    "&#60;",
    "tom &amp; co",
    "<b>&lt;",
    "a & b &#38;",
    "&amp;lt;",
    "&#38;lt;",
    "&;&#38;",
]


def test_text_that_looks_encoded_survives(emulator: Emulator) -> None:
    """GLPI takes it for encoded and would give back another; sent encoded once more, it reads back as it was."""
    with desk(emulator, "Computer") as computers:
        for text, result in zip(TEXTS, computers.create(*({"comment": text} for text in TEXTS)), strict=True):
            assert computers.record(done(result)).fields["comment"] == text


@settings(max_examples=30, deadline=None, database=None)
@given(st.lists(st.text(st.sampled_from("&<>#;ltgamp3608 "), max_size=25), min_size=1, max_size=20))
def test_any_text_survives(texts: list[str]) -> None:
    """Whatever it is made of."""
    with desk(create_emulator("glpi", seed="empty", pace="off"), "Computer") as computers:
        for text, result in zip(texts, computers.create(*({"comment": text} for text in texts)), strict=True):
            assert computers.record(done(result)).fields["comment"] in (text, text or None)


# ---------------------------------------------------------------- trees


def test_a_tree_item_keeps_its_place_when_it_is_renamed(emulator: Emulator) -> None:
    """Its parent goes along; without it GLPI would move it to the root."""
    with desk(emulator, "Location") as places:
        done(places.update("2", {"name": "  Ground floor "}))
        found = places.record("2").fields
        assert (found["locations_id"], found["completename"]) == (1, "Paris > Ground floor")
        assert places.stands("2", {"name": "  Ground floor "})
        assert places.target.companions(places.writing, frozenset({"comment"})) == frozenset()
        done(places.update("2", {"locations_id": "3"}))
        assert places.record("2").fields["completename"] == "東京 > Ground floor"
        loop = places.update("3", {"locations_id": "2"})
        assert isinstance(loop, Failed) and loop.reason == "GLPI gives no reason"


def test_an_entity_keeps_its_path_when_it_is_renamed(emulator: Emulator) -> None:
    """The root entity has no parent to send along."""
    branch = str(emulator.store.add("Entity", name="B", completename="Root entity > B", entities_id=0, level=2))
    with desk(emulator, "Entity") as entities:
        done(entities.update(branch, {"name": "Branch"}))
        assert entities.record(branch).fields["completename"] == "Root entity > Branch"
        done(entities.update("0", {"name": "All"}))
        assert entities.record("0").fields["name"] == "All"


# ---------------------------------------------------------------- tickets


def test_a_closed_ticket_takes_a_status_and_nothing_else(emulator: Emulator) -> None:
    """A new name beside a new status would be answered `true` and not be written: it is refused beforehand."""
    with desk(emulator, "Ticket") as tickets:
        done(tickets.update("1", {"status": 6}))
        both: tuple[Mapping[str, Value], ...] = ({"name": "new"}, {"name": "new", "status": 1})
        for after in both:
            with pytest.raises(Refused, match="takes a new status, nothing else"):
                tickets.update("1", after)
        done(tickets.update("1", {"status": 1}))
        done(tickets.update("1", {"name": "new"}))
        assert (tickets.record("1").fields["name"], tickets.record("1").fields["status"]) == ("new", 1)


def test_a_priority_stays_when_urgency_changes(emulator: Emulator) -> None:
    """A field that the playbook does not name is not touched: GLPI would compute it anew."""
    with desk(emulator, "Ticket") as tickets:
        done(tickets.update("1", {"priority": 6}))
        done(tickets.update("1", {"urgency": 1}))
        found = tickets.record("1").fields
        assert (found["priority"], found["urgency"], found["name"]) == (6, 1, "Screen stays dark")


def test_actors_and_answers_go_with_a_ticket(emulator: Emulator) -> None:
    """Actors by id, one or several; a follow-up names its parent, without which GLPI speaks of rights."""
    with desk(emulator, "Ticket") as tickets:
        wanted: Any = {
            "name": "t",
            "content": "<p>c</p>",
            "_users_id_requester": ("7",),
            "_users_id_assign": ("4", "2"),
        }
        number = done(tickets.create({**wanted, "date": "2020-01-02T03:04:05Z"})[0])
        found = tickets.record(number).fields
        assert (found["date"], found["content"], found["status"]) == ("2020-01-02T03:04:05Z", "<p>c</p>", 2)
    with desk(emulator, "Ticket_User") as actors:
        told = [(one.fields["type"], one.fields["users_id"]) for one in actors.records(parent=f"Ticket/{number}")]
        assert sorted(told) == [(1, 7), (2, 2), (2, 4)]
    with desk(emulator, "ITILFollowup") as followups:
        fields = followups.collection.fields or {}
        assert fields["itemtype"].required and fields["items_id"].required
        number = done(followups.create({"itemtype": "Ticket", "items_id": number, "content": "hello & bye"})[0])
        done(followups.update(number, {"content": "edited"}))
        assert followups.record(number).fields["content"] == "edited"


def test_links_between_items_are_items(emulator: Emulator) -> None:
    """Software on a computer, people in a group, money, mail addresses: each a type of its own."""
    made = {}
    for itemtype, fields in (
        ("Software", {"name": "LibreOffice"}),
        ("SoftwareVersion", {"name": "7.5", "softwares_id": "1"}),
        ("Item_SoftwareVersion", {"itemtype": "Computer", "items_id": "2", "softwareversions_id": "1"}),
        ("Infocom", {"itemtype": "Computer", "items_id": "2", "value": "1234.5", "buy_date": "2024-01-31"}),
        ("Group", {"name": "Support"}),
        ("Group_User", {"users_id": "7", "groups_id": "1"}),
        ("UserEmail", {"users_id": "7", "email": "second@example.com"}),
    ):
        with desk(emulator, itemtype) as items:
            made[itemtype] = done(items.create(fields)[0])
            assert items.stands(made[itemtype], fields)
            if itemtype == "Infocom":
                (twice,) = items.create(fields)
                assert isinstance(twice, Failed) and twice.reason == "GLPI gives no reason"


def test_people_are_made_with_mail_and_profile(emulator: Emulator) -> None:
    """Beside the columns a create takes an address and a profile."""
    with desk(emulator, "User") as people:
        wanted: Any = {"name": "jdoe", "realname": "Döe", "_useremails": {"-1": "j@example.com"}, "_profiles_id": "1"}
        number = done(people.create(wanted)[0])
        stored = people.target.as_stored(people.writing, None, wanted)
        assert stored["_useremails"] == {"-1": "j@example.com"}
    with desk(emulator, "UserEmail") as mails:
        assert [one.fields["email"] for one in mails.records(parent=f"User/{number}")] == ["j@example.com"]


def test_dates_of_an_old_ticket_stay_as_they_were_sent(emulator: Emulator) -> None:
    """A closed one is made with its dates; GLPI sets only those that are not sent."""
    wanted: Any = {
        "name": "old", "status": 6, "date": "2019-01-01T08:00:00Z", "solvedate": "2019-01-02T08:00:00Z",
        "closedate": "2019-01-03T08:00:00Z", "date_creation": "2019-01-01T08:00:01Z",
    }  # fmt: skip
    with desk(emulator, "Ticket") as tickets:
        assert tickets.stands(done(tickets.create(wanted)[0]), wanted)


@pytest.mark.parametrize("itemtype", ["Problem", "Change"])
def test_problems_and_changes_are_treated_like_tickets(emulator: Emulator, itemtype: str) -> None:
    """Priority goes along, and a closed one is not renamed."""
    with desk(emulator, itemtype) as items:
        number = done(items.create({"name": "x", "content": "c", "priority": 6, "_users_id_assign": ("4",)})[0])
        done(items.update(number, {"impact": 1}))
        assert items.record(number).fields["priority"] == 6
        done(items.update(number, {"status": 6}))
        with pytest.raises(Refused):
            items.update(number, {"name": "y"})
