"""Reading GLPI: ranges, what a query may ask for, what stands beside an item, and keys that are looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from migrator.connectors.glpi import Glpi
from migrator.contract import Answer, Call, Query, Wire
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import BadAnswer, CountDrift, FileUnread, NotFound, Refused
from migrator.model.values import File, Kind, WritableOn
from tests.connectors.glpi_desk import Desk, desk
from tests.wsgi import WsgiAdapter


@pytest.fixture
def emulator() -> Emulator:
    """A server with samples: 13 computers, one of them trashed, one a template."""
    return create_emulator("glpi", pace="off")


def names(open_desk: Desk, **read: Any) -> list[Any]:
    """Names of what a query brings."""
    return [record.fields["name"] for record in open_desk.records("name", **read)]


class Asked:
    """An app that notes what was asked, and may do something before a request."""

    def __init__(self, app: Any, before: Callable[[str], None] = lambda line: None) -> None:
        self._app, self._before = app, before
        self.lines: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        self._before(line)
        self.lines.append(line)
        return self._app(environ, start_response)


# ---------------------------------------------------------------- pages


def test_every_listing_has_a_range(emulator: Emulator) -> None:
    """Without one the user's own page size counts; links, which make items five times as big, are not asked for."""
    asked = Asked(emulator.app)
    with desk(emulator, "Computer", app=asked) as open_desk:
        open_desk.records(page=5)
        open_desk.records(criteria=({"field": 1, "searchtype": "contains", "value": "pc"},))
        open_desk.target.count(Query(collection=open_desk.collection))
    listings = [line for line in asked.lines if "/Computer?" in line and "listSearch" not in line]
    assert len(listings) > 4 and all("range=" in line for line in listings)
    assert all("get_hateoas=false" in line for line in listings if "/search/" not in line)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda answer: _headed(answer, "0-4/13"), "was asked"),
        (lambda answer: _headed(answer, "5-8/13"), "was asked"),
        (lambda answer: _headed(answer, None), "Content-Range is None"),
        (lambda answer: _headed(answer, "items 5-9/13"), "Content-Range is 'items"),
        (
            lambda answer: Answer(status=206, headers=answer.headers, body=answer.body.replace(b'"id":6', b'"id":5')),
            "5",
        ),
        (lambda answer: Answer(status=206, headers=answer.headers, body=b'{"0":{"id":6}}'), "no list of items"),
    ],
)
def test_a_page_that_is_not_the_one_asked_for_is_refused(emulator: Emulator, change: Any, words: str) -> None:
    """Another Content-Range, none, an item a second time, another shape: never an end in silence."""
    with desk(emulator, "Computer") as open_desk:
        open_desk.target._wire = _Twisted(open_desk.wire, change)  # type: ignore[assignment]  # reads alone are made
        with pytest.raises(BadAnswer) as caught:
            open_desk.records(page=5, templates=True)
        assert words in str(caught.value)


def _headed(answer: Answer, told: str | None) -> Answer:
    headers = {name: text for name, text in answer.headers.items() if name != "content-range"}
    return Answer(
        status=206, headers=headers if told is None else {**headers, "content-range": told}, body=answer.body
    )


class _Twisted:
    """A wire whose second page is another."""

    def __init__(self, wire: Wire, change: Any) -> None:
        self._wire, self._change = wire, change

    @property
    def transfer(self) -> Any:
        return self._wire.transfer

    def ask(self, call: Call) -> Answer:
        return self._wire.ask(call)

    def stream(self, calls: Any) -> Any:
        for answer in self._wire.stream(calls):
            yield self._change(answer) if "5-9/" in answer.headers.get("content-range", "") else answer


def test_b30_items_that_go_while_we_read_are_told(emulator: Emulator) -> None:
    """A later page slides past one: CountDrift after the last page, however far the total fell."""
    for gone in (1, 12):
        fresh = create_emulator("glpi", pace="off")
        table = fresh.store.table("Computer")

        def before(line: str, table: Any = table, gone: int = gone) -> None:
            if "range=5-9" in line and len(table.rows) == 13:
                for number in sorted(table.rows)[:gone]:
                    table.remove(number)

        with desk(fresh, "Computer", app=Asked(fresh.app, before)) as open_desk, pytest.raises(CountDrift) as caught:
            open_desk.records(page=5)
        assert caught.value.announced == 11 > caught.value.got


