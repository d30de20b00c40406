"""Files between Kintone and GLPI, over real sockets: a document is made with its file, in one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrator import pipeline
from migrator.emulators.proxy import Proxy
from migrator.emulators.server import Emulator, create_emulator, serve
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Surroundings
from migrator.transport.secrets import Scrubber
from tests.end_to_end.attachments import app_of
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_worked_playbooks import OneClock

SYSTEMS = """
systems:
  forms: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}"}
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
    zone: UTC
limits: {update_percent: 100, problems: 1}
"""
TO_GLPI = f"""
playbook: to-glpi
{SYSTEMS}
steps:
  - step: machines
    source: {{system: forms, collection: SHELF}}
    fields: {{serial: "{{{{ record.no }}}}", name: "PC {{{{ record.no }}}}"}}
    target: {{system: cmdb, collection: Computer, key: serial}}
  - step: scans
    source: {{system: forms, collection: SHELF, where: "record.scans | length > 0"}}
    fields: {{name: "Scan of {{{{ record.no }}}}", comment: a <b> & c, _file: "{{{{ record.scans[0] }}}}"}}
    target: {{system: cmdb, collection: Document, key: name}}
  - step: attached
    source: {{system: forms, collection: SHELF, where: "record.scans | length > 0"}}
    fields:
      documents_id: "{{{{ ref('scans', origin.id) }}}}"
      itemtype: Computer
      items_id: "{{{{ ref('machines', origin.id) }}}}"
    target: {{system: cmdb, collection: Document_Item, key: [documents_id, items_id]}}
"""
TO_KINTONE = f"""
playbook: to-kintone
{SYSTEMS}
steps:
  - step: documents
    source: {{system: cmdb, collection: Document, where: "record._file is not none"}}
    fields: {{no: "{{{{ record.name }}}}", scans: "{{{{ [record._file] }}}}"}}
    target: {{system: forms, collection: SHELF, key: no}}
"""


@dataclass
class Office:
    """A Kintone with scans and a GLPI, served; GLPI behind a proxy."""

    stage: Stage
    kintone: Emulator
    glpi: Emulator
    app: str
    proxy: Proxy

    def scan(self, no: str, name: str, content: bytes) -> None:
        """A record with one file."""
        key = self.kintone.store.files.upload(name, "application/pdf", content)
        self.kintone.store.add_records(int(self.app), [{"no": no, "scans": [{"fileKey": key}]}])

    def documents(self) -> dict[str, bytes]:
        """Name -> content of GLPI's documents."""
        store: Any = self.glpi.store
        rows = store.rows("Document")
        found = {row["name"]: store.files.get(row["id"], b"no file") for row in rows}
        assert len(found) == len(rows), "made twice"
        return found


@pytest.fixture
def office(here: Path) -> Iterator[Office]:
    """Three records, two with a scan."""
    with ExitStack() as serving:
        kintone, glpi = (create_emulator(name, seed="empty", pace="off") for name in ("kintone", "glpi"))
        app = app_of(kintone)
        urls = [serving.enter_context(serve(emulator.app)) for emulator in (kintone, glpi)]
        proxy = serving.enter_context(Proxy(urls[1].port))
        env = {**kintone.env(urls[0].url), **glpi.env(proxy.url)}
        stage = Stage(here, {"kintone": kintone, "glpi": glpi}, env)
        stage.write("out.yaml", TO_GLPI.replace("SHELF", app))
        stage.write("back.yaml", TO_KINTONE.replace("SHELF", app))
        made = Office(stage, kintone, glpi, app, proxy)
        made.scan("A-1", "lease & more.pdf", b"%PDF lease")
        made.scan("A-2", "../photo.png", b"\x89PNG" * 30_000)
        kintone.store.add_records(int(app), [{"no": "A-3", "scans": []}])
        yield made


SCANS = {"Scan of A-1": b"%PDF lease", "Scan of A-2": b"\x89PNG" * 30_000}


def test_scans_become_documents_attached_to_their_items(office: Office) -> None:
    """Bytes, names and links stand, and the second plan is empty."""
    run = office.stage.run
    applied = run("apply", "out.yaml", "--auto-approve")
    assert applied.code == 0, applied.text
    assert office.documents() == SCANS
    store: Any = office.glpi.store
    links = {(row["documents_id"], row["items_id"], row["itemtype"]) for row in store.rows("Document_Item")}
    assert len(links) == 2 and {kind for *_, kind in links} == {"Computer"}
    assert {row["filename"] for row in store.rows("Document")} == {"lease & more.pdf", "photo.png"}
    verified = run("verify", "out.yaml")
    assert verified.code == 0, verified.text


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "cut"])
def test_a05_a_document_whose_answer_was_lost_is_not_made_twice(office: Office, kind: str) -> None:
    """It is looked for by its key when it must have shown up; only what is not there is sent again."""
    office.proxy.add("POST /apirest.php/Document?", kind=kind)  # type: ignore[arg-type]  # one of the kinds
    assert office.stage.run("plan", "out.yaml", "-o", "out.plan").code == 0
    around = Surroundings(env=office.stage.env, clock=OneClock(), scrubber=Scrubber())
    *_, last = pipeline.apply(office.stage.folder / "out.plan", around, options=ApplyOptions())
    assert isinstance(last, RunEnded) and last.exit_code == 0, last
    assert office.documents() == SCANS


def test_d14_a_kind_of_file_that_glpi_does_not_take_is_told_while_planning(office: Office) -> None:
    """GLPI would answer 201 and make an empty document; here the record is a problem and the others are planned."""
    office.scan("A-4", "run.exe2", b"MZ")
    planned = office.stage.run("plan", "out.yaml", "-o", "out.plan")
    assert "A-4" in planned.text and ".exe2" in planned.text and "_file" in planned.text, planned.text
    applied = office.stage.run("apply", "out.plan", "--allow-problems", 2)
    assert applied.code == 5, applied.text
    assert office.documents() == SCANS


def test_a_file_that_is_refused_after_all_is_a_failure_that_names_the_empty_document(office: Office) -> None:
    """Where our login may not see the kinds of files, 201 is not believed either."""
    office.glpi.faults.add("/DocumentType", status=403, error_code="ERROR_RIGHT_MISSING", times=None)
    office.scan("A-4", "run.exe2", b"MZ")
    applied = office.stage.run("apply", "out.yaml", "--auto-approve")
    assert applied.code == 5 and "stands empty" in applied.text, applied.text
    assert office.documents() == SCANS | {"Scan of A-4": b"no file"}


def test_documents_become_attachments_and_the_second_plan_is_empty(office: Office) -> None:
    """GLPI tells no size: the file is measured first, and stands equal to what Kintone shows."""
    run = office.stage.run
    assert run("apply", "out.yaml", "--auto-approve").code == 0
    applied = run("apply", "back.yaml", "--auto-approve")
    assert applied.code == 0, applied.text
    store: Any = office.kintone.store
    records = {record["no"]: record["scans"] for record in store.records(int(office.app))}
    found = {no: store.files.attached[scan["fileKey"]].content for no, scans in records.items() for scan in scans}
    assert {no: content for no, content in found.items() if no in SCANS} == SCANS
    sent = len(store.files.uploads)
    verified = run("verify", "back.yaml")
    assert verified.code == 0, verified.text
    assert len(store.files.uploads) == sent
