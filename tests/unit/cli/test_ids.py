"""The id map is shown, carried to another state and rebuilt; a contradiction or a fault leaves it as it was."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Mapped, Pair
from migrator.errors import LocalFault
from migrator.state.idmap import Entry
from migrator.state.runs import Runs
from migrator.state.state import State
from tests.unit.cli.conftest import Run

PAIR = Pair(target="t", collection="tc", source="s", source_collection="sc", part="head")
OTHER = Pair(target="t", collection="other", source="s", source_collection="sc")
ROWS = [
    Entry(pair=PAIR, source_id="1", target_id="11"),
    Entry(pair=PAIR, source_id="日本", target_id="12"),
    Entry(pair=PAIR, source_id="1'; --", target_id="13"),
    Entry(pair=OTHER, source_id="1", target_id="14"),
]


def hold(folder: str, entries: Sequence[Entry], run: int = 1) -> None:
    """A state with these rows."""
    with State.open(Path(folder), write=True) as state, state.lease([]) as lease, lease.transaction():
        state.ids.write(run, entries, "2026-01-02T03:04:05.000Z")


def rows(folder: str) -> dict[tuple[str, str], Mapped]:
    """All that its id map holds."""
    with State.open(Path(folder), write=False) as state:
        return {(pair.collection, name): row for pair in state.ids.pairs() for name, row in state.ids.rows(pair)}


def targets(folder: str) -> dict[tuple[str, str], tuple[str, str | None]]:
    """The same without the runs."""
    return {name: (row.target_id, row.gone_at) for name, row in rows(folder).items()}


def line(source_id: str, target_id: str, **more: Any) -> str:
    """A line of an export."""
    pair = {"target": "t", "collection": "tc", "source": "s", "source_collection": "sc", "part": "head"}
    return json.dumps({"pair": pair, "source_id": source_id, "target_id": target_id, **more}) + "\n"


# ---------------------------------------------------------------- looking


def test_pairs_are_listed_with_their_counts(run: Run, here: Path) -> None:
    """`ids` and `ids list` tell each pair, gone records apart; --source tells all rows of an id."""
    assert "the id map is empty" in run("ids").out
    assert not (here / ".migrator").exists()
    hold(".migrator", [*ROWS, Entry(pair=PAIR, source_id="日本", target_id="12", gone=True)])
    assert run("ids").out == run("ids", "list").out
    assert [row.split() for row in run("ids").out.splitlines()] == [
        ["from", "to", "part", "records", "gone"],
        ["s", "sc", "t", "tc", "head", "2", "1"],
        ["s", "sc", "t", "other", "-", "1", "0"],
    ]
    told = [json.loads(text) for text in run("ids", "--json").out.splitlines()]
    assert [(one["line"], one["pair"]["collection"], one["rows"], one["gone"]) for one in told] == [
        ("pair", "tc", 2, 1),
        ("pair", "other", 1, 0),
    ]
    found = [json.loads(text) for text in run("ids", "list", "--source", "1", "--json").out.splitlines()]
    assert [(one["line"], one["pair"]["collection"], one["target_id"]) for one in found] == [
        ("id", "tc", "11"),
        ("id", "other", "14"),
    ]
    assert "2026-01-02" in run("ids", "list", "--source", "日本").out
    assert "no source record 99" in run("ids", "list", "--source", "99").out


@pytest.mark.parametrize("words", [("ids", "frob"), ("ids", "export"), ("ids", "import", "nowhere"), ("ids", "-x")])
def test_what_makes_no_sense_is_a_usage_error(run: Run, here: Path, words: tuple[str, ...]) -> None:
    """Exit 3, and the help of the very command is named."""
    done = run(*words)
    assert (done.code, done.out) == (3, "")
    assert f"ids {words[1]} --help" in done.err or "ids --help" in done.err


# ---------------------------------------------------------------- carrying


def test_an_export_comes_back_in_another_state(run: Run, here: Path) -> None:
    """Every row, gone ones too, whatever its id holds; the file is 0600; twice is no change."""
    hold("a", [*ROWS, Entry(pair=OTHER, source_id="1", target_id="14", gone=True)])
    assert run("--state", "a", "ids", "export", "a.ids").out == "wrote 4 rows to a.ids\n"
    assert stat.S_IMODE((here / "a.ids").stat().st_mode) == 0o600
    done = run("--state", "b", "ids", "import", "a.ids", "--json")
    assert json.loads(done.out) == {
        "line": "imported",
        "path": "a.ids",
        "state": str(here / "b"),
        "run": 1,
        "new": 4,
        "same": 0,
        "replaced": 0,
        "kept": 0,
    }
    assert targets("b") == targets("a")
    assert "0 new, 4 known already (nothing changed" in run("--state", "b", "ids", "import", "a.ids").out
    assert run("--state", "b", "ids", "export", "b.ids").code == 0
    assert (here / "b.ids").read_text() == (here / "a.ids").read_text()
    listed = run("--state", "b", "runs").out.splitlines()
    assert (len(listed), "ids import" in listed[1]) == (2, True)
    assert "run 1 of playbook ids import: done" in run("--state", "b", "report").out


def test_a_contradiction_refuses_the_whole_file(run: Run, here: Path) -> None:
    """The first ten are named, all are counted, nothing came in; --replace lets the file win, and only there."""
    ours = [Entry(pair=PAIR, source_id=str(number), target_id=f"o{number}") for number in range(14)]
    hold(".migrator", ours)
    before = rows(".migrator")
    theirs = [line(str(number), f"n{number}") for number in range(12)]
    (here / "a.ids").write_text(line("new", "99") + "".join(theirs) + line("12", "o12"))
    done = run("ids", "import", "a.ids")
    assert (done.code, done.out) == (1, "")
    assert "12 rows name another target record" in done.err
    assert "source record 9 is o9 here, n9 there" in done.err
    assert "n10" not in done.err
    assert "and 2 more" in done.err
    assert rows(".migrator") == before
    assert "no runs yet" in run("runs").out
    assert "1 new, 1 known already, 12 replaced" in run("ids", "import", "a.ids", "--replace").out
    after = rows(".migrator")
    assert after["tc", "3"].target_id == "n3"
    assert after["tc", "new"].target_id == "99"
    assert {name: row for name, row in after.items() if row.target_id.startswith("o")} == {
        ("tc", "12"): before["tc", "12"],
        ("tc", "13"): before["tc", "13"],
    }


def test_what_we_deleted_stays_deleted_but_for_replace(run: Run, here: Path) -> None:
    """The same target record, gone here and not there: ours holds, and is told."""
    hold(".migrator", [ROWS[0], Entry(pair=PAIR, source_id="1", target_id="11", gone=True)])
    (here / "a.ids").write_text(line("1", "11"))
    assert "1 differ in what we deleted" in run("ids", "import", "a.ids").out
    assert rows(".migrator")["tc", "1"].gone_at
    assert "1 replaced" in run("ids", "import", "a.ids", "--replace").out
    assert rows(".migrator")["tc", "1"].gone_at is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (line("1", "11") + line("2", "12")[:-1], "line 2 of a.ids is no row"),
        (line("1", "11") + "\n", "line 2 of a.ids is no row"),
        (line("1", ""), "line 1 of a.ids is no row"),
        (line("1", "11", colour="red"), "line 1 of a.ids is no row"),
        ('{"pair": {}, "source_id": "1", "target_id": "2"}\n', "line 1 of a.ids is no row"),
        (line("1", "11") + line("2", "12") + line("1", "13"), "lines 1 and 3 contradict each other"),
        ("number,name\n", "line 1 of a.ids is no row"),
        ("\x00\ud800", "line 1 of a.ids is no row"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--replace",)])
def test_a_damaged_file_is_refused_whole(
    run: Run, here: Path, content: str, said: str, more: tuple[str, ...]
) -> None:
    """Told by its line, exit 1; no row came in."""
    (here / "a.ids").write_text(content, "utf-8", errors="surrogatepass")
    done = run("ids", "import", "a.ids", *more)
    assert done.code == 1
    assert said in done.err
    assert rows(".migrator") == {}


def test_an_import_waits_for_nobody_and_races_nobody(run: Run, here: Path) -> None:
    """While a run holds one of its target collections it is refused with 6; runs elsewhere do not matter to it."""
    (here / "a.ids").write_text(line("1", "11"))
    with State.open(here / ".migrator", write=True) as state, state.lease([("t", "tc"), ("elsewhere", "x")]):
        assert run("ids", "import", "a.ids").code == 6
    assert rows(".migrator") == {}
    assert run("ids", "import", "a.ids").code == 0


def test_a_fault_in_the_middle_leaves_all_as_it_was(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails within the transaction: exit 8, no row, no pair; and then the same import works."""

    def fail(*_: object) -> int:
        raise LocalFault("the disk is full")

    (here / "a.ids").write_text(line("1", "11"))
    with monkeypatch.context() as broken:
        broken.setattr(Runs, "done_at_once", fail)
        assert run("ids", "import", "a.ids").code == 8
    with State.open(here / ".migrator", write=False) as state:
        assert (state.ids.pairs(), state.runs()) == ((), ())
    assert run("ids", "import", "a.ids").code == 0
    assert rows(".migrator")["tc", "1"] == Mapped(target_id="11", run=1)