def test_b30_items_that_come_while_we_read_come_too(emulator: Emulator) -> None:
    """They have the highest ids, so they stand behind the last page that was announced."""

    def before(line: str) -> None:
        if "range=10-14" in line and len(emulator.store.rows("Computer")) == 13:
            for number in range(9):
                emulator.store.add("Computer", name=f"late {number}")

    with desk(emulator, "Computer", app=Asked(emulator.app, before)) as open_desk:
        found = names(open_desk, page=5)
    assert len(found) == len(set(found)) == 20 and "late 8" in found


# ---------------------------------------------------------------- what is asked for


def test_templates_and_the_trash_come_when_they_are_asked_for(emulator: Emulator) -> None:
    """Templates stand in listings like anything else: they are left out by us."""
    with desk(emulator, "Computer") as open_desk:
        assert len(names(open_desk)) == 11 and "template" not in names(open_desk)
        assert "template" in names(open_desk, templates=True)
        assert names(open_desk, is_deleted=True) == ["pc-012"]
        search = {"field": "name", "searchtype": "contains", "value": "pc-01"}
        assert names(open_desk, criteria=(search,), is_deleted=True) == ["pc-012"]


def test_search_text_is_handed_on(emulator: Emulator) -> None:
    """Contains, pinned ends, wildcards, several at once, NULL; blind to case."""
    with desk(emulator, "Computer") as open_desk:
        assert names(open_desk, searchText={"name": "PC-00"}) == [f"pc-00{number}" for number in range(1, 10)]
        assert names(open_desk, searchText={"serial": "^SN-00_$"}) == []
        assert names(open_desk, searchText={"serial": "^SN%3$"}) == ["pc-003"]
        assert names(open_desk, searchText={"name": "pc", "comment": "^"}) == ["pc-003"]
        assert len(names(open_desk, searchText={"comment": "NULL", "id": 1})) == 3


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ({"searchText": {"nope": "x"}}, "no column"),
        ({"searchText": {"serial": ""}}, "filters nothing"),
        ({"searchText": {"serial": 0}}, "filters nothing"),
        ({"searchText": {"comment": "a < b"}}, "find nothing"),
        ({"criteria": ({"field": "nope", "searchtype": "contains", "value": "x"},)}, "no search option"),
        ({"parent": "Ticket"}, "is no TYPE/ID"),
        ({"parent": "Monitor/1"}, "nothing ties"),
        ({"parent": "Location/1", "criteria": ({"field": 1},)}, "do not go together"),
        ({"expand_dropdowns": True, "add_keys_names": ("states_id",)}, "come out empty"),
    ],
)
def test_a_query_that_glpi_would_ignore_is_refused(emulator: Emulator, read: Any, words: str) -> None:
    """GLPI brings everything, or nothing, without a word."""
    with desk(emulator, "Computer") as open_desk, pytest.raises(Refused) as caught:
        open_desk.target.describe("Computer", Glpi.ReadOptions(**read))
    assert words in str(caught.value)


def test_criteria_are_searched_and_items_read_whole(emulator: Emulator) -> None:
    """Columns or numbers, equality by id, nested ones, dates; rows of the search itself are never taken."""
    with desk(emulator, "Computer") as open_desk:
        broken = {"field": "states_id", "searchtype": "equals", "value": 2}
        found = open_desk.records(criteria=(broken,))
        assert [record.fields["serial"] for record in found] == ["SN-004", "SN-008"]
        either = {"criteria": [broken, {"link": "OR", "field": 1, "searchtype": "contains", "value": "^pc-001$"}]}
        assert names(open_desk, criteria=(either,), page=2) == ["pc-001", "pc-004", "pc-008"]
        old = {"field": "date_creation", "searchtype": "lessthan", "value": "2001-01-01 00:00:00"}
        assert names(open_desk, criteria=(old,)) == []
        query = Query(collection=open_desk.collection, read=Glpi.ReadOptions(criteria=(either,)))
        assert open_desk.target.count(query) == 3


