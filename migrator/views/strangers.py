"""Values that a mapping, a field or a source does not know, as lines: each once, with its count."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.model.plan import UnknownCount, UnknownValues
from migrator.views.safe import safe, short
from migrator.views.terminal import Line, counted

SHOWN = 20
"""Values shown of each group, unless all that are listed are asked for."""
APART = 10_000
"""Values that a plan tells apart; beyond, it only counts."""
_POLICIES = {
    "fail": "each of these records is a problem and has no line",
    "keep": "kept as they are",
    "null": "made null",
    "default": "made the mapping's default",
}
"""What became of the values."""


def unknown_lines(unknown: tuple[UnknownValues, ...], *, full: bool = False) -> Iterator[Line]:
    """A heading and a line a value, the most frequent first; nothing where all are known."""
    if not unknown:
        return
    yield (("unknown values", "head"),)
    for group in unknown:
        failed = group.policy == "fail"
        yield ("  ", (safe(f"step {group.step}"), "head"), "  ", (safe(group.why), "error" if failed else "warning"))
        least = "at least " if group.different >= APART else ""
        said = f"{least}{counted(group.different, 'value')}, {counted(group.times, 'time')}"
        yield ("    ", f"{said}: {_POLICIES.get(group.policy, safe(group.policy))}")
        yield from _values(group, full)
    yield ()


def _values(group: UnknownValues, full: bool) -> Iterator[Line]:
    values = group.values if full else group.values[:SHOWN]
    for value in values:
        yield _line(value)
    for hint in dict.fromkeys(value.hint for value in values if value.hint and not _own(value)):
        yield ("        = ", safe(hint))
    others = group.times - sum(value.records for value in values)
    if others:
        number = f"{group.different - len(values):,} more" if group.different > len(values) else "more"
        yield ("    ", (f"… and {number}, {counted(others, 'time')}", "dim"))


def _own(value: UnknownCount) -> bool:
    """Its hint is about this very value; others hold for many and are told once."""
    return value.hint.startswith("did you mean")


def _line(value: UnknownCount) -> Line:
    hint: Line = ("  ", (safe(value.hint), "dim")) if _own(value) else ()
    return ("    ", f"{value.records:>7,}  ", short(value.value), f"  such as {safe(value.example)}", *hint)
