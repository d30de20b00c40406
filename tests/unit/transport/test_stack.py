"""The layers together: pace, login, retry and threads, over an app in this process and a clock that jumps."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests

from migrator.contract import Answer, Auth, Call, Rate
from migrator.errors import Denied, LoginRefused, Lost, MigratorError, NotSent, Paused, Unreachable
from migrator.transport.pace import DAY, ManualClock, ProcessBudget
from migrator.transport.retry import retry_after
from migrator.transport.secrets import Scrubber
from tests.unit.transport.wires import Plain, get, opened, post, say
from tests.wsgi import WsgiAdapter

URL = "http://system.example"
Reply = tuple[int, bytes, dict[str, str]]


class App:
    """A WSGI app over a function: (method, path, headers) -> status, body, headers. Counts what it was asked."""

    def __init__(self, reply: Callable[[str, str, dict[str, str]], Reply]) -> None:
        self.asked: list[str] = []
        self._reply = reply

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.asked.append(line)
        headers = {name[5:].lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
        status, body, more = self._reply(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers)
        start(f"{status} X", [("Content-Length", str(len(body))), *more.items()])
        return [body]


def scripted(*statuses: int, **headers: str) -> App:
    """Answers these statuses in turn, then 200 for ever."""
    left = iter(statuses)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return App(lambda *asked: (next(left, 200), b"ok", named))


# ------------------------------------------------------------------ retry


@pytest.mark.parametrize("status", [408, 421, 425, 429, 500, 502, 503, 504])
def test_a_read_waits_out_a_bad_moment_with_doubling_full_jitter(status: int) -> None:
    for chance, waits in ((1.0, [1.0, 2.0, 4.0]), (0.25, [0.25, 0.5, 1.0])):
        clock = ManualClock()
        with opened(URL, adapter=WsgiAdapter(scripted(status, status, status)), clock=clock, chance=chance) as wire:
            assert wire.ask(get()).status == 200
        assert clock.monotonic() == sum(waits)


def test_a_read_gives_up_after_its_tries_or_its_time() -> None:
    app = scripted(*[500] * 99)
    with opened(URL, adapter=WsgiAdapter(app), tries=6) as wire, pytest.raises(Unreachable) as raised:
        wire.ask(get())
    assert len(app.asked) == 6
    assert str(raised.value) == "http://system.example: it answered 500; gave up after 6 tries"
    assert raised.value.problems[0].detail == "GET /records"
    clock = ManualClock()
    with opened(URL, adapter=WsgiAdapter(scripted(*[503] * 99)), clock=clock, tries=99, seconds=100.0) as wire:
        with pytest.raises(Unreachable):
            wire.ask(get())
    assert clock.monotonic() <= 100


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
def test_a_server_is_waited_for_as_it_says_within_bounds(said: dict[str, str], waited: float) -> None:
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
def test_what_a_server_says_without_sense_is_nothing_said(text: str) -> None:
    assert retry_after(say(429, **{"retry-after": text}), wall=0.0) is None


def test_slow_down_in_disguise_rests_every_call_of_the_tenant() -> None:
    class Disguised(Plain):
        @classmethod
        def busy(cls, answer: Answer) -> bool:
            return b"too many" in answer.body

    replies = iter([(200, b'{"error":"too many"}', {"Retry-After": "20"})])
    clock = ManualClock()
    budget = ProcessBudget((), None, clock)
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


def test_a_used_up_quota_pauses_instead_of_waiting_for_hours() -> None:
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
        for _ in range(ahead):
            came.acquire()
        assert taken == ahead
        go.set()
        reader.join()
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


# ------------------------------------------------------------------ login


class Session(Auth):
    """Logs in for a token; the server says how often a token is good."""

    def __init__(self, prepared: Sequence[Call] = ()) -> None:
        self.prepared = tuple(prepared)

    def headers(self) -> dict[str, str]:
        return {"App-Token": "app-token-11111", "Content-Type": "application/json"}

    def login(self) -> Call:
        return get("/login", kind="login")

    def prepare(self) -> tuple[Call, ...]:
        return self.prepared

    def ready(self, answers: Sequence[Answer]) -> None:
        if any(answer.status != 200 for answer in answers):
            raise Denied("the entity is closed to us")

    def session(self, answer: Answer) -> dict[str, str]:
        if answer.status != 200:
            raise LoginRefused("the user token is wrong")
        return {"Session-Token": f"Bearer {answer.body.decode()}"}

    def logout(self) -> Call:
        return get("/logout")

    def expired(self, answer: Answer) -> bool:
        return answer.status == 401

    def secrets(self) -> tuple[str, ...]:
        return ("user-token-22222",)


class LoggedIn(Plain):
    login = Session()


class Tenant(App):
    """Hands out session-token-1, -2, …; only the newest is good while `good` says so."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.tokens = 0
        self.good = True
        self.lock = threading.Lock()
        self.sessions: Counter[str] = Counter()

    def _answer(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        assert headers["app_token"] == "app-token-11111"
        with self.lock:
            if path == "/login":
                self.tokens += 1
                return 200, b"session-token-%d" % self.tokens, {}
            self.sessions[headers["session_token"]] += 1
            if not self.good or headers["session_token"] != f"Bearer session-token-{self.tokens}":
                return 401, b"expired", {}
            return 200, path.encode(), {}

    def expire(self) -> None:
        self.tokens += 1


def test_many_threads_share_one_login_and_it_is_closed_at_the_end() -> None:
    tenant = Tenant()
    scrubber = Scrubber()
    with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn, scrubber=scrubber) as wire:
        assert tenant.asked == []
        assert len(list(wire.stream(get(f"/{number}") for number in range(20)))) == 20
        wire.send(post()).result()
    assert tenant.asked.count("GET /login") == 1
    assert tenant.asked[-1] == "GET /logout"
    for secret in ("user-token-22222", "app-token-11111", "session-token-1"):
        assert secret not in scrubber.clean(f"[{secret}]"), "learned by running"
    assert scrubber.clean("application/json") == "application/json"


