"""What others do while a run is under way: a second process applies or takes over, and people edit while it rests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis.stateful import precondition, rule

from migrator.errors import Locked, PlanRefused
from migrator.model.run import RunEnded
from tests.machine.hooks import Meanwhile
from tests.machine.machine import Machine, keys, point, side
from tests.machine.model import Promise


class BusyMachine(Machine):
    """The same, where nobody is alone."""

    # ------------------------------------------------------------ a second process

    @precondition(lambda self: self.ready and self.quiet)
    @rule(at=point, after=side, same=side)
    def another_applies_while_ours_is_at_it(self, at: int, after: bool, same: bool) -> None:
        """It is refused as locked, and changes nothing, unless it came before our run began or after it was over."""
        theirs = self.now if same or self.earlier is None else self.earlier
        file = self.rig.file if theirs is self.now else self.rig.older
        tried = Meanwhile(self.rig.side.opens + at, after=after, act=lambda: self._tried(file))
        ours = self._ours(tried)
        if isinstance(tried.came, RunEnded):
            assert isinstance(ours, PlanRefused), "it may win only before our run began, and then ours is stale"
            self._theirs_ended(tried.came, theirs)
        elif isinstance(tried.came, PlanRefused):
            assert isinstance(ours, RunEnded), "what we did makes its plan stale only when our run is over"
            self.ended(ours)
        else:
            assert tried.came is None or isinstance(tried.came, Locked), tried.came
            assert isinstance(ours, RunEnded), ours
            self.ended(ours)

    def _tried(self, file: Path) -> RunEnded:
        """Where somebody holds the lease it is locked out, and asks only what an apply asks before its run.

        Nobody holds it: whoever is refused changes nothing.
        """
        held, before = self.rig.held(), (self.seen(), self.rig.journalled())
        try:
            ended = self.rig.elsewhere(file)
        except Locked:
            assert len(self.rig.theirs.requests) <= self.rig.side.opens
            raise
        except PlanRefused:
            assert not held and (self.seen(), self.rig.journalled()) == before
            raise
        assert not held, "two were at it at a time"
        return ended

    def _ours(self, hook: Meanwhile) -> RunEnded | Locked | PlanRefused:
        try:
            return self.rig.apply(hook)
        except (Locked, PlanRefused) as error:
            return error

    def _theirs_ended(self, ended: RunEnded, theirs: Promise | None) -> None:
        self.now = theirs
        self.ended(ended)

    @precondition(lambda self: self.ready and self.quiet)
    @rule(at=point, after=side)
    def another_takes_over_since_ours_seems_dead(self, at: int, after: bool) -> None:
        """It ends our run; what we would note down then is rejected, and we send nothing more.

        Where a system guards no creates, a request that slept before its bytes left may come too late: that is one of
        the conditions, so there ours sleeps while an answer is on its way.
        """
        journalled: list[Any] = []

        def take_over() -> RunEnded:
            self.rig.seem_dead()
            ended = self.rig.elsewhere(self.rig.file)
            journalled.append(self.rig.journalled())
            return ended

        slept = Meanwhile(self.rig.side.opens + at, after=after or not self.rig.side.guarded, act=take_over)
        ours = self._ours(slept)
        if isinstance(slept.came, RunEnded):
            assert isinstance(ours, Locked | PlanRefused), "it ended what we were at"
            assert self.rig.journalled() == journalled[0], "a late write of the old holder is rejected"
            self.ended(slept.came, doubts=True)
        else:
            assert slept.came is None or isinstance(slept.came, PlanRefused), slept.came
            assert isinstance(ours, RunEnded), "applied already: our run was over"
            self.ended(ours)

    @precondition(lambda self: self.broken and self.earlier is not None and not self.behind)
    @rule()
    def another_applies_the_plan_before_after_a_kill(self) -> None:
        """It may, if nothing had begun; else its plan is stale, and nothing is changed."""
        earlier, before = self.earlier, self.seen()
        try:
            ended = self._tried(self.rig.older)
        except PlanRefused:
            self.earlier = None
            return
        assert self.now is not None and before == self._as_planned(self.now), "our run had changed something"
        self._theirs_ended(ended, earlier)

    def _as_planned(self, promise: Promise) -> Any:
        """What stands if nobody but people did anything since."""
        untouched = Promise(base=promise.base, wanted={}, lines={}, titles=promise.titles, others=promise.others)
        untouched.gone = promise.gone
        stands = {key: next(iter(untouched.after(key))) for key in {*promise.base, *promise.titles}}
        return {key: seen for key, seen in stands.items() if seen is not None}

    # ------------------------------------------------------------ people, in the middle of a run

    @precondition(lambda self: self.ready and self.quiet and self.seen())
    @rule(at=point, key=keys, title=side)
    def a_record_is_edited_while_a_run_rests(self, at: int, key: str, title: bool) -> None:
        """The server asks for a rest that is longer than a look holds: nobody's edit in it is overwritten."""

        def edit() -> None:
            if key in self.seen():
                (self.hand if title else self.other_hand)(key)
            seconds = f"{self.rig.side.window + 60:.0f}"
            self.rig.emulator.faults.add(status=429, headers={"Retry-After": seconds})

        resting = Meanwhile(self.rig.side.opens + at, after=False, act=edit)
        self.carry_out(resting)
        assert resting.came is None, resting.came


@contextmanager
def story(system: str, *, missing: bool = False) -> Iterator[BusyMachine]:
    """A machine whose rules a test calls itself; its target holds three records."""
    machine = type("Told", (BusyMachine,), {"system": system, "missing": missing})()
    try:
        machine.edit_source_and_plan(some=["k0", "k1", "k2"], out=None)
        machine.apply()
        yield machine
    finally:
        machine.teardown()
