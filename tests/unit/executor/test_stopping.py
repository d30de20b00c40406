"""Signals, pauses, waits and logins: a run stops between requests and goes on where it stopped."""

from __future__ import annotations

import collections
import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.contract import Answer, Call, Done, Wait
from migrator.errors import Interrupted, LoginRefused, Lost, MigratorError, NotSent, Paused, RunStopped
from migrator.model.plan import Action
from migrator.model.run import Noticed, RunEnded, RunStatus, Status, Waiting
from migrator.state.budget import Budgets, Limits
from migrator.state.state import State
from migrator.transport.pace import ManualClock
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, create, staff


def _creates(count: int) -> list:  # type: ignore[type-arg]
    return [create("people", f"E{n}", name="x") for n in range(count)]


def _status(story: Story) -> RunStatus:
    with State.open(story.folder / ".migrator", write=False) as state:
        return state.run(1).status


def test_a_signal_stops_between_requests_and_the_last_line_says_how_to_go_on(tmp_path: Path) -> None:
    """A08: what is under way is finished and journalled, the exit code is the signal's, the resume is spelled out."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    file = story.plan(_creates(12))
    story.stop = lambda: 15 if story.shelf.writes >= 2 else None
    events = []
    with pytest.raises(Interrupted) as told:
        collections.deque(map(events.append, story.apply(file)), maxlen=0)
    assert told.value.exit_code == 143
    assert story.shelf.writes == 2
    last = events[-1]
    assert isinstance(last, RunEnded)
    assert (last.exit_code, last.resume) == (143, f"migrator resume 1 --state {tmp_path / '.migrator'}")
    assert (last.report.steps[0].created, last.report.steps[0].todo) == (6, 6)
    assert _status(story) is RunStatus.STOPPED
    story.stop = lambda: None
    assert story.run(file).steps[0].created == 12
    assert set(story.shelf.effects.values()) == {1}


def test_the_first_few_are_read_back_before_the_rest_goes(tmp_path: Path) -> None:
    """--first N sends N, tells each that reads back otherwise, and pauses; without it the rest goes."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(10))
    original = story.shelf.put
    story.shelf.put = lambda collection, **fields: original(  # type: ignore[method-assign]
        collection, **{**fields, "name": fields["name"].upper()}
    )
    events = []
    with pytest.raises(Paused, match="first 4 changes were sent, 4 read back") as told:
        collections.deque(map(events.append, story.apply(file, first=4)), maxlen=0)
    assert told.value.exit_code == 7
    noticed = [event.problem for event in events if isinstance(event, Noticed)]
    assert [problem.summary for problem in noticed] == ["name was written as 'x' and reads 'X'"] * 4
    assert (len(story.shelf.plain("people")), _status(story)) == (4, RunStatus.PAUSED)
    assert story.run(file).steps[0].created == 10


def test_a_pace_is_waited_for_and_told_once(tmp_path: Path) -> None:
    """A place in the budget comes before the intent; a wait is one event, and all of it passes on the clock."""
    story = Story(folder=tmp_path)
    until = story.clock.monotonic() + 30

    def take(kind: str, quota: str = "") -> Wait | None:
        left = until - story.clock.monotonic()
        return Wait(seconds=left, why="the pace") if left > 0 else None

    story.budget.take = take  # type: ignore[method-assign]
    events = list(story.apply(story.plan(_creates(2))))
    assert [event.seconds for event in events if isinstance(event, Waiting)] == [30]
    assert story.clock.monotonic() == pytest.approx(30)


def test_a_wait_for_hours_pauses_the_run(tmp_path: Path) -> None:
    """B39: a used-up quota is exit 7 with the time, nothing in doubt."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(2))
    story.budget.waits = [8 * 3600.0]
    with pytest.raises(Paused) as told:
        story.run(file)
    assert told.value.seconds == 8 * 3600
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert state.journal.requests(1) == 0
    assert story.run(file).steps[0].created == 2


def test_b39_at_the_time_of_until_no_new_batch_begins(tmp_path: Path) -> None:
    """What is under way comes home and is journalled; the run pauses (7) with the command; the rest goes later."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    file = story.plan(_creates(12))

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        story.clock.wait(40)
        return move()

    story.wire.around = around
    events = []
    with pytest.raises(Paused, match="the time of --until has come") as told:
        collections.deque(map(events.append, story.apply(file, until=story.clock.wall() + 60)), maxlen=0)
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (told.value.exit_code, ended.exit_code, ended.report.status) == (7, 7, RunStatus.PAUSED)
    assert ended.resume is not None
    step = ended.report.steps[0]
    assert 0 < step.created < 12
    assert (step.unknown, len(story.shelf.plain("people")), story.budget.under_way) == (0, step.created, 0)
    assert story.run(file).steps[0].created == 12
    assert set(story.shelf.effects.values()) == {1}


