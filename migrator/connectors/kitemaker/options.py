"""What users write about Kitemaker: the system's keys, source.query, target.options; and the login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from migrator.contract import Auth
from migrator.model.described import about
from migrator.model.lean import dataclass

HOST = "https://toil.kitemaker.co"
"""Where both interfaces are. [vendor docs]"""


class StatusType(StrEnum):
    """What a column means, whatever it is called. [vendor's client]"""

    BACKLOG = "BACKLOG"
    TODO = "TODO"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    ARCHIVED = "ARCHIVED"


class CallForm(StrEnum):
    """Which interface carries the changes."""

    REST = "rest"
    GRAPHQL = "graphql"


class Labels(StrEnum):
    """What becomes of labels that an item has and the playbook does not name."""

    ADD_ONLY = "add_only"
    EXACT = "exact"


class Placement(StrEnum):
    """Where in its column an item goes."""

    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login."""

    token: str = field(
        repr=False,
        metadata=about(
            "A personal access token or an application's; the latter sees no private spaces.",
            secret=True,
            examples=("{{ env.KITEMAKER_TOKEN }}",),
        ),
    )
    url: str = field(default=HOST, metadata=about("Scheme and host alone.", examples=(HOST,)))
    graphql: bool = field(
        default=True,
        metadata=about("false: ask the REST interface alone. It shows 50 items of a space; more are an error."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a source is read."""

    status_types: tuple[StatusType, ...] = field(
        default=(),
        metadata=about(
            "Only work items (and comments of those) whose column is of one of these types.",
            examples=(["TODO", "IN_PROGRESS"],),
        ),
    )
    strip_markers: bool = field(
        default=True, metadata=about("Leave out the line by which an earlier migration marked a text.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a target is written."""

    call: CallForm = field(
        default=CallForm.REST,
        metadata=about(
            "`rest`: new records are dated by the time of writing, people are not written. `graphql`: people as "
            "wanted, dates of the source on new records, new items on top of their column."
        ),
    )
    labels: Labels | None = field(
        default=None,
        metadata=about(
            "`add_only`: labels that an item has stay (REST knows nothing else, so it is the default with "
            "`call: rest`). `exact`: the others are taken off, by GraphQL (the default with `call: graphql`)."
        ),
    )
    placement: Placement = field(
        default=Placement.BOTTOM,
        metadata=about("Where `rest` puts new and moved items; `bottom` keeps the order of the source."),
    )

    @property
    def exact(self) -> bool:
        """Labels that are not wanted any more are taken off."""
        return self.labels is Labels.EXACT if self.labels is not None else self.call is CallForm.GRAPHQL


def complaints(options: Options) -> tuple[str, ...]:
    """What is wrong with the Options, as sentences; `env` expressions are let pass."""
    if "{{" in options.url:
        return ()
    scheme, _, rest = options.url.partition("://")
    if scheme not in ("https", "http") or "/" in rest.rstrip("/") or not rest.strip("/"):
        return (f"url is scheme and host alone, such as {HOST}: the paths are added",)
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(Auth):
    """One token, in the header of each interface. [seed manual, vendor docs]"""

    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The same for every request."""
        return {"X-API-KEY": self.token, "Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.token,)
