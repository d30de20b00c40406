"""A write's answer as one result per change, or the error of a request that wrote nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from migrator.connectors.kintone.answers import (
    BUSY,
    DENIED,
    LOCKED,
    LOGIN,
    MOVED,
    NO_FILE,
    Said,
    failure,
    moved,
    rest,
    said,
    words,
)
from migrator.connectors.kintone.writing import checked, upserts
from migrator.contract import Answer, Batch, Done, Result, Unknown, quick_done
from migrator.errors import Culprit, Refused, SystemFailed, Throttled, UploadGone
from migrator.model.plan import Action
from migrator.model.problem import Place, Problem

_BLAMED = re.compile(r"records\[(\d+)\](?:\.record(?=[.\[](?!values?\b)))?[.\[]([^.\[\]]+)")
"""`records[3].CODE.value`, `records[3].record[CODE].value` and their like (observed)."""

_TAKEN = ("already exists", "重複", "重复", "重複しています")
"""Words of "this value already exists in another record": for this one finding there is no code of its own."""

_TEXT = frozenset({str})

_NOTHING_WRITTEN = BUSY | LOGIN | DENIED | MOVED


def results_of(batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
    """One per change. Raises Conflict, Denied, Throttled, Refused, LoginRefused: then nothing was written."""
    if answer.status == 200:
        parts = _parts(batches, answer.body)
        results = [_batch(batch, part) for batch, part in zip(batches, parts, strict=True)]
        return tuple(chain.from_iterable(results))
    told = said(answer)
    error = _error(batches, told, answer)
    if error is not None:
        raise error
    return _unknown(sum(len(batch.items) for batch in batches), f"no answer that tells: {told.text}")


def uploaded(batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
    """The key by which a record can name the file, for three days. Raises as `results_of`."""
    if answer.status != 200:
        return results_of(batches, answer)
    try:
        key = orjson.loads(answer.body)["fileKey"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        key = None
    if not isinstance(key, str) or not key:
        return (Unknown(reason="the answer to an upload holds no key"),)
    return (Done(target_id=key),)


def _parts(batches: tuple[Batch, ...], body: bytes) -> Sequence[Any]:
    """The JSON that answers each batch; None where there is none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [None] * len(batches)
    if len(batches) == 1:
        return [told]
    parts = told.get("results") if isinstance(told, dict) else None
    whole = isinstance(parts, list) and len(parts) == len(batches)
    return parts if whole and isinstance(parts, list) else [None] * len(batches)


def _batch(batch: Batch, part: Any) -> tuple[Result, ...]:
    if not isinstance(part, dict):
        return _unknown(len(batch.items), "the answer is cut or no JSON")
    if isinstance(part.get("code"), str):
        return _unknown(len(batch.items), f"status 200, and yet {part.get('message', 'an error')} ({part['code']})")
    if batch.action is Action.DELETE:
        return _deleted(batch, part)
    if batch.action is Action.UPDATE:
        return _updated(batch, part)
    return _upserted(batch, part) if upserts(batch.writing) else _created(batch, part)


def _created(batch: Batch, part: Mapping[str, Any]) -> tuple[Result, ...]:
    """By position: the answer holds neither key nor old id."""
    ids, revisions = part.get("ids"), part.get("revisions")
    size = len(batch.items)
    if not isinstance(ids, list) or not isinstance(revisions, list) or not len(ids) == len(revisions) == size:
        return _unknown(size, "the answer does not hold one id for each record")
    if _sound(ids, revisions):
        pairs = zip(ids, revisions, strict=True)
        return tuple([quick_done(target_id=id_, version=revision, created=True) for id_, revision in pairs])
    return tuple(_one(id_, revision, created=True) for id_, revision in zip(ids, revisions, strict=True))


def _upserted(batch: Batch, part: Mapping[str, Any]) -> tuple[Result, ...]:
    """By position too: `records` stands in the order of the request (vendor docs)."""
    records = part.get("records")
    if not isinstance(records, list) or len(records) != len(batch.items):
        return _unknown(len(batch.items), "the answer does not hold one record for each that was sent")
    return tuple(
        _one(record.get("id"), record.get("revision"), created=record.get("operation") == "INSERT")
        if isinstance(record, dict)
        else Unknown(reason="the answer holds something that is no record")
        for record in records
    )


