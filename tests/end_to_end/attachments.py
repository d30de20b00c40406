"""Records with files in one Kintone, an empty app for them in another, both on real sockets; and who looks behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from migrator.emulators.proxy import Proxy
from migrator.emulators.server import Emulator, ManualClock, create_emulator, serve
from tests.end_to_end.stage import Stage

BOOK = """
playbook: contracts
systems:
  old: {connector: kintone, url: "{{ env.OLD_URL }}", api_token: "{{ env.TOKEN }}"}
  new: {connector: kintone, url: "{{ env.NEW_URL }}", api_token: "{{ env.TOKEN }}"}
limits: {update_percent: 100}
steps:
  - step: contracts
    source: {system: old, collection: SOURCE}
    fields:
      no: "{{ record.no }}"
      scans: "{{ record.scans }}"
      lines: "{{ record.lines }}"
    target: {system: new, collection: TARGET, key: no}
"""
FORM: Mapping[str, Any] = {
    "no": {"type": "SINGLE_LINE_TEXT", "label": "No", "unique": True},
    "scans": "FILE",
    "lines": {"type": "SUBTABLE", "label": "Lines", "fields": {"what": "SINGLE_LINE_TEXT", "sheet": "FILE"}},
}


def app_of(emulator: Emulator) -> str:
    """An empty app of this form; its id."""
    return str(emulator.store.add_app("contracts", FORM).id)


@dataclass
class Archive:
    """Two Kintones and the playbook from the one to the other."""

    stage: Stage
    old: Emulator
    new: Emulator
    source: str
    target: str
    clock: ManualClock
    proxy: Proxy

    def attach(self, no: str, files: Mapping[str, bytes], sheets: Mapping[str, bytes] | None = None) -> None:
        """A record of the source with these files in its field, and one row of the table for each sheet."""
        rows = [
            {"value": {"what": {"value": name}, "sheet": {"value": [self._upload(name, content)]}}}
            for name, content in (sheets or {}).items()
        ]
        scans = [self._upload(name, content) for name, content in files.items()]
        self.old.store.add_records(int(self.source), [{"no": no, "scans": scans, "lines": rows}])

    def change(self, no: str, files: Mapping[str, bytes]) -> None:
        """Somebody puts these files in the place of those that stand; one of the same name and size is kept."""
        (record,) = [one for one in self.old.store.records(int(self.source)) if one["no"] == no]
        kept = {(one["name"], int(one["size"])): {"fileKey": one["fileKey"]} for one in record["scans"]}
        wanted = [kept.get((name, len(content))) or self._upload(name, content) for name, content in files.items()]
        body = {
            "app": self.source,
            "updateKey": {"field": "no", "value": no},
            "record": {"scans": {"value": wanted}},
        }
        url, token = self.stage.env["OLD_URL"], self.stage.env["TOKEN"]
        headers = {"X-Cybozu-API-Token": token}
        requests.put(f"{url}/k/v1/record.json", json=body, headers=headers, timeout=30).raise_for_status()

    def _upload(self, name: str, content: bytes) -> dict[str, str]:
        return {"fileKey": self.old.store.files.upload(name, "text/plain", content)}

    def stands(self) -> dict[str, list[tuple[str, bytes]]]:
        """Key -> names and contents of the record's files in the target, those of its table's rows last."""
        store = self.new.store
        found = {}
        for record in store.records(int(self.target)):
            cells = [row["value"]["sheet"]["value"] for row in record["lines"]]
            entries = [*record["scans"], *(one for cell in cells for one in cell)]
            files = [store.files.attached[one["fileKey"]] for one in entries]
            assert record["no"] not in found, "made twice"
            found[record["no"]] = [(file.name, file.content) for file in files]
        return found

    @property
    def uploads(self) -> int:
        """Files that the target was sent."""
        return len(self.new.store.files.uploads)


@contextmanager
def archive(folder: Path, book: str = BOOK) -> Iterator[Archive]:
    """Both served until left; the target behind a proxy that can fail."""
    clock = ManualClock()
    with ExitStack() as serving:
        old, new = (create_emulator("kintone", seed="empty", pace="off", clock=clock) for _ in range(2))
        source, target = app_of(old), app_of(new)
        served = {one: serving.enter_context(serve(emulator.app)) for one, emulator in (("old", old), ("new", new))}
        proxy = serving.enter_context(Proxy(served["new"].port))
        env = {"OLD_URL": served["old"].url, "NEW_URL": proxy.url, "TOKEN": old.variables["KINTONE_API_TOKEN"]}
        stage = Stage(folder, {"old": old, "new": new}, env)
        stage.write("book.yaml", book.replace("SOURCE", source).replace("TARGET", target))
        yield Archive(stage, old, new, source, target, clock, proxy)
