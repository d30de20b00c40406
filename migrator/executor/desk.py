"""Sends the parcels of one section and settles what comes back. The main thread alone is here.

A place in the budget first, then the intent on disk, then the bytes; outcomes in one transaction. At most
`capabilities.in_flight` requests are under way; what must wait (a create that may still show up) waits beside them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from enum import Enum

from migrator.contract import Answer, Recheck, Wait
from migrator.contract.waiting import LONGER, asked_rest
from migrator.errors import (
    Conflict,
    Denied,
    FileUnread,
    LoginRefused,
    Lost,
    MigratorError,
    NotSent,
    Paused,
    Refused,
    RunStopped,
    SystemFailed,
    Throttled,
    UploadGone,
)
from migrator.executor.after import After, Settling, after_results, breach
from migrator.executor.drift import STALE, Drift
from migrator.executor.load import Load, Parcel, batches_of, packed
from migrator.executor.recover import after_conflict, after_doubt, after_recheck, needs_settling
from migrator.executor.renewal import Renewal
from migrator.executor.rescue import denied, failed, halves, refused
from migrator.executor.running import SLICE, Running
from migrator.executor.stops import LONGEST_REST, Failures, Outage
from migrator.executor.vain import Vain
from migrator.executor.way import Way
from migrator.model.plan import Phase
from migrator.model.problem import Problem, Severity
from migrator.model.run import Cause
from migrator.planfile import Section

TRIES = 8
"""Times that a request which left nothing behind is made again."""
READS = 3
"""Times that a file whose bytes did not come as its system said is asked for."""
_LOOK_AFTER_FRUITLESS = 2
"""Conflicts without a moved record after which a batch is halved."""


class Nothing(Enum):
    """Why there is nothing to send."""

    YET = "yet"
    """Lines were seen to for which nothing is sent; ask again."""
    LEFT = "left"
    """The section's end."""


