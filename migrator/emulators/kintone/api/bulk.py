"""Bulk requests: up to 20 writes in order, all of them or none."""

from typing import Any

from migrator.emulators.kintone import assumptions, problems
from migrator.emulators.kintone.api import process, records
from migrator.emulators.kintone.parameters import Parameters
from migrator.emulators.kintone.wire import BulkFailed, Call, Calls, split_path

MOST = 20
ALLOWED: Calls = {
    key: view
    for key, view in {**records.CALLS, **process.CALLS}.items()
    if key[0] != "GET"
}  # fmt: skip
"""The writes that the docs list: records, status, assignees."""


def post(call: Call) -> dict[str, Any]:
    """POST bulkRequest.json; runs in the transaction of the HTTP request."""
    requests = call.parameters.objects("requests", high=10_000)
    if not call.parameters.errors and len(requests) > MOST:
        message = f"size must be between 0 and {MOST}"
        raise problems.invalid({"requests": [message]}, assumptions.BULK_REFUSED_CODE)
    call.parameters.done()
    return {"results": [_part(call, at, len(requests), each) for at, each in enumerate(requests)]}


def _part(call: Call, index: int, count: int, part: dict[str, Any]) -> Any:
    one = Parameters(part, f"requests[{index}].")
    method, path, payload = one.text("method"), one.text("api"), one.mapping("payload")
    one.done()
    try:
        space, name = split_path(path)
        view = ALLOWED.get((method, name))
        if view is None:
            raise problems.KintoneError(
                *assumptions.BULK_CALL_REFUSED, f"{method} {path} cannot be in a bulk request."
            )
        return view(Call(call.tenant, call.caller, space, Parameters(payload)))
    except problems.KintoneError as error:
        raise BulkFailed(index, count, error) from error


CALLS: Calls = {("POST", "bulkRequest.json"): post}
