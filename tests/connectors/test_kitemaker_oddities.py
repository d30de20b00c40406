"""What is odd about Kitemaker: labels that only grow, order, dates, REST alone, links, answers that tell half."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from migrator.connectors.kitemaker import Kitemaker
from migrator.connectors.kitemaker.options import CallForm, Labels, ReadOptions, StatusType, WriteOptions
from migrator.contract import Batch, Creates, Done, Failed, Item, Query, Recheck, Result, Unknown, Writing
from migrator.emulators.kitemaker import sample
from migrator.emulators.server import Emulator, ManualClock, create_emulator
from migrator.errors import BadAnswer, NotFound, Refused
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.run import Cause
from migrator.model.values import Record, Value, WritableOn
from tests.connectors.test_kitemaker import options
from tests.connectors.wires import emulated

GRAPHQL = WriteOptions(call=CallForm.GRAPHQL)
CALLS = {
    "GET /organization", "POST /workitem", "PUT /workitem", "POST /comment", "POST /label", "POST /feedback",
    "GET /recent/workitems", "GET /metadata/spaces", "GET /metadata/workitems", "GET /metadata/statuses",
    "GET /metadata/labels",
}  # fmt: skip
"""The REST calls that the connector makes, of all sixteen."""


class Desk:
    """A connector that is open on one collection, for reading and writing."""

    def __init__(self, target: Kitemaker, wire: Any, collection: str, write: WriteOptions) -> None:
        self.target, self.wire = target, wire
        self.collection = target.describe(collection, write)
        target_of = Write(system="target", collection=collection, key=())
        self.writing = Writing(write=target_of, options=write, collection=self.collection)

    def records(self, read: Any = None, fields: tuple[str, ...] | None = None) -> dict[str, Record]:
        query = Query(collection=self.collection, read=read, fields=fields)
        return {record.id: record for page in self.target.read(query) for record in page.records}

    def write(self, change: Change) -> Result:
        part = self.target.encode_change(self.writing, change)
        item = Item(change_id=change.id, key=(), target_id=change.target_id, part=part)
        batch = Batch(writing=self.writing, phase=change.phase, action=change.action, items=(item,))
        answer = self.wire.send(self.target.encode((batch,))).result()
        (result,) = self.target.decode((batch,), answer)
        return result

    def create(self, **after: Value) -> str:
        result = self.write(change(Action.CREATE, after))
        assert isinstance(result, Done), result
        return result.target_id

    def update(self, id_: str, **after: Value) -> Result:
        found = self.records()[id_]
        before = {name: found.fields[name] for name in after}
        return self.write(change(Action.UPDATE, after, before=before, target_id=id_))

    def stored(self, before: Mapping[str, Value] | None, **fields: Value) -> Mapping[str, Value]:
        return self.target.as_stored(self.writing, before, fields)


def change(action: Action, after: Mapping[str, Value], **more: Any) -> Change:
    return Change(id="0" * 32, step="step", phase=Phase.WRITE, action=action, after=after, **more)


@contextmanager
def desk(
    emulator: Emulator, collection: str = "ACM", write: WriteOptions | None = None, **changed: Any
) -> Iterator[Desk]:
    made = options(emulator, **changed)
    with emulated(Kitemaker, made, emulator.app) as wire, Kitemaker(made, wire) as target:
        yield Desk(target, wire, collection, write or WriteOptions())


@pytest.fixture
def emulator() -> Emulator:
    return create_emulator("kitemaker", pace="off", clock=ManualClock())


def item_id(emulator: Emulator, number: int, key: str = "ACM") -> str:
    return str(emulator.store.numbered[emulator.store.space(key).id][number].id)


def test_a_rest_update_adds_labels_and_the_plan_says_so(emulator: Emulator) -> None:
    """as_stored is the union with what stands: a plan never shows a label going that would stay."""
    with desk(emulator) as acm:
        id_ = item_id(emulator, 2)
        assert acm.stored({"labels": ("bug",)}, labels=("important",)) == {"labels": ("bug", "important")}
        assert acm.stored({"labels": ("bug",)}, labels=()) == {"labels": ("bug",)}
        assert isinstance(acm.update(id_, labels=("important",)), Done)
        assert acm.records()[id_].fields["labels"] == ("bug", "important")
        assert any("labels are only added" in note for note in acm.target.capabilities(WriteOptions()).notes)


def test_exact_labels_are_taken_off_by_graphql_whatever_else_goes_by_rest(emulator: Emulator) -> None:
    """`labels: exact` beside `call: rest`: an update of labels is one GraphQL request, others stay with REST."""
    with desk(emulator, write=WriteOptions(labels=Labels.EXACT)) as acm:
        id_ = item_id(emulator, 2)
        assert not (acm.collection.fields or {})["labels"].grows
        assert isinstance(acm.update(id_, labels=("important",), title="new"), Done)
        assert (acm.records()[id_].fields["labels"], acm.records()[id_].fields["title"]) == (("important",), "new")
        before = emulator.faults.total("PUT")
        assert isinstance(acm.update(id_, title="newer"), Done)
        assert emulator.faults.total("PUT") == before + 1


def test_labels_that_are_only_added_stay_also_by_graphql(emulator: Emulator) -> None:
    """`labels: add_only` beside `call: graphql` takes none off; without GraphQL `exact` is refused at once."""
    with desk(emulator, write=WriteOptions(call=CallForm.GRAPHQL, labels=Labels.ADD_ONLY)) as acm:
        id_ = item_id(emulator, 2)
        assert isinstance(acm.update(id_, labels=("important",)), Done)
        assert acm.records()[id_].fields["labels"] == ("bug", "important")
    space, exact = emulator.store.space("ACM").id, WriteOptions(labels=Labels.EXACT)
    with pytest.raises(Refused, match="labels: exact"), desk(emulator, space, exact, graphql=False):
        pass


def test_a_graphql_update_puts_labels_and_people_as_wanted(emulator: Emulator) -> None:
    """What is not wanted any more is taken off, in the one request."""
    with desk(emulator, write=GRAPHQL) as acm:
        id_ = item_id(emulator, 2)
        assert acm.stored({"labels": ("bug",)}, labels=("important",)) == {"labels": ("important",)}
        result = acm.update(
            id_, title="new", labels=("important",), members=("@ann", "sato"), watchers=("佐藤 花子",), effort=None
        )
        assert isinstance(result, Done)
        found = acm.records()[id_].fields
        assert (found["title"], found["labels"], found["effort"]) == ("new", ("important",), None)
        assert (set(found["members"]), found["watchers"]) == ({"ann", "sato"}, ("sato",))


def test_a_label_is_made_by_a_step_of_its_own(emulator: Emulator) -> None:
    """An unknown name is refused while planning, with the way out; the labels of a space are a collection."""
    with desk(emulator) as acm, desk(emulator, "ACM/labels") as labels:
        with pytest.raises(Refused, match='no label "new"') as caught:
            acm.target.check_change(acm.writing, change(Action.CREATE, {"title": "x", "labels": ("new",)}))
        assert "SPACE/labels" in caught.value.problems[0].hint
        made = labels.create(name="new", color="#00FF00")
        found = labels.records()
        assert found[made].fields == {"name": "new", "color": "00FF00"}
        assert labels.stored(None, color="#00FF00") == labels.stored(None, color="00ff00")
        facts = labels.target.capabilities(WriteOptions(), labels.collection)
        assert Action.UPDATE not in facts.batch_max and facts.cannot[Action.UPDATE]
    with desk(emulator) as acm:
        made = acm.create(title="x", labels=("new",))
        assert acm.records()[made].fields["labels"] == ("new",)


def test_a_name_that_two_labels_have_is_refused(emulator: Emulator) -> None:
    """Names are no keys: nobody can tell which is meant."""
    emulator.store.add_label(emulator.store.space("ACM"), "bug")
    with desk(emulator) as acm, pytest.raises(Refused, match='2 of a kind are called "bug"'):
        acm.target.check_change(acm.writing, change(Action.CREATE, {"title": "x", "labels": ("bug",)}))


def test_items_written_by_rest_stand_in_the_order_of_the_source(emulator: Emulator) -> None:
    """New and moved ones go to the bottom of their column, unless the playbook wants the top."""
    done = emulator.store.space("ACM").statuses[2]
    with desk(emulator) as acm:
        made = [acm.create(title=f"item {rank}", status="Done") for rank in range(4)]
        acm.update(item_id(emulator, 1), status="Done")
        assert [item.id for item in emulator.store.column(done)][2:] == [*made, item_id(emulator, 1)]
    with desk(emulator, write=WriteOptions(placement="top")) as acm:  # type: ignore[arg-type]  # as YAML spells it
        top = acm.create(title="above", status="Done")
        assert next(emulator.store.column(done)).id == top


def test_graphql_keeps_the_dates_of_the_source(emulator: Emulator) -> None:
    """And REST has no field for them."""
    with desk(emulator, write=GRAPHQL) as acm:
        made = acm.create(title="old", createdAt="2019-05-06T07:08:09Z", updatedAt="2020-01-01T00:00:00Z")
        found = acm.records(fields=("createdAt", "updatedAt"))[made].fields
        assert found == {"createdAt": "2019-05-06T07:08:09.000Z", "updatedAt": "2020-01-01T00:00:00.000Z"}
        assert acm.stored(None, **found)["createdAt"] == "2019-05-06T07:08:09Z"
    with desk(emulator) as acm:
        assert (acm.collection.fields or {})["createdAt"].writable_on is WritableOn.NEVER


def test_a_space_goes_by_key_name_or_id(emulator: Emulator) -> None:
    """Its id is what is kept, for keys can be renamed; a private one shows only to its members."""
    ids = set()
    for word in ("LAB", "Labs", emulator.collections["LAB"]):
        with desk(emulator, word) as labs:
            ids.add(labs.collection.id)
    assert ids == {emulator.collections["LAB"]}
    with desk(emulator, "PRV") as private:
        (only,) = private.records(fields=("status", "statusType")).values()
        assert only.fields == {"status": "Backlog", "statusType": "BACKLOG"}
    with pytest.raises(NotFound, match='"PRV"'), desk(emulator, "PRV", token=sample.APPLICATION_TOKEN):
        pass


def test_words_of_a_space_s_own_are_read_and_written_by_graphql_alone(emulator: Emulator) -> None:
    """REST knows three; another is refused while planning."""
    with desk(emulator, "LAB", GRAPHQL) as labs:
        made = labs.create(title="x", effort="huge")
        assert labs.records()[made].fields["effort"] == "Huge"
    with desk(emulator, "LAB") as labs, pytest.raises(Refused, match='"Huge" is none of'):
        labs.create(title="x", effort="Huge")


def test_rest_alone_reads_a_small_space_and_fails_loudly_on_a_larger_one(emulator: Emulator) -> None:
    """Fifty items come whole; of fifty-one none does, and the sentence counts."""
    with desk(emulator, write=GRAPHQL) as acm:
        whole = acm.records(fields=("title", "status", "labels", "effort", "number", "actor"))
    with desk(emulator, "Acme", graphql=False) as acme:
        fields = acme.collection.fields or {}
        assert fields["status"].required and "members" not in fields
        alone = acme.records(fields=("title", "status", "labels", "effort", "number", "actor"))
        assert alone == whole
        assert acme.target.capabilities(None).fetch_max == 0
        for rank in range(43):
            acme.create(title=f"item {rank}", status="Done")
        assert len(acme.records()) == 50
        acme.create(title="one too many", status="Done")
        with pytest.raises(BadAnswer, match="1 of 51 items are unreadable by REST"):
            acme.records()
    for word in ("Acme/comments", "initiatives", "ACM"):
        with pytest.raises(NotFound), desk(emulator, word, graphql=False):
            pass


def test_markers_are_left_out_of_a_source_and_seen_in_a_target(emulator: Emulator) -> None:
    """The line of an earlier migration is no content; a target's must be found."""
    with desk(emulator) as acm:
        made = acm.create(title="x", description="text\n\nmigrator:a/b/1")
        assert acm.records(ReadOptions())[made].fields["description"] == "text\n"
        assert acm.records(ReadOptions(strip_markers=False))[made].fields["description"] == "text\n\nmigrator:a/b/1"
        assert acm.records(WriteOptions())[made].fields["description"] == "text\n\nmigrator:a/b/1"
        assert acm.stored(None, description="text\n") == acm.stored(None, description="text \r\n\r\n")


