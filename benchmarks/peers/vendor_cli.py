"""The vendor's command line tool doing what the playbook does: export to CSV, a script that maps the columns, import.

Arguments: the folder that holds node_modules, URL, token. The tool has no transforms; this script is what people put
between its two halves.
"""

import csv
import subprocess
import sys
from pathlib import Path

STATES = {"new": "New", "busy": "In work", "done": "Closed", "parked": "Parked"}


def mapped(row: dict[str, str]) -> dict[str, str]:
    """One line of the export; lines of one table repeat the record's other columns."""
    return {
        **row,
        "machine": f"{row['machine'].strip()} ({row['state']})",
        "site": row["site"].upper(),
        "reporter": row["reporter"].lower(),
        "phone": row["phone"].replace("-", ""),
        "hours": str(int(row["hours"]) + 1),
        "state": STATES[row["state"]],
        "skills": "\n".join(sorted(row["skills"].split("\n"))),
        "findings": f"{row['findings']}\n-- {row['reporter']}",
    }


def main() -> None:
    """Three steps over two files in the working folder."""
    folder, url, token = sys.argv[1:]
    tool = ["node", f"{folder}/node_modules/.bin/cli-kintone", "record"]
    login = ["--base-url", url, "--api-token", token]
    exported, wanted = Path("out.csv"), Path("in.csv")
    with exported.open("wb") as out:
        subprocess.run([*tool, "export", *login, "--app", "1"], check=True, stdout=out)
    with exported.open(encoding="utf-8", newline="") as old, wanted.open("w", encoding="utf-8", newline="") as new:
        rows = csv.DictReader(old)
        names = [name for name in rows.fieldnames or () if name not in ("$id", "$revision", "parts")]
        writer = csv.DictWriter(new, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(map(mapped, rows))
    words = ["--app", "2", "--file-path", "in.csv", "--update-key", "ticket"]
    subprocess.run([*tool, "import", *login, *words], check=True)


if __name__ == "__main__":
    main()
