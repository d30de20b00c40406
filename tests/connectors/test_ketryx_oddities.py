"""What is Ketryx' own: the preview, foreign items, relations as a whole, versions, lookups, and answers that lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from migrator.connectors.ketryx import Ketryx
from migrator.connectors.ketryx.kql import bare_sequence
from migrator.contract import Answer, Batch, Done, Failed, Item, Query, Result, Unknown, Wire, Writing
from migrator.emulators.ketryx import SAMPLE_PROJECT
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import BadAnswer, Denied, LoginRefused, NotFound, Refused, SystemFailed, Throttled
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.run import Cause
from migrator.model.values import Collection, Origin, Record, Value
from tests.connectors.test_ketryx import options
from tests.connectors.wires import emulated

WRITE = Ketryx.WriteOptions(type="Requirement")
NOWHERE = "KXITM" + "0" * 26


@dataclass(kw_only=True)
class Desk:
    """A connector that is open on the sample project."""

    target: Ketryx
    wire: Wire
    collection: Collection
    options: Any

    @property
    def writing(self) -> Writing:
        write = Write(system="pump", collection=SAMPLE_PROJECT, part="a")
        return Writing(write=write, options=self.options, collection=self.collection)

    @property
    def notes(self) -> str:
        return "\n".join(self.target.capabilities(self.options, self.collection).notes)

    def read(self, fields: tuple[str, ...] | None = None) -> dict[str, Record]:
        read = self.options if isinstance(self.options, Ketryx.ReadOptions) else None
        write = None if read is not None else self.options
        query = Query(collection=self.collection, read=read, write=write, fields=fields)
        return {record.id: record for page in self.target.read(query) for record in page.records}

    def titled(self, title: str) -> Record:
        return next(record for record in self.read().values() if record.fields["title"] == title)

    def find(self, name: str, *values: Value) -> list[Record]:
        found = self.target.find(self.collection, (name,), iter([[(value,) for value in values]]), None)
        return [record for page in found for record in page.records]

    def update(self, record: Record, **changes: Any) -> Result:
        """Fields are named with _ for what no keyword can hold."""
        after = {name.replace("__", ":").replace("_", " "): value for name, value in changes.items()}
        along = {name: record.fields[name] for name in self.target.companions(self.writing, frozenset(after))}
        before = {name: record.fields.get(name) for name in after}
        return self.send(change(action=Action.UPDATE, target_id=record.id, before=before, after=after, along=along))

    def batch(self, change: Change) -> Batch:
        part = self.target.encode_change(self.writing, change)
        item = Item(change_id=change.id, key=(), target_id=change.target_id, part=part)
        return Batch(writing=self.writing, phase=Phase.WRITE, action=change.action, items=(item,))

    def send(self, change: Change) -> Result:
        batches = (self.batch(change),)
        (result,) = self.target.decode(batches, self.wire.send(self.target.encode(batches)).result())
        return result

    def decoded(self, change: Change, status: int, body: Any, **headers: str) -> Result:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        answer = Answer(status=status, headers=headers, body=raw)
        (result,) = self.target.decode((self.batch(change),), answer)
        return result


def change(**more: Any) -> Change:
    return Change(**{"id": "0" * 32, "step": "step", "phase": Phase.WRITE, "action": Action.CREATE, **more})


def origin(id_: str = "7") -> Origin:
    return Origin(system="jsonl:data", collection="needs.jsonl", id=id_)


@contextmanager
def desk(emulator: Emulator, said: Any = WRITE, collection: str = SAMPLE_PROJECT, **login: Any) -> Iterator[Desk]:
    with emulated(Ketryx, options(emulator, **login), emulator.app) as wire:
        target = Ketryx(options(emulator, **login), wire)
        yield Desk(target=target, wire=wire, collection=target.describe(collection, said), options=said)


@pytest.fixture
def emulator() -> Emulator:
    """The sample organization."""
    return create_emulator("ketryx")


def current(emulator: Emulator, item: str) -> Any:
    return emulator.store.items[item].current


def lies(emulator: Emulator, match: str, body: Any, **more: Any) -> None:
    emulator.faults.add(match, kind="wrong_body", body=orjson.dumps(body), times=None, **more)


# ---------------------------------------------------------------- the preview


def test_a_preview_that_is_off_is_said_while_planning_and_nothing_is_written(emulator: Emulator) -> None:
    """The rights forbid it, so that no apply begins; the plan's note says whom to ask."""
    emulator.store.switches.preview = False
    before = dict(emulator.store.items)
    with desk(emulator) as one:
        assert one.collection.rights is not None
        assert (one.collection.rights.create, one.collection.rights.update) == (False, False)
        assert "Ketryx Support" in one.notes
        with pytest.raises(Denied, match="does not let us write"):
            one.send(change(after={"title": "x"}, origin=origin()))
    assert emulator.store.items == before


