"""What did not come about in a run, as files for people (CSV) and programs (JSON Lines), to be mended and retried.

Columns that begin with `#` are for reading. The others are `change_id` and the planned fields: such a file, with its
cells corrected, is what `retry --with` takes.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import orjson

from migrator.amends.cells import cell_of, guarded
from migrator.amends.deeds import Past
from migrator.codec.paper import fields_to_paper
from migrator.errors import LocalFault
from migrator.executor.load import name_of
from migrator.model.plan import Action, Change
from migrator.model.run import Cause, Outcome, Status
from migrator.state.folder import QUARANTINE

ID = "change_id"
"""The column that says which line of the plan it is."""
TOLD = ("#status", "#step", "#action", "#key", "#origin", "#id", "#field", "#code", "#said", "#reason", "#hint")
"""Columns for reading."""

_REASONS = {
    Cause.REFUSED: ("the system does not take a value", "correct it here, then retry"),
    Cause.MOVED: (
        "the record changed since planning, and was left alone",
        "look at both; retry plans it anew",
    ),
    Cause.GONE: ("the record is gone from the target", "plan again, or leave it"),
    Cause.TAKEN: ("another record has its key", "correct the key here, or retry to change that record instead"),
    Cause.DENIED: ("our login lacks a right", "give the login the right, then retry"),
    Cause.NEEDS: ("what it waits for came to nothing", "mend that one; retry takes both"),
    Cause.UPLOAD_GONE: ("an uploaded file expired before its record named it", "plan again"),
}
"""Cause -> plain reason, what to do."""
_UNKNOWN = ("nobody can tell whether it was done", "look at it in the target, then plan again")


def place_of(state: Path, run: int) -> Path:
    """Where the CSV of a run is, whether there is one or not; the JSON Lines stand beside it."""
    return state / QUARANTINE / f"run-{run}.csv"


def write(past: Past, file: Path | None = None) -> Path:
    """Write both files (CSV at `file`), whole or not at all, mode 0600; the CSV's path. Raises LocalFault."""
    place = file or place_of(past.state.folder, past.run.number)
    try:
        if file is None:
            place.parent.mkdir(mode=0o700, exist_ok=True)
        _whole(place.with_suffix(".jsonl"), _lines(past))
        _whole(place, _rows(past))
    except OSError as error:
        raise LocalFault(
            f"cannot write the quarantine {place}: {error.strerror}",
            hint=f"free space, then: migrator report {past.run.number} --quarantine FILE",
        ) from error
    return place


def _whole(place: Path, content: Iterator[bytes]) -> None:
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _all(past: Past) -> Iterator[tuple[Change, Outcome]]:
    for section in past.kept.sections():
        yield from past.outcomes(section, but_done=True)


def _rows(past: Past) -> Iterator[bytes]:
    """The CSV: read by spreadsheets, hence the byte order mark."""
    names: dict[str, None] = {}
    for change, _ in _all(past):
        names.update(dict.fromkeys(_wanted(change)))
    buffer = _Buffer()
    writer = csv.writer(buffer.text)
    writer.writerow([ID, *TOLD, *map(column_of, names)])
    yield b"\xef\xbb\xbf" + buffer.taken()
    for change, outcome in _all(past):
        told, wanted = _told(past, change, outcome), _wanted(change)
        writer.writerow(
            [
                change.id,
                *(guarded(str(told[name[1:]])) for name in TOLD),
                *(cell_of(wanted[name]) if name in wanted else "" for name in names),
            ]
        )
        yield buffer.taken()


class _Buffer:
    """Text that is taken as bytes, a row at a time."""

    def __init__(self) -> None:
        from io import BytesIO

        self._bytes = BytesIO()
        self.text = TextIOWrapper(self._bytes, "utf-8", newline="", write_through=True)

    def taken(self) -> bytes:
        """What was written since the last time."""
        content = self._bytes.getvalue()
        self._bytes.seek(0)
        self._bytes.truncate()
        return content


def _lines(past: Past) -> Iterator[bytes]:
    for change, outcome in _all(past):
        paper: dict[str, Any] = {"line": "failed", "run": past.run.number, "change_id": change.id}
        paper |= {name: value for name, value in _told(past, change, outcome).items() if value != ""}
        paper["cause"] = outcome.cause
        paper["origin"] = change.origin and [change.origin.system, change.origin.collection, change.origin.id]
        for name, values in (("before", change.before), ("wanted", _wanted(change)), ("found", outcome.found)):
            paper[name] = fields_to_paper(values) if values else None
        kept = {name: value for name, value in paper.items() if value is not None}
        yield orjson.dumps(kept, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _told(past: Past, change: Change, outcome: Outcome) -> dict[str, str]:
    """The columns for reading, without their `#`."""
    unknown = outcome.status is Status.UNKNOWN or outcome.cause is None
    reason, hint = _UNKNOWN if unknown or outcome.cause is None else _REASONS[outcome.cause]
    return {
        "status": outcome.status.value,
        "step": change.step,
        "action": change.action.value,
        "key": name_of(change.key, change.origin, change.target_id),
        "origin": change.origin.id if change.origin is not None else "",
        "id": outcome.target_id or change.target_id or "",
        "field": outcome.field or "",
        "code": outcome.code or "",
        "said": outcome.reason or "",
        "reason": reason,
        "hint": hint,
    }


def _wanted(change: Change) -> dict[str, Any]:
    """The planned values; of a delete there are none."""
    return {} if change.action is Action.DELETE else dict(change.after or {})


def column_of(name: str) -> str:
    """The column of a field: its name, unless that would be taken for one of ours."""
    return f"field:{name}" if name == ID or name.startswith(("#", "field:")) else name


def field_of(column: str) -> str | None:
    """The field of a column; None: it is one of ours, for reading."""
    if column == ID or column.startswith("#"):
        return None
    return column.removeprefix("field:")
