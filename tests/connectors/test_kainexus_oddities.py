"""What is odd about KaiNexus, tried against its emulator with sample items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from migrator.connectors.kainexus import KaiNexus
from migrator.contract import Batch, Done, Failed, Item, Query, Result, Unknown, Writing
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import CountDrift, NotFound, Refused
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.values import Record, Value
from tests.connectors.test_kainexus import options, wired


class Desk:
    """A connector that is open on the ideas of card 345, where improvements stand as well."""

    def __init__(self, target: KaiNexus, wire: Any, **written: Any) -> None:
        self.target, self.wire = target, wire
        self.options = KaiNexus.WriteOptions(list=345, **written)
        self.collection = target.describe("Idea", self.options)
        self.writing = Writing(
            write=Write(system="t", collection="Idea"), options=self.options, collection=self.collection
        )

    def record(self, number: str) -> Record:
        """One item, by fetch."""
        (page,) = self.target.fetch(self.collection, [[number]], None)
        (found,) = page.records
        return found

    def send(self, action: Action, *changes: tuple[str | None, Mapping[str, Value]]) -> tuple[Result, ...]:
        """All in one call, companions along, as a plan would have it."""
        made = [self._change(action, number, after) for number, after in changes]
        items = tuple(
            Item(change_id=change.id, key=(), target_id=change.target_id, part=self._part(change)) for change in made
        )
        batch = Batch(writing=self.writing, phase=Phase.WRITE, action=action, items=items)
        return self.target.decode((batch,), self.wire.send(self.target.encode((batch,))).result())

    def update(self, number: str, after: Mapping[str, Value]) -> Result:
        """One update."""
        return self.send(Action.UPDATE, (number, after))[0]

    def stands(self, number: str, wanted: Mapping[str, Value]) -> bool:
        """The one rule of equality."""
        found = self.record(number).fields
        shown = {name: found[name] for name in wanted}
        return self.target.as_stored(self.writing, found, wanted) == self.target.as_stored(self.writing, found, shown)

    def _part(self, change: Change) -> bytes:
        return self.target.encode_change(self.writing, change)

    def _change(self, action: Action, number: str | None, after: Mapping[str, Value]) -> Change:
        found = self.record(number).fields if number else {}
        names = self.target.companions(self.writing, frozenset(after)) if number else ()
        return Change(
            id="0" * 32,
            step="s",
            phase=Phase.WRITE,
            action=action,
            target_id=number,
            before={name: found.get(name) for name in after} if number else None,
            after=after,
            along={name: found.get(name) for name in names} if number else None,
        )


@pytest.fixture
def emulator() -> Emulator:
    """The sample organization."""
    return create_emulator("kainexus", pace="off")


@pytest.fixture
def desk(emulator: Emulator) -> Iterator[Desk]:
    """Open on it."""
    login = options(emulator)
    with wired(emulator, login) as wire:
        yield Desk(KaiNexus(login, wire), wire)


def test_only_items_of_the_template_come_from_a_shared_card(desk: Desk, emulator: Emulator) -> None:
    query = Query(collection=desk.collection, write=desk.options)
    found = {record.id for page in desk.target.read(query) for record in page.records}
    assert found == {str(item.id) for item in emulator.store.items.values() if item.template.name == "Idea"}
    assert desk.target.count(query) is None


def test_a_card_alone_is_a_collection_of_all_its_templates(desk: Desk, emulator: Emulator) -> None:
    collection = desk.target.describe("345", None)
    query = Query(collection=collection)
    records = [record for page in desk.target.read(query) for record in page.records]
    assert len(records) == len(emulator.store.items) == desk.target.count(query)
    assert {record.fields["templateName"] for record in records} == {"Idea", "Improvement"}
    assert all(isinstance(record.fields["Expected savings"], float) for record in records)


def test_a_template_that_no_item_shows_is_not_found_but_an_empty_card_tells_nothing() -> None:
    """A misspelled template is told where the card shows others; on an empty card nobody can know."""
    emulator = create_emulator("kainexus", seed="empty", pace="off")
    with wired(emulator, options(emulator)) as wire:
        target = KaiNexus(options(emulator), wire)
        assert target.describe("Idea", KaiNexus.WriteOptions(list=345)).fields is None
        emulator.store.add_item({"templateName": "Improvement", "summary": "a", "authors": [{"id": 4}]})
        with pytest.raises(NotFound, match="none of them of a template"):
            target.describe("Idea", KaiNexus.WriteOptions(list=345))


def test_a_first_item_is_made_by_the_template_s_name_alone() -> None:
    """Where nothing could be learnt, prefixed names and the values' own types tell where they go."""
    emulator = create_emulator("kainexus", seed="empty", pace="off")
    with wired(emulator, options(emulator)) as wire:
        empty = Desk(KaiNexus(options(emulator), wire), wire)
        after = {
            "summary": "first",
            "authors": ("ann",),
            "External key": "K-1",
            "Expected savings": 7,
            "attribute:Category": "Quality",
            "milestone:Adjust": "READY",
        }
        (result,) = empty.send(Action.CREATE, (None, after))
        assert isinstance(result, Done)
        learnt = Desk(KaiNexus(options(emulator), wire), wire)
        assert learnt.stands(result.target_id, after)