def test_a_key_without_the_permission_to_write_is_the_same(emulator: Emulator) -> None:
    """403 tells either; the hint names both."""
    with desk(emulator, api_key="KXTK_read") as one:
        assert one.collection.rights is not None and not one.collection.rights.create
        assert "permission to write items" in one.notes


def test_where_writing_is_on_asking_changes_nothing(emulator: Emulator) -> None:
    """An id that no item can have changes nothing; and the one POST is all that planning sends."""
    before = {number: item.current for number, item in emulator.store.items.items()}
    with desk(emulator) as one:
        assert one.collection.rights is not None and one.collection.rights.create and not one.collection.rights.delete
        assert "preview" not in one.notes
    assert {number: item.current for number, item in emulator.store.items.items()} == before


def test_without_the_probe_the_plan_says_that_nobody_asked(emulator: Emulator) -> None:
    """And no POST is sent; an answer that tells nothing is owned to as well."""
    with desk(emulator, replace(WRITE, probe=False)) as one:
        assert one.collection.rights is None
        assert "was not asked" in one.notes
    assert emulator.faults.total("POST") == 0
    emulator.faults.add("POST", kind="status", status=418, times=None)
    with desk(emulator) as one:
        assert one.collection.rights is None
        assert "could not be told" in one.notes


# ---------------------------------------------------------------- who a project is, and its fields


def test_a_project_goes_by_its_name_where_it_is_the_only_one(emulator: Emulator) -> None:
    """Its id is what counts; two of one name are named, and a key that may not list projects sees the id."""
    with desk(emulator, collection="Infusion Pump") as one:
        assert (one.collection.id, one.collection.name) == (SAMPLE_PROJECT, "Infusion Pump")
    with pytest.raises(NotFound, match="no project named"), desk(emulator, collection="Infusion"):
        pass
    twin = emulator.store.add_project("Infusion Pump")
    with pytest.raises(NotFound) as caught, desk(emulator, collection="Infusion Pump"):
        pass
    assert twin.id in caught.value.problems[0].detail
    emulator.faults.add(f"GET /api/v1/projects/{SAMPLE_PROJECT}?", kind="status", status=403)
    with desk(emulator) as one:
        assert one.collection.name == SAMPLE_PROJECT


def test_fields_are_learnt_from_records_of_the_type(emulator: Emulator) -> None:
    """Labels with their JSON types, the vendor's relations, and what Ketryx sets; declared kinds are added."""
    with desk(emulator, replace(WRITE, kinds={"Colour": "string", "type": "number"})) as one:
        fields = one.collection.fields or {}
        assert fields["Priority"].kind.value == "number" and fields["Priority"].learned
        assert "Test type" not in fields
        assert {"Colour", "field:type", "relation:fulfills", "sourceId", "isExcluded"} <= set(fields)


def test_an_empty_project_tells_no_fields_unless_they_are_declared(emulator: Emulator) -> None:
    """What no record shows nobody knows."""
    empty = create_emulator("ketryx", seed="empty")
    with desk(empty) as one:
        assert one.collection.fields is None
    with desk(empty, replace(WRITE, kinds={"Priority": "number"})) as one:
        assert "Priority" in (one.collection.fields or {})
    with pytest.raises(Refused, match="does not take"), desk(empty, replace(WRITE, type="Nonsense")):
        pass


