"""GLPI's users and their e-mail addresses as people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from migrator.model.people import Person


def people_of(users: Iterable[Mapping[str, Any]], addresses: Iterable[Mapping[str, Any]]) -> list[Person]:
    """Rows of User and of UserEmail, where the addresses stand. [observed] User fields hold ids."""
    of_user: dict[str, list[tuple[bool, str]]] = {}
    for row in addresses:
        entry = (not row.get("is_default"), str(row.get("email") or ""))
        of_user.setdefault(str(row.get("users_id")), []).append(entry)
    return [_person(row, sorted(of_user.get(str(row["id"]), []))) for row in users if "id" in row]


def _person(row: Mapping[str, Any], addresses: list[tuple[bool, str]]) -> Person:
    return Person(
        user=str(row["id"]),
        login=str(row.get("name") or ""),
        name=f"{row.get('realname') or ''} {row.get('firstname') or ''}".strip(),
        emails=tuple(address for _, address in addresses),
        active=bool(row.get("is_active", 1)),
    )
