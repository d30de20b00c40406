"""A run is taken back as it was made: planned, looked at, applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.end_to_end.assets import SHEET, furnished, plan
from tests.end_to_end.stage import Stage, served


def _records(stage: Stage) -> dict[str, tuple[str, str]]:
    """Serial -> what people see, of the app that the playbook fills."""
    return {record["serial"]: (record["label"], record["status"]) for record in stage.truth()["kintone"][3]}


def test_a_run_is_undone_and_the_undo_is_undone(own: Stage) -> None:
    """What it made is deleted, what it changed is as before; undone again, all is as the run left it."""
    before = _records(own)
    plan(own)
    assert own.run("apply", "a.plan").code == 0
    after = _records(own)
    assert after != before
    done = own.run("undo", 1, "-o", "u.plan")
    assert done.code == 0, done.text
    done = own.run("apply", "u.plan")
    assert done.code == 0, done.text
    assert _records(own) == before
    done = own.run("undo", 2, "-o", "v.plan")
    assert done.code == 0, done.text
    done = own.run("apply", "v.plan")
    assert done.code == 0, done.text
    assert _records(own) == after
    assert "no changes" in own.run("verify", "p.yaml").text


def test_failed_records_are_corrected_in_the_quarantine_and_retried(own: Stage) -> None:
    """The report names the file and the command; the file with a cell corrected becomes a plan that lands."""
    plan(own)
    _take(own, "A-2", label="theirs")
    done = own.run("apply", "a.plan")
    assert done.code == 5, done.text
    place = own.folder / ".migrator" / "quarantine" / "run-1.csv"
    assert f"migrator retry 1 --with {place} -o retry.plan" in done.out
    text = place.read_text("utf-8-sig")
    assert "another record has its key" in text
    fixes = own.write("fixes.csv", text.replace(",pc-2,A-2,", ",pc-2,A-2b,"))
    shown = own.run("retry", 1, "--with", fixes, "-o", "retry.plan")
    assert shown.code == 0, shown.text
    assert 'corrected; the run wanted "A-2"' in shown.out
    assert own.run("apply", "retry.plan").code == 0
    assert {"A-1", "A-2", "A-2b"} <= _records(own).keys()


def test_b22_conflicts_are_planned_anew_where_that_is_asked(own: Stage) -> None:
    """--on-conflict replan ends with a plan file of what had moved; it shows what stands now, and applies."""
    plan(own)
    _take(own, "A-2", label="theirs")
    done = own.run("apply", "a.plan", "--on-conflict", "replan")
    assert done.code == 5, done.text
    place = own.folder / ".migrator" / "quarantine" / "run-1.plan"
    assert f"migrator apply {place}" in done.out
    assert '"theirs" -> "pc-2"' in done.out
    assert own.run("apply", place).code == 0
    assert _records(own)["A-2"][0] == "pc-2"


def test_apply_with_verify_says_whether_all_stands_as_planned(own: Stage) -> None:
    """0 where planning again finds nothing; 2 where somebody changed a source record meanwhile."""
    plan(own)
    assert own.run("apply", "a.plan", "--verify").code == 0
    own.write("assets.csv", SHEET.replace("pc-1", "pc-9"))
    plan(own, "b.plan")
    own.write("assets.csv", SHEET.replace("pc-1", "pc-8"))
    done = own.run("apply", "b.plan", "--verify")
    assert done.code == 2, done.text
    assert '"pc-9" -> "pc-8"' in done.out
    assert "plan hash" not in done.out


def test_a_report_tells_of_each_record_where_that_is_asked(own: Stage) -> None:
    """-v: a line a record, what was done and with which record; as JSON with --json."""
    plan(own)
    own.run("apply", "a.plan")
    assert "assets  A-1  create  done  record" in own.run("report", 1, "-v").out
    told: list[dict[str, Any]] = own.run("report", 1, "-v", "--json").lines()
    assert [(one["key"], one["status"], one["did"]) for one in told if one["line"] == "outcome"] == [
        ("A-1", "done", "create"),
        ("A-2", "done", "create"),
    ]


def test_what_cannot_be_undone_or_retried_is_a_sentence(own: Stage) -> None:
    """No such run; a run that is not over names the command that goes on; a purged plan; wrong corrections."""
    assert own.run("undo", 4).code == 3
    plan(own)
    assert own.run("apply", "a.plan", "--first", 1).code == 7
    refused = own.run("undo", 1)
    assert (refused.code, "migrator resume 1" in refused.err) == (4, True)
    assert own.run("resume", 1).code == 0
    wrong = own.run("retry", 1, "--with", own.write("f.csv", "change_id,labl\nabc,x\n"))
    assert wrong.code == 1
    assert "f.csv:1" in wrong.err
    assert "f.csv:2" in wrong.err
    for copy in (own.folder / ".migrator" / "plans").glob("*.jsonl"):
        copy.unlink()
    assert "is not kept any more" in own.run("undo", 1).err


def test_a_purged_run_leaves_no_quarantine_and_cannot_be_undone(own: Stage) -> None:
    """Its records go with it, and the refusal says that there is no such run any more."""
    plan(own)
    _take(own, "A-2", label="theirs")
    assert own.run("apply", "a.plan").code == 5
    place = own.folder / ".migrator" / "quarantine"
    assert {file.name for file in place.iterdir()} == {"run-1.csv", "run-1.jsonl"}
    assert own.run("apply", "p.yaml", "--auto-approve", "--allow-updates", 1).code == 0
    done = own.run("runs", "--purge", "0d")
    assert done.code == 0, done.text
    assert not list(place.iterdir())
    refused = own.run("undo", 1)
    assert (refused.code, "this state has no run 1" in refused.err) == (3, True)


def test_b24_new_records_of_the_source_are_counted_and_left_to_the_next_plan(here: Path) -> None:
    """A record that came after the plan is not brought over; the end of the run says how many there are."""
    with served(["kintone"]) as kintone:
        stage = furnished(here, kintone)
        stage.write("mine.csv", "serial,label\nA-1,a\n")
        stage.write("mine.yaml", MINE)
        assert stage.run("apply", "mine.yaml", "--auto-approve").code == 0
        stage.write("back.yaml", BACK)
        assert stage.run("plan", "back.yaml", "-o", "b.plan").code == 0
        _take(stage, "A-2", label="later")
        done = stage.run("apply", "b.plan")
        assert done.code == 0
        assert "RN067  the source has 1 record more than when the plan was made" in done.out
        assert (here / "out.csv").read_text() == "serial,label\nA-1,a\n"


def _take(stage: Stage, serial: str, **fields: str) -> None:
    """Somebody makes a record with this key."""
    stage.write("mine.csv", "serial,label\n" + f"{serial},{fields['label']}\n")
    stage.write("mine.yaml", MINE)
    assert stage.run("--state", "elsewhere", "apply", "mine.yaml", "--auto-approve").code == 0


BACK = """\
playbook: back
systems:
  sheet: {connector: csv, path: "."}
  assets:
    connector: kintone
    url: "{{ env.KINTONE_URL }}"
    api_token: "{{ env.KINTONE_API_TOKEN }}"
steps:
  - step: back
    source: {system: assets, collection: 3}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: sheet, collection: out.csv, key: serial}
"""
MINE = """\
playbook: mine
systems:
  sheet: {connector: csv, path: "."}
  assets:
    connector: kintone
    url: "{{ env.KINTONE_URL }}"
    api_token: "{{ env.KINTONE_API_TOKEN }}"
steps:
  - step: mine
    source: {system: sheet, collection: mine.csv}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: assets, collection: 3, key: serial}
"""
