"""References into systems whose fields are ids of records: a tree in GLPI, many-valued relations in Ketryx."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.stage import Stage, served

ROOMS = """\
playbook: rooms
systems:
  sheet: {connector: csv, path: "."}
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
steps:
  - step: computers
    source: {system: sheet, collection: pcs.csv, query: {id: serial}}
    fields:
      serial: "{{ record.serial }}"
      name: "{{ record.serial }}"
      locations_id: "{{ ref('rooms', record.room) }}"
    target: {system: cmdb, collection: Computer, key: serial}
  - step: rooms
    source: {system: sheet, collection: rooms.csv, query: {id: code}}
    fields:
      name: "{{ record.name }}"
      comment: "{{ record.code }}"
      locations_id: "{{ ref('rooms', record.inside) }}"
    target: {system: cmdb, collection: Location, key: comment}
"""
TESTS = """\
playbook: pump
systems:
  sheet: {connector: csv, path: "."}
  pump: {connector: ketryx, url: "{{ env.KETRYX_URL }}", api_key: "{{ env.KETRYX_API_KEY }}", pace: "off"}
limits: {update_percent: 100}
steps:
  - step: cases
    source: {system: sheet, collection: cases.csv, query: {id: number}}
    fields:
      sourceId: "case:{{ record.number }}"
      title: "{{ record.title }}"
      relation:tests: "{{ ref('needs', record.tests | split) }}"
    target: {system: pump, collection: Infusion Pump, key: sourceId, options: {type: Test Case}}
  - step: needs
    source: {system: sheet, collection: needs.csv, query: {id: number}}
    fields: {sourceId: "need:{{ record.number }}", title: "{{ record.title }}"}
    target: {system: pump, collection: Infusion Pump, key: sourceId, options: {type: Requirement}}
"""


def carried_out(stage: Stage) -> str:
    """Plan, apply, and nothing is left; what the plan showed."""
    shown = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert shown.code == 0, shown.text
    done = stage.run("apply", "a.plan")
    assert done.code == 0, done.text
    left = stage.run("verify", "p.yaml")
    assert left.code == 0, left.text
    return shown.out


def test_a_tree_of_locations_and_what_stands_in_them(here: Path) -> None:
    """Rooms come before computers, leaves before their branches; a branch that moves is one update."""
    with served(["glpi"], seed="empty") as glpi:
        stage = Stage(here, *glpi)
        stage.write("p.yaml", ROOMS)
        stage.write("rooms.csv", "code,name,inside\nr2,Room 2,f1\nf1,Floor 1,b\nb,Building,\n")
        stage.write("pcs.csv", "serial,room\nPC-1,r2\nPC-2,\n")
        assert "locations_id  (known after apply: rooms.csv r2)" in carried_out(stage)
        stage.write("rooms.csv", "code,name,inside\nr2,Room 2,b\nf1,Floor 1,b\nb,Building,\n")
        assert '~ r2  (record 1)\n      locations_id  2 -> "3"' in carried_out(stage)


def test_one_case_tests_many_requirements(here: Path) -> None:
    """A list of ids is a list of relations; one that goes is one update."""
    with served(["ketryx"]) as ketryx:
        stage = Stage(here, *ketryx)
        stage.write("p.yaml", TESTS)
        stage.write("needs.csv", "number,title\n1,Need one\n2,Need two\n")
        stage.write("cases.csv", "number,title,tests\n1,Case one,1 2\n2,Case two,2\n")
        shown = carried_out(stage)
        assert "[(known after apply: needs.csv 1), (known after apply: needs.csv 2)]" in shown
        stage.write("cases.csv", "number,title,tests\n1,Case one,1\n2,Case two,2\n")
        assert "relation:tests" in carried_out(stage)
