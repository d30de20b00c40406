"""Laws of the GLPI emulator that hold for any input."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.emulators.glpi.text import decode, encode, fold, is_encoded, like
from tests.emulators.glpi_calls import fresh

PIECES = st.sampled_from(
    ["<", ">", "&", "&lt;", "&#60;", "&#38;", "&amp;", "a", " ", "é", "漢", "'", "\\", ";", "😀"]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats(allow_nan=False) | st.text(max_size=5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = st.sampled_from(
    ["id", "name", "serial", "comment", "locations_id", "is_deleted", "date", "ticket_tco", "entities_id", "status"]
)


@given(TEXTS)
def test_text_survives_the_round_trip_unless_it_looks_encoded(text: str) -> None:
    assert is_encoded(text) or decode(encode(text)) == text
    assert encode(encode(text)) == encode(text)


@given(st.text(alphabet="aAbB1éÉ_ ", min_size=1, max_size=6), st.text(alphabet="aAbB1éÉ_ ", max_size=6))
def test_an_anchored_search_finds_what_compares_alike(wanted: str, other: str) -> None:
    if wanted.strip() not in ("", "0"):
        assert like(f"^{wanted}$")(other) == (fold(other) == fold(wanted.strip()))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 25), st.integers(1, 12))
def test_pages_hold_every_row_once_and_in_order(total: int, size: int) -> None:
    calls = fresh()
    for rank in range(total):
        calls.emulator.store.add("Monitor", name=f"m{rank}")
    seen: list[int] = []
    for start in range(0, max(total, 1), size):
        answer = calls.ask("GET", "Monitor", range=f"{start}-{start + size - 1}", only_id="true", get_hateoas="false")
        assert answer.status_code == (200 if total <= size else 206)
        seen += [row["id"] for row in answer.get_json()]
    assert seen == list(range(1, total + 1))
    assert calls.ask("GET", "Monitor", range=f"{total + 1}-{total + 2}").status_code == 400


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_bulk_results_stand_in_the_order_of_the_input(good: list[bool]) -> None:
    calls = fresh()
    told = [{"name": f"pc{at}", "states_id": 0 if fine else "word"} for at, fine in enumerate(good)]
    answer = calls.ask("POST", "Computer", {"input": told})
    assert answer.status_code == (201 if all(good) else 207 if any(good) else 400)
    results = answer.get_json() if all(good) else answer.get_json()[1]
    assert [result["id"] is not False for result in results] == good
    names = [row["name"] for row in calls.emulator.store.rows("Computer")]
    assert names == [f"pc{at}" for at, fine in enumerate(good) if fine]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.sampled_from(["", "x", "y"])), max_size=10))
def test_paths_of_a_tree_are_those_of_its_names(moves: list[tuple[int, int, str]]) -> None:
    calls = fresh()
    for rank in range(1, 6):
        calls.add("Group", name=f"g{rank}", groups_id=rank - 1)
    for number, parent, name in moves:
        calls.put(f"Group/{number}", groups_id=parent, **({"name": name} if name else {}))
    rows = {row["id"]: row for row in calls.emulator.store.rows("Group")}
    for row in rows.values():
        path, parent = [row["name"]], row["groups_id"]
        while parent:
            path.insert(0, rows[parent]["name"])
            parent = rows[parent]["groups_id"]
            assert len(path) <= 5, "a loop"
        assert (row["completename"], row["level"]) == (" > ".join(path), len(path))


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(0, 3), st.none() | TEXTS)
def test_the_same_update_again_changes_nothing(name: str, place: int, comment: str | None) -> None:
    calls = fresh()
    number = calls.add("Computer", name="first")
    values = {"name": name, "locations_id": place, "comment": comment}
    calls.put(f"Computer/{number}", **values)
    before = calls.emulator.store.row("Computer", number)
    lines = len(calls.emulator.store.rows("Log"))
    calls.emulator.store.clock.advance(60)
    assert calls.put(f"Computer/{number}", **values).get_json() == [{str(number): True, "message": ""}]
    assert calls.emulator.store.row("Computer", number) == before
    assert len(calls.emulator.store.rows("Log")) == lines


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["Computer", "Ticket", "User", "Location", "ITILFollowup", "Document_Item", "search/User"]),
    st.sampled_from(["POST", "PUT", "DELETE"]),
    JSON | st.dictionaries(COLUMNS, JSON, max_size=3).map(lambda item: {"input": item})
    | st.lists(st.dictionaries(COLUMNS, JSON, max_size=3), max_size=2).map(lambda items: {"input": items}),
)  # fmt: skip
def test_any_body_is_answered_in_the_form_of_the_system(path: str, method: str, body: Any) -> None:
    answer = fresh().ask(method, path, body)
    assert answer.status_code in (200, 201, 206, 207, 400, 403, 404)
    if answer.status_code >= 400:
        code, _ = answer.get_json()
        assert code.startswith("ERROR")


WORDS = st.sampled_from(["a", "A", "é", "E", "ab", " a", "a ", "0", "%", None])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(WORDS, max_size=6), st.lists(st.tuples(st.integers(1, 6), WORDS), max_size=4), st.sampled_from("aAbé0")
)
def test_a_looked_up_filter_finds_what_reading_all_finds(
    names: list[str | None], changes: list[tuple[int, str | None]], wanted: str
) -> None:
    calls = fresh()
    for name in names:
        calls.emulator.store.add("Computer", name=name)
    query = {"searchText[name]": f"^{wanted}$"}
    assert isinstance(calls.read("Computer", **query), list)
    for number, name in changes:
        calls.put(f"Computer/{number}", name=name)
    rows = calls.emulator.store.rows("Computer")
    found = [row["id"] for row in rows if row["name"] is not None and fold(row["name"]) == fold(wanted)]
    assert [row["id"] for row in calls.read("Computer", **query)] == found
