"""How GLPI is reached: address, login, session, profile, entity, and each refusal in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.connectors.glpi import Glpi
from migrator.contract import Answer, Done
from migrator.emulators.server import Emulator, ManualClock, create_emulator
from migrator.errors import BadAnswer, Denied, LoginRefused, MigratorError, NotFound, Paused
from tests.connectors.glpi_desk import desk, options, wired


@pytest.fixture
def emulator() -> Emulator:
    """A server with samples."""
    return create_emulator("glpi", pace="off")


def refusal(emulator: Emulator, **changed: Any) -> MigratorError:
    """What describing computers raises under another login."""
    with pytest.raises(MigratorError) as caught, desk(emulator, "Computer", **changed):
        pass
    return caught.value


class Heard:
    """An app that notes method, path and headers of each request."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.calls: list[str] = []
        self.bodies: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"].removeprefix("/apirest.php")
        self.calls.append(f"{environ['REQUEST_METHOD']} {path}")
        if environ["REQUEST_METHOD"] == "GET":
            self.bodies.append(environ.get("CONTENT_LENGTH") or "")
        return self._app(environ, start_response)


def test_the_address_is_the_entry_script() -> None:
    """It is added where it is missing; whatever it is, the identity is host and path before it."""
    for url in ("https://IT.example/glpi", "https://it.example/glpi/apirest.php/", "https://it.example/glpi/api"):
        said = Glpi.Options(url=url, user_token="t")
        assert Glpi.address(said).endswith(("/glpi/apirest.php", "/glpi/api"))
        assert said.place == "it.example/glpi"
    assert Glpi.Options(url="http://localhost:8081/api.php/v1", user_token="t").place == "localhost:8081"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"url": "glpi.example", "user_token": "T"}, "https://"),
        ({"url": "https://a.example"}, "login is missing"),
        ({"url": "https://a.example", "username": "ann"}, "go together"),
        (
            {"url": "https://a.example", "username": "ann", "password": "p", "user_token": "T"},
            "give `user_token`, or",
        ),
        ({"url": "https://a.example", "user_token": "T", "recursive": False}, "needs an `entity`"),
    ],
)
def test_options_that_make_no_sense_are_told(said: dict[str, Any], word: str) -> None:
    """Each in one sentence; sensible ones, `env` expressions too, pass; no repr shows a secret."""
    (sentence,) = Glpi.check(Glpi.Options(**said))
    assert word in sentence
    assert Glpi.check(Glpi.Options(url="{{ env.GLPI_URL }}", user_token="{{ env.T }}")) == ()
    assert "word" not in repr(Glpi.Options(url="https://a", username="u", password="word")).replace("password", "")


def test_a_session_is_opened_once_and_closed_also_after_a_failure(emulator: Emulator) -> None:
    """initSession first, killSession last, no GET with a body; nothing is left open on the server."""
    heard = Heard(emulator.app)
    with desk(emulator, "Computer", app=heard) as open_desk:
        open_desk.records()
    with pytest.raises(NotFound), desk(emulator, "Komputer", app=heard):
        pass
    assert heard.calls.count("GET /initSession") == heard.calls.count("GET /killSession") == 2
    assert heard.calls[0] == "GET /initSession" and heard.calls[-1] == "GET /killSession"
    assert set(heard.bodies) <= {"", "0"}
    assert emulator.store.sessions == {}


def test_a_dead_session_is_opened_again_once(emulator: Emulator) -> None:
    """A read goes on; a write under it wrote nothing and says so, so that the same may be sent again."""
    with desk(emulator, "Computer") as open_desk:
        emulator.store.sessions.clear()
        assert len(open_desk.records()) == 11
        emulator.store.sessions.clear()
        with pytest.raises(LoginRefused):
            open_desk.create({"name": "pc"})
        (made,) = open_desk.create({"name": "pc"})
        assert isinstance(made, Done)
        assert len(open_desk.records()) == 12


def test_a_session_that_nobody_used_for_too_long_is_no_failure() -> None:
    """After the server's own time it is gone; the next read opens another."""
    clock = ManualClock()
    emulator = create_emulator("glpi", pace="off", clock=clock)
    with desk(emulator, "Computer") as open_desk:
        clock.advance(emulator.store.options.session_seconds + 1)
        assert len(open_desk.records()) == 11


