"""Comments of a record; they do not touch its revision."""

from typing import Any

from migrator.emulators.kintone import assumptions, dates, problems
from migrator.emulators.kintone.api.records import row_of
from migrator.emulators.kintone.parameters import Parameters
from migrator.emulators.kintone.rows import Comment, Thread
from migrator.emulators.kintone.wire import Call, Calls

PAGE = 10
LONGEST = 65_535
MENTIONED = ("USER", "GROUP", "ORGANIZATION")


def _thread(call: Call) -> Thread:
    """The comments of the record. Raises GAIA_RE12 where the app has none, GAIA_RE01."""
    record_id = call.parameters.integer("record")
    app = call.app("view")
    if not app.comments_on:
        raise problems.KintoneError(assumptions.COMMENTS_OFF_STATUS, "GAIA_RE12", "Comments are switched off.")
    return app.threads.setdefault(row_of(app, record_id).id, Thread())


def get(call: Call) -> dict[str, Any]:
    """GET record/comments.json"""
    one = call.parameters
    if not assumptions.COMMENTS_BY_TOKEN:
        call.caller.must_have_password()
    order = one.choice("order", "desc", ("asc", "desc"))
    offset, limit = one.integer("offset", 0, low=0), one.integer("limit", PAGE, low=0, high=PAGE)
    thread = _thread(call)
    comments = thread.comments if order == "asc" else thread.comments[::-1]
    shown = comments[offset : offset + limit]
    before, after = bool(comments[:offset]), bool(comments[offset + limit :])
    return {
        "comments": [_told(each) for each in shown],
        "older": before if order == "asc" else after,
        "newer": after if order == "asc" else before,
    }


def _told(comment: Comment) -> dict[str, Any]:
    return {
        "id": str(comment.id),
        "text": comment.text,
        "createdAt": dates.utc_seconds(comment.created),
        "creator": comment.creator,
        "mentions": comment.mentions,
    }


def add(call: Call) -> dict[str, Any]:
    """POST record/comment.json"""
    inner = Parameters(call.parameters.mapping("comment", required=True), "comment.")
    text, mentions = inner.text("text", ""), inner.objects("mentions", required=False)
    if not 1 <= len(text) <= LONGEST and not mentions:
        inner.wrong("text", f"Enter between 1 and {LONGEST} characters.")
    call.parameters.errors |= inner.errors
    thread = _thread(call)
    told = [_mention(call, each) for each in mentions]
    thread.last_id += 1
    # the text comes back with one blank appended [observed]
    thread.comments.append(
        Comment(thread.last_id, f"{text} ", call.caller.user.shown(), call.tenant.clock.now(), told)
    )
    return {"id": str(thread.last_id)}


def _mention(call: Call, given: dict[str, Any]) -> dict[str, str]:
    one = Parameters(given, "comment.mentions.")
    code, kind = one.text("code"), one.choice("type", "USER", MENTIONED)
    one.done()
    return {"code": call.tenant.person(kind, code)["code"], "type": kind}


def delete(call: Call) -> dict[str, Any]:
    """DELETE record/comment.json: only one's own; by token those of Administrator."""
    comment_id = call.parameters.integer("comment")
    thread = _thread(call)
    found = next((each for each in thread.comments if each.id == comment_id), None)
    if found is None:
        raise problems.KintoneError(400, "GAIA_RE02", f"The comment (ID: {comment_id}) is not found.")
    if found.creator["code"] != call.caller.user.code:
        raise problems.KintoneError(assumptions.NOT_YOUR_COMMENT_STATUS, "GAIA_RE03", "The comment is not yours.")
    thread.comments.remove(found)
    return {}


CALLS: Calls = {
    ("GET", "record/comments.json"): get,
    ("POST", "record/comment.json"): add,
    ("DELETE", "record/comment.json"): delete,
}