@pytest.mark.parametrize("write", [WriteOptions(), GRAPHQL], ids=["rest", "graphql"])
def test_comments_are_a_collection_of_their_space(emulator: Emulator, write: WriteOptions) -> None:
    """Each names its work item; they are made, changed, and looked up by id."""
    with desk(emulator, "ACM/comments", write) as comments:
        assert len(comments.records()) == 4
        made = comments.create(body="hello", workItem=item_id(emulator, 3))
        assert isinstance(comments.update(made, body="hello again"), Done)
        found = comments.records()[made].fields
        assert (found["body"], found["workItem"], found["actor"]) == ("hello again", item_id(emulator, 3), "ann")
        (page,) = comments.target.fetch(comments.collection, [[made]], None)
        assert [record.fields for record in page.records] == [found]


def test_a_reply_joins_the_thread_that_it_names(emulator: Emulator) -> None:
    """By GraphQL alone."""
    with desk(emulator, "ACM/comments", GRAPHQL) as comments:
        first = next(each for each in comments.records().values() if each.fields["workItem"] == item_id(emulator, 1))
        made = comments.create(body="so it is", workItem=item_id(emulator, 1), threadId=first.fields["threadId"])
        assert comments.records()[made].fields["threadId"] == first.fields["threadId"]


def test_initiatives_link_work_items_and_keep_their_dates(emulator: Emulator) -> None:
    """They are written by GraphQL whatever is said: REST cannot change one."""
    one, two = item_id(emulator, 1), item_id(emulator, 2)
    with desk(emulator, "initiatives") as initiatives:
        made = initiatives.create(
            title="x", description="d", workItems=(one, two), labels=("LAB/bug",), members=("greg",),
            createdAt="2020-01-01T00:00:00Z",
        )  # fmt: skip
        found = initiatives.records()[made].fields
        assert (found["workItems"], found["labels"], found["members"]) == ((one, two), ("LAB/bug",), ("greg",))
        assert found["createdAt"] == "2020-01-01T00:00:00.000Z"
        result = initiatives.update(made, title="y", workItems=(two,), labels=("ACM/bug",), color="#FF0000")
        assert isinstance(result, Done)
        found = initiatives.records()[made].fields
        assert (found["title"], found["workItems"], found["labels"]) == ("y", (two,), ("ACM/bug",))
    with desk(emulator) as acm:
        assert acm.records()[two].fields["initiatives"] == (made,)


