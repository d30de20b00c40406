"""The sample domain: eight apps, a few people, one token for all of it. Fixed texts, so that runs repeat."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from migrator.emulators.kintone.access import User
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.form import FieldInput
from migrator.emulators.kintone.process import Action, Process, assignee
from migrator.emulators.kintone.tenant import ADMINISTRATOR, Tenant

TOKEN = "Uj4c7XoQ1mZb9rWk2TtYv6PaSdFgHeLn3CxBiMqE"  # noqa: S105  # opens a stand-in on loopback, nothing else
PEOPLE = (
    User("ann", "Ann Archer", "ann-password", organizations=("sales",)),
    User("bob", "Bob Baker", "bob-password", organizations=("sales", "support")),
    User("chie", "千恵 田中", "chie-password", organizations=("support",)),
    User("dora", "Dora Dean", "dora-password"),
)
ORGANIZATIONS = {"sales": "Sales", "support": "Support"}
GROUPS = {"everyone": "Everyone", "leads": "Leads"}

CUSTOMERS: dict[str, FieldInput] = {
    "customer_no": {"type": "SINGLE_LINE_TEXT", "label": "Customer number", "required": True, "unique": True},
    "name": {"type": "SINGLE_LINE_TEXT", "label": "Name", "required": True, "maxLength": "64"},
    "site": {"type": "LINK", "label": "Site", "protocol": "WEB"},
    "rank": {"type": "DROP_DOWN", "label": "Rank", "options": ["A", "B", "C"]},
    "credit": {"type": "NUMBER", "label": "Credit", "unit": "円", "unitPosition": "AFTER"},
}
ASSETS: dict[str, FieldInput] = {
    "serial": {"type": "SINGLE_LINE_TEXT", "label": "Serial number", "required": True, "unique": True},
    "label": {"type": "SINGLE_LINE_TEXT", "label": "Label"},
    "status": {"type": "DROP_DOWN", "label": "Status", "options": ["稼働中", "保管", "廃棄"]},
    "bought": {"type": "DATE", "label": "Bought"},
    "location": {"type": "SINGLE_LINE_TEXT", "label": "Location"},
    "owner": {"type": "SINGLE_LINE_TEXT", "label": "Owner"},
    "cost": {"type": "NUMBER", "label": "Cost"},
    "notes": {"type": "MULTI_LINE_TEXT", "label": "Notes"},
    "tags": {"type": "CHECK_BOX", "label": "Tags", "options": ["leased", "shared", "insured", "fragile"]},
}
STAGES = ["NEW", "PLANNED", "ACTIVE", "COMPLETE", "DEFERRED"]
IDEAS: dict[str, FieldInput] = {
    "idea_no": {"type": "SINGLE_LINE_TEXT", "label": "Idea number", "required": True, "unique": True},
    "title": {"type": "SINGLE_LINE_TEXT", "label": "Title"},
    "description": {"type": "MULTI_LINE_TEXT", "label": "Description"},
    "stage": {"type": "DROP_DOWN", "label": "Stage", "options": STAGES},
    "submitted": {"type": "DATE", "label": "Submitted"},
    "author": {"type": "SINGLE_LINE_TEXT", "label": "Author"},
    "savings": {"type": "NUMBER", "label": "Savings"},
}
PACKAGES: dict[str, FieldInput] = {
    "package": {"type": "SINGLE_LINE_TEXT", "label": "Package", "required": True, "unique": True},
    "version": "SINGLE_LINE_TEXT",
    "section": "SINGLE_LINE_TEXT",
    "priority": "SINGLE_LINE_TEXT",
    "installed_size": "NUMBER",
    "maintainer": "SINGLE_LINE_TEXT",
    "homepage": "SINGLE_LINE_TEXT",
    "description": "MULTI_LINE_TEXT",
    "tags": "MULTI_LINE_TEXT",
}
IMPROVEMENTS: dict[str, FieldInput] = {
    "item_id": {"type": "SINGLE_LINE_TEXT", "label": "Item id", "unique": True},
    "summary": "SINGLE_LINE_TEXT",
    "status": "SINGLE_LINE_TEXT",
    "details": "MULTI_LINE_TEXT",
    "due": "DATE",
    "people": "USER_SELECT",
}
STAFF: dict[str, FieldInput] = {
    "login": {"type": "SINGLE_LINE_TEXT", "label": "Login", "required": True, "unique": True},
    "name": "SINGLE_LINE_TEXT",
    "place": "SINGLE_LINE_TEXT",
}
PLACES: dict[str, FieldInput] = {
    "path": {"type": "SINGLE_LINE_TEXT", "label": "Path", "required": True, "unique": True},
    "name": "SINGLE_LINE_TEXT",
    "inside": {"type": "SINGLE_LINE_TEXT", "label": "Stands inside"},
}
PROCESS = Process(
    enabled=True,
    states={
        "Not started": assignee(),
        "In progress": assignee("ONE", ["ann", "bob"]),
        "Done": assignee(),
    },
    actions=(
        Action("Start", "Not started", "In progress"),
        Action("Finish", "In progress", "Done"),
        Action("Reopen", "Done", "Not started"),
    ),
)
CUSTOMERS_ID = 2
LOOKUP = {
    "relatedApp": {"app": str(CUSTOMERS_ID), "code": ""},
    "relatedKeyField": "customer_no",
    "fieldMappings": [{"field": "customer_name", "relatedField": "name"}],
}
KITCHEN_SINK: dict[str, FieldInput] = {
    "code": {"type": "SINGLE_LINE_TEXT", "label": "Code", "unique": True, "maxLength": "64"},
    "title": {"type": "SINGLE_LINE_TEXT", "label": "Title", "maxLength": "100"},
    "memo": {"type": "MULTI_LINE_TEXT", "label": "Memo"},
    "body": {"type": "RICH_TEXT", "label": "Body"},
    "quantity": {
        "type": "NUMBER",
        "label": "Quantity",
        "minValue": "0",
        "maxValue": "100000",
        "defaultValue": "1",
    },
    "price": {"type": "NUMBER", "label": "Price"},
    "amount": {"type": "CALC", "label": "Amount", "expression": "quantity * price", "format": "NUMBER_DIGIT"},
    "total": {"type": "CALC", "label": "Total of the lines", "expression": "SUM(line_amount)"},
    "site": {"type": "LINK", "label": "Site", "protocol": "WEB"},
    "mail": {"type": "LINK", "label": "Mail", "protocol": "MAIL"},
    "size": {"type": "RADIO_BUTTON", "label": "Size", "options": ["S", "M", "L"], "defaultValue": "M"},
    "state": {"type": "DROP_DOWN", "label": "State", "options": ["open", "closed", "保留"]},
    "colors": {"type": "CHECK_BOX", "label": "Colors", "options": ["red", "green", "blue"]},
    "areas": {"type": "MULTI_SELECT", "label": "Areas", "options": ["north", "south", "東", "西"]},
    "day": {"type": "DATE", "label": "Day"},
    "clock": {"type": "TIME", "label": "Time of day"},
    "moment": {"type": "DATETIME", "label": "Moment"},
    "files": {"type": "FILE", "label": "Files"},
    "people": {"type": "USER_SELECT", "label": "People"},
    "departments": {"type": "ORGANIZATION_SELECT", "label": "Departments"},
    "groups": {"type": "GROUP_SELECT", "label": "Groups"},
    "customer": {"type": "SINGLE_LINE_TEXT", "label": "Customer", "lookup": LOOKUP},
    "customer_name": {"type": "SINGLE_LINE_TEXT", "label": "Customer's name"},
    "lines": {
        "type": "SUBTABLE",
        "label": "Lines",
        "fields": {
            "line_item": {"type": "SINGLE_LINE_TEXT", "label": "Item"},
            "line_count": {"type": "NUMBER", "label": "Count"},
            "line_price": {"type": "NUMBER", "label": "Price"},
            "line_amount": {"type": "CALC", "label": "Amount", "expression": "line_count * line_price"},
            "line_kind": {"type": "DROP_DOWN", "label": "Kind", "options": ["part", "work"]},
            "line_due": {"type": "DATE", "label": "Due"},
        },
    },
    "details": {"type": "GROUP", "label": "Details", "openGroup": True},
    "same_customer": {
        "type": "REFERENCE_TABLE",
        "label": "The customer",
        "referenceTable": {
            "relatedApp": {"app": str(CUSTOMERS_ID), "code": ""},
            "condition": {"field": "customer", "relatedField": "customer_no"},
            "displayFields": ["name", "rank"],
        },
    },
}
"""A field of each kind."""


def fill(tenant: Tenant, *, records: bool) -> dict[str, int]:
    """Make people, token and apps, with records or without; returns app name -> id."""
    tenant.users |= {user.code: user for user in PEOPLE}
    tenant.organizations |= ORGANIZATIONS
    tenant.groups |= GROUPS
    tenant.add_token(TOKEN, {})
    apps = [
        tenant.add_app("kitchen-sink", KITCHEN_SINK, process=PROCESS),
        tenant.add_app("customers", CUSTOMERS),
        tenant.add_app("assets", ASSETS),
        tenant.add_app("ideas", IDEAS),
        tenant.add_app("packages", PACKAGES),
        tenant.add_app("improvements", IMPROVEMENTS),
        tenant.add_app("staff", STAFF),
        tenant.add_app("places", PLACES),
    ]
    if records:
        _records(tenant, apps[0], apps[1], apps[3])
    return {app.name: app.id for app in apps}


def _records(tenant: Tenant, sink: App, customers: App, ideas: App) -> None:
    tenant.add_records(customers, _customers())
    key = tenant.files.upload("note.txt", "text/plain", b"kitchen sink")
    tenant.add_records(sink, _sinks(key))
    tenant.add_records(ideas, _ideas())


def _customers() -> Iterable[Mapping[str, Any]]:
    names = ("Aoba Trading", "Birch & Sons", "有限会社 中村", "Delta Works")
    for at, name in enumerate(names, 1):
        site = f"https://customer{at}.example.com"
        yield {
            "customer_no": f"C-{at:03d}",
            "name": name,
            "site": site,
            "rank": "ABC"[at % 3],
            "credit": str(at * 1000),
        }


def _sinks(file_key: str) -> Iterable[Mapping[str, Any]]:
    yield {
        "code": "KS-1", "title": "Every field filled", "memo": "first line\nsecond line", "body": "<div>rich</div>",
        "quantity": "3", "price": "12.5", "site": "https://example.com", "mail": "ann@example.com", "size": "L",
        "state": "open", "colors": ["red", "blue"], "areas": ["north", "東"], "day": "2026-04-01", "clock": "09:05",
        "moment": "2026-04-01T00:30:00Z", "files": [{"fileKey": file_key}], "people": [{"code": "ann"}],
        "departments": [{"code": "sales"}], "groups": [{"code": "everyone"}], "customer": "C-001",
        "lines": [
            _line("bolt", "10", "0.25", "part", "2026-05-01"),
            _line("fitting", "2", "40", "work", None),
        ],
    }  # fmt: skip
    yield {"code": "KS-2", "title": "Nothing but a title", "quantity": ""}
    yield {"code": "KS-3", "title": "日本語の題名", "memo": "", "state": "保留", "areas": ["西"], "customer": "C-003"}
    yield {"code": "", "title": "No code", "price": "0.1", "people": [{"code": "ann"}, {"code": "bob"}]}


def _line(item: str, count: str, price: str, kind: str, due: str | None) -> dict[str, Any]:
    values = {"line_item": item, "line_count": count, "line_price": price, "line_kind": kind, "line_due": due}
    return {"value": {code: {"value": value} for code, value in values.items()}}


def _ideas() -> Iterable[Mapping[str, Any]]:
    titles = (
        "Label the cables", "Shared tool wall", "One form for travel", "Warmer lights in hall 2", "Reuse pallets",
        "朝会を十分に", "Spare keys in a safe", "Turn off idle screens", "Second kettle", "Shorter meeting notes",
    )  # fmt: skip
    for at, title in enumerate(titles, 1):
        yield {
            "idea_no": f"I-{at:04d}",
            "title": title,
            "description": f"Why: {title.lower()}.\nWho gains: everybody.",
            "stage": STAGES[at % len(STAGES)],
            "submitted": f"2026-{at:02d}-15",
            "author": PEOPLE[at % len(PEOPLE)].code,
            "savings": str(at * 125) if at % 3 else "",
        }


def variables() -> dict[str, str]:
    """What logs in to the sample, by environment variable."""
    return {
        "KINTONE_API_TOKEN": TOKEN,
        "KINTONE_USERNAME": ADMINISTRATOR.code,
        "KINTONE_PASSWORD": ADMINISTRATOR.password,
    }


def password_header(user: User = ADMINISTRATOR) -> dict[str, str]:
    """The header that logs `user` in, for tests."""
    text = base64.b64encode(f"{user.code}:{user.password}".encode()).decode()
    return {"X-Cybozu-Authorization": text}
