"""A change -> the body of the writing call, and what is wrong with it. Pure.

New items go by our sourceId, so that a repeated call makes no second one; items that stand go by their id. What the
body holds beside these two is not public: it mirrors what reads show. [assumption]
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from migrator.connectors.ketryx.layout import FIXED, RELATION, SOURCE_ID_MAX, Layout, relations_of
from migrator.connectors.ketryx.options import Form, WriteOptions
from migrator.connectors.ketryx.pages import ORIGIN
from migrator.connectors.ketryx.stored import many, number
from migrator.contract import Batch, Call, Writing
from migrator.errors import Refused
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem
from migrator.model.values import File, Value

_WRITABLE = ("title", "type", "sourceId")


def check(writing: Writing, change: Change) -> None:
    """Raises Refused, with every objection, for what Ketryx is known or assumed not to take."""
    layout: Layout = writing.collection.extra["layout"]
    found = [*_objections(layout, writing, change), *_values(layout, change.after or {})]
    if found:
        raise Refused(found[0]) if len(found) == 1 else Refused(_joined(found))


def _objections(layout: Layout, writing: Writing, change: Change) -> Iterator[Problem]:
    after, along = change.after or {}, change.along or {}
    if change.action is Action.CREATE:
        if not after.get("type") and writing.options.type is None:
            yield _problem(writing, "a new item needs a type", "type", "set `type` in target.options or in fields")
        if not str(after.get("title") or "").strip():
            yield _problem(writing, "a new item needs a title", "title", "set `title` in fields")
        if not after.get("sourceId") and change.origin is None:
            yield _problem(writing, "a new item without an origin needs a sourceId", "sourceId", "set it in fields")
        return
    if "title" in after and not str(after["title"] or "").strip():
        yield _problem(writing, "a title cannot be emptied", "title", "leave it out of fields, or give it a text")
    if layout.kind is not None and along.get("type") not in (None, layout.kind):
        summary = f"item {change.target_id} is a {along['type']}, and this step is about {layout.kind}"
        yield _problem(writing, summary, "type", "its sourceId or key is taken: choose another, or the other type")
    foreign = along.get("system")
    if foreign and writing.options.foreign == "refuse":
        yield _problem(
            writing,
            f"item {change.target_id} comes from {foreign}, the truth about it: its next sync may reset our change",
            None,
            f"change it in {foreign}, or set `foreign: change` in target.options (also where {foreign} is no system "
            "that sends items, but Ketryx' name for what its API made)",
        )
    made_here = change.before is None  # a self-reference of an item that the same plan creates
    yield from _relation_objections(layout, writing, after, _with_relations(along) if made_here else along)


def _relation_objections(
    layout: Layout, writing: Writing, after: Mapping[str, Value], along: Mapping[str, Value]
) -> Iterator[Problem]:
    """Relations are replaced as a whole: those that are not meant to change must be known to be sent along."""
    touched = [name for name in after if name.startswith(RELATION)]
    if not touched:
        return
    if "relations" not in along:
        yield _problem(writing, "which relations the item has is not known", touched[0], "plan this once more")
        return
    known = {*layout.relations, *layout.ignored, *(name.removeprefix(RELATION) for name in touched)}
    for name in sorted(_shown(along).keys() - known):
        yield _problem(
            writing,
            f'the item has relations "{name}", of which it is not known whether they are its own',
            RELATION + name,
            "name it in target.options: in `relations` as one of yours, in `ignore_relations` if items only show it",
        )


def _values(layout: Layout, after: Mapping[str, Value]) -> Iterator[Problem]:
    for name, value in after.items():
        reason = _misfit(layout, name, value)
        if reason:
            yield Problem(code=Refused.code, summary=reason, place=Place(field=name))


def _misfit(layout: Layout, name: str, value: Value) -> str:
    if isinstance(value, File) or (isinstance(value, tuple) and any(isinstance(each, File) for each in value)):
        return f'"{name}": Ketryx\' writing call takes no files'
    if name in _WRITABLE:
        long = name == "sourceId" and len(str(value or "")) > SOURCE_ID_MAX
        return f"a sourceId has at most {SOURCE_ID_MAX} characters, this one {len(str(value))}" if long else ""
    if name in FIXED or name in layout.extras:
        return f'"{name}" is set by Ketryx and takes no value'
    if layout.form(name) is Form.NUMBER and value not in (None, "") and number(value) is None:
        return f'"{name}" takes a number, not {value!r}'
    return ""


def part(writing: Writing, change: Change) -> bytes:
    """The whole body. Raises Refused."""
    check(writing, change)
    layout: Layout = writing.collection.extra["layout"]
    options: WriteOptions = writing.options
    after = change.after or {}
    creating = change.action is Action.CREATE
    body: dict[str, Any] = {}
    if creating:
        body["sourceId"] = str(after.get("sourceId") or source_id(writing, change))
        body["type"] = after.get("type") or options.type
    else:
        body["id"] = change.target_id
    if "title" in after:
        body["title"] = str(after["title"])
    fields = [
        {"label": layout.label(name), "value": _json(layout, name, value)}
        for name, value in after.items()
        if name not in FIXED and not name.startswith(RELATION)
    ]
    fields = [entry for entry in fields if entry["value"] is not None or not creating]
    if fields:
        body["fields"] = fields
    along = change.along or {}
    relations = _relations(layout, after, _with_relations(along) if change.before is None else along)
    if relations is not None:
        body["relations"] = relations
    return orjson.dumps(body)


def source_id(writing: Writing, change: Change) -> str:
    """What tells the source record from all others, for ever; a hash at its end where it would be too long."""
    if change.origin is None:
        return ""
    words = (change.origin.system, change.origin.collection, change.origin.id, writing.write.part)
    text = ORIGIN + "/".join(quote(word, safe="") for word in words if word)
    if len(text) <= SOURCE_ID_MAX:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: SOURCE_ID_MAX - len(digest) - 1]}#{digest}"


def call(batches: tuple[Batch, ...], root: str) -> Call:
    """POST of the one item. Never repeatable: a late repeat would overwrite what came after it."""
    (batch,) = batches
    (item,) = batch.items
    return Call(
        method="POST",
        path=f"{root}/projects/{quote(batch.writing.collection.id, safe='')}/items",
        kind="call",
        repeatable=False,
        body=item.part,
        headers={"Content-Type": "application/json"},
    )


def _relations(layout: Layout, after: Mapping[str, Value], along: Mapping[str, Value]) -> list[dict[str, Any]] | None:
    """The whole list: what is written, and what stands and is not touched; None: relations are not meant."""
    written = {name.removeprefix(RELATION): value for name, value in after.items() if name.startswith(RELATION)}
    if not written:
        return None
    kept = {name: ids for name, ids in _shown(along).items() if name not in written and name not in layout.ignored}
    wanted = {**kept, **{name: [str(each) for each in many(value)] for name, value in written.items()}}
    return [
        {"type": name, "toItem": {"id": number}}
        for name, ids in wanted.items()
        for number in dict.fromkeys(ids)
        if number
    ]


def _with_relations(along: Mapping[str, Value]) -> Mapping[str, Value]:
    """`relations` of an item that nobody has read yet: what its create wrote, each under its own name."""
    if "relations" in along:
        return along
    written = {name.removeprefix(RELATION): value for name, value in along.items() if name.startswith(RELATION)}
    return {
        **along,
        "relations": tuple({"type": name, "id": one} for name, ids in written.items() for one in many(ids)),
    }


def _shown(along: Mapping[str, Value]) -> dict[str, list[str]]:
    entries = along.get("relations") or ()
    flat = entries if isinstance(entries, tuple | list) else ()
    return relations_of(
        [{"type": each["type"], "toItem": {"id": each["id"]}} for each in flat if isinstance(each, Mapping)]
    )


def _json(layout: Layout, name: str, value: Value) -> Any:
    if value == "" or value == ():
        return None
    return number(value) if layout.form(name) is Form.NUMBER else value


def _problem(writing: Writing, summary: str, name: str | None, hint: str) -> Problem:
    place = Place(collection=writing.collection.id, field=name)
    return Problem(code=Refused.code, summary=summary, hint=hint, place=place)


def _joined(found: list[Problem]) -> Problem:
    lines = [problem.summary + (f" ({problem.hint})" if problem.hint else "") for problem in found]
    return Problem(code=Refused.code, summary=f"{found[0].summary}; and more", detail="\n".join(lines))
