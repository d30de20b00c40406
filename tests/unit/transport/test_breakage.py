"""Every error of the HTTP libraries has a meaning of ours."""

from __future__ import annotations

import inspect

import pytest
import requests.exceptions
import urllib3.exceptions

from migrator.errors import NotSent
from migrator.transport import client as client_module
from migrator.transport.breakage import REST, broken, row_of
from tests.unit.transport.rawserver import OK, RawServer, answering
from tests.unit.transport.wires import Plain, outcome, told


def library_errors() -> list[type[BaseException]]:
    modules = (requests.exceptions, urllib3.exceptions)
    bases = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)  # only ever raised as their children
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException)
        and kind.__module__ == module.__name__
        and not issubclass(kind, Warning)
        and kind not in bases
    ]


@pytest.mark.parametrize("kind", library_errors(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_the_http_libraries_has_a_row(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    assert row_of(error) is not REST
    assert issubclass(kind, client_module.CAUGHT)


def test_an_error_is_told_by_its_innermost_cause_and_never_by_its_own_text() -> None:
    inner = urllib3.exceptions.NewConnectionError(None, "to http://host/?token=query-secret")  # type: ignore[arg-type]
    inner.__cause__ = ConnectionRefusedError(111, "Connection refused")
    outer = requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/?token=query-secret", inner))  # type: ignore[arg-type]
    found = broken(outer, begun=None)
    assert found.reason == "the connection was refused (Connection refused)"
    assert not found.begun
    assert broken(outer, begun=True).begun, "what the sockets saw counts more"


@pytest.mark.parametrize("url", ["htp://host", "http://", "http://[::1", "http://host:port"])
def test_an_address_that_cannot_be_is_told_at_once(url: str) -> None:
    error = outcome(url)
    assert isinstance(error, NotSent)
    assert "address cannot be used" in told(error)


@pytest.mark.parametrize("value", ["line\nbreak-secret", "鍵 break-secret"])
def test_a_header_that_cannot_be_is_told_without_its_value(value: str) -> None:
    class Broken:
        def headers(self) -> dict[str, str]:
            return {"X-Token": value}

        def login(self) -> None: ...

        def logout(self) -> None: ...

        def secrets(self) -> tuple[str, ...]:
            return ()

    class Wrong(Plain):
        login = Broken()  # type: ignore[assignment]  # as much of an Auth as is used

    with RawServer(answering(OK)) as server:
        error = outcome(server.url, connector=Wrong)
    assert isinstance(error, NotSent)
    assert "a header cannot be sent" in told(error)
    assert "break-secret" not in told(error)
