"""A sheet whose rows stand in one of four targets: what tests of `missing: delete` begin with."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from migrator import pipeline
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.plan import Change
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Planned, Selection, Surroundings
from migrator.planfile import PlanFile
from migrator.transport.secrets import Scrubber
from tests.end_to_end.test_matrix import finished
from tests.end_to_end.test_worked_playbooks import OneClock
from tests.wsgi import WsgiAdapter


@dataclass(frozen=True)
class Kind:
    """One target: its entry in the playbook, its fields, and how to look and edit behind the program's back."""

    options: Mapping[str, Any]
    target: Mapping[str, Any]
    code: str
    title: str
    stands: Callable[[Yard], Iterable[tuple[str, str]]]
    edit: Callable[[Yard, str, str], object]
    fixed: Mapping[str, Any] = field(default_factory=dict)


class Yard:
    """A folder with sheet and playbook, one clock, and the target."""

    def __init__(self, folder: Path, kind: str, **words: Any) -> None:
        self.folder, self.kind, self.clock = folder, KINDS[kind], OneClock()
        self.system = kind
        self.emulator: Emulator | None = None
        if kind in ("kintone", "glpi", "kainexus"):
            self.emulator = create_emulator(kind, pace="off", clock=self.clock)
        (folder / "out").mkdir()
        self.book(**words)

    @property
    def path(self) -> Path:
        return self.folder / "book.json"

    def book(self, *, source: Mapping[str, Any] | None = None, name: str = "yard", **target: Any) -> None:
        """The playbook; `target` joins the step's target."""
        kind = self.kind
        step: dict[str, Any] = {
            "step": "rows",
            "source": {"system": "sheet", "collection": "rows.csv", "query": {"id": "code"}, **(source or {})},
            "fields": {kind.code: "{{ record.code }}", kind.title: "{{ record.title }}", **kind.fixed},
            "target": {"system": "yard", **kind.target, "missing": "delete", **target},
        }
        step["target"] = {name: word for name, word in step["target"].items() if word is not None}
        systems = {
            "sheet": {"connector": "csv", "path": "."},
            "yard": {"connector": self.system, **kind.options},
        }
        self.path.write_text(json.dumps({"playbook": name, "systems": systems, "steps": [step]}), "utf-8")

    def rows(self, numbers: Iterable[int], **instead: str) -> None:
        """The sheet: a row a number; `instead` gives R-N another title."""
        with (self.folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["code", "title"])
            writer.writerows([code(one), instead.get(f"r{one}", f"row {one}")] for one in numbers)

    def around(self) -> Surroundings:
        env: dict[str, str] = {}
        adapters: dict[str, Any] = {}
        if self.emulator is not None:
            env = self.emulator.env(f"http://{self.system}.localhost")
            adapters = {"yard": WsgiAdapter(self.emulator.app)}
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    def plan(self, **selection: Any) -> Planned:
        chosen = Selection(**selection)
        return finished(pipeline.plan(self.path, self.folder / "a.plan", self.around(), selection=chosen))

    def apply(self, **options: Any) -> RunEnded:
        *_, last = pipeline.apply(self.folder / "a.plan", self.around(), options=ApplyOptions(**options))
        assert isinstance(last, RunEnded)
        return last

    def carry_out(self, **options: Any) -> RunEnded:
        """Plan and apply; all is done, and nothing is left."""
        self.plan()
        ended = self.apply(**options)
        assert ended.exit_code == 0, ended.report
        self.settled()
        return ended

    def settled(self) -> None:
        """The next plan has no line."""
        again = finished(pipeline.verify(self.path, self.around()))
        left = list(PlanFile(again.path).changes())
        again.path.unlink()
        assert (again.exit_code, left) == (0, [])

    def lines(self) -> list[Change]:
        """Of the plan made last."""
        return [change for _, change in PlanFile(self.folder / "a.plan").changes()]

    def deletes(self) -> list[str]:
        """What the plan made last removes: keys."""
        return [str(change.key[0]) for change in self.lines() if change.action.value == "delete"]

    def stands(self) -> dict[str, str]:
        """Code -> title of what stands in the target and is no sample."""
        return {name: title for name, title in self.kind.stands(self) if str(name).startswith(("R-", "Z-"))}

    def edit(self, number: int, title: str) -> None:
        """Somebody edits a record of the target."""
        self.kind.edit(self, code(number), title)


def code(number: int) -> str:
    """Of a row: as texts these sort like the numbers."""
    return f"R-{number:03}"


def _call_kintone(yard: Yard, method: str, path: str, body: Any) -> Any:
    assert yard.emulator is not None
    headers = {"X-Cybozu-API-Token": yard.emulator.variables["KINTONE_API_TOKEN"]}
    with requests.Session() as session:
        session.mount("http://", WsgiAdapter(yard.emulator.app))
        answer = session.request(method, f"http://kintone.localhost/k/v1/{path}", json=body, headers=headers)
    answer.raise_for_status()
    return answer.json()