def test_a_turn_after_the_time_of_until_is_not_waited_for(tmp_path: Path) -> None:
    """The pace has a place in 30 s, the run may go on for 20: it pauses at once, nothing sent."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(2))
    story.budget.waits = [30.0]
    with pytest.raises(Paused, match="after the time of --until"):
        story.run(file, until=story.clock.wall() + 20)
    assert story.clock.monotonic() == 0
    assert story.run(file).steps[0].created == 2


@pytest.mark.parametrize("repeatable", [True, False])
def test_b10_b11_a_server_that_stays_ill_is_given_time_and_then_the_run_pauses(
    tmp_path: Path, repeatable: bool
) -> None:
    """Each write is answered 503: tried ever more rarely, for --max-wait at most; resumed, each is made once."""
    clock = ManualClock()
    with Budgets(None, clock) as budgets:
        story = Story(folder=tmp_path, clock=clock, budget=budgets.of("shelf", Limits(in_flight=2)))  # type: ignore[arg-type]  # the real thing in the place of Free
        file = story.plan(_creates(3))
        tries: list[float] = []

        def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
            if kind == "ask":
                return move()
            tries.append(clock.monotonic())
            return _answer(503)

        story.wire.around = around
        encode = story.target.encode
        story.target.encode = lambda batches: replace(encode(batches), repeatable=repeatable)  # type: ignore[method-assign]
        with pytest.raises(Paused, match="times in a row"):
            story.run(file, max_wait=600)
        assert 300 < clock.monotonic() <= 600
        assert len(tries) < 80
        story.wire.around = lambda kind, call, move: move()
        assert story.run(file).steps[0].created == 3
    assert set(story.shelf.effects.values()) == {1}


def test_b05_b06_a_refused_write_rests_as_the_server_says(tmp_path: Path) -> None:
    """A date is understood; what is absurd is told and capped; silence is a bound that doubles, with full jitter."""
    story = Story(folder=tmp_path)
    date, here = "Tue, 14 Nov 2023 22:13:50 GMT", "Tue, 14 Nov 2023 22:13:20 GMT"
    _answers(
        story,
        _answer(429, **{"retry-after": date, "date": here}),
        _answer(429, **{"retry-after": "1000000000"}),
    )
    events = list(story.apply(story.plan(_creates(3))))
    assert story.budget.rests == [30, 300]
    (noticed,) = [event.problem for event in events if isinstance(event, Noticed)]
    assert "1,000,000,000 s" in noticed.summary


def _answers(story: Story, *first: Answer | Exception) -> None:
    """These come in the place of what the server would say to the first requests; it does nothing then."""
    left = list(first)

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind == "ask" or not left:
            return move()
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    story.wire.around = around


def _answer(status: int, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=b"{}")


def test_a_throttled_request_goes_again_after_the_rest_that_was_asked_for(tmp_path: Path) -> None:
    """B05: nothing was written; the budget is told, the same goes again."""
    story = Story(folder=tmp_path)
    _answers(story, Answer(status=429, headers={"retry-after": "17"}, body=b""))
    assert story.run(story.plan(_creates(3))).steps[0].created == 3
    assert story.budget.rests == [17]


def test_a_login_that_expired_is_renewed_once(tmp_path: Path) -> None:
    """B18: one renewal and the same request again; refused again, the run stops resumably."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(3))
    _answers(story, _answer(401), _answer(401))
    with pytest.raises(LoginRefused):
        story.run(file)
    assert (story.wire.renewed, _status(story)) == (1, RunStatus.STOPPED)
    _answers(story, _answer(401))
    assert story.run(file).steps[0].created == 3
    assert story.wire.renewed == 2


def test_a_login_that_ends_under_several_requests_is_renewed_once(tmp_path: Path) -> None:
    """All that were under way come back refused; only a refusal under the new login would stop the run."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=3))
    file = story.plan(_creates(12))
    honest, pending = story.wire.send, list[Future[Answer]]()

    def send(call: Call, open_file: object = None) -> Future[Answer]:
        """The first three are under way together before any of them is answered."""
        if len(pending) == 3:
            return honest(call)
        pending.append(Future())
        if len(pending) == 3:
            for future in pending:
                future.set_result(_answer(401))
        return pending[-1]

    story.wire.send = send  # type: ignore[method-assign]
    assert story.run(file).steps[0].created == 12
    assert (story.wire.renewed, set(story.shelf.effects.values())) == (1, {1})


def test_an_answer_that_does_not_tell_is_looked_into(tmp_path: Path) -> None:
    """B10: a 502 on a write is a doubt; nothing stands there, so it goes again; the records are made once."""
    story = Story(folder=tmp_path)
    _answers(story, _answer(502))
    assert story.run(story.plan(_creates(3))).steps[0].created == 3
    assert set(story.shelf.effects.values()) == {1}


def test_a_connection_that_never_comes_stops_the_run_after_some_tries(tmp_path: Path) -> None:
    """B04: nothing left this machine; tried again with longer rests, then stopped, resumable."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(3))
    _answers(story, *[NotSent("connection refused")] * 50)
    with pytest.raises(RunStopped, match="connection refused; tried 9 times"):
        story.run(file)
    assert story.budget.rests[:3] == [0.5, 1, 2]
    _answers(story)
    assert story.run(file).steps[0].created == 3