def test_a_search_whose_items_go_is_told(emulator: Emulator) -> None:
    """What was found and is not there any more is no shorter answer."""

    def before(line: str) -> None:
        if "/getMultipleItems" in line:
            table = emulator.store.table("Computer")
            if 2 in table.rows:
                table.remove(2)

    criteria = ({"field": 1, "searchtype": "contains", "value": "pc"},)
    with desk(emulator, "Computer", app=Asked(emulator.app, before)) as open_desk, pytest.raises(CountDrift):
        open_desk.records(criteria=criteria)


def test_sub_items_are_read_below_their_parent(emulator: Emulator) -> None:
    """By the parent's key, or by itemtype and items_id; an unknown parent is not found."""
    with desk(emulator, "Ticket_User") as open_desk:
        (one,) = open_desk.records(parent="Ticket/2")
        assert one.fields["tickets_id"] == 2
        with pytest.raises(NotFound):
            open_desk.records(parent="Ticket/99")
    with desk(emulator, "ITILFollowup") as followups:
        followups.create({"itemtype": "Ticket", "items_id": "2", "content": "one"})
        followups.create({"itemtype": "Ticket", "items_id": "3", "content": "other"})
        (answer,) = followups.records(parent="Ticket/3")
        assert answer.fields["content"] == "other"


def test_names_come_instead_of_ids_or_beside_them(emulator: Emulator) -> None:
    """Paths of a tree are decoded; what is not set stays 0."""
    with desk(emulator, "Computer") as open_desk:
        first = open_desk.records(expand_dropdowns=True)[0].fields
        assert (first["locations_id"], first["manufacturers_id"]) == ("Paris > Floor 1", "ACME & Sons")
        assert first["networks_id"] == 0
        beside = open_desk.records(add_keys_names=("locations_id", "states_id"))[0].fields
        assert beside["locations_id"] == 2
        assert beside["_keys_names"] == {"locations_id": "Paris > Floor 1", "states_id": "In use"}


def test_blocks_come_along_with_each_item(emulator: Emulator) -> None:
    """Each under its own name with its texts decoded; also where a search found the items."""
    emulator.store.add("Infocom", itemtype="Computer", items_id=2, comment="a &#60; b", value="12.5000")
    every = (
        "devices", "disks", "softwares", "connections", "networkports", "infocoms", "contracts", "documents",
        "tickets", "problems", "changes", "notes", "logs",
    )  # fmt: skip
    with desk(emulator, "Computer") as open_desk:
        records = {record.id: record.fields for record in open_desk.records(blocks=every)}
        assert len(records) == 11
        assert records["2"]["_infocoms"]["comment"] == "a < b"  # type: ignore[index,call-overload]  # a map, as GLPI gives it
        assert {f"_{block}" for block in every} <= records["3"].keys()
        assert records["3"]["_infocoms"] == ()
        found = {"field": "serial", "searchtype": "contains", "value": "^SN-001$"}
        (one,) = open_desk.records(criteria=(found,), blocks=("tickets",))
        assert one.fields["_tickets"]


# ---------------------------------------------------------------- values


def test_date_times_are_of_the_servers_zone(emulator: Emulator) -> None:
    """They come in UTC, go back as they were, and a day's change of hour loses nothing but which of two it was."""
    emulator.store.options.zone = "Europe/Paris"
    number = str(emulator.store.add("Computer", name="x", last_boot="2024-07-01 12:00:00"))
    with desk(emulator, "Computer", zone="Europe/Paris") as open_desk:
        assert open_desk.record(number).fields["last_boot"] == "2024-07-01T10:00:00Z"
        open_desk.update(number, {"last_boot": "2024-01-01T10:00:00Z"})
        assert emulator.store.row("Computer", int(number))["last_boot"] == "2024-01-01 11:00:00"
        for wanted in ("2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z", "2024-03-31T01:30:00+01:00"):
            open_desk.update(number, {"last_boot": wanted})
            assert open_desk.stands(number, {"last_boot": wanted})
    notes = open_desk.target.capabilities(None).notes
    assert any("Europe/Paris" in note for note in notes)


