"""A playbook is loaded whole, or refused with everything that is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from migrator.errors import PlaybookInvalid
from migrator.model.playbook import Duplicates, Mode, OnTaken, System, Unknown
from migrator.playbook.check import Checks
from migrator.playbook.load import Loaded, load, load_systems
from migrator.playbook.spelling import playbook_schema, schema_bytes
from tests.unit.playbook.desk import CHECKS, CONNECTORS, template

GOOD = """\
playbook: move
description: From the shelf to the desk.
systems:
  old: {connector: shelf, url: "{{ env.OLD_URL }}", token: "{{ env.OLD_TOKEN }}", zone: Asia/Tokyo, pace: 5/min}
  new: {connector: desk, url: "https://{{ env.HOST }}", in_flight: "{{ env.N | int }}", drawers: 4}
vars: {site: Osaka, sizes: [1, 2]}
mappings:
  state: {values: {In use: 1, "NO": null}, unknown: "null"}
  place: {file: tables/place.csv}
  kind: {file: tables/kind.yaml, unknown: keep}
limits: {update_percent: 50, problems: 3}
steps:
  - step: things
    source:
      system: old
      collection: 12
      query: {query: "a > 1", order: name}
      where: "{{ not record.gone }}"
      duplicates: first
    fields:
      serial: "{{ record.serial }}"
      site: "{{ vars.site }}"
      state: "{{ record.state | map('state') }}"
      tags: [a, "{{ record.tag }}", 3]
    target: {system: new, collection: "12", key: serial, mode: insert, on_taken: conflict, options: {only_new: true}}
  - step: notes
    source: {system: old, collection: notes}
    fields: {text: "{{ vars.unset | default('-') }}"}
    target: {system: new, collection: 7, marker: {field: origin}}
