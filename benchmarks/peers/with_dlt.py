"""dlt: a resource that yields pages, a map step, a destination that takes batches of 100. Arguments: URL, token."""

import sys
from collections.abc import Iterator
from typing import Any

import dlt
from by_hand import STATES, Api, flat, payload

api = Api(*sys.argv[1:])


@dlt.resource(name="records", max_table_nesting=0)
def records() -> Iterator[list[dict[str, Any]]]:
    """Pages of the source."""
    for page in api.pages(1):
        yield [flat(record) for record in page]


def mapped(values: dict[str, Any]) -> dict[str, Any]:
    """The transforms, record by record."""
    return {
        **values,
        "findings": f"{values['findings']}\n-- {values['reporter']}",
        "machine": f"{values['machine'].strip()} ({values['state']})",
        "site": values["site"].upper(),
        "reporter": values["reporter"].lower(),
        "phone": values["phone"].replace("-", ""),
        "hours": str(int(values["hours"]) + 1),
        "state": STATES[values["state"]],
        "skills": sorted(values["skills"]),
    }


@dlt.destination(batch_size=100, loader_file_format="typed-jsonl", naming_convention="direct")
def target(items: list[dict[str, Any]], table: Any) -> None:
    """One batch; dlt's own columns are left out, dates come as objects."""
    api.add([payload({code: text(value) for code, value in item.items() if code[:4] != "_dlt"}) for item in items])


def text(value: Any) -> Any:
    """A date or a time as the API writes it."""
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value


pipeline = dlt.pipeline("benchmark", destination=target, pipelines_dir="dlt")
pipeline.run(records().add_map(mapped))
