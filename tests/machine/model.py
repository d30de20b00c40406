"""What the machine knows: what is planned, what people did since, and so what may stand under each key."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.machine.rig import Rig
from tests.machine.truth import Standing

KEYS = [f"k{number}" for number in range(8)]


class Model(RuleBasedStateMachine):
    """`system` and `missing` are set by the subclass that a test makes."""

    system, missing = "", "keep"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="migrator-machine-"))
        self.rig = Rig(self.system, self.folder, self.missing)
        self.source: dict[str, str] = {}
        self.words = 0
        self.lines: dict[str, str] | None = None
        """Key -> action of the plan that stands; None: there is none that may be applied."""
        self.base: Standing = {}
        """What stood when it was made."""
        self.wanted: dict[str, str] = {}
        """The source when it was made."""
        self.touched: dict[str, str | None] = {}
        """What people did by hand since: title, or None for deleted."""
        self.noted: set[str] = set()
        """Where people wrote into another field since."""
        self.notes: dict[Any, int] = {}
        """Id of a record -> what people wrote there."""
        self.broken = False
        """A run of it was killed."""
        self.behind = False
        """An earlier run was killed and its plan is gone from here."""
        self.over = False
        """The run was killed, and there is nothing to resume."""
        self.done: tuple[int, dict[str, str | None]] | None = None
        """The last run that ended: its number, and what the records were that it changed."""
        self.left = False
        """People had touched records of that run, so that it did not change all it wanted to, or not for long."""
        self.since: set[str] = set()
        """What people touched by hand since it ended."""
        self.scribbled: set[str] = set()
        """Where people wrote into another field since it was planned."""
        self.ours: dict[str, Any] = {}
        """Key -> id of the records that whole runs brought over, as far as we can be sure of it."""
        self.most = 0
        """Records of the source at most."""

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def word(self) -> str:
        """A new title."""
        self.words += 1
        return f"title {self.words}"

    def titles(self) -> dict[str, str]:
        """Key -> title of what stands."""
        return {key: title for key, (_, title) in self.rig.standing().items()}

    def aim(self, key: str) -> str | None:
        """What the plan makes of the key; None: nothing shall stand there."""
        return None if (self.lines or {}).get(key) == "delete" else self.wanted[key]

    def moved(self) -> set[str]:
        """Lines whose record people changed."""
        return (self.touched.keys() | self.noted) & (self.lines or {}).keys()

    def allowed(self, key: str) -> set[str | None]:
        """What may stand under a key when the plan is carried out."""
        at_plan = self.base[key][1] if key in self.base else None
        if key not in (self.lines or {}):
            return {self.touched.get(key, at_plan)}
        if key in self.touched:
            if self.touched[key] is None and at_plan is None:
                return {None, self.aim(key)}  # deleted while its create was in doubt: then absent, so sent again
            return {self.touched[key]}
        if key in self.noted:  # moved, where the system has versions; never deleted
            return {at_plan} if self.aim(key) is None else {at_plan, self.aim(key)}
        return {self.aim(key)}

    def check_all_of_it(self) -> None:
        """After a whole run."""
        titles = self.titles()
        wrong = {key: titles.get(key) for key in KEYS if titles.get(key) not in self.allowed(key)}
        assert not wrong, (wrong, {key: self.allowed(key) for key in wrong})

    @invariant()
    def nothing_else_ever_stands(self) -> None:
        """At any moment each record is as it was, as planned, or as people left it; none stands twice."""
        titles = self.titles()
        if self.lines is None:
            return
        for each in KEYS:
            at_plan = self.base[each][1] if each in self.base else None
            untouched = set() if each in self.touched else {at_plan}
            assert titles.get(each) in self.allowed(each) | untouched, each

    @invariant()
    def what_people_wrote_elsewhere_stands(self) -> None:
        """No call of ours ever changes a field that the playbook does not speak of."""
        for number, _ in self.rig.standing().values():
            if number in self.notes:
                assert self.rig.side.scribbled is not None
                assert self.rig.side.scribbled(self.rig.emulator, number) == self.notes[number]
