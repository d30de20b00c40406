"""The floors of elsewhere.py: the same copies by hand.

python benchmarks/floors_elsewhere.py csv in.csv out.csv
python benchmarks/floors_elsewhere.py jsonl in.jsonl out.jsonl
python benchmarks/floors_elsewhere.py kainexus KINTONE_URL TOKEN KAINEXUS_URL KEY
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import orjson

STATES = {"new": "New", "busy": "In work", "done": "Closed", "parked": "Parked"}


def mapped(values: dict[str, Any]) -> dict[str, Any]:
    """The transforms on plain values; choices may be joined by `|`."""
    skills = values["skills"]
    return {
        **values,
        "machine": f"{values['machine'].strip()} ({values['state']})",
        "site": values["site"].upper(),
        "reporter": values["reporter"].lower(),
        "phone": values["phone"].replace("-", ""),
        "hours": int(values["hours"]) + 1,
        "state": STATES[values["state"]],
        "skills": "|".join(sorted(skills.split("|"))) if isinstance(skills, str) else sorted(skills),
        "findings": f"{values['findings']}\n-- {values['reporter']}",
    }


def copy_csv(old: Path, new: Path) -> None:
    """Row by row."""
    with old.open(encoding="utf-8", newline="") as source, new.open("w", encoding="utf-8", newline="") as target:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(target, rows.fieldnames or ())
        writer.writeheader()
        writer.writerows(map(mapped, rows))


def copy_jsonl(old: Path, new: Path) -> None:
    """Line by line."""
    with old.open("rb") as source, new.open("wb") as target:
        target.writelines(orjson.dumps(mapped(orjson.loads(line))) + b"\n" for line in source)


def copy_kainexus(kintone: str, token: str, kainexus: str, key: str) -> None:
    """Page by page, a hundred items a call."""
    import requests

    from benchmarks.floors import Api, ranges

    api = Api(kintone, token)
    fields = ["$id", *api.fields()]
    session = requests.Session()
    session.trust_env = False
    session.auth = ("api", key)
    session.headers["Content-Type"] = "application/json"
    for query in ranges(api):
        page = api.read(1, query, fields)
        items = [item({code: told["value"] for code, told in record.items()}) for record in page]
        for start in range(0, len(items), 100):
            body = orjson.dumps({"items": items[start : start + 100]})
            answer = session.put(f"{kainexus}/api/public/v1/json/itemList", data=body)
            answer.raise_for_status()
            orjson.loads(answer.content)


def item(record: dict[str, Any]) -> dict[str, Any]:
    """A new item."""
    values = mapped(record)
    texts = ("ticket", "site", "reporter", "phone", "state", "findings")
    fields = [{"name": code.capitalize(), "value": values[code]} for code in texts]
    fields += [
        {"name": "Skills", "value": ", ".join(values["skills"])},
        {"name": "Hours", "numericValue": values["hours"]},
        {"name": "Planned", "dateValue": f"{values['planned']}T00:00:00.000+0000"},
    ]
    said = {"templateName": "Ticket", "summary": values["machine"], "status": "NEW", "authors": [{"username": "ann"}]}
    return {**said, "fields": fields, "suppressNotifications": True}


if __name__ == "__main__":
    how, *words = sys.argv[1:]
    if how == "kainexus":
        copy_kainexus(*words)
    else:
        {"csv": copy_csv, "jsonl": copy_jsonl}[how](Path(words[0]), Path(words[1]))
