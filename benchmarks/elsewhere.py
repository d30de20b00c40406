"""Workloads beside Kintone to Kintone: other systems, many steps, many problems.

    python benchmarks/elsewhere.py csv                       # a million rows from file to file
    python benchmarks/elsewhere.py kainexus --records 20000 --repeat 1

Printed as by run.py: what plan and apply cost, what the floor cost, medians of the ratios. The exit status is 0 only
if every target was right. KaiNexus' pace of five calls a minute is off here on both sides (`pace: "off"`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.figures import Row, growth, keep, ratios
from benchmarks.measure import HERE, PROGRAM, Cost, Stand, run
from benchmarks.records import STATES, TEMPLATES, quoted

KINTONE = '{connector: kintone, url: "{{ env.BENCH_URL }}", api_token: "{{ env.BENCH_TOKEN }}"}'
KAINEXUS = (
    '{connector: kainexus, url: "{{ env.KAINEXUS_URL }}", api_key: "{{ env.KAINEXUS_KEY }}", tenant: bench,'
    ' pace: "off"}'
)
KINDS = dict.fromkeys(("Ticket", "Site", "Reporter", "Phone", "State", "Skills", "Findings"), "text")
KINDS |= {"Hours": "number", "Planned": "date"}
STEPS = 50
PLAN, APPLY = [*PROGRAM, "plan", "copy.yaml", "-o", "a.plan"], [*PROGRAM, "apply", "a.plan"]


def book(systems: dict[str, str], steps: list[str], limits: str = "update_percent: 100") -> str:
    """A playbook of these parts."""
    listed = "".join(f"  {name}: {system}\n" for name, system in systems.items())
    states = ", ".join(f"{name}: {label}" for name, label in STATES.items())
    mappings = f"mappings:\n  state: {{values: {{{states}}}, unknown: fail}}\n"
    return f"playbook: benchmark\nsystems:\n{listed}{mappings}limits: {{{limits}}}\nsteps:\n{''.join(steps)}"


def step(name: str, source: str, fields: dict[str, str], target: str) -> str:
    """One step of a playbook."""
    lines = "".join(f"      {field}: {quoted(template)}\n" for field, template in fields.items())
    return f"  - step: {name}\n    source: {source}\n    fields:\n{lines}    target: {target}\n"


def quiet(lane: str, count: int, cost: Cost, wrong: str = "", exits: int = 0) -> Row:
    """A row of a lane without a server."""
    why = wrong if cost.code == exits else f"exit {cost.code}: {cost.out.strip()}"
    return Row(lane, count, cost, 0, 0, 0, 0, right=not why, why=why)


def must(words: list[str], folder: Path) -> None:
    """Unmeasured; ends the benchmark where it fails."""
    cost = run(words, folder)
    if cost.code:
        raise SystemExit(f"{' '.join(words)}: exit {cost.code}\n{cost.out}")


def with_file(form: str, count: int, repeat: int) -> Iterator[list[Row]]:
    """From a csv or jsonl file to another of its kind."""
    script = [sys.executable, str(HERE / "files.py")]
    name = f"tickets.{form}"
    fields = dict(TEMPLATES)
    if form == "csv":
        del fields["parts"]
        fields["skills"] = "{{ record.skills | split('|') | sort | join('|') }}"
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        source = Path(place) / name
        must([*script, "make", form, str(source), str(count)], Path(place))
        for _ in range(repeat):
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                folder = Path(given)
                systems = {"old": f"{{connector: {form}, path: {place}}}", "new": f'{{connector: {form}, path: "."}}'}
                reads = f"{{system: old, collection: {name}, query: {{id: ticket}}}}"
                writes = f"{{system: new, collection: {name}, key: ticket}}"
                (folder / "copy.yaml").write_text(book(systems, [step("copy", reads, fields, writes)]), "utf-8")
                plan, apply = run(PLAN, folder), run(APPLY, folder)
                wrong = run([*script, "check", form, name, str(count)], folder)
                floor = run([sys.executable, str(HERE / "floors_elsewhere.py"), form, str(source), "floor"], folder)
                wrong_too = run([*script, "check", form, "floor", str(count)], folder)
                yield [
                    quiet("plan", count, plan),
                    quiet("apply", count, apply, wrong.out),
                    quiet("both", count, plan + apply, wrong.out),
                    quiet("by hand", count, floor, wrong_too.out),
                ]


def with_kainexus(form: str, count: int, repeat: int) -> Iterator[list[Row]]:
    """From Kintone into a list card, by 100 items a call."""
    words = {"summary": TEMPLATES["machine"], "status": "NEW", "Hours": TEMPLATES["hours"]}
    words["Skills"] = "{{ record.skills | sort | join(', ') }}"
    same = ("ticket", "site", "reporter", "phone", "planned", "state", "findings")
    fields = {**words, **{code.capitalize(): TEMPLATES[code] for code in same}}
    kinds = ", ".join(f"{name}: {kind}" for name, kind in KINDS.items())
    writes = f"{{system: new, collection: Ticket, key: Ticket, options: {{list: 1, kinds: {{{kinds}}}}}}}"
    steps = [step("copy", "{system: old, collection: 1}", fields, writes)]
    text = book({"old": KINTONE, "new": KAINEXUS}, steps)
    text = text.replace("      status:", '      authors: ["ann"]\n      status:')
    records = ("--records", str(count))
    with Stand("kintone_server.py", *records) as old, Stand("kainexus_server.py", *records) as new:
        env = {**old.env, "KAINEXUS_URL": new.url, "KAINEXUS_KEY": new.token}
        for _ in range(repeat):
            new.control("setup", target="empty")
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                (Path(given) / "copy.yaml").write_text(text, "utf-8")
                rows = both(Path(given), env, new, count)
            new.control("setup", target="empty")
            addresses = [old.url, old.token, new.url, new.token]
            hand = [sys.executable, str(HERE / "floors_elsewhere.py"), "kainexus", *addresses]
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                yield [*rows, seen("by hand", run(hand, Path(given), env), new, count)]


def with_steps(form: str, count: int, repeat: int) -> Iterator[list[Row]]:
    """The copy of run.py cut into fifty steps, each by a condition on the record id."""
    size = -(-count // STEPS)
    steps = []
    for place in range(STEPS):
        condition = f"$id > {place * size} and $id <= {(place + 1) * size}"
        reads = f"{{system: old, collection: 1, query: {{query: {quoted(condition)}}}}}"
        steps.append(step(f"part-{place:02}", reads, TEMPLATES, "{system: new, collection: 2, key: ticket}"))
    text = book({"old": KINTONE, "new": KINTONE}, steps)
    with Stand("kintone_server.py", "--records", str(count)) as stand:
        for _ in range(repeat):
            stand.control("setup", target="empty")
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                folder = Path(given)
                (folder / "copy.yaml").write_text(text, "utf-8")
                validate = run([*PROGRAM, "validate", "copy.yaml"], folder, stand.env)
                rows = [quiet("validate", count, validate), *both(folder, stand.env, stand, count)]
            stand.control("setup", target="empty")
            hand = [sys.executable, str(HERE / "floors.py"), "sequential", "copy", stand.url, stand.token]
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                yield [*rows, seen("by hand", run(hand, Path(given)), stand, count)]


def with_problems(form: str, count: int, repeat: int) -> Iterator[list[Row]]:
    """A plan in which every record has a problem, of all records and of a tenth; it is written, and ends with 5."""
    reads = "{system: old, collection: bad.jsonl, query: {id: ticket}}"
    writes = "{system: old, collection: out.jsonl, key: ticket}"
    text = book({"old": '{connector: jsonl, path: "."}'}, [step("copy", reads, TEMPLATES, writes)])
    for size in (count // 10, count):
        for _ in range(repeat):
            with tempfile.TemporaryDirectory(prefix="benchmark-") as given:
                folder = Path(given)
                (folder / "copy.yaml").write_text(text, "utf-8")
                must([sys.executable, str(HERE / "files.py"), "make", "bad", "bad.jsonl", str(size)], folder)
                plan = run(PLAN, folder)
                told = f'"copy/TR011":{size}' in _end(folder / "a.plan")
                yield [quiet("plan", size, plan, "" if told else "the plan does not tell them all", exits=5)]


def _end(path: Path) -> str:
    """The trailer and the end line of a plan."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200_000))
        return file.read().decode("utf-8", "replace")


