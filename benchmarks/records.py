"""The records of the benchmarks: what each holds, what it must become, and the playbook that says so.

A record is a pure function of (seed, number, shape): its key is the number, its other values are the body
`number % period`. So a server needs memory for one period of bodies only, however many records it serves, and any
record can be checked by itself. Numbers begin at 1.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

KEY = "ticket"
SEED = 20_240_401
STATES = {"new": "New", "busy": "In work", "done": "Closed", "parked": "Parked"}
SKILLS = ("assembly", "electrics", "hydraulics", "measuring", "software", "welding")
GRADES = ("A", "B", "C", "D")

FORM: dict[str, str] = {
    KEY: "SINGLE_LINE_TEXT",
    "machine": "SINGLE_LINE_TEXT",
    "site": "SINGLE_LINE_TEXT",
    "reporter": "SINGLE_LINE_TEXT",
    "phone": "SINGLE_LINE_TEXT",
    "hours": "NUMBER",
    "planned": "DATE",
    "started": "DATETIME",
    "state": "DROP_DOWN",
    "skills": "CHECK_BOX",
    "findings": "MULTI_LINE_TEXT",
    "parts": "SUBTABLE",
}
"""Field code -> the vendor's type: the twelve fields that every shape has."""

CELLS = {"part": "SINGLE_LINE_TEXT", "amount": "NUMBER", "price": "NUMBER"}
"""Columns of the table `parts`."""

TEMPLATES = {
    KEY: "{{ record.ticket }}",
    "machine": "{{ record.machine | trim }} ({{ record.state }})",
    "site": "{{ record.site | upper }}",
    "reporter": "{{ record.reporter | lower }}",
    "phone": "{{ record.phone | replace('-', '') }}",
    "hours": "{{ record.hours | int + 1 }}",
    "planned": "{{ record.planned }}",
    "started": "{{ record.started }}",
    "state": "{{ record.state | map('state') }}",
    "skills": "{{ record.skills | sort }}",
    "findings": "{{ record.findings }}\n-- {{ record.reporter }}",
    "parts": "{{ record.parts }}",
}
"""The twelve transforms; `mapped` says the same in Python."""

_WIDE = ("SINGLE_LINE_TEXT", "NUMBER", "DATE", "DROP_DOWN")
_MACHINES = (
    "小型旋盤",
    "油圧プレス",
    "搬送ロボット",
    "射出成形機",
    "検査カメラ",
    "冷却ポンプ",
    "塗装ブース",
    "包装ライン",
)
_SITES = ("Osaka west", "Nagoya port", "Sendai hill", "Kobe quay", "Tokyo bay", "Hakata line")
_PEOPLE = ("Ken.Ito", "Yui.Sato", "Ann.Miller", "Jose.Garcia", "Mei.Tanaka", "Lars.Holm")
_SENTENCES = (
    "主軸の振動が基準値を超えたため、軸受を交換した。",
    "油漏れを確認。継手を増し締めし、翌日に再点検する。",
    "Error code E-204 after restart; the sensor cable was loose.",
    "異音なし。温度は正常範囲内で推移している。",
    "制御盤のファンを清掃し、フィルターを取り替えた。",
    "The customer asks for a report “as soon as possible”.",
)
_PARTS = ("軸受 6204", "O-ring 12mm", "近接センサー", "fuse 5A", "ベルト B-42", 'hose 1/2"')


@dataclass(frozen=True, slots=True)
class Shape:
    """How records look."""

    name: str
    rows: tuple[int, int] = (1, 3)
    """Rows of the table, at least and at most."""
    sentences: tuple[int, int] = (2, 4)
    """Sentences of the long text, at least and at most."""
    more: int = 0
    """Fields beside the twelve."""
    period: int = 10_007
    """Number of different bodies."""

    @property
    def form(self) -> dict[str, str]:
        """Field code -> type, all fields."""
        return {**FORM, **{f"x{at:02d}": _WIDE[at % len(_WIDE)] for at in range(self.more)}}


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("default"),
        Shape("wide", more=88, period=2003),
        Shape("long", sentences=(280, 295), period=1009),
        Shape("rows", rows=(50, 50), period=1009),
    )
}
"""12 fields (about 1.3 kB as the API sends it); 100 fields; a text of 20 kB; a table of 50 rows."""


