"""Makes the files that are copied, and checks those that came of it; in a process of its own, since it takes memory.

    python benchmarks/files.py make csv   in.csv  1000000
    python benchmarks/files.py check csv  out.csv 1000000

csv: every field but the table, choices joined by `|`. jsonl: every field. `make bad`: a jsonl file of which every
record has a number that is none.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.records import FORM, KEY, SHAPES, key_of, mapped, source

SHAPE = SHAPES["default"]
COLUMNS = tuple(code for code in FORM if code != "parts")


def records(count: int, *, target: bool) -> Iterator[dict[str, Any]]:
    """Source records, or what must become of them."""
    bodies = [source(at, SHAPE) for at in range(min(SHAPE.period, count + 1))]
    if target:
        bodies = [mapped(values) for values in bodies]
    for number in range(1, count + 1):
        yield {**bodies[number % len(bodies)], KEY: key_of(number)}


def row(values: dict[str, Any]) -> dict[str, str]:
    """A record as a line of csv."""
    return {code: "|".join(value) if isinstance(value := values[code], list) else str(value) for code in COLUMNS}


def make(form: str, path: Path, count: int) -> None:
    """Write the source."""
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(map(row, records(count, target=False)))
        return
    with path.open("wb") as file:
        for values in records(count, target=False):
            file.write(orjson.dumps({**values, "hours": "many"} if form == "bad" else values) + b"\n")


def check(form: str, path: Path, count: int) -> str:
    """What is wrong with the target; empty for nothing. Lines may come in any order."""
    found = _read_csv(path) if form == "csv" else map(orjson.loads, path.open("rb"))
    wanted = list(records(min(count, SHAPE.period), target=True))
    seen = bytearray(count + 1)
    for values in found:
        number = int(values[KEY][3:])
        body = wanted[(number - 1) % SHAPE.period]
        right = {**(row(body) if form == "csv" else body), KEY: key_of(number)}
        if {**values, "hours": str(values["hours"])} != right or seen[number]:
            return f"{values} is not {right}, or came twice"
        seen[number] = 1
    return "" if sum(seen) == count else f"{sum(seen)} of {count} records came"


def _read_csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """Read the words and do the work."""
    what, form, path, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    if what == "make":
        make(form, path, count)
    elif wrong := check(form, path, count):
        raise SystemExit(wrong[:3000])


if __name__ == "__main__":
    main()
