"""Files between Kintone and GLPI, over real sockets: a document is made with its file, in one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.proxy import Proxy
from migrator.emulators.server import Emulator, create_emulator, serve
from tests.end_to_end.attachments import app_of
from tests.end_to_end.stage import Stage

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