def test_feedback_gets_and_loses_owners_and_tags(emulator: Emulator) -> None:
    """By mutations of their own, with the edit in one request; what stands is not sent again."""
    with desk(emulator, "feedback", GRAPHQL) as feedback:
        made = feedback.create(title="x", owners=("ann",), tags=("ACM/bug",))
        assert isinstance(feedback.update(made, title="y", owners=("ann", "greg"), tags=("LAB/bug",)), Done)
        found = feedback.records()[made].fields
        assert (found["title"], set(found["owners"]), found["tags"]) == ("y", {"ann", "greg"}, ("LAB/bug",))
        assert isinstance(feedback.update(made, owners=()), Done)
        assert feedback.records()[made].fields["owners"] == ()


def test_items_are_chosen_by_the_type_of_their_column(emulator: Emulator) -> None:
    """`status_types` is asked of the server; where it could choose nothing it is refused."""
    with desk(emulator) as acm:
        every = {id_: record.fields["statusType"] for id_, record in acm.records().items()}
        some = acm.records(ReadOptions(status_types=(StatusType.DONE, StatusType.TODO)))
        assert set(some) == {id_ for id_, type_ in every.items() if type_ in ("DONE", "TODO")} < set(every)
    with desk(emulator) as acm, pytest.raises(Refused, match="status_types"):
        acm.target.describe("initiatives", ReadOptions(status_types=(StatusType.DONE,)))


