"""What answers say. A 200 can carry `success: false`; of a write only `results` is believed. Pure.

The vendor documents error codes, not the shape of a failed list: what became of an item without a result is
unknown, whatever the status line says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from migrator.connectors.kainexus.slots import WRITABLE
from migrator.contract import BETWEEN, Answer, Batch, Done, Failed, Item, Result, Unknown, begin_of
from migrator.errors import BadAnswer, LoginRefused, NotFound, Throttled
from migrator.model.plan import Action
from migrator.model.run import Cause

_HINT = "check the API key, and the host: EU customers have one of their own, where another key looks wrong"
_CARD = "a list is the id of an Item List card on a board, not that of a template, a workflow or a board"
_NO_RIGHT = "the API key may not make this item; KaiNexus does not say which right is missing"
GONE = "KaiNexus answers ACCESS_DENIED for items the key may not see and for deleted ones alike"


def content(answer: Answer) -> dict[str, Any] | None:
    """The JSON object of the body, or None."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def error_in(found: dict[str, Any] | None) -> tuple[str, str] | None:
    """(code, words) of an object that says it failed."""
    if found is None or (found.get("success") is not False and not found.get("errorCode")):
        return None
    code = str(found.get("errorCode") or "UNKNOWN")
    return code, str(found.get("errorMessage") or found.get("message") or code)


def stop_if_refused(answer: Answer) -> None:
    """Raises LoginRefused and Throttled, for reads and writes alike."""
    if answer.status == 401:
        raise LoginRefused("KaiNexus does not take the API key", hint=_HINT)
    if answer.status == 429:
        wait = answer.headers.get("retry-after", "")
        raise Throttled("KaiNexus asks to slow down", seconds=float(wait) if wait.isdecimal() else None)


def refuse_unread(answer: Answer, what: str) -> None:
    """Raises unless the answer to a read is JSON of success: LoginRefused, NotFound, BadAnswer."""
    stop_if_refused(answer)
    found = content(answer)
    error = error_in(found)
    if error is not None:
        raise _refusal(error, what)
    if answer.status == 403:
        raise LoginRefused(f"KaiNexus refuses {what} with status 403", hint=_HINT)
    if found is None or not 200 <= answer.status < 300:
        raise BadAnswer(
            f"KaiNexus answers {what} with status {answer.status}{' and no JSON object' if found is None else ''}",
            detail=begin_of(answer.body),
            hint=BETWEEN,
        )


def _refusal(error: tuple[str, str], what: str) -> NotFound | BadAnswer:
    code, words = error
    if code == "NOT_FOUND":
        return NotFound(f"KaiNexus does not know {what}: {words}", hint=_CARD)
    if code == "ACCESS_DENIED":
        return NotFound(f"{what} does not exist, or the API key may not see it: {words}", detail=GONE)
    return BadAnswer(f"KaiNexus answers {what} with {code}: {words}")


def results(batch: Batch, answer: Answer) -> tuple[Result, ...]:
    """One result per change of a write. Raises LoginRefused and Throttled."""
    stop_if_refused(answer)
    found = content(answer)
    size = len(batch.items)
    if found is None or answer.status >= 500:
        return _all_unknown(size, f"status {answer.status} without a whole answer")
    entries = found.get("results")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return _without_results(batch, found, answer.status)
    if not 200 <= answer.status < 300 and error_in(found) is None:
        return _all_unknown(size, f"status {answer.status}, though the answer speaks of no error")
    return _matched(batch, entries)


def _all_unknown(size: int, why: str) -> tuple[Result, ...]:
    return (Unknown(reason=why),) * size


def _without_results(batch: Batch, found: dict[str, Any], status: int) -> tuple[Result, ...]:
    """A coded failure of one item is its own; whether a failed list wrote anything is documented nowhere."""
    error = error_in(found)
    if error is None:
        return _all_unknown(len(batch.items), f"status {status} without results")
    if len(batch.items) == 1:
        return (_failed(batch.items[0], {}, *error),)
    return _all_unknown(len(batch.items), f"the whole list failed, {error[0]}: {error[1]}")


def _matched(batch: Batch, entries: Sequence[dict[str, Any]]) -> tuple[Result, ...]:
    places: dict[int, list[dict[str, Any]]] = {}
    for position, entry in enumerate(entries):
        place = _place(batch, entry, position, len(entries) == len(batch.items))
        if place is not None:
            places.setdefault(place, []).append(entry)
    judged = [_judged(batch, item, places.get(place, [])) for place, item in enumerate(batch.items)]
    return _without_twins(judged)


def _place(batch: Batch, entry: dict[str, Any], position: int, even: bool) -> int | None:
    """By index or id where the entry has them; by position only where the lengths agree."""
    size = len(batch.items)
    index = entry.get("index")
    if isinstance(index, int) and not isinstance(index, bool):
        return index if 0 <= index < size else None
    if batch.action is not Action.CREATE and entry.get("id") is not None:
        named = [place for place, item in enumerate(batch.items) if item.target_id == str(entry["id"])]
        return named[0] if named else None
    return position if even else None


def _judged(batch: Batch, item: Item, entries: Sequence[dict[str, Any]]) -> Result:
    if len(entries) != 1:
        return Unknown(reason="the answer holds no result for it" if not entries else "the answer holds several")
    entry = entries[0]
    if entry.get("errorCode"):
        code = str(entry["errorCode"])
        return _failed(item, entry, code, str(entry.get("errorMessage") or entry.get("message") or code))
    number, operation = entry.get("id"), entry.get("operation")
    if isinstance(number, bool) or not isinstance(number, int | str) or not str(number):
        return Unknown(reason="the answer holds no id for it")
    create = batch.action is Action.CREATE
    if operation != ("CREATE" if create else "UPDATE"):
        return Unknown(reason=f"the answer speaks of {operation} {number}")
    if not create and str(number) != item.target_id:
        return Unknown(reason=f"the answer speaks of item {number}")
    return Done(target_id=str(number))


def _without_twins(judged: Sequence[Result]) -> tuple[Result, ...]:
    """Two changes cannot have made one record."""
    ids = [result.target_id for result in judged if isinstance(result, Done)]
    twins = {number for number in ids if ids.count(number) > 1} if len(set(ids)) != len(ids) else set()
    return tuple(
        Unknown(reason=f"the answer gives item {result.target_id} twice")
        if isinstance(result, Done) and result.target_id in twins
        else result
        for result in judged
    )


def _failed(item: Item, entry: dict[str, Any], code: str, words: str) -> Failed:
    """In the server's words. NOT_FOUND may speak of the item or of what it names: it is gone where the id is said."""
    first = words.partition(" ")[0]
    field = entry.get("field", first if first in WRITABLE else None)
    cause, reason = Cause.REFUSED, words
    if code == "NOT_VALID":
        reason = f"{words} (where no item shows what a field holds, `kinds` tells it)"
    elif code == "NOT_FOUND" and item.target_id is not None and item.target_id in words.split():
        cause = Cause.GONE
    elif code == "ACCESS_DENIED":
        cause = Cause.DENIED
        reason = f"{words} ({_NO_RIGHT if item.target_id is None else GONE})"
    return Failed(code=code, reason=reason, field=field if isinstance(field, str) else None, cause=cause)