def _edit_kintone(yard: Yard, name: str, title: str) -> None:
    record = {"summary": {"value": title}}
    body = {"app": 6, "updateKey": {"field": "item_id", "value": name}, "record": record}
    _call_kintone(yard, "PUT", "record.json", body)


def stray(yard: Yard, name: str, title: str) -> None:
    """Somebody makes a record in the Kintone app, by hand."""
    record = {"item_id": {"value": name}, "summary": {"value": title}}
    _call_kintone(yard, "POST", "record.json", {"app": 6, "record": record})


def _stands_kintone(yard: Yard) -> Iterable[tuple[str, str]]:
    assert yard.emulator is not None
    return [(record["item_id"], record["summary"]) for record in yard.emulator.store.records(6)]


def monitors(yard: Yard) -> dict[str, Any]:
    """Rows of GLPI's table by their code, trashed ones too."""
    assert yard.emulator is not None
    return {row["otherserial"]: row for row in yard.emulator.store.rows("Monitor")}


def monitor(yard: Yard, name: str) -> Any:
    """The row itself."""
    assert yard.emulator is not None
    return yard.emulator.store.row("Monitor", monitors(yard)[name]["id"])


def _edit_glpi(yard: Yard, name: str, title: str) -> None:
    monitor(yard, name)["name"] = title


def remove_by_hand(yard: Yard, number: str) -> None:
    """Somebody removes a record of the target; GLPI's go to the trash."""
    if yard.system == "kainexus":
        _store(yard).write([{"id": int(number), "status": "DELETED"}])
    elif yard.system == "kintone":
        _call_kintone(yard, "DELETE", "records.json", {"app": 6, "ids": [int(number)]})
    else:
        assert yard.emulator is not None
        yard.emulator.store.row("Monitor", int(number))["is_deleted"] = 1


def _store(yard: Yard) -> Any:
    assert yard.emulator is not None
    return yard.emulator.store


def _ideas(yard: Yard) -> dict[str, Any]:
    """KaiNexus items that stand, by their code."""
    store = _store(yard)
    shown = [store.read(number) for number, item in store.items.items() if not item.deleted]
    told = [(one.get("value"), item) for item in shown for one in item["fields"] if one["name"] == "External key"]
    return {value: item for value, item in told if value}


def _edit_kainexus(yard: Yard, name: str, title: str) -> None:
    (written,) = _store(yard).write([{"id": _ideas(yard)[name]["id"], "summary": title}])
    assert written.refusal is None


def _file(yard: Yard) -> Path:
    return yard.folder / "out" / str(yard.kind.target["collection"])


def _stands_csv(yard: Yard) -> Iterable[tuple[str, str]]:
    with _file(yard).open(encoding="utf-8", newline="") as file:
        return [(row["item"], row["name"]) for row in csv.DictReader(file)]


def _stands_jsonl(yard: Yard) -> Iterable[tuple[str, str]]:
    rows = [json.loads(line) for line in _file(yard).read_text("utf-8").splitlines()]
    return [(row["item"], row["name"]) for row in rows]


def _edit_file(yard: Yard, name: str, title: str) -> None:
    path = _file(yard)
    old = yard.stands()[name]
    path.write_text(path.read_text("utf-8").replace(old, title), "utf-8")


KINDS: Mapping[str, Kind] = {
    "kintone": Kind(
        options={"url": "{{ env.KINTONE_URL }}", "api_token": "{{ env.KINTONE_API_TOKEN }}"},
        target={"collection": 6, "key": "item_id"},
        code="item_id",
        title="summary",
        stands=_stands_kintone,
        edit=_edit_kintone,
    ),
    "glpi": Kind(
        options={
            "url": "{{ env.GLPI_URL }}",
            "app_token": "{{ env.GLPI_APP_TOKEN }}",
            "user_token": "{{ env.GLPI_USER_TOKEN }}",
        },
        target={"collection": "Monitor", "key": "otherserial"},
        code="otherserial",
        title="name",
        stands=lambda yard: [(name, row["name"]) for name, row in monitors(yard).items() if not row["is_deleted"]],
        edit=_edit_glpi,
    ),
    "kainexus": Kind(
        options={
            "url": "{{ env.KAINEXUS_URL }}",
            "api_key": "{{ env.KAINEXUS_API_KEY }}",
            "tenant": "sample",
            "zone": "America/Chicago",
        },
        target={
            "collection": "Idea",
            "key": "External key",
            "options": {"list": 345, "undocumented_delete": True},
        },
        code="External key",
        title="summary",
        stands=lambda yard: [(name, item["summary"]) for name, item in _ideas(yard).items()],
        edit=_edit_kainexus,
        fixed={"status": "NEW", "authors": ["ann"]},
    ),
    "csv": Kind(
        options={"path": "out"},
        target={"collection": "out.csv", "key": "item"},
        code="item",
        title="name",
        stands=_stands_csv,
        edit=_edit_file,
    ),
    "jsonl": Kind(
        options={"path": "out"},
        target={"collection": "out.jsonl", "key": "item"},
        code="item",
        title="name",
        stands=_stands_jsonl,
        edit=_edit_file,
    ),
}
"""Every system that deletes."""
