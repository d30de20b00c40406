"""jsonl: the common suite over a folder, and what is odd about the form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.connectors.folder import ReadOptions, WriteOptions
from migrator.connectors.jsonfile import JsonFile, JsonlOptions
from migrator.contract import Query, Transfer
from migrator.errors import BadAnswer, Refused
from migrator.model.values import File, Record, Value
from migrator.transport.file import FileWire
from tests.connectors.folders import forgiving
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.world import World, opened


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "people.jsonl"
    file.write_bytes(b"")

    def sample(place: int) -> dict[str, Value]:
        return {"no": f"E{place}", "name": f"Name {place}"}

    def fill(size: int) -> Sequence[str]:
        with file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(sample(place)) + "\n" for place in range(size))
        return [f"E{place}" for place in range(size)]

    def truth() -> dict[str, str]:
        rows = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
        return {row["no"]: row["name"] for row in rows}

    return World(
        connector=forgiving(JsonFile),
        options=JsonlOptions(path="data"),
        wire=lambda _: FileWire(tmp_path, Transfer()),
        collection="people.jsonl",
        unknown="nobody.jsonl",
        text="name",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("no",),
        reads={"by id": ReadOptions(id="no")},
        write=WriteOptions(),
    )


def read(folder: Path, content: bytes, query: ReadOptions | None = None) -> list[Record]:
    """All records of a file with this content."""
    (folder / "x.jsonl").write_bytes(content)
    with FileWire(folder, Transfer()) as wire, JsonFile(JsonlOptions(path="data"), wire) as system:
        wanted = query or ReadOptions()
        pages = system.read(Query(collection=system.describe("x.jsonl", wanted), read=wanted))
        return [record for page in pages for record in page.records]


def test_values_keep_their_types(tmp_path: Path) -> None:
    """Numbers stay numbers, lists become tuples, what a float cannot hold stays exact as text."""
    (record,) = read(
        tmp_path, b'\xef\xbb\xbf{"a": 1, "b": [1.5, {"c": [null, true]}], "d": 0.12345678901234567890}\n\n'
    )
    assert record.fields == {"a": 1, "b": (1.5, {"c": (None, True)}), "d": "0.12345678901234567890"}


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b'{"a": 1}\n{"a": 1,}\n', "FI008", 2, 8),
        (b'{"a": 1, "a": 2}\n', "FI008", 1, 10),
        (b'{"a": NaN}\n', "FI008", 1, 7),
        (b"[1]\n", "FI008", 1, 1),
        (b'{"a": 1}\n\n{"a": "\xff"}\n', "FI008", 3, 8),
        (b'{"no": ""}\n', "FI002", 1, None),
        (b'{"a": 1}\n{"a"', "FI008", 2, 5),
    ],
)
def test_a_bad_line_is_told_with_its_place(
    tmp_path: Path, content: bytes, code: str, line: int, column: int | None
) -> None:
    """File, line and column, never a line in silence."""
    with pytest.raises(BadAnswer) as caught:
        read(tmp_path, content, ReadOptions(id="no") if code == "FI002" else None)
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert (problem.code, problem.place.file, problem.place.line) == (code, "x.jsonl", line)
    assert problem.place.column == column


_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=("Cs",)))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b", "$c"]), _VALUES, max_size=3), max_size=5))
def test_whatever_is_written_is_read_back(
    rows: list[dict[str, Value]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every value of the model survives a merge."""
    folder = tmp_path_factory.mktemp("jsonl")
    (folder / "x.jsonl").write_bytes(b"")
    wanted = [{"no": str(place), **row} for place, row in enumerate(rows)]
    made = World(
        connector=JsonFile,
        options=JsonlOptions(path="data"),
        wire=lambda _: FileWire(folder, Transfer()),
        collection="x.jsonl",
        unknown="",
        text="a",
        sample=lambda _: {},
        fill=lambda _: [],
        truth=dict,
        key=("no",),
        reads={"by id": ReadOptions(id="no")},
        write=WriteOptions(),
    )
    with opened(made) as session:
        if wanted:
            session.write(session.creates(*wanted))
        found = [record.fields for record in session.records().values()]
    assert repr(found) == repr(wanted)


def test_a_step_needs_a_key_and_files_have_no_place(world: World) -> None:
    """Both are told while planning."""
    with opened(world) as session, pytest.raises(Refused) as caught:
        session.batch(session.creates({"no": "E1", "f": (File(name="a", size=1, media_type="x"),)}))
    assert caught.value.problems[0].code == "FI012"
    world.key = ()
    with opened(world) as session, pytest.raises(Refused) as caught:
        session.batch(session.creates({"no": "E1"}))
    assert caught.value.problems[0].code == "FI010"