def test_a_create_that_nothing_guards_is_looked_for_only_when_it_must_have_shown_up(tmp_path: Path) -> None:
    """A lost create that commits late is found after `settle`, other batches go on meanwhile; one record each."""
    shelf = Shelf(unique=None, versions=False)
    story = Story(folder=tmp_path, shelf=shelf, can=capabilities(creates="unguarded", in_flight=1))
    late: list[Call] = []
    written: list[float] = []

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind == "send" and not written:
            late.append(call)
            written.append(story.clock.monotonic())
            raise Lost("reset")
        if kind == "send":
            written.append(story.clock.monotonic())
        elif late and story.clock.monotonic() > 40:
            shelf.write(late.pop())
        return move()

    story.wire.around = around
    late_answer = list(story.apply(story.plan(_creates(9))))
    assert written == [0, 0, 0]
    assert story.clock.monotonic() >= 60
    assert any(isinstance(event, Waiting) and "show up" in event.why for event in late_answer)
    assert len(shelf.plain("people")) == 9
    assert set(shelf.effects.values()) == {1}


@pytest.mark.parametrize("breach", ["too few", "a stranger", "no id", "a crash"])
def test_a_connector_that_breaks_its_contract_stops_the_run_and_is_named(tmp_path: Path, breach: str) -> None:
    """The core distrusts decode: the error is for the connector's author, the request stays in doubt."""
    story = Story(folder=tmp_path)
    file = story.plan(_creates(3))
    honest = story.target.decode

    def decode(batches, answer):  # type: ignore[no-untyped-def]
        results = honest(batches, answer)
        if breach == "a crash":
            raise KeyError("id")
        if breach == "too few":
            return results[1:]
        return (Done(target_id="" if breach == "no id" else results[1].target_id), *results[1:])

    story.target.decode = decode  # type: ignore[method-assign]
    with pytest.raises(MigratorError, match="the connector ShelfTarget broke its contract in step people"):
        story.run(file)
    story.target.decode = honest  # type: ignore[method-assign]
    assert story.run(file).steps[0].created == 3
    assert set(story.shelf.effects.values()) == {1}


def test_the_log_of_a_run_holds_no_values_and_no_secrets(tmp_path: Path) -> None:
    """One JSON event a line; what failed is listed with its reason, scrubbed; record data is not in it."""
    story = Story(folder=tmp_path, shelf=Shelf(bad={"salary 4711"}))
    honest = story.target._refuse

    def refuse(said):  # type: ignore[no-untyped-def]
        for culprit in said["culprits"]:
            culprit[1] = "s3cret code"
        honest(said)

    story.target._refuse = refuse  # type: ignore[method-assign]
    lines = [create("people", "E1", name="salary 4711"), create("people", "E2", name="ok")]
    story.run(story.plan(lines), max_errors=100)
    (log,) = (tmp_path / ".migrator" / "runs").iterdir()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events][0 :: len(events) - 1] == ["RunStarted", "RunEnded"]
    assert "4711" not in log.read_text()
    assert "s3cret" not in log.read_text()
    with State.open(tmp_path / ".migrator", write=False) as state:
        reasons = [one.reason for _, one in state.journal.outcomes(1, but_done=True)]
    assert reasons == ["it is *** code"]


def test_a_report_can_be_made_while_the_run_goes_on(tmp_path: Path) -> None:
    """Another reader sees counts that add up to the plan, at every event."""
    from migrator.executor.report import report

    story = Story(folder=tmp_path)
    for _ in story.apply(story.plan(staff(story))):
        with State.open(tmp_path / ".migrator", write=False) as reader:
            told = report(reader, 1)
            lines = sum(s.created + s.updated + s.deleted + s.linked + s.todo + s.unknown for s in told.steps)
            assert lines in (12, 13)
            assert not any(one.outcome.status is not Status.DONE for one in told.changes)


def test_actions_have_batches_of_their_own(tmp_path: Path) -> None:
    """One per cent of updates among creates does not become a request each."""
    story = Story(folder=tmp_path, can=capabilities(batch_max={Action.CREATE: 10, Action.UPDATE: 10}))
    stands = {n: story.shelf.put("people", no=f"E{n}", name="old") for n in range(0, 40, 4)}
    from tests.unit.executor.story import change

    lines = [
        change(
            "people",
            Action.UPDATE,
            f"E{n}",
            key=(f"E{n}",),
            target_id=stands[n],
            version="1",
            before={"name": "old"},
            after={"name": "new"},
        )
        if n in stands
        else create("people", f"E{n}", name="new")
        for n in range(40)
    ]
    story.run(story.plan(lines))
    assert story.shelf.writes == 4
