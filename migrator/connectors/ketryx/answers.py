"""What answers say. Errors are JSON with `error` where Ketryx itself answers; nothing more is published. Pure."""

from __future__ import annotations

from typing import Any

from migrator.contract import BETWEEN, Answer, Batch, Done, Failed, Result, Unknown, begin_of, json_of
from migrator.errors import BadAnswer, Denied, LoginRefused, NotFound, Refused, SystemFailed, Throttled
from migrator.model.plan import Action
from migrator.model.problem import Place, Problem
from migrator.model.run import Cause

_KEY_HINT = "check the API key: it is shown once, when it is made in Organization > API keys"
_READ_HINT = "the key needs the permission to get items, and the project must be of its organization"
PREVIEW = (
    "creating and changing items is a preview that Ketryx Support switches on for an organization; "
    "then the API key needs the permission to write items"
)


def content(answer: Answer) -> dict[str, Any] | None:
    """The JSON object of the body, or None."""
    try:
        found = json_of(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def words(answer: Answer) -> str:
    """What an answer that is no success says."""
    found = content(answer) or {}
    for name in ("error", "message"):
        if isinstance(found.get(name), str) and found[name]:
            return f"{found[name]} (status {answer.status})"
    return f"status {answer.status}, {begin_of(answer.body)}"


def read(answer: Answer, what: str, project: str) -> dict[str, Any]:
    """The object that a read brings. Raises LoginRefused, Denied, NotFound, Refused, Throttled, BadAnswer."""
    if answer.status != 200:
        raise failure(answer, what, project)
    found = content(answer)
    if found is None:
        raise BadAnswer(
            f"Ketryx answers {what} with something that is no JSON object", detail=words(answer), hint=BETWEEN
        )
    if found.get("ok") is False or found.get("error"):  # seen with another of its calls [client source]
        raise BadAnswer(f"Ketryx answers {what} with a failure in a success", detail=words(answer))
    return found


def failure(answer: Answer, what: str, project: str) -> SystemFailed:
    """The error of a read."""
    place, said = Place(collection=project), words(answer)
    if answer.status == 401:
        return LoginRefused("Ketryx does not take the API key", detail=said, hint=_KEY_HINT)
    if answer.status == 429:
        return Throttled("Ketryx asks to slow down", seconds=rest(answer))
    if answer.status == 403:
        return Denied(f"Ketryx refuses {what}", detail=said, hint=_READ_HINT, place=place)
    if answer.status == 404:
        return NotFound(f"Ketryx has no project {project}", detail=said, hint=_READ_HINT, place=place)
    if 400 <= answer.status < 500:
        return Refused(Problem(code=Refused.code, summary=f"Ketryx does not take {what}", detail=said, place=place))
    return BadAnswer(f"Ketryx answers {what} with no result", detail=said, place=place)


def rest(answer: Answer) -> float | None:
    """Seconds that the server asks to wait."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else None


# ---------------------------------------------------------------- writes


def result(batch: Batch, answer: Answer) -> Result:
    """What became of the one change. Raises LoginRefused, Denied, Throttled: nothing was written.

    200 means created or changed alike [seed manual]; an answer without the item's id tells nothing.
    """
    (item,) = batch.items
    found = content(answer)
    if answer.status == 200:
        return _believed(found, item.target_id if batch.action is Action.UPDATE else None)
    _stop(answer, batch.writing.collection.id)
    if answer.status == 404:
        if batch.action is Action.UPDATE and item.target_id is not None and item.target_id in words(answer):
            return Failed(code="404", reason=words(answer), cause=Cause.GONE)
        raise Denied("Ketryx has no writing call for this project", detail=words(answer), hint=PREVIEW)
    if 400 <= answer.status < 500 and answer.status not in (408, 421, 425):
        return Failed(code=str(answer.status), reason=words(answer))
    return Unknown(reason=words(answer))


def _believed(found: dict[str, Any] | None, target: str | None) -> Result:
    if found is None:
        return Unknown(reason="the answer is no JSON object")
    if found.get("ok") is False or (found.get("error") and not found.get("id")):
        return Failed(code="200", reason=str(found.get("error") or found.get("message") or "ok is false"))
    number = found.get("id")
    if not isinstance(number, str) or not number:
        return Unknown(reason="the answer holds no id of the item")
    if target is not None and number != target:
        return Unknown(reason=f"the answer speaks of item {number}")
    return Done(target_id=number)


def _stop(answer: Answer, project: str) -> None:
    place = Place(collection=project)
    if answer.status == 401:
        raise LoginRefused("Ketryx does not take the API key", detail=words(answer), hint=_KEY_HINT)
    if answer.status == 403:
        raise Denied("Ketryx does not let us write items", detail=words(answer), hint=PREVIEW, place=place)
    if answer.status == 429:
        raise Throttled("Ketryx asks to slow down", seconds=rest(answer))
