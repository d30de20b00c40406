"""Reading Kintone when apps are large or sparse, cursors expire, pages lie, apps hide in guest spaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.connectors.kintone import Kintone
from migrator.connectors.kintone.reading import PAGE, Reading, cut
from migrator.contract import Answer, Call, Query, Transfer
from migrator.emulators.kintone.app import Space
from migrator.emulators.kintone.numeric import Precision
from migrator.emulators.server import Emulator, ManualClock, create_emulator
from migrator.errors import BadAnswer, CountDrift, Denied, NotFound, Refused
from migrator.model.values import Collection, File, Record
from tests.connectors.wires import emulated

URL = "https://acme.kintone.example"


@pytest.fixture
def clock() -> ManualClock:
    """The emulator's."""
    return ManualClock()


@pytest.fixture
def emulator(clock: ManualClock) -> Emulator:
    """An empty domain."""
    return create_emulator("kintone", seed="empty", pace="off", clock=clock)


@contextmanager
def kintone(emulator: Emulator, **options: Any) -> Iterator[Kintone]:
    """A connector over the emulator."""
    login = {"api_token": emulator.variables["KINTONE_API_TOKEN"], **options}
    system = Kintone.Options(url=URL, **login)
    with emulated(Kintone, system, emulator.app) as wire, Kintone(system, wire) as target:
        yield target


def read(target: Kintone, app: int | str, query: str = "", reading: Any = "auto") -> list[Record]:
    """All records, all fields."""
    options = Kintone.ReadOptions(query=query, reading=reading)
    collection = target.describe(str(app), options)
    pages = target.read(Query(collection=collection, read=options))
    return [record for page in pages for record in page.records]


def packages(emulator: Emulator, size: int) -> Any:
    """An app with a few fields, and `size` records: `package` is p-N, `installed_size` N."""
    app = emulator.store.app(emulator.collections["packages"])
    emulator.store.add_records(app, [{"package": f"p-{at}", "installed_size": at} for at in range(size)])
    return app


# ---------------------------------------------------------------- large apps


def test_a_large_app_is_read_in_ranges(emulator: Emulator) -> None:
    """2,600 records with holes: each once, in order, by about as many requests as there are pages."""
    app = packages(emulator, 3000)
    for id_ in [*range(700, 900), *range(2000, 2200)]:
        app.table.remove(id_)
    with kintone(emulator) as target:
        asked = emulator.faults.total("/k/v1/records.json")
        records = read(target, app.id)
        asked = emulator.faults.total("/k/v1/records.json") - asked
    assert [int(record.id) for record in records] == app.table.ids
    assert asked <= 2600 // PAGE + 5


def test_records_added_while_ranges_are_read_come_at_the_end(emulator: Emulator) -> None:
    """The top was asked before; what lies above it is not lost."""
    app = packages(emulator, 2600)
    with kintone(emulator) as target:
        pages = target.read(Query(collection=target.describe(str(app.id), None)))
        seen = [record.id for record in next(pages).records]
        seen += [record.id for record in next(pages).records]
        emulator.store.add_records(app, [{"package": "late"}])
        seen += [record.id for page in pages for record in page.records]
    assert [int(id_) for id_ in seen] == app.table.ids


@given(last=st.integers(0, 10**6), wide=st.integers(0, 10**6), left=st.integers(0, 10**6))
def test_ranges_leave_no_gap(last: int, wide: int, left: int) -> None:
    """They begin behind the last id read, end at the top, touch each other; dense ones hold a page at most."""
    ranges = cut(last, last + wide, left)
    edges = [low for low, _ in ranges] + [ranges[-1][1]] if ranges else [last]
    assert edges == sorted(set(edges)) and edges[0] == last and edges[-1] == last + wide
    assert all(high == low for (_, high), (low, _) in pairwise(ranges))
    if left > 0.8 * wide:
        assert all(high - low <= PAGE for low, high in ranges)


class Scripted:
    """A wire whose answers come from a function of the query; it keeps the queries."""

    origin, transfer = URL, Transfer()

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._answer = answer

    @property
    def queries(self) -> list[str]:
        return [body["query"] for body in self.bodies]

    def ask(self, call: Call) -> Answer:
        assert isinstance(call.body, bytes)
        self.bodies.append(orjson.loads(call.body))
        return Answer(status=200, headers={}, body=orjson.dumps(self._answer(self.bodies[-1]["query"])))

    def stream(self, calls: Any) -> Iterator[Answer]:
        yield from map(self.ask, calls)


