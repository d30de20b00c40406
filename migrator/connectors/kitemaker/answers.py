"""What answers say: contents of reads, and what became of a write. Pure.

REST tells errors by status and `errors`, GraphQL by `errors` under 200: any of them means that nothing of the answer
is believed, though some clients go on where there is data beside.
"""

from __future__ import annotations

from typing import Any

import orjson

from migrator.contract import BETWEEN, Answer, Batch, Done, Failed, Item, Result, Unknown, begin_of
from migrator.errors import BadAnswer, LoginRefused, NotFound, SystemFailed, Throttled
from migrator.model.plan import Action
from migrator.model.run import Cause

GONE = frozenset({"ISSUE_NOT_FOUND", "INITIATIVE_NOT_FOUND", "FEEDBACK_NOT_FOUND"})
"""Codes that say that the record of an update is not there. [vendor docs]"""

NOT_FOUND = "could not find"
"""What GraphQL's words hold where a record is not there: it has no codes. [inferred]"""

_HINT = "check the token; an application's token sees no private spaces"


def content(answer: Answer) -> Any:
    """The body as JSON, None for anything else."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def errors_in(found: Any) -> list[dict[str, Any]]:
    """The errors of a body; empty where it speaks of none."""
    errors = found.get("errors") if isinstance(found, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def stop_if_refused(answer: Answer) -> None:
    """Raises LoginRefused and Throttled, for reads and writes alike."""
    if answer.status == 401:
        raise LoginRefused("Kitemaker does not take the token, or it may not do this", hint=_HINT)
    if answer.status == 429:
        wait = answer.headers.get("retry-after", "")
        raise Throttled("Kitemaker asks to slow down", seconds=float(wait) if wait.isdecimal() else None)


def rest_content(answer: Answer, what: str, wanted: type) -> Any:
    """The body of a REST read: an object (dict) or a list. Raises NotFound, LoginRefused, BadAnswer."""
    stop_if_refused(answer)
    found = content(answer)
    errors = errors_in(found)
    if answer.status == 404 and errors:
        raise NotFound(f"Kitemaker does not show {what}: {errors[0].get('message', '')}", hint=_HINT)
    if answer.status != 200 or errors or not isinstance(found, wanted):
        raise _strange(answer, what, errors)
    return found


def graph_content(answer: Answer, what: str) -> dict[str, Any]:
    """The `data` of a GraphQL read. Raises NotFound, LoginRefused, BadAnswer."""
    stop_if_refused(answer)
    found = content(answer)
    errors = errors_in(found)
    if errors and NOT_FOUND in str(errors[0].get("message", "")).casefold():
        raise NotFound(f"Kitemaker does not show {what}: {errors[0]['message']}", hint=_HINT)
    data = found.get("data") if isinstance(found, dict) else None
    if answer.status != 200 or errors or not isinstance(data, dict):
        raise _strange(answer, what, errors)
    return data


def _strange(answer: Answer, what: str, errors: list[dict[str, Any]]) -> SystemFailed:
    told = "; ".join(str(error.get("message", error)) for error in errors)
    return BadAnswer(
        f"Kitemaker answers {what} with status {answer.status}" + (f": {told}" if told else " and not as documented"),
        detail="" if told else begin_of(answer.body),
        hint=BETWEEN if not told and content(answer) is None else "the interface may have changed",
    )


def result(batch: Batch, item: Item, answer: Answer) -> Result:
    """What became of one change. Raises LoginRefused and Throttled: then nothing was written."""
    stop_if_refused(answer)
    found = content(answer)
    if answer.status >= 500 or not isinstance(found, dict):
        return Unknown(reason=f"status {answer.status} without a whole answer")
    errors = errors_in(found)
    if errors:
        return _failed(batch, item, found, errors[0], answer.status)
    ids = _ids(found)
    if len(ids) != 1 or not 200 <= answer.status < 300:
        return Unknown(reason=f"status {answer.status}, and the answer does not tell which record it is")
    (made,) = ids
    if batch.action is not Action.CREATE and made != item.target_id:
        return Unknown(reason=f"the answer speaks of record {made}")
    return Done(target_id=made)


def _ids(found: dict[str, Any]) -> set[str]:
    """The ids that an answer names: of REST's object, or of each GraphQL mutation's."""
    if "data" not in found:
        return {found["id"]} if isinstance(found.get("id"), str) and found["id"] else set()
    data = found["data"]
    shown = [result for result in data.values() if isinstance(result, dict)] if isinstance(data, dict) else []
    records = [record for result in shown for record in result.values()]
    ids = {
        record["id"] if isinstance(record, dict) and isinstance(record.get("id"), str) else "" for record in records
    }
    return set() if "" in ids else ids


def _failed(batch: Batch, item: Item, found: dict[str, Any], error: dict[str, Any], status: int) -> Result:
    """Without `data` nothing was begun; else only an error of the first mutation means that nothing stands."""
    code, words = str(error.get("code") or "GRAPHQL"), str(error.get("message") or "no reason given")
    path = error.get("path")
    if 200 <= status < 300:
        if found.get("data") is not None:
            return Unknown(reason=f"the answer holds data and an error: {words}")
        first = path[:1] == [FIRST] if isinstance(path, list) else not _several(item)
        if "data" in found and not first:
            return Unknown(reason=f"a part of the change may be written: {words}")
    gone = batch.action is not Action.CREATE and (code in GONE or words.casefold().startswith(_GONE_WORDS))
    return Failed(code=code, reason=words, cause=Cause.GONE if gone else Cause.REFUSED)


def _several(item: Item) -> bool:
    """Whether the change is several mutations; one by REST is none."""
    return len(orjson.loads(item.part)["body"].get("variables", ())) > 1


_GONE_WORDS = tuple(f"{NOT_FOUND} the specified {what}" for what in ("work item", "initiative", "feedback"))

FIRST = "m0"
"""Name of the first mutation of our documents: they run in order, and after one that fails comes none."""
