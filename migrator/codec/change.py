"""A Change as a line of a plan, and back."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from migrator.codec.paper import (
    fields_from_paper,
    fields_to_paper,
    to_paper,
    values_from_paper,
    values_to_paper,
)
from migrator.model.plan import Action, Change, Phase
from migrator.model.quick import filler
from migrator.model.values import Origin

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_APPEND_NEWLINE
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)


_FIELDS = ("before", "after", "along", "whole", "corrected")
"""What holds fields of a record."""


def change_line(change: Change) -> bytes:
    """The line of a change, "\n" included. Raises TypeError, ValueError for what is no Value.

    Nearly all values are on paper what they are in memory, so they are written as they stand (a third of the cost,
    measured); a line with a `$` in it, or a number with a point, is written again by the rules.
    """
    line = _common(change)
    if change.key:
        line["key"] = change.key
    for name in _FIELDS:
        fields = getattr(change, name)
        if fields:
            if float in map(type, fields.values()):
                return _by_the_rules(change)
            line[name] = fields
    written = orjson.dumps(line, default=to_paper, option=_OPTIONS)
    return _by_the_rules(change) if b"$" in written else written


def _common(change: Change) -> dict[str, Any]:
    """All but the values."""
    line: dict[str, Any] = {
        "line": "change",
        "id": change.id,
        "step": change.step,
        "phase": int(change.phase),
        "action": change.action._value_,  # `value` is a property, three times as slow
    }
    origin = change.origin
    if origin is not None:
        line["origin"] = (origin.system, origin.collection, origin.id)
    if change.batch is not None:
        line["batch"] = change.batch
    if change.target_id is not None:
        line["target_id"] = change.target_id
    if change.version is not None:
        line["version"] = change.version
    if change.needs:
        line["needs"] = change.needs
    if change.field is not None:
        line["field"] = change.field
    if change.position is not None:
        line["position"] = change.position
    return line


def _by_the_rules(change: Change) -> bytes:
    """The line whose every value went through `to_paper`."""
    line = _common(change)
    if change.key:
        line["key"] = values_to_paper(change.key)
    for name in _FIELDS:
        fields = getattr(change, name)
        if fields:
            line[name] = fields_to_paper(fields)
    return orjson.dumps(line, option=_OPTIONS)


_Plain = None | bool | int | float | str
_Flat = _Plain | tuple[_Plain, ...] | dict[str, _Plain]
_Row = _Plain | tuple[_Flat, ...] | dict[str, _Flat]
_Deep = _Plain | tuple[_Row, ...] | dict[str, _Row]
"""What nearly all fields hold: text, lists, rows of a table. msgspec makes it as it stays, lists as tuples; deeper
ones are left to `fields_from_paper`."""


class _Paper(msgspec.Struct, gc=False):
    """A line as JSON has it: msgspec fills it in half of the time that a dict takes."""

    id: str
    step: str
    phase: Phase
    action: Action
    key: tuple[Any, ...] = ()
    origin: tuple[str, str, str] | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    along: dict[str, Any] | None = None
    whole: dict[str, Any] | None = None
    corrected: dict[str, Any] | None = None
    needs: tuple[str, ...] = ()
    batch: int | None = None
    target_id: str | None = None
    version: str | None = None
    field: str | None = None
    position: int | None = None


class _Unmarked(_Paper, gc=False):
    """The same where no value is a Ref, a File or a map with a `$` key."""

    key: tuple[_Deep, ...] = ()
    before: dict[str, _Deep] | None = None
    after: dict[str, _Deep] | None = None
    along: dict[str, _Deep] | None = None
    whole: dict[str, _Deep] | None = None
    corrected: dict[str, _Deep] | None = None


_decode = msgspec.json.Decoder(_Paper).decode
_decode_unmarked = msgspec.json.Decoder(_Unmarked).decode


def is_marked(line: bytes) -> bool:
    """A Ref, a File or a map with a `$` key may be in this change line; for certain not where this is False."""
    return b"$" in line and b'"$' in line  # looking for one byte first is ten times as fast (measured)


def parse_change(line: bytes, marked: bool = True) -> Change:
    """A change line back; `marked` is False where `is_marked` said so. Raises ValueError for another shape."""
    if not marked or not is_marked(line):  # half of the time of what follows (measured)
        try:
            return _change(_decode_unmarked(line))
        except msgspec.MsgspecError:
            pass  # deeper than we thought, or wrong: told below
    try:
        paper = _decode(line)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    paper.key = values_from_paper(paper.key)
    for name in _FIELDS:
        fields = getattr(paper, name)
        if fields is not None:
            setattr(paper, name, fields_from_paper(fields))
    return _change(paper)


def _change(paper: _Paper) -> Change:
    origin, after = paper.origin, paper.after
    if after is None and paper.action in _WRITES:
        after = {}
    return _filled_change(
        paper.id,
        paper.step,
        paper.phase,
        paper.action,
        paper.batch,
        paper.key,
        None if origin is None else _filled_origin(*origin),
        paper.target_id,
        paper.version,
        paper.before,
        after,
        paper.whole,
        paper.needs,
        paper.along,
        paper.field,
        paper.position,
        paper.corrected,
    )


_filled_change, _filled_origin = filler(Change), filler(Origin)


_WRITES = frozenset({Action.CREATE, Action.UPDATE})
