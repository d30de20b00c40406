"""Bulk and single writes: one result per item, and the status that sums them up. [source, observed]"""

from typing import Any

from migrator.emulators.glpi.items import Items
from migrator.emulators.glpi.kinds import document
from migrator.emulators.glpi.kinds.person import may_delete
from migrator.emulators.glpi.refusal import CODES, DENIED, NOT_FOUND, Accident, NotDone, Refusal, refusal
from migrator.emulators.glpi.rights import DELETE, PURGE, UPDATE
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.sessions import Session, may_change, may_create
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.text import decode
from migrator.emulators.glpi.uploads import keep
from migrator.emulators.glpi.wire import Brackets, Call, intval

Answer = tuple[int, Any, dict[str, str]]
"""Status, body, headers."""


class Writing:
    """The writes of one call to one itemtype."""

    def __init__(self, store: Store, session: Session, call: Call, itemtype: Itemtype) -> None:
        self.store, self.session, self.call, self.type = store, session, call, itemtype
        self._items = Items(store, session)
        self._base = store.options.url_base_api

    def _input(self) -> tuple[list[Any], bool]:
        """The objects of the input, and whether it was a single one. Raises Refusal."""
        told = self.call.parameters.get("input")
        if isinstance(told, Brackets):
            return list(told.values()), False
        if isinstance(told, dict):
            return [told], True
        if isinstance(told, list):
            return told, False
        raise refusal("ERROR_BAD_ARRAY", self._base)

    def _sum_up(self, verb: str, results: list[Any], failed: int, asked: int) -> None:
        """Raises the refusal of a bulk write of which some or all failed."""
        code = f"ERROR_GLPI_{verb}" if failed == asked else f"ERROR_GLPI_PARTIAL_{verb}"
        if failed == asked or failed:
            raise Refusal(code, results, status=CODES[code][0])

    def _message(self) -> str:
        told = self._items.take_message()
        return told if self.call.sanitized else decode(told)

    # create

    def create(self) -> Answer:
        """POST. An id in path or input changes nothing."""
        objects, single = self._input()
        uploads = keep(self.store, self.call) if self.call.uploads else None
        results, failed = [], 0
        for each in objects:
            if not isinstance(each, dict):
                raise Accident
            number, message = self._create_one(each)
            failed += number is None
            result = {"id": number if number is not None else False, "message": message}
            if uploads is not None:
                result["upload_result"] = uploads
            results.append(result)
        made = [f"{self._base}/{self.type.name}/{result['id']}" for result in results if result["id"] is not False]
        if not single:
            self._sum_up("ADD", results, failed, len(objects))
            return 201, results, {"link": ",".join(made)}
        if failed:
            raise Refusal("ERROR_GLPI_ADD", results[0]["message"], status=400)
        return 201, results[0], {"location": made[0]}

    def _create_one(self, told: dict[str, Any]) -> tuple[int | None, str]:
        values = {name: value for name, value in told.items() if name != "id"}
        if not may_create(self.session, self.type, values):
            return None, DENIED
        if values.get("entities_id") is None and self.type.of_entity:
            values["entities_id"] = self.session.active
        if self.type.name == "Entity":
            values.setdefault("entities_id", self.session.active)
        if self.call.uploads and self.type.name == "Document":
            file = self.call.uploads[0]
            values.pop("filename", None)  # the file itself tells it, whatever a client sends here
            values[document.UPLOAD] = file if document.allowed(self.store, file.name) else None
        try:
            number = self._items.add(self.type, values)
        except NotDone as error:
            return None, self._failed(error)
        return number, self._message()

    def _failed(self, error: NotDone) -> str:
        """What a failed item tells: its own words, else what lies around."""
        if error.message:
            self._items.messages.clear()
            return error.message
        return self._message()

    # update

    def update(self, number: int | None) -> Answer:
        """PUT and PATCH. An id in the input beats the one of the path. Unknown ids leave no result. [observed]"""
        if number is not None:
            self._put_id(number)
        objects, single = self._input()
        results: list[Any] = []
        failed = 0
        for each in objects:
            wanted = each.get("id") if isinstance(each, dict) and not isinstance(each, Brackets) else None
            if wanted is None:
                results.append([])
                continue
            here = intval(wanted)
            if self.store.row(self.type.name, here) is None:
                failed += 1
                continue
            done, message = self._update_one(here, each)
            failed += not done
            results.append({str(here): done, "message": message})
        if single and failed:
            told = results[0]["message"] if results else None
            raise Refusal("ERROR_GLPI_UPDATE", told, status=400)
        if not single:
            self._sum_up("UPDATE", results, failed, len(objects))
        return 200, results, {}

    def _put_id(self, number: int) -> None:
        told = self.call.parameters.get("input")
        if isinstance(told, list | Brackets):
            raise Accident
        if isinstance(told, dict):
            told.setdefault("id", number)

    def _update_one(self, number: int, values: dict[str, Any]) -> tuple[bool, str]:
        row = self.store.table(self.type.name).rows[number]
        own = self.type.name == "User" and number == self.session.user
        if not own and not may_change(self.store, self.session, self.type, row, UPDATE):
            return False, DENIED
        try:
            self._items.update(self.type, number, values)
        except NotDone as error:
            return False, self._failed(error)
        return True, self._message()

    # delete

    def delete(self, number: int | None) -> Answer:
        """DELETE. An id in the path replaces the input. Unknown ids are listed. [observed]"""
        if number is not None and number > 0:
            self.call.parameters["input"] = {"id": number}
        objects, single = self._input()
        results: list[Any] = []
        failed = 0
        for each in objects:
            wanted = each.get("id") if isinstance(each, dict) and not isinstance(each, Brackets) else None
            if wanted is None:
                continue
            here = intval(wanted)
            done, message = self._delete_one(here, each)
            failed += not done
            results.append({str(here): done, "message": message})
        if single and failed:
            raise Refusal("ERROR_GLPI_DELETE", results[0]["message"], status=400)
        if not single:
            self._sum_up("DELETE", results, failed, len(objects))
        return 200, results, {}

    def _delete_one(self, number: int, values: dict[str, Any]) -> tuple[bool, str]:
        row = self.store.row(self.type.name, number)
        if row is None:
            return False, NOT_FOUND
        purge = self.call.flag("force_purge") or not self.type.has_trash or bool(row.get("is_template"))
        if not may_change(self.store, self.session, self.type, row, PURGE if purge else DELETE):
            return False, DENIED
        try:
            if self.type.name == "User":
                may_delete(self.session.user, row)
            if purge:
                self._items.purge(self.type, number, values)
            else:
                self._items.trash(self.type, number, history_kept=self.call.flag("history", True))
        except NotDone as error:
            return False, self._failed(error)
        return True, self._message()