tests:
  - {test: the site is set, step: things, record: {serial: 1}, expect: {site: Osaka}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with mapping tables."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "place.csv").write_text('from,to\n"A, B",Lab\r\nC,\n', encoding="utf-8-sig")
    (tmp_path / "tables" / "kind.yaml").write_text("PC: 1\nMac: [2]\n", encoding="utf-8")
    return tmp_path


def loaded(folder: Path, text: str = GOOD, *, systems: str | None = None, checks: Checks = CHECKS) -> Loaded:
    """The playbook, from files in the folder."""
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    if systems is not None:
        (folder / "s.yaml").write_text(systems, encoding="utf-8")
    other = folder / "s.yaml" if systems is not None else None
    return load(folder / "p.yaml", checks, systems=other, name="p.yaml")


def test_a_correct_playbook_is_built_with_its_types(folder: Path) -> None:
    playbook = loaded(folder).playbook
    things, notes = playbook.steps
    assert (playbook.name, playbook.limits.update_percent, playbook.limits.delete_percent) == ("move", 50, 10)
    assert (things.source.collection, things.target.collection, things.target.key) == ("12", "12", ("serial",))
    assert (things.source.duplicates, things.target.mode, things.target.on_taken) == (
        Duplicates.FIRST,
        Mode.INSERT,
        OnTaken.CONFLICT,
    )
    assert things.fields["tags"] == ["a", "{{ record.tag }}", 3]
    assert notes.target.marker is not None
    assert notes.target.marker.field == "origin"
    assert playbook.systems["old"].connector == "shelf"
    assert playbook.systems["old"].options == {
        "url": "{{ env.OLD_URL }}",
        "token": "{{ env.OLD_TOKEN }}",
        "zone": "Asia/Tokyo",
        "pace": "5/min",
    }
    assert playbook.tests[0].expect == {"site": "Osaka"}


def test_mapping_tables_come_with_their_values(folder: Path) -> None:
    mappings = loaded(folder).playbook.mappings
    assert mappings["state"].values == {"In use": 1, "NO": None}
    assert mappings["place"].values == {"A, B": "Lab", "C": ""}
    assert mappings["kind"].values == {"PC": 1, "Mac": [2]}
    assert [table.unknown for table in mappings.values()] == [Unknown.NULL, Unknown.FAIL, Unknown.KEEP]


def test_places_are_found_after_loading(folder: Path) -> None:
    place = loaded(folder).places(("steps", 0, "fields", "state"))
    assert (place.file, place.line, place.column) == ("p.yaml", 23, 14)


def test_the_same_playbook_as_json_is_the_same_playbook(folder: Path) -> None:
    from migrator.playbook.parse import parse

    tree = {"$schema": "../schemas/playbook.schema.json", **parse(GOOD.encode(), "p.yaml").tree}
    (folder / "p.json").write_text(json.dumps(tree), encoding="utf-8")
    assert load(folder / "p.json", CHECKS).playbook == loaded(folder).playbook


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_file_of_systems_takes_the_place_of_those_with_the_same_name(folder: Path, wrapped: bool) -> None:
    line = "old: {connector: desk, url: u}\n"
    systems = f"systems:\n  {line}" if wrapped else line
    merged = loaded(folder, systems=systems)
    assert merged.playbook.systems["old"] == System(connector="desk", options={"url": "u"})
    assert merged.playbook.systems["new"].connector == "desk"
    place = merged.places(("systems", "old", "url"))
    assert (Path(place.file or "").name, place.line) == ("s.yaml", 2 if wrapped else 1)
    assert load_systems(folder / "s.yaml", CHECKS) == {"old": merged.playbook.systems["old"]}


def test_problems_of_both_files_come_at_once_and_in_order(folder: Path) -> None:
    text = GOOD.replace("mode: insert", "mode: insrt").replace("limits: {", "limits: {updates: 1, ")
    with pytest.raises(PlaybookInvalid) as refused:
        loaded(folder, text, systems="old: {connector: dsk}\nnew: {connector: desk, url: u, token: abc}\n")
    assert [(p.place.line, p.code) for p in refused.value.problems if p.place] == [
        (11, "PB020"),
        (25, "PB023"),
        (1, "PB030"),
        (2, "PB032"),
    ]


def test_warnings_do_not_stop_a_playbook(folder: Path) -> None:
    text = GOOD.replace("sizes: [1, 2]", "sizes: [NO, 012]").replace(
        "vars:", "  idle: {connector: desk, url: u}\nvars:"
    )
    assert [problem.code for problem in loaded(folder, text).warnings] == ["PB043", "PB014", "PB014"]


def test_only_connectors_that_are_named_are_looked_up(folder: Path) -> None:
    class Counted(dict[str, type]):
        asked: set[str] = set()  # noqa: RUF012  one instance, one test

        def __getitem__(self, name: str) -> type:
            self.asked.add(name)
            return super().__getitem__(name)

    connectors = Counted(CONNECTORS, never=object)
    loaded(folder, checks=Checks(connectors=connectors, template=template))
    assert connectors.asked == {"desk", "shelf"}


SECRETS = [
    "token: hunter2",
    "token: 'hunter2'",
    "token: [hunter2]",
    "token: &x hunter2",
    "token: 'x{{ env.T }}hunter2'",
    "token: \"{{ env.T | default('hunter2') }}\"",
    "token: 'wrong {{ hunter2 }}'",
    "tokn: hunter2",
    "password: {a: hunter2}",
    "tok: hunter2, drawers: x",
    "token: &t hunter2, url: *t",
    "token: |\n      hunter2\n      hunter2",
    "proxy: http://me:hunter2@host, timeout: x",
    "token: hunter2, lock: {a: b",
    "token: hunter2: x",
    "<<: {token: hunter2}",
]


@pytest.mark.parametrize("connector", ["desk", "dsk"])
@pytest.mark.parametrize("line", SECRETS)
def test_a_literal_secret_never_reaches_a_message(folder: Path, line: str, connector: str) -> None:
    """Whatever is wrong around it: place, excerpt, hint and sentence are free of it."""
    block = line.replace(", ", "\n    ")
    old = f"  old:\n    connector: {connector}\n    url: u\n    {block}\n"
    flow = f"  old: {{connector: {connector}, {line}}}\n"
    for system in (old, flow):
        with pytest.raises(PlaybookInvalid) as refused:
            loaded(folder, f"playbook: x\nsystems:\n{system}steps: []\n")
        assert "hunter2" not in repr(refused.value.problems)


def test_the_editors_schema_is_valid_and_takes_what_loads(folder: Path) -> None:
    from migrator.playbook.parse import parse

    schema = playbook_schema(CONNECTORS)
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    tree = parse(GOOD.encode(), "p.yaml").tree
    assert list(validator.iter_errors(tree)) == []
    for system in ({"connector": "dsk"}, {"connector": "desk"}, {"connector": "desk", "url": "u", "token": "abc"}):
        assert not validator.is_valid({**tree, "systems": {"old": system}})
    assert schema_bytes(CONNECTORS) == schema_bytes(dict(reversed(CONNECTORS.items())))
    assert json.loads(schema_bytes(CONNECTORS)) == schema
