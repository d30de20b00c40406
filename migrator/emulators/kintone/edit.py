"""Changes of one call to the records of one app. Run it inside a transaction: `finish` may refuse everything."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from migrator.emulators.kintone import assumptions, dates, lookup, problems
from migrator.emulators.kintone.access import Caller
from migrator.emulators.kintone.form import Field
from migrator.emulators.kintone.rows import Row
from migrator.emulators.kintone.values import Work, cell_value, default_of

if TYPE_CHECKING:
    from migrator.emulators.kintone.app import App
    from migrator.emulators.kintone.tenant import Tenant

NEVER_WRITTEN = frozenset({"RECORD_NUMBER", "STATUS", "STATUS_ASSIGNEE", "GROUP", "REFERENCE_TABLE"})
ADD_ONLY = frozenset({"CREATOR", "MODIFIER", "CREATED_TIME", "UPDATED_TIME"})


class Edit:
    """Adds, updates and deletes of one call; errors of all its records are collected and raised by `finish`."""

    def __init__(self, tenant: "Tenant", app: "App", caller: Caller) -> None:
        self.app = app
        self._form = app.compiled
        self._caller = caller
        now = tenant.clock.now()
        self._work = Work(tenant, app, caller, now)
        self._minute = dates.epoch_minutes(now)
        self._done: list[Row] = []
        self._touched: set[int] = set()
        self._codes = {
            type_: app.code_of(type_) for type_ in (*ADD_ONLY, "RECORD_NUMBER", "STATUS", "STATUS_ASSIGNEE")
        }
        self._fresh = self._new_values()

    def finish(self) -> list[Row]:
        """The rows written, in order. Raises CB_VA01 with everything that was wrong."""
        if self._work.errors:
            raise problems.invalid(self._work.errors)
        return self._done

    def add(self, record: Mapping[str, Any], prefix: str) -> Row | None:
        """Add a record; `prefix` is its place in `errors`. None where it broke a rule."""
        work, form = self._work, self._form
        work.old, before = {}, len(work.errors)
        values, writers = dict(self._fresh), form.writers
        for code, cell in record.items():
            write = writers.get(code)
            if write is not None:
                values[code] = write(cell_value(cell), prefix, work)
            else:
                self._odd(code, cell, values, prefix)
        for one in form.defaults:
            if one.code not in record:
                values[one.code] = form.writers[one.code](default_of(one, work), prefix, work)
        for each in form.lookups:
            values.update(lookup.copied(each, values[each.code], dict(form.blanks), work))
        self._check(values, prefix, None)
        if len(work.errors) > before:
            return None
        row_id = self.app.table.next_id()
        values[self._codes["RECORD_NUMBER"]] = self.app.record_number(row_id)
        return self._put(values, row_id, 1)

    def update(self, row: Row, record: Mapping[str, Any], prefix: str) -> Row | None:
        """Lay `record` over `row`. None where that breaks a rule; raises GAIA_RE09 for a row already touched."""
        work, form = self._work, self._form
        self.touch(row.id)
        work.old, before = row.values, len(work.errors)
        values = dict(work.old)
        for code, cell in record.items():
            write = form.writers.get(code)
            if write is None:
                self._odd(code, cell, values, None)
            elif code not in form.mapped:
                values[code] = write(cell_value(cell), prefix, work)
        for each in form.lookups:
            if each.code in record:
                values.update(lookup.copied(each, values[each.code], dict(form.blanks), work))
        self._check(values, prefix, row.id)
        if len(work.errors) > before:
            return None
        return self.revise(row, values)

    def revise(self, row: Row, values: Mapping[str, Any], steps: int = 1) -> Row:
        """Put `values` over `row` as they are, `steps` revisions further."""
        before = row.values
        merged = {**before, **values}
        if not assumptions.SAME_UPDATE_RAISES_REVISION and merged == before:
            self._done.append(row)
            return row
        merged[self._codes["MODIFIER"]] = self._caller.user.shown()
        merged[self._codes["UPDATED_TIME"]] = self._minute
        return self._put(merged, row.id, row.revision + steps)

    def delete(self, row: Row) -> None:
        """Take `row` out."""
        self.app.table.remove(row.id)

    def touch(self, record_id: int) -> None:
        """Note that this call writes the record. Raises GAIA_RE09 the second time."""
        if record_id in self._touched:
            raise problems.KintoneError(400, "GAIA_RE09", f"The record (ID: {record_id}) is specified twice.")
        self._touched.add(record_id)

    def _put(self, values: dict[str, Any], row_id: int, revision: int) -> Row:
        for calculation in self._form.calculations:
            calculation.apply(values)
        row = Row(row_id, revision, values)
        self.app.table.put(row)
        self._touched.add(row.id)
        self._done.append(row)
        return row

    def _new_values(self) -> dict[str, Any]:
        """What every record that this call adds begins with."""
        values, codes, who = dict(self._form.blanks), self._codes, self._caller.user.shown()
        values |= {codes["CREATOR"]: who, codes["MODIFIER"]: who}
        values |= {codes["CREATED_TIME"]: self._minute, codes["UPDATED_TIME"]: self._minute}
        if self.app.process.enabled:
            values[codes["STATUS"]] = self.app.process.first
        return values

    def _odd(self, code: str, cell: Any, values: dict[str, Any], prefix: str | None) -> None:
        """A key of `record` that has no writer: ignored, refused, or set on add (with a `prefix`)."""
        one = self.app.fields.get(code)
        if one is None or one.type == "CALC" or one.properties.get("expression"):
            return
        if one.type == "CATEGORY":
            raise problems.KintoneError(400, "GA_UO01", f"Field '{code}' (CATEGORY) cannot be updated.")
        if one.type in NEVER_WRITTEN or prefix is None:
            raise problems.KintoneError(400, "GAIA_UN10", f"Field '{code}' ({one.type}) cannot be updated.")
        if not self._caller.may(self.app, "manage"):
            raise problems.KintoneError(
                assumptions.NO_RIGHT_TO_SET_STATUS,
                "GAIA_BF02",
                f"Setting '{code}' takes the right to manage the app.",
            )
        values[code] = self._imported(one, cell_value(cell), prefix)

    def _imported(self, one: Field, value: Any, prefix: str) -> Any:
        """A creator or time that an administrator brings over from elsewhere."""
        if one.type in ("CREATOR", "MODIFIER"):
            if not isinstance(value, dict):
                raise problems.bad_json()
            return self._work.tenant.person("USER", str(value.get("code")))
        try:
            return dates.stored_datetime(str(value))
        except ValueError:
            self._work.wrong(f"{prefix}.{one.code}.value", "Enter a valid date and time.")
            return ""

    def _check(self, values: Mapping[str, Any], prefix: str, own_id: int | None) -> None:
        """Required and unique, on the merged record."""
        work, form, table = self._work, self._form, self.app.table
        for code, suffix in form.required:
            if not values[code]:
                work.wrong(f"{prefix}.{code}{suffix}", "Required.")
        for code in form.uniques:
            value = values[code]
            if value and table.holder(code, value) not in (None, own_id):
                work.wrong(f"{prefix}.{code}.value", "This value already exists in another record.")
