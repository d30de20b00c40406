"""The Debian package catalogue through the program: jsonl -> Kintone -> KaiNexus and back, on the emulators.

    python benchmarks/catalogue.py                 # all records `apt-cache dumpavail` gives (at least 50,000)
    python benchmarks/catalogue.py --records 500 --paced   # a small one under KaiNexus' documented pace

The data is made on the spot. Each leg is planned, applied and verified by the installed `migrator` as a process of
its own; the first is paired with a bare `requests` loop that sends the same batches with no templates. Printed are
ratios of CPU seconds (user + system of the processes, taken in one run) and the largest resident set.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

LEAST = 50_000
FIELDS = {
    "Package": "package",
    "Version": "version",
    "Section": "section",
    "Priority": "priority",
    "Installed-Size": "installed_size",
    "Maintainer": "maintainer",
    "Homepage": "homepage",
    "Description": "description",
    "Tag": "tags",
}

LOAD = """
playbook: catalogue-to-kintone
systems:
  files: {connector: jsonl, path: "."}
  kintone: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}"}
steps:
  - step: packages
    source: {system: files, collection: packages.jsonl, query: {id: package}}
    fields:
      package: "{{ record.package }}"
      version: "{{ record.version }}"
      section: "{{ record.section | default('') | lower }}"
      priority: "{{ record.priority | default('optional', true) }}"
      installed_size: "{{ record.installed_size | default(none) | number }}"
      maintainer: "{{ record.maintainer | trim }}"
      homepage: "{{ record.homepage | default('') }}"
      description: "{{ record.description | default('') }}"
      tags: "{{ record.tags | default('') | replace(', ', '\\n') }}"
    target: {system: kintone, collection: 5, key: package}
"""
ON = """
playbook: catalogue-to-kainexus
systems:
  kintone: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}"}
  kainexus: {connector: kainexus, url: "{{ env.KAINEXUS_URL }}", api_key: "{{ env.KAINEXUS_API_KEY }}",
             tenant: sample, zone: America/Chicago PACE}
steps:
  - step: packages
    source: {system: kintone, collection: 5}
    fields:
      summary: "{{ record.package }}"
      status: NEW
      authors: ["ann"]
      Version: "{{ record.version }}"
      Section: "{{ record.section }}"
      Priority: "{{ record.priority }}"
      Installed size: "{{ record.installed_size | number if record.installed_size else none }}"
      Maintainer: "{{ record.maintainer }}"
      Homepage: "{{ record.homepage }}"
      Description: "{{ record.description }}"
      Tags: "{{ record.tags }}"
    target:
      system: kainexus
      collection: Package
      marker: {field: External key}
      options:
        list: 348
        kinds: {Version: text, Section: text, Priority: text, Maintainer: text, Homepage: text,
                Description: text, Tags: text, Installed size: number, External key: text}
"""
BACK = """
playbook: catalogue-back-to-kintone
systems:
  kintone: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}"}
  kainexus: {connector: kainexus, url: "{{ env.KAINEXUS_URL }}", api_key: "{{ env.KAINEXUS_API_KEY }}",
             tenant: sample, zone: America/Chicago PACE}
steps:
  - step: packages
    source: {system: kainexus, collection: 348}
    fields:
      package: "{{ record.summary }}"
      version: "{{ record.Version }}"
      section: "{{ record.Section }}"
      priority: "{{ record.Priority }}"
      installed_size: "{{ record['Installed size'] }}"
      maintainer: "{{ record.Maintainer }}"
      homepage: "{{ record.Homepage }}"
      description: "{{ record.Description }}"
      tags: "{{ record.Tags }}"
    target: {system: kintone, collection: 5, key: package}
"""
FLOOR = """
import json, os, sys, requests
session, batch = requests.Session(), []
session.headers["X-Cybozu-API-Token"] = os.environ["KINTONE_API_TOKEN"]
def send():
    answer = session.post(os.environ["KINTONE_URL"] + "/k/v1/records.json", json={"app": 5, "records": batch})
    answer.raise_for_status(), answer.json()
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        batch.append({name: {"value": value} for name, value in json.loads(line).items()})
        if len(batch) == 100:
            send()
            batch.clear()
if batch:
    send()
