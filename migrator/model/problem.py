"""A finding for people: what, where, why, what to do."""

from __future__ import annotations

from enum import StrEnum

from migrator.model.lean import dataclass


class Severity(StrEnum):
    """How bad."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where: in a file, or at a record. Only what is known is set."""

    file: str | None = None
    """Path as the user wrote it."""
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based, in characters."""
    path: str | None = None
    """Place inside the document, such as "steps[0].fields.serial"."""
    excerpt: str | None = None
    """The source line; secrets are taken out."""
    system: str | None = None
    """The playbook's name of the system."""
    collection: str | None = None
    """Collection."""
    step: str | None = None
    """Step."""
    record: str | None = None
    """Key or origin id of the record, as text."""
    field: str | None = None
    """Field of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownValue:
    """A value of a record that a mapping, a field of the target or the source does not know."""

    why: str
    """Such as `not in mapping "state"`."""
    value: str
    """As text."""
    policy: str = "fail"
    """What became of it: fail (the record is a Problem), keep, null or default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding."""

    code: str
    """Two letters and three digits: PB playbook, TR transform, PL plan, RN run, SY system, ST state, FI file."""
    summary: str
    """One line, in the user's words, without the place."""
    severity: Severity = Severity.ERROR
    """Error or warning."""
    detail: str = ""
    """Why; may have several lines."""
    place: Place | None = None
    """Where."""
    hint: str = ""
    """What to do."""
    unknown: tuple[UnknownValue, ...] = ()
    """Values that caused it: a plan counts them, and views tell them once with their counts."""
