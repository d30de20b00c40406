"""Builds the tree of a YAML document node by node, within bounds, with the place of every node."""

from __future__ import annotations

from typing import Any

from migrator.codec.strict import DEPTH_MAX, SURROGATE, Spot
from migrator.model.lean import dataclass
from migrator.playbook.scalars import NoNumber, other_reading, resolve

NODES_MAX = 500_000
"""Values in one file at most, aliases not counted."""
EXPANSION_MAX = 100_000
"""Values that aliases may add, each time they are used."""
FAULTS_MAX = 100
"""Faults of form that are listed at most."""


@dataclass(frozen=True, slots=True)
class FormFault:
    """What is wrong with the form of a document, at an offset."""

    code: str
    """One of CODES."""
    offset: int
    """Characters from the start."""
    summary: str
    """In the user's words."""
    hint: str = ""
    """What to do."""


class Fatal(Exception):
    """A fault after which reading on makes no sense. Carries a FormFault."""

    def __init__(self, code: str, offset: int, summary: str, hint: str = "") -> None:
        self.fault = FormFault(code, offset, summary, hint)
        super().__init__(summary)


@dataclass(slots=True)
class _Open:
    """A list or map that is being read."""

    value: Any
    spot: Spot
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    key_start: int = 0


class TreeBuilder:
    """Takes nodes in the order of the text. `value` and `spot` hold the root when all are there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value: Any = None
        self.spot = Spot(0, 0)
        self.faults: list[FormFault] = []
        self.readings: list[tuple[str, str, int]] = []
        """(kind, sentence, offset) of plain scalars that other readers take for something else."""
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, Spot, int, int]] = {}
        self._nodes = 0
        self._expanded = 0

    def scalar(self, text: str, start: int, end: int, *, plain: bool, anchor: str | None, tag: str | None) -> None:
        """A scalar: a key where the map waits for one, else a value. Raises Fatal."""
        self._count(start)
        self._refuse_tag(tag, start)
        if self._waits_for_key():
            self._key(text, start, plain)
            if anchor:
                self._anchors[anchor] = (text, Spot(start, end), 1, 0)
            return
        value = self._resolved(text, start) if plain else text
        if isinstance(value, str) and SURROGATE.search(value):
            self._fault("PB002", start, "half a character (a lone surrogate) in a text", "write the character itself")
        self._add(value, Spot(start, end), 1, 0, anchor)

    def open(self, value: dict[str, Any] | list[Any], start: int, *, anchor: str | None, tag: str | None) -> None:
        """A list or map begins. Raises Fatal where it stands as a key, or too deep."""
        self._count(start)
        self._refuse_tag(tag, start)
        if self._waits_for_key():
            raise Fatal("PB007", start, "a list or map stands where a key should", self._braces(start))
        if len(self._open) >= DEPTH_MAX:
            raise Fatal("PB003", start, f"deeper than {DEPTH_MAX} levels", "lay the playbook out flatter")
        spot = Spot(start)
        if isinstance(value, dict):
            spot.keys = {}
        else:
            spot.items = []
        if anchor:
            self._anchors.pop(anchor, None)
        self._open.append(_Open(value, spot, anchor))

    def close(self, end: int) -> None:
        """The innermost list or map ends."""
        done = self._open.pop()
        done.spot.end = end
        self._add(done.value, done.spot, done.size, done.height, done.anchor)

    def alias(self, name: str, start: int) -> None:
        """`*name`: the anchored node once more. Raises Fatal."""
        self._count(start)
        if self._waits_for_key():
            raise Fatal("PB007", start, f"the alias *{name} stands where a key should", "write the key out")
        if any(opened.anchor == name for opened in self._open):
            raise Fatal("PB009", start, f"the alias *{name} stands within what it names", "write the value out")
        if name not in self._anchors:
            raise Fatal("PB009", start, f"the alias *{name} has no anchor before it", f"set it with &{name}")
        value, spot, size, height = self._anchors[name]
        self._expanded += size
        if self._expanded > EXPANSION_MAX:
            limit = f"more than {EXPANSION_MAX:,} values"
            raise Fatal("PB003", start, f"aliases blow the file up to {limit}", "write the values out, or use vars")
        if len(self._open) + height > DEPTH_MAX:
            raise Fatal("PB003", start, f"deeper than {DEPTH_MAX} levels", "lay the playbook out flatter")
        self._add(value, spot, size, height, None)

    def _count(self, start: int) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise Fatal("PB003", start, f"more than {NODES_MAX:,} values in one file", "split the playbook")

    def _waits_for_key(self) -> bool:
        return bool(self._open) and self._open[-1].spot.keys is not None and self._open[-1].key is None

    def _key(self, text: str, start: int, plain: bool) -> None:
        if plain and text == "<<":
            hint = "YAML 1.2 has none: write the keys out, or use an anchor for the whole value"
            self._fault("PB008", start, "a merge key (<<)", hint)
        elif plain and not isinstance(self._resolved(text, start), str):
            self._fault("PB007", start, f"the key {text or '(nothing)'} is not text", f'quote it: "{text}"')
        parent = self._open[-1]
        parent.key, parent.key_start = text, start

    def _add(self, value: Any, spot: Spot, size: int, height: int, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = (value, spot, size, height)
        if not self._open:
            self.value, self.spot = value, spot
            return
        parent = self._open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if parent.spot.items is not None:
            parent.value.append(value)
            parent.spot.items.append(spot)
        elif parent.key is not None and parent.spot.keys is not None:
            self._pair(parent, parent.key, parent.spot.keys, value, spot)
            parent.key = None

    def _pair(self, parent: _Open, key: str, keys: dict[str, tuple[int, Spot]], value: Any, spot: Spot) -> None:
        if key in keys:
            if len(self.faults) < FAULTS_MAX:  # before the place is looked for: that walks the text
                first = self._line_and_column(keys[key][0])
                self._fault("PB005", parent.key_start, f'the key "{key}" stands twice (first at {first})', "keep one")
            return
        parent.value[key] = value
        keys[key] = (parent.key_start, spot)

    def _line_and_column(self, offset: int) -> str:
        before = self.text[:offset]
        return f"{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"

    def _resolved(self, text: str, start: int) -> Any:
        reading = other_reading(text)
        if reading:
            self.readings.append((*reading, start))
        try:
            return resolve(text)
        except NoNumber:
            hint = "quote it to make it text; null means no value"
            self._fault("PB013", start, f"{text} has no place in a record", hint)
            return text

    def _refuse_tag(self, tag: str | None, start: int) -> None:
        if tag is not None:
            name = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "take it out; quote a value to make it text"
            self._fault("PB006", start, f"the tag {name} is not allowed", hint)

    def _braces(self, start: int) -> str:
        if "{{" in self.text[max(start - 1, 0) : start + 2]:
            return 'quote the expression: "{{ … }}"'
        return "keys are text"

    def _fault(self, code: str, offset: int, summary: str, hint: str = "") -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(FormFault(code, offset, summary, hint))
