"""Users, their logins, e-mail addresses and profiles."""

import re
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.refusal import DENIED, NotDone
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import order_key
from migrator.emulators.glpi.values import as_text
from migrator.emulators.glpi.wire import intval

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items

_LOGIN = re.compile(r"^[\w'@.\- ]+$")
_EMAIL = re.compile(r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$")
INVALID = "The login is not valid. Unable to add the user."


class Person(Kind):
    """User: a login that no other has, trashed or not, whatever its case. [observed]"""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Checks login and passwords."""
        login = as_text(values.get("name") or "")
        if not (_LOGIN.match(login) or _EMAIL.match(login)):
            raise NotDone(INVALID)
        if _holder(items, login) is not None:
            raise NotDone("Unable to add. The user already exists.")
        return self._with_password(items, {**values, "authtype": values.get("authtype", 1)})

    def _with_password(self, items: "Items", values: dict[str, Any]) -> dict[str, Any]:
        password = values.pop("password", None)
        if not password:
            return values
        if password != values.get("password2"):
            raise NotDone("Error: the two passwords do not match")
        return {**values, "password": password, "password_last_update": items.store.now()}

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """Adds addresses and the profile that the input names."""
        self._add_emails(items, row["id"], values)
        if intval(values.get("_profiles_id") or 0):
            right = {
                "users_id": row["id"],
                "profiles_id": values["_profiles_id"],
                "entities_id": values.get("_entities_id", 0),
                "is_recursive": values.get("_is_recursive", 0),
            }
            items.add_quietly("Profile_User", right)

    def _add_emails(self, items: "Items", number: int, values: dict[str, Any]) -> None:
        told = values.get("_useremails")
        addresses = list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else []
        for address in addresses:
            if not _EMAIL.match(as_text(address)):
                continue
            try:
                items.add_quietly("UserEmail", {"users_id": number, "email": address})
            except NotDone:
                continue

    def before_update(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """A login that another has is left out, and told in the message. [observed]"""
        self._add_emails(items, row["id"], values)
        values = self._with_password(items, dict(values))
        holder = _holder(items, as_text(values["name"])) if values.get("name") else None
        if holder is not None and holder != row["id"]:
            del values["name"]
            items.messages.append("Unable to update login. A user already exists.")
        return values


def _holder(items: "Items", login: str) -> int | None:
    for row in items.store.table("User").rows.values():
        if order_key(row["name"] or "") == order_key(login):
            number: int = row["id"]
            return number
    return None


def may_delete(user: int, row: Row) -> None:
    """Raises NotDone for the user's own account. [observed]"""
    if row["id"] == user:
        raise NotDone(DENIED)


class Email(Kind):
    """UserEmail: the first of a user is the default one."""

    announces = False

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Refuses without a word what is no address. [observed]"""
        if not _EMAIL.match(as_text(values.get("email") or "")):
            raise NotDone
        others = items.store.table("UserEmail").ids("users_id", intval(values.get("users_id", 0)))
        return {"is_default": 0 if others else 1, **values}