def test_feedback_comes_from_people_by_their_addresses(emulator: Emulator) -> None:
    """REST makes a person of an address, GraphQL takes those that are known; links are made with the feedback."""
    one = item_id(emulator, 1)
    with desk(emulator, "feedback") as feedback:
        made = feedback.create(title="x", content="text", person="new@example.com", entities=(one,))
        found = feedback.records()[made].fields
        assert (found["content"], found["person"], found["entities"]) == ("text", "new@example.com", (one,))
    with desk(emulator, "feedback", GRAPHQL) as feedback:
        made = feedback.create(
            title="y", person="NEW@example.com", processed=True, owners=("ann",), tags=("ACM/bug",),
            createdAt="2020-01-01T00:00:00Z",
        )  # fmt: skip
        found = feedback.records()[made].fields
        assert (found["person"], found["processed"], found["tags"]) == ("new@example.com", True, ("ACM/bug",))
        assert isinstance(feedback.update(made, processed=False, content="c", person="uma@example.com"), Done)
        found = feedback.records()[made].fields
        assert (found["person"], found["processed"], found["content"]) == ("uma@example.com", False, "c")
        with pytest.raises(Refused, match="no person with the address"):
            feedback.create(title="z", person="nobody@example.com")


def answered(emulator: Emulator, body: Any, **after: Value) -> Result:
    """What a GraphQL update becomes whose answer is `body`."""
    with desk(emulator, write=GRAPHQL) as acm:
        found = acm.records()[item_id(emulator, 2)]
        emulator.faults.add("POST /developers/graphql", status=200, body=json.dumps(body).encode())
        before = {name: found.fields[name] for name in after}
        return acm.write(change(Action.UPDATE, after, before=before, target_id=found.id))


