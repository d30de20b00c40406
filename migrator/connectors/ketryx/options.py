"""What users write about Ketryx: the system's keys, source.query, target.options; and the login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal

from migrator.contract import Auth
from migrator.model.described import about
from migrator.model.lean import dataclass


class Form(StrEnum):
    """What a playbook may say a label holds; the names of JSON's types, as Ketryx tells them."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"


_KINDS = about(
    "What labels hold; wins over what sample records show, needed where none shows it.",
    examples=({"Description": "string", "Severity": "number"},),
)
_LIMIT = about("Entries of one page, 1 to 1000.", examples=(200,))
_RELATIONS = about("Names of your custom relations, beside the vendor's.", examples=(["mitigates"],))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login."""

    url: str = field(metadata=about("Address without a path.", examples=("https://app.ketryx.com",)))
    api_key: str = field(
        repr=False,
        metadata=about("An API key of the organization, with the permission to get items.", secret=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which records of a project, in which version."""

    kql: str = field(
        default="*",
        metadata=about("Condition in Ketryx' query language.", examples=('type:RQ and "Priority":("1","2")',)),
    )
    version: str | None = field(
        default=None, metadata=about("Id of the version (KXVSN…) whose records are read; the current ones without.")
    )
    compared_version: str | None = field(
        default=None, metadata=about("Id of the version that `diff:` in the query compares with.")
    )
    records: Literal["current", "all"] = field(
        default="current",
        metadata=about("`all`: every record that an item ever had, each a record of its own; one more call an item."),
    )
    extras: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "What else Ketryx should tell, each a field; makes answers big.", examples=(["approvalState"],)
        ),
    )
    kinds: Mapping[str, Form] = field(default_factory=dict, metadata=_KINDS)
    limit: int = field(default=1000, metadata=_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How items of a project are written."""

    type: str | None = field(
        default=None,
        metadata=about(
            "Type of the items, by its name; only these are looked at. Without it `fields` sets `type`, and all "
            "items are looked at.",
            examples=("Requirement",),
        ),
    )
    foreign: Literal["refuse", "change"] = field(
        default="refuse",
        metadata=about("Items that Jira or another system sends: refused while planning, or changed until its sync."),
    )
    probe: bool = field(
        default=True,
        metadata=about(
            "Ask the writing call, while planning, to change an item that cannot be: nothing comes of it, and the "
            "refusal tells whether the call is switched on. `false`: no POST is sent, and the plan says so."
        ),
    )
    relations: tuple[str, ...] = field(default=(), metadata=_RELATIONS)
    ignore_relations: tuple[str, ...] = field(
        default=(),
        metadata=about("Relations that items only show, such as reverse ones; they are not sent along."),
    )
    write_only: tuple[str, ...] = field(
        default=(),
        metadata=about("Labels that are written and never compared, since they read back otherwise."),
    )
    kinds: Mapping[str, Form] = field(default_factory=dict, metadata=_KINDS)
    limit: int = field(default=1000, metadata=_LIMIT)


def complaints(options: Options) -> tuple[str, ...]:
    """What is wrong with the Options, as sentences; `env` expressions are let pass."""
    if "{{" in options.url:
        return ()
    scheme, _, rest = options.url.partition("://")
    if scheme in ("https", "http") and rest.strip("/") and "/" not in rest.rstrip("/"):
        return ()
    return ("url is scheme and host alone, such as https://app.ketryx.com: the path is added",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer(Auth):
    """The key in the Authorization header of every call. [vendor docs]"""

    key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The same for every request."""
        return {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}

    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self.key,)
