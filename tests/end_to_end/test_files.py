"""Files of records go along, over real sockets: each once, unchanged ones never, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.attachments import Archive, archive


@pytest.fixture
def contracts(here: Path) -> Iterator[Archive]:
    """Two contracts with scans, one without."""
    with archive(here) as made:
        made.attach("C-1", {"scan.pdf": b"%PDF one", "empty.txt": b""})
        made.attach("C-2", {"写真.png": b"\x89PNG" * 50_000}, {"sheet a": b"aa", "sheet b": b"b"})
        made.attach("C-3", {})
        yield made


WHOLE = {
    "C-1": [("scan.pdf", b"%PDF one"), ("empty.txt", b"")],
    "C-2": [("写真.png", b"\x89PNG" * 50_000), ("sheet a", b"aa"), ("sheet b", b"b")],
    "C-3": [],
}


def test_files_go_along_and_the_second_plan_is_empty(contracts: Archive) -> None:
    """Each file is a line before its record's, its bytes stream from source to target, and nothing is left to do."""
    run = contracts.stage.run
    planned = run("plan", "book.yaml", "-o", "a.plan")
    assert planned.code == 0, planned.text
    assert planned.out.count("\n  ^ ") == 5, planned.out
    applied = run("apply", "a.plan")
    assert applied.code == 0, applied.text
    assert contracts.stands() == WHOLE
    assert contracts.uploads == 5
    assert run("verify", "book.yaml").code == 0


def test_an_unchanged_file_is_not_sent_again(contracts: Archive) -> None:
    """An edit of one record's files sends the new one alone; those that stay keep their places in the record."""
    run = contracts.stage.run
    assert run("apply", "book.yaml", "--auto-approve").code == 0
    sent = contracts.uploads
    contracts.change("C-1", {"scan.pdf": b"%PDF one", "more.txt": b"more"})
    planned = run("plan", "book.yaml", "-o", "b.plan")
    assert planned.out.count("\n  ^ ") == 1 and "more.txt" in planned.out, planned.out
    assert run("apply", "b.plan").code == 0
    assert contracts.stands() == WHOLE | {"C-1": [("scan.pdf", b"%PDF one"), ("more.txt", b"more")]}
    assert contracts.uploads == sent + 1
    contracts.change("C-1", {"more.txt": b"more"})
    assert run("apply", "book.yaml", "--auto-approve").code == 0
    assert contracts.stands()["C-1"] == [("more.txt", b"more")]
    assert contracts.uploads == sent + 1


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "cut"])
@pytest.mark.parametrize("match", ["POST /k/v1/file.json", "POST /k/v1/records.json", "POST /k/v1/bulkRequest.json"])
def test_a05_a_lost_answer_makes_no_record_twice(contracts: Archive, match: str, kind: str) -> None:
    """The upload is repeated and said to be, the record is looked for before it is sent again."""
    fault = contracts.proxy.add(match, kind=kind)  # type: ignore[arg-type]  # one of the kinds
    applied = contracts.stage.run("apply", "book.yaml", "--auto-approve")
    assert applied.code == 0, applied.text
    assert contracts.stands() == WHOLE
    if fault.fired and "file.json" in match and kind != "reset_before":
        assert contracts.uploads == 6
        assert "RN071" in applied.text and "scan.pdf" in applied.text


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("where", ["after_intent", "after_outcomes", "before_outcomes"])
def test_a05_a_kill_between_upload_and_link_sends_each_record_once(contracts: Archive, where: str, nth: int) -> None:
    """Uploads that are known are used, the others are made again; each record is made once, with all its files."""
    run = contracts.stage.run
    assert run("plan", "book.yaml", "-o", "a.plan").code == 0
    killed = contracts.stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": f"{where}:{nth + 3}"})
    assert killed.code == -9
    resumed = run("resume")
    assert resumed.code == 0, resumed.text
    assert contracts.stands() == WHOLE
    assert run("verify", "book.yaml").code == 0


def test_b43_an_upload_that_expired_before_the_link_is_made_again(contracts: Archive) -> None:
    """Four days lie between: the records are refused, their files go up once more, and then they stand."""
    run = contracts.stage.run
    assert run("plan", "book.yaml", "-o", "a.plan").code == 0
    killed = contracts.stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": "after_outcomes:5"})
    assert killed.code == -9 and contracts.uploads == 5
    contracts.clock.advance(4 * 24 * 3600)
    resumed = run("resume")
    assert resumed.code == 0, resumed.text
    assert "5 uploaded files had expired" in resumed.text
    assert contracts.stands() == WHOLE
    assert contracts.uploads == 10


def test_b44_a_file_that_is_not_as_its_system_says_fails_its_record_alone(contracts: Archive) -> None:
    """It is asked for again; what has another size then is not written, its record is skipped, the others stand."""
    files = contracts.old.store.files
    (key,) = [key for key, blob in files.attached.items() if blob.name == "scan.pdf"]
    planned = contracts.stage.run("plan", "book.yaml", "-o", "a.plan")
    assert planned.code == 0
    files.attached[key] = type(files.attached[key])("scan.pdf", "text/plain", b"%PDF one and more", 0)
    applied = contracts.stage.run("apply", "a.plan")
    assert applied.code == 5, applied.text
    assert "another size" in applied.text and "came to nothing" in applied.text
    assert contracts.stands() == {no: found for no, found in WHOLE.items() if no != "C-1"}
    assert "RN071" in applied.text and "empty.txt" in applied.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\Windows\\x.txt", "a\x00b.txt", "a\r\nX: y.txt", "n" * 300])
def test_e07_a_name_is_never_a_path(contracts: Archive, name: str) -> None:
    """Folders before it are cut off, and the second plan is empty; control characters and long names are refused."""
    contracts.attach("C-4", {name: b"x"})
    before = set(contracts.stage.files())
    allowed = ("--allow-problems", 1)
    applied = contracts.stage.run("apply", "book.yaml", "--auto-approve", *allowed)
    stands = contracts.stands()
    if name.isprintable() and len(name) < 256:
        assert applied.code == 0, applied.text
        assert stands["C-4"] == [(name.replace("\\", "/").rpartition("/")[2], b"x")]
        assert contracts.stage.run("verify", "book.yaml").code == 0
    else:
        assert applied.code == 5 and "name" in applied.text, applied.text
        assert stands == WHOLE
    new = set(contracts.stage.files()) - before
    assert all(path.startswith(".migrator") for path in new), new


def test_d14_a_file_over_the_limit_is_told_while_planning(contracts: Archive) -> None:
    """With record and field; the other records are planned."""
    files = contracts.old.store.find(int(contracts.source)).table
    row = next(row for row in files if row.values["no"] == "C-1")
    row.values["scans"][0]["size"] = str(2 << 30)
    planned = contracts.stage.run("plan", "book.yaml", "-o", "a.plan")
    assert "C-1" in planned.text and "scans" in planned.text and "2,147,483,648 bytes" in planned.text, planned.text
    assert planned.out.count("\n  ^ ") == 3
