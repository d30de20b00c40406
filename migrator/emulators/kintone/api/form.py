"""Changing a form: fields in preparation, then a deployment that puts them to work or fails."""

import copy
from typing import Any

from migrator.emulators.kintone import formula, problems
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.form import BUILT_IN, Field, all_codes, make
from migrator.emulators.kintone.parameters import Parameters
from migrator.emulators.kintone.rows import Row
from migrator.emulators.kintone.tenant import Deployment
from migrator.emulators.kintone.wire import Call, Calls

MOST_APPS = 300


def _prepared(call: Call) -> tuple[App, dict[str, Field]]:
    """The app, and its fields in preparation, to be changed. Raises GAIA_CO03 for a stale revision."""
    revision = call.parameters.revision()
    app = call.app("manage")
    _check_revision(app, revision)
    return app, copy.deepcopy(app.fields if app.preview is None else app.preview)


def _check_revision(app: App, revision: int | None) -> None:
    if revision is not None and revision != app.preview_revision:
        raise problems.KintoneError(409, "GAIA_CO03", "The app's revision is not the latest.")


def _keep(app: App, fields: dict[str, Field]) -> dict[str, Any]:
    app.preview = fields
    app.preview_revision += 1
    return {"revision": str(app.preview_revision)}


def get_fields(call: Call) -> dict[str, Any]:
    """GET preview/app/form/fields.json"""
    app = call.app("manage")
    fields = app.fields if app.preview is None else app.preview
    properties = {code: one.properties for code, one in fields.items()}
    return {"properties": properties, "revision": str(app.preview_revision)}


def _properties(call: Call) -> dict[str, Any]:
    found = call.parameters.mapping("properties", required=True)
    if len(found) > 100:
        call.parameters.wrong("properties", "size must be between 0 and 100")
    if not all(isinstance(one, dict) for one in found.values()):
        raise problems.bad_json()
    return found


def add_fields(call: Call) -> dict[str, Any]:
    """POST preview/app/form/fields.json"""
    properties = _properties(call)
    app, fields = _prepared(call)
    for code, given in properties.items():
        one = make(code, given)
        if one.type in BUILT_IN.values():
            raise problems.invalid({f"properties[{code}].type": ["must be one of the enum value"]})
        taken = (all_codes(fields) | set(BUILT_IN)) & {code, *one.cells}
        if taken:
            raise problems.invalid({f"properties[{code}].code": [f'The field code "{min(taken)}" is already used.']})
        fields[code] = one
    return _keep(app, fields)


def update_fields(call: Call) -> dict[str, Any]:
    """PUT preview/app/form/fields.json; a new `code` renames the field."""
    properties = _properties(call)
    app, fields = _prepared(call)
    for code, given in properties.items():
        _known(code, fields)
        new_code = str(given.get("code", code))
        if given.get("type", fields[code].type) != fields[code].type:
            raise problems.invalid({f"properties[{code}].type": ["The type of a field cannot be changed."]})
        fields[new_code] = make(new_code, {**fields.pop(code).properties, **given})
        fields[new_code].renamed_from = code if new_code != code else None
    return _keep(app, fields)


def delete_fields(call: Call) -> dict[str, Any]:
    """DELETE preview/app/form/fields.json"""
    codes = call.parameters.texts("fields", required=True)
    app, fields = _prepared(call)
    for code in codes:
        _known(code, fields)
        if code in BUILT_IN:
            raise problems.illegal_request()
        _not_looked_up(call, app, code)
        del fields[code]
    return _keep(app, fields)


def _known(code: str, fields: dict[str, Field]) -> None:
    if code not in fields:
        raise problems.KintoneError(400, "GAIA_FC01", f"The field code {code} is not found.")


def _not_looked_up(call: Call, app: App, code: str) -> None:
    """A field that another app's lookup reads cannot go. [observed]"""
    for other in call.tenant.apps.values():
        for one in other.fields.values():
            lookup = one.lookup
            if lookup and int(lookup["relatedApp"]["app"]) == app.id and lookup["relatedKeyField"] == code:
                raise problems.KintoneError(400, "GAIA_LO02", f"{code} is looked up by the app {other.name}.")


def deploy(call: Call) -> dict[str, Any]:
    """POST preview/app/deploy.json"""
    one = call.parameters
    entries, revert = one.objects("apps", high=MOST_APPS), one.flag("revert")
    one.done()
    for entry in entries:
        inner = Call(call.tenant, call.caller, call.space, Parameters(entry, "apps."))
        revision = inner.parameters.revision()
        app = inner.app("manage")
        _check_revision(app, revision)
        call.tenant.deployments[app.id] = Deployment("CANCEL" if revert else _deployed(app))
        if revert:
            app.preview = None
    return {}


def _deployed(app: App) -> str:
    """Put the prepared fields to work: SUCCESS, or FAIL where present records break a rule."""
    before, fields = app.fields, app.preview
    if fields is None:
        return "SUCCESS"
    app.fields = fields
    try:
        app.compile()
    except (formula.BadFormula, problems.KintoneError) as error:
        app.fields = before
        app.compile()
        if isinstance(error, problems.KintoneError):
            raise
        raise problems.KintoneError(400, "GAIA_IL01", f"A formula is wrong: {error}") from error
    if not _records_fit(app):
        app.fields = before
        app.compile()
        return "FAIL"
    app.preview = None
    app.revision = app.preview_revision
    return "SUCCESS"


def _records_fit(app: App) -> bool:
    """Bring all records to the new form; False where one breaks a unique or length rule (nothing is changed then)."""
    blanks = app.compiled.blanks
    renamed = {code: one.renamed_from or code for code, one in app.fields.items()}
    rows = []
    for row in app.table:
        before = row.values
        values = {code: before.get(renamed.get(code, code), blank) for code, blank in blanks.items()}
        rows.append(Row(row.id, row.revision, values))
    if any(_too_long(one, row) for one in app.fields.values() for row in rows):
        return False
    for code in app.compiled.uniques:
        kept = [row.values[code] for row in rows if row.values[code]]
        if len(set(kept)) < len(kept):
            return False
    app.table.replace_all(rows)
    for one in app.fields.values():
        one.renamed_from = None
    app.index_uniques()
    return True


def _too_long(one: Field, row: Row) -> bool:
    longest = one.properties.get("maxLength") or 0
    return bool(longest) and len(row.values.get(one.code) or "") > int(longest)


def get_deploy(call: Call) -> dict[str, Any]:
    """GET preview/app/deploy.json"""
    ids = call.parameters.integers("apps", required=True, high=MOST_APPS)
    call.parameters.done()
    return {"apps": [{"app": str(each), "status": _status(call, each)} for each in ids]}


def _status(call: Call, app_id: int) -> str:
    call.caller.must(call.tenant.app(app_id), "manage")
    deployment = call.tenant.deployments.get(app_id)
    if deployment is None:
        return "SUCCESS"
    if deployment.polls_left > 0:
        deployment.polls_left -= 1
        return "PROCESSING"
    return deployment.status


CALLS: Calls = {
    ("GET", "preview/app/form/fields.json"): get_fields,
    ("POST", "preview/app/form/fields.json"): add_fields,
    ("PUT", "preview/app/form/fields.json"): update_fields,
    ("DELETE", "preview/app/form/fields.json"): delete_fields,
    ("POST", "preview/app/deploy.json"): deploy,
    ("GET", "preview/app/deploy.json"): get_deploy,
}
