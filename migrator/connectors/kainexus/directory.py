"""People and places of an organization: every way to name one, and its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from migrator.model.lean import dataclass
from migrator.model.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Names of one sort of thing, users or locations. Pure once made."""

    ids: Mapping[str, int]
    """Name, in whatever form, in lower case -> id; a form that two bear stands for neither."""
    whole: bool = True
    """It holds all of them: a name that is not in it is wrong."""
    shared: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Name in lower case that several bear, and that stands for none of them -> their ids."""

    def find(self, text: str) -> int | None:
        """The id that a name, a user name, an e-mail address or an id in text means; None: unknown."""
        return self.ids.get(text.strip().casefold())

    def bearers(self, text: str) -> tuple[int, ...]:
        """The ids of those who share the name; empty where it stands for one or nobody."""
        name = text.strip().casefold()
        return () if name in self.ids else self.shared.get(name, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Users and locations as far as our key may see them."""

    users: Register
    """By user name, e-mail, id, and "First Last" where only one is called so."""
    places: Register
    """By name (where only one is called so) and id."""


NOBODY = Register(ids={}, whole=False)
"""A register that our key may not read: names go to the server as they are."""


def users_of(entries: Iterable[Mapping[str, Any]], *, whole: bool) -> Register:
    """Users by all their names; a user name goes before an id, an e-mail before a full name."""
    people = [entry for entry in entries if isinstance(entry.get("id"), int)]
    addresses = _bearers((str(each.get("email") or ""), each["id"]) for each in people)
    names = _bearers((f"{each.get('firstName') or ''} {each.get('lastName') or ''}", each["id"]) for each in people)
    forms = [
        {str(each["username"]): each["id"] for each in people if each.get("username")},
        {str(each["id"]): each["id"] for each in people},
        _single(addresses),
        _single(names),
    ]
    return Register(ids=_joined(forms), whole=whole, shared={**_several(names), **_several(addresses)})


def people_of(entries: Iterable[Mapping[str, Any]]) -> list[Person]:
    """Users for mappings. A user without a user name goes by the id; INACTIVE is as deleted as one can be."""
    return [
        Person(
            user=str(each.get("username") or each["id"]),
            login=str(each.get("username") or ""),
            name=f"{each.get('firstName') or ''} {each.get('lastName') or ''}".strip(),
            emails=(str(each.get("email") or ""),),
            active=str(each.get("type") or "").upper() != "INACTIVE",
        )
        for each in entries
        if isinstance(each.get("id"), int)
    ]


def places_of(entries: Iterable[Mapping[str, Any]], *, whole: bool) -> Register:
    """Locations by name and id."""
    places = [entry for entry in entries if isinstance(entry.get("id"), int)]
    names = _bearers((str(each.get("name") or ""), each["id"]) for each in places)
    forms = [_single(names), {str(each["id"]): each["id"] for each in places}]
    return Register(ids=_joined(forms), whole=whole, shared=_several(names))


def _bearers(pairs: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    """Name in lower case -> who bears it."""
    bearers: dict[str, set[int]] = {}
    for name, number in pairs:
        if name.strip():
            bearers.setdefault(name.strip().casefold(), set()).add(number)
    return bearers


def _single(bearers: Mapping[str, set[int]]) -> dict[str, int]:
    """Names that only one bears."""
    return {name: min(numbers) for name, numbers in bearers.items() if len(numbers) == 1}


def _several(bearers: Mapping[str, set[int]]) -> dict[str, tuple[int, ...]]:
    """Names that more than one bears."""
    return {name: tuple(sorted(numbers)) for name, numbers in bearers.items() if len(numbers) > 1}


def _joined(forms: Iterable[Mapping[str, int]]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for form in forms:
        for name, number in form.items():
            ids.setdefault(name.strip().casefold(), number)
    return ids
