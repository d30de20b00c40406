"""Kintone's query language, as far as the connector has to read or write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrator.errors import Refused
from migrator.model.lean import dataclass
from migrator.model.problem import Problem

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_ORDER = re.compile(r"(?:^|(?<=[\s)\"]))order\s+by\s", re.IGNORECASE)
_LIMIT = re.compile(r"(?:^|(?<=[\s)\"]))(?:limit|offset)\s+[0-9]+(?:\s+offset\s+[0-9]+)?\s*$", re.IGNORECASE)
_BY_ID = re.compile(r"\$id(?:\s+asc)?", re.IGNORECASE)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"})
"""A raw tab or line break inside quotes is refused (observed)."""

_ESCAPED = re.compile(r'[\\"\n\t]')
_UNASKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query in its two parts."""

    condition: str
    """Which records; empty: all."""
    order: str
    """What stands behind `order by`; empty where it is by id upwards, or not given."""

    def narrowed(self, more: str) -> str:
        """The condition and one more, as one; the vendor's client wraps the first in parentheses too."""
        if self.condition and more:
            return f"({self.condition}) and {more}"
        return self.condition or more


def parsed(text: str) -> Wanted:
    """A user's query in parts. Raises Refused where it asks for a part of the records by `limit` or `offset`."""
    masked = _QUOTED.sub(lambda match: '"' + "." * (len(match[0]) - 2) + '"', text)
    if _LIMIT.search(masked):
        raise Refused(
            Problem(
                code=Refused.code,
                summary="the query has a `limit` or `offset`",
                detail="All records that fit are read, page by page; a query tells which they are.",
                hint="leave `limit` and `offset` out; `plan --limit N` tries the first N records",
            )
        )
    start = _ORDER.search(masked)
    if start is None:
        return Wanted(text.strip(), "")
    order = text[start.end() :].strip()
    return Wanted(text[: start.start()].strip(), "" if _BY_ID.fullmatch(order) else order)


def quoted(text: str) -> str:
    """A text as a value of a condition."""
    return f'"{text.translate(_ESCAPES)}"'


def askable(text: str) -> bool:
    """Whether a condition can hold it: other control characters than these two are refused, raw or escaped."""
    return _UNASKABLE.search(text) is None


def any_of(field: str, values: Sequence[str]) -> str:
    """The condition that the field holds one of the values."""
    if values and _ESCAPED.search("".join(values)) is None:  # one look at all of them instead of one at each
        listed = '", "'.join(values)
        return f'{field} in ("{listed}")'
    return f"{field} in ({', '.join(map(quoted, values))})"
