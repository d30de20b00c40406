"""Which record of an item a version of its project has. How versions select records is assumed."""

from collections.abc import Iterator

from migrator.emulators.ketryx import assumptions
from migrator.emulators.ketryx.item import Item, ItemRecord
from migrator.emulators.ketryx.organization import Project
from migrator.emulators.ketryx.refusal import Refusal
from migrator.emulators.ketryx.search import State
from migrator.emulators.ketryx.store import Store


def states(store: Store, project: Project, version: str | None, compared: str | None) -> dict[str, State]:
    """Item id -> its state; items of other projects as they are now, for relations lead there.

    Without `version` the current records. With `compared` each says what it is against that version. Raises
    Refusal 400 for a version that the project has not.
    """
    at, against = _place(project, version), _place(project, compared)
    found = {}
    for item in store.items.values():
        if item.project != project.id:
            found[item.id] = State(item, item.current)
        elif store.switches.excluded_in_records or not item.excluded:
            found.update((item.id, state) for state in _state(project, item, at, against))
    return found


def _state(project: Project, item: Item, at: int | None, against: int | None) -> Iterator[State]:
    record = item.current if at is None else _as_of(project, item, at)
    if against is None:
        if record is not None:
            yield State(item, record)
        return
    before = _as_of(project, item, against)
    if record is None and before is not None:
        yield State(item, before, "removed")
    elif record is not None:
        yield State(item, record, "new" if before is None else "" if before == record else "changed")


def _as_of(project: Project, item: Item, at: int) -> ItemRecord | None:
    """The newest record that was introduced by then, unless it was obsolete by then."""
    for record in reversed(item.records):
        introduced = 0 if record.introduced is None else project.place_of(record.introduced)
        if introduced is not None and introduced <= at:
            gone = None if record.obsolete is None else project.place_of(record.obsolete)
            return None if gone is not None and gone <= at else record
    return None


def _place(project: Project, version_id: str | None) -> int | None:
    if version_id is None:
        return None
    place = project.place_of(version_id)
    if place is None:
        raise Refusal(assumptions.BAD_REQUEST_STATUS, f"Version {version_id} not found in project {project.id}")
    return place
