"""What `doctor` looks at: versions, the state and its place, who holds it, systems and our rights there."""

from __future__ import annotations

import platform
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from migrator import __version__
from migrator.contract import Bounds
from migrator.errors import MigratorError
from migrator.executor.preflight import SKEW_SECONDS
from migrator.ledger import go_on
from migrator.model.lean import dataclass
from migrator.model.playbook import Playbook, Step, System
from migrator.model.values import Rights
from migrator.state.folder import find
from migrator.state.place import loose, may_write, network
from migrator.state.state import State
from migrator.systems import Surroundings, Systems


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing that was looked at."""

    what: str
    """What."""
    found: str
    """What was found."""
    well: bool = True
    """Nothing to do."""


PACKAGES = ("click", "jinja2", "jsonschema", "msgspec", "orjson", "pyyaml", "requests", "rich", "tzdata")
"""What the program stands on."""
LITTLE_DISK = 1e8
"""Bytes below which a disk counts as full."""


PATIENCE = 120.0
"""Seconds that a system is waited for which asks for time."""


def checkup(
    around: Surroundings, state: Path | None, file: Path | None, known: Playbook | Mapping[str, System] | None
) -> Iterator[Look]:
    """Versions, the state, a login to each system of a playbook or systems file (`file`, what it holds). Reads only.

    Of a playbook, the rights on each step's target are asked for too.
    """
    yield from _versions()
    playbook = known if isinstance(known, Playbook) else None
    folder = find(playbook=file if playbook else None, plan=None, cwd=Path.cwd(), explicit=state)
    yield from _state(around, folder)
    yield from _place(folder)
    if file is not None and known is not None:
        systems = known.systems if isinstance(known, Playbook) else known
        bounds, budgets = Bounds(max_wait=PATIENCE), folder if folder.exists() else None
        with Systems(systems, around, file.parent, budgets=budgets, bounds=bounds) as opened:
            yield from _systems(opened, systems, () if playbook is None else playbook.steps)


def _versions() -> Iterator[Look]:
    from importlib.metadata import PackageNotFoundError, version  # costs a tenth of a second, and only this needs it

    yield Look(what="migrator", found=f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    for package in PACKAGES:
        try:
            yield Look(what=package, found=version(package))
        except PackageNotFoundError:
            yield Look(what=package, found="not installed", well=False)


# ---------------------------------------------------------------- the state


def _state(around: Surroundings, folder: Path) -> Iterator[Look]:
    """The database, proved whole; runs that are not finished, and who holds what."""
    if not folder.exists():
        yield Look(what="state", found=f"none yet; the first apply makes {folder}")
        return
    try:
        with State.open(folder, write=False) as known:
            known.prove()
            rows, holders = known.runs(), known.holders()
            yield Look(what="state", found=f"{folder}, whole, {len(rows)} runs")
            for holder in holders:
                yield Look(what="lock", found=f"{_collections(holder.places)}: {holder.told}")
                yield from _beats(around, holder.beat)
            held = {holder.run for holder in holders}
            for row in rows:
                if row.unfinished and row.number not in held:
                    found = f"{row.status.value}: go on with `{go_on(row.number, folder)}`"
                    yield Look(what=f"run {row.number}", found=found, well=False)
    except MigratorError as error:
        first = error.problems[0]
        yield Look(what="state", found="; ".join(part for part in (first.summary, first.hint) if part), well=False)


def _collections(places: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{collection} ({target})" if collection else "all" for target, collection in places)


def _beats(around: Surroundings, beat: str) -> Iterator[Look]:
    """A sign of life from the future is of another clock."""
    ahead = datetime.fromisoformat(beat).timestamp() - around.clock.wall()
    if ahead > SKEW_SECONDS:
        yield Look(what="lock", found=f"its last sign of life is {ahead:,.0f} s ahead of our clock", well=False)


def _place(folder: Path) -> Iterator[Look]:
    """Rights, kind of file system, room."""
    if folder.exists():
        for place, why in loose(folder):
            yield Look(what="rights", found=f"{place}: {why}; chmod -R go= {shlex.quote(str(folder))}", well=False)
        try:
            may_write(folder)
        except MigratorError as error:
            yield Look(what="rights", found=error.problems[0].summary, well=False)
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    kind = network(nearest)
    if kind is not None:
        found = (
            f"{folder} lies on a network file system ({kind}), whose locks may hold nobody back; use a local folder"
        )
        yield Look(what="file system", found=f"{found} (--state)", well=False)
    free = shutil.disk_usage(nearest).free
    yield Look(what="disk", found=f"{free / 1e9:,.1f} GB free at {nearest}", well=free > LITTLE_DISK)


# ---------------------------------------------------------------- systems


def _systems(opened: Systems, systems: Iterable[str], steps: tuple[Step, ...]) -> Iterator[Look]:
    """Each system is asked who it is: that proves address, login and the shape of an answer."""
    for name in systems:
        try:
            yield Look(what=f"system {name}", found=opened.open(name).identity)
        except MigratorError as error:
            yield Look(what=f"system {name}", found=_told(error), well=False)
    for step in steps:
        yield from _step(opened, step)
    for name in systems:
        yield from _clock(opened, name)


def _step(opened: Systems, step: Step) -> Iterator[Look]:
    """What our login may do with the step's two collections."""
    what = f"step {step.name}"
    try:
        source = opened.open(step.source.system)
        source.describe(step.source.collection, source.read_options(step.source))
        rights = opened.open(step.target.system).writing(step.target).collection.rights
        yield Look(what=what, found=_rights(rights), well=rights is None or (rights.read and rights.create))
    except MigratorError as error:
        yield Look(what=what, found=_told(error), well=False)


def _rights(rights: Rights | None) -> str:
    if rights is None:
        return "source and target found; the target does not tell what our login may do"
    may = [name for name in ("read", "create", "update", "delete") if getattr(rights, name)]
    return f"source and target found; our login may {', '.join(may) or 'do nothing'} there"


def _clock(opened: Systems, name: str) -> Iterator[Look]:
    try:
        skew = opened.open(name).skew()
    except MigratorError:
        return
    if skew is not None:
        well = abs(skew) <= SKEW_SECONDS
        told = f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
        yield Look(what=f"clock of {name}", found="as ours" if well else told, well=well)


def _told(error: MigratorError) -> str:
    return "; ".join(problem.summary for problem in error.problems)
