"""How Kintone is reached: address, login, identity, and what counts as busy."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.connectors.kintone import Kintone
from migrator.contract import Answer


def identity(**options: Any) -> str:
    """Asks nothing of the wire."""
    return Kintone(Kintone.Options(**options), wire=None).identity()  # type: ignore[arg-type]  # nothing is asked


def answered(status: int, body: bytes = b"") -> Answer:
    """An answer to a read."""
    return Answer(status=status, headers={}, body=body)


def test_the_login_travels_in_the_vendors_headers() -> None:
    """A token, or name and password in base64; Basic beside them; each form counts as a secret."""
    auth = Kintone.auth(Kintone.Options(url="https://a.example", api_token="T1,T2"))
    assert auth.headers()["X-Cybozu-API-Token"] == "T1,T2"
    assert set(auth.secrets()) == {"T1,T2", "T1", "T2"}
    options = Kintone.Options(
        url="https://a.example", username="ann", password="pass", basic_username="b", basic_password="word"
    )
    headers = Kintone.auth(options).headers()
    assert headers["X-Cybozu-Authorization"] == "YW5uOnBhc3M="
    assert headers["Authorization"] == "Basic Yjp3b3Jk"
    assert set(Kintone.auth(options).secrets()) == {"pass", "YW5uOnBhc3M=", "word", "Yjp3b3Jk"}
    assert "pass" not in repr(options) and "word" not in repr(options).replace("password", "")


def test_identity_is_host_and_space() -> None:
    """Whatever the letters' case, the path or the login."""
    assert identity(url="https://ACME.kintone.example/k/") == "kintone:acme.kintone.example"
    assert identity(url="https://acme.kintone.example", guest_space=7) == "kintone:acme.kintone.example/guest/7"
    assert identity(url="http://localhost:8081") == "kintone:localhost:8081"
    assert Kintone.address(Kintone.Options(url="https://acme.kintone.example/k/")) == "https://acme.kintone.example"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"url": "acme.kintone.example", "api_token": "T"}, "https://"),
        ({"url": "https://a.example"}, "login is missing"),
        ({"url": "https://a.example", "username": "ann"}, "go together"),
        ({"url": "https://a.example", "username": "ann", "password": "p", "api_token": "T"}, "does not look"),
        ({"url": "https://a.example", "api_token": "T", "basic_username": "b"}, "go together"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, Any], word: str) -> None:
    """Each in one sentence; sensible ones, `env` expressions too, pass."""
    (sentence,) = Kintone.check(Kintone.Options(**options))
    assert word in sentence
    assert Kintone.check(Kintone.Options(url="{{ env.KINTONE_URL }}", api_token="{{ env.T }}")) == ()


def test_a_failed_lock_is_busy_though_it_is_a_400() -> None:
    """A read meets it too (observed); any other 400 is final."""
    assert Kintone.busy(answered(400, b'{"code":"GAIA_DA02"}'))
    assert Kintone.busy(answered(503))
    assert not Kintone.busy(answered(400, b'{"code":"GAIA_IQ11"}'))
