"""The journal as a Report: what a run did, per step, and what did not simply succeed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migrator.executor.load import ORPHAN, name_of
from migrator.model.files import files_in
from migrator.model.plan import Action, Phase, StepSummary
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import ChangeReport, Report, Status, StepReport
from migrator.planfile import PlanFile
from migrator.state.runs import RunRow, RunStep
from migrator.state.state import State

LISTED = 1000
"""Changes that a report lists, where nobody says another number."""


def report(state: State, number: int, *, listed: int = LISTED) -> Report:
    """What the run of this number did. Reads only; works while it runs. Raises PlanRefused where there is none."""
    run = state.run(number)
    kept = state.plan_of(run)
    steps = _steps(state, run, kept)
    return Report(
        run=run.number,
        run_id=run.id,
        plan_hash=run.plan,
        kind=run.kind,
        playbook=run.playbook,
        status=run.status,
        started=run.started,
        ended=run.ended,
        os_user=run.os_user,
        host=run.host,
        steps=steps,
        changes=tuple(_changes(state, run, kept, listed)),
        requests=state.journal.requests(run.number),
        seconds=run.seconds,
        notes=(*_reconciled(state.history.steps(run.number), steps), *_orphans(state, run, kept)),
    )


def exit_code(told: Report, problems: int) -> int:
    """5 where some records failed, were skipped or (`problems`) could not be planned; else 0."""
    bad = problems or told.changes or any(step.unknown or step.todo for step in told.steps)
    return 5 if bad else 0


def _steps(state: State, run: RunRow, kept: PlanFile) -> tuple[StepReport, ...]:
    tallies: dict[str, Counter[str]] = {step.step: Counter() for step in kept.header.steps}
    for section in kept.sections():
        tally = tallies[section.step]
        tally["todo"] += section.count
        for (status, did), count in state.journal.counts(run.number, section.start, section.stop).items():
            tally["todo"] -= count
            tally[_column(status, did, section.phase)] += count
    for doubt in state.journal.doubts(run.number):
        tallies[doubt.step]["unknown"] += len(doubt.lines)
        tallies[doubt.step]["todo"] -= len(doubt.lines)
    for step, count in state.journal.extras(run.number).items():
        tallies[step]["extra"] = count
    ran = {step.step: step for step in state.history.steps(run.number)}
    return tuple(
        _step(name, tally, kept.trailer.counts.get(name, StepSummary()), ran.get(name))
        for name, tally in tallies.items()
    )


_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "link": "linked",
    "unlink": "unlinked",
    "upload": "uploaded",
}
_NOT = {Status.FAILED: "failed", Status.CONFLICT: "conflicts", Status.SKIPPED: "skipped", Status.UNKNOWN: "unknown"}


def _column(status: Status, did: str | None, phase: Phase) -> str:
    """Self-references are counted apart: most are the second half of a record that was just made."""
    if status is not Status.DONE:
        return _NOT[status]
    return "self_reference" if phase is Phase.SELF_REFERENCE else _DONE.get(did or "", "other")


def _step(name: str, tally: Counter[str], planned: StepSummary, ran: RunStep | None) -> StepReport:
    return StepReport(
        step=name,
        read=planned.read,
        unchanged=planned.unchanged,
        created=tally["created"],
        updated=tally["updated"],
        deleted=tally["deleted"],
        linked=tally["linked"],
        unlinked=tally["unlinked"],
        self_reference=tally["self_reference"],
        uploaded=tally["uploaded"],
        failed=tally["failed"],
        conflicts=tally["conflicts"],
        skipped=tally["skipped"] + planned.problems + planned.skipped,
        unknown=tally["unknown"],
        todo=tally["todo"],
        extra_requests=tally["extra"],
        target_before=planned.target_count,
        target_after=None if ran is None else ran.target_after,
    )


def _changes(state: State, run: RunRow, kept: PlanFile, listed: int) -> Iterator[ChangeReport]:
    found = list(state.journal.outcomes(run.number, but_done=True, limit=listed))
    changes = kept.change_at([line for line, _ in found])
    for (_, outcome), change in zip(found, changes, strict=True):
        yield ChangeReport(
            step=change.step,
            action=change.action,
            key=name_of(change.key, change.origin, change.target_id),
            outcome=outcome,
            before=change.before,
            after=None if change.action is Action.DELETE else change.after,
        )


def _reconciled(ran: tuple[RunStep, ...], steps: tuple[StepReport, ...]) -> Iterator[Problem]:
    """Count before + creates - deletes = count after; a difference is told, not judged: others work there too."""
    done = {step.step: step for step in steps}
    places = dict.fromkeys((step.target, step.collection) for step in ran)
    for target, collection in places:
        here = [step for step in ran if (step.target, step.collection) == (target, collection)]
        before, after = here[0].target_count, here[0].target_after
        if before is None or after is None:
            continue
        expected = before + sum(done[step.step].created - done[step.step].deleted for step in here)
        if expected != after:
            yield Problem(
                code="RN060",
                severity=Severity.WARNING,
                summary=f"{collection} has {after:,} records, {expected:,} were expected ({before:,} before)",
                detail="Others may have written there meanwhile.",
                place=Place(system=target, collection=collection),
            )


_NAMED = 20
"""Files that a note names."""


def _orphans(state: State, run: RunRow, kept: PlanFile) -> Iterator[Problem]:
    """Files that were sent and that no record names: of records that did not come about, and sent twice."""
    if run.ended is None:
        return
    sections = [section for section in kept.sections() if section.phase is Phase.UPLOAD]
    if not sections:
        return
    lost = [line for line, _ in state.journal.outcomes(run.number, but_done=True)]
    needed = {name for change in kept.change_at(lost) for name in change.needs}
    for section in sections:
        found = state.journal.outcomes(run.number, start=section.start, stop=section.stop)
        done = ((line, one) for line, one in found if one.status is Status.DONE)
        orphans = [line for line, one in done if one.reason == ORPHAN or one.change_id in needed]
        if orphans:
            yield _orphaned(section.step, orphans, kept)


def _orphaned(step: str, orphans: list[int], kept: PlanFile) -> Problem:
    named = [
        f"{file.name} ({name_of(change.key, change.origin, None)})"
        for change in kept.change_at(orphans[:_NAMED])
        for value in (change.after or {}).values()
        for file in files_in(value)
    ]
    more = f" and {len(orphans) - len(named):,} more" if len(orphans) > len(named) else ""
    return Problem(
        code="RN071",
        severity=Severity.WARNING,
        summary=f"{len(orphans):,} uploaded files may lie in the target, named by no record",
        detail=f"{', '.join(named)}{more}",
        hint="a system that keeps uploads for a few days only removes them itself; elsewhere a person does",
        place=Place(step=step),
    )