def key_of(number: int) -> str:
    """The key of a record: `MT-0000042`."""
    return f"MT-{number:07d}"


def source(number: int, shape: Shape, seed: int = SEED) -> dict[str, Any]:
    """The values of a source record: texts (numbers too), lists of texts, rows as lists of dicts."""
    body = number % shape.period
    dice = random.Random(f"{seed} {body}")
    pick = dice.choice
    person = pick(_PEOPLE)
    values: dict[str, Any] = {
        KEY: key_of(number),
        "machine": f" {pick(_MACHINES)} {body:05d} ",
        "site": f"{pick(_SITES)} {dice.randrange(1, 90)}",
        "reporter": f"{person}.{body}@Example.co.jp",
        "phone": f"0{dice.randrange(3, 9)}-{dice.randrange(1000, 9999)}-{dice.randrange(1000, 9999)}",
        "hours": str(dice.randrange(0, 400)),
        "planned": f"20{dice.randrange(18, 26)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
        "started": f"2023-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}T{dice.randrange(24):02d}:30:00Z",
        "state": pick(tuple(STATES)),
        "skills": dice.sample(SKILLS, dice.randrange(1, 4)),
        "findings": "\n".join(pick(_SENTENCES) for _ in range(dice.randint(*shape.sentences))),
        "parts": [_row(dice) for _ in range(dice.randint(*shape.rows))],
    }
    return {**values, **_more(dice, shape)}


def _row(dice: random.Random) -> dict[str, str]:
    price = f"{dice.randrange(1, 9000)}.{dice.randrange(1, 10)}"
    return {"part": dice.choice(_PARTS), "amount": str(dice.randrange(1, 50)), "price": price}


def _more(dice: random.Random, shape: Shape) -> dict[str, str]:
    """The fields of a wide record."""
    makers = (
        lambda: f"{dice.choice(_MACHINES)} {dice.randrange(1000)}",
        lambda: str(dice.randrange(100_000)),
        lambda: f"2024-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
        lambda: dice.choice(GRADES),
    )
    return {f"x{at:02d}": makers[at % len(makers)]() for at in range(shape.more)}


def mapped(values: dict[str, Any]) -> dict[str, Any]:
    """What the target must hold for these source values: the twelve transforms; all other fields as they are."""
    return {
        **values,
        "machine": f"{values['machine'].strip()} ({values['state']})",
        "site": values["site"].upper(),
        "reporter": values["reporter"].lower(),
        "phone": values["phone"].replace("-", ""),
        "hours": str(int(values["hours"]) + 1),
        "state": STATES[values["state"]],
        "skills": sorted(values["skills"]),
        "findings": f"{values['findings']}\n-- {values['reporter']}",
    }


def outdated(values: dict[str, Any]) -> dict[str, Any]:
    """A target record that somebody changed since the last run: two fields differ from what it must hold."""
    return {**values, "hours": str(int(values["hours"]) + 7), "machine": values["machine"] + " ?"}


def is_outdated(number: int) -> bool:
    """Which records of the target are outdated where 1 % is."""
    return number % 100 == 37


def playbook(shape: Shape, settings: str = "") -> str:
    """The playbook that copies app 1 to app 2. `settings`: more keys of both systems, such as `, in_flight: 16`."""
    templates = {**TEMPLATES, **{code: f"{{{{ record.{code} }}}}" for code in shape.form if code not in TEMPLATES}}
    fields = "\n".join(f"      {code}: {quoted(template)}" for code, template in templates.items())
    login = 'connector: kintone, url: "{{ env.BENCH_URL }}", api_token: "{{ env.BENCH_TOKEN }}"'
    return f"""playbook: benchmark
systems:
  old: {{{login}{settings}}}
  new: {{{login}{settings}}}
mappings:
  state: {{values: {{{", ".join(f"{name}: {label}" for name, label in STATES.items())}}}, unknown: fail}}
limits: {{update_percent: 100}}
steps:
  - step: copy
    source: {{system: old, collection: 1}}
    fields:
{fields}
    target: {{system: new, collection: 2, key: {KEY}}}
"""


def quoted(text: str) -> str:
    """A text in YAML's double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