def test_an_export_takes_no_other_files_place(run: Run, project: Path) -> None:
    """A playbook or a folder is refused; an older export is written over; nothing else is left behind."""
    hold(".migrator", ROWS)
    before = (project / "playbook.yaml").read_bytes()
    assert run("ids", "export", "playbook.yaml").code == 3
    assert run("ids", "export", "schemas").code == 3
    assert (project / "playbook.yaml").read_bytes() == before
    assert run("ids", "export", "a.ids").code == 0
    assert run("ids", "export", "a.ids").code == 0
    assert run("ids", "export", "nowhere/a.ids").code == 8
    assert [path.name for path in project.iterdir() if path.name.endswith(".tmp")] == []


def test_a_plan_from_before_an_import_is_stale(run: Run, project: Path) -> None:
    """It may make records that the import has just told of."""
    assert run("apply", "playbook.yaml", "--auto-approve").code == 0
    assert run("ids", "export", "a.ids").code == 0
    assert run("--state", "new", "plan", "playbook.yaml", "-o", "a.plan").code == 0
    assert run("--state", "new", "ids", "import", "a.ids").code == 0
    stale = run("--state", "new", "apply", "a.plan")
    assert stale.code == 4
    assert "stale" in stale.err
    assert run("--state", "new", "verify", "playbook.yaml").code == 0


