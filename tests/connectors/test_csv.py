"""csv: the common suite over a folder, and what is odd about the form."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from migrator.connectors.csvfile import CsvFile, CsvOptions
from migrator.connectors.folder import ReadOptions, WriteOptions
from migrator.contract import Query, Transfer
from migrator.errors import BadAnswer, Conflict, NotFound, Refused
from migrator.model.values import Record, Value
from migrator.transport.file import FileWire
from tests.connectors.folders import forgiving
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.world import World, opened

NAMES = ["no", "name", "memo"]


def options(**more: Any) -> CsvOptions:
    return CsvOptions(path="data", **more)


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "people.csv"
    file.write_text("no,name,memo\n", encoding="utf-8")

    def sample(place: int) -> dict[str, Value]:
        return {"no": f"E{place}", "name": f"Name {place}"}

    def fill(size: int) -> Sequence[str]:
        with file.open("a", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([f"E{place}", f"Name {place}", ""] for place in range(size))
        return [f"E{place}" for place in range(size)]

    def truth() -> dict[str, str]:
        with file.open(encoding="utf-8", newline="") as told:
            return {row["no"]: row["name"] for row in csv.DictReader(told)}

    return World(
        connector=forgiving(CsvFile),
        options=options(),
        wire=lambda _: FileWire(tmp_path, Transfer()),
        collection="people.csv",
        unknown="nobody.csv",
        text="name",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("no",),
        odd_keys=lambda text: {"no": text, "name": "x"},
        reads={"by id": ReadOptions(id="no")},
        write=WriteOptions(),
    )


def read(folder: Path, content: bytes, *, query: ReadOptions | None = None, **dialect: Any) -> list[Record]:
    """All records of a file with this content."""
    (folder / "x.csv").write_bytes(content)
    with FileWire(folder, Transfer()) as wire, CsvFile(options(**dialect), wire) as system:
        wanted = query or ReadOptions()
        pages = system.read(Query(collection=system.describe("x.csv", wanted), read=wanted))
        return [record for page in pages for record in page.records]


def test_every_cell_is_its_text_and_nothing_is_guessed(tmp_path: Path) -> None:
    """Leading zeros, empty cells, line breaks and quotes come as they are."""
    (record,) = read(tmp_path, b'no,zip,name,empty\r\n"7",00123," a ""b""\nc ",\r\n\r\n')
    assert record.fields == {"no": "7", "zip": "00123", "name": ' a "b"\nc ', "empty": ""}
    assert record.id == ""


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    """Spreadsheets write one."""
    assert read(tmp_path, b"\xef\xbb\xbfno\n1\n")[0].fields == {"no": "1"}


def test_the_dialect_is_declared(tmp_path: Path) -> None:
    """Delimiter, quote and encoding are what the system says."""
    content = "番号;名\n1;'東;京'\n".encode("cp932")
    (record,) = read(tmp_path, content, delimiter=";", quote="'", encoding="cp932")
    assert record.fields == {"番号": "1", "名": "東;京"}


def test_an_origin_may_have_several_columns(tmp_path: Path) -> None:
    """They are one id, and "a","b" is not "a,b"."""
    ids = [record.id for record in read(tmp_path, b'a,b\nx,"y,z"\n"x,y",z\n', query=ReadOptions(id=("a", "b")))]
    assert ids == ['["x","y,z"]', '["x,y","z"]']


def test_a_cell_may_be_longer_than_the_librarys_limit(tmp_path: Path) -> None:
    """128 KiB are not the end."""
    assert len(str(read(tmp_path, b"a\n" + b"x" * 200_000 + b"\n")[0].fields["a"])) == 200_000


def test_an_ids_column_that_there_is_not_is_told_before_a_row_is_read(tmp_path: Path) -> None:
    """It is a mistake of the playbook, so the columns that there are stand beside it."""
    with pytest.raises(NotFound, match=r'"x\.csv" has no column "nr"') as caught:
        read(tmp_path, b"no,name\n1,a\n", query=ReadOptions(id="nr"))
    assert caught.value.problems[0].hint == "its columns: no, name"


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"a,b\n1,2\n3\n", "FI003", 3, 2),
        (b"a,b\n1,2,3\n", "FI003", 2, 3),
        (b'a,b\n"1\n",2\n1,2,3\n', "FI003", 4, 3),
        (b'a\n"x" y\n', "FI004", 2, None),
        (b'a\n"x\n', "FI004", 2, None),
        (b"a,a\n", "FI006", 1, 2),
        (b"a,\n", "FI006", 1, 2),
        (b"a\nx\n\xff\n", "FI005", None, None),
        (b"a,no\nx,\n", "FI002", 2, None),
    ],
)
def test_a_bad_row_is_told_with_its_place(
    tmp_path: Path, content: bytes, code: str, line: int | None, column: int | None
) -> None:
    """File, line and column, never a row in silence."""
    with pytest.raises(BadAnswer) as caught:
        read(tmp_path, content, query=ReadOptions(id="no" if b"no" in content else None))
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert (problem.code, problem.place.file) == (code, "x.csv")
    if line is not None:
        assert (problem.place.line, problem.place.column) == (line, column)


def test_a_file_that_grows_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    """Half of the new rows is never taken for all."""
    rows = b"a\n" + b"x\n" * 600
    (tmp_path / "x.csv").write_bytes(rows)
    with FileWire(tmp_path, Transfer()) as wire:
        system = CsvFile(options(), wire)
        pages = system.read(Query(collection=system.describe("x.csv", None), read=ReadOptions()))
        next(pages)
        (tmp_path / "x.csv").write_bytes(rows + b"y\n")
        with pytest.raises(BadAnswer):
            list(pages)


def test_wrong_dialects_are_told() -> None:
    """Before any file is opened."""
    assert CsvFile.check(options()) == ()
    assert len(CsvFile.check(options(delimiter="ab", quote="", encoding="base64"))) == 3


def test_a_file_is_made_where_none_was(world: World, tmp_path: Path) -> None:
    """The key is its first column; the others follow as they come."""
    (tmp_path / "people.csv").unlink()
    with FileWire(tmp_path, Transfer()) as wire, CsvFile(options(), wire) as system:
        described = system.describe("people.csv", WriteOptions())
        assert (described.fields, described.stamp) == (None, "absent")
    (tmp_path / "people.csv").write_text("")
    with opened(world) as session:
        assert session.collection.fields is None
        session.write(session.creates({"name": "Ito", "no": "E1"}, {"no": "E2", "x": "a\rb"}))
    assert (tmp_path / "people.csv").read_bytes() == b'no,name,x\nE1,Ito,\nE2,,"a\rb"\n'


def test_mark_and_line_ends_of_the_file_are_kept(world: World, tmp_path: Path) -> None:
    """A spreadsheet finds the file as it left it."""
    (tmp_path / "people.csv").write_bytes(b"\xef\xbb\xbfno,name\r\nE1,a\r\n")
    with opened(world) as session:
        session.write([session.update(session.records()["E1"], {"name": "b"})])
    assert (tmp_path / "people.csv").read_bytes() == b"\xef\xbb\xbfno,name\r\nE1,b\r\n"


def test_a_key_may_change_and_later_changes_find_the_record(world: World) -> None:
    """The record's id is its key: after the update it has another."""
    with opened(world) as session:
        world.fill(2)
        one = session.records()["E1"]
        change = session.update(one, {"no": "E9"})
        batch = session.batch([type(change)(**{**_slots(change), "key": ("E9",)})])
        (done,) = session.target.decode((batch,), session.wire.send(session.target.encode((batch,))).result())
        assert getattr(done, "target_id", "") == "E9"
        session.write([session.update(Record(id="E9", fields={"no": "E9"}), {"name": "moved"})])
    assert world.truth() == {"E0": "Name 0", "E9": "moved"}