def test_an_error_after_the_first_mutation_leaves_a_doubt(emulator: Emulator) -> None:
    """They run in order and stop at the first that fails: an error of the first means that nothing stands."""
    wanted: dict[str, Value] = {"title": "new", "labels": ("important",)}
    error = {"message": "no", "path": ["m0"]}
    assert isinstance(answered(emulator, {"errors": [error], "data": None}, **wanted), Failed)
    assert isinstance(answered(emulator, {"errors": [{"message": "no"}]}, **wanted), Failed)
    assert isinstance(answered(emulator, {"errors": [{"message": "no"}], "data": None}, **wanted), Unknown)
    alone = answered(emulator, {"errors": [{"message": "no"}], "data": None}, title="new")
    assert isinstance(alone, Failed)
    late = {"message": "no", "path": ["m1", "workItem"]}
    assert isinstance(answered(emulator, {"errors": [late], "data": None}, **wanted), Unknown)
    both = {"errors": [error], "data": {"m0": {"workItem": {"id": item_id(emulator, 2)}}}}
    assert isinstance(answered(emulator, both, **wanted), Unknown)
    other = {"data": {"m0": {"workItem": {"id": item_id(emulator, 3)}}}}
    assert isinstance(answered(emulator, other, **wanted), Unknown)


def test_an_item_that_is_not_there_is_a_conflict_not_a_failure(emulator: Emulator) -> None:
    """By the code of REST, by the words of GraphQL."""
    for write in (WriteOptions(), GRAPHQL):
        with desk(emulator, write=write) as acm:
            made = change(Action.UPDATE, {"title": "x"}, before={}, target_id="136975ca1bb5d800")
            result = acm.write(made)
            assert isinstance(result, Failed) and result.cause is Cause.GONE