def test_texts_come_as_they_were_meant(emulator: Emulator) -> None:
    """Stored encoded, read decoded, by listing, by id and by search alike."""
    with desk(emulator, "Computer") as open_desk:
        search = ({"field": "name", "searchtype": "contains", "value": "^pc-003$"},)
        texts = [record.fields["comment"] for record in open_desk.records(criteria=search)]
        texts += [record.fields["comment"] for record in open_desk.records(searchText={"name": "^pc-003$"})]
        assert texts == ["a < b & c"] * 2


def test_b44_documents_are_files_that_come_whole_or_not_at_all(emulator: Emulator) -> None:
    """A Document shows its file, whose bytes are read from the server, and told from others though no length is."""
    with requests.Session() as session:
        session.mount("https://", WsgiAdapter(emulator.app))
        url, tokens = "https://glpi.example/apirest.php", {"App-Token": emulator.variables["GLPI_APP_TOKEN"]}
        login = {**tokens, "Authorization": f"user_token {emulator.variables['GLPI_USER_TOKEN']}"}
        tokens["Session-Token"] = session.get(f"{url}/initSession", headers=login).json()["session_token"]
        manifest = '{"input": {"name": "plan", "_filename": ["plan.txt"]}}'
        parts: Any = {
            "uploadManifest": (None, manifest, "application/json"),
            "filename[0]": ("plan.txt", b"bytes \x00 of a file", "text/plain"),
        }
        session.post(f"{url}/Document", headers=tokens, files=parts).raise_for_status()
    with desk(emulator, "Document") as open_desk:
        (record,) = open_desk.records()
        file = record.fields["_file"]
        assert isinstance(file, File) and file.name == "plan.txt" and file.system == open_desk.target.identity()
        assert b"".join(open_desk.target.open(file)) == b"bytes \x00 of a file"
        emulator.store.files[int(record.id)] = b"bytes"
        with pytest.raises(FileUnread, match=r"plan\.txt.*cut on its way, or changed"):
            list(open_desk.target.open(file))
        field = (open_desk.collection.fields or {})["_file"]
        assert (field.kind, field.writable_on) == (Kind.FILE, WritableOn.CREATE)


# ---------------------------------------------------------------- what is told of a type


def test_a_type_goes_by_any_case(emulator: Emulator) -> None:
    """One collection has one id, however a playbook spells it."""
    with desk(emulator, "computer") as open_desk:
        assert open_desk.collection.id == "Computer"


def test_columns_are_told_with_kinds_labels_and_limits(emulator: Emulator) -> None:
    """The same for a full type and an empty one, which only the table of types knows."""
    with desk(emulator, "Computer") as full, desk(create_emulator("glpi", seed="empty"), "Computer") as empty:
        fields = dict(full.collection.fields or {})
        assert fields == empty.collection.fields
    assert (fields["serial"].kind, fields["serial"].max_length, fields["serial"].label) == (
        Kind.TEXT, 255, "Serial number",
    )  # fmt: skip
    assert fields["locations_id"].kind is Kind.REFERENCE
    assert fields["last_boot"].kind is Kind.DATETIME
    assert (fields["ticket_tco"].kind, fields["ticket_tco"].maximum) == (Kind.NUMBER, "9" * 16 + ".9999")
    assert fields["date_mod"].writable_on is WritableOn.CREATE
    assert fields["entities_id"].required and fields["entities_id"].has_default


def test_a_type_without_a_table_tells_what_its_first_item_shows(emulator: Emulator) -> None:
    """And nothing while it has none, which the plan says: GLPI has no call that tells all columns."""
    with desk(emulator, "NetworkPort") as open_desk:
        assert open_desk.collection.fields is None
        notes = open_desk.target.capabilities(None, open_desk.collection).notes
        assert any("names of fields are not checked" in note for note in notes)
    emulator.store.add("NetworkPort", name="eth0", itemtype="Computer", items_id=2, mac="00:11")
    with desk(emulator, "NetworkPort") as open_desk:
        fields = open_desk.collection.fields or {}
        assert fields["name"].learned and fields["items_id"].kind is Kind.REFERENCE
        (made,) = open_desk.create({"name": "eth1", "itemtype": "Computer", "items_id": "3"})
        assert open_desk.record(made.target_id).fields["items_id"] == 3  # type: ignore[union-attr]  # it is done