def ids_by(answer: Callable[[str], Any], query: str = "") -> tuple[list[int], Scripted]:
    """All ids that a reading over scripted answers brings."""
    wire = Scripted(answer)
    target = Kintone(Kintone.Options(url=URL, api_token="T"), wire)  # type: ignore[arg-type]  # enough of a wire
    app = Collection(id="1", name="App", fields=None)
    pages = target.read(Query(collection=app, read=Kintone.ReadOptions(query=query)))
    return [int(record.id) for page in pages for record in page.records], wire


def found(ids: list[int], total: int | None = None) -> dict[str, Any]:
    """An answer."""
    revision = {"type": "__REVISION__", "value": "1"}
    records = [{"$id": {"type": "__ID__", "value": str(id_)}, "$revision": revision} for id_ in ids]
    return {"records": records, "totalCount": None if total is None else str(total)}


def served(all_ids: list[int]) -> Callable[[str], Any]:
    """What a server with these ids answers to the queries of a reading."""

    def answer(query: str) -> Any:
        low = int((re.search(r"\$id > (\d+)", query) or ["", "0"])[1])
        high = int((re.search(r"\$id <= (\d+)", query) or ["", str(10**9)])[1])
        limit = int((re.search(r"limit (\d+)", query) or ["", "500"])[1])
        fits = [id_ for id_ in all_ids if low < id_ <= high]
        return found((fits[::-1] if "desc" in query else fits)[:limit], len(all_ids))

    return answer


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 1200)), max_size=6))
def test_every_distribution_of_ids_is_read_once(clumps: list[tuple[int, int]]) -> None:
    """Clumps and deserts: all ids in order, whatever ranges they fall into."""
    ids, last = [], 0
    for gap, size in clumps:
        ids += range(last + gap, last + gap + size)
        last = ids[-1]
    seen, wire = ids_by(served(ids))
    assert seen == ids
    assert len(wire.queries) <= len(ids) // PAGE * 2 + 8 + sum(gap for gap, _ in clumps) // 400


def test_the_condition_stays_whole() -> None:
    """In parentheses, so that its `or` does not swallow the id."""
    _, wire = ids_by(lambda query: found([], 0), 'a = "1" or b = "order by c"')
    assert wire.queries == ['(a = "1" or b = "order by c") and $id > 0 order by $id asc limit 500']


# ---------------------------------------------------------------- pages that lie


def test_a_page_that_comes_again_is_an_error() -> None:
    """A server (or a proxy's cache) that repeats itself would loop for ever."""
    with pytest.raises(BadAnswer, match="repeat"):
        ids_by(lambda query: found(list(range(1, 501)), 2000))


def test_records_out_of_order_within_a_page_are_an_error() -> None:
    """One record twice in a page, its ends right."""
    with pytest.raises(BadAnswer, match="twice"):
        ids_by(lambda query: found([1, 3, 3, 8], 4))


def test_an_early_end_is_an_error() -> None:
    """A short page while the server still counts more: not an end, and no drift."""
    with pytest.raises(BadAnswer, match="3 records came, 900 fit") as caught:
        ids_by(lambda query: found([1, 2, 3], 900))
    assert not isinstance(caught.value, CountDrift)


def test_b30_b32_records_deleted_meanwhile_are_a_drift() -> None:
    """Fewer came than were announced, and the server counts no more than came: told after the last page."""
    totals = iter((4, 3))
    with pytest.raises(CountDrift) as caught:
        ids_by(lambda query: found([1, 2, 3], next(totals)))
    assert (caught.value.announced, caught.value.got) == (4, 3)


def test_a_cut_search_is_an_error(emulator: Emulator) -> None:
    """Over 100,000 hits Kintone answers a part and says so in a header only."""
    headers = {"X-Cybozu-Warning": "Filter aborted because of too many search results"}
    body = orjson.dumps(found([1], 1))
    emulator.faults.add("POST /k/v1/records.json", kind="status", status=200, headers=headers, body=body)
    with kintone(emulator) as target, pytest.raises(BadAnswer, match="100,000"):
        read(target, 1, 'title like "a"')