def test_a_url_has_no_path_and_the_identity_is_the_host() -> None:
    """Checked without the network."""
    good = Ketryx.Options(url="https://app.ketryx.com/", api_key="k")
    assert Ketryx.check(good) == () == Ketryx.check(replace(good, url="{{ env.KETRYX_URL }}"))
    assert (
        Ketryx.check(replace(good, url="https://app.ketryx.com/api/v1")) != () != Ketryx.check(replace(good, url="x"))
    )
    assert Ketryx.address(good) == "https://app.ketryx.com"


# ---------------------------------------------------------------- reading


def test_a_record_tells_its_item_too(emulator: Emulator) -> None:
    """What only the list of items shows is joined to the record; content comes from the record."""
    with desk(emulator) as one:
        first = one.titled("Deliver the prescribed dose within 5 %").fields
        excluded = one.titled("Withdrawn need").fields
    assert (first["sourceId"], first["folderPath"], first["system"]) == ("sample:RQ-1", ("Needs",), None)
    assert (first["Priority"], first["revision"], first["isControlled"]) == (1, 2, False)
    assert first["controlledRecordId"] != first["recordId"]
    assert first["introducedInVersion"] == "Version 2.0"
    assert (excluded["isExcluded"], excluded["Rationale"]) == (True, None)


def test_the_list_of_items_is_read_only_where_something_of_it_is_wanted(emulator: Emulator) -> None:
    """A source of titles costs no call for items."""
    with desk(emulator, Ketryx.ReadOptions()) as one:
        assert len(one.read(("title", "Priority"))) == 25
        assert emulator.faults.total("/items") == 0
        one.read(("title", "folderPath"))
        assert emulator.faults.total("/items") == 1


def test_a_version_and_every_record_that_ever_was_can_be_read(emulator: Emulator) -> None:
    """`version` gives the project as it was; `records: all` each record under its own id, `extras` a field more."""
    version = emulator.store.projects[SAMPLE_PROJECT].versions[0].id
    with desk(emulator, Ketryx.ReadOptions(version=version)) as one:
        titles = {record.fields["title"] for record in one.read().values()}
        assert "Deliver the prescribed dose" in titles and "Overinfusion" not in titles
    with desk(emulator, Ketryx.ReadOptions(kql="RQ", records="all", extras=("approvalState",))) as one:
        found = list(one.read().values())
    assert len(found) == 10
    assert [record.fields["revision"] for record in found][:2] == [1, 2]
    assert all(record.id == record.fields["recordId"] for record in found)
    assert all(isinstance(record.fields["approvalState"], dict) for record in found)


def test_two_versions_are_compared_by_the_query(emulator: Emulator) -> None:
    """`diff:` needs both."""
    old, new = (version.id for version in emulator.store.projects[SAMPLE_PROJECT].versions)
    said = Ketryx.ReadOptions(kql="diff:changed", version=new, compared_version=old)
    with desk(emulator, said) as one:
        assert [record.fields["revision"] for record in one.read().values()] == [2]


def test_a_query_that_cannot_be_read_is_refused_in_the_server_s_words(emulator: Emulator) -> None:
    """Before anything is planned."""
    with pytest.raises(Refused) as caught, desk(emulator, Ketryx.ReadOptions(kql="RQ and")):
        pass
    assert "offset 6" in caught.value.problems[0].detail


@pytest.mark.parametrize(
    ("query", "doubtful"),
    [
        ("RQ SW", True),
        ("RQ, SW", True),
        ("project:selected RQ", True),
        ('"Test type":"a b" TC', True),
        ("(RQ) (SW)", True),
        ("RQ and SW", False),
        ('"Requirement type":("Use case" , "Other") or not RQ', False),
        ("to:(0,*):(RQ) && !TC", False),
        ("fulfills:(RQ and type:SW)", False),
        ("*", False),
    ],
)
def test_a_bare_sequence_is_warned_of(emulator: Emulator, query: str, doubtful: bool) -> None:
    """The published examples read it in two ways; a note of the plan says so."""
    assert bare_sequence(query) is doubtful
    with emulated(Ketryx, options(emulator), emulator.app) as wire:
        notes = Ketryx(options(emulator), wire).capabilities(Ketryx.ReadOptions(kql=query)).notes
    assert bool(notes) is doubtful


