"""Files of records go along, over real sockets: each once, unchanged ones never, whatever breaks on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.end_to_end.attachments import FORM, Archive, archive
from tests.end_to_end.stage import ROOT


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
    assert "5 files go along, 200,011 bytes" in planned.out and "+ C-1  (2 files uploaded before)" in planned.out
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
    assert (contracts.uploads > 5) is ("RN071" in resumed.text), (
        "what lies there for nothing is told, and nothing else"
    )
    assert contracts.uploads > 5 or where != "before_outcomes" or nth > 2
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
    again = contracts.stage.run("retry", 1, "-o", "again.plan")
    assert "files go up anew with a new plan" in again.text and "\n  + " not in again.out
    contracts.change("C-1", {"scan.pdf": b"%PDF one and more", "empty.txt": b""})
    whole = contracts.stage.run("apply", "book.yaml", "--auto-approve")
    assert whole.code == 0 and contracts.stands()["C-1"][0] == ("scan.pdf", b"%PDF one and more"), whole.text


def test_b44_a_file_that_was_cut_off_on_its_way_is_asked_for_again(contracts: Archive) -> None:
    """Once is an accident: nothing of it is written, and the second time it comes whole."""
    fault = contracts.old.faults.add("GET /k/v1/file.json", kind="truncate_json")
    applied = contracts.stage.run("apply", "book.yaml", "--auto-approve")
    assert applied.code == 0, applied.text
    assert fault.fired == 1 and contracts.stands() == WHOLE and contracts.uploads == 5


def test_b43_a_file_that_is_gone_from_the_source_when_it_is_sent_again_fails_its_record(contracts: Archive) -> None:
    """The upload had expired, and there is nothing to send in its place: said of the record, the others stand."""
    run = contracts.stage.run
    assert run("plan", "book.yaml", "-o", "a.plan").code == 0
    assert contracts.stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": "after_outcomes:5"}).code == -9
    contracts.clock.advance(4 * 24 * 3600)
    kept = contracts.old.store.files.attached
    del kept[next(key for key, blob in kept.items() if blob.name == "scan.pdf")]
    resumed = run("resume")
    assert resumed.code == 5 and "had expired" in resumed.text and "RN045" in resumed.text, resumed.text
    assert contracts.stands() == {no: found for no, found in WHOLE.items() if no != "C-1"}


def test_a_plan_is_not_carried_out_with_the_files_of_another_source(contracts: Archive) -> None:
    """Handles of files mean something in their own system alone: refused before anything is sent."""
    assert contracts.stage.run("plan", "book.yaml", "-o", "a.plan").code == 0
    elsewhere = {"OLD_URL": contracts.stage.env["NEW_URL"]}
    applied = contracts.stage.run("apply", "a.plan", env=elsewhere)
    assert applied.code == 4 and "the plan was made with kintone:" in applied.text, applied.text
    assert contracts.stands() == {} and contracts.uploads == 0


def test_files_go_from_app_to_app_of_one_system(contracts: Archive) -> None:
    """A key of one record is none of another: what goes to the next app is sent again, and then stands."""
    store = contracts.old.store
    second = store.add_app("copy", FORM)
    book = (contracts.stage.folder / "book.yaml").read_text("utf-8")
    lines = [line for line in book.splitlines() if not line.startswith("  new:")]
    lines[-1] = f'    target: {{system: old, collection: "{second.id}", key: no}}'
    contracts.stage.write("book.yaml", "\n".join(lines))
    applied = contracts.stage.run("apply", "book.yaml", "--auto-approve")
    assert applied.code == 0, applied.text
    assert replace(contracts, new=contracts.old, target=str(second.id)).stands() == WHOLE
    assert contracts.stage.run("verify", "book.yaml").code == 0


MEGABYTES = 64
"""Of a file whose way must not go through memory."""


def test_a_large_file_streams_in_flat_memory(here: Path) -> None:
    """A process that sends 64 MB needs hardly more than one that sends a few bytes; the bytes come as they went."""
    peaks = []
    for size in (1, MEGABYTES << 20):
        folder = here / str(size)
        folder.mkdir()
        with archive(folder) as made:
            made.attach("C-1", {"film.bin": b"\x5a" * size})
            assert made.stage.spawn("plan", "book.yaml", "-o", "a.plan").code == 0
            script = str(Path(__file__).with_name("counted.py"))
            env = {**os.environ, **made.stage.env, "PYTHONPATH": str(ROOT)}
            words = [sys.executable, script, "apply", "a.plan"]
            done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            peaks.append(json.loads(done.stderr.splitlines()[-1])["peak"])
            ((name, content),) = made.stands()["C-1"]
            assert (name, len(content), content.count(b"\x5a")) == ("film.bin", size, size)
    assert peaks[1] - peaks[0] < 8, f"{peaks} MB"


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


@pytest.mark.parametrize("sheet", ["out.csv", "out.jsonl"])
@pytest.mark.parametrize("stands", [False, True])
def test_a_folder_takes_no_files_and_says_so(contracts: Archive, sheet: str, stands: bool) -> None:
    """While planning, for each record with a file, with the reason; names of files can be written."""
    kind = sheet.rpartition(".")[2]
    if stands:
        contracts.stage.write(sheet, "no,scans\nC-9,x\n" if kind == "csv" else '{"no": "C-9", "scans": "x"}\n')
    book = (contracts.stage.folder / "book.yaml").read_text("utf-8")
    head, _, _ = book.partition("limits:")
    steps = f"""
  out: {{connector: {kind}, path: "."}}