def _updated(batch: Batch, part: Mapping[str, Any]) -> tuple[Result, ...]:
    """By id."""
    records = part.get("records")
    listed = records if isinstance(records, list) else []
    told = {str(record.get("id")): record.get("revision") for record in listed if isinstance(record, dict)}
    wanted = [str(item.target_id) for item in batch.items]
    revisions = list(map(told.get, wanted))
    if _sound(wanted, revisions):
        pairs = zip(wanted, revisions, strict=True)
        return tuple([quick_done(target_id=id_, version=revision) for id_, revision in pairs])
    missing = Unknown(reason="the answer leaves this record out")
    return tuple(_one(id_, told[id_]) if id_ in told else missing for id_ in wanted)


def _deleted(batch: Batch, part: Mapping[str, Any]) -> tuple[Result, ...]:
    """An empty object is all that tells of success."""
    if part:
        return _unknown(len(batch.items), "the answer to a delete is not the empty one")
    return tuple(Done(target_id=str(item.target_id)) for item in batch.items)


def _sound(ids: list[Any], revisions: list[Any]) -> bool:
    """Whether all are what `_one` asks for: looking at a batch at once costs a third of it."""
    texts = _TEXT.issuperset(map(type, ids)) and _TEXT.issuperset(map(type, revisions))
    return texts and all(map(str.isdecimal, ids))


def _one(id_: Any, revision: Any, created: bool | None = None) -> Result:
    if not isinstance(id_, str) or not id_.isdecimal() or not isinstance(revision, str):
        return Unknown(reason="the answer holds no id or no revision of this record")
    return quick_done(target_id=id_, version=revision, created=created)


def _unknown(size: int, reason: str) -> tuple[Result, ...]:
    return (Unknown(reason=reason),) * size


def _error(batches: tuple[Batch, ...], told: Said, answer: Answer) -> SystemFailed | None:
    """What the answer says of a request that wrote nothing; None: it does not say."""
    app = batches[min(told.request, len(batches) - 1)].writing.collection.id
    # two writers with one revision: the loser gets a lock error or a 409 (observed); who looks again will know
    if told.code in MOVED or (told.code in LOCKED and any(checked(batch) for batch in batches)):
        return moved(told, app)
    certain = told.code in _NOTHING_WRITTEN or answer.status in (401, 403, 413, 429)
    if not certain and (answer.status >= 500 or not told.code):
        return None
    if told.code == "CB_VA01":
        return _invalid(batches, told, app)
    if told.code == NO_FILE:
        summary = f"a file that a record names is not there any more (app {app})"
        place = Place(collection=app)
        return UploadGone(Problem(code=UploadGone.code, summary=summary, detail=told.text, place=place))
    error = failure(told, app)
    if isinstance(error, Throttled):
        return Throttled(error.problems[0], seconds=rest(answer))
    return Refused(error.problems[0]) if answer.status == 413 else error


def _invalid(batches: tuple[Batch, ...], told: Said, app: str) -> SystemFailed:
    """Blame by the keys of `errors`; a create whose only fault is a taken key is a Conflict."""
    batch = batches[told.request]
    first = sum(len(before.items) for before in batches[: told.request])
    culprits = list(_culprits(told, first))
    taken = [culprit for culprit in culprits if _taken(batch, culprit)]
    others = [culprit for culprit in culprits if culprit not in taken]
    if taken and not others:
        return moved(told, app, tuple(sorted({culprit.index for culprit in taken})))
    # beside records that are bad in themselves, those with a taken key are told when the rest is sent again
    place = Place(collection=app)
    problem = Problem(code=Refused.code, summary=f"Kintone refuses values (app {app})", detail=told.text, place=place)
    return Refused(problem, culprits=others)


def _culprits(told: Said, first: int) -> Iterator[Culprit]:
    for key, messages in told.errors.items():
        blamed = _BLAMED.match(key)
        if blamed is not None:
            reason = " ".join(words(messages)) or told.text
            yield Culprit(index=first + int(blamed[1]), code=told.code, reason=reason, field=blamed[2])


def _taken(batch: Batch, culprit: Culprit) -> bool:
    """Another record has the key of a create."""
    ours = batch.action is Action.CREATE and culprit.field in batch.writing.write.key
    return ours and any(text in culprit.reason for text in _TAKEN)