@pytest.mark.parametrize(
    "body",
    [
        {"records": [{"id": "KXREC1", "itemId": NOWHERE}], "startAt": 0, "maxResults": 1},
        {"records": [], "startAt": 5, "maxResults": 1000},
        {"records": [{"title": "no id"}], "startAt": 0, "maxResults": 1000},
        {"records": [{"id": "KXREC1"}], "startAt": 0, "maxResults": 1000},
        {"items": []},
        [],
    ],
    ids=["the same page again", "another place", "no id", "no item", "no list", "no object"],
)
def test_pages_that_cannot_be_all_are_an_error(emulator: Emulator, body: Any) -> None:
    """There is no total: whatever looks odd ends the reading aloud."""
    with desk(emulator, Ketryx.ReadOptions()) as one:
        lies(emulator, "/records?", body)
        with pytest.raises(BadAnswer):
            one.read(("title",))


def test_a_server_that_tells_no_numbers_is_read_by_ours(emulator: Emulator) -> None:
    """A page shorter than what we asked for is the last."""
    with desk(emulator, Ketryx.ReadOptions()) as one:
        lies(emulator, "/records?", {"records": [{"id": "KXREC1", "itemId": NOWHERE, "title": "only"}]})
        assert [record.fields["title"] for record in one.read(("title",)).values()] == ["only"]


# ---------------------------------------------------------------- looking up


def test_items_are_found_by_sourceid_label_and_title_within_their_type(emulator: Emulator) -> None:
    """Odd values, which no query can hold, are found by reading all records of the type once."""
    odd = 'a "quoted" \\ title'
    store = emulator.store
    made = store.write(SAMPLE_PROJECT, {"sourceId": "odd", "type": "Requirement", "title": odd})
    key = {"label": "External key", "value": 'K"1'}
    store.write(SAMPLE_PROJECT, {"id": made, "fields": [key]})
    for kind in ("Requirement", "Task"):
        store.write(
            SAMPLE_PROJECT, {"sourceId": kind, "type": kind, "title": "twin", "fields": [{**key, "value": "T"}]}
        )
    with desk(emulator) as one:
        assert [record.id for record in one.find("sourceId", "odd", "no such")] == [made]
        assert {record.fields["sourceId"] for record in one.find("External key", "RQ-2", "RQ-3")} == {
            "sample:RQ-2",
            "sample:RQ-3",
        }
        assert [record.fields["type"] for record in one.find("External key", "T")] == ["Requirement"]
        assert [record.id for record in one.find("title", odd)] == [made]
        assert [record.fields["type"] for record in one.find("title", "twin")] == ["Requirement"]
        assert [record.id for record in one.find("External key", 'K"1')] == [made]
        assert [record.fields["title"] for record in one.find("Priority", "2", "2.0")] == ["Stop on air in the line"]
    assert len(one.find("sourceId", "sample:RQ-1")) == 1


def test_long_lookups_are_cut_so_that_no_address_grows_too_long(emulator: Emulator) -> None:
    """Two hundred keys of two hundred letters still make one page."""
    with desk(emulator) as one:
        assert (
            one.find("External key", *(f"{'x' * 200}{place}" for place in range(200)), "RQ-4")[0].fields["Priority"]
            == 4
        )
        assert one.target.capabilities(WRITE).find == 50
        pages = one.target.fetch(one.collection, iter([[NOWHERE, "no id", "*"]]), ("title",))
        assert [page.size for page in pages] == [0]


def test_an_item_made_after_the_list_was_read_is_known_all_the_same(emulator: Emulator) -> None:
    """The list of items is read afresh where it lacks one."""
    with desk(emulator) as one:
        one.read()
        made = emulator.store.write(SAMPLE_PROJECT, {"sourceId": "late", "type": "Requirement", "title": "late"})
        (page,) = one.target.fetch(one.collection, iter([[made]]), None)
        assert [record.fields["sourceId"] for record in page.records] == ["late"]
        emulator.store.write(SAMPLE_PROJECT, {"sourceId": "later", "type": "Requirement", "title": "later"})
        assert len(one.find("sourceId", "later")) == 1


