"""Who calls: users with passwords, API tokens with rights per app."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.emulators.kintone import assumptions, problems

if TYPE_CHECKING:
    from migrator.emulators.kintone.app import App
    from migrator.emulators.kintone.tenant import Tenant

RIGHTS = frozenset({"view", "add", "edit", "delete", "manage"})
MAX_TOKENS = 9


@dataclass(frozen=True)
class User:
    """A login. `admin`: may manage every app."""

    code: str
    name: str
    password: str = field(repr=False)
    admin: bool = False
    time_zone: str = assumptions.SAMPLE_TIME_ZONE
    organizations: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def shown(self) -> dict[str, str]:
        """As records show a person."""
        return {"code": self.code, "name": self.name}


@dataclass(frozen=True)
class Token:
    """An API token: app id -> rights. Kintone makes one per app; the sample's reaches all sample apps."""

    text: str = field(repr=False)
    rights: dict[int, frozenset[str]]


@dataclass(frozen=True)
class Caller:
    """Whoever sent the request: a user, by password or (as Administrator) by tokens."""

    user: User
    tokens: tuple[Token, ...] = ()

    @property
    def by_token(self) -> bool:
        """Whether tokens, not a password, let the caller in."""
        return bool(self.tokens)

    def may(self, app: "App", right: str) -> bool:
        """Whether this caller has `right` in `app`."""
        if self.by_token:
            return any(right in token.rights.get(app.id, ()) for token in self.tokens)
        return right in app.rights_of(self.user)

    def must(self, app: "App", right: str) -> None:
        """Raise GAIA_NO01 (token) or CB_NO02 (user) without `right` in `app`."""
        if not self.may(app, right):
            raise problems.token_may_not() if self.by_token else problems.no_privilege()

    def must_have_password(self) -> None:
        """Raise GAIA_NO01 where the call takes no tokens."""
        if self.by_token:
            raise problems.token_may_not()


def caller_of(tenant: "Tenant", password: str | None, tokens: str | None) -> Caller:
    """The caller by the two headers' values. With both, the password decides. Raises what is told for bad ones."""
    if password:
        return Caller(_user(tenant, password))
    if tokens:
        return Caller(tenant.users["Administrator"], _tokens(tenant, tokens))
    raise problems.KintoneError(401, "CB_AU01", "Please login.")


def _user(tenant: "Tenant", header: str) -> User:
    try:
        code, _, password = base64.b64decode(header, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        code = password = ""
    user = tenant.users.get(code)
    if user is None or user.password != password:
        raise problems.KintoneError(
            401, "CB_WA01", "Password authentication failed. The login name or the password is wrong."
        )
    return user


def _tokens(tenant: "Tenant", header: str) -> tuple[Token, ...]:
    texts = [text.strip() for text in header.split(",")]
    if len(texts) > MAX_TOKENS:
        raise problems.KintoneError(*assumptions.TOO_MANY_TOKENS, "Too many API tokens are specified.")
    found = [tenant.tokens.get(text) for text in texts]
    tokens = tuple(token for token in found if token is not None)
    if len(tokens) < len(texts):
        raise problems.KintoneError(
            400, "GAIA_IA02", "The specified API token does not match the API token generated via an app."
        )
    apps = [app for token in tokens for app in token.rights]
    if len(set(apps)) < len(apps):
        raise problems.KintoneError(400, "GAIA_DA03", "You cannot specify a duplicate API token for the same app.")
    return tokens