steps:
  - step: contracts
    source: {{system: old, collection: "{contracts.source}"}}
    fields: {{no: "{{{{ record.no }}}}", scans: "{{{{ record.scans }}}}"}}
    target: {{system: out, collection: {sheet}, key: no}}
"""
    contracts.stage.write("out.yaml", head.replace("  new:", "  other:").rstrip() + steps)
    planned = contracts.stage.run("plan", "out.yaml", "-o", "a.plan")
    assert planned.code == 5, planned.text
    assert "\n  ^ " not in planned.out and "scans" in planned.text
    if kind == "jsonl" or not stands:  # a column that stands is text, and a list of files is none
        assert "PL019" in planned.text and "a file holds no other files" in planned.text


def test_a_record_that_is_gone_is_made_again_with_the_files_that_were_sent(contracts: Archive) -> None:
    """Under `on_gone: create`; those that stood in it are not on the way: they come with the next plan."""
    book = (contracts.stage.folder / "book.yaml").read_text("utf-8").replace("key: no}", "key: no, on_gone: create}")
    contracts.stage.write("book.yaml", book)
    run = contracts.stage.run
    assert run("apply", "book.yaml", "--auto-approve").code == 0
    contracts.change("C-1", {"new.txt": b"new"})
    contracts.change("C-2", {"写真.png": b"\x89PNG" * 50_000, "new.txt": b"new"})
    assert run("plan", "book.yaml", "-o", "b.plan").code == 0
    ids = [record["$id"] for record in contracts.new.store.records(int(contracts.target))]
    url = f"{contracts.stage.env['NEW_URL']}/k/v1/records.json"
    token = {"X-Cybozu-API-Token": contracts.stage.env["TOKEN"]}
    requests.delete(url, json={"app": contracts.target, "ids": ids}, headers=token, timeout=30).raise_for_status()
    applied = run("apply", "b.plan")
    assert applied.code == 0, applied.text
    assert contracts.stands()["C-1"] == [("new.txt", b"new")]
    assert contracts.stands()["C-2"] == []
    assert run("apply", "book.yaml", "--auto-approve").code == 0
    assert contracts.stands() == WHOLE | {
        "C-1": [("new.txt", b"new")],
        "C-2": [("写真.png", b"\x89PNG" * 50_000), ("new.txt", b"new"), *WHOLE["C-2"][1:]],
    }