class Desk:
    """The requests of one section."""

    def __init__(self, running: Running, way: Way, section: Section) -> None:
        self._running, self._way, self._section = running, way, section
        self._again: deque[Parcel] = deque()
        self._flying: dict[Future[Answer], Parcel] = {}
        self._settling: list[Settling] = []
        self._count = 0
        self._login = 0
        self._renewed = False
        self._vain = Vain()
        self._bounds = running.options.bounds
        self._outage = Outage(running.clock, running.chance, self._bounds.max_wait)
        self._drift = Drift(running, way, section)
        self._renewal = Renewal(running, way)
        self.extra = 0
        """Requests that were sent only since others were refused."""
        self.failures = Failures(section.step, running.options.max_errors)
        """Of this section."""

    @property
    def busy(self) -> bool:
        """Requests are under way."""
        return bool(self._flying)

    @property
    def full(self) -> bool:
        """No more may be under way."""
        return len(self._flying) >= max(1, self._way.capabilities.in_flight)

    @property
    def due_in(self) -> float | None:
        """Seconds until something can be looked at; None: nothing waits for that."""
        if not self._settling:
            return None
        return max(0.0, self._settling[0].due - self._running.clock.monotonic())

    def next(self, feed: Iterator[Parcel | None]) -> Parcel | Nothing:
        """What to send now: what goes again first."""
        if self._again:
            return self._again.popleft()
        parcel = next(feed, Nothing.LEFT)
        return Nothing.YET if parcel is None else parcel

    def launch(self, parcel: Parcel) -> Wait | None:
        """Send it, and answer None; or tell how long there is no place for it: then it is kept. Raises Paused."""
        self._encode(parcel)
        assert parcel.call is not None  # noqa: S101  it was just made
        budget, call = self._way.budget, parcel.call
        wait = None if parcel.placed else budget.take(call.kind, call.quota)
        if wait is None:
            parcel.placed = True
            if not (self._fresh(parcel) or self._stands(parcel)):  # it reads: no call may be counted as under way yet
                return None
            wait = budget.enter()
        if wait is None:
            self._send(parcel)
            return None
        self._again.appendleft(parcel)
        refusal = self._bounds.refusal(wait, self._running.clock.wall())
        if refusal is not None:
            raise refusal
        return wait

    def await_answer(self) -> None:
        """Let time pass until an answer comes, for a moment at most."""
        wait(self._flying, timeout=SLICE, return_when=FIRST_COMPLETED)

    def receive(self) -> None:
        """Settle every answer that is here, and look at what is due. Raises MigratorError that ends the run."""
        for future in [future for future in self._flying if future.done()]:
            self._answered(self._flying.pop(future), future)
        while self._settling and self.due_in == 0.0:
            entry = heapq.heappop(self._settling)
            self._looked(entry.parcel, entry.doubtful)

    # ------------------------------------------------------------ sending

    def _encode(self, parcel: Parcel) -> None:
        if parcel.call is None:
            parcel.sent = batches_of(self._way, self._phase(parcel), parcel)
            try:
                parcel.call = self._way.target.encode(parcel.sent)
            except MigratorError:
                raise
            except Exception as error:
                raise breach(self._way, "encode failed", error) from error

    def _fresh(self, parcel: Parcel) -> bool:
        """Its records were looked at just now: a rest, a login or a queue may lie between a look and its write."""
        return parcel.renews or self._running.clock.monotonic() - parcel.checked < STALE

    def _stands(self, parcel: Parcel) -> bool:
        """Look for drift where the write itself does not; False: nothing of it is left to send as it is.

        Records that this run made (a self-reference has no before-image) are our own.
        """
        if self._way.capabilities.recheck not in (Recheck.BY_IDS, Recheck.SCAN):
            return True
        loads = [load for load in parcel.loads if load.change.before is not None]
        if not loads:
            return True
        parcel.checked, seen = self._drift.fresh(loads)
        overwrite = self._running.options.overwrite
        after = self._running.turning(after_recheck(self._way, self._running.kind, loads, seen, overwrite=overwrite))
        kept = {load.line: load for load in after.again}
        if not after.settled and all(kept[load.line].change is load.change for load in loads):
            return True
        others = [load for load in parcel.loads if load.change.before is None]
        self._follow(After(settled=after.settled))
        for fresh in packed(self._way.capabilities, [*others, *after.again]):
            fresh.root, fresh.checked = parcel.root, parcel.checked
            self._again.appendleft(fresh)
        return False

    def _send(self, parcel: Parcel) -> None:
        assert parcel.call is not None  # noqa: S101  launch made it
        lines = [load.line for load in parcel.loads]
        step, phase, run = self._section.step, self._phase(parcel), self._running.run.number
        self.failures.watch(parcel)
        journal, budget, parcel.placed = self._running.state.journal, self._way.budget, False
        try:
            parcel.seq = journal.intent(run, step, phase, parcel.call, lines, extra=parcel.extra)
            self.extra += parcel.extra
            for load in parcel.loads:
                load.attempts += 1
            parcel.login = self._login
            future = self._way.wire.send(parcel.call, self._way.open_file)
        except BaseException:
            budget.leave()
            raise
        future.add_done_callback(lambda answered: budget.leave())
        self._flying[future] = parcel

    def _phase(self, parcel: Parcel) -> Phase:
        return Phase.UPLOAD if parcel.renews else self._section.phase

    # ------------------------------------------------------------ answers

    def _answered(self, parcel: Parcel, future: Future[Answer]) -> None:
        error = future.exception()
        if error is None:
            self._decoded(parcel, future.result())
        elif isinstance(error, NotSent):
            self._fruitless(parcel, error, min(LONGEST_REST, 0.5 * 2**parcel.fruitless))
        elif isinstance(error, FileUnread):
            self._unread(parcel, error)
        elif isinstance(error, Lost):
            self._doubt(parcel, [(load, error.problems[0].summary) for load in parcel.loads])
        elif isinstance(error, LoginRefused):
            self._logged_out(parcel, error)
        elif isinstance(error, Paused):  # its login would have had to wait too long: nothing of it has left
            self._running.state.journal.settle(self._running.run.number, (), (parcel.seq,))
            raise error
        elif isinstance(error, MigratorError):
            raise error
        else:
            raise breach(self._way, "the wire raised what it must not", error) from error  # type: ignore[arg-type]  # a future holds an Exception

    def _unread(self, parcel: Parcel, error: FileUnread) -> None:
        """Nothing was written, since the request ended early. A file may have been cut off on its way: once more."""
        parcel.fruitless += 1
        if parcel.fruitless < READS:
            self._running.state.journal.settle(self._running.run.number, (), (parcel.seq,))
            self._again.append(parcel)
        elif parcel.renews:
            self._follow(self._renewal.lost(parcel, error.problems[0].summary), parcel)
        else:
            settled = [(load, failed(load, error, Cause.REFUSED)) for load in parcel.loads]
            self._follow(After(settled=settled), parcel)

    def _renewed_by(self, parcel: Parcel, answer: Answer) -> None:
        """The answer to an upload that had expired."""
        try:
            (result,) = self._way.target.decode(parcel.sent, answer)
        except Throttled as error:
            self._fruitless(parcel, error, self._asked(parcel, answer, error))
        except LoginRefused as error:
            self._logged_out(parcel, error)
        except SystemFailed as error:
            self._follow(self._renewal.lost(parcel, error.problems[0].summary), parcel)
        except Exception as error:
            raise breach(self._way, "decode failed", error) from error
        else:
            self._follow(self._renewal.made(parcel, result), parcel)

    def _upload_gone(self, parcel: Parcel, error: UploadGone) -> None:
        """Whose file it was is not told: all uploads of the request are made again, once."""
        uploads, others = self._renewal.begin(parcel.loads)
        if uploads:
            self._again.extend(uploads)
            self._follow(After(again=others), parcel)
        else:
            self._follow(refused(parcel, error), parcel, refused=True)

    def _decoded(self, parcel: Parcel, answer: Answer) -> None:
        if parcel.renews:
            self._renewed_by(parcel, answer)
            return
        try:
            results = self._way.target.decode(parcel.sent, answer)
        except Throttled as error:
            self._fruitless(parcel, error, self._asked(parcel, answer, error))
        except Conflict as error:
            self._conflict(parcel, error)
        except Denied as error:
            self._follow(denied(parcel, error), parcel, keep_rest=True, refused=True)
        except UploadGone as error:
            self._upload_gone(parcel, error)
        except Refused as error:
            self._follow(refused(parcel, error), parcel, refused=True)
        except LoginRefused as error:
            self._logged_out(parcel, error)
        except SystemFailed as error:
            self._doubt(parcel, [(load, error.problems[0].summary) for load in parcel.loads])
        except Exception as error:
            raise breach(self._way, "decode failed", error) from error
        else:
            self._renewed = self._renewed and parcel.login != self._login
            self._told(parcel, after_results(self._way, self._running.kind, parcel, results))

    def _told(self, parcel: Parcel, after: After) -> None:
        self._vain.told += bool(after.settled or after.landing)
        if len(after.doubtful) < len(parcel.loads):
            self._outage.over()
        if not after.doubtful:
            self._follow(after, parcel)
            return
        doubtful, after.doubtful = after.doubtful, []
        self._follow(after)
        self._doubt(parcel, doubtful)

    def _asked(self, parcel: Parcel, answer: Answer, error: Throttled) -> float:
        """Seconds of rest after a refusal for haste: as the server says, else a bound that doubles, full jitter."""
        said, absurd = asked_rest(answer, self._running.clock.wall())
        if absurd is not None:
            word = f"{error.problems[0].summary}, for {absurd:,.0f} s: that is not believed"
            self._running.notice(Problem(code=error.code, severity=Severity.WARNING, summary=word))
        if said is None:
            said = error.seconds
        return min(LONGEST_REST, 2.0 ** (parcel.fruitless + 1)) * self._running.chance() if said is None else said

    def _fruitless(self, parcel: Parcel, error: SystemFailed, seconds: float) -> None:
        """Nothing was written: the same again after a rest, so many times."""
        parcel.fruitless += 1
        self._running.state.journal.settle(self._running.run.number, (), (parcel.seq,))
        if parcel.fruitless > TRIES and isinstance(error, Throttled):
            raise Paused(f"{error.problems[0].summary}, {parcel.fruitless} times in a row", hint=LONGER)
        if parcel.fruitless > TRIES:
            raise RunStopped(
                f"{error.problems[0].summary}; tried {parcel.fruitless} times",
                detail=error.problems[0].detail,
                hint="mend the connection, then resume",
            )
        self._way.budget.told(seconds)
        self._again.append(parcel)

    def _logged_out(self, parcel: Parcel, error: LoginRefused) -> None:
        """Log in afresh once, send again; refused under the new login, the run ends."""
        self._running.state.journal.settle(self._running.run.number, (), (parcel.seq,))
        if parcel.login == self._login:
            if self._renewed:
                raise error
            self._renewed = True
            self._login += 1
            self._way.wire.renew()
        self._again.append(parcel)

    def _conflict(self, parcel: Parcel, error: Conflict) -> None:
        running = self._running
        after = running.turning(
            after_conflict(self._way, running.kind, parcel.loads, error, overwrite=running.options.overwrite)
        )
        stuck = [load for load in after.again if load.looked >= _LOOK_AFTER_FRUITLESS]
        if not after.settled and len(stuck) == len(parcel.loads) > 1:
            again, after.again = packed(self._way.capabilities, after.again), []
            after.parcels = [part for one in again for part in (halves(one) if len(one.loads) > 1 else [one])]
        self._follow(after, parcel)

    # ------------------------------------------------------------ doubts

    def _doubt(self, parcel: Parcel, doubtful: list[tuple[Load, str]]) -> None:
        """The row stays open until every change in it is known."""
        assert parcel.call is not None  # noqa: S101  it was sent
        loads = [load for load, _ in doubtful]
        rest = self._outage.rest(doubtful[0][1])
        if rest:
            self._way.budget.told(rest)
        if parcel.renews:
            self._running.state.journal.settle(self._running.run.number, (), (parcel.seq,))
            self._again.append(parcel)
        elif parcel.call.repeatable:
            for load in loads:
                load.doubted = True
            self._sent_again(After(again=loads), parcel, doubtful)
        elif needs_settling(self._way, loads):
            self._count += 1
            due = self._running.clock.monotonic() + self._way.capabilities.settle
            heapq.heappush(self._settling, Settling(due, self._count, parcel, doubtful))
        else:
            self._looked(parcel, doubtful)

    def _looked(self, parcel: Parcel, doubtful: list[tuple[Load, str]]) -> None:
        after = self._running.turning(after_doubt(self._way, self._running.kind, doubtful))
        self._sent_again(after, parcel, doubtful)

    def _sent_again(self, after: After, parcel: Parcel, doubtful: list[tuple[Load, str]]) -> None:
        self._vain.sift(after, {load.line: why for load, why in doubtful}, self._way.capabilities)
        self._follow(after, parcel)

    # ------------------------------------------------------------ what follows

    def _follow(
        self, after: After, parcel: Parcel | None = None, *, keep_rest: bool = False, refused: bool = False
    ) -> None:
        """Journal the outcomes, close the parcel's row, queue what goes again. `refused`: since not all was taken."""
        answered = () if parcel is None else (parcel.seq,)
        if after.landing is not None:
            self._running.land(self._section.step, after.landing, answered)
            self.failures.landed(after.landing.landed.lines)
        else:
            self._running.settle(self._section.step, after.settled, answered)
            self.failures.count(after.settled)
        root, extra = (-1, refused) if parcel is None else (parcel.root, refused or parcel.extra)
        for fresh in (*after.parcels, *packed(self._way.capabilities, after.again)):
            fresh.root, fresh.extra = root, extra
            fresh.rescued = fresh.rescued or (parcel is not None and parcel.rescued)
            self._again.append(fresh)
        if parcel is not None and parcel.rest and not keep_rest:
            rest = Parcel(batches=(parcel.rest,), root=root, rescued=True, checked=parcel.checked, extra=True)
            self._again.append(rest)
