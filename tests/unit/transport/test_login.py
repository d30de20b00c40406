"""Login, renewal and log-out, shared by all threads of a wire."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import requests

from migrator.contract import Answer, Auth, Call, Rate
from migrator.errors import Denied, LoginRefused, NotSent
from migrator.transport.pace import ManualClock
from migrator.transport.secrets import Scrubber
from tests.unit.transport.apps import URL, App, Reply, scripted
from tests.unit.transport.wires import Plain, get, opened, post
from tests.wsgi import WsgiAdapter


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


def test_an_expired_session_is_renewed_once_for_all_threads_and_the_reads_repeated() -> None:
    tenant = Tenant()
    together = threading.Barrier(2, timeout=30)

    def meet(request: Any) -> None:
        if request.headers.get("Session-Token") == "Bearer session-token-1" and tenant.tokens > 1:
            together.wait()

    with opened(URL, adapter=WsgiAdapter(tenant, after=meet), connector=LoggedIn, in_flight=4) as wire:
        wire.ask(get("/a"))
        tenant.expire()
        answers = list(wire.stream(get(f"/{number}") for number in range(2)))
        assert [answer.status for answer in answers] == [200] * 2
    assert tenant.asked.count("GET /login") == 2


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
    app = scripted(*[502] * 99)
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
