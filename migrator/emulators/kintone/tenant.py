"""The whole domain: apps, people, tokens, files, open cursors. This is the emulator's `store`."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from migrator.emulators.kintone import assumptions, dates, problems
from migrator.emulators.kintone.access import RIGHTS, Caller, Token, User
from migrator.emulators.kintone.app import App, Space
from migrator.emulators.kintone.edit import Edit
from migrator.emulators.kintone.files import Files
from migrator.emulators.kintone.form import FieldInput, built_in_fields, make
from migrator.emulators.kintone.process import Process
from migrator.emulators.kintone.rows import Projection, Row
from migrator.emulators.store import Undo

if TYPE_CHECKING:
    from migrator.emulators.kintone.values import Work
    from migrator.emulators.server import Clock

ADMINISTRATOR = User("Administrator", "Administrator", "administrator-password", admin=True)


@dataclass
class Cursor:
    """An open cursor: the rows as they were, how far it was read, until when it lives (epoch seconds)."""

    app: App
    rows: list[Row]
    projection: Projection
    size: int
    expires: float
    position: int = 0


@dataclass
class Deployment:
    """How a deployment ended, and how often PROCESSING is still told before."""

    status: str
    polls_left: int = field(default=assumptions.DEPLOY_POLLS)


class Tenant:
    """State of the domain. Hold `lock` while looking at it from another thread than the server's."""

    def __init__(self, clock: "Clock") -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.undo = Undo()
        self.apps: dict[int, App] = {}
        self.users: dict[str, User] = {ADMINISTRATOR.code: ADMINISTRATOR}
        self.groups: dict[str, str] = {}
        self.organizations: dict[str, str] = {}
        self.tokens: dict[str, Token] = {}
        self.files = Files(clock)
        self.cursors: dict[str, Cursor] = {}
        self.deployments: dict[int, Deployment] = {}

    def app(self, app_id: int) -> App:
        """The app. Raises GAIA_AP01."""
        if app_id not in self.apps:
            raise problems.no_app(app_id)
        return self.apps[app_id]

    def find(self, app: App | int | str) -> App:
        """The app itself, by its id or by its name. Raises KeyError."""
        by_name = {each.name: each for each in self.apps.values()}
        return app if isinstance(app, App) else self.apps[app] if isinstance(app, int) else by_name[app]

    def add_app(
        self,
        name: str,
        fields: Mapping[str, FieldInput],
        *,
        unique: Iterable[str] = (),
        required: Iterable[str] = (),
        code: str = "",
        space: Space | None = None,
        process: Process | None = None,
        every_token: bool = True,
    ) -> App:
        """Make and deploy an app; `fields`: code -> type's name, or properties as form/fields.json has them.

        `unique` and `required` name fields to set so. With `every_token` all tokens there are get all rights on it.
        Raises KintoneError for a field that cannot be.
        """
        made = built_in_fields() | {field_code: make(field_code, given) for field_code, given in fields.items()}
        for names, property_ in ((unique, "unique"), (required, "required")):
            for each in names:
                made[each].properties[property_] = True
        process = process or Process()
        for type_ in ("STATUS", "STATUS_ASSIGNEE"):
            made[next(one.code for one in made.values() if one.type == type_)].properties["enabled"] = process.enabled
        app = App(
            id=len(self.apps) + 1, name=name, fields=made, undo=self.undo, creator=ADMINISTRATOR,
            created=self.clock.now(), code=code, space=space, process=process,
        )  # fmt: skip
        app.index_uniques()
        self.apps[app.id] = app
        if every_token:
            for token in self.tokens.values():
                token.rights[app.id] = RIGHTS
        return app

    def add_token(self, text: str, rights: Mapping[int, Iterable[str]]) -> Token:
        """Make an API token; `rights`: app id -> of view, add, edit, delete, manage."""
        token = Token(text, {app_id: frozenset(each) for app_id, each in rights.items()})
        self.tokens[text] = token
        return token

    def add_records(self, app: App | int | str, records: Iterable[Mapping[str, Any]]) -> list[int]:
        """Add records as Administrator; `records`: code -> value as a write would send it. Returns their ids.

        All or none; raises KintoneError as a call would.
        """
        with self.lock, self.undo.transaction():
            edit = Edit(self, self.find(app), Caller(self.users["Administrator"]))
            for at, record in enumerate(records):
                edit.add({code: {"value": value} for code, value in record.items()}, f"records[{at}]")
            return [row.id for row in edit.finish()]

    def records(self, app: App | int | str) -> list[dict[str, Any]]:
        """All records of an app (itself, its id or name) as plain `code -> value`, oldest first, `$id` included."""
        with self.lock:
            return [row.values for row in self.find(app).table]

    def person(self, kind: str, code: str) -> dict[str, str]:
        """A user, group or organization as records show it. Raises GAIA_IL26 for an unknown code."""
        if kind == "USER" and code in self.users:
            return self.users[code].shown()
        names = {"GROUP": self.groups, "ORGANIZATION": self.organizations}.get(kind, {})
        if code not in names:
            raise problems.KintoneError(
                assumptions.USER_NOT_FOUND_STATUS, "GAIA_IL26", f"The code '{code}' is not found."
            )
        return {"code": code, "name": names[code]}

    def now_text(self, type_: str, work: "Work") -> str:
        """Now as a DATE, TIME (both in the caller's zone) or DATETIME writes it."""
        moment = datetime.fromtimestamp(work.now, UTC)
        if type_ == "DATETIME":
            return dates.utc_minutes(moment)
        local = moment.astimezone(ZoneInfo(work.caller.user.time_zone))
        return local.strftime("%Y-%m-%d" if type_ == "DATE" else "%H:%M")