def test_an_expired_session_is_renewed_once_and_the_read_repeated() -> None:
    tenant = Tenant()
    with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn) as wire:
        wire.ask(get("/a"))
        tenant.expire()
        answers = list(wire.stream(get(f"/{number}") for number in range(10)))
        assert [answer.status for answer in answers] == [200] * 10
    assert tenant.asked.count("GET /login") == 2, "renewed once for all threads"


def test_a_second_refusal_is_handed_back_and_does_not_become_a_loop_of_logins() -> None:
    tenant = Tenant()
    tenant.good = False
    with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn) as wire:
        assert wire.ask(get("/a")).status == 401
    assert tenant.asked == ["GET /login", "GET /a", "GET /login", "GET /a", "GET /logout"]


def test_a_write_under_an_expired_session_is_handed_back_and_the_next_has_a_new_one() -> None:
    tenant = Tenant()
    with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn) as wire:
        wire.ask(get("/a"))
        tenant.expire()
        assert wire.send(post()).result().status == 401
        assert wire.send(post()).result().status == 200
    assert tenant.asked.count("POST /record") == 2


def test_the_session_is_closed_after_a_failure_too_and_a_failing_log_out_hides_nothing() -> None:
    tenant = Tenant()
    with pytest.raises(KeyError):
        with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn) as wire:
            wire.ask(get("/a"))
            raise KeyError
    assert tenant.asked[-1] == "GET /logout"

    def lose(request: Any) -> None:
        if request.url.endswith("/logout"):
            raise requests.ConnectionError

    with opened(URL, adapter=WsgiAdapter(Tenant(), before=lose), connector=LoggedIn) as wire:
        wire.ask(get("/a"))
    wire.close()


def test_a_refused_login_is_told_to_reads_and_writes() -> None:
    app = App(lambda *asked: (403, b"", {}))
    with opened(URL, adapter=WsgiAdapter(app), connector=LoggedIn) as wire:
        with pytest.raises(LoginRefused):
            wire.ask(get())
        assert isinstance(wire.send(post()).exception(), LoginRefused)
    assert set(app.asked) == {"GET /login"}


def test_a_write_whose_login_finds_nobody_was_not_sent() -> None:
    app = scripted(*[503] * 99)
    with opened(URL, adapter=WsgiAdapter(app), connector=LoggedIn) as wire:
        assert isinstance(wire.send(post()).exception(), NotSent)
    assert set(app.asked) == {"GET /login"}


def test_what_follows_a_login_is_done_before_anything_else_and_may_refuse() -> None:
    class Prepared(Plain):
        login = Session([get("/entity")])

    tenant = Tenant()
    with opened(URL, adapter=WsgiAdapter(tenant), connector=Prepared) as wire:
        wire.ask(get("/a"))
    assert tenant.asked == ["GET /login", "GET /entity", "GET /a", "GET /logout"]
    tenant.good = False
    with opened(URL, adapter=WsgiAdapter(tenant), connector=Prepared) as wire, pytest.raises(Denied):
        wire.ask(get("/a"))


def test_renew_logs_in_afresh_but_not_twice_for_nothing() -> None:
    tenant = Tenant()
    with opened(URL, adapter=WsgiAdapter(tenant), connector=LoggedIn) as wire:
        wire.ask(get("/a"))
        wire.renew()
        wire.renew()
        assert wire.ask(get("/a")).status == 200
        assert tenant.tokens == 2
        wire.renew()
    assert tenant.tokens == 3


def test_logins_are_paced_and_tried_again_like_reads() -> None:
    clock = ManualClock()
    replies = iter([503, 200])

    def reply(method: str, path: str, headers: dict[str, str]) -> Reply:
        return (next(replies), b"session-token-1", {}) if path == "/login" else (200, b"", {})

    rates = (Rate(kind="login", calls=1, seconds=60),)
    with opened(URL, adapter=WsgiAdapter(App(reply)), connector=LoggedIn, rates=rates, clock=clock) as wire:
        assert wire.ask(get()).status == 200
    assert clock.monotonic() == pytest.approx(60, abs=0.1)


# ------------------------------------------------------------------ threads


def test_a_closed_wire_leaves_no_thread_and_closes_twice() -> None:
    with opened(URL, adapter=WsgiAdapter(scripted())) as wire:
        list(wire.stream(get() for _ in range(10)))
        wire.send(post()).result()
        assert wire.origin == URL
        assert wire.transfer.zone == "UTC"
    wire.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wire ")]
