"""What is in doubt or in conflict: look at what stands, then decide. Nothing is sent again unseen.

Equal to what was wanted (a delete: absent): done. Equal to what stood while planning (a create: absent): again.
Anything else: a conflict that shows what was found. Equal is `as_stored`, over the line's own fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from migrator.errors import Conflict
from migrator.executor.after import After
from migrator.executor.load import Load, settled_done, settled_not, turned
from migrator.executor.look import as_planned, as_wanted, guarded, look, marker, shown, shows, traceable
from migrator.executor.way import Way
from migrator.model.plan import Action, Change, PlanKind
from migrator.model.playbook import OnGone, OnTaken
from migrator.model.run import Cause, Status
from migrator.model.values import Record
from migrator.state.journal import Settled

LOOKS = 4
"""Times that a record which seems unmoved is sent again after a conflict."""


def needs_settling(way: Way, loads: Iterable[Load]) -> bool:
    """A create among these may still show up although nobody sees it now: wait `capabilities.settle` first."""
    return bool(way.capabilities.settle) and not guarded(way) and any(_creates(load) for load in loads)


def after_doubt(way: Way, kind: PlanKind, doubtful: Sequence[tuple[Load, str]]) -> After:
    """What became of changes whose answer was lost. Raises what reading raises."""
    after = After()
    for load, _ in doubtful:
        load.doubted = True
    seen = look(way, [load for load, _ in doubtful if load.action not in _UNSEEN])
    for load, why in doubtful:
        records = seen.get(load.line, [])
        if load.action in _UNSEEN:
            after.again.append(load)
        elif _creates(load):
            _create_in_doubt(way, kind, after, load, records, why)
        else:
            _change_in_doubt(way, kind, after, load, records[0] if records else None)
    return after


def after_conflict(way: Way, kind: PlanKind, loads: Sequence[Load], error: Conflict, *, overwrite: bool) -> After:
    """Nothing was written, because of these records or of some among them. Raises what reading raises."""
    blamed = [loads[place] for place in error.culprits if 0 <= place < len(loads)]
    suspects = blamed or list(loads)
    after = After(again=[load for load in loads if load not in suspects])
    seen = look(way, suspects)
    for load in suspects:
        records = seen[load.line]
        if _creates(load):
            _taken(way, kind, after, load, records, error if blamed or len(loads) == 1 else None)
        else:
            _moved(way, kind, after, load, records[0] if records else None, error, overwrite=overwrite)
    return after


def after_recheck(
    way: Way, kind: PlanKind, loads: Sequence[Load], seen: Mapping[str, Record], *, overwrite: bool
) -> After:
    """Which of these still stand as planned, by the records just read (id -> record)."""
    after = After()
    for load in loads:
        record = seen.get(load.item.target_id or "")
        if record is not None and as_planned(way, load, record):
            after.again.append(load)
        else:
            _moved(way, kind, after, load, record, None, overwrite=overwrite)
    return after


_UNSEEN = frozenset({Action.UPLOAD})
"""An upload that was lost is repeated: it hurts nobody and nothing could find it."""


def _creates(load: Load) -> bool:
    return load.action is Action.CREATE


def _create_in_doubt(way: Way, kind: PlanKind, after: After, load: Load, records: Sequence[Record], why: str) -> None:
    own = _own(way, load, records)
    if own is not None:
        after.settled.append((load, _made(way, kind, load, own)))
    elif records and way.writing.write.on_taken is OnTaken.UPDATE and load.looked < LOOKS:
        _update_instead(way, kind, after, load, records[0])
    elif records:
        after.settled.append((load, _conflict(load, Cause.TAKEN, _TAKEN, records[0])))
    elif traceable(way, load) or way.capabilities.without_key:
        after.again.append(load)
    else:
        reason = f"whether it was made is not known ({why}), and neither key nor marker could find it"
        after.settled.append(
            (load, settled_not(load, Status.UNKNOWN, code="RN041", reason=reason, cause=Cause.REFUSED))
        )


def _change_in_doubt(way: Way, kind: PlanKind, after: After, load: Load, record: Record | None) -> None:
    if load.action is Action.DELETE:
        if record is None:
            after.settled.append((load, _done(way, kind, load, None)))
        elif as_planned(way, load, record):
            after.again.append(_newer(way, load, record))
        else:
            after.settled.append((load, _conflict(load, Cause.MOVED, _MOVED, record)))
    elif record is None:
        after.settled.append((load, _conflict(load, Cause.GONE, _GONE, None)))
    elif as_wanted(way, load, record):
        after.settled.append((load, _done(way, kind, load, record)))
    elif as_planned(way, load, record):
        after.again.append(_newer(way, load, record))
    else:
        after.settled.append((load, _conflict(load, Cause.MOVED, _MOVED, record)))


def _own(way: Way, load: Load, records: Sequence[Record]) -> Record | None:
    """Among the records with our key or marker, the one that our own request made."""
    if marker(way, load.change):
        return records[0] if records else None
    return next((record for record in records if as_wanted(way, load, record)), None)


def _taken(
    way: Way, kind: PlanKind, after: After, load: Load, records: Sequence[Record], error: Conflict | None
) -> None:
    """A create whose key another record has; `error` None: perhaps it is another one's."""
    own = _own(way, load, records) if load.doubted else None
    if own is not None:
        after.settled.append((load, _made(way, kind, load, own)))
    elif records and way.writing.write.on_taken is OnTaken.UPDATE and load.looked < LOOKS:
        _update_instead(way, kind, after, load, records[0])
    elif records:
        after.settled.append((load, _conflict(load, Cause.TAKEN, _TAKEN, records[0])))
    elif error is None or (load.looked < LOOKS and error.cause is not Cause.TAKEN and not error.culprits):
        load.looked += 1
        after.again.append(load)
    else:
        after.settled.append((load, _conflict(load, Cause.TAKEN, error.problems[0].summary, None)))