# ---------------------------------------------------------------- writing


def test_a_new_item_goes_by_the_sourceid_given_or_made_of_its_origin(emulator: Emulator) -> None:
    """The same create twice is one item; a name that would be too long ends in a hash."""
    with desk(emulator) as one:
        first = one.send(change(after={"title": "t", "Priority": "2.50", "Rationale": None}, origin=origin()))
        again = one.send(change(after={"title": "t", "Priority": "2.50"}, origin=origin()))
        long = one.send(change(after={"title": "t"}, origin=origin("x" * 400)))
        given = one.send(change(after={"title": "t", "sourceId": "mine", "type": "Task"}))
    results = [result for result in (first, again, long, given) if isinstance(result, Done)]
    assert len(results) == 4 and first == again
    items = [emulator.store.items[result.target_id] for result in results[1:]]
    assert [item.source_id for item in items][::2] == ["migrator:jsonl%3Adata/needs.jsonl/7/a", "mine"]
    assert len(items[1].source_id or "") == 255
    assert (items[0].current.fields, items[0].current.type, items[2].current.type) == (
        {"Priority": 2.5},
        "Requirement",
        "Task",
    )


def test_items_that_stand_are_changed_by_their_id_and_sent_only_what_changes(emulator: Emulator) -> None:
    """What was approved stays as the controlled record."""
    with desk(emulator) as one:
        found = one.titled("Stop on air in the line")
        assert one.update(found, title="Stop on air", Rationale="safety") == Done(target_id=found.id)
    item = emulator.store.items[found.id]
    assert (item.current.title, item.current.fields["Rationale"], item.current.fields["Priority"]) == (
        "Stop on air",
        "safety",
        2,
    )
    assert item.controlled is not None and item.controlled.title == "Stop on air in the line"


def test_an_item_of_another_type_is_not_taken_for_ours(emulator: Emulator) -> None:
    """A sourceId is found whatever the type behind it: the plan says that it is taken."""
    with desk(emulator) as one:
        (other,) = one.find("sourceId", "sample:HW-1")
        with pytest.raises(Refused, match="is a Hardware Item Spec, and this step is about Requirement"):
            one.update(other, title="x")


def test_an_item_that_jira_sends_is_named_before_it_is_changed(emulator: Emulator) -> None:
    """Refused while planning, unless the step says to change it; then the plan says that its sync may reset it."""
    said = Ketryx.WriteOptions(type="Anomaly")
    with desk(emulator, said) as one:
        found = one.titled("Alarm too quiet")
        with pytest.raises(Refused, match="comes from Jira"):
            one.update(found, title="Louder")
    with desk(emulator, replace(said, foreign="change")) as one:
        assert isinstance(one.update(found, title="Louder"), Done)
        assert "next sync" in one.notes
    assert current(emulator, found.id).title == "Louder"


def test_an_item_that_we_made_is_ours_whatever_the_system_is_called(emulator: Emulator) -> None:
    """How Ketryx calls the items that its API made is not public: our own sourceId tells."""
    with desk(emulator) as one:
        made = one.send(change(after={"title": "Ours"}, origin=origin()))
        assert isinstance(made, Done)
        emulator.faults.add(
            "/items?",
            kind="edited",
            times=None,
            edit=lambda body: body.replace(b'"system":"API"', b'"system":"REST"'),
        )
        found = one.titled("Ours")
        assert (found.id, found.fields["system"]) == (made.target_id, None)
        assert str(found.fields["sourceId"]).startswith("migrator:")
        assert isinstance(one.update(found, title="Ours, changed"), Done)