"""


@dataclass
class Cost:
    """What one process took."""

    code: int
    cpu: float
    peak: float
    wall: float
    out: str


def run(words: list[str], env: dict[str, str], folder: Path) -> Cost:
    """Run to the end; CPU seconds, MB of the largest resident set, wall seconds."""
    log = folder / "out.txt"
    start = time.monotonic()
    with log.open("wb") as out:
        child = subprocess.Popen(words, env={**os.environ, **env}, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    return Cost(
        child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, wall, log.read_text("utf-8")
    )


def catalogue(most: int | None) -> Iterator[dict[str, str]]:
    """Records of `apt-cache dumpavail`, one a package name."""
    child = subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert child.stdout is not None
    seen: set[str] = set()
    record: dict[str, str] = {}
    last = ""
    for line in child.stdout:
        if not line.strip():
            if record.get("package") and record["package"] not in seen:
                seen.add(record["package"])
                yield record
                if most is not None and len(seen) >= most:
                    break
            record, last = {}, ""
        elif line[0] in " \t":
            if last:
                record[last] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            last = FIELDS.get(name, "")
            if last:
                record[last] = value.strip()
    child.stdout.close()
    child.kill()
    child.wait()


def legs(program: list[str], env: dict[str, str], work: Path, pace: str) -> dict[str, list[Cost]]:
    """Plan, apply and verify each leg; stops at the first that does not end well."""
    told: dict[str, list[Cost]] = {}
    for name, text in (("jsonl to Kintone", LOAD), ("Kintone to KaiNexus", ON), ("KaiNexus back to Kintone", BACK)):
        book = work / f"{name.replace(' ', '-').lower()}.yaml"
        book.write_text(text.replace("PACE", pace), "utf-8")
        costs = []
        for words in (["plan", book.name, "-o", "a.plan"], ["apply", "a.plan"], ["verify", book.name]):
            cost = run([*program, *words], env, work)
            costs.append(cost)
            told_of = f"{cost.cpu:7.1f} s CPU  {cost.peak:5.0f} MB  {cost.wall:6.1f} s"
            print(f"{name:26} {words[0]:7} exit {cost.code}  {told_of}", flush=True)
            print(counts_in(cost.out))
            if cost.code != 0:
                print(cost.out[-3000:])
                raise SystemExit(f"{name}: {words[0]} ended with {cost.code}")
        told[name] = costs
    return told


def main() -> None:
    """Make the data, serve the emulators, run the legs, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, help="take only so many records")
    parser.add_argument("--paced", action="store_true", help="keep KaiNexus' documented pace on both sides")
    wanted = parser.parse_args()
    program = [sys.executable, "-m", "migrator"]
    with tempfile.TemporaryDirectory(prefix="catalogue-") as folder:
        work = Path(folder)
        with (work / "packages.jsonl").open("w", encoding="utf-8") as file:
            count = 0
            for record in catalogue(wanted.records):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                count += 1
        if wanted.records is None and count < LEAST:
            raise SystemExit(f"only {count} packages: run `apt-get update` first (at least {LEAST} are wanted)")
        pace = "documented" if wanted.paced else "off"
        print(f"{count} records; pace of the KaiNexus emulator and of the connector: {pace}")
        serve = subprocess.Popen(
            [*program, "emulate", "kintone", "kainexus", "--port", "0", "--seed", "empty", "--pace", pace, "--json"],
            stdout=subprocess.PIPE,
        )
        assert serve.stdout is not None
        ready = json.loads(serve.stdout.readline())
        env = {**ready["kintone"]["env"], **ready["kainexus"]["env"]}
        try:
            told = legs(program, env, work, "" if wanted.paced else ', pace: "off"')
        finally:
            serve.terminate()
            serve.wait()
        floor = against(program, work)
    first = told["jsonl to Kintone"]
    cpu = first[0].cpu + first[1].cpu
    print(f"bare requests loop         {floor.cpu:7.1f} s CPU  {floor.peak:5.0f} MB")
    print(f"plan + apply / bare loop:  {cpu / floor.cpu:.2f} x CPU (at most 3)")
    print(
        f"largest peak of all:       {max(cost.peak for costs in told.values() for cost in costs):.0f} MB (under 200)"
    )


def counts_in(out: str) -> str:
    """The counts that the command showed, such as "packages 63666 create"."""
    lines = out.splitlines()
    for above, below in pairwise(lines):
        if above.split()[:1] == ["step"]:
            step, *numbers = below.split()
            shown = zip(above.split()[1:], numbers, strict=False)
            return f"{'':34} {step}: " + ", ".join(f"{number} {word}" for word, number in shown)
    return ""


def against(program: list[str], work: Path) -> Cost:
    """The bare loop against a fresh emulator."""
    serve = subprocess.Popen(
        [*program, "emulate", "kintone", "--port", "0", "--seed", "empty", "--json"], stdout=subprocess.PIPE
    )
    assert serve.stdout is not None
    env = json.loads(serve.stdout.readline())["kintone"]["env"]
    try:
        (work / "floor.py").write_text(FLOOR, "utf-8")
        cost = run([sys.executable, "floor.py", "packages.jsonl"], env, work)
        if cost.code:
            raise SystemExit(cost.out)
        return cost
    finally:
        serve.terminate()
        serve.wait()


if __name__ == "__main__":
    main()
