"""What is found wrong with a playbook before its place is known, the codes, and "did you mean"."""

from __future__ import annotations

import heapq
from collections.abc import Collection

from migrator.codec.build import Path
from migrator.model.lean import dataclass
from migrator.model.problem import Place, Problem, Severity

CODES = {
    "PB000": "The playbook cannot run.",
    "PB001": "A file cannot be read.",
    "PB002": "A file is not UTF-8 text.",
    "PB003": "A file is too large, too deep, or grows too much through its aliases.",
    "PB004": "The text is not well-formed YAML 1.2 or JSON.",
    "PB005": "A key stands twice in one map.",
    "PB006": "A tag (`!!…`, `!…`) stands where a plain value should.",
    "PB007": "A key is not text.",
    "PB008": "A merge key (`<<`): YAML 1.2 has none.",
    "PB009": "An alias (`*name`) without its anchor, or within itself.",
    "PB010": "The file holds no document.",
    "PB011": "The file holds more than one document, or says that it is YAML 1.1.",
    "PB012": "A field is named that does not exist.",
    "PB013": "NaN or infinity: neither has a place in a record.",
    "PB014": "Warning: the value means something else than it looks like, or than YAML 1.1 readers take it for.",
    "PB020": "A key that does not exist.",
    "PB021": "A required key is missing.",
    "PB022": "A value of the wrong type.",
    "PB023": "A value that is not one of those allowed.",
    "PB024": "A value of the right type that cannot be: a range, a zone, a pace, a name.",
    "PB030": "A connector that does not exist.",
    "PB031": "A system that does not exist.",
    "PB032": "A secret stands in the playbook instead of an `env` expression.",
    "PB033": "The connector refuses this combination of options.",
    "PB034": "Two steps have one name.",
    "PB035": "Nothing tells which target record belongs to which source record.",
    "PB036": "A marker that cannot be used.",
    "PB037": "The system cannot do what the step asks for.",
    "PB038": "A mapping's table cannot be used.",
    "PB039": "A mapping, variable or environment name that does not exist.",
    "PB040": "A test names a step that does not exist.",
    "PB042": "A `{{ }}` where nothing is evaluated, or none where an expression must stand.",
    "PB043": "Warning: a system that no step uses.",
    "PB044": "A name in `ref()` that is no step and no entry of `refs`, or no text; or a name of both.",
    "PB045": "Steps that refer to each other in a circle.",
    "PB046": "A field that refers to records of its own step and cannot be set after these are made.",
}
"""Code -> what it means, in one sentence; one code a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem at a path of the document."""

    path: Path
    """From the root."""
    code: str
    """One of CODES, or the template checker's."""
    summary: str
    """In the user's words, without the place."""
    hint: str = ""
    """What to do."""
    detail: str = ""
    """Why."""
    of_key: bool = False
    """The key is meant, not its value."""
    severity: Severity = Severity.ERROR
    """Error or warning."""

    def placed(self, place: Place) -> Problem:
        """The finding as a Problem."""
        return Problem(
            code=self.code,
            summary=self.summary,
            severity=self.severity,
            detail=self.detail,
            place=place,
            hint=self.hint,
        )


CANDIDATES_MAX = 1000
"""Names among which a likely one is looked for; letters of a name that are compared are `LETTERS_MAX`."""
LETTERS_MAX = 100
NAMES_SHOWN = 20
"""Names that a hint lists at most."""


def suggestion(name: str, known: Collection[str]) -> str | None:
    """The known name that was most likely meant: nearest by letters, else the only one that begins alike.

    None where it would take too long to tell.
    """
    if len(known) > CANDIDATES_MAX or len(name) > LETTERS_MAX:
        return None
    names = sorted(candidate for candidate in known if len(candidate) <= LETTERS_MAX)
    by_fold = {known_name.casefold().replace("-", "_"): known_name for known_name in names}
    folded = name.casefold().replace("-", "_")
    import difflib  # a playbook without misspelt words starts sooner

    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    if near:
        return by_fold[near[0]]
    alike = [candidate for fold, candidate in by_fold.items() if len(folded) > 2 and fold.startswith(folded)]
    return alike[0] if len(alike) == 1 else None


def did_you_mean(name: str, known: Collection[str], *, what: str) -> str:
    """A hint: the likely name, else the first of all ("mappings: a, b, …")."""
    likely = suggestion(name, known)
    if likely:
        return f'did you mean "{likely}"?'
    if not known:
        return f"{what}: none"
    first = ", ".join(candidate[:LETTERS_MAX] for candidate in heapq.nsmallest(NAMES_SHOWN, known))
    return f"{what}: {first}" + (", …" if len(known) > NAMES_SHOWN else "")


def shown(value: object) -> str:
    """A value as a message shows it: text in quotes, never long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return "a list" if isinstance(value, (list, tuple)) else "a map"
    return f'"{value[:57]}…"' if len(value) > 60 else f'"{value}"'
