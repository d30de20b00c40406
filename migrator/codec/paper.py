"""Values on paper (plan, state) and back: Ref is {"$ref": …}, File {"$file": …}, a map with a `$` key {"$map": …}.

What goes through is what JSON can hold: integers beyond 64 bit and decimals are text already, NaN and infinity
are refused.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from migrator.model.values import Field, File, Ref, Value

_PLAIN = frozenset({str, int, bool, type(None)})
_READ = _PLAIN | {float}


def to_paper(value: Value) -> Any:
    """JSON-like form of a value. Raises ValueError for NaN and infinity, TypeError for what is no Value."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("NaN and infinity have no place in a record")
        return value
    if isinstance(value, (tuple, list)):
        return [to_paper(item) for item in value]
    if isinstance(value, Mapping):
        if any(name.startswith("$") for name in value):
            return {"$map": [[name, to_paper(item)] for name, item in value.items()]}
        return {name: to_paper(item) for name, item in value.items()}
    if isinstance(value, Ref):
        return {"$ref": ref_to_paper(value)}
    if isinstance(value, File):
        return {"$file": [value.name, value.size, value.media_type, value.sha256, value.where, value.system]}
    raise TypeError(f"no value of a record: {kind.__name__}")


def from_paper(paper: Any) -> Value:
    """The value back; lists become tuples. Raises ValueError for a `$` form that is none of ours."""
    kind = type(paper)
    if kind in _PLAIN or kind is float:
        return paper  # type: ignore[no-any-return]  # checked by kind just above
    if kind is list:
        return tuple([from_paper(item) for item in paper])
    for name in paper:
        if name.startswith("$"):
            return _marked(name, paper[name])
    return {name: from_paper(item) for name, item in paper.items()}


def fields_to_paper(fields: Mapping[str, Value]) -> dict[str, Any]:
    """The same for a record's fields: their names may start with `$`, so they are never taken for a mark."""
    if fields.__class__ is dict and _PLAIN.issuperset(map(type, fields.values())):
        return fields  # nearly all are, and looking so costs a fifth of making it anew
    return {name: value if type(value) in _PLAIN else to_paper(value) for name, value in fields.items()}


def fields_from_paper(paper: Mapping[str, Any]) -> dict[str, Value]:
    """A record's fields back."""
    if paper.__class__ is dict and _READ.issuperset(map(type, paper.values())):
        return paper
    return {name: value if type(value) in _PLAIN else from_paper(value) for name, value in paper.items()}


def values_to_paper(values: tuple[Value, ...]) -> list[Any]:
    """The same for a key."""
    return list(values) if _PLAIN.issuperset(map(type, values)) else [to_paper(value) for value in values]


def values_from_paper(paper: tuple[Any, ...]) -> tuple[Value, ...]:
    """A key back."""
    return paper if _READ.issuperset(map(type, paper)) else tuple([from_paper(value) for value in paper])


def ref_to_paper(ref: Ref) -> list[str]:
    """Six texts in the order of the class."""
    return [ref.target, ref.collection, ref.source, ref.source_collection, ref.source_id, ref.part]


def ref_from_paper(paper: list[str]) -> Ref:
    """The Ref back. Raises ValueError for another number of texts."""
    target, collection, source, source_collection, source_id, part = paper
    return Ref(
        target=target,
        collection=collection,
        source=source,
        source_collection=source_collection,
        source_id=source_id,
        part=part,
    )


def field_hash(field: Field) -> str:
    """16 hex digits of all that matters to a writer: a plan is stale where they differ. Open choices do not count."""
    told = dataclasses.asdict(field)
    told.pop("label")
    if field.open_choices:
        told.pop("choices")
    text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    return blake2b(text, digest_size=8).hexdigest()


def _marked(name: str, content: Any) -> Value:
    if name == "$ref":
        return ref_from_paper(content)
    if name == "$file":
        file_name, size, media_type, sha256, where, system = content
        return File(name=file_name, size=size, media_type=media_type, sha256=sha256, where=where, system=system)
    if name == "$map":
        return {key: from_paper(item) for key, item in content}
    raise ValueError(f"unknown mark {name!r}")