def test_relations_are_replaced_as_a_whole_so_the_others_go_along(emulator: Emulator) -> None:
    """Writing one relation leaves those of other names; an empty list takes away its own."""
    with desk(emulator, Ketryx.WriteOptions(type="Software Item Spec")) as one:
        module = one.titled("Module 4")
        (parent,) = module.fields["relation:has parent"]  # type: ignore[misc]  # a tuple of one
        assert isinstance(one.update(module, relation__fulfills=(NOWHERE[:-1] + "1",)), Failed)
        assert isinstance(one.update(module, relation__fulfills=(parent, parent)), Done)
        assert set(current(emulator, module.id).relations) == {("has parent", parent), ("fulfills", parent)}
        assert isinstance(one.update(one.titled("Module 4"), relation__fulfills=()), Done)
    assert current(emulator, module.id).relations == (("has parent", parent),)


def test_relations_that_an_item_only_shows_are_not_sent_along(emulator: Emulator) -> None:
    """Nobody tells own from reverse ones: unknown names are refused until the step says what they are."""
    emulator.store.switches.reverse_relations = True
    said = Ketryx.WriteOptions(type="Software Item Spec")
    with desk(emulator, said) as one:
        module = one.titled("Module 2")
        with pytest.raises(Refused, match='relations "is tested by"'):
            one.update(module, relation__fulfills=())
        assert isinstance(one.update(module, title="Module two"), Done)
    with desk(emulator, replace(said, ignore_relations=("is tested by",))) as one:
        assert isinstance(one.update(module, relation__fulfills=()), Done)
    assert current(emulator, module.id).relations == ()


def test_a_relation_is_not_written_where_the_others_are_not_known(emulator: Emulator) -> None:
    """They would be lost, for all of them are replaced."""
    with desk(emulator) as one:
        lone = change(action=Action.UPDATE, target_id=NOWHERE, before={}, after={"relation:uses": ("x",)})
        with pytest.raises(Refused, match="is not known"):
            one.target.check_change(one.writing, lone)


def test_a_relation_within_the_step_keeps_those_that_the_create_wrote(emulator: Emulator) -> None:
    """The second line of an item that the same plan makes names both."""
    with desk(emulator) as one:
        second = change(
            action=Action.UPDATE,
            target_id=NOWHERE,
            after={"relation:has parent": ("b",)},
            along={"relation:fulfills": ("a",)},
        )
        one.target.check_change(one.writing, second)
        sent = json.loads(one.target.encode_change(one.writing, second))
    assert [(each["type"], each["toItem"]["id"]) for each in sent["relations"]] == [
        ("fulfills", "a"),
        ("has parent", "b"),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"after": {"title": " "}, "origin": origin()}, "needs a title"),
        ({"after": {"title": "t"}}, "needs a sourceId"),
        ({"after": {"title": "t", "revision": 3}, "origin": origin()}, "set by Ketryx"),
        ({"after": {"title": "t", "Priority": "high"}, "origin": origin()}, "takes a number"),
        ({"after": {"title": "t", "sourceId": "x" * 256}}, "at most 255"),
        ({"action": Action.UPDATE, "target_id": NOWHERE, "after": {"title": None}}, "cannot be emptied"),
    ],
)
def test_what_can_never_be_sent_is_said_while_planning(emulator: Emulator, more: Any, words: str) -> None:
    """With the field and what to do."""
    with desk(emulator) as one, pytest.raises(Refused, match=words):
        one.target.check_change(one.writing, change(**more))


def test_a_new_item_needs_a_type_and_all_objections_are_told(emulator: Emulator) -> None:
    """From target.options or from the fields."""
    with desk(emulator, Ketryx.WriteOptions()) as one, pytest.raises(Refused) as caught:
        one.target.check_change(one.writing, change(after={}, origin=origin()))
    assert all(word in caught.value.problems[0].detail for word in ("needs a type", "needs a title"))


# ---------------------------------------------------------------- comparing


