"""What no public page settles, chosen here: a switch where clients should stand either way, else a constant.

A first contact with the real system that shows otherwise changes a line here and nothing else.
"""

from dataclasses import dataclass
from typing import Literal

UNAUTHORIZED = (401, "Unauthorized")
"""No token, or an unknown one."""

FORBIDDEN_STATUS = 403
"""A key without the permission, the preview switched off, items that the project does not let anybody write."""

NOT_FOUND_STATUS = 404
"""A project or item that is unknown or another organization's."""

BAD_REQUEST_STATUS = 400
"""A bad parameter, query or body."""

TOO_MANY = (429, "Too many requests")
"""The bucket is empty; `Retry-After` tells whole seconds."""

SOURCE_ID_MAX = 255
"""Characters of a `sourceId`."""

EXTERNAL_SYSTEM = "API"
"""The `system` under which an item shows the `sourceId` that it was made with, as `id`."""

JIRA_SYSTEM = "Jira"
"""The `system` of an item that Jira sends."""

ID_TAKES = ("item", "record", "external key")
"""What `id:` in a query compares with."""

BOOLEANS_FOLD_CASE = True
"""`AND` is `and`; `*` and `none` count as written (docs)."""

STRING_ESCAPE = "\\"
"""In a string of a query this takes the next character as it stands."""

NAMES_FOLD_CASE = True
"""Types, relations and filters of a query are found whatever their case; labels and values count as written."""

TITLE_IS_A_FILTER = True
"""`title:"text"` finds by the whole title."""

NOBODY_IS_ME = True
"""An API key belongs to the organization: `assignee:me` and `approved:me` find nothing."""

TYPE_IS_FIXED = True
"""A known item sent with another `type` is refused."""

VALUES_FIT_TYPES = True
"""A value that is not of its field's JSON type is refused."""

UNKNOWN_KEYS_PASS = True
"""Keys of a body that no source names are not looked at."""

NULL_CLEARS = True
"""`value: null` empties a field."""

PROJECT_NAME_IS_WHOLE = True
"""`name` of the project list finds whole names, not parts."""

UNKNOWN_EXTRAS_PASS = True
"""A word of `fields=` that is not known changes nothing (the manual's own example holds one)."""

APPROVAL_STEPS = ("RD", "QM")
"""Groups whose approvals the sample's types ask for, in this order."""


@dataclass
class Switches:
    """How this organization behaves where nobody knows; a test sets them on `emulator.store.switches`."""

    preview: bool = True
    """The feature flag of the writing call. It is real [seed]; that 403 is its answer when off is assumed."""
    source_id_shown: bool = True
    """`externalIds` of an item show its sourceId."""
    empty_is: Literal["null", "absent"] = "null"
    """How a record of an item, or a version, that is not there shows."""
    page_cap: int = 1000
    """The server's own limit of a page, below the documented 1000; the answer shows what held."""
    clamp: bool = False
    """A `maxResults` or `startAt` out of range is brought into it instead of refused."""
    sequences: Literal["refused", "by kind"] = "refused"
    """A bare sequence of different kinds in a query: an error, or an intersection as the published examples read."""
    excluded_in_records: bool = True
    """Records of excluded items come with queries."""
    rich_text: bool = False
    """Texts of several lines come back as HTML."""
    reverse_relations: bool = False
    """The target of a relation shows it too, under its reverse name."""
    bucket: tuple[int, float] | None = None
    """(calls, seconds) of a rate limit; none is published."""