# ---------------------------------------------------------------- cursors


def walk(emulator: Emulator, target: Kintone) -> Iterator[list[str]]:
    """The ids of each page of the packages, largest first."""
    app = target.describe(str(emulator.store.app(emulator.collections["packages"]).id), None)
    options = Kintone.ReadOptions(query="order by installed_size desc")
    for page in target.read(Query(collection=app, read=options)):
        yield [record.id for record in page.records]


def test_b29_an_expired_cursor_is_made_again(emulator: Emulator, clock: ManualClock) -> None:
    """Ten minutes between two pages: a new cursor walks to the place, and no record comes twice or is left out."""
    packages(emulator, 1300)
    with kintone(emulator) as target:
        pages = walk(emulator, target)
        seen = next(pages)
        clock.advance(601)
        seen += next(pages)
        clock.advance(601)
        seen += [id_ for page in pages for id_ in page]
    assert [int(id_) for id_ in seen] == list(range(1300, 0, -1))
    assert not emulator.store.cursors


def test_b29_an_expired_cursor_over_changed_records_is_an_error(emulator: Emulator, clock: ManualClock) -> None:
    """What was given out is not the beginning any more: nobody can say what is missing."""
    app = packages(emulator, 1300)
    with kintone(emulator) as target:
        pages = walk(emulator, target)
        next(pages)
        clock.advance(601)
        emulator.store.add_records(app, [{"package": "largest", "installed_size": 10**6}])
        with pytest.raises(BadAnswer, match="changed meanwhile"):
            next(pages)
    assert not emulator.store.cursors


def test_leaving_the_connector_deletes_its_cursors(emulator: Emulator) -> None:
    """Also those of readings that nobody ended or closed."""
    packages(emulator, 600)
    with kintone(emulator) as target:
        pages = walk(emulator, target)
        next(pages)
        assert len(emulator.store.cursors) == 1
    assert not emulator.store.cursors


def test_an_order_and_reading_by_id_do_not_go_together(emulator: Emulator) -> None:
    """The order would be lost in silence."""
    with kintone(emulator) as target, pytest.raises(Refused, match="order"):
        read(target, 1, "order by title asc", "id")


# ---------------------------------------------------------------- look-ups


def test_a_key_that_is_not_unique_brings_all_its_records(emulator: Emulator) -> None:
    """Also over 500 of them: two records with one key must both come."""
    app = emulator.store.app(emulator.collections["packages"])
    emulator.store.add_records(app, [{"package": f"p-{at}", "section": "web"} for at in range(1003)])
    with kintone(emulator) as target:
        collection = target.describe(str(app.id), None)
        pages = list(target.find(collection, ("section",), [[("none",)], [("web",), ("other",)]], ()))
        assert [page.size for page in pages] == [0, 1003]
        assert len({record.id for page in pages for record in page.records}) == 1003


def test_many_long_keys_are_looked_up_at_once(emulator: Emulator) -> None:
    """500 keys of 60 characters are far over the 8 KB of an address."""
    app = emulator.store.app(emulator.collections["packages"])
    keys = [f"{at:03}-" + "鍵" * 56 for at in range(500)]
    emulator.store.add_records(app, [{"package": key} for key in keys[::2]])
    with kintone(emulator) as target:
        collection = target.describe(str(app.id), None)
        (page,) = target.find(collection, ("package",), [[(key,) for key in keys]], ())
        assert {record.fields["package"] for record in page.records} == set(keys[::2])


def test_numbers_are_found_by_value(emulator: Emulator) -> None:
    """1.50, 1.5 and 15e-1 are one key; a text that is no number finds nothing and breaks nothing."""
    app = packages(emulator, 3)
    with kintone(emulator) as target:
        collection = target.describe(str(app.id), None)
        field = (collection.fields or {})["installed_size"]
        assert {target.fold(field, value) for value in ("1.50", 1.5, "15e-1")} == {"1.5"}
        pages = target.find(collection, ("installed_size",), [[("2.0",), ("many",)], [("x",)]], None)
        assert [[record.fields["package"] for record in page.records] for page in pages] == [["p-2"], []]


