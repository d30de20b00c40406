"""A write's answer as one result per change. Only a result of its own counts as done, never the status line. Pure.

Creates are answered in order, updates and deletes by id: of an update GLPI leaves out ids that it does not find.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from migrator.connectors.glpi.answers import Said, failure, parsed, said
from migrator.connectors.glpi.documents import refusal
from migrator.connectors.glpi.form import FILE
from migrator.contract import Answer, Batch, Done, Failed, Item, Result, Unknown, quick_done
from migrator.errors import BadAnswer, Conflict, NotFound, Refused, SystemFailed
from migrator.model.plan import Action
from migrator.model.run import Cause

_VERBS = {Action.CREATE: "ADD", Action.UPDATE: "UPDATE", Action.DELETE: "DELETE"}

TAKEN = "Duplicate entry "
"""How the database begins when a unique key is taken; its words are not translated. [observed]"""

NOT_FOUND = "Item not found"
"""What a delete says of an item that is not there, in English. [observed]"""

HALF_DONE = {"User": b'"name":'}
"""Type -> the field that an update may leave out, and say `true` with words: a login that is taken. [observed]"""

SILENT = "GLPI gives no reason"


def results_of(batch: Batch, answer: Answer) -> tuple[Result, ...]:
    """One per change. Raises Conflict, LoginRefused, Denied, Throttled, Refused: then nothing was written."""
    told, code = said(answer), f"ERROR_GLPI_{_VERBS[batch.action]}"
    partial = f"ERROR_GLPI_PARTIAL_{_VERBS[batch.action]}"
    if told.code in (code, partial) and answer.status in (207, 400):
        return _failed_some(batch, told)
    if answer.status in (200, 201) and not told.code:
        if batch.action is Action.CREATE and batch.items[0].file is not None:
            return (_document(parsed(answer)),)
        return _judged(batch, parsed(answer), f"status {answer.status}, {told.page}")
    error = _error(told, batch, answer)
    if error is not None:
        raise error
    return _unknown(batch, f"no answer that tells: {told.text}")


def _error(told: Said, batch: Batch, answer: Answer) -> SystemFailed | None:
    """What the answer says of a request that wrote nothing; None: it does not say.

    GLPI checks body, session, type and right before it writes. [observed]
    """
    if answer.status >= 500 or not (told.code or answer.status in (401, 403, 413, 429)):
        return None
    error = failure(told, f"the {batch.action.value} of {batch.writing.collection.id}", answer)
    if isinstance(error, NotFound):
        return Refused(replace(error.problems[0], code=Refused.code))
    return None if isinstance(error, BadAnswer) else error


def _failed_some(batch: Batch, told: Said) -> tuple[Result, ...]:
    """Results of the items, or one word for all. Raises Conflict where GLPI finds none of the items of an update."""
    if batch.action is Action.UPDATE and told.status == 400 and not told.detail and told.detail != "":
        # null for a single item, [] for many; of some that are missing the answer is silent [observed]
        raise Conflict(
            f"GLPI finds none of these items of {batch.writing.collection.id}: {told.text}", cause=Cause.GONE
        )
    if isinstance(told.detail, list):
        return _judged(batch, told.detail, told.text)
    if isinstance(told.detail, str) and len(batch.items) == 1:
        return (_failed(told.code, told.detail),)
    return _unknown(batch, f"no result for each: {told.text}")


def _judged(batch: Batch, found: Any, text: str) -> tuple[Result, ...]:
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        return _unknown(batch, f"no list of results: {text}")
    if batch.action is Action.CREATE:
        return _created(batch, found)
    return _by_id(batch, found)


def _created(batch: Batch, found: list[dict[str, Any]]) -> tuple[Result, ...]:
    """By position: an answer names no key."""
    if len(found) != len(batch.items):
        return _unknown(batch, f"{len(found)} results for {len(batch.items)} items")
    ids = [entry.get("id") for entry in found]
    return tuple(_one_created(entry, ids.count(entry.get("id"))) for entry in found)


def _one_created(entry: dict[str, Any], times: int) -> Result:
    number = entry.get("id")
    if number is False:
        return _failed("ERROR_GLPI_ADD", entry.get("message"))
    if isinstance(number, bool) or not isinstance(number, int):
        return Unknown(reason="the answer holds no id for it")
    if times > 1:
        return Unknown(reason=f"the answer gives item {number} {times} times")
    return quick_done(target_id=str(number), created=True)


def _document(entry: Any) -> Result:
    """A document with its file: one object, which tells of both."""
    if not isinstance(entry, dict):
        return Unknown(reason="the answer holds no document")
    result, why = _one_created(entry, 1), refusal(entry)
    if why is None or not isinstance(result, Done):
        return result
    said = f"GLPI made document {result.target_id} and did not take its file: {why}. It stands empty: delete it"
    return Failed(code="ERROR_GLPI_ADD", reason=said, field=FILE)


def _by_id(batch: Batch, found: list[dict[str, Any]]) -> tuple[Result, ...]:
    """Whatever the order, and however the entries are cut."""
    told: dict[str, tuple[Any, str]] = {}
    for entry in found:
        message = entry.get("message")
        for number, outcome in entry.items():
            if number != "message":
                told[number] = (outcome, message if isinstance(message, str) else "")
    # after an error of the database later successes carry its message too [observed]
    stale = any(outcome is False for outcome, _ in told.values())
    risky = HALF_DONE.get(batch.writing.collection.id) if batch.action is Action.UPDATE else None
    return tuple(_one(item, told.get(item.target_id or ""), risky, stale=stale) for item in batch.items)


def _one(item: Item, entry: tuple[Any, str] | None, risky: bytes | None, *, stale: bool) -> Result:
    if entry is None:
        return Unknown(reason="GLPI's answer leaves it out: it may be gone")
    outcome, message = entry
    if outcome is True:
        return _true(item, message, risky, stale=stale)
    if outcome is False:
        gone = message == NOT_FOUND
        return _failed("ERROR_GLPI", message, Cause.GONE if gone else None)
    return Unknown(reason=f"the answer says {outcome!r} for it")


def _true(item: Item, message: str, risky: bytes | None, *, stale: bool) -> Result:
    """`true` is not believed where words beside it may tell of a field that was left out."""
    if risky is not None and risky in item.part and message:
        if stale:
            return Unknown(reason=f"GLPI says done, and words that may be of another item: {message}")
        return Failed(code="ERROR_GLPI_UPDATE", reason=f"GLPI says done, and: {message}", field="name")
    return quick_done(target_id=item.target_id or "", note="" if stale else message)


def _failed(code: str, message: Any, cause: Cause | None = None) -> Failed:
    words = message if isinstance(message, str) and message else SILENT
    taken = words.startswith(TAKEN)
    return Failed(code=code, reason=words, cause=cause or (Cause.TAKEN if taken else Cause.REFUSED))


def _unknown(batch: Batch, reason: str) -> tuple[Result, ...]:
    return (Unknown(reason=reason),) * len(batch.items)
