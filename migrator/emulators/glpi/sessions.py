"""Sessions: who is logged in with which profile, and the entities that were frozen when it opened."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from migrator.emulators.glpi.rights import CREATE, OWN, READ, rights
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row


@dataclass
class Session:
    """One session. entities: ids it may use, the active one first. recursive: 1 after log-in, a bool later
    [observed]. parents: whose recursive items are seen too. profiles: id -> [(entity, recursive)]."""

    token: str
    user: int
    profiles: dict[int, list[tuple[int, int]]]
    profile: int = 0
    active: int = 0
    recursive: int | bool = 1
    entities: dict[int, None] = field(default_factory=dict)
    parents: frozenset[int] = frozenset()
    used: float = 0.0
    list_limit: int = 0


def ancestors(store: Store, number: int) -> list[int]:
    """Ids above an entity, the nearest first."""
    found: list[int] = []
    row = store.row("Entity", number)
    while row is not None and row["entities_id"] is not None and row["entities_id"] not in found:
        found.append(row["entities_id"])
        row = store.row("Entity", row["entities_id"])
    return found


def descendants(store: Store, number: int) -> list[int]:
    """An entity and all below it, by id."""
    found, queue = {number}, [number]
    while queue:
        below = [child for child in store.table("Entity").ids("entities_id", queue.pop()) if child not in found]
        found.update(below)
        queue += below
    return sorted(found)


def open_session(store: Store, user: Row) -> Session:
    """Log a user in: the first profile, its entities as they are now."""
    profiles: dict[int, list[tuple[int, int]]] = {}
    for each in store.table("Profile_User").where(users_id=user["id"]):
        profiles.setdefault(each["profiles_id"], []).append((each["entities_id"], each["is_recursive"]))
    session = Session(secrets.token_hex(16), user["id"], profiles, used=store.clock.now())
    session.list_limit = user["list_limit"] or store.options.list_limit
    if profiles:
        wanted = user["profiles_id"]
        use_profile(store, session, wanted if wanted in profiles else next(iter(profiles)))
    store.sessions[session.token] = session
    return session


def use_profile(store: Store, session: Session, profile: int) -> None:
    """Make one of the user's profiles the active one and load its entities."""
    session.profile = profile
    number, recursive = session.profiles[profile][0]
    activate(store, session, number, bool(recursive))
    session.recursive = recursive


def activate(store: Store, session: Session, number: int | None, recursive: bool) -> bool:
    """Choose the active entity and load its list; None means all. False for one that is not allowed. [observed]"""
    allowed = session.profiles.get(session.profile, [])
    chosen: dict[int, None] = {}
    above: set[int] = set()
    if number is None:
        for top, below in allowed:
            above.update(ancestors(store, top))
            chosen.update(dict.fromkeys(descendants(store, top) if below else [top]))
    else:
        path = ancestors(store, number)
        if not any((top == number or top in path) and (below or not recursive) for top, below in allowed):
            return False
        above.update(path)
        chosen = {number: None}
        if recursive:
            chosen.update(dict.fromkeys(descendants(store, number)))
    if not chosen:
        return False
    session.entities, session.parents = chosen, frozenset(above)
    session.active, session.recursive = next(iter(chosen)), recursive
    return True


def may(session: Session, name: str, right: int) -> bool:
    """Whether the session's profile has a right on an itemtype."""
    held = rights(session.profile, name)
    return bool(held & right) or (right == READ and bool(held & OWN))


def sees(store: Store, session: Session, itemtype: Itemtype, row: Row) -> bool:
    """Whether a row is in the session's entities (or inherited from above them), and the user's own where it
    must be. Entities made after the log-in are not seen. [observed]"""
    if itemtype.name == "Entity":
        return row["id"] in session.entities
    if itemtype.of_entity and row["entities_id"] not in session.entities:
        inherited = row.get("is_recursive") and row["entities_id"] in session.parents
        if not inherited:
            return False
    if rights(session.profile, itemtype.name) & OWN:
        return _is_own(store, session, row)
    return True


def _is_own(store: Store, session: Session, ticket: Row) -> bool:
    """A ticket that the user wrote, asked for or observes. [observed]"""
    if ticket["users_id_recipient"] == session.user:
        return True
    actors = store.table("Ticket_User").where(tickets_id=ticket["id"], users_id=session.user)
    return any(actor["type"] in (1, 3) for actor in actors)


def may_change(store: Store, session: Session, itemtype: Itemtype, row: Row, right: int) -> bool:
    """Whether a row may be updated, trashed or purged: the right, and its entity in the session."""
    if not may(session, itemtype.name, right):
        return False
    if itemtype.name == "Entity":
        return row["id"] in session.entities
    return not itemtype.of_entity or row["entities_id"] in session.entities


def may_create(session: Session, itemtype: Itemtype, values: dict[str, Any]) -> bool:
    """Whether a row may be made, in the entity that the values name."""
    if not may(session, itemtype.name, CREATE):
        return False
    wanted = values.get("entities_id")
    if wanted is None or not (itemtype.of_entity or itemtype.name == "Entity"):
        return True
    try:
        return int(wanted) in session.entities
    except (TypeError, ValueError):
        return False
