"""Worlds to break: a playbook, its emulators, what stood before, and a plan that is ready to be carried out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.end_to_end.attachments import app_of
from tests.end_to_end.test_files_glpi import TO_GLPI, TO_KINTONE
from tests.proof.world import World
from tests.wsgi import WsgiAdapter

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
PACED = ("kainexus", "kitemaker")
"""Systems whose pace would make a broken run wait longer than `settle`, and so hide whether `settle` was kept."""


def world(folder: Path, book: str, systems: Mapping[str, str], *, missing: str = "keep") -> World:
    """A worked playbook, with nothing brought over yet."""
    folder.mkdir(parents=True)
    for path in PLAYBOOKS.iterdir():
        if path.stem == book or path.suffix == ".csv":
            shutil.copy(path, folder / path.name)
    text = (folder / f"{book}.yaml").read_text("utf-8")
    for name in PACED:
        text = text.replace(f"connector: {name}\n", f'connector: {name}\n    pace: "off"\n')
    if missing != "keep":
        text = text.replace("      key: ", f"      missing: {missing}\n      key: ")
    (folder / f"{book}.yaml").write_text(text, "utf-8")
    return World(folder, folder / f"{book}.yaml", systems)


def planned(folder: Path, book: str, systems: Mapping[str, str]) -> World:
    """The same with its plan."""
    made = world(folder, book, systems)
    made.plan()
    return made


ASSETS = ("csv-to-kintone", {"assets": "kintone"})
SHEET = "demo-assets.csv"


def half_done(folder: Path) -> World:
    """A sheet of which a part stands, some of it edited since, and whose id map is lost: creates, updates, links."""
    made = world(folder, *ASSETS)
    lines = cut(made.folder / SHEET, -2)
    made.carry_out()
    shutil.rmtree(made.state)
    (made.folder / SHEET).write_text("".join(lines).replace("old-server", "older server"), "utf-8")
    made.plan()
    return made


def cut(sheet: Path, end: int) -> list[str]:
    """Leave the last rows of a sheet out; the rows as they were."""
    lines = sheet.read_text("utf-8").splitlines(keepends=True)
    sheet.write_text("".join(lines[:end]), "utf-8")
    return lines


def with_deletes(folder: Path) -> World:
    """A sheet that came over whole but for its last row, one row edited and two gone since: all in one plan."""
    made = world(folder, *ASSETS, missing="delete")
    lines = cut(made.folder / SHEET, -1)
    made.carry_out()
    (made.folder / SHEET).write_text("".join([lines[0], *lines[3:]]).replace("old-server", "older server"), "utf-8")
    made.left = made.plan().changes
    assert made.left == 4
    return made


MONITORS = """
playbook: monitors
systems:
  sheet: {connector: csv, path: "."}
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
steps:
  - step: monitors
    source: {system: sheet, collection: monitors.csv, query: {id: code}}
    fields: {otherserial: "{{ record.code }}", name: "{{ record.name }}"}
    target: {system: cmdb, collection: Monitor, key: otherserial, missing: delete, options: {purge: false}}