def _slots(change: Any) -> dict[str, Any]:
    return {name: getattr(change, name) for name in change.__slots__}


def test_what_is_staged_is_read_back_and_void_where_the_file_moved(world: World, tmp_path: Path) -> None:
    """A target is read with its part; a part for another content counts for nothing."""
    world.connector = CsvFile
    world.fill(2)
    with opened(world) as session:
        batch = session.batch(session.creates({"no": "E7", "name": "staged"}))
        session.wire.send(session.target.encode((batch,))).result()
        query = Query(collection=session.collection, write=WriteOptions(), key=session.writing.write.key)
        back = {record.id for page in session.target.read(query) for record in page.records}
        assert back == {"E0", "E1", "E7"}
        assert set(session.records()) == {"E0", "E1"}, "a source shows the file alone"
        file = tmp_path / "people.csv"
        file.write_bytes(file.read_bytes() + b"E5,somebody else's,\n")
        back = {record.id for page in session.target.read(query) for record in page.records}
        assert back == {"E0", "E1", "E5"}
        with pytest.raises(Conflict):
            session.target.complete((session.writing,), session.collection.stamp)
        assert world.truth()["E5"] == "somebody else's"


def test_what_no_cell_holds_is_refused_while_planning(world: World) -> None:
    """Lists, and letters that the encoding does not have."""
    with opened(world) as session, pytest.raises(Refused) as caught:
        session.batch(session.creates({"no": "E1", "name": ("a", "b")}))
    assert caught.value.problems[0].code == "FI012"
    world.options = options(encoding="cp932")
    with opened(world) as session, pytest.raises(Refused):
        session.batch(session.creates({"no": "E1", "name": "😀"}))
