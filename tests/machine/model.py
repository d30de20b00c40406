"""The model: what a plan may make of a target, and what taking a run back must make of it. It knows no system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Seen = tuple[str, str]
"""What people see of a record: its title, and the field that the playbook does not write."""
Sight = Mapping[str, Seen]
"""Key -> what stands under it."""


@dataclass
class Promise:
    """One plan, and what people did by hand since it was made."""

    base: Sight
    """What stood then."""
    wanted: Mapping[str, str]
    """Key -> title, of the source."""
    lines: Mapping[str, str]
    """Key -> create, update or delete."""
    titles: dict[str, str | None] = field(default_factory=dict)
    """What people wrote since; None: they deleted it."""
    others: dict[str, str] = field(default_factory=dict)
    """The same of the field that is not ours."""
    gone: set[str] = field(default_factory=set)
    """What people ever deleted since."""

    def edit(self, key: str, title: str | None) -> None:
        """Somebody gives it another title, or deletes it."""
        self.titles[key] = title
        if title is None:
            self.gone.add(key)
            self.others.pop(key, None)

    def touched(self, key: str) -> bool:
        """Somebody did anything to it."""
        return key in self.titles or key in self.others

    def after(self, key: str) -> set[Seen | None]:
        """What may stand under a key when the plan is carried out. Nobody's edit is lost."""
        planned, action = self.base.get(key), self.lines.get(key)
        title: str | None = None if planned is None else planned[0]
        if action is not None and key not in self.titles and not (action == "delete" and key in self.others):
            title = None if action == "delete" else self.wanted[key]
        found = {self.titles.get(key, title)}
        if action == "create" and found == {None}:
            found.add(self.wanted[key])  # deleted while its create was in doubt: then absent, so sent again
        return self._with_other(key, found)

    def meanwhile(self, key: str) -> set[Seen | None]:
        """What may stand there at any moment before."""
        planned = self.base.get(key)
        before = set() if key in self.titles else {None if planned is None else planned[0]}
        return self.after(key) | self._with_other(key, before)

    def _with_other(self, key: str, titles: set[str | None]) -> set[Seen | None]:
        planned = self.base.get(key)
        other = self.others.get(key, "" if planned is None or key in self.gone else planned[1])
        return {None if title is None else (title, other) for title in titles}


@dataclass
class Past:
    """The last run that ended, and what people did by hand since."""

    run: int
    """Its number."""
    were: Mapping[str, Seen | None]
    """What the records were that it changed."""
    left: bool
    """It left some of its lines, as people had been there first."""
    titles: set[str] = field(default_factory=set)
    """What people gave another title, or deleted, since the run ended."""
    others: set[str] = field(default_factory=set)
    """Where they wrote into the field that is not ours, since its plan was made."""
    unsure: set[str] = field(default_factory=set)
    """Where they did so while nobody knew whether the record had been made."""

    def undone(self, key: str, stands: Seen | None, *, deletes: bool) -> set[Seen | None]:
        """What may stand there when the run is taken back, in a system where the program deletes, or not."""
        if key not in self.were or key in self.titles:
            return {stands}
        was = self.were[key]
        if was is None:
            kept = {stands} if key in self.others or not deletes else set()
            return kept | ({None} if not kept or key in self.unsure else set())
        return {was if stands is None else (was[0], stands[1])}
