"""The machine: people, one program, and what must hold after each of their steps. `meanwhile.py` adds what goes on
at the same time."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from migrator.errors import MigratorError, PlanRefused, UsageWrong
from migrator.model.run import RunEnded
from tests.machine.hooks import Fault, Killed
from tests.machine.model import Past, Promise, Seen
from tests.machine.rig import Rig

KEYS = [f"k{number}" for number in range(6)]
keys = st.sampled_from(KEYS)
point = st.integers(0, 4)
"""Of the requests of a run: 0 is the last one before it begins."""
side = st.booleans()
nth = st.integers(0, 2 * len(KEYS))
"""Which of those there are: drawn without a look at them, so that an example draws the same each time it is run."""


class Machine(RuleBasedStateMachine):
    """`system` and `missing` are set by the subclass that a test makes."""

    system = ""
    missing = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="migrator-machine-"))
        self.rig = Rig(self.system, self.folder, missing=self.missing)
        self.source: dict[str, str] = {}
        self.words = 0
        self.stirred = True
        """Somebody edited something since the last plan."""
        self.most = 0
        """Records that the source ever had when a plan was made."""
        self.loose: set[str] = set()
        """Keys whose records need not be in the id map: they were links of a run that was taken back."""
        self.now: Promise | None = None
        """The plan that stands; None: there is none that may be applied."""
        self.earlier: Promise | None = None
        """The plan before it, if it is another one and no run came between."""
        self.broken = False
        """A run of it was killed."""
        self.behind = False
        """An earlier run was killed and its plan is gone from here."""
        self.past: Past | None = None
        """The last run that ended, if nothing came after it."""
        self.over = False
        """The run was killed, and there is nothing to resume."""

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _word(self) -> str:
        self.words, self.stirred = self.words + 1, True
        return f"title {self.words}"

    def seen(self) -> dict[str, Seen]:
        """What people see in the target."""
        return {row.key: (row.title, row.other) for row in self.rig.standing().values()}

    @property
    def ready(self) -> bool:
        """There is a plan that does anything, and no run of it."""
        return self.now is not None and bool(self.now.lines) and not self.broken

    @property
    def quiet(self) -> bool:
        """No run was broken off."""
        return not (self.broken or self.behind or self.over)

    # ------------------------------------------------------------ people

    @rule(some=st.lists(keys, min_size=1, max_size=4, unique=True), out=st.none() | keys)
    def edit_source_and_plan(self, some: list[str], out: str | None) -> None:
        """Some records have another title, and perhaps one is there no more."""
        self.source.update({key: self._word() for key in some})
        if out is not None:
            self.source.pop(out, None)
        self.plan()

    @precondition(lambda self: len(self.source) > 2)
    @rule(nth=nth)
    def remove_from_source(self, nth: int) -> None:
        """Two of them, until the next plan."""
        self.stirred = True
        for key in [sorted(self.source)[(nth + more) % len(self.source)] for more in range(2)]:
            del self.source[key]

    @precondition(lambda self: self.seen())
    @rule(nth=nth)
    def edit_target_by_hand(self, nth: int) -> None:
        self.hand(self._standing(nth))

    def _standing(self, nth: int) -> str:
        keys = sorted(self.seen())
        return keys[nth % len(keys)]

    def hand(self, key: str) -> None:
        """Somebody edits the field that the playbook writes, too."""
        word = self._word()
        self.rig.edit(key, word)
        for promise in filter(None, (self.now, self.earlier)):
            promise.edit(key, word)
        if self.past is not None:
            self.past.titles.add(key)

    @precondition(lambda self: self.seen())
    @rule(nth=nth)
    def edit_another_field_by_hand(self, nth: int) -> None:
        self.other_hand(self._standing(nth))

    def other_hand(self, key: str) -> None:
        """Somebody edits a field that the playbook does not name."""
        self.words += 1
        self.rig.edit_other(key, str(self.words))
        for promise in filter(None, (self.now, self.earlier)):
            promise.others[key] = str(self.words)
        if self.past is not None:
            self.past.others.add(key)

    @precondition(lambda self: self.rig.side.delete and self.seen())
    @rule(nth=nth)
    def delete_in_target_by_hand(self, nth: int) -> None:
        key = self._standing(nth)
        self.stirred = True
        self.rig.delete(key)
        for promise in filter(None, (self.now, self.earlier)):
            promise.edit(key, None)
        if self.past is not None:
            self.past.titles.add(key)

    # ------------------------------------------------------------ the program plans

    @precondition(lambda self: self.stirred or self.now is None)
    @rule()
    def plan(self) -> None:
        """The lines are what differs, no more and no less."""
        self.stirred = False
        self.behind = self.behind or self.broken
        before = None if self.broken else self.now
        self.broken, self.over = False, False
        self.rig.source(self.source)
        base, lines = self.seen(), self.rig.plan()
        self.earlier = before if self.rig.another else None
        self.now = Promise(base=base, wanted=dict(self.source), lines=lines)
        differing = {key for key, title in self.source.items() if key not in base or base[key][0] != title}
        kept = {key: action for key, action in lines.items() if action != "delete"}
        assert kept == {key: "update" if key in base else "create" for key in differing}
        self._check_deletes({key for key in lines if key not in kept}, base.keys() - self.source.keys())

    def _check_deletes(self, found: set[str], gone: set[str]) -> None:
        """What the source has no more goes, unless the source cannot be believed."""
        self.most = max(self.most, len(self.source))
        if not self.missing:
            assert not found
        elif "PL040" in self.rig.notes:
            assert not found and 2 * len(self.source) < max(self.most, 1)
        else:
            unsure = gone if self.behind else self.loose
            assert gone - unsure <= found <= gone, (found, gone)

    # ------------------------------------------------------------ the program applies

    @precondition(lambda self: self.now is not None and not self.broken)
    @rule()
    def apply(self) -> None:
        self.carry_out(None)

    @precondition(lambda self: self.ready)
    @rule(at=point, after=side, kill=side)
    def break_an_apply(self, at: int, after: bool, kill: bool) -> None:
        """A connection breaks, before or after the server worked: the run sees to it by itself, or is taken up."""
        self.carry_out(self.fault(at, kill=kill, after=after))

    @precondition(lambda self: self.broken)
    @rule(again=side)
    def resume(self, again: bool) -> None:
        """By `resume`, or by applying the same file; with an older run unfinished `resume` may mean that one."""
        self.carry_out(None, resume=not (again or self.behind))

    @precondition(lambda self: self.broken)
    @rule(at=point, after=side)
    def kill_a_resume(self, at: int, after: bool) -> None:
        self.carry_out(self.fault(at, kill=True, after=after), resume=not self.behind)

    def fault(self, at: int, *, kill: bool, after: bool) -> Fault:
        """At this request of a run."""
        return Fault(self.rig.side.opens + at, kill=kill, after=after)

    def carry_out(self, fault: Fault | None, *, resume: bool = False) -> None:
        """The plan that stands, and what must be true however it ends."""
        before, was_broken = self.seen(), self.broken
        try:
            ended = self.rig.resume(fault) if resume else self.rig.apply(fault)
        except UsageWrong:  # it was killed before it had begun, or when it was over
            assert self.seen() == before
            self.broken, self.over = False, True
        except PlanRefused:
            assert self.behind or self.broken or self.over, "only what an earlier run left makes a plan stale"
            assert self.seen() == before
            if not self.behind:  # killed at its log-out: nothing is left to do
                self.check_all_of_it()
            self.settled()
        except (Killed, MigratorError):
            assert fault is not None
            self.broken, self.past = True, None
        else:
            self.ended(ended, doubts=was_broken or fault is not None)

    def ended(self, ended: RunEnded, *, doubts: bool = False) -> None:
        """A whole run: all of it holds; `doubts`: requests of it may have been in doubt."""
        assert self.now is not None
        moved = any(self.now.touched(key) for key in self.now.lines)
        assert ended.exit_code in (0, 5) and (ended.exit_code == 5) <= moved, ended.report
        self.check_all_of_it()
        base, stands, lines = self.now.base, self.seen(), self.now.lines
        changed = {key for key in lines if self._title(stands, key) == self.now.wanted.get(key)}
        others = self.now.others.keys() & changed
        self.past = Past(
            run=ended.report.run,
            were={key: base.get(key) for key in changed},
            left=len(changed) < len(lines),
            others=set(others),
            unsure=set(others) if doubts else set(),
        )
        self.settled()

    @staticmethod
    def _title(stands: dict[str, Seen], key: str) -> str | None:
        return stands[key][0] if key in stands else None

    def settled(self) -> None:
        """There is no plan any more, and nothing is broken."""
        self.now, self.earlier = None, None
        self.broken, self.behind, self.over = False, False, False

    # ------------------------------------------------------------ the program takes back

    @precondition(lambda self: self.past is not None and self.quiet)
    @rule()
    def undo(self) -> None:
        """What the run changed and nobody touched since is as it was; all else stands as it is."""
        past, before = self.past, self.seen()
        assert past is not None
        self.loose |= set(self.rig.links)
        ended = self.rig.undo(past.run)
        stands = self.seen()
        whole = self.rig.side.deletes
        allowed = {key: past.undone(key, before.get(key), deletes=whole) for key in KEYS}
        wrong = {key: (stands.get(key), allowed[key]) for key in KEYS if stands.get(key) not in allowed[key]}
        assert not wrong, wrong
        kept = past.left or any(stands.get(key) != was for key, was in past.were.items())
        assert ended.exit_code == 0 or (ended.exit_code == 5 and kept), ended.report
        self.now, self.earlier, self.past = None, None, None

    # ------------------------------------------------------------ what must hold

    def check_all_of_it(self, promise: Promise | None = None) -> None:
        """After a whole run."""
        kept = promise or self.now
        assert kept is not None
        stands = self.seen()
        wrong = {key: (stands.get(key), kept.after(key)) for key in KEYS if stands.get(key) not in kept.after(key)}
        assert not wrong, wrong

    @invariant()
    def nothing_else_ever_stands(self) -> None:
        """At any moment each record is as it was, as planned, or as people left it; none stands twice."""
        stands = self.seen()
        if self.now is not None:
            wrong = {key: stands.get(key) for key in KEYS if stands.get(key) not in self.now.meanwhile(key)}
            assert not wrong, wrong