def test_b30_b32_a_card_that_grows_while_it_is_read_is_count_drift(desk: Desk, emulator: Emulator) -> None:
    """All pages come first; then the reading is told to be no whole picture."""
    pages = desk.target.read(Query(collection=desk.collection, read=KaiNexus.ReadOptions(list=345, limit=5)))
    came = len(list(next(pages).records))
    emulator.store.add_item({"templateName": "Idea", "summary": "late", "authors": [{"id": 4}]})
    with pytest.raises(CountDrift) as caught:
        for page in pages:
            came += len(list(page.records))
    assert came == 8 and caught.value.announced == caught.value.got == 20


def test_nobody_is_told_of_a_load_unless_the_playbook_wants_it(desk: Desk, emulator: Emulator) -> None:
    after = {"summary": "quiet", "authors": ("ann",), "status": "NEW"}
    desk.send(Action.CREATE, (None, after), (None, after))
    desk.update("6141", {"summary": "still quiet"})
    assert emulator.store.notifications == []
    loud = Desk(desk.target, desk.wire, notify=True)
    loud.update("6141", {"summary": "loud"})
    assert len(emulator.store.notifications) == 1
    assert loud.target.capabilities(loud.options).notes[0] != desk.target.capabilities(desk.options).notes[0]


def test_a_status_goes_its_way_but_never_back_to_draft(desk: Desk) -> None:
    """All that a status requires goes along in one update; DRAFT is refused while planning."""
    when = {"startDate": "2024-03-01", "assignDate": "2024-03-01", "dueDate": "2024-04-01"}
    active = {"status": "ACTIVE", "responsible": "greg", "assigner": "ann", **when}
    assert isinstance(desk.update("6141", active), Done) and desk.stands("6141", active)
    assert desk.record("6141").fields["startDate"] == "2024-03-01T06:00:00Z"
    tested: dict[str, Value] = {"customStatus": "Being tested"}
    assert isinstance(desk.update("6141", tested), Done) and desk.stands("6141", tested)
    with pytest.raises(Refused, match="return to DRAFT"):
        desk.update("6141", {"status": "DRAFT"})


def test_an_overdue_item_is_not_changed_again_and_again(desk: Desk, emulator: Emulator) -> None:
    """Its customStatus shows a twin's name, which comes and goes with the calendar."""
    when = {"startDate": "2020-03-01", "assignDate": "2020-03-01", "dueDate": "2020-04-01"}
    desk.update("6141", {"customStatus": "Active", "responsible": "greg", "assigner": "ann", **when})
    emulator.store.options.overdue_twin = True
    assert desk.record("6141").fields["customStatus"] != "Active"
    assert desk.stands("6141", {"customStatus": "Active"})


def test_conditional_scored_and_noted_attributes_land(desk: Desk) -> None:
    """A hidden attribute appears together with what it depends on; a note rides on its value."""
    shown: dict[str, Value] = {
        "Category": "Safety",
        "Hazard": "High",
        "Effort": "Small",
        "attribute-notes:Category": {"Safety": "dark corner"},
    }
    assert isinstance(desk.update("6142", shown), Done) and desk.stands("6142", shown)
    alone: dict[str, Value] = {"Hazard": "Low"}
    assert isinstance(desk.update("6142", alone), Done)
    assert desk.stands("6142", {**shown, **alone})


