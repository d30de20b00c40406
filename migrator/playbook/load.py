"""parse, JSON Schema, build typed, check: a Playbook, or PlaybookInvalid with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path as File
from typing import Any

from migrator.codec.build import Path
from migrator.codec.strict import Spot
from migrator.errors import PlaybookInvalid
from migrator.model.lean import dataclass
from migrator.model.playbook import Playbook, System
from migrator.model.problem import Place, Problem, Severity
from migrator.playbook.check import Checks, Draft, check, check_systems, draft
from migrator.playbook.document import Document
from migrator.playbook.finding import Finding
from migrator.playbook.parse import SIZE_MAX, parse
from migrator.playbook.shape import Shape
from migrator.playbook.spelling import shape_schema
from migrator.playbook.systems import secret_paths

PROBLEMS_MAX = 1000
"""Problems that are told at most; the last one says how many are left out."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A playbook that can run."""

    playbook: Playbook
    """Typed; mapping tables hold their values, secrets are still expressions."""
    warnings: tuple[Problem, ...]
    """Sorted by place."""
    places: Callable[[Path], Place]
    """Path in the playbook, such as ("steps", 0, "fields", "serial") -> where it stands, for later problems."""


@dataclass
class _Sources:
    """The playbook's file and, where one was named, the file of systems."""

    main: Document
    other: Document | None = None
    names: frozenset[str] = frozenset()
    """Systems that stand in the other file."""
    inner: Path = ()
    """Where they stand there."""
    tree: dict[str, Any] = field(default_factory=dict)
    """Both together."""

    def find(self, path: Path) -> tuple[int, Document, Path]:
        """The file's number, the file, and the path in it."""
        if self.other and len(path) > 1 and path[0] == "systems" and path[1] in self.names:
            return 1, self.other, (*self.inner, *path[1:])
        return 0, self.main, path

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where a path stands, in whichever file."""
        _, document, inner = self.find(path)
        return document.place(inner, of_key=of_key)

    def hide(self, path: Path) -> None:
        """No excerpt shows this value."""
        _, document, inner = self.find(path)
        document.hide(inner)


def load(path: File, checks: Checks, *, systems: File | None = None, name: str | None = None) -> Loaded:
    """The playbook in a file, its systems perhaps in another. Reads no environment.

    `name` is what messages call the file (default: the path as given). Raises PlaybookInvalid: with what is wrong
    with the form of the text, else with everything else that is wrong, warnings included, sorted by place.
    """
    sources = _Sources(_document(path, name or str(path)))
    _require_map(sources.main, sources.main.tree, ())
    sources.tree = dict(sources.main.tree)
    sources.tree.pop("$schema", None)
    if systems is not None:
        _merge(sources, _document(systems, str(systems)))
    _hide_secrets(sources, checks)
    found = _shape().findings(sources.tree)
    made = draft(sources.tree)
    found += _untold(made, found)
    found += check(made, checks, path.parent)
    warnings = _warnings_alone(_sorted(sources, found))
    return Loaded(playbook=_playbook(made), warnings=warnings, places=sources.place)


def load_systems(path: File, checks: Checks, *, name: str | None = None) -> dict[str, System]:
    """The systems of a file that holds nothing else. Raises PlaybookInvalid with all that is wrong with them."""
    name = name or str(path)
    sources = _Sources(Document(name=name, text="", tree={}, root=Spot(0, 0)))
    _merge(sources, _document(path, name))
    _hide_secrets(sources, checks)
    found = [finding for finding in _shape().findings(sources.tree) if finding.path[:1] == ("systems",)]
    made = draft(sources.tree)
    found += _untold(made, found)
    found += check_systems(made, checks)[1]
    _warnings_alone(_sorted(sources, found))
    return made.systems


def _hide_secrets(sources: _Sources, checks: Checks) -> None:
    systems = sources.tree.get("systems")
    for secret in secret_paths(systems, checks.connectors) if isinstance(systems, Mapping) else ():
        sources.hide(secret)


def _warnings_alone(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems, where none of them is an error. Raises PlaybookInvalid else."""
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise PlaybookInvalid(*_capped(problems))
    return problems


@cache
def _shape() -> Shape:
    return Shape(shape_schema())


def _document(path: File, name: str) -> Document:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = Problem(code="PB001", summary=f"cannot be read: {reason}", place=Place(file=name))
        raise PlaybookInvalid(problem) from None
    return parse(data, name)


def _require_map(document: Document, tree: Any, path: Path) -> None:
    if not isinstance(tree, Mapping):
        what = "systems" if path else "a file"
        problem = Problem(
            code="PB022",
            summary=f"{what} must be a map: keys, each with a colon and its value",
            place=document.place(path),
        )
        raise PlaybookInvalid(problem)


def _merge(sources: _Sources, other: Document) -> None:
    """The other file's systems take the place of those with the same name."""
    _require_map(other, other.tree, ())
    inner: Path = ("systems",) if "systems" in other.tree else ()
    systems = other.tree["systems"] if inner else {key: of for key, of in other.tree.items() if key != "$schema"}
    _require_map(other, systems, inner)
    strangers = [key for key in other.tree if key not in ("systems", "$schema")] if inner else []
    if strangers:
        raise PlaybookInvalid(*(_stranger(other, key) for key in strangers))
    own = sources.tree.get("systems", {})
    sources.other, sources.inner, sources.names = other, inner, frozenset(systems)
    sources.tree["systems"] = {**(own if isinstance(own, Mapping) else {}), **systems}


def _stranger(document: Document, key: str) -> Problem:
    return Problem(
        code="PB020",
        summary=f'unknown key "{key}": a file of systems holds systems only',
        place=document.place((key,), of_key=True),
        hint="take it out",
    )


def _untold(made: Draft, told: Iterable[Finding]) -> list[Finding]:
    """Faults of building that the schema did not tell: those beyond the number that it lists."""
    paths = {finding.path for finding in told}
    above = {path[:length] for path in paths for length in range(len(path) + 1)}
    return [
        Finding(path=path, code="PB022", summary=sentence)
        for path, sentence in made.faults
        if path not in above and not any(path[:length] in paths for length in range(len(path)))
    ]


def _sorted(sources: _Sources, found: Iterable[Finding]) -> tuple[Problem, ...]:
    """Findings and the parser's warnings as Problems, in the order of the files."""
    placed: list[tuple[int, Problem]] = [(0, problem) for problem in sources.main.warnings]
    if sources.other:
        placed += [(1, problem) for problem in sources.other.warnings]
    for finding in found:
        number, document, inner = sources.find(finding.path)
        placed.append((number, finding.placed(document.place(inner, of_key=finding.of_key))))
    placed.sort(key=_order)
    return tuple(dict.fromkeys(problem for _, problem in placed))


def _capped(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    left_out = len(problems) - PROBLEMS_MAX
    if left_out <= 0:
        return problems
    return (*problems[:PROBLEMS_MAX], Problem(code="PB000", summary=f"{left_out:,} more problems"))


def _order(item: tuple[int, Problem]) -> tuple[int, int, int, str, str]:
    number, problem = item
    place = problem.place or Place()
    return number, place.line or 0, place.column or 0, problem.code, problem.summary


def _playbook(made: Draft) -> Playbook:
    return Playbook(
        playbook=made.tree["playbook"],
        description=made.tree.get("description", ""),
        systems=made.systems,
        vars=made.tree.get("vars", {}),
        mappings=made.mappings,
        refs=made.refs,
        limits=made.limits,
        steps=tuple(step for _, step in made.steps),
        tests=tuple(test for _, test in made.tests),
    )
