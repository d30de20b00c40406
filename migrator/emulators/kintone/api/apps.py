"""Apps and what is set in them: names, form, layout, process, number precision; all of it read only."""

from typing import Any

from migrator.emulators.kintone import assumptions, dates, layout
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.wire import Call, Calls


def shown(app: App) -> dict[str, Any]:
    """An app as app.json answers."""
    return {
        "appId": str(app.id),
        "code": app.code,
        "name": app.name,
        "description": app.description,
        "createdAt": f"{dates.utc_seconds(app.created)[:-1]}.000Z",
        "creator": app.creator.shown(),
        "modifiedAt": f"{dates.utc_seconds(app.modified)[:-1]}.000Z",
        "modifier": app.modifier.shown(),
        "spaceId": str(app.space.id) if app.space else None,
        "threadId": str(app.space.id + 1) if app.space else None,
    }


def get_app(call: Call) -> dict[str, Any]:
    """GET app.json"""
    return shown(call.app("view", "id"))


def get_apps(call: Call) -> dict[str, Any]:
    """GET apps.json; by password only"""
    call.caller.must_have_password()
    one = call.parameters
    ids, codes = one.integers("ids"), one.texts("codes")
    spaces, name = one.integers("spaceIds"), one.text("name", "").casefold()
    limit, offset = one.integer("limit", 100, high=100), one.integer("offset", 0, low=0)
    one.done()
    found = [
        shown(app)
        for app in call.tenant.apps.values()
        if (not ids or app.id in ids)
        and (not codes or app.code in codes)
        and (not spaces or (app.space is not None and app.space.id in spaces))
        and name in app.name.casefold()
        and call.caller.may(app, "view")
    ]
    return {"apps": found[offset : offset + limit]}


def get_fields(call: Call) -> dict[str, Any]:
    """GET app/form/fields.json"""
    app = call.app(assumptions.SETTINGS_NEED_RIGHT)
    return {"properties": {code: one.properties for code, one in app.fields.items()}, "revision": str(app.revision)}


def get_layout(call: Call) -> dict[str, Any]:
    """GET app/form/layout.json"""
    app = call.app(assumptions.SETTINGS_NEED_RIGHT)
    return {"layout": app.layout or layout.of(app.fields), "revision": str(app.revision)}


def get_process(call: Call) -> dict[str, Any]:
    """GET app/status.json"""
    app = call.app(assumptions.SETTINGS_NEED_RIGHT)
    return app.process.shown(app.revision)


def get_settings(call: Call) -> dict[str, Any]:
    """GET app/settings.json"""
    app = call.app(assumptions.SETTINGS_NEED_RIGHT)
    return {
        "name": app.name,
        "description": app.description,
        "icon": {"type": "PRESET", "key": "APP39"},
        "theme": "WHITE",
        "titleField": {"selectionMode": "AUTO"},
        "enableThumbnails": True,
        "enableBulkDeletion": False,
        "enableComments": app.comments_on,
        "enableDuplicateRecord": True,
        "enableInlineRecordEditing": True,
        "numberPrecision": app.precision.shown(),
        "firstMonthOfFiscalYear": "1",
        "revision": str(app.revision),
    }


CALLS: Calls = {
    ("GET", "app.json"): get_app,
    ("GET", "apps.json"): get_apps,
    ("GET", "app/form/fields.json"): get_fields,
    ("GET", "app/form/layout.json"): get_layout,
    ("GET", "app/status.json"): get_process,
    ("GET", "app/settings.json"): get_settings,
}
