"""Laws of the Kintone emulator that hold for any input, tried on generated ones."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.emulators.kintone import dates, numeric
from migrator.emulators.kintone.conditions import Scope, compile_condition
from migrator.emulators.kintone.query import parse
from migrator.emulators.store import Table, Undo
from tests.emulators.kintone_calls import Kintone, values

ASSETS, IDEAS, PACKAGES = 3, 4, 5
SHORT = settings(max_examples=40, deadline=None)
PRECISION = numeric.Precision()

serials = st.sampled_from(["A", "B", "C", "D", ""])
costs = st.one_of(st.integers(-5, 5).map(str), st.sampled_from(["x", "1.23456", ""]))
statuses = st.sampled_from(["稼働中", "保管", "none", "", None])
sent = st.builds(
    lambda serial, cost, status: values(serial=serial, cost=cost, status=status), serials, costs, statuses
)


def everything(kintone: Kintone) -> list[Any]:
    return [(app.table.last_id, kintone.store.records(app)) for app in kintone.store.apps.values()]


@SHORT
@given(st.lists(sent, max_size=5), st.lists(sent, max_size=5))
def test_a_write_of_many_happens_wholly_or_not_at_all(first: list[Any], second: list[Any]) -> None:
    kintone = Kintone("empty")
    kintone.call("POST", "records.json", app=ASSETS, records=[values(serial="A"), values(serial="B")])
    for records in (first, second):
        before, count = everything(kintone), len(kintone.store.records(ASSETS))
        status, _ = kintone.call("POST", "records.json", app=ASSETS, records=records)
        if status == 200:
            assert len(kintone.store.records(ASSETS)) == count + len(records)
        else:
            assert everything(kintone) == before


@SHORT
@given(st.lists(st.tuples(st.sampled_from(["POST", "PUT", "DELETE"]), sent, st.integers(1, 4)), max_size=6))
def test_a_bulk_request_is_its_parts_one_by_one_or_nothing(parts: list[Any]) -> None:
    alone, together = Kintone("empty"), Kintone("empty")
    for each in (alone, together):
        each.ok("POST", "records.json", app=ASSETS, records=[values(serial="A"), values(serial="E")])
    before = everything(together)
    calls = []
    for method, record, record_id in parts:
        if method == "DELETE":
            calls.append((method, "records.json", {"app": ASSETS, "ids": [record_id]}))
        else:
            more = {"id": record_id} if method == "PUT" else {}
            calls.append((method, "record.json", {"app": ASSETS, "record": record, **more}))
    requests = [{"method": method, "api": f"/k/v1/{name}", "payload": body} for method, name, body in calls]
    status, answer = together.call("POST", "bulkRequest.json", requests=requests)
    answers = []
    for method, name, body in calls:
        answers.append(alone.call(method, name, **body))
        if answers[-1][0] != 200:
            break
    assert status == (answers[-1][0] if answers else 200)
    if status == 200:
        assert answer["results"] == [told for _, told in answers]
        assert everything(together) == everything(alone)
    else:
        assert answer["results"][len(answers) - 1]["code"] == answers[-1][1]["code"]
        assert everything(together) == before


decimals = st.decimals(-(10**11), 10**11, allow_nan=False, allow_infinity=False, places=7).map(lambda one: f"{one:f}")


@given(decimals)
def test_a_number_is_rounded_half_to_even_once_and_for_all(text: str) -> None:
    kept = numeric.stored(text, PRECISION)
    assert Fraction(kept) * 10**4 == round(Fraction(text) * 10**4)
    assert numeric.stored(kept, PRECISION) == kept
    assert "e" not in kept.lower()


@given(st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_date_time_keeps_its_minute_whatever_zone_it_was_sent_in(moment: datetime, offset: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    kept = dates.stored_datetime(zoned.isoformat())
    assert datetime.fromisoformat(kept) == zoned.astimezone(UTC).replace(second=0)
    assert dates.stored_datetime(kept) == kept


Model = Callable[[dict[str, Any]], bool]
Term = tuple[str, Model, int]
"""A condition as text, what it means, and how tightly its outermost word binds."""


def _joined(word: str, level: int) -> Callable[[Term, Term], Term]:
    def join(left: Term, right: Term) -> Term:
        texts = [f"({text})" if inner < level else text for text, _, inner in (left, right)]
        mean = all if word == "and" else any
        return f"{texts[0]} {word} {texts[1]}", lambda one: mean((left[1](one), right[1](one))), level

    return join


numbers = st.integers(0, 11)


def _keyed(number: int) -> Term:
    key = f"I-{number:04d}"
    return f'idea_no in ("{key}", "I-0005")', lambda one: one["idea_no"] in (key, "I-0005"), 3


def _saving(number: int) -> Term:
    most = number * 100
    return f"savings <= {most}", lambda one: one["savings"] != "" and int(one["savings"]) <= most, 3


single = st.one_of(
    numbers.map(lambda n: (f"$id = {n}", lambda one: int(one["$id"]) == n, 3)),
    numbers.map(lambda n: (f"$id > {n}", lambda one: int(one["$id"]) > n, 3)),
    numbers.map(lambda n: (f"$id not in ({n}, 3)", lambda one: int(one["$id"]) not in (n, 3), 3)),
    numbers.map(_keyed),
    numbers.map(_saving),
    st.just(('stage in ("NEW", "ACTIVE")', lambda one: one["stage"] in ("NEW", "ACTIVE"), 3)),
    st.just(('author != "ann"', lambda one: one["author"] != "ann", 3)),
)
conditions = st.recursive(
    single,
    lambda inner: st.one_of(st.builds(_joined("and", 2), inner, inner), st.builds(_joined("or", 1), inner, inner)),
    max_leaves=6,
)
SAMPLE = Kintone()


@settings(max_examples=150, deadline=None)
@given(conditions)
def test_a_condition_finds_what_a_plain_reading_of_it_finds(term: Term) -> None:
    text, means, _ = term
    expected = [int(one["$id"]) for one in SAMPLE.store.records(IDEAS) if means(one)]
    assert SAMPLE.ids(IDEAS, f"{text} order by $id asc") == expected
    assert SAMPLE.ids(IDEAS, text) == expected[::-1]
    scope = Scope(SAMPLE.store.app(IDEAS), SAMPLE.store.users["ann"], SAMPLE.clock.now())
    condition = parse(text).condition
    assert condition is not None
    holds = compile_condition(condition, scope)  # without the indexes that a search uses
    assert [row.id for row in scope.app.table if holds(row.values)] == expected


@SHORT
@given(st.integers(1, 7), st.sampled_from(["savings", "stage", "title", "submitted", "$id"]), st.booleans())
def test_pages_by_offset_by_id_and_by_cursor_are_one_whole(size: int, by: str, down: bool) -> None:
    order = f"order by {by} {'desc' if down else 'asc'}"
    whole = SAMPLE.ids(IDEAS, order)
    pages = [SAMPLE.ids(IDEAS, f"{order} limit {size} offset {at}") for at in range(0, 10, size)]
    assert [each for page in pages for each in page] == whole
    by_id: list[int] = []
    while page := SAMPLE.ids(IDEAS, f"$id > {by_id[-1] if by_id else 0} order by $id asc limit {size}"):
        by_id += page
    assert by_id == sorted(whole)
    cursor = SAMPLE.ok("POST", "records/cursor.json", app=IDEAS, query=order, size=size)["id"]
    read, more = [], True
    while more:
        answer = SAMPLE.ok("GET", "records/cursor.json", id=cursor)
        read += [int(record["$id"]["value"]) for record in answer["records"]]
        more = answer["next"]
    assert read == whole


keyed = st.lists(st.tuples(st.sampled_from("ABCDEF"), st.integers(0, 9)), unique_by=lambda pair: pair[0], max_size=6)


@SHORT
@given(keyed, keyed)
def test_an_upsert_sent_again_updates_everything_and_changes_no_value(before: Any, pairs: Any) -> None:
    kintone = Kintone("empty")
    kintone.ok("POST", "records.json", app=ASSETS, records=[values(serial=key, cost=cost) for key, cost in before])
    body = [{"updateKey": {"field": "serial", "value": key}, "record": values(cost=cost)} for key, cost in pairs]
    first = kintone.ok("PUT", "records.json", app=ASSETS, upsert=True, records=body)["records"]
    held = {one["serial"]: one["cost"] for one in kintone.store.records(ASSETS)}
    assert held == {key: str(cost) for key, cost in (*before, *pairs)}
    second = kintone.ok("PUT", "records.json", app=ASSETS, upsert=True, records=body)["records"]
    assert [one["operation"] for one in second] == ["UPDATE"] * len(pairs)
    assert [one["id"] for one in second] == [one["id"] for one in first]
    assert held == {one["serial"]: one["cost"] for one in kintone.store.records(ASSETS)}


class _Thing:
    def __init__(self, id: int, name: str) -> None:
        self.id, self.name = id, name


steps = st.lists(
    st.tuples(st.sampled_from(["put", "remove", "fail", "end"]), st.integers(1, 5), st.text("ab", max_size=1))
)


@given(steps)
def test_undo_puts_rows_ids_and_keys_back(moves: list[tuple[str, int, str]]) -> None:
    undo = Undo()
    table: Table[_Thing] = Table(undo)
    table.index("name", lambda thing: thing.name or None)
    model: dict[int, str] = {}
    kept = dict(model)

    class Stop(Exception):
        pass

    at = 0
    while at < len(moves):
        try:
            with undo.transaction():
                while at < len(moves):
                    what, number, name = moves[at]
                    at += 1
                    if what == "fail":
                        raise Stop
                    if what == "end":
                        break
                    if what == "remove" and number in model:
                        table.remove(number)
                        del model[number]
                    elif what == "put" and (not name or table.holder("name", name) in (None, number)):
                        table.put(_Thing(number, name))
                        model[number] = name
        except Stop:
            model = dict(kept)
        kept = dict(model)
        assert {thing.id: thing.name for thing in table} == model
        assert table.ids == sorted(model)
        for name in "ab":
            assert table.holder("name", name) == next((key for key, held in model.items() if held == name), None)
