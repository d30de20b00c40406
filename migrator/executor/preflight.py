"""Before the first write: is this the plan, are these its systems, does it still fit, is it allowed? Reads only."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice

from migrator.codec.paper import field_hash
from migrator.errors import LocalFault, PlanRefused
from migrator.executor.way import ApplyOptions, Way
from migrator.model.plan import Action, PlanKind, PlanStep, StepSummary
from migrator.model.problem import Place, Problem, Severity
from migrator.model.values import WritableOn
from migrator.planfile import PlanFile
from migrator.state.lease import Lease
from migrator.state.place import loose, network
from migrator.state.runs import RunRow
from migrator.state.state import State

_ROW = 600
"""Bytes that the journal may need for one change, with room to spare."""
_ROOM = 16 << 20
"""Bytes free beside that."""

SKEW_SECONDS = 60.0
"""Two clocks may differ by so much."""
_REPLAN = "plan again, and look at what changed"


def preflight(kept: PlanFile, ways: Mapping[str, Way], state: State, options: ApplyOptions) -> tuple[Problem, ...]:
    """Notes for people. Raises PlanRefused for the whole plan, LocalFault without room for the journal.

    Asks each target who it is (a read); fields, stamps and rights are those of `Way.writing`, described just now.
    """
    _approved(kept, options)
    _identities(kept, ways)
    resumed = state.history.unfinished(kept.hash)
    if resumed is None:
        _fresh(kept, ways, state)
    for step in kept.header.steps:
        way, counts = ways[step.step], kept.trailer.counts.get(step.step, StepSummary())
        _fields(step, way, counts)
        _stamp(kept, step, way, state, resumed)
        _rights(step, way, counts)
        _carried(step, way, counts)
        if resumed is None and kept.header.kind is PlanKind.LOAD:
            _recognisable(step, way, counts, state)
    _brakes(kept, options)
    _room(kept, state)
    return (*_notes(kept, state), *_clocks(kept, ways))


def _approved(kept: PlanFile, options: ApplyOptions) -> None:
    if options.expect_hash is not None and options.expect_hash != kept.hash:
        raise PlanRefused(
            "this is not the plan that was approved",
            detail=f"approved: {options.expect_hash}\nthis one: {kept.hash}",
            hint="apply the approved file, or have this one approved",
        )


def _identities(kept: PlanFile, ways: Mapping[str, Way]) -> None:
    """Asked again: the environment may lead elsewhere now."""
    asked: dict[int, str] = {}
    for step in kept.header.steps:
        way = ways[step.step]
        if id(way.target) not in asked:
            asked[id(way.target)] = way.target.identity()
        now = asked[id(way.target)]
        planned = kept.header.systems[step.target[0]].identity
        if now != planned:
            raise PlanRefused(
                f"other systems than planned: {step.target[0]} was {planned}, now it is {now}",
                hint="set the environment as it was while planning, or plan again for this system",
            )


# ---------------------------------------------------------------- the plan and what was done before


def _fresh(kept: PlanFile, ways: Mapping[str, Way], state: State) -> None:
    done = state.history.done(kept.hash)
    if done is not None:
        raise PlanRefused(
            f"this plan was applied already, by run {done.number} ({done.ended})",
            hint="a plan is applied once; plan again to see what is left to do",
        )
    places = {way.place for way in ways.values()}
    for run in state.unfinished_on(places):
        _can_be_closed(run, places, state)
    _follows(kept, places, state)


def _can_be_closed(run: RunRow, places: set[tuple[str, str]], state: State) -> None:
    """What a broken run of another plan left in doubt must be on our own targets, or we could not look."""
    doubted = {doubt.step for doubt in state.journal.doubts(run.number)}
    for step in state.history.steps(run.number):
        if step.step in doubted and (step.target, step.collection) not in places:
            raise PlanRefused(
                f"run {run.number} of another plan ({run.playbook}) was broken off on the same target",
                detail=f"What it sent last to {step.collection} ({step.target}) is in doubt, and only it can tell.",
                hint=f"finish it first: migrator resume {run.number}",
            )


def _follows(kept: PlanFile, places: set[tuple[str, str]], state: State) -> None:
    known = {run.id for run in state.runs()}
    planned = {(last.target, last.collection): last for last in kept.header.follows}
    for last in planned.values():
        if last.run_id not in known:
            raise PlanRefused(
                f"this plan was made with another state: it follows a run {last.run} that this state does not know",
                detail=f"state: {state.folder}",
                hint="name the state it was made with (--state), or plan again",
            )
    for now in state.follows(places):
        then = planned.get((now.target, now.collection))
        if then is None or (then.run_id, then.request) != (now.run_id, now.request):
            raise PlanRefused(
                f"the plan is stale: run {now.run} has written to {now.collection} ({now.target}) since it was made",
                hint=_REPLAN,
            )


# ---------------------------------------------------------------- the target


def _fields(step: PlanStep, way: Way, counts: StepSummary) -> None:
    known = way.writing.collection.fields
    if known is None or step.fields is None:
        return
    place = Place(step=step.step, system=step.target[0], collection=step.target[1])
    for name, planned in step.fields.items():
        if name not in known:
            raise PlanRefused(f'the target field "{name}" is gone since the plan was made', place=place, hint=_REPLAN)
        if field_hash(known[name]) != planned:
            raise PlanRefused(
                f'the target field "{name}" was changed since the plan was made', place=place, hint=_REPLAN
            )
    fresh = [
        name
        for name, field in known.items()
        if field.required
        and not field.has_default
        and name not in step.fields
        and field.writable_on in (WritableOn.BOTH, WritableOn.CREATE)
    ]
    if fresh and counts.create:
        raise PlanRefused(
            f'the target field "{fresh[0]}" is required now, and the plan does not give it', place=place, hint=_REPLAN
        )


def _stamp(kept: PlanFile, step: PlanStep, way: Way, state: State, resumed: RunRow | None) -> None:
    now = way.writing.collection.stamp
    if step.stamp is None or now == step.stamp:
        return
    if resumed is not None:
        ours = {done.stamp_after for done in state.history.steps(resumed.number) if done.step == step.step}
        # Cut off between the rename and its record: the connector's `complete` can tell, and is asked again.
        all_settled = state.journal.total(resumed.number) >= sum(section.count for section in kept.sections())
        if now in ours or all_settled:
            return
    raise PlanRefused(
        f"the target {step.target[1]} was changed since the plan was made",
        detail=f"its content's stamp was {step.stamp}, now it is {now}",
        place=Place(step=step.step, system=step.target[0], collection=step.target[1]),
        hint=_REPLAN,
    )


def _needed(counts: StepSummary) -> Iterator[tuple[Action, int]]:
    yield Action.CREATE, counts.create
    yield Action.UPDATE, counts.update + counts.self_reference
    yield Action.DELETE, counts.delete
    yield Action.UPLOAD, counts.upload
    yield Action.ACT, counts.act


def _rights(step: PlanStep, way: Way, counts: StepSummary) -> None:
    rights = way.writing.collection.rights
    if rights is None:
        return
    for action, count in _needed(counts):
        if count and not getattr(rights, action.value, True):
            raise PlanRefused(
                f"our login may not {action.value} records of {step.target[1]}, and the plan wants {count:,}",
                place=Place(step=step.step, system=step.target[0], collection=step.target[1]),
                hint="give the login the right, or use another one; nothing was sent",
            )


def _carried(step: PlanStep, way: Way, counts: StepSummary) -> None:
    for action, count in _needed(counts):
        if count and action not in way.capabilities.batch_max:
            why = way.capabilities.cannot.get(action, f"this target cannot {action.value}")
            raise PlanRefused(
                f"the plan wants {count:,} × {action.value} in step {step.step}: {why}", place=Place(step=step.step)
            )


def _recognisable(step: PlanStep, way: Way, counts: StepSummary, state: State) -> None:
    """Records of an earlier state may stand there, and nothing could tell."""
    write = step.write
    if not counts.create or write.key or write.marker is not None or way.capabilities.without_key:
        return
    if write.may_duplicate or state.ids.known(*way.place) or not _holds_records(way):
        return
    raise PlanRefused(
        f"step {step.step} has neither key nor marker, the state knows no record of {step.target[1]}, "
        "and it is not empty: our own records may stand there",
        hint="give the step a key or marker, name the right state (--state), or say may_duplicate: true",
    )


def _holds_records(way: Way) -> bool:
    query = way.read_back()
    count = way.target.count(query)
    if count is not None:
        return count > 0
    return any(page.size for page in way.target.read(query))


# ---------------------------------------------------------------- what people allowed


def _brakes(kept: PlanFile, options: ApplyOptions) -> None:
    allowed = {"updates": options.allow_updates, "deletes": options.allow_deletes}
    for kind, number in allowed.items():
        brakes = [brake for brake in kept.trailer.brakes if brake.kind == kind]
        total = sum(brake.count for brake in brakes)
        if brakes and number != total:
            told = "; ".join(
                f"{brake.count:,} of {brake.of:,} in step {brake.step} (over {brake.percent:g} %)" for brake in brakes
            )
            raise PlanRefused(f"the plan has too many {kind}: {told}", hint=f"--allow-{kind} {total} allows them")
    problems, limit = kept.trailer.problem_total, kept.header.problems_allowed
    most = max(limit, options.allow_problems or 0)
    if problems > most:
        told = "limits.problems" if most == limit else "--allow-problems"
        raise PlanRefused(
            f"{problems:,} records could not be planned, and {most:,} are allowed ({told})",
            hint=f"mend them, or leave them out with --allow-problems {problems}",
        )


def _room(kept: PlanFile, state: State) -> None:
    wanted = _ROOM + _ROW * sum(section.count for section in kept.sections())
    free = shutil.disk_usage(state.folder).free
    if free < wanted:
        raise LocalFault(
            f"too little room for the journal in {state.folder}: {free >> 20:,} MiB free, {wanted >> 20:,} needed",
            hint="free space, then apply again; nothing was sent",
        )


def taken_over(lease: Lease) -> Iterator[Problem]:
    """Whose place we took although nobody could look whether they live."""
    for holder in lease.over:
        yield Problem(
            code="ST012",
            severity=Severity.WARNING,
            summary=f"took over from a run that gave no sign of life: {holder.told}",
            hint="if it lives after all, its next write is refused and it stops; look after that machine",
        )


def _notes(kept: PlanFile, state: State) -> Iterator[Problem]:
    if kept.trailer.problem_total:
        yield Problem(
            code="RN061",
            severity=Severity.WARNING,
            summary=f"{kept.trailer.problem_total:,} records could not be planned and are left out",
        )
    for place, why in islice(loose(state.folder), 1):
        yield Problem(
            code="ST010",
            severity=Severity.WARNING,
            summary=f"the state holds record data, and {place} is not ours alone: {why}",
            hint=f"chmod -R go= {shlex.quote(str(state.folder))}",
        )
    kind = network(state.folder)
    if kind is not None:
        yield Problem(
            code="ST013",
            severity=Severity.WARNING,
            summary=f"THE STATE LIES ON A NETWORK FILE SYSTEM ({kind}): its locks may hold nobody back, "
            "and what was synced may be lost",
            detail=f"State: {state.folder}",
            hint="keep the state on a local disk: --state /var/lib/migrator, or MIGRATOR_STATE; "
            "`migrator ids export` and `ids import` carry the id map between machines",
        )


def _clocks(kept: PlanFile, ways: Mapping[str, Way]) -> Iterator[Problem]:
    """The clocks of the targets beside ours, as their answers told."""
    seen = {step.target[0]: ways[step.step].skew() for step in kept.header.steps}
    for system, skew in seen.items():
        if skew is not None and abs(skew) > SKEW_SECONDS:
            yield Problem(
                code="ST014",
                severity=Severity.WARNING,
                summary=f"the clock of system {system} is {abs(skew):,.0f} seconds "
                f"{'ahead of' if skew > 0 else 'behind'} ours",
                place=Place(system=system),
                hint="set this machine's clock, or tell whoever keeps that system",
            )