def test_a_type_without_a_table_is_told_by_its_trash_too(emulator: Emulator) -> None:
    """Where nothing stands, one more question may find what was thrown away."""
    number = emulator.store.add("NetworkPort", name="eth0", itemtype="Computer", items_id=2, mac="00:11")
    emulator.store.row("NetworkPort", number)["is_deleted"] = 1
    with desk(emulator, "NetworkPort") as open_desk:
        assert "mac" in (open_desk.collection.fields or {})
        assert not any(
            "not checked" in note for note in open_desk.target.capabilities(None, open_desk.collection).notes
        )


def test_actors_and_mail_addresses_are_for_creates(emulator: Emulator) -> None:
    """They are rows of their own: reading does not show them with the item."""
    with desk(emulator, "Ticket") as tickets, desk(emulator, "User") as users:
        assert (tickets.collection.fields or {})["_users_id_assign"].writable_on is WritableOn.CREATE
        assert (users.collection.fields or {})["_useremails"].kind is Kind.JSON
        assert (users.collection.fields or {})["name"].unique


# ---------------------------------------------------------------- keys


def test_keys_are_found_whatever_they_hold(emulator: Emulator) -> None:
    """Wildcards, pins, blanks around, words of GLPI's own: at least the item itself comes."""
    odd = ["^pin", "dollar$", "100%", "  padded  ", "NULL", "0", "a < b", "x & y", "&lt;b&gt;", "tab\there", "$", "^"]
    with desk(emulator, "Monitor") as open_desk:
        open_desk.create(*({"name": text, "serial": text} for text in odd))
        pages = list(open_desk.target.find(open_desk.collection, ("serial",), [[(text,)] for text in odd], None))
        assert len(pages) == len(odd)
        for text, page in zip(odd, pages, strict=True):
            assert text in [record.fields["serial"] for record in page.records]


def test_a_key_may_have_several_columns(emulator: Emulator) -> None:
    """A place below a place: the parent's id is compared as a number, none as 0; case does not count in its name."""
    with desk(emulator, "Location") as open_desk:
        keys: Any = [[("FLOOR 1", 1)], [("Paris", None), ("Paris", "0")], [("Floor 1", 3)]]
        found = list(open_desk.target.find(open_desk.collection, ("name", "locations_id"), keys, ("comment",)))
        assert [[record.id for record in page.records] for page in found] == [["2"], ["1"], []]
        fields = open_desk.collection.fields or {}
        fold = open_desk.target.fold
        assert fold(fields["name"], "Pâris ") == fold(fields["name"], "PARIS")
        assert fold(fields["locations_id"], None) == fold(fields["locations_id"], 0) == "0"
    with desk(emulator, "Computer") as computers:
        serial = (computers.collection.fields or {})["serial"]
        assert fold(serial, "sn-1") != fold(serial, "SN-1")


def test_many_hits_of_one_key_all_come(emulator: Emulator) -> None:
    """Serials are not unique: more than one page of them too."""
    for _ in range(60):
        emulator.store.add("Computer", name="twin", serial="TWIN")
    with desk(emulator, "Computer") as open_desk:
        (page,) = open_desk.target.find(open_desk.collection, ("serial",), [[("TWIN",)]], ())
        assert page.size == len(list(page.records)) == 60


def test_what_was_trashed_counts_as_gone(emulator: Emulator) -> None:
    """Unless the step itself writes `is_deleted`: then it is read back by id and as a whole."""
    with desk(emulator, "Computer") as open_desk:
        (page,) = open_desk.target.fetch(open_desk.collection, [["12", "no id"]], ("name",))
        assert page.size == 0
        (page,) = open_desk.target.fetch(open_desk.collection, [["12"]], ("is_deleted",))
        assert [record.fields["is_deleted"] for record in page.records] == [1]
        query = Query(collection=open_desk.collection, write=open_desk.options, fields=("is_deleted",))
        assert sum(page.size for page in open_desk.target.read(query)) == 12
