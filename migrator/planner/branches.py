"""Lines of a tree in the order in which it can be taken away: what points to another record goes before that one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrator.model.values import Value


class Branches:
    """Deletes of a step that refers to itself. They are held in memory: such steps alone, and what they remove."""

    def __init__(self) -> None:
        self._named: dict[str, set[str]] = {}
        """Target id -> texts in the fields of the record, among which its parents' ids are."""
        self._lines: dict[str, tuple[str, bytes]] = {}

    def add(self, name: str, fields: Mapping[str, Value], order: str, line: bytes) -> None:
        """A record that leaves, the fields that may name its parents, and its line with its order among equals."""
        self._named[name] = set(_texts(fields.values()))
        self._lines[name] = order, line

    def deepest_first(self) -> Iterator[tuple[str, bytes]]:
        """All lines with an order that puts children before their parents; a circle is cut somewhere."""
        depths = self._depths()
        deepest = max(depths.values(), default=0)
        for name, (order, line) in self._lines.items():
            yield f"{deepest - depths[name]:08}\x1f{order}", line

    def _depths(self) -> dict[str, int]:
        """How many of the records that leave stand above each."""
        parents = {name: sorted((texts & self._named.keys()) - {name}) for name, texts in self._named.items()}
        depths: dict[str, int] = {}
        for start in parents:
            path, open_ = [start], {start}
            while path:
                above = next((one for one in parents[path[-1]] if one not in depths and one not in open_), None)
                if above is not None:
                    path.append(above)
                    open_.add(above)
                    continue
                name = path.pop()
                depths[name] = max((depths.get(one, -1) for one in parents[name]), default=-1) + 1
        return depths


def _texts(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if isinstance(value, tuple):
            yield from _texts(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)