def test_a_text_area_is_no_key(emulator: Emulator) -> None:
    """Kintone has only a word search for it; said in words, with what to do."""
    with kintone(emulator) as target, pytest.raises(Refused, match="description") as caught:
        app = target.describe(str(emulator.store.app(emulator.collections["packages"]).id), None)
        target.find(app, ("description",), [[("x",)]], None)
    assert caught.value.problems[0].hint


# ---------------------------------------------------------------- apps and rights


def test_an_app_of_a_guest_space_is_hinted_at(emulator: Emulator) -> None:
    """Asked the plain way: what to set. Asked in its space: it reads."""
    tenant = emulator.store
    app = tenant.add_app("guests", {"title": "SINGLE_LINE_TEXT"}, space=Space(7, guest=True))
    tenant.add_records(app, [{"title": "hello"}])
    with kintone(emulator) as target, pytest.raises(NotFound) as caught:
        target.describe(str(app.id), None)
    assert "guest_space" in caught.value.problems[0].hint
    with kintone(emulator, guest_space=7) as target:
        assert [record.fields["title"] for record in read(target, app.id)] == ["hello"]
        assert [record.id for record in read(target, app.id, "order by title asc")] == ["1"]


def test_an_app_is_known_by_its_number(emulator: Emulator) -> None:
    """`03` is `3`; what is no number is no app."""
    with kintone(emulator) as target:
        collection = target.describe("03", None)
        assert (collection.id, collection.name) == ("3", "assets")
        for wrong in ("assets", "0", "-3", "３", ""):
            with pytest.raises(NotFound):
                target.describe(wrong, None)


def test_a_token_without_the_right_is_denied(emulator: Emulator) -> None:
    """A token that may add only cannot read."""
    emulator.store.add_token("ADD-ONLY", {3: {"add"}})
    with kintone(emulator, api_token="ADD-ONLY") as target, pytest.raises(Denied) as caught:
        target.describe("3", None)
    assert "ADD-ONLY" not in repr(caught.value.problems)


def test_rounding_follows_the_apps_settings(emulator: Emulator) -> None:
    """Decimal places and direction of the settings are those of the fields."""
    app = packages(emulator, 0)
    app.precision = Precision(places=2, rounding="UP")
    with kintone(emulator) as target:
        fields = target.describe(str(app.id), None).fields or {}
    assert fields["installed_size"].extra["precision"] == [2, "UP", 16]


def test_a_wrong_query_is_refused_in_the_servers_words(emulator: Emulator) -> None:
    """An unknown field, a syntax error: Refused, with Kintone's code and the messages under `errors`."""
    with kintone(emulator) as target:
        with pytest.raises(Refused) as caught:
            read(target, 3, 'no_such_field = "1"')
        assert "GAIA_IQ11" in caught.value.problems[0].detail
        with pytest.raises(Refused) as caught:
            read(target, 3, "serial = 'single'")
        assert "CB_VA01" in caught.value.problems[0].detail and "query" in caught.value.problems[0].detail


def test_a_file_is_downloaded_by_its_records_key(emulator: Emulator) -> None:
    """Its bytes, by the handle that reading gave; the Reading names this tenant as the handle's system."""
    tenant = emulator.store
    key = tenant.files.upload("note.txt", "text/plain", b"kitchen sink")
    sink = tenant.app(emulator.collections["kitchen-sink"])
    tenant.add_records(sink, [{"code": "K", "files": [{"fileKey": key}]}])
    with kintone(emulator) as target:
        (record,) = read(target, sink.id)
        (file,) = record.fields["files"]  # type: ignore[misc, union-attr]  # a tuple of one
        assert isinstance(file, File) and file.system == target.identity()
        assert (file.name, file.size) == ("note.txt", 12)
        assert b"".join(target.open(file)) == b"kitchen sink"


def test_only_the_fields_wanted_are_asked_for() -> None:
    """With id and revision, each once, in one order; a count asks for the id alone."""
    wire = Scripted(lambda query: found([], 0))
    reading = Reading(wire, "/k/v1", "1", ("b", "a", "b"), "kintone:x")  # type: ignore[arg-type]  # enough of a wire
    assert reading.count("a = 1") == 0
    list(reading.looked_up(["x = 1"], unique=False))
    assert [body.get("fields") for body in wire.bodies] == [["$id"], ["$id", "$revision", "a", "b"]]
