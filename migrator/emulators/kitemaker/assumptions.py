"""What no public source settles about Kitemaker, chosen here: one named constant or one switch each.

Marks used in this folder: [seed] the REST manual; [docs] other pages and repositories of the vendor; [client source]
the vendor's own command line client with its copy of the GraphQL schema; [inferred] follows from those.
Everything in this file is [assumption].
"""

from dataclasses import dataclass
from typing import Literal

BAD_REQUEST = "BAD_REQUEST"
"""Code of 400; only the status is documented."""

TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
"""Code of 429; only the status is documented."""

STATUS_NOT_FOUND = "STATUS_NOT_FOUND"
"""Code of 404 for an unknown status."""

LABEL_NOT_FOUND = "LABEL_NOT_FOUND"
"""Code of 404 for an unknown label, or one of another space."""

ENTITY_NOT_FOUND = "ENTITY_NOT_FOUND"
"""Code of 404 for anything else that an id names: linked entities, people, levels, columns."""

UNKNOWN_PATH = (404, "NOT_FOUND")
"""Status and code where there is no such path."""

WRONG_METHOD = (405, "METHOD_NOT_ALLOWED")
"""Status and code where the path is there and the method is not."""

JSON_WHATEVER_THE_LABEL = True
"""A body is read as JSON without a look at Content-Type: the manual's own curl lines send none."""

DEFAULT_COUNT = 50
"""How many the recent lists show where `count` is left out."""

GRAPHQL_ERROR_STATUS = 200
"""Status of a GraphQL answer with `errors`."""

GRAPHQL_BY_BEARER_ONLY = True
"""The GraphQL address takes no X-API-KEY, and REST no Bearer."""

NEWEST_FIRST = True
"""GraphQL lists go by number, falling."""

EMPTY_DESCRIPTION_CLEARS = True
"""`description: ""` empties it."""

NULL_CLEARS = True
"""`effort: null`, `impact: null` and `description: null` empty; for title and status null is as left out."""

FOREIGN_STATUS = 400
"""Status of a PUT whose `statusId` is of another space."""

SAME_NAME_MAKES_TWO = True
"""Label names are no keys: creating one again makes a second."""

EMPTY_PUT_KEEPS_DATE = True
"""A PUT that names nothing but the id is answered 200 and leaves `updatedAt`."""

UNKNOWN_KEYS_IGNORED = True
"""Keys of a body that the manual does not name change nothing."""

DONE_CLOSES = True
"""A status of type DONE sets `closedAt`, one of type ARCHIVED `archivedAt`; leaving it clears them."""

MENTIONED_LEVELS_ONLY = True
"""GraphQL takes the space's own words for effort and impact, in any case, and no others."""

PERSON_BY_EMAIL = True
"""`personEmail` finds the person with the address in any case, or makes one named by it."""

INSIGHT_WHERE_LINKED = True
"""Feedback gets an insight only where entities are named for it."""

FEEDBACK_PREFIX = "F"
"""`feedbackByNumber` takes `F-123`, as `initiativeByNumber` takes `I-123`."""

PACE_CALLS = 60
PACE_SECONDS = 60.0
"""Calls of one token, REST and GraphQL together, in any window of so many seconds; then 429 with Retry-After."""

RENDERED_END = "\n"
"""What the server's rendering leaves at the end of a text that is not empty; samples show one line end or two."""

COLORS = ("brown", "e91e63", "3f51b5", "009688", "ff9800")
"""What stands where a colour is left out: the manual says random; ours go round."""


@dataclass
class Switches:
    """What may be turned while an emulator serves.

    labels_on_put: whether PUT joins `labelIds` to those that stand or puts them in their place.
    rendered: whether texts come back with RENDERED_END; off, as they were sent.
    partial_errors: whether a GraphQL answer carries an error beside its data, as one was seen to.
    """

    labels_on_put: Literal["add", "replace"] = "add"
    rendered: bool = True
    partial_errors: bool = False