def test_each_refused_login_has_its_own_words(emulator: Emulator) -> None:
    """App token missing, wrong or not wanted; user token, password, passwords switched off, address, API off."""
    assert "asks for an app token" in str(refusal(emulator, app_token=None))
    assert "does not take the app token" in str(refusal(emulator, app_token="wrong"))
    assert "does not know the user's token" in str(refusal(emulator, user_token="wrong"))
    named = {"user_token": None, "username": "glpi"}
    assert "refuses name and password" in str(refusal(emulator, password="wrong", **named))
    emulator.store.options.credentials = False
    assert "log in with a password" in str(refusal(emulator, password="glpi", **named))
    emulator.store.options.client_allowed = False
    assert "address" in str(refusal(emulator))
    emulator.store.options.enable_api = False
    off = refusal(emulator)
    assert isinstance(off, BadAnswer) and "switched off" in str(off)
    wants_none = create_emulator("glpi", pace="off")
    wants_none.store.options.app_token = None
    told = refusal(wants_none, app_token="any").problems[0]
    assert "does not take the app token" in told.summary and "leave it out" in told.hint


def test_the_variables_of_the_emulator_log_in(emulator: Emulator) -> None:
    """GLPI_URL, GLPI_USER_TOKEN and GLPI_APP_TOKEN are all that a playbook needs."""
    env = emulator.env("https://glpi.example")
    said = Glpi.Options(url=env["GLPI_URL"], user_token=env["GLPI_USER_TOKEN"], app_token=env["GLPI_APP_TOKEN"])
    with wired(emulator.app, said) as wire, Glpi(said, wire) as target:
        assert target.identity() == "glpi:glpi.example"


def test_an_entity_and_a_profile_are_asked_for_after_the_login(emulator: Emulator) -> None:
    """Items of another entity are not seen; an entity (200 `false`) or profile (404) of others is refused."""
    branch = emulator.store.add("Entity", name="Branch", completename="Root entity > Branch", entities_id=0, level=2)
    emulator.store.add("Computer", name="there", entities_id=branch)
    with desk(emulator, "Computer", entity=branch) as open_desk:
        assert [record.fields["name"] for record in open_desk.records()] == ["there"]
        (made,) = open_desk.create({"name": "new"})
        assert isinstance(made, Done)
        assert open_desk.record(made.target_id).fields["entities_id"] == branch
    with desk(emulator, "Computer", entity=0, recursive=False, profile=4) as open_desk:
        assert "there" not in [record.fields["name"] for record in open_desk.records()]
    assert "under entity 77" in str(refusal(emulator, entity=77))
    assert "under profile 99" in str(refusal(emulator, profile=99))


def test_a_new_entity_is_used_after_a_fresh_login(emulator: Emulator) -> None:
    """The entities of a session are frozen when it opens: the connector says so, and renewing helps."""
    with desk(emulator, "Entity") as entities:
        assert "Entity" in entities.target.capabilities(None).renew_after
        (made,) = entities.create({"name": "New", "entities_id": "0"})
        assert isinstance(made, Done)
        with pytest.raises(Denied):
            entities.record(made.target_id)
        entities.wire.renew()
        assert entities.record(made.target_id).fields["name"] == "New"


def test_a_missing_right_is_told_as_such(emulator: Emulator) -> None:
    """Reading entities as a self-service user: Denied, not an empty listing."""
    token = "glpi-sample-user-token-post-only"
    assert isinstance(refusal(emulator, user_token=token), Denied)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<!DOCTYPE html><html><head><title>GLPI - Authentication</title></head></html>", "a web page came"),
        (200, b"", "broke off"),
        (200, b"{", "none that its docs know"),
        (502, b"<html>Bad gateway</html>", "a web page came"),
    ],
)
def test_a_page_in_place_of_json_is_told(emulator: Emulator, status: int, body: bytes, words: str) -> None:
    """HTML of a login form or a gateway, an accident of PHP, cut JSON: each with its own advice."""
    said = options(emulator)
    with pytest.raises(BadAnswer) as caught:
        Glpi.auth(said).session(Answer(status=status, headers={}, body=body))
    assert words in str(caught.value)


def test_a_glpi_that_is_too_old_is_told(emulator: Emulator) -> None:
    """Before version 10 texts are stored in another form, which nothing decodes."""
    emulator.store.options.version = "9.5.13"
    assert "GLPI 9.5.13" in str(refusal(emulator))


def test_an_outage_is_waited_for_and_then_told(emulator: Emulator) -> None:
    """503 is busy; when it stays as long as people wait, the run pauses."""
    emulator.faults.add(match="/listSearchOptions/", kind="status", status=503)
    with desk(emulator, "Computer"):
        pass
    emulator.faults.add(match="/listSearchOptions/", kind="status", status=503, times=None)
    assert isinstance(refusal(emulator), Paused)
