"""Requests of reading. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from migrator.contract import Call

READ, WRITE = "read", "write"
"""Kinds of calls; GLPI limits neither. [inferred]"""

DECODED = {"X-GLPI-Sanitized-Content": "false"}
"""Texts as they were meant. [vendor docs]"""

JSON = {"Content-Type": "application/json"}

Words = Mapping[str, Any]


def get(path: str, words: Words | None = None, *, repeatable: bool = True) -> Call:
    """A read; `words` go into the query as PHP writes arrays: `a[0][b]=c`. A GET must not have a body. [observed]"""
    pairs = "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in _pairs(words or {}))
    return Call(
        method="GET", path=f"{path}?{pairs}" if pairs else path, kind=READ, repeatable=repeatable, headers=DECODED
    )


def of_type(itemtype: str) -> str:
    """The path of an itemtype; a backslash of a namespace is encoded. [observed]"""
    return f"/{quote(itemtype, safe='')}"


def listing(path: str, words: Words, start: int, size: int) -> Call:
    """Rows `start` to `start + size - 1`, by id, with an explicit range: else the user's own page size counts."""
    paged = {"range": f"{start}-{start + size - 1}", "sort": "id", "order": "ASC", "get_hateoas": "false"}
    return get(path, {**words, **paged})


def several(itemtype: str, ids: Sequence[str], words: Words) -> Call:
    """Items by id, in this order; one that is missing makes the whole call a 404. [observed]"""
    items = [{"itemtype": itemtype, "items_id": number} for number in ids]
    return get("/getMultipleItems", {"items": items, "get_hateoas": "false", **words})


def search(itemtype: str, criteria: Sequence[Words], words: Words, start: int, size: int) -> Call:
    """Ids that fit: the id comes with field 2 alone, whatever the docs say. [observed]"""
    paged = {"range": f"{start}-{start + size - 1}", "sort": 2, "order": "ASC", "forcedisplay": [2]}
    return get(f"/search{of_type(itemtype)}", {"criteria": list(criteria), **words, **paged})


def _pairs(found: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, Mapping):
        for key, each in found.items():
            yield from _pairs(each, f"{name}[{key}]" if name else str(key))
    elif isinstance(found, (list, tuple)):
        for place, each in enumerate(found):
            yield from _pairs(each, f"{name}[{place}]")
    elif isinstance(found, bool):
        yield name, "true" if found else "false"
    elif found is not None:
        yield name, str(found)
