"""What users write about KaiNexus: the system's keys, source.query, target.options; and the login."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from migrator.contract import Answer, Auth, Call
from migrator.model.described import about
from migrator.model.lean import dataclass


class Form(StrEnum):
    """What a playbook may say a custom name is, where no item of the card shows it."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    ATTRIBUTE = "attribute"
    MILESTONE = "milestone"


class CallForm(StrEnum):
    """Which of the two writing calls carries the changes."""

    ITEM_LIST = "itemList"
    ITEM = "item"


_KINDS = about(
    "What custom fields hold; wins over what sample items show, needed where none shows it.",
    examples=({"Cost": "number", "Due": "date", "Category": "attribute"},),
)
_LIMIT = about("Items of one page, at most 20,000.", examples=(1000,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login."""

    url: str = field(
        metadata=about(
            "Address without a path; EU customers have their own.",
            examples=("https://api.kainexus.com", "https://eu-prod.kainexus.com"),
        )
    )
    api_key: str = field(metadata=about("An API key.", secret=True))
    tenant: str = field(
        metadata=about(
            "A name for the organization, never changed: one host serves all customers, and no call tells which.",
            examples=("acme",),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which items: all of the card that `collection` names, or those of one template on the card `list`."""

    list: int | None = field(
        default=None,
        metadata=about("Id of an Item List card; then `collection` is the template, by name or id.", examples=(345,)),
    )
    limit: int = field(default=1000, metadata=_LIMIT)
    kinds: Mapping[str, Form] = field(default_factory=dict, metadata=_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How items of the template `collection` are written, and where they can be seen."""

    list: int = field(
        metadata=about("Id of an Item List card that shows every item of the template.", examples=(345,))
    )
    call: CallForm = field(
        default=CallForm.ITEM_LIST,
        metadata=about("`itemList`: many items a call, 5 calls a minute. `item`: one a call, without that limit."),
    )
    batch: int = field(default=100, metadata=about("Items of one itemList call; the vendor names no maximum."))
    notify: bool = field(default=False, metadata=about("KaiNexus tells people of each change, as of one by hand."))
    status_checks: bool = field(
        default=True,
        metadata=about("What each status requires by the vendor's table; false where your template differs."),
    )
    undocumented_delete: bool = field(
        default=False,
        metadata=about("Allows deletes, by a status that the vendor does not document and nothing takes back."),
    )
    limit: int = field(default=1000, metadata=_LIMIT)
    kinds: Mapping[str, Form] = field(default_factory=dict, metadata=_KINDS)


def complaints(options: Options) -> tuple[str, ...]:
    """What is wrong with the Options, as sentences; `env` expressions are let pass."""
    found = []
    if "{{" not in options.url:
        scheme, _, rest = options.url.partition("://")
        if scheme not in ("https", "http") or "/" in rest.rstrip("/") or not rest.strip("/"):
            found.append("url is scheme and host alone, such as https://api.kainexus.com: the path is added")
    if "{{" not in options.tenant and (not options.tenant.strip() or options.tenant != options.tenant.strip()):
        found.append("tenant is a short name for your organization, without blanks around it")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicLogin(Auth):
    """HTTP Basic: the literal user "api", the key as password. [seed manual]"""

    key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The same for every request."""
        return {"Authorization": f"Basic {self._pair}", "Accept": "application/json"}

    def secrets(self) -> tuple[str, ...]:
        """The key, and as Basic spells it."""
        return (self.key, self._pair)

    def login(self) -> Call | None:
        """There is none."""
        return None

    def session(self, answer: Answer) -> Mapping[str, str]:
        """There is none."""
        return {}

    @property
    def _pair(self) -> str:
        return b64encode(f"api:{self.key}".encode()).decode("ascii")