def test_people_and_places_go_by_any_of_their_names(desk: Desk) -> None:
    wanted: dict[str, Value] = {
        "followers": ("greg@example.com", "7", "Tom Okoye", "佐藤 花子"),
        "Owner": "mia",
        "Site": "Plant South",
        "originatingLocations": ("6", "Development"),
    }
    assert isinstance(desk.update("6143", wanted), Done)
    fields = desk.record("6143").fields
    assert set(fields["followers"]) == {"greg", "mia", "tom", "sato"}  # type: ignore[arg-type]  # a tuple of names
    assert set(fields["originatingLocations"]) == {"Plant South", "Development"}  # type: ignore[arg-type]  # same
    assert desk.stands("6143", wanted)


def test_text_areas_and_resolutions_pass_through(desk: Desk) -> None:
    wanted: dict[str, Value] = {
        "html:Description": "<p>bold <b>words</b></p>",
        "resolutionActual": {"result": "CHANGE", "impacts": ({"typeName": "Quality Improvement"},)},
        "parentId": "5213",
    }
    assert isinstance(desk.update("6141", wanted), Done) and desk.stands("6141", wanted)
    assert desk.record("6141").fields["Description"] == "bold words"


def test_comments_are_made_once_with_their_item(desk: Desk, emulator: Emulator) -> None:
    emulator.store.options.read_comments = True
    after = {"summary": "a", "authors": ("ann",), "comments": ({"author": "greg", "comment": "old words"},)}
    (result,) = desk.send(Action.CREATE, (None, after))
    assert isinstance(result, Done)
    (comment,) = desk.record(result.target_id).fields["comments"]  # type: ignore[misc]  # a tuple of one
    assert comment["comment"] == "old words" and comment["author"]["username"] == "greg"  # type: ignore[index, call-overload]
    assert desk.stands(result.target_id, {"comments": ("other",)})


@pytest.mark.parametrize("mapped", ["200", "mapped"])
@pytest.mark.parametrize("atomic", [False, True])
def test_no_item_is_done_that_does_not_stand(desk: Desk, emulator: Emulator, mapped: Any, atomic: bool) -> None:
    """One bad item in a list, errors with status 200 or 4xx, kept one by one or all or nothing."""
    emulator.store.options.error_http, emulator.store.options.atomic = mapped, atomic
    good: dict[str, Value] = {"summary": "good", "authors": ("ann",)}
    results = desk.send(Action.CREATE, (None, good), (None, {**good, "Category": "no such"}), (None, good))
    assert isinstance(results[1], Failed | Unknown)
    done = [result.target_id for result in results if isinstance(result, Done)]
    assert all(int(number) in emulator.store.items for number in done)
    assert atomic or len(done) == 2


def test_a_key_that_may_not_see_users_still_writes_by_user_name(desk: Desk, emulator: Emulator) -> None:
    """A list of users takes a right of its own: without it names go as they are, and the server judges."""
    emulator.faults.add(match="/json/userList", kind="status", status=403, error_code="ACCESS_DENIED", times=None)
    blind = Desk(KaiNexus(options(emulator), desk.wire), desk.wire)
    assert isinstance(blind.update("6141", {"followers": ("greg", "nobody")}), Failed)
    assert isinstance(blind.update("6141", {"followers": ("greg",)}), Done)
    assert blind.stands("6141", {"followers": ("greg",)})


def test_a_deleted_item_answers_access_denied_and_is_left_out(desk: Desk, emulator: Emulator) -> None:
    emulator.store.write([{"id": 6141, "status": "DELETED"}])
    pages = list(desk.target.fetch(desk.collection, [["6141"], ["6142"], ["999"]], ("summary",)))
    assert [[record.id for record in page.records] for page in pages] == [[], ["6142"], []]


def test_single_items_go_unpaced_and_lists_do_not(desk: Desk) -> None:
    single = Desk(desk.target, desk.wire, call="item")
    for open_desk, path, kind in ((desk, "itemList", "list"), (single, "item", "item")):
        facts = open_desk.target.capabilities(open_desk.options)
        batch = Batch(
            writing=open_desk.writing,
            phase=Phase.WRITE,
            action=Action.UPDATE,
            items=(Item(change_id="0", key=(), target_id="6141", part=b'{"id":6141}'),),
        )
        call = open_desk.target.encode((batch,))
        assert call.path.endswith(f"/json/{path}") and not call.repeatable
        assert call.kind == kind == facts.write_kinds[Action.UPDATE]
        assert any(rate.kind == kind for rate in facts.pace) is (kind == "list")
