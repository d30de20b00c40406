"""What the stand-in for Kintone holds: app 1 (the source) and app 2 (the target), without a record in memory.

Bodies are encoded once a period and once a set of fields asked for; an answer is put together out of them. What is
written is compared with what it must be at once: the target keeps a byte, an id and a revision for each record, and
whole values only of those that came out wrong.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import orjson

from benchmarks.records import CELLS, GRADES, KEY, SKILLS, STATES, Shape, is_outdated, mapped, outdated, source

ABSENT, RIGHT, OUTDATED, OTHER = range(4)
"""What the target has under a number: nothing, what it must be, what somebody changed, anything else."""

Sent = dict[str, dict[str, Any]]
"""A record of a request: field code -> {"value": …}."""


class Refusal(Exception):
    """An answer that is no success: HTTP status, the vendor's code, and for whom it was meant."""

    def __init__(self, status: int, code: str, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "id": "bench", "message": message} | ({"errors": errors} if errors else {})


class Bodies:
    """The bodies of one kind (source, target, outdated target), encoded for a set of fields."""

    def __init__(self, all_values: Sequence[dict[str, Any]], form: dict[str, str]) -> None:
        self._values = all_values
        self._form = form
        self._tails: dict[frozenset[str], tuple[bytes, list[bytes]]] = {}
        self.sent: list[Sent] = []
        """As a request holds them, without the key."""

    def keep_sent(self) -> None:
        """Make `sent`, which only what a target must hold needs."""
        self.sent = [
            {code: {"value": plain(self._form[code], value)} for code, value in values.items() if code != KEY}
            for values in self._values
        ]

    def parts(self, fields: frozenset[str]) -> tuple[bytes, list[bytes]]:
        """What stands before the body (with places for id, revision and key that were asked for), and the bodies."""
        found = self._tails.get(fields)
        if found is None:
            head = _head(fields)
            tails = [self._tail(values, fields)[head == b"{" :] for values in self._values]
            found = self._tails[fields] = (head, tails)
        return found

    def _tail(self, values: dict[str, Any], fields: frozenset[str]) -> bytes:
        wanted = {code: typed(self._form[code], values[code]) for code in values if code in fields and code != KEY}
        return b"," + orjson.dumps(wanted)[1:] if wanted else b" }"


def _head(fields: frozenset[str]) -> bytes:
    parts = [
        b'"$id":{"type":"__ID__","value":"%d"}' if "$id" in fields else b"",
        b'"$revision":{"type":"__REVISION__","value":"%d"}' if "$revision" in fields else b"",
        b'"%s":{"type":"SINGLE_LINE_TEXT","value":"MT-%%07d"}' % KEY.encode() if KEY in fields else b"",
    ]
    return b"{" + b",".join(part for part in parts if part)


