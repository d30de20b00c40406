"""petl: read, eight conversions of columns, add by 100. Arguments: URL, token."""

import sys

import petl
from by_hand import STATES, Api, flat, payload

api = Api(*sys.argv[1:])
table = petl.fromdicts([flat(record) for page in api.pages(1) for record in page])
table = petl.convert(table, "findings", lambda text, row: f"{text}\n-- {row.reporter}", pass_row=True)
table = petl.convert(table, "machine", lambda text, row: f"{text.strip()} ({row.state})", pass_row=True)
table = petl.convert(table, "site", "upper")
table = petl.convert(table, "reporter", "lower")
table = petl.convert(table, "phone", "replace", "-", "")
table = petl.convert(table, "hours", lambda text: str(int(text) + 1))
table = petl.convert(table, "state", STATES)
table = petl.convert(table, "skills", sorted)
api.add([payload(values) for values in petl.dicts(table)])
