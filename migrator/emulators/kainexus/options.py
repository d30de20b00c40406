"""Every choice that no public source settles, in one place, each with its mark.

Marks: [seed] the JSON Item Update article; [docs] other articles of the vendor's support site; [qa] public
test code that asserts on a real test instance; [inferred] follows from those; [assumption] nothing public.
"""

from dataclasses import dataclass
from typing import Literal

API_USER = "api"
"""User name of Basic authentication. [seed]"""
SAMPLE_KEY = "kainexus-sample-key"
"""The API key of both seeds; a real one is longer. [assumption]"""
PREFIX = "/api/public/v1"
"""Path before `/json/...`. [seed]"""

LINK = "https://kainexus.example/#/item/{}"
"""The address of an item in a browser. [assumption]"""

PACE_CALLS = 5
PACE_SECONDS = 60.0
"""Five calls in a minute are recommended [seed]; that the window slides and ends in 429 is [assumption]."""
UNPACED = ("PUT", "/json/item")
"""No limit when one item at a time is updated [seed]; that every other call counts is [assumption]."""

DEFAULT_STATUS = "NEW"
"""Status type of an item created without one. [assumption]"""
DELETED = "DELETED"
"""Undocumented status; the item then answers ACCESS_DENIED. [qa]"""
OVERDUE_SUFFIX = " (Overdue)"
"""How the twin of an ACTIVE status is named when the switch is on. [assumption]"""
MILESTONE_STATUSES = {
    "APPROVED": "APPROVED",  # [seed]
    "NOT_APPROVED": "NOT_APPROVED",  # [seed]
    "READY": "READY",  # [docs]
    "NOT READY": "NOT READY",  # [docs], printed with a blank
    "NOT_READY": "NOT READY",  # [assumption]: the spelling that the other names suggest
}
MILESTONE_AT_FIRST = "NOT READY"
"""State of a milestone nobody has touched. [assumption]"""

SUMMARY_MAX = 255
TEXT_MAX = 4_000
TEXT_AREA_MAX = 1_000_000
"""Characters; more is SIZE. That limits exist is [seed], the numbers are [assumption]."""

SERVER_SET = frozenset({"link", "parentSummary", "lastUpdateDate", "likeCount", "ackCount", "voteCount"})
"""Keys taken in writes and ignored: the vendor's own examples write some of them. [assumption]"""


@dataclass
class Options:
    """Switches of one emulator; they may be turned while it serves.

    error_http: status of answers that carry an error code: always 200, or mapped (NOT_FOUND 404, ACCESS_DENIED
        403, the rest 400). The vendor's page on status codes was not visible. [assumption]
    atomic: a batch with one bad item keeps none of it; off, each item stands alone. [assumption]
    max_items: most items of one PUT itemList; more is SIZE. None published. [assumption]
    default_limit: page length when `limit` is not given; documented is 20,000, small pages find more
        bugs. [assumption]
    max_limit: highest `limit` [docs]; above it NOT_VALID [assumption].
    overdue_twin: reads of ACTIVE items past their due date show the twin's name as customStatus. [assumption]
    read_comments: reads carry `comments`. Unknown ("maybe"); off. [assumption]
    lenient_dates: take any ISO 8601 instant; off, only the documented form with milliseconds and a numeric
        offset without colon. [assumption]
    trim_text: strip blanks around text values on saving. [assumption]
    refuse_unknown_keys: NOT_VALID for item keys that no source names; off, they are ignored. [assumption]
    """

    error_http: Literal["200", "mapped"] = "200"
    atomic: bool = False
    max_items: int | None = None
    default_limit: int = 50
    max_limit: int = 20_000
    overdue_twin: bool = False
    read_comments: bool = False
    lenient_dates: bool = False
    trim_text: bool = False
    refuse_unknown_keys: bool = False
