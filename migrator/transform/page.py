"""The page that documents filters, tests and methods, made from their tables."""

from __future__ import annotations

import inspect
from typing import Final

from migrator.transform.filters import FILTERS, Filter
from migrator.transform.methods import METHODS
from migrator.transform.predicates import TESTS


def reference() -> str:
    """The text of docs/reference/filters.md."""
    parts = [_HEAD]
    for group in dict.fromkeys(filter_.group for filter_ in FILTERS.values()):
        rows = [(name, filter_) for name, filter_ in FILTERS.items() if filter_.group == group]
        parts.append(f"## {group}\n\n| filter | does | bound | example | gives |\n|---|---|---|---|---|\n")
        parts.append("".join(_row(name, filter_) for name, filter_ in rows) + "\n")
    tests = "".join(f"| `is {name}` | {inspect.getdoc(test)} |\n" for name, test in TESTS.items())
    methods = ", ".join(f"`{name}`" for name in METHODS)
    return "".join(parts) + _TAIL.format(tests=tests, methods=methods)


def _row(name: str, filter_: Filter) -> str:
    arguments = str(filter_.signature.replace(parameters=list(filter_.signature.parameters.values())[1:]))
    expression, gives = filter_.example
    cells = (f"`{name}{'' if arguments == '()' else arguments}`", filter_.doc, filter_.bound)
    shown_cells = (f"`{{{{ {expression} }}}}`", f"`{gives!r}`")
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells + shown_cells) + " |\n"


_HEAD: Final = """# Filters, tests and methods

Generated from the table in `migrator/transform/filters.py`; a test keeps it up to date.

`{{ record.name | trim }}` hands a value through a filter. The table is closed. Null stays null, unless a filter says
otherwise; a missing field is an error, and `default()` the way out. A number counts as its text where a text is
needed. Nothing guesses: a text is a number, a date or JSON only after the filter that says so. Lists are shown in
round brackets.

Whatever a template does, a text has at most 1,000,000 characters, a list 100,000 items, a decimal number 100 digits,
a whole number 1,024 bits, a template 10,000 characters and 50 levels, and the templates of one record walk through at
most 20,000,000 characters and items. What exceeds a bound is a problem of its record. `+` adds numbers, texts or
lists, `~` joins texts, and every other operator is for numbers only.

"""
_TAIL: Final = """## Tests

| test | true for |
|---|---|
{tests}
## Methods of texts

`record.name.upper()` works too, for these methods of texts: {methods}.
No others can be called, and none of other values.
"""