# ---------------------------------------------------------------- rebuilding


def test_a_lost_map_is_rebuilt_from_keys_and_nothing_is_sent(run: Run, project: Path) -> None:
    """Records that stand are linked, also where they differ; the target is not touched, nothing is made."""
    people = project / "people.csv"
    people.write_text("number,name\n1,Ito\n2,Sato\n3,Mori\n")
    contacts = project / "contacts.csv"
    contacts.write_text("number,name\n1,Ito\n2,Satoh\n9,Nobody\n")
    before = (contacts.read_bytes(), contacts.stat().st_mtime_ns, contacts.stat().st_ino)
    done = run("ids", "rebuild", "playbook.yaml")
    assert done.code == 0
    assert "2 records are found" in done.err
    assert "0 write requests" in done.out
    assert (contacts.read_bytes(), contacts.stat().st_mtime_ns, contacts.stat().st_ino) == before
    assert targets(".migrator") == {("contacts.csv", "1"): ("1", None), ("contacts.csv", "2"): ("2", None)}
    again = run("ids", "rebuild", "playbook.yaml", "--json")
    assert json.loads(again.out.splitlines()[-1])["links"] == 0
    planned = run("plan", "playbook.yaml", "--json").out.splitlines()
    actions = [one["action"] for one in map(json.loads, planned) if one["line"] == "change"]
    assert sorted(actions) == ["create", "update"]


def test_what_cannot_be_planned_is_told_and_the_rest_is_linked(run: Run, project: Path) -> None:
    """Exit 5, the record is named, its neighbours are entered."""
    playbook = project / "playbook.yaml"
    playbook.write_text(playbook.read_text().replace("record.name | trim", "record.name | date"))
    (project / "people.csv").write_text("number,name\n1,2024-01-31\n2,Nobody\n")
    (project / "contacts.csv").write_text("number,name\n1,2024-01-31\n2,x\n")
    done = run("ids", "rebuild", "playbook.yaml")
    assert done.code == 5
    assert "Nobody" in done.err
    assert list(targets(".migrator")) == [("contacts.csv", "1")]
