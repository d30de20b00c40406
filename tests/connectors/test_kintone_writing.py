"""Kintone's short cuts in writing and finding give what the long ways give, and refuse what they refuse."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.connectors.kintone.connector import Kintone, _sought
from migrator.connectors.kintone.form import fields_of
from migrator.connectors.kintone.results import _one, results_of
from migrator.connectors.kintone.stored import is_number, stored
from migrator.connectors.kintone.values import text_of, type_of
from migrator.connectors.kintone.writing import Form
from migrator.contract import Answer, Batch, Item, Unknown, Writing
from migrator.errors import Refused
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import OnTaken, Write
from migrator.model.values import Collection, File, Key, Value

SYSTEM = "kintone:acme.example"
TYPES = ("SINGLE_LINE_TEXT", "NUMBER", "CHECK_BOX", "USER_SELECT", "CREATOR", "FILE", "DATE", "SUBTABLE", "NEW")
CELLS = {"c": "SINGLE_LINE_TEXT", "n": "NUMBER", "sum": "CALC", "b": "CHECK_BOX", "f": "FILE"}


def told(code: str, type_: str, **more: Any) -> dict[str, Any]:
    """A field of a form."""
    return {"type": type_, "code": code, "label": code, **more}


def table(code: str, columns: str) -> dict[str, Any]:
    """A table of a form; its columns by their letters."""
    return told(code, "SUBTABLE", fields={cell: told(cell, CELLS[cell]) for cell in columns.split()})


FORM = {type_.lower(): told(type_.lower(), type_) for type_ in TYPES if type_ != "SUBTABLE"} | {
    "key": told("key", "SINGLE_LINE_TEXT", unique=True),
    "calculated": table("calculated", "sum"),
    "one": table("one", "c"),
    "some": table("some", "c n b f"),
    "more": table("more", "c n sum"),
}
FIELDS = fields_of(FORM, (2, "UP", 6))

files = st.builds(File, name=st.just("a"), size=st.just(1), media_type=st.just("x"), where=st.just("K"),
                  system=st.sampled_from([SYSTEM, "kintone:other"]))  # fmt: skip
TEXTS = (None, "", "a", "鍵", "x" * 65, "\ud800", "7", "-7", "12345", "1e9", "0012345")
scalars: st.SearchStrategy[Value] = st.sampled_from([*TEXTS, 0, 7, -12, 10**4, -(10**5), True, 1.0, 1.5])
cells = st.one_of(scalars, files, st.lists(scalars | files, max_size=2).map(tuple))
odd_rows = st.dictionaries(st.sampled_from(["c", "n", "sum", "b", "f", "zz"]), cells, max_size=4)
odd = st.one_of(cells, st.lists(odd_rows | scalars, max_size=2).map(tuple))
"""What a field of another type may have, and rows with cells too many, too few, of files."""


def rows(columns: str, more: str = "") -> st.SearchStrategy[Value]:
    """Rows that name all these columns, sometimes more."""
    whole = st.fixed_dictionaries(
        dict.fromkeys(columns.split(), scalars), optional=dict.fromkeys(more.split(), scalars)
    )
    return st.lists(whole, max_size=2).map(tuple)


labels: st.SearchStrategy[Value] = st.sampled_from([(), ("a",), ("b", 7)])
OF = {
    "check_box": labels,
    "user_select": labels,
    "file": st.just(()) | st.lists(files, max_size=1).map(tuple),
    "calculated": rows("sum"),
    "one": rows("c", "zz"),
    "some": rows("c n") | rows("c n b f"),
    "more": rows("c n", "sum zz"),
}
"""What a field is most likely to hold; the others: scalars."""


def fields(draw: st.DrawFn) -> dict[str, Value]:
    """Most of a field's own type."""
    names = draw(st.lists(st.sampled_from(list(FORM)), max_size=3, unique=True))
    made = {"key": draw(scalars), **{name: draw(OF.get(name, scalars)) for name in names}}
    return made | draw(st.just({}) | st.dictionaries(st.sampled_from([*FORM, "unknown"]), odd, max_size=1))


changes = st.builds(
    Change,
    id=st.just("0" * 32),
    step=st.just("s"),
    phase=st.just(next(iter(Phase))),
    action=st.sampled_from([Action.CREATE, Action.UPDATE]),
    target_id=st.just("7"),
    version=st.sampled_from([None, "3"]),
    before=st.none() | st.fixed_dictionaries({"some": odd, "more": rows("c n sum")}),
    along=st.none() | st.fixed_dictionaries({"date": scalars}),
    after=st.composite(fields)(),
)


def form(on_taken: OnTaken) -> Form:
    """Of an app with all these fields."""
    write = Write(system="k", collection="1", key=("key",), on_taken=on_taken)
    return Form(Writing(write=write, options=None, collection=Collection(id="1", name="A", fields=FIELDS)), SYSTEM)


def sent(form: Form, change: Change) -> Any:
    """What is sent, or the problem that keeps it from being sent."""
    try:
        return orjson.loads(form.part(change))
    except Refused as refused:
        return refused.problems