class Contents:
    """Both apps."""

    def __init__(self, count: int, shape: Shape) -> None:
        self.count = count
        self.shape = shape
        self.form = shape.form
        self.all_fields = frozenset({"$id", "$revision", *self.form})
        originals = [source(at, shape) for at in range(min(shape.period, count + 1))]
        targets = [mapped(values) for values in originals]
        self._period = len(originals)
        self._bodies = {
            1: Bodies(originals, self.form),
            RIGHT + 10: Bodies(targets, self.form),
            OUTDATED + 10: Bodies([outdated(values) for values in targets], self.form),
        }
        for state in (RIGHT, OUTDATED):
            self._bodies[state + 10].keep_sent()
        self.fill("empty")

    def fill(self, target: str) -> None:
        """The target anew: `empty`, `equal`, or `changed` (equal but for 1 %)."""
        full = target != "empty"
        size = self.count + 1
        self.states = bytearray([RIGHT if full else ABSENT]) * size
        self.ids = array("I", range(size)) if full else array("I", bytes(4 * size))
        self.numbers = array("I", range(size)) if full else array("I", [0])
        self.revisions = array("I", [1]) * size
        self.other: dict[int, Sent] = {}
        self.extra = 0
        self.written = 0
        self.needed = 0 if full else self.count
        if target == "changed":
            self.settle(change=True)

    def settle(self, *, change: bool) -> None:
        """Counts what is written from here on; `change`: somebody changes 1 % of the target's records before."""
        self.written = self.needed = 0
        for number in range(1, self.count + 1) if change else ():
            if is_outdated(number) and self.states[number] == RIGHT:
                self.states[number] = OUTDATED
                self.revisions[number] += 1
                self.needed += 1

    def verdict(self) -> dict[str, Any]:
        """Whether the target holds exactly what it must."""
        states = self.states[1:]
        missing, right = states.count(ABSENT), states.count(RIGHT)
        wrong = self.count - missing - right
        samples = {number: self.other[number] for number in list(self.other)[:2]}
        told = {"missing": missing, "wrong": wrong, "extra": self.extra, "samples": samples}
        exact = self.written == self.needed
        return {**told, "right": not (missing or wrong or self.extra), "exact": exact}

    # ------------------------------------------------------------ reading

    def top(self, app: int) -> int:
        """The highest id."""
        return self.count if app == 1 else len(self.numbers) - 1

    def found(self, app: int, numbers: Iterable[int]) -> list[int]:
        """The ids of the records with these keys, rising."""
        if app == 1:
            return sorted({number for number in numbers if 0 < number <= self.count})
        ids, top = self.ids, self.count
        return sorted({ids[number] for number in numbers if 0 < number <= top and ids[number]})

    def encoded(self, app: int, ids: Iterable[int], fields: frozenset[str]) -> bytes:
        """Records as JSON, joined by commas."""
        pick = _picker(fields)
        if app == 1:
            head, tails = self._bodies[1].parts(fields)
            return b",".join([head % pick(at, 1, at) + tails[at % self._period] for at in ids])
        return b",".join([self._target(at, fields, pick) for at in ids])

    def _target(self, id_: int, fields: frozenset[str], pick: Callable[[int, int, int], tuple[int, ...]]) -> bytes:
        number = self.numbers[id_]
        state = self.states[number]
        if state == OTHER:
            return self._odd(number, fields)
        head, tails = self._bodies[state + 10].parts(fields)
        return head % pick(id_, self.revisions[number], number) + tails[number % self._period]

    def _odd(self, number: int, fields: frozenset[str]) -> bytes:
        head = _head(fields) % _picker(fields)(self.ids[number], self.revisions[number], number)
        values = {code: told["value"] for code, told in self.other[number].items() if code in fields}
        rest = orjson.dumps({code: {"type": self.form[code], "value": value} for code, value in values.items()})
        return head + (b"," if values and head != b"{" else b"") + rest[1:]

    # ------------------------------------------------------------ writing

    def number(self, key: Any) -> int:
        """The number of a key; 0 for one that no source record has."""
        text = str(key)
        known = text.startswith("MT-") and text[3:].isdecimal()
        return number if known and 0 < (number := int(text[3:])) <= self.count else 0

    def create(self, record: Sent) -> tuple[int, int]:
        """Id and revision of a new record, whose key is free."""
        number = self.number(record[KEY]["value"])
        if not number:
            self.extra += 1
            self.written += 1
            return 1_000_000_000 + self.extra, 1
        self.ids[number] = id_ = len(self.numbers)
        self.numbers.append(number)
        self._keep(number, record)
        return id_, 1

    def update(self, id_: int, record: Sent) -> int:
        """The new revision."""
        number = self.numbers[id_]
        state = self.states[number]
        stood = self.other[number] if state == OTHER else self._bodies[state + 10].sent[number % self._period]
        self.revisions[number] += 1
        self._keep(number, {**stood, **record})
        return self.revisions[number]

    def _keep(self, number: int, record: Sent) -> None:
        self.written += 1
        record.pop(KEY, None)
        wanted = self._bodies[RIGHT + 10].sent[number % self._period]
        if record == wanted or self._normal(record) == self._normal(wanted):
            self.states[number] = RIGHT
            self.other.pop(number, None)
        else:
            self.states[number] = OTHER
            self.other[number] = record

    def _normal(self, record: Sent) -> dict[str, Any]:
        return {code: normal(self.form.get(code, ""), told["value"]) for code, told in record.items()}


@lru_cache(maxsize=64)
def _picker(fields: frozenset[str]) -> Callable[[int, int, int], tuple[int, ...]]:
    """Of (id, revision, number) those that the fields ask for, as `%` takes them."""
    wanted = [at for at, code in enumerate(("$id", "$revision", KEY)) if code in fields]
    if len(wanted) == 3:
        return lambda id_, revision, number: (id_, revision, number)
    return lambda *all_three: tuple(all_three[at] for at in wanted)


def plain(type_: str, value: Any) -> Any:
    """A value as a request holds it."""
    if type_ != "SUBTABLE":
        return value
    return [{"value": {code: {"value": cell} for code, cell in row.items()}} for row in value]


def typed(type_: str, value: Any) -> dict[str, Any]:
    """A value as an answer holds it."""
    if type_ == "SUBTABLE":
        rows = [{code: {"type": CELLS[code], "value": cell} for code, cell in row.items()} for row in value]
        value = [{"id": str(at + 1), "value": row} for at, row in enumerate(rows)]
    return {"type": type_, "value": value}


def normal(type_: str, value: Any) -> Any:
    """Equal for values that the real system would not tell apart: 1 and "1.0", choices in any order, row ids."""
    if type_ == "CHECK_BOX":
        return sorted(value or ())
    if type_ == "NUMBER":
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return value
    if type_ == "SUBTABLE":
        rows = [row["value"] for row in value or ()]
        return [{code: normal(CELLS.get(code, ""), cell["value"]) for code, cell in row.items()} for row in rows]
    return value or ""


def properties(form: dict[str, str]) -> dict[str, Any]:
    """`properties` of app/form/fields.json."""
    return {code: _property(code, type_) for code, type_ in form.items()}


def _property(code: str, type_: str) -> dict[str, Any]:
    told: dict[str, Any] = {"type": type_, "code": code, "label": code, "noLabel": False, "required": code == KEY}
    if type_ in ("SINGLE_LINE_TEXT", "NUMBER"):
        told["unique"] = code == KEY
    labels = {"state": (*STATES, *STATES.values()), "skills": SKILLS}.get(code, GRADES)
    if type_ in ("DROP_DOWN", "CHECK_BOX"):
        told["options"] = {label: {"label": label, "index": str(at)} for at, label in enumerate(labels)}
    if type_ == "SUBTABLE":
        told["fields"] = {cell: _property(cell, cell_type) for cell, cell_type in CELLS.items()}
    return told