def test_what_reads_back_otherwise_is_no_difference(emulator: Emulator) -> None:
    """Lines that come back as paragraphs of HTML, numbers as text, related ids in another order, nothing as ""."""
    emulator.store.switches.rich_text = True
    with desk(emulator, replace(WRITE, write_only=("Rationale",))) as one:
        wanted = {"title": "t", "Description": "a < b\nc  ", "Priority": "2.50", "Rationale": "why", "sourceId": "s"}
        made = one.send(change(after=wanted))
        assert isinstance(made, Done)
        found = one.read()[made.target_id].fields
        assert found["Description"] == "<p>a &lt; b</p><p>c  </p>"
        stands = one.target.as_stored(one.writing, found, {name: found[name] for name in wanted})
        assert one.target.as_stored(one.writing, None, wanted) == stands
        assert stands["Rationale"] is None
        both = {"relation:uses": ("b", "a"), "Priority": None, "Description": "", "Components": ()}
        assert one.target.as_stored(one.writing, None, both) == {
            "relation:uses": ("a", "b"),
            "Priority": None,
            "Description": None,
            "Components": None,
        }
        assert one.target.as_stored(one.writing, None, {"Description": "<b>x</b>"}) == {"Description": "<b>x</b>"}


def test_a_sourceid_that_no_answer_shows_is_no_difference(emulator: Emulator) -> None:
    """It can be set once only; the id map knows the item."""
    emulator.store.switches.source_id_shown = False
    with desk(emulator) as one:
        found = one.titled("Stop on air in the line").fields
        assert found["sourceId"] is None
        assert one.target.as_stored(one.writing, found, {"sourceId": "x"}) == {"sourceId": None}


# ---------------------------------------------------------------- answers of the writing call

CREATE = change(after={"title": "t"}, origin=origin())
UPDATE = change(action=Action.UPDATE, target_id=NOWHERE, after={"title": "t"}, along={"system": None})


@pytest.mark.parametrize(
    ("one", "status", "body", "kind"),
    [
        (CREATE, 200, {"id": "KXITM1", "more": 1}, Done),
        (UPDATE, 200, {"id": NOWHERE}, Done),
        (UPDATE, 200, {"id": "KXITM1"}, Unknown),
        (CREATE, 200, {"id": 7}, Unknown),
        (CREATE, 200, {"ok": False, "error": "no"}, Failed),
        (CREATE, 200, b"", Unknown),
        (CREATE, 201, {"id": "KXITM1"}, Unknown),
        (CREATE, 400, {"error": "unknown field"}, Failed),
        (CREATE, 422, b"plain", Failed),
        (CREATE, 408, b"", Unknown),
        (CREATE, 503, b"<html>", Unknown),
    ],
)
def test_only_an_id_is_believed(emulator: Emulator, one: Change, status: int, body: Any, kind: type[Result]) -> None:
    """200 alone is no success: created and changed look alike, and a failure may hide in it."""
    with desk(emulator) as open_desk:
        assert isinstance(open_desk.decoded(one, status, body), kind)


@pytest.mark.parametrize(
    ("one", "status", "kind"),
    [(CREATE, 401, LoginRefused), (CREATE, 403, Denied), (UPDATE, 404, Denied), (CREATE, 404, Denied)],
)
def test_what_refuses_the_call_wrote_nothing(
    emulator: Emulator, one: Change, status: int, kind: type[SystemFailed]
) -> None:
    """And says what to do."""
    with desk(emulator) as open_desk, pytest.raises(kind) as caught:
        open_desk.decoded(one, status, {"message": "no"})
    assert caught.value.problems[0].hint


def test_an_item_that_is_gone_and_a_server_that_wants_rest_are_told_apart(emulator: Emulator) -> None:
    """404 with the item's id is that item's; Retry-After wins."""
    with desk(emulator) as one:
        gone = one.decoded(UPDATE, 404, {"error": f"Item {NOWHERE} not found"})
        assert isinstance(gone, Failed) and gone.cause is Cause.GONE
        with pytest.raises(Throttled) as caught:
            one.decoded(CREATE, 429, {"error": "Too many requests"}, **{"retry-after": "7"})
    assert caught.value.seconds == 7


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Denied), (404, NotFound), (400, Refused), (418, Refused), (401, LoginRefused)]
)
def test_reads_that_are_refused_say_why(emulator: Emulator, status: int, kind: type[SystemFailed]) -> None:
    """In the server's words."""
    with desk(emulator, Ketryx.ReadOptions()) as one:
        emulator.faults.add("/records?", kind="status", status=status, times=None)
        with pytest.raises(kind):
            one.read()