def both(folder: Path, env: dict[str, str], stand: Stand, count: int) -> list[Row]:
    """Plan and apply against a server."""
    plan = seen("plan", run(PLAN, folder, env), stand, count, written=False)
    cost = run(APPLY, folder, env)
    whole = seen("both", plan.cost + cost, stand, count)
    apply = replace(whole, lane="apply", cost=cost, requests=whole.requests - plan.requests)
    return [plan, apply, whole]


def seen(lane: str, cost: Cost, stand: Stand, count: int, *, written: bool = True) -> Row:
    """With what the server saw, and whether its contents are right, or untouched."""
    told = stand.control("figures")
    figures = {key: told[key] for key in ("requests", "writes", "refused", "in_flight")}
    right = told["verdict"]["right"] and told["verdict"]["exact"] if written else not told["written"]
    why = "" if right and not cost.code else f"exit {cost.code}: {cost.out.strip()}; {told['verdict']}"
    return Row(lane, count, cost, **figures, right=not why, why=why[:3000])


Lanes = Callable[[str, int, int], Iterator[list[Row]]]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One line of `--help`."""

    about: str
    records: int
    lanes: Lanes


WORKLOADS = {
    "csv": Elsewhere("a csv file to another, eleven fields", 1_000_000, with_file),
    "jsonl": Elsewhere("a jsonl file to another, twelve fields", 1_000_000, with_file),
    "kainexus": Elsewhere("Kintone to KaiNexus' stand-in, eleven fields", 100_000, with_kainexus),
    "steps": Elsewhere("Kintone to Kintone in fifty steps", 100_000, with_steps),
    "problems": Elsewhere("a plan in which every record has a problem", 1_000_000, with_problems),
}


def main() -> int:
    """Run, print, say whether all was right."""
    about = "\n".join(f"  {name:9} {work.records:>9,} records: {work.about}" for name, work in WORKLOADS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nworkloads:\n{about}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS, metavar="WORKLOAD")
    parser.add_argument("--records", type=int, help="so many records instead")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures of all rounds")
    wanted = parser.parse_args()
    work = WORKLOADS[wanted.workload]
    rounds = []
    for rows in work.lanes(wanted.workload, wanted.records or work.records, wanted.repeat):
        rounds.append(rows)
        print("\n".join(row.line() for row in rows), flush=True)
    told = [*ratios(rounds, "by hand", {}), *growth(rounds)]
    print("\n".join(told))
    if wanted.json:
        keep(wanted.json, wanted.workload, rounds, told)
    return 0 if all(row.right for rows in rounds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