def _update_instead(way: Way, kind: PlanKind, after: After, load: Load, record: Record) -> None:
    """on_taken: update. What stood there before is kept in the outcome."""
    wanted = load.change.after or {}
    changed = {
        name: value for name, value in wanted.items() if not shows(way, record, {name: value}, over=record.fields)
    }
    before = {name: record.fields.get(name) for name in changed}
    if not changed:
        after.settled.append((load, _done(way, kind, load, record, did=Action.LINK)))
        return
    along = way.target.companions(way.writing, frozenset(changed)) - changed.keys()
    change = replace(
        load.change,
        action=Action.UPDATE,
        target_id=record.id,
        version=record.version,
        before=before,
        after=changed,
        along={name: record.fields.get(name) for name in sorted(along)} or None,
    )
    after.again.append(turned(way, load, change, found=before, looked=load.looked + 1))


def _moved(
    way: Way,
    kind: PlanKind,
    after: After,
    load: Load,
    record: Record | None,
    error: Conflict | None,
    *,
    overwrite: bool,
) -> None:
    """An update or delete that met another version, or nothing."""
    change = load.change
    if record is None:
        _gone(way, kind, after, load)
    elif load.doubted and change.action is Action.UPDATE and as_wanted(way, load, record):
        after.settled.append((load, _done(way, kind, load, record)))
    elif as_planned(way, load, record) and (error is None or load.looked < LOOKS):
        after.again.append(_newer(way, load, record))
    elif overwrite and change.action is not Action.DELETE and load.looked < LOOKS:
        before = {name: record.fields.get(name) for name in (change.after or change.before or {})}
        after.again.append(structs.replace(_newer(way, load, record), found=before))
    else:
        after.settled.append((load, _conflict(load, Cause.MOVED, _MOVED, record)))


def _gone(way: Way, kind: PlanKind, after: After, load: Load) -> None:
    change = load.change
    if change.action is Action.DELETE:
        after.settled.append((load, _done(way, kind, load, None, reason="it was gone already")))
    elif change.whole is not None and way.writing.write.on_gone is OnGone.CREATE:
        fresh = replace(
            change,
            action=Action.CREATE,
            target_id=None,
            version=None,
            before=None,
            along=None,
            after=change.whole,
            whole=None,
        )
        after.again.append(turned(way, load, fresh))
    else:
        after.settled.append((load, _conflict(load, Cause.GONE, _GONE, None)))


def _newer(way: Way, load: Load, record: Record) -> Load:
    """The same with the version that stands now."""
    if record.version == load.change.version:
        return structs.replace(load, looked=load.looked + 1)
    change: Change = replace(load.change, version=record.version)
    return turned(way, load, change, looked=load.looked + 1)


def _made(way: Way, kind: PlanKind, load: Load, record: Record) -> Settled:
    """A create in doubt that is there. Where others' records are taken too, only a marker proves that it is ours."""
    if way.writing.write.on_taken is not OnTaken.UPDATE or marker(way, load.change):
        return _done(way, kind, load, record)
    return settled_done(
        way,
        load,
        kind,
        target_id=record.id,
        version=record.version,
        did=None,
        reason="whether it was made or stood there already is not known",
    )


def _done(
    way: Way,
    kind: PlanKind,
    load: Load,
    record: Record | None,
    *,
    did: Action | None = None,
    reason: str | None = None,
) -> Settled:
    target_id = record.id if record is not None else load.item.target_id or ""
    version = None if record is None else record.version
    return settled_done(way, load, kind, target_id=target_id, version=version, did=did or load.action, reason=reason)


_TAKEN = "another record has its key"
_GONE = "the record is gone"
_MOVED = "the record changed since the plan was made"


def _conflict(load: Load, cause: Cause, reason: str, record: Record | None) -> Settled:
    found = None if record is None else shown(load, record)
    code = {Cause.TAKEN: "RN042", Cause.GONE: "RN043"}.get(cause, "RN044")
    return settled_not(load, Status.CONFLICT, code=code, reason=reason, cause=cause, found=found)
