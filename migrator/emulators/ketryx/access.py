"""API keys: they belong to the organization, and each carries its own permissions. [docs]"""

from collections.abc import Mapping
from dataclasses import dataclass, field

LIST_PROJECTS = "list projects"
GET_ITEMS = "get items"
WRITE_ITEMS = "write items"
CREATE_PROJECT = "create project"
DELETE_PROJECT = "delete project"
PROJECT_SETTINGS = "manage project settings"

PERMISSIONS = frozenset(
    {LIST_PROJECTS, GET_ITEMS, WRITE_ITEMS, CREATE_PROJECT, DELETE_PROJECT, PROJECT_SETTINGS}
    | {"create version", "delete version", "list versions", "get generated document", "report test results"}
    | {"retrieve release status", "get repository", "list user groups"}
)
"""All that the key form lists. [docs]"""


@dataclass(frozen=True)
class Key:
    """A token and what it may do."""

    token: str = field(repr=False)
    permissions: frozenset[str]


SAMPLE_KEY = "KXTK_full"

KEYS: Mapping[str, Key] = {
    token: Key(token, rights)
    for token, rights in {
        SAMPLE_KEY: PERMISSIONS,
        "KXTK_read": frozenset({GET_ITEMS, LIST_PROJECTS}),
        "KXTK_nowrite": PERMISSIONS - {WRITE_ITEMS},
    }.items()
}
"""The keys of the sample organization. [assumption]"""