def test_data_beside_an_error_is_not_believed(emulator: Emulator) -> None:
    """Some clients go on; a migration would lose records in silence."""
    with desk(emulator) as acm:
        emulator.store.switches.partial_errors = True
        with pytest.raises(BadAnswer, match="Something else went wrong"):
            acm.records()


def test_pages_that_repeat_are_an_error(emulator: Emulator) -> None:
    """More is announced and the same comes: no endless reading."""
    page = {"data": {"page": {"cursor": "18", "hasMore": True, "things": [{"id": "1", "title": "x"}]}}}
    with desk(emulator) as acm:
        body = json.dumps(page).encode()
        emulator.faults.add("POST /developers/graphql", kind="wrong_body", body=body, times=None)
        with pytest.raises(BadAnswer, match="same page again"):
            acm.records(fields=("title",))


@pytest.mark.parametrize(
    "found", [{"spaces": []}, {"spaces": [{"id": "1"}], "users": []}, {"users": 3, "spaces": [3]}]
)
def test_an_organization_that_is_cut_is_an_error_for_people(emulator: Emulator, found: Any) -> None:
    """Nothing of it is guessed, and no traceback comes."""
    body = json.dumps({"data": {"organization": found}}).encode()
    emulator.faults.add("POST /developers/graphql", kind="wrong_body", body=body)
    with pytest.raises((BadAnswer, NotFound)), desk(emulator):
        pass


def test_ids_that_are_not_shown_are_left_out_of_a_fetch(emulator: Emulator) -> None:
    """One page for each page of ids."""
    with desk(emulator) as acm:
        pages = acm.target.fetch(acm.collection, [[item_id(emulator, 1)], ["136975ca1bb5d800"]], ("title",))
        assert [[record.fields["title"] for record in page.records] for page in pages] == [
            ["Shorter set-up times"],
            [],
        ]


def test_options_are_checked_without_the_network() -> None:
    """A url with a path is refused; the token shows nowhere."""
    assert Kitemaker.check(Kitemaker.Options(token="t")) == ()
    assert Kitemaker.check(Kitemaker.Options(token="t", url="{{ env.KITEMAKER_URL }}")) == ()
    (complaint,) = Kitemaker.check(Kitemaker.Options(token="t", url="https://toil.kitemaker.co/developers"))
    assert "scheme and host alone" in complaint
    assert "secret" not in repr(Kitemaker.Options(token="secret"))


def test_what_kitemaker_cannot_do_is_said(emulator: Emulator) -> None:
    """Deletes, files and calls of their own are refused with a reason; the pace is the cautious one."""
    with desk(emulator) as acm:
        facts = acm.target.capabilities(WriteOptions())
        assert all(facts.cannot[action] for action in (Action.DELETE, Action.UPLOAD, Action.ACT))
        assert [(rate.calls, rate.seconds) for rate in facts.pace] == [(10, 5)]
        assert set(facts.batch_max.values()) == {1} and facts.in_flight == 1
        assert (facts.creates, facts.recheck) == (Creates.UNGUARDED, Recheck.SCAN)


def test_kitemaker_is_asked_by_these_calls_and_no_others(emulator: Emulator) -> None:
    """Everything that the connector can do, counted where it arrives."""
    with desk(emulator) as acm:
        acm.target.identity()
        acm.update(acm.create(title="x"), title="y")
    for collection, fields in (
        ("ACM/comments", {"body": "b", "workItem": item_id(emulator, 1)}),
        ("ACM/labels", {"name": "l"}),
        ("initiatives", {"title": "i"}),
        ("feedback", {"title": "f"}),
    ):
        for write in (WriteOptions(), GRAPHQL):
            with desk(emulator, collection, write) as any_:
                assert any_.create(**fields) in any_.records()
    with desk(emulator, "Acme", graphql=False) as acme:
        acme.records()
    prefix = "/developers/rest/v1"
    made = {f"{method} {path}" for method, path in emulator.faults.calls}
    assert made == {call.replace(" ", f" {prefix}") for call in CALLS} | {"POST /developers/graphql"}