def problems(form: Form, change: Change) -> Any:
    """What planning refuses."""
    try:
        form.check(change)
    except Refused as refused:
        return refused.problems
    return ()


def both(change: Change, on_taken: OnTaken) -> tuple[Any, Any]:
    """What is sent and what is refused, by the short cuts and without them: the same, or the test fails."""
    fast, slow = form(on_taken), form(on_taken)
    slow._plain.made = lambda fields: None  # type: ignore[method-assign]  # leaves all to the long way
    for table in slow._tables:
        table.plain = lambda value: False  # type: ignore[method-assign]  # the same
    came = sent(fast, change), problems(fast, change)
    assert came == (sent(slow, change), problems(slow, change))
    return came


@settings(max_examples=300)
@given(changes, st.sampled_from([OnTaken.CONFLICT, OnTaken.UPDATE]))
def test_what_is_sent_does_not_depend_on_the_way_it_is_made(change: Change, on_taken: OnTaken) -> None:
    """By the generated function, and by looking at each value; and planning refuses what it should."""
    both(change, on_taken)


THEIRS = File(name="a", size=1, media_type="x", where="K", system="kintone:other")


@pytest.mark.parametrize(
    "fields",
    [
        {"number": "12345"},
        {"number": 12345},
        {"number": "1e9"},
        {"more": ({"c": "x", "zz": "y"},)},
        {"more": ({"c": "x", "n": "1", "zz": "y"},)},
        {"key": "x" * 65},
    ],
)
def test_no_short_cut_lets_through_what_would_be_refused(fields: dict[str, Value]) -> None:
    """Numbers and keys too long, columns that are none: while planning and while sending."""
    refused, told = both(_create(fields), OnTaken.UPDATE)
    assert told and refused == told


@pytest.mark.parametrize(
    "fields",
    [
        {"some": ({"c": "x", "n": "1", "b": (), "f": (THEIRS,)},)},
        {"one": ({"c": THEIRS},)},
        {"file": (THEIRS,)},
    ],
)
def test_no_short_cut_sends_a_file_that_was_not_uploaded(fields: dict[str, Value]) -> None:
    """A plan may name it, since its upload comes first; what is sent names the target's own handle."""
    refused, told = both(_create(fields), OnTaken.UPDATE)
    assert "not uploaded" in refused[0].summary and told == ()


def _create(fields: dict[str, Value]) -> Change:
    return Change(id="0" * 32, step="s", phase=next(iter(Phase)), action=Action.CREATE, after={"key": "a", **fields})


@given(
    st.lists(st.tuples(scalars | st.text(max_size=5)), max_size=5), st.sampled_from([None, "key", "number", "date"])
)
def test_keys_are_looked_for_as_they_are_stored(keys: list[Key], name: str | None) -> None:
    """Each once; not those that no record can have or no query can hold. Folding gives the same text."""
    field = None if name is None else FIELDS[name]
    texts = dict.fromkeys(text_of(stored(field, value)) for (value,) in keys)
    fine = [text for text in texts if all(each in "\n\t" or (each >= " " and each != "\x7f") for each in text)]
    wanted = [text for text in fine if text and (is_number(text) or type_of(field) != "NUMBER")]
    assert _sought(field, keys) == wanted
    assert [Kintone.fold(None, field, value) for (value,) in keys] == [  # type: ignore[arg-type]  # it asks nothing of self
        text_of(stored(field, value)) for (value,) in keys
    ]


ids: st.SearchStrategy[Any] = st.sampled_from(["1", "2", "33", "", "x", None, 4])


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=3), st.booleans())
def test_answers_are_taken_at_once_as_they_are_one_by_one(pairs: list[tuple[Any, Any]], created: bool) -> None:
    """One wrong id or revision makes its own record unknown, and no other."""
    write = Write(system="k", collection="1", key=("key",))
    writing = Writing(write=write, options=None, collection=Collection(id="1", name="A", fields=FIELDS))
    items = tuple(Item(change_id="c", key=(), target_id=None if created else str(id_), part=b"") for id_, _ in pairs)
    action = Action.CREATE if created else Action.UPDATE
    batch = Batch(writing=writing, phase=next(iter(Phase)), action=action, items=items)
    if created:
        body: Any = {"ids": [id_ for id_, _ in pairs], "revisions": [revision for _, revision in pairs]}
        expected = tuple(_one(id_, revision, created=True) for id_, revision in pairs)
    else:
        body = {"records": [{"id": id_, "revision": revision} for id_, revision in pairs if id_ != "2"]}
        last = {str(id_): revision for id_, revision in pairs if id_ != "2"}
        missing = Unknown(reason="the answer leaves this record out")
        expected = tuple(_one(str(id_), last[str(id_)]) if str(id_) in last else missing for id_, _ in pairs)
    assert results_of((batch,), Answer(status=200, headers={}, body=orjson.dumps(body))) == expected
