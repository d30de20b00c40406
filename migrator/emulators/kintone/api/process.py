"""Process management of records: status, assignees; and what somebody may do with a record."""

from typing import Any

from migrator.emulators.kintone import assumptions, problems
from migrator.emulators.kintone.api.records import checked, row_of
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.edit import Edit
from migrator.emulators.kintone.parameters import Parameters
from migrator.emulators.kintone.rows import Row
from migrator.emulators.kintone.wire import Call, Calls


def _refused(code: str, message: str) -> problems.KintoneError:
    return problems.KintoneError(assumptions.PROCESS_STATUS, code, message)


def _app(call: Call) -> App:
    app = call.app(assumptions.STATUS_NEEDS_RIGHT)
    if not app.process.enabled:
        raise _refused("GAIA_ST02", "Process management is not enabled.")
    return app


class _Moves:
    """Status updates of one call."""

    def __init__(self, call: Call, app: App) -> None:
        self._call, self._app = call, app
        self.edit = Edit(call.tenant, app, call.caller)

    def move(self, one: Parameters) -> None:
        """Carry out one action: two revisions further. Raises GAIA_IL03, GAIA_NT01, GAIA_SA01, GAIA_SA04."""
        record_id, action_name, revision = one.integer("id"), one.text("action"), one.revision()
        chosen = one.text("assignee", "")
        one.done()
        row = checked(row_of(self._app, record_id), revision)
        process, codes = self._app.process, self._codes()
        action = process.action(action_name, row.values[codes[0]])
        if action is None:
            raise _refused("GAIA_IL03", f"The action {action_name} is not there in the present status.")
        self._must_be_assigned(row, codes[1])
        assigned = self._assigned(action.target, chosen)
        self.edit.touch(row.id)
        self.edit.revise(row, {codes[0]: action.target, codes[1]: assigned}, steps=2)

    def _codes(self) -> tuple[str, str]:
        return self._app.code_of("STATUS"), self._app.code_of("STATUS_ASSIGNEE")

    def _must_be_assigned(self, row: Row, code: str) -> None:
        """Only an assignee goes on, where there is one; who may manage the app always does."""
        codes = [person["code"] for person in row.values[code]]
        if codes and self._call.caller.user.code not in codes and not self._call.caller.may(self._app, "manage"):
            raise _refused("GAIA_NT01", "Only the assignee can change the status.")

    def _assigned(self, status: str, chosen: str) -> list[dict[str, str]]:
        process = self._app.process
        if not process.wants_choice(status):
            if chosen:
                raise _refused("GAIA_SA04", "An assignee cannot be given here.")
            return [self._call.tenant.person("USER", code) for code in process.candidates(status)]
        if not chosen:
            raise _refused("GAIA_SA01", "An assignee is required.")
        if chosen not in process.candidates(status):
            raise _refused("GAIA_SA04", f"{chosen} cannot be the assignee here.")
        return [self._call.tenant.person("USER", chosen)]


def put_status(call: Call) -> dict[str, Any]:
    """PUT record/status.json"""
    moves = _Moves(call, _app(call))
    moves.move(call.parameters)
    return {"revision": str(moves.edit.finish()[0].revision)}


def put_statuses(call: Call) -> dict[str, Any]:
    """PUT records/status.json"""
    entries = call.parameters.objects("records")
    moves = _Moves(call, _app(call))
    for at, entry in enumerate(entries):
        moves.move(Parameters(entry, f"records[{at}]."))
    rows = moves.edit.finish()
    return {"records": [{"id": str(row.id), "revision": str(row.revision)} for row in rows]}


def put_assignees(call: Call) -> dict[str, Any]:
    """PUT record/assignees.json"""
    one = call.parameters
    record_id, revision = one.integer("id"), one.revision()
    codes = one.texts("assignees", required=True)
    app = _app(call)
    row = checked(row_of(app, record_id), revision)
    people = [call.tenant.person("USER", code) for code in dict.fromkeys(codes)]
    edit = Edit(call.tenant, app, call.caller)
    edit.revise(row, {app.code_of("STATUS_ASSIGNEE"): people})
    return {"revision": str(edit.finish()[0].revision)}


def evaluate(call: Call) -> dict[str, Any]:
    """GET records/acl/evaluate.json: by password only. Rights are the app's, the same for all records."""
    call.caller.must_have_password()
    ids = call.parameters.integers("ids", required=True)
    app = call.app("view")
    rights = app.rights_of(call.caller.user)
    written = app.compiled.writers
    fields = {
        code: {"viewable": True, "editable": "edit" in rights and code in written}
        for code, _ in app.compiled.all_fields
        if not code.startswith("$")
    }
    record = {"viewable": True, "editable": "edit" in rights, "deletable": "delete" in rights}
    return {"rights": [{"id": str(row_of(app, each).id), "record": record, "fields": fields} for each in ids]}


CALLS: Calls = {
    ("PUT", "record/status.json"): put_status,
    ("PUT", "records/status.json"): put_statuses,
    ("PUT", "record/assignees.json"): put_assignees,
    ("GET", "records/acl/evaluate.json"): evaluate,
}
