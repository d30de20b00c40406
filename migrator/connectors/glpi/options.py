"""What a playbook says about GLPI: where it is, how to log in, which items to read, how to write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from migrator.model.described import about

SCRIPTS = ("/apirest.php", "/api.php/v1", "/api")
"""Path of the entry script, its place in GLPI 11, and what some sites rewrite to it. [vendor docs]"""

Block = Literal[
    "devices", "disks", "softwares", "connections", "networkports", "infocoms", "contracts", "documents", "tickets",
    "problems", "changes", "notes", "logs",
]  # fmt: skip

_PAGE = about("Items of one page; the server takes any number.", examples=(500,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login: a user's API token, or name and password."""

    url: str = field(
        metadata=about(
            "Address of GLPI; `/apirest.php` is added where it is missing.",
            examples=("https://glpi.example/apirest.php",),
        )
    )
    app_token: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "Token of the API client; a server that asks for none refuses any.",
            secret=True,
            examples=("{{ env.GLPI_APP_TOKEN }}",),
        ),
    )
    user_token: str | None = field(
        default=None,
        repr=False,
        metadata=about("A user's API token.", secret=True, examples=("{{ env.GLPI_USER_TOKEN }}",)),
    )
    username: str | None = field(
        default=None, metadata=about("Login name, instead of a token; the server must allow it.")
    )
    password: str | None = field(default=None, repr=False, metadata=about("Password of that login.", secret=True))
    profile: int | None = field(
        default=None, metadata=about("Id of the profile to work under; else the user's default.", examples=(4,))
    )
    entity: int | None = field(
        default=None, metadata=about("Id of the entity to work in; else the user's default.", examples=(0,))
    )
    recursive: bool = field(default=True, metadata=about("Entities below `entity` are seen too."))

    @property
    def address(self) -> str:
        """The entry script's address, without a trailing slash."""
        url = self.url.rstrip("/")
        return url if url.endswith(SCRIPTS) else f"{url}{SCRIPTS[0]}"

    @property
    def place(self) -> str:
        """Host and path without the script: which GLPI it is, however its API is reached."""
        parts = urlsplit(self.address)
        path = next(parts.path.removesuffix(script) for script in SCRIPTS if parts.path.endswith(script))
        return f"{parts.netloc.rpartition('@')[2].lower()}{path}"

    def problems(self) -> Iterator[str]:
        """What is wrong with them that types cannot tell, as sentences; `env` expressions count as given."""
        if "{{" not in self.url and not self.url.startswith(("https://", "http://")):
            yield "`url` starts with https://, such as https://glpi.example/apirest.php"
        if bool(self.username) != bool(self.password):
            yield "`username` and `password` go together"
        if self.user_token and self.username:
            yield "give `user_token`, or `username` and `password`"
        if not self.user_token and not self.username:
            yield "a login is missing: give `user_token`, or `username` and `password`"
        if self.entity is None and not self.recursive:
            yield "`recursive: false` needs an `entity`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which items of the type `collection`, and what is told of them."""

    searchText: Mapping[str, str | int] = field(  # noqa: N815  the vendor's word
        default_factory=dict,
        metadata=about(
            "Column -> text that it contains; `^` and `$` pin its ends, `%` stands for anything; all must fit.",
            examples=({"name": "^pc-"},),
        ),
    )
    criteria: tuple[Mapping[str, Any], ...] = field(
        default=(),
        metadata=about(
            "Criteria of GLPI's search; `field` is a column or the number of a search option.",
            examples=([{"field": "states_id", "searchtype": "equals", "value": 1}],),
        ),
    )
    parent: str | None = field(
        default=None, metadata=about("Only what hangs on this item: TYPE/ID.", examples=("Ticket/12",))
    )
    is_deleted: bool = field(default=False, metadata=about("The trash instead of what stands."))
    templates: bool = field(default=False, metadata=about("Templates too."))
    expand_dropdowns: bool = field(default=False, metadata=about("Names instead of ids; 0 stays 0."))
    add_keys_names: tuple[str, ...] = field(
        default=(),
        metadata=about("Keys whose names come beside the ids, in `_keys_names`.", examples=(["states_id"],)),
    )
    blocks: tuple[Block, ...] = field(
        default=(),
        metadata=about("What comes along with each item: `infocoms` as `_infocoms`, …", examples=(["infocoms"],)),
    )
    page: int = field(default=500, metadata=_PAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How items of the type `collection` are written."""

    batch: int = field(
        default=100, metadata=about("Items of one request, at most 500: more make the answer's headers too long.")
    )
    purge: bool = field(default=False, metadata=about("Deletes take away instead of moving to the trash."))
    page: int = field(default=500, metadata=_PAGE)
