"""Carrying a query out: which items of the organization, in one version, a tree of KQL means.

Names of filters, in this order: id, type, title, is, assignee, approved, intestplan, diff, project, to; a relation or
its reverse; a field's label. [docs for all but title; the order is assumed]
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from migrator.emulators.ketryx import assumptions, ids
from migrator.emulators.ketryx.item import Item, ItemRecord
from migrator.emulators.ketryx.kql import Filter, Joined, Node, Not, Word, bad
from migrator.emulators.ketryx.organization import RELATIONS, RISK_CONTROL, ItemType, Project, by_name, folded

ROLE = "RC"
"""The short name that is a role rather than a type. [docs: custom-relations]"""

Found = frozenset[str]
"""Ids of items."""


@dataclass(frozen=True)
class State:
    """An item as a version has it. change: "new", "changed", "removed" or "" against the compared version."""

    item: Item
    record: ItemRecord
    change: str = ""


class Search:
    """The items that can be found, and the names that mean something. `selected`: the project asked."""

    def __init__(
        self,
        states: Mapping[str, State],
        types: Iterable[ItemType],
        projects: Mapping[str, Project],
        selected: Project,
        sequences: str,
    ) -> None:
        self._states = states
        self._types = tuple(types)
        self._projects = projects
        self._selected = selected
        self._by_kind = sequences == "by kind"
        self._all: Found = frozenset(states)
        self._labels = {label.name for kind in self._types for label in kind.fields}
        self._removed_wanted = False
        self._ways = {folded(name): (name, False) for name in RELATIONS}
        for name, reverse in RELATIONS.items():
            self._ways.setdefault(folded(reverse), (name, True))
        self._named: dict[str, Callable[[Filter], Found]] = {
            "id": self._ids, "type": self._of_types, "is": self._is, "assignee": self._me, "approved": self._approved,
            "intestplan": self._in_test_plan, "diff": self._diff, "project": self._in_project, "to": self._to,
        }  # fmt: skip
        if assumptions.TITLE_IS_A_FILTER:
            self._named["title"] = self._titled

    def run(self, tree: Node) -> Found:
        """Items that fit. Those that were removed come only to a query that asks for removed ones."""
        found = self._eval(tree)
        if self._removed_wanted:
            return found
        return self._where(lambda state: state.change != "removed") & found

    # ------------------------------------------------------------ expressions

    def _eval(self, node: Node) -> Found:
        if isinstance(node, Word):
            return self._word(node)
        if isinstance(node, Not):
            return self._all - self._eval(node.inner)
        if isinstance(node, Filter):
            return self._filter(node)
        found = [self._eval(part) for part in node.parts]
        if node.word == "or":
            return frozenset().union(*found)
        if node.word == "and":
            return found[0].intersection(*found[1:])
        return self._sequence(node, found)

    def _sequence(self, node: Joined, found: list[Found]) -> Found:
        """Things of one kind are united; different kinds are ambiguous, or intersect. [inferred from examples]"""
        kinds: dict[str, Found] = {}
        for part, some in zip(node.parts, found, strict=True):
            kind = self._kind(part)
            kinds[kind] = kinds.get(kind, frozenset()) | some
        if len(kinds) > 1 or set(kinds) - {"ids or types"}:
            if not self._by_kind:
                raise bad("ambiguous sequence, write and/or between its parts", node.at)
            return frozenset(self._all).intersection(*kinds.values())
        return next(iter(kinds.values()))

    def _kind(self, node: Node) -> str:
        if isinstance(node, Joined) and node.word in ("seq", "or"):
            kinds = {self._kind(part) for part in node.parts}
            return kinds.pop() if len(kinds) == 1 else "expression"
        if isinstance(node, Word):
            return "ids or types"
        if isinstance(node, Filter):
            name = folded(node.name.text)
            return "ids or types" if name in ("id", "type") else name
        return "expression"

    def _word(self, word: Word) -> Found:
        if not word.quoted and word.text in ("*", "none"):
            return self._all if word.text == "*" else frozenset()
        if word.text.upper() == ROLE:
            return self._risk_controls()
        kind = next((each for each in self._types if each.short and folded(word.text) == folded(each.short)), None)
        if kind is not None:
            return self._where(lambda state: state.record.type == kind.name)
        if ids.KETRYX_ID.fullmatch(word.text) or _is_jira_key(word.text):
            return self._with_ids([word.text])
        raise bad(f"{word.text!r} is no type and no id", word.at)

    # ------------------------------------------------------------ filters

    def _filter(self, node: Filter) -> Found:
        name = node.name.text
        known = self._named.get(folded(name) if assumptions.NAMES_FOLD_CASE else name)
        if known is not None and not (node.name.quoted and name in self._labels):
            wanted = 2 if folded(name) == "to" and len(node.arguments) == 2 else 1
            if any(node.transitive) or len(node.arguments) != wanted:
                raise bad(f"the filter {name!r} takes one argument after a single colon", node.name.at)
            return known(node)
        way = self._ways.get(folded(name))
        if way is not None and name not in self._labels:
            if len(node.arguments) != 1:
                raise bad(f"the relation {name!r} takes one argument", node.name.at)
            return self._related(way, self._eval(node.arguments[0]), transitive=node.transitive[0])
        if name not in self._labels or any(node.transitive) or len(node.arguments) != 1:
            raise bad(f"there is no filter {name!r}", node.name.at)
        values = frozenset(self._values(node.arguments[0]))
        return self._where(lambda state: _holds(state.record.fields.get(name), values))

    def _values(self, node: Node) -> list[str]:
        """The words of an argument: one, or several in brackets (any of them)."""
        if isinstance(node, Word):
            return [node.text]
        if isinstance(node, Joined) and node.word in ("seq", "or"):
            return [text for part in node.parts for text in self._values(part)]
        raise bad("a value, or values in brackets, were expected", _place(node))

    def _ids(self, node: Filter) -> Found:
        return self._with_ids(self._values(node.arguments[0]))

    def _with_ids(self, wanted: Iterable[str]) -> Found:
        some = frozenset(wanted)
        return self._where(lambda state: not some.isdisjoint(_ids_of(state)))

    def _of_types(self, node: Filter) -> Found:
        found: Found = frozenset()
        for value in self._values(node.arguments[0]):
            kind = by_name(self._types, value)
            if value.upper() == ROLE:
                found |= self._risk_controls()
            elif kind is None:
                raise bad(f"there is no type {value!r}", node.name.at)
            else:
                found |= self._where(lambda state, name=kind.name: state.record.type == name)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        return found

    def _titled(self, node: Filter) -> Found:
        wanted = frozenset(self._values(node.arguments[0]))
        return self._where(lambda state: state.record.title in wanted)

    def _is(self, node: Filter) -> Found:
        found: Found = frozenset()
        for value in self._values(node.arguments[0]):
            if folded(value) == "controlled":
                found |= self._where(lambda state: state.record.controlled)
            elif folded(value) == "deferred":
                found |= self._where(lambda state: state.item.deferred)
            else:
                raise bad(f"an item is never {value!r}: controlled, deferred", node.name.at)
        return found

    def _me(self, node: Filter) -> Found:
        """No key is a person. [assumption]"""
        if self._values(node.arguments[0]) != ["me"] or not assumptions.NOBODY_IS_ME:
            raise bad("assignee takes me", node.name.at)
        return frozenset()

    def _approved(self, node: Filter) -> Found:
        """By all of these groups."""
        groups = set(self._values(node.arguments[0]))
        return self._where(lambda state: groups <= set(state.record.approvals))

    def _in_test_plan(self, node: Filter) -> Found:
        plans = set(self._values(node.arguments[0]))
        return self._where(lambda state: not plans.isdisjoint(state.item.test_plans))

    def _diff(self, node: Filter) -> Found:
        wanted = set(self._values(node.arguments[0]))
        if not wanted <= {"new", "changed", "removed"}:
            raise bad("diff takes new, changed, removed", node.name.at)
        self._removed_wanted |= "removed" in wanted
        return self._where(lambda state: state.change in wanted)

    def _in_project(self, node: Filter) -> Found:
        """`selected`; that a name or an id goes too is assumed."""
        wanted = set(self._values(node.arguments[0]))
        known = {each.id for each in self._projects.values() if not wanted.isdisjoint((each.id, each.name))}
        if "selected" in wanted:
            known.add(self._selected.id)
        return self._where(lambda state: state.item.project in known)

    # ------------------------------------------------------------ relations

    def _related(self, way: tuple[str, bool], targets: Found, *, transitive: bool) -> Found:
        """Items from which the relation leads to one of the targets, over any number of steps if transitive."""
        name, reverse = way
        edges = [pair for pair in self._edges() if pair[1] == name]
        found = _step(edges, targets, reverse=reverse)
        while transitive and (more := _step(edges, found, reverse=reverse) - found):
            found |= more
        return found

    def _to(self, node: Filter) -> Found:
        """Any relation, over a path whose length lies in a range; one step where none is given."""
        low, high = (1, 1) if len(node.arguments) == 1 else self._range(node)
        reached = self._eval(node.arguments[-1])
        edges = self._edges()
        found: Found = reached if low == 0 else frozenset()
        for length in range(1, min(high, len(self._states)) + 1):
            reached = _step(edges, reached, reverse=False)
            if not reached:
                break
            found |= reached if length >= low else frozenset()
        return found

    def _range(self, node: Filter) -> tuple[int, int]:
        values = self._values(node.arguments[0])
        numbers = [text for text in values if text.isascii() and text.isdigit() and len(text) < 6]
        if len(values) != 2 or values[0] not in numbers or values[1] not in (*numbers, "*"):
            raise bad("a range of lengths looks like (0,*)", node.name.at)
        return int(values[0]), 99_999 if values[1] == "*" else int(values[1])

    def _edges(self) -> list[tuple[str, str, str]]:
        return [(own, name, other) for own, state in self._states.items() for name, other in state.record.relations]

    def _risk_controls(self) -> Found:
        return self._related((RISK_CONTROL, True), self._all, transitive=False)

    def _where(self, fits: Callable[[State], bool]) -> Found:
        return frozenset(number for number, state in self._states.items() if fits(state))


def _step(edges: Iterable[tuple[str, str, str]], targets: Found, *, reverse: bool) -> Found:
    if reverse:
        return frozenset(other for own, _, other in edges if own in targets)
    return frozenset(own for own, _, other in edges if other in targets)


def _holds(value: Any, wanted: frozenset[str]) -> bool:
    """Whether a field's value, or one of a list, is one of those; empty fields hold nothing."""
    if isinstance(value, list):
        return any(_holds(each, wanted) for each in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return value is not None and text in wanted


def _ids_of(state: State) -> set[str | None]:
    known = {"item": state.item.id, "record": state.record.id, "external key": state.item.jira_key}
    return {known[name] for name in assumptions.ID_TAKES}


def _is_jira_key(text: str) -> bool:
    project, dash, number = text.partition("-")
    return bool(dash) and project[:1].isalpha() and project.isalnum() and project.isupper() and number.isdigit()


def _place(node: Node) -> int:
    if isinstance(node, Not):
        return _place(node.inner)
    return node.name.at if isinstance(node, Filter) else node.at
