"""Whatever people and faults do in whatever order: each planned record has one effect, and nobody's edit is lost.

A machine edits the source, edits and deletes in the target by hand, plans, applies, breaks connections, kills the
program at any of its requests, and takes runs up again. A model of a hundred lines says what must stand then.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from migrator.errors import MigratorError, PlanRefused, UsageWrong
from tests.machine.rig import Fault, Killed, Rig
from tests.machine.truth import Standing

KEYS = [f"k{number}" for number in range(8)]
key = st.sampled_from(KEYS)
point = st.integers(1, 12)
side = st.booleans()


class Machine(RuleBasedStateMachine):
    """`system` is set by the subclass that a test makes."""

    system = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="migrator-machine-"))
        self.rig = Rig(self.system, self.folder)
        self.source: dict[str, str] = {}
        self.words = 0
        self.lines: dict[str, str] | None = None
        """Key -> action of the plan that stands; None: there is none that may be applied."""
        self.base: Standing = {}
        """What stood when it was made."""
        self.wanted: dict[str, str] = {}
        """What its lines want."""
        self.touched: dict[str, str | None] = {}
        """What people did by hand since: title, or None for deleted."""
        self.broken = False
        """A run of it was killed."""
        self.behind = False
        """An earlier run was killed and its plan is gone from here."""
        self.done: tuple[int, dict[str, str | None]] | None = None
        """The last run that ended: its number, and what the records were that it changed."""
        self.left = False
        """People had touched records of that run, so that it did not change all it wanted to, or not for long."""
        self.since: set[str] = set()
        """What people touched by hand since it ended."""
        self.over = False
        """The run was killed, and there is nothing to resume."""

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _word(self) -> str:
        self.words += 1
        return f"title {self.words}"

    # ------------------------------------------------------------ people

    @rule(key=key)
    def edit_source(self, key: str) -> None:
        self.source[key] = self._word()

    @precondition(lambda self: self.source)
    @rule(data=st.data())
    def remove_from_source(self, data: Any) -> None:
        del self.source[data.draw(st.sampled_from(sorted(self.source)))]

    @precondition(lambda self: self.rig.standing())
    @rule(data=st.data())
    def edit_target_by_hand(self, data: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.rig.standing())))
        self.touched[key] = self._word()
        self.since.add(key)
        self.rig.side.edit(self.rig.emulator, self.rig.standing()[key][0], self.touched[key] or "")

    @precondition(lambda self: self.rig.standing() and self.rig.side.delete)
    @rule(data=st.data())
    def delete_in_target_by_hand(self, data: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.rig.standing())))
        assert self.rig.side.delete is not None
        self.rig.side.delete(self.rig.emulator, self.rig.standing()[key][0])
        self.touched[key] = None
        self.since.add(key)

    # ------------------------------------------------------------ the program

    @rule()
    def plan(self) -> None:
        """The lines are what differs, no more and no less."""
        self.behind = self.behind or self.broken
        self.broken, self.over, self.touched = False, False, {}
        self.rig.source(self.source)
        self.base, self.wanted = self.rig.standing(), dict(self.source)
        self.lines = self.rig.plan()
        titles = {key: title for key, (_, title) in self.base.items()}
        differing = {key: title for key, title in self.source.items() if titles.get(key) != title}
        assert self.lines == {key: "update" if key in titles else "create" for key in differing}

    @precondition(lambda self: self.lines is not None and not self.broken)
    @rule()
    def apply(self) -> None:
        self._carry_out(None)

    @precondition(lambda self: self.lines is not None and not self.broken)
    @rule(at=point, after=side)
    def apply_over_a_bad_line(self, at: int, after: bool) -> None:
        """A connection breaks, before or after the server worked: the run sees to it by itself, or is taken up."""
        self._carry_out(Fault(at, kill=False, after=after))

    @precondition(lambda self: self.lines is not None and not self.broken)
    @rule(at=point, after=side)
    def kill_an_apply(self, at: int, after: bool) -> None:
        self._carry_out(Fault(at, kill=True, after=after))

    @precondition(lambda self: self.broken)
    @rule(again=side)
    def resume(self, again: bool) -> None:
        """By `resume`, or by applying the same file; with an older run unfinished `resume` may mean that one."""
        self._carry_out(None, resume=not (again or self.behind))

    @precondition(lambda self: self.broken)
    @rule(at=point, after=side)
    def kill_a_resume(self, at: int, after: bool) -> None:
        self._carry_out(Fault(at, kill=True, after=after), resume=not self.behind)

    def _carry_out(self, fault: Fault | None, *, resume: bool = False) -> None:
        before = self.rig.standing()
        try:
            ended = self.rig.resume(fault) if resume else self.rig.apply(fault)
        except Killed:
            self.broken, self.done = True, None
            return
        except UsageWrong:  # it was killed before it had begun, or when it was over
            assert self.rig.standing() == before
            self.broken, self.over = False, True
            return
        except PlanRefused:
            assert self.behind or self.broken or self.over, "only what an earlier run left makes a plan stale"
            assert self.rig.standing() == before
            if not self.behind:  # killed at its log-out: nothing is left to do
                self.check_all_of_it()
            self.lines, self.broken, self.behind, self.over = None, False, False, False
            return
        except MigratorError:
            assert fault is not None
            self.broken, self.done = True, None
            return
        self._remember(ended.report.run)
        assert ended.exit_code in (0, 5), ended
        assert (ended.exit_code == 5) <= bool(self._moved()), ended.report
        self.check_all_of_it()
        self.lines, self.broken, self.behind, self.over = None, False, False, False

    def _remember(self, run: int) -> None:
        """Which records the run changed, what they were, and that nobody touched them since."""
        before = {key: title for key, (_, title) in self.base.items()}
        titles = {key: title for key, (_, title) in self.rig.standing().items()}
        changed = [key for key in self.lines or {} if titles.get(key) == self.wanted[key]]
        self.done, self.since = (run, {key: before.get(key) for key in changed}), set()
        self.left = len(changed) < len(self.lines or {})

    @precondition(lambda self: self.done is not None and not (self.broken or self.behind or self.over))
    @rule()
    def undo(self) -> None:
        """What the run changed and nobody touched since is as it was; all else stands as it is."""
        assert self.done is not None
        run, were = self.done
        wanted = {key: title for key, (_, title) in self.rig.standing().items()}
        whole = self.rig.side.deletes
        back = {each: title for each, title in were.items() if each not in self.since and (title or whole)}
        wanted |= back  # type: ignore[arg-type]  # None is taken out below
        ended = self.rig.undo(run)
        assert ended.exit_code == 0 or (ended.exit_code == 5 and (self.left or back.keys() != were.keys()))
        left = {key: title for key, (_, title) in self.rig.standing().items()}
        assert left == {key: title for key, title in wanted.items() if title is not None}
        self.lines, self.done = None, None

    def _moved(self) -> set[str]:
        return {key for key in self.touched if key in (self.lines or {})}

    # ------------------------------------------------------------ what must hold

    def allowed(self, key: str) -> set[str | None]:
        """What may stand under a key when the plan is carried out."""
        at_plan = self.base[key][1] if key in self.base else None
        if key not in (self.lines or {}):
            return {self.touched.get(key, at_plan)}
        if key not in self.touched:
            return {self.wanted[key]}
        if self.touched[key] is None and at_plan is None:
            return {None, self.wanted[key]}  # deleted while its create was in doubt: then absent, so sent again
        return {self.touched[key]}

    def check_all_of_it(self) -> None:
        """After a whole run."""
        titles = {key: title for key, (_, title) in self.rig.standing().items()}
        wrong = {key: titles.get(key) for key in KEYS if titles.get(key) not in self.allowed(key)}
        assert not wrong, (wrong, {key: self.allowed(key) for key in wrong})

    @invariant()
    def nothing_else_ever_stands(self) -> None:
        """At any moment each record is as it was, as planned, or as people left it; none stands twice."""
        titles = {key: title for key, (_, title) in self.rig.standing().items()}
        if self.lines is None:
            return
        for each in KEYS:
            at_plan = self.base[each][1] if each in self.base else None
            untouched = set() if each in self.touched else {at_plan}
            assert titles.get(each) in self.allowed(each) | untouched, each


@pytest.mark.parametrize("system", ["kintone", "glpi", "kainexus", "kitemaker"])
@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 14), pytest.param(200, 40, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_whatever_happens_in_whatever_order_a_record_has_one_effect(system: str, examples: int, steps: int) -> None:
    """At most one effect a record, phase and plan; nothing lost; nothing of other people's overwritten unseen."""
    machine = type(f"On{system.title()}", (Machine,), {"system": system})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis does not type it
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 100,
            phases=[Phase.generate] if examples < 100 else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
