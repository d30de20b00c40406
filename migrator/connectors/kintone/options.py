"""What a playbook says about Kintone: where it is, how to log in, which records to read; and the login's headers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal

from migrator.contract import Auth
from migrator.model.described import about
from migrator.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login: an API token, or a user's name and password."""

    url: str = field(metadata=about("Address of the Kintone domain.", examples=("https://acme.kintone.com",)))
    api_token: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "API token of the app; several, joined by commas, where a step touches several apps or a lookup.",
            secret=True,
            examples=("{{ env.KINTONE_API_TOKEN }}",),
        ),
    )
    username: str | None = field(
        default=None, metadata=about("Login name, instead of a token.", examples=("{{ env.KINTONE_USERNAME }}",))
    )
    password: str | None = field(
        default=None,
        repr=False,
        metadata=about("Password of that login.", secret=True, examples=("{{ env.KINTONE_PASSWORD }}",)),
    )
    guest_space: int | None = field(
        default=None, metadata=about("Id of the guest space that the apps belong to.", examples=(7,))
    )
    basic_username: str | None = field(
        default=None, metadata=about("Login name of the Basic authentication in front of the domain.")
    )
    basic_password: str | None = field(
        default=None, repr=False, metadata=about("Password of the Basic authentication.", secret=True)
    )

    def problems(self) -> Iterator[str]:
        """What is wrong with them that types cannot tell, as sentences; `env` expressions count as given."""
        if "{{" not in self.url and not self.url.startswith(("https://", "http://")):
            yield "`url` starts with https://, such as https://acme.kintone.com"
        if bool(self.username) != bool(self.password):
            yield "`username` and `password` go together"
        if self.api_token and self.username:
            yield "give `api_token`, or `username` and `password`: with both, Kintone does not look at the token"
        if not self.api_token and not self.username:
            yield "a login is missing: give `api_token`, or `username` and `password`"
        if bool(self.basic_username) != bool(self.basic_password):
            yield "`basic_username` and `basic_password` go together"

    @property
    def address(self) -> str:
        """The base URL without a trailing slash; the browser's `/k` at its end is dropped too."""
        return self.url.rstrip("/").removesuffix("/k")

    @property
    def root(self) -> str:
        """Path that all calls begin with."""
        return "/k/v1" if self.guest_space is None else f"/k/guest/{self.guest_space}/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which records of an app."""

    query: str = field(
        default="",
        metadata=about(
            "Condition in Kintone's query language, with `order by` where the order matters.",
            examples=('status in ("Open") and amount > 100',),
        ),
    )
    fields: tuple[str, ...] | None = field(
        default=None, metadata=about("Field codes to read; all that the step needs where left out.")
    )
    reading: Literal["auto", "cursor", "id"] = field(
        default="auto",
        metadata=about("By record id, or by a cursor; auto takes a cursor only where the query has an order."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write: nothing to choose yet."""


class Login(Auth):
    """Headers of every request. Kintone has no sessions for programs."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def headers(self) -> Mapping[str, str]:
        """Token or password, Basic in addition where the domain wants it; English messages where it may choose."""
        options = self._options
        headers = {"Accept-Language": "en"}
        if options.username:
            headers["X-Cybozu-Authorization"] = _base64(options.username, options.password)
        elif options.api_token:
            headers["X-Cybozu-API-Token"] = options.api_token
        if options.basic_username:
            headers["Authorization"] = f"Basic {_base64(options.basic_username, options.basic_password)}"
        return headers

    def secrets(self) -> tuple[str, ...]:
        """Tokens (together and one by one), passwords, and the forms in which they travel."""
        options = self._options
        tokens = [] if not options.api_token else [options.api_token, *options.api_token.split(",")]
        logins = [(options.username, options.password), (options.basic_username, options.basic_password)]
        derived = [text for user, word in logins if user and word for text in (word, _base64(user, word))]
        return tuple(dict.fromkeys(text.strip() for text in [*tokens, *derived] if text.strip()))


def _base64(user: str, password: str | None) -> str:
    return b64encode(f"{user}:{password or ''}".encode()).decode()
