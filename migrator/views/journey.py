"""What a run did, as lines: counts per step, conflicts with planned, found and wanted values, failures, the next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from migrator.model.plan import Action
from migrator.model.run import ChangeReport, Outcome, Report, Status, StepReport
from migrator.model.values import Value
from migrator.views.findings import problem_lines
from migrator.views.safe import safe, short
from migrator.views.sheet import duration
from migrator.views.terminal import Line, counted, table

COLUMNS = (
    *("deleted", "created", "updated", "self_reference", "uploaded", "linked", "unlinked", "unchanged", "skipped"),
    *("failed", "conflicts", "unknown", "todo", "read"),
)
"""Counts in the order of the table."""
TITLES = {"self_reference": "self-references", "unknown": "in doubt", "todo": "to do"}
GROUPS = (
    (Status.CONFLICT, "conflicts: moved since planning, left alone"),
    (Status.FAILED, "failed: the system refused"),
    (Status.UNKNOWN, "in doubt: sent, and nobody knows yet"),
    (Status.SKIPPED, "skipped"),
)
"""Status -> heading, in the order of the report."""


def report_lines(report: Report) -> Iterator[Line]:
    """The whole report."""
    yield from _title(report)
    shown = [name for name in COLUMNS if name == "read" or any(getattr(step, name) for step in report.steps)]
    rows = [(safe(step.step), *(f"{getattr(step, name):,}" for name in shown)) for step in report.steps]
    if rows:
        yield from table(("step", *(TITLES.get(name, name) for name in shown)), rows)
    for step in report.steps:
        yield from _reconciled(step)
        if step.extra_requests:
            told = f"{counted(step.extra_requests, 'request')} more than planned"
            yield ("  ", f"step {safe(step.step)}: {told}, to part what the system refuses from what it takes")
    for status, title in GROUPS:
        yield from _group(report, status, title)
    for problem in report.notes:
        yield from problem_lines(problem)
    if report.quarantine:
        yield ()
        yield (("quarantine", "head"), f"  {safe(report.quarantine)}")
        command = f"migrator retry {report.run} --with {shlex.quote(report.quarantine)} -o retry.plan"
        yield ("  ", ("correct its cells, then", "dim"), f"  {safe(command)}")


def _title(report: Report) -> Iterator[Line]:
    style = "good" if report.status.value == "done" else "warning"
    said = f"run {report.run} of playbook {safe(report.playbook)}: "
    kind = "" if report.kind == "load" else f" ({report.kind})"
    yield ((said, "head"), (report.status.value, style), kind)
    who = f"{report.os_user}@{report.host}" if report.os_user else report.host
    until = f" to {report.ended}" if report.ended else ""
    yield ("  ", (safe(f"{report.started}{until}  {who}  plan {report.plan_hash[:16]}"), "dim"))
    yield ("  ", f"{counted(report.requests, 'write request')} in {duration(report.seconds)}")


def _reconciled(step: StepReport) -> Iterator[Line]:
    """Before + creates - deletes = after. Where it is not so, the report's notes tell it, per collection."""
    before, after = step.target_before, step.target_after
    if before is not None and after is not None and before + step.created - step.deleted == after:
        sums = f"{before:,} before + {step.created:,} created - {step.deleted:,} deleted = {after:,}"
        yield ("  ", f"target of {safe(step.step)}: {sums}, as counted")


def _group(report: Report, status: Status, title: str) -> Iterator[Line]:
    changes = [change for change in report.changes if change.outcome.status is status]
    if not changes:
        return
    yield ()
    yield ((title, "warning" if status is Status.SKIPPED else "error"),)
    for change in changes:
        yield from change_report_lines(change)
    total = sum(getattr(step, _count_of(status)) for step in report.steps)
    if total > len(changes):
        yield ("  ", (f"… and {total - len(changes):,} more without a line here", "dim"))


def _count_of(status: Status) -> str:
    return "conflicts" if status is Status.CONFLICT else status.value


def change_report_lines(change: ChangeReport) -> Iterator[Line]:
    """One change that did not simply succeed."""
    yield ("  ", safe(f"{change.step}  {change.key}  {change.action.value}"), *_why(change.outcome))
    if change.outcome.status is Status.CONFLICT:
        yield from _three(change)


def _why(outcome: Outcome) -> Line:
    words = [outcome.cause.value if outcome.cause else "", outcome.code or "", outcome.reason or ""]
    words.append(f"field {outcome.field}" if outcome.field else "")
    words.append(f"{outcome.attempts} tries" if outcome.attempts > 1 else "")
    return ("  ", safe(": ".join(word for word in words if word)))


def _three(change: ChangeReport) -> Iterator[Line]:
    """Planned, found, wanted; field by field."""
    planned, found, wanted = change.before or {}, change.outcome.found, change.after or {}
    names = list(wanted) if change.action is not Action.DELETE else _moved(planned, found)
    for name in names:
        yield ("      ", safe(name))
        yield ("        planned  ", short(planned.get(name)) if change.before is not None else "(nothing there)")
        yield ("        found    ", short(found.get(name)) if found is not None else "(gone, or not looked at)")
        yield ("        wanted   ", short(wanted.get(name)) if change.action is not Action.DELETE else "(deleted)")


def _moved(planned: Mapping[str, Value], found: Mapping[str, Value] | None) -> list[str]:
    return [name for name in planned if found is None or planned[name] != found.get(name)][:10]