"""


def into_the_trash(folder: Path, *, purge: bool = False) -> World:
    """The same in GLPI, which takes a second create as it took the first and throws into its trash, or away."""
    folder.mkdir(parents=True)
    (folder / "monitors.yaml").write_text(
        MONITORS.replace("purge: false", "purge: true") if purge else MONITORS, "utf-8"
    )
    rows = ["code,name\n", "M-1,one\n", "M-2,two\n", "M-3,three\n", "M-4,four\n"]
    (folder / "monitors.csv").write_text("".join(rows), "utf-8")
    made = World(folder, folder / "monitors.yaml", {"cmdb": "glpi"})
    made.carry_out()
    changed = [rows[0], "M-1,one\n", "M-2,two more\n", "M-5,five\n", "M-6,six\n"]
    (folder / "monitors.csv").write_text("".join(changed), "utf-8")
    made.left = made.plan().changes
    assert made.left == 5
    return made


def taken_back(fresh: Callable[[Path], World], folder: Path) -> World:
    """The plan of such a world is carried out, and the plan to carry out is the undo of that."""
    made = fresh(folder)
    made.before = made.seen(writes=False)
    assert made.apply().exit_code == 0
    assert made.undo(2).changes == made.left
    return made


def tried_again(folder: Path) -> World:
    """A run in which a create and an update were refused and a record had moved, and the retry of these."""
    made = world(folder, *ASSETS)
    lines = cut(made.folder / SHEET, -1)
    made.carry_out()
    edited = "".join(lines).replace("old-server", "older server").replace("Laser", "Colour laser")
    (made.folder / SHEET).write_text(edited, "utf-8")
    made.plan()
    emulator = made.emulators["kintone"]
    body = {"app": 3, "updateKey": {"field": "serial", "value": "A-1003"}, "record": {"label": {"value": "theirs"}}}
    by_hand(emulator, "record.json", body)
    refused = emulator.faults.add(status=400, error_code="CB_VA01", times=None, when=_bad)
    assert made.apply().exit_code == 5
    assert refused.fired
    emulator.faults.clear()
    assert made.retry(2).changes == 3
    return made


def _bad(_: str, body: bytes) -> bool:
    """A write of the records that the server refuses for a while."""
    return b'"value"' in body and (b"A-1007" in body or b"older server" in body)


def by_hand(emulator: Any, path: str, body: object) -> None:
    """Somebody writes to Kintone."""
    with requests.Session() as session:
        session.mount("http://", WsgiAdapter(emulator.app))
        headers = {"X-Cybozu-API-Token": emulator.variables["KINTONE_API_TOKEN"]}
        session.put(f"http://kintone.localhost/k/v1/{path}", json=body, headers=headers).raise_for_status()


def into_documents(folder: Path) -> World:
    """Three records of Kintone, two with a scan: machines, documents with their files, and what attaches them."""
    folder.mkdir(parents=True)
    made = World(folder, folder / "out.yaml", {"forms": "kintone", "cmdb": "glpi"}, seed="empty")
    store = made.emulators["kintone"].store
    shelf = app_of(made.emulators["kintone"])
    scans = {"A-1": ("lease.pdf", b"%PDF lease"), "A-2": ("photo.png", b"\x89PNG" * 5_000)}
    for no, (name, content) in scans.items():
        key = store.files.upload(name, "application/pdf", content)
        store.add_records(int(shelf), [{"no": no, "scans": [{"fileKey": key}]}])
    store.add_records(int(shelf), [{"no": "A-3", "scans": []}])
    for name, text in (("out.yaml", TO_GLPI), ("back.yaml", TO_KINTONE)):
        (folder / name).write_text(text.replace("SHELF", shelf), "utf-8")
    made.plan()
    return made


def into_attachments(folder: Path) -> World:
    """These documents back into Kintone: each file is sent by itself, before the record that names it."""
    made = into_documents(folder)
    assert made.apply().exit_code == 0
    shutil.rmtree(made.state)
    made.book = folder / "back.yaml"
    assert made.plan().changes == 4
    return made


WORLDS: Mapping[str, Callable[[Path], World]] = {
    "upsert by key": half_done,
    "three steps with references": lambda folder: planned(
        folder, "glpi-inventory-to-kintone", {"cmdb": "glpi", "assets": "kintone"}
    ),
    "unguarded, with parents": lambda folder: planned(
        folder, "kitemaker-to-kainexus", {"space": "kitemaker", "board": "kainexus"}
    ),
    "into a file": lambda folder: planned(folder, "kintone-to-jsonl", {"ideas": "kintone"}),
    "into a tree": lambda folder: planned(folder, "csv-to-glpi", {"cmdb": "glpi"}),
    "one call a record": lambda folder: planned(
        folder, "kainexus-to-ketryx", {"board": "kainexus", "pump": "ketryx"}
    ),
    "found by a marker line": lambda folder: planned(
        folder, "kintone-to-kitemaker", {"ideas": "kintone", "space": "kitemaker"}
    ),
    "found by a marker field": lambda folder: planned(
        folder, "kintone-to-kainexus", {"ideas": "kintone", "board": "kainexus"}
    ),
    "deletes": lambda folder: kept_to_the_sheet(with_deletes(folder)),
    "deletes, into the trash": lambda folder: kept_to_the_sheet(into_the_trash(folder)),
    "files into documents": into_documents,
    "files into attachments": into_attachments,
    "an undo": lambda folder: taken_back(with_deletes, folder),
    "an undo, out of the trash": lambda folder: taken_back(into_the_trash, folder),
    "an undo, unguarded": lambda folder: taken_back(partial(into_the_trash, purge=True), folder),
    "a retry": tried_again,
}
"""What is done -> a fresh world for it, its plan ready."""


def kept_to_the_sheet(made: World) -> World:
    """The plan is carried out, so nothing is left when it is over."""
    made.left = 0
    return made
