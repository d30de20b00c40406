"""The layers together: pace, retry and threads, over an app in this process and a clock that jumps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from migrator.contract import Answer, Bounds, Call, Rate, Unlimited, Wait
from migrator.contract.waiting import retry_after
from migrator.errors import Lost, MigratorError, NotSent, Paused, Unreachable
from migrator.state.budget import Budgets, Limits
from migrator.transport.pace import DAY, ManualClock
from tests.unit.transport.apps import URL, App, Reply, scripted
from tests.unit.transport.wires import Plain, get, opened, post, say
from tests.wsgi import WsgiAdapter

# ------------------------------------------------------------------ retry


@pytest.mark.parametrize("status", [408, 421, 425, 429, 500, 502, 503, 504])
def test_b07_b09_b12_a_read_waits_out_a_bad_moment_with_doubling_full_jitter(status: int) -> None:
    for chance, waits in ((1.0, [1.0, 2.0, 4.0]), (0.25, [0.25, 0.5, 1.0])):
        clock = ManualClock()
        with opened(URL, adapter=WsgiAdapter(scripted(status, status, status)), clock=clock, chance=chance) as wire:
            assert wire.ask(get()).status == 200
        assert clock.monotonic() == sum(waits)


def test_b09_a_read_gives_up_after_its_tries_or_its_time() -> None:
    app = scripted(*[500] * 99)
    with opened(URL, adapter=WsgiAdapter(app), tries=6) as wire, pytest.raises(Unreachable) as raised:
        wire.ask(get())
    assert len(app.asked) == 6
    assert str(raised.value) == "http://system.example: it answered 500; gave up after 6 tries"
    assert raised.value.problems[0].detail == "GET /records"
    clock = ManualClock()
    with opened(URL, adapter=WsgiAdapter(scripted(*[502] * 99)), clock=clock, tries=99, seconds=100.0) as wire:
        with pytest.raises(Unreachable):
            wire.ask(get())
    assert clock.monotonic() <= 100


@pytest.mark.parametrize("status", [503, 429])
def test_b07_b11_who_asks_for_time_is_waited_for_as_long_as_people_let_us_and_then_it_is_a_pause(status: int) -> None:
    """Twenty minutes of a maintenance page: within --max-wait the read comes through, else the run pauses."""
    for most, came in ((1500.0, True), (900.0, False)):
        clock = ManualClock()
        app = App(lambda *asked, clock=clock: (200 if clock.monotonic() > 1200 else status, b"<html>", {}))
        bounds = Bounds(max_wait=most)
        with opened(URL, adapter=WsgiAdapter(app), clock=clock, bounds=bounds) as wire:
            if came:
                assert wire.ask(get()).status == 200
                continue
            with pytest.raises(Paused, match=f"it answered {status} to each of") as raised:
                wire.ask(get())
        assert raised.value.exit_code == 7
        assert "--max-wait" in raised.value.problems[0].hint
        assert 800 < clock.monotonic() <= 900


def test_b05_a_rest_longer_than_people_wait_is_a_pause_that_knows_its_end() -> None:
    """Retry-After: 3600 is believed, and not waited for."""
    clock, waits = ManualClock(), list[Wait]()
    app = App(lambda *asked: (429, b"", {"Retry-After": "3600"}))
    with opened(URL, adapter=WsgiAdapter(app), clock=clock, waits=waits.append) as wire:
        with pytest.raises(Paused, match="it answered 429 and asks for a rest of 3,600 s") as raised:
            wire.ask(get())
        with pytest.raises(Paused):
            wire.ask(get())
    assert (raised.value.seconds, clock.monotonic(), waits) == (3600, 0, [])
    assert len(app.asked) == 1  # the second read knows what the first was told


def test_b06_an_absurd_word_is_told_and_not_believed() -> None:
    """A rest of 31 years is five minutes, and people are told what was asked."""
    clock, waits = ManualClock(), list[Wait]()
    replies = iter([(429, b"", {"Retry-After": "1000000000"})])
    app = App(lambda *asked: next(replies, (200, b"", {})))
    with opened(URL, adapter=WsgiAdapter(app), clock=clock, waits=waits.append) as wire:
        wire.ask(get())
    (wait,) = waits
    assert (wait.seconds, clock.monotonic()) == (300, 300)
    assert wait.why == "a server asked for a rest of 1,000,000,000 s, which is not believed"


def test_a_wait_of_many_threads_is_told_once_with_its_reason() -> None:
    """Four reads wait for the same window: people see one line."""
    clock, waits = ManualClock(), list[Wait]()
    rates = (Rate(kind="read", calls=1, seconds=60),)
    with opened(URL, adapter=WsgiAdapter(scripted()), rates=rates, clock=clock, waits=waits.append) as wire:
        wire.ask(get())
        wire.ask(get())
    assert [(round(wait.seconds), wait.why) for wait in waits] == [(60, "the pace of plain: 1 calls in 60 s")]


def test_no_read_begins_after_the_time_of_until() -> None:
    """A turn that would come after it is refused at once, with nothing waited."""
    clock = ManualClock()
    rates = (Rate(kind="read", calls=1, seconds=60),)
    bounds = Bounds(until=clock.wall() + 59)
    with opened(URL, adapter=WsgiAdapter(scripted()), rates=rates, clock=clock, bounds=bounds) as wire:
        wire.ask(get())
        with pytest.raises(Paused, match="after the time of --until"):
            wire.ask(get())
    assert clock.monotonic() == 0


def test_what_a_call_under_way_waits_for_is_not_held_up_by_it() -> None:
    """One at a time: the write that is under way logs in and downloads the file that it sends."""
    clock = ManualClock()
    budget = Budgets(None, clock).of("plain", Limits(in_flight=1))
    assert budget.enter() is None
    with opened(URL, adapter=WsgiAdapter(scripted()), clock=clock, budget=budget, in_flight=1) as wire:
        assert b"".join(wire.download(get())) == b"ok"
        budget.leave()
        assert wire.ask(get()).status == 200
        assert budget.enter() is None


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "1000000000"}, 300.0),
        ({"Retry-After": "9" * 400}, 300.0),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 1.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:17 GMT"}, 20.0),
    ],
)
def test_b05_b06_a_server_is_waited_for_as_it_says_within_bounds(said: dict[str, str], waited: float) -> None:
    """1_700_000_000, where the clock starts, is 2023-11-14 22:13:20 UTC."""
    clock = ManualClock()
    replies = iter([(429, b"", said)])
    app = App(lambda *asked: next(replies, (200, b"", {})))
    with opened(URL, adapter=WsgiAdapter(app), clock=clock, chance=0.0) as wire:
        wire.ask(get())
    assert clock.monotonic() == waited


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-5", "1.5", "1e3", "٣", "Thu, 32 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT", "0x10"],
)
def test_b06_what_a_server_says_without_sense_is_nothing_said(text: str) -> None:
    assert retry_after(say(429, **{"retry-after": text}), wall=0.0) is None


def test_b08_slow_down_in_disguise_rests_every_call_of_the_tenant() -> None:
    class Disguised(Plain):
        @classmethod
        def busy(cls, answer: Answer) -> bool:
            return b"too many" in answer.body

    replies = iter([(200, b'{"error":"too many"}', {"Retry-After": "20"})])
    clock = ManualClock()
    budget = Unlimited()
    told: list[float] = []
    budget.told = told.append  # type: ignore[method-assign]  # only listened to
    app = App(lambda *asked: next(replies, (200, b"ok", {})))
    with opened(URL, adapter=WsgiAdapter(app), connector=Disguised, clock=clock, budget=budget) as wire:
        assert wire.ask(get()).body == b"ok"
    assert told == [20.0]
    assert clock.monotonic() == 20.0


def test_a_write_is_never_sent_twice_whatever_is_answered() -> None:
    for status in (200, 409, 429, 500, 503):
        app = scripted(status)
        with opened(URL, adapter=WsgiAdapter(app)) as wire:
            assert wire.send(post()).result().status == status
        assert app.asked == ["POST /record"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout(), NotSent),
        (requests.ReadTimeout(), Lost),
        (requests.ConnectionError(), Lost),
        (requests.exceptions.ChunkedEncodingError(), Lost),
    ],
)
def test_an_answer_lost_after_the_server_has_worked_is_in_doubt(error: Exception, kind: type[MigratorError]) -> None:
    def lose(request: Any) -> None:
        raise error

    app = scripted()
    with opened(URL, adapter=WsgiAdapter(app, after=lose)) as wire:
        assert isinstance(wire.send(post()).exception(), kind)
    assert app.asked == ["POST /record"]


# ------------------------------------------------------------------ pace


def test_reads_are_paced_and_writes_are_not() -> None:
    clock = ManualClock()
    app = scripted()
    rates = (Rate(kind="read", calls=5, seconds=60), Rate(kind="write", calls=1, seconds=60))
    with opened(URL, adapter=WsgiAdapter(app), rates=rates, clock=clock) as wire:
        for _ in range(11):
            wire.ask(get())
        assert clock.monotonic() == pytest.approx(120, abs=0.1)
        for _ in range(5):
            wire.send(post()).result()
        assert clock.monotonic() == pytest.approx(120, abs=0.1)


def test_every_try_takes_its_own_place_in_the_pace() -> None:
    clock = ManualClock()
    rates = (Rate(kind="read", calls=1, seconds=60),)
    with opened(URL, adapter=WsgiAdapter(scripted(500, 500)), rates=rates, clock=clock) as wire:
        wire.ask(get())
    assert clock.monotonic() == pytest.approx(120, abs=0.1)


def test_b39_a_used_up_quota_pauses_instead_of_waiting_for_hours() -> None:
    clock = ManualClock(start=100 * DAY)
    with opened(URL, adapter=WsgiAdapter(scripted()), quota=1, clock=clock) as wire:
        wire.ask(get())
        with pytest.raises(Paused) as raised:
            wire.ask(get())
    assert raised.value.seconds == DAY
    assert clock.monotonic() == 0


def test_a_run_that_is_asked_to_stop_does_not_wait_on() -> None:
    class Stopped(ManualClock):
        def wait(self, seconds: float) -> None:
            self.waited.append(seconds)

    clock = Stopped()
    rates = (Rate(kind="read", calls=1, seconds=60),)
    with opened(URL, adapter=WsgiAdapter(scripted()), rates=rates, clock=clock) as wire:
        wire.ask(get())
        with pytest.raises(Paused):
            wire.ask(get())
    assert len(clock.waited) == 1


# ------------------------------------------------------------------ streams


def gated() -> tuple[App, threading.Semaphore, threading.Event]:
    """An app whose answers wait for the event; each request that came in releases the semaphore."""
    came, go = threading.Semaphore(0), threading.Event()

    def reply(method: str, path: str, headers: dict[str, str]) -> Reply:
        came.release()
        go.wait(30)
        return 200, path.encode(), {}

    return App(reply), came, go


@pytest.mark.parametrize(("in_flight", "ahead"), [(1, 1), (3, 3), (8, 8), (20, 8)])
def test_a_stream_asks_only_so_far_ahead_and_keeps_the_order(in_flight: int, ahead: int) -> None:
    app, came, go = gated()
    taken = 0

    def calls() -> Iterator[Call]:
        nonlocal taken
        for number in range(40):
            taken += 1
            yield get(f"/{number}")

    with opened(URL, adapter=WsgiAdapter(app), in_flight=in_flight) as wire:
        answers = wire.stream(calls())
        first: list[bytes] = []
        reader = threading.Thread(target=lambda: first.append(next(answers).body))
        reader.start()
        for _ in range(min(ahead, 2)):
            came.acquire()
        assert taken == min(ahead, 2)  # nobody knows yet how large the answers are
        go.set()
        reader.join()
        first.append(next(answers).body)
        assert taken == 1 + ahead
        assert [*first, *(answer.body for answer in answers)] == [f"/{number}".encode() for number in range(40)]


def test_a_stream_takes_a_call_only_when_there_is_room_and_so_may_depend_on_its_answers() -> None:
    app = App(lambda method, path, headers: (200, str(int(path[1:]) + 1).encode(), {}))
    with opened(URL, adapter=WsgiAdapter(app), in_flight=1) as wire:
        seen = [b"0"]

        def calls() -> Iterator[Call]:
            while len(seen) < 6:
                yield get("/" + seen[-1].decode())

        for answer in wire.stream(calls()):
            seen.append(answer.body)  # noqa: PERF401  one by one: the next call looks at it
    assert seen == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_closing_a_stream_drops_what_was_asked_ahead() -> None:
    app = App(lambda method, path, headers: (200, path.encode(), {}))
    with opened(URL, adapter=WsgiAdapter(app), in_flight=2) as wire:
        answers = wire.stream(get(f"/{number}") for number in range(100))
        next(answers)
        answers.close()  # type: ignore[attr-defined]  # a generator
        assert list(answers) == []
    assert len(app.asked) <= 3


def test_an_error_comes_at_the_answer_s_turn() -> None:
    app = App(lambda method, path, headers: (500 if path == "/2" else 200, path.encode(), {}))
    with opened(URL, adapter=WsgiAdapter(app)) as wire:
        answers = wire.stream(get(f"/{number}") for number in range(5))
        assert [next(answers).body, next(answers).body] == [b"/0", b"/1"]
        with pytest.raises(Unreachable):
            next(answers)


# ------------------------------------------------------------------ threads


def test_a_closed_wire_leaves_no_thread_and_closes_twice() -> None:
    with opened(URL, adapter=WsgiAdapter(scripted())) as wire:
        list(wire.stream(get() for _ in range(10)))
        wire.send(post()).result()
        assert wire.origin == URL
        assert wire.transfer.zone == "UTC"
    wire.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wire ")]


# ------------------------------------------------------------------ clocks


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Tue, 14 Nov 2023 22:18:20 GMT", 300.0),
        ("Tue, 14 Nov 2023 22:12:20 GMT", -60.0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a20_the_first_answer_tells_how_far_the_clocks_are_apart(date: str, skew: float | None) -> None:
    """1_700_000_000, where our clock starts, is 2023-11-14 22:13:20 UTC; silence is no time."""
    with opened(URL, adapter=WsgiAdapter(scripted(**({"Date": date} if date else {})))) as wire:
        assert wire.skew() is None
        wire.ask(get())
        assert wire.skew() == skew
