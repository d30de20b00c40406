"""One app: its form, deployed and in preparation, its settings, its records, and the writers made from the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from migrator.emulators.kintone import assumptions, formula, lookup
from migrator.emulators.kintone.access import RIGHTS, User
from migrator.emulators.kintone.form import NOT_IN_RECORDS, WORKFLOW, Field
from migrator.emulators.kintone.numeric import Precision
from migrator.emulators.kintone.process import Process
from migrator.emulators.kintone.rows import Projection, Row, Thread
from migrator.emulators.kintone.subtable import TableWriter, required_suffix
from migrator.emulators.kintone.values import WRITERS, Writer
from migrator.emulators.store import Table, Undo

USER_RIGHTS = RIGHTS - {"manage"}


@dataclass
class Space:
    """Where an app lives: a space, perhaps a guest space, which has paths of its own."""

    id: int
    guest: bool = False


@dataclass(frozen=True)
class Compiled:
    """What a deployed form means for reading and writing; made once a deployment."""

    writers: Mapping[str, Writer]
    defaults: tuple[Field, ...]
    """Fields that an add fills or checks even when they are left out."""
    blanks: Mapping[str, Any]
    required: tuple[tuple[str, str], ...]
    """(code, end of the key in `errors`)"""
    uniques: tuple[str, ...]
    lookups: tuple[Field, ...]
    calculations: tuple[formula.Calculation, ...]
    mapped: frozenset[str]
    all_fields: Projection


@dataclass
class App:
    """An app. Make it with `Tenant.add_app`."""

    id: int
    name: str
    fields: dict[str, Field]
    undo: Undo
    creator: User
    created: float
    code: str = ""
    description: str = ""
    space: Space | None = None
    process: Process = field(default_factory=Process)
    precision: Precision = field(default_factory=Precision)
    rights: dict[str, frozenset[str]] = field(default_factory=dict)
    """Login name -> rights, where they differ from everybody's (all but managing)."""
    comments_on: bool = True
    layout: list[dict[str, Any]] | None = None
    """The deployed layout, where somebody set one; else it follows from the fields."""
    revision: int = 1
    preview: dict[str, Field] | None = None
    """Fields as changed and not yet deployed."""
    preview_revision: int = 1
    last_table_row: int = 0
    threads: dict[int, Thread] = field(default_factory=dict)
    """Comments by record id."""

    def __post_init__(self) -> None:
        self.modifier, self.modified = self.creator, self.created
        self.table: Table[Row] = Table(self.undo, lose_ids=assumptions.LOST_IDS_AFTER_FAILURE)
        self._projections: dict[tuple[str, ...], Projection] = {}
        self.compile()

    def rights_of(self, user: User) -> frozenset[str]:
        """What `user` may do here."""
        return RIGHTS if user.admin else self.rights.get(user.code, USER_RIGHTS)

    def next_table_row(self) -> int:
        """A fresh id for a row of a table: unique in the app."""
        before = self.last_table_row
        self.undo.note(lambda: setattr(self, "last_table_row", before))
        self.last_table_row += 1
        return self.last_table_row

    def code_of(self, type_: str) -> str:
        """The code of the one field of a built-in type; it differs by the domain's language, so look by type."""
        return next(one.code for one in self.fields.values() if one.type == type_)

    def record_number(self, record_id: int) -> str:
        """`12`, or `CODE-12` in an app with a code."""
        return f"{self.code}-{record_id}" if self.code else str(record_id)

    def cell(self, code: str) -> Field | None:
        """The table cell of this code."""
        return next((one.cells[code] for one in self.fields.values() if code in one.cells), None)

    def projection(self, codes: tuple[str, ...]) -> Projection:
        """The fields that an answer to `fields=codes` shows: those of them that records have."""
        if not codes:
            return self.compiled.all_fields
        if codes not in self._projections:
            if len(self._projections) > 100:
                self._projections.clear()
            wanted = set(codes)
            self._projections[codes] = tuple(pair for pair in self.compiled.all_fields if pair[0] in wanted)
        return self._projections[codes]

    def compile(self) -> None:
        """Make writers, indexes and projections from the deployed form. Raises formula.BadFormula, GAIA_FC01."""
        shown = {
            code: one
            for code, one in self.fields.items()
            if one.type not in NOT_IN_RECORDS and (one.type not in WORKFLOW or one.properties["enabled"])
        }
        writers: dict[str, Writer] = {}
        for code, one in shown.items():
            if one.type in WRITERS and not one.properties.get("expression"):
                writers[code] = WRITERS[one.type](one, self)
            elif one.type == "SUBTABLE":
                writers[code] = TableWriter(one, self)
        lookup.check(shown)
        lookups = tuple(one for one in shown.values() if one.lookup)
        system = (("$revision", "__REVISION__"), ("$id", "__ID__"))
        self.compiled = Compiled(
            writers=writers,
            defaults=tuple(one for code, one in shown.items() if code in writers and _has_default(one)),
            blanks={code: one.empty() for code, one in shown.items()},
            required=tuple((code, required_suffix(one)) for code, one in shown.items() if one.required),
            uniques=tuple(code for code, one in shown.items() if one.unique),
            lookups=lookups,
            calculations=formula.calculations(shown, self.precision),
            mapped=frozenset(code for one in lookups for code in lookup.mapped_codes(one)),
            all_fields=tuple((code, one.type) for code, one in shown.items()) + system,
        )
        self._projections = {}

    def index_uniques(self) -> str | None:
        """Keep the unique fields unique from now on; returns the code of one that present records break."""
        for code in self.compiled.uniques:
            if not self.table.indexed(code) and self.table.index(code, partial(_key, code)) is not None:
                return code
        return None


def _key(code: str, row: Row) -> Any:
    return row.value(code) or None


def _has_default(one: Field) -> bool:
    properties = one.properties
    return any(properties.get(name) for name in ("defaultValue", "defaultNowValue", "minLength"))
