"""Whatever people and faults do in whatever order: each planned record has one effect, and nobody's edit is lost.

A machine edits the source, edits and deletes in the target by hand, plans, applies, breaks connections, lets servers
ask for time, sends a second process after the first, kills the program at any of its requests, takes runs up again
and takes them back. A model of a hundred lines says what must stand then.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from migrator.errors import Locked, MigratorError, PlanRefused, UsageWrong
from migrator.model.run import RunEnded
from tests.machine.model import KEYS
from tests.machine.people import People, some
from tests.machine.rig import Fault, Killed, Rest, Rival

point = st.integers(1, 12)
side = st.booleans()


class Machine(People):
    """The program among them."""

    @initialize(some=some)
    def something_stands(self, some: list[str]) -> None:
        """Records were brought over before all this."""
        self.edit_source(some)
        self.plan()
        self.apply()

    @rule(some=some)
    def edit_and_plan(self, some: list[str]) -> None:
        """A plan that has something to do."""
        self.edit_source(some)
        self.plan()

    @rule()
    def plan(self) -> None:
        """The lines are what differs, no more and no less."""
        self.behind = self.behind or self.broken
        self.broken, self.over = False, False
        self._planned(self._made())

    def _made(self) -> dict[str, str]:
        self.rig.source(self.source)
        return self.rig.plan()

    def _planned(self, lines: dict[str, str]) -> None:
        """These are right, and the plan of them is the one that stands."""
        self.touched, self.noted = {}, set()
        self.base, self.wanted, self.lines = self.rig.standing(), dict(self.source), lines
        titles = self.titles()
        differing = {key: title for key, title in self.source.items() if titles.get(key) != title}
        deletes = {key for key, action in lines.items() if action == "delete"}
        upserts = {key: action for key, action in lines.items() if key not in deletes}
        assert upserts == {key: "update" if key in titles else "create" for key in differing}
        assert deletes <= titles.keys() - self.source.keys()
        assert self.source or not deletes, "an empty source removes nothing"
        if self.missing == "delete" and self.source and 2 * len(self.source) >= self.most:
            gone = {key for key, number in self.ours.items() if key in self.base and self.base[key][0] == number}
            assert deletes >= gone - self.source.keys()

    @precondition(lambda self: self.lines is not None and not self.broken)
    @rule()
    def apply(self) -> None:
        self._carry_out(None)

    @precondition(lambda self: self.lines is not None and not self.broken)
    @rule(at=point, after=side)
    def apply_over_a_bad_line(self, at: int, after: bool) -> None:
        """A connection breaks, before or after the server worked: the run sees to it by itself, or is taken up."""
        self._carry_out(Fault(at, kill=False, after=after))

    @precondition(lambda self: self.lines is not None and not self.broken and self.rig.side.minds)
    @rule(at=st.integers(1, 2), number=st.integers(0, 7))
    def apply_while_people_edit_what_rests(self, at: int, number: int) -> None:
        """A write is told to come back later, and before it does, somebody edits a record."""
        lined = sorted(self.lines or {})
        self._carry_out(Rest(at, lambda: self.edited_by_hand(lined[number % len(lined)] if lined else KEYS[0])))

    @precondition(lambda self: self.lines is not None and not (self.broken or self.behind or self.over))
    @rule(at=st.integers(1, 4), writes=side, some=some)
    def apply_with_a_second_process(self, at: int, writes: bool, some: list[str]) -> None:
        """It is locked out; or it comes first, as a whole, and then the plan of the first is stale."""
        self.edit_source(some)
        self.rig.source(self.source)
        other = self.rig.plan(self.rig.other)
        rival, before = Rival(self.rig, 1 if writes else at, writes=writes), self.rig.standing()
        try:
            ended = self.rig.apply(rival)
        except PlanRefused:
            assert isinstance(rival.met, RunEnded), "nobody else made it stale"
            self._planned_then_done(other, before, rival.met)
            return
        refusals = (Locked, PlanRefused)  # the latter at the log-out of the first, whose run is over
        assert not rival.hit or isinstance(rival.met, refusals), rival.met
        self._ended(ended)

    def _planned_then_done(self, lines: dict[str, str], before: object, ended: RunEnded) -> None:
        """The second process went through: its plan is the one that counts."""
        assert before is not None
        self.touched, self.noted = {}, set()
        self.wanted, self.lines = dict(self.source), lines
        self.base = before  # type: ignore[assignment]  # what stood
        self._ended(ended)

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
        self._ended(ended)

    def _ended(self, ended: RunEnded) -> None:
        self._remember(ended.report.run)
        assert ended.exit_code in (0, 5), ended
        assert (ended.exit_code == 5) <= bool(self.moved()), ended.report
        self.check_all_of_it()
        standing = self.rig.standing()
        self.ours |= {key: standing[key][0] for key in self.wanted if key in standing}
        self.lines, self.broken, self.behind, self.over = None, False, False, False

    def _remember(self, run: int) -> None:
        """Which records the run changed, what they were, and that nobody touched them since."""
        before = {key: title for key, (_, title) in self.base.items()}
        titles, lines = self.titles(), self.lines or {}
        changed = [key for key in lines if titles.get(key) == self.aim(key) and key not in self.touched]
        self.done, self.since = (run, {key: before.get(key) for key in changed}), set()
        self.scribbled = set(self.noted)
        self.left = len(changed) < len(lines)

    @precondition(lambda self: self.done is not None and not (self.broken or self.behind or self.over))
    @rule()
    def undo(self) -> None:
        """What the run changed and nobody touched since is as it was; all else stands as it is."""
        assert self.done is not None
        run, were = self.done
        wanted: dict[str, str | None] = {**self.titles()}
        back = {key: title for key, title in were.items() if key not in self.since and (title or self._unmakes(key))}
        ended = self.rig.undo(run)
        assert ended.exit_code == 0 or (ended.exit_code == 5 and (self.left or back.keys() != were.keys()))
        assert self.titles() == {key: title for key, title in {**wanted, **back}.items() if title is not None}
        self.ours = {key: number for key, number in self.ours.items() if key not in were}
        self.lines, self.done = None, None

    def _unmakes(self, key: str) -> bool:
        """What the run made is deleted, if the system can and nobody wrote to it in any field."""
        return self.rig.side.deletes and key not in self.scribbled


SYSTEMS = ["kintone", "glpi", "kainexus", "kitemaker", "ketryx", "kintone, deleting", "glpi, deleting"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("examples", "steps"), [(6, 14), pytest.param(200, 40, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_whatever_happens_in_whatever_order_a_record_has_one_effect(system: str, examples: int, steps: int) -> None:
    """At most one effect a record, phase and plan; nothing lost; nothing of other people's overwritten unseen."""
    name, _, deleting = system.partition(", ")
    members = {"system": name, "missing": "delete" if deleting else "keep"}
    machine = type(f"On{name.title()}", (Machine,), members)
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
