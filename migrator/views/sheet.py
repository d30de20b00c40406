"""A plan as lines: counts with deletes first, changed fields, what cannot be planned, cost, brakes, next command."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from migrator.model.plan import Action, Brake, Change, Forecast, Phase, PlanKind, PlanStep, StepForecast, StepSummary
from migrator.model.problem import Problem
from migrator.model.values import Value
from migrator.views import ShownPlan
from migrator.views.findings import problem_lines
from migrator.views.safe import pair, safe, short
from migrator.views.strangers import unknown_lines
from migrator.views.terminal import Line, counted, table

SHOWN = 50
"""Changes shown per step and action, unless all are asked for."""
LISTED = 100
"""Problems shown per step and code."""
SIGNS = {
    Action.CREATE: ("+", "create"),
    Action.UPDATE: ("~", "update"),
    Action.DELETE: ("-", "delete"),
    Action.LINK: ("=", "dim"),
    Action.UNLINK: ("/", "dim"),
    Action.UPLOAD: ("^", "create"),
    Action.ACT: ("!", "update"),
}
"""Action -> (sign, style)."""
FEW = 3
"""Records with unknown values that are told one by one as well."""
COLUMNS = (
    *("delete", "create", "update", "self_reference", "upload", "act", "unlink", "link"),
    *("unchanged", "skipped", "filtered", "problems", "read"),
)
"""Counts in the order of the table."""


def plan_lines(plan: ShownPlan) -> Iterator[Line]:
    """The whole sheet."""
    yield from _title(plan)
    yield from _alarms(plan)
    yield from _counts(plan)
    yield from _changes(plan)
    yield from _unplanned(plan)
    yield from unknown_lines(plan.trailer.unknown, full=plan.full)
    yield from _cost(plan.trailer.forecast)
    yield from _brakes(plan.trailer.brakes)
    for problem in (*plan.warnings, *plan.trailer.notes):
        yield from problem_lines(problem)
    yield from _end(plan)


def _title(plan: ShownPlan) -> Iterator[Line]:
    header = plan.header
    kind = {PlanKind.LOAD: "plan", PlanKind.UNDO: "plan to undo", PlanKind.RETRY: "plan to retry"}[header.kind]
    of_run = f" run {header.of_run[0]}" if header.of_run else ""
    yield ((f"{kind}{of_run} of playbook {safe(header.playbook)}", "head"), f"  {safe(header.path)}")
    if header.partial and header.kind is PlanKind.LOAD:
        yield ("  ", ("a part only (--only, --exclude, --limit or --where): no deletes", "warning"))
    yield ()


def _alarms(plan: ShownPlan) -> Iterator[Line]:
    """What must not be overlooked."""
    for name, system in plan.header.systems.items():
        if system.options.get("insecure") is True:
            said = (
                f"TLS IS NOT CHECKED for system {safe(name)} (insecure: true): anybody in between can read and change"
            )
            yield ((said, "danger"),)
    for step in plan.header.steps:
        count = plan.trailer.counts.get(step.step, StepSummary()).create
        if step.write.may_duplicate:
            said = f"step {safe(step.step)} may make duplicates (may_duplicate: true): {counted(count, 'create')}"
            yield ((f"{said} that nothing could find again after a lost answer", "danger"),)


def _counts(plan: ShownPlan) -> Iterator[Line]:
    known = plan.trailer.counts
    counts = {
        step.step: known[step.step] for step in plan.header.steps if step.step in known
    }  # in the order of applying
    for step, summary in counts.items():
        if summary.delete:
            of = summary.target_count
            share = f" of {of:,} records in the target ({summary.delete / of:.1%})" if of else ""
            yield ((f"DELETES: {summary.delete:,}{share} in step {safe(step)}", "delete"),)
    shown = [name for name in COLUMNS if name == "read" or any(getattr(one, name) for one in counts.values())]
    head = ("step", *(name.replace("_", "-") for name in shown))
    rows = [(safe(step), *(f"{getattr(summary, name):,}" for name in shown)) for step, summary in counts.items()]
    yield from table(head, rows)
    files, size = (sum(getattr(one, name) for one in counts.values()) for name in ("files", "file_bytes"))
    if files:
        yield ("  ", f"{counted(files, 'file')} go along, {size:,} bytes as far as their systems tell")
    if not any(_sent(summary) or summary.link or summary.unlink for summary in counts.values()):
        if plan.trailer.problem_total:
            yield ("  ", ("no changes, but some records could not be planned", "warning"))
        else:
            yield ("  ", (f"no changes: {_NOTHING[plan.header.kind]}", "good"))
    yield ()


_NOTHING = {
    PlanKind.LOAD: "the target stands as the playbook wants it",
    PlanKind.UNDO: "the target stands as before the run",
    PlanKind.RETRY: "nothing of the run is left to try",
}


def _sent(summary: StepSummary) -> int:
    return summary.create + summary.update + summary.delete + summary.upload + summary.act + summary.self_reference


# ---------------------------------------------------------------- changes


def _changes(plan: ShownPlan) -> Iterator[Line]:
    """Deletes first; then sections in the order of applying."""
    sections = [(step, phase, count) for step, phase, _, count in plan.trailer.offsets]
    sections.sort(key=lambda section: section[1] != Phase.DELETE)
    steps = {step.step: step for step in plan.header.steps}
    for step, phase, count in sections:
        yield ((_heading(steps.get(step), step, phase), "head"),)
        yield from _section(plan, step, phase, count)
        yield ()


def _heading(step: PlanStep | None, name: str, phase: int) -> str:
    what = {Phase.UPLOAD: "uploads", Phase.SELF_REFERENCE: "references within the step", Phase.DELETE: "deletes"}
    title = f"step {name}" + (f", {what[Phase(phase)]}" if phase in what else "")
    if step is None:
        return safe(title)
    source = f"{step.source[0]} {step.source[1]} -> " if step.source else ""
    return safe(f"{title}: {source}{step.target[0]} {step.target[1]}")


def _section(plan: ShownPlan, step: str, phase: int, count: int) -> Iterator[Line]:
    expected = _expected(plan.trailer.counts.get(step, StepSummary()), phase)
    seen: Counter[Action] = Counter()
    wanted = {action: number if plan.full else min(number, _cap(action)) for action, number in expected.items()}
    for change in plan.lines(step, phase) if any(wanted.values()) else ():
        if seen[change.action] < wanted.get(change.action, SHOWN):
            seen[change.action] += 1
            yield from change_lines(change, plan.full)
        if all(seen[action] >= number for action, number in wanted.items()):
            break
    hidden = [
        counted(number - seen[action], action.value) for action, number in expected.items() if number > seen[action]
    ]
    if hidden:
        how = f"migrator show {shlex.quote(safe(plan.path))} --full" if plan.path else "keep the plan with -o FILE"
        yield ("  ", (f"… not shown: {', '.join(hidden)}; all of them: {how}", "dim"))
    elif not seen and count:
        yield ("  ", counted(count, "line"))


def _expected(summary: StepSummary, phase: int) -> dict[Action, int]:
    """Lines of a section per action, by the counts of its step."""
    if phase == Phase.SELF_REFERENCE:
        both = {Action.UPDATE: summary.self_reference, Action.ACT: summary.act}
        return {action: number for action, number in both.items() if number}
    actions = {
        Phase.UPLOAD: (Action.UPLOAD,),
        Phase.WRITE: (Action.CREATE, Action.UPDATE, Action.UNLINK, Action.LINK),
        Phase.DELETE: (Action.DELETE,),
    }[Phase(phase)]
    return {action: number for action in actions if (number := getattr(summary, action.value))}


def _cap(action: Action) -> int:
    """Links send nothing: a few of them tell enough."""
    return 3 if action is Action.LINK else SHOWN


def change_lines(change: Change, full: bool = False) -> Iterator[Line]:
    """One change: its sign and name, then the fields that it sets."""
    sign, style = SIGNS[change.action]
    yield ("  ", (sign, style), " ", (name_of(change), style), *_remark(change))
    if change.action is Action.UPDATE:
        before, after = change.before, change.after or {}
        for field in after:
            yield from _update(field, before is None, (before or {}).get(field), after[field], full)
            yield from _corrected(change, field, full)
        return
    for field, value in (change.after or change.before or {}).items():
        yield ("      ", f"{safe(field)}  ", short(value, full))
        yield from _corrected(change, field, full)


def _corrected(change: Change, field: str, full: bool) -> Iterator[Line]:
    """What the run had wanted in its place."""
    if change.corrected is not None and field in change.corrected:
        yield ("        ", ("corrected", "warning"), f"; the run wanted {short(change.corrected[field], full)}")


def _update(field: str, fresh: bool, before: Value, after: Value, full: bool) -> Iterator[Line]:
    if fresh:
        yield ("      ", f"{safe(field)}  ", short(after, full))
        return
    old, new = pair(before, after, full)
    if len(old) + len(new) <= 100:
        yield ("      ", f"{safe(field)}  ", (old, "delete"), " -> ", (new, "create"))
        return
    yield ("      ", safe(field))
    yield ("         ", (old, "delete"))
    yield ("      -> ", (new, "create"))


def name_of(change: Change) -> str:
    """The key as people know the record, else its origin, else the target's id."""
    if change.key:
        return ", ".join(safe(part) if isinstance(part, str) else short(part) for part in change.key)
    if change.origin is not None:
        return safe(f"{change.origin.collection} {change.origin.id}")
    return safe(change.target_id or change.id)


def _remark(change: Change) -> Line:
    words = [f"record {change.target_id}"] if change.target_id else []
    words += [f"field {change.field}"] if change.field else []
    if change.needs and change.phase is Phase.WRITE:
        words.append(f"{counted(len(change.needs), 'file')} uploaded before")
    words += [_UNSENT[change.action]] if change.action in _UNSENT else []
    return ("  ", (safe(f"({', '.join(words)})"), "dim")) if words else ()


_UNSENT = {
    Action.LINK: "already there: enters the id map, nothing is sent",
    Action.UNLINK: "leaves the id map, nothing is sent",
}


# ---------------------------------------------------------------- problems, cost, brakes, end


def _unplanned(plan: ShownPlan) -> Iterator[Line]:
    total = plan.trailer.problem_total
    if not plan.trailer.problem_counts:
        return
    what = "cannot be put back" if plan.header.kind is PlanKind.UNDO else "could not be planned"
    yield ((f"{what}: {counted(total, 'record')}; they have no line", "error"),)
    groups: dict[str, list[Problem]] = {}
    for problem in plan.trailer.problems:
        groups.setdefault(f"{problem.place.step if problem.place else None}/{problem.code}", []).append(problem)
    for name, count in plan.trailer.problem_counts.items():
        step, _, code = name.rpartition("/")
        listed = groups.get(name, [])[:LISTED]
        yield ("  ", (safe(f"step {step}"), "head"), "  ", (code, "error"), f"  {count:,}")
        if len(listed) > FEW and all(problem.unknown for problem in listed) and not plan.full:
            yield ("    ", ("told value by value below; record by record with --full", "dim"))
            continue
        for problem in listed:
            yield from (("    ", *line) for line in problem_lines(problem))
        if count > len(listed):
            yield ("    ", (f"… and {count - len(listed):,} more", "dim"))
    yield ()


def _cost(forecast: Forecast) -> Iterator[Line]:
    if not forecast.requests and not forecast.reads:
        return
    reads = f" and {forecast.reads:,} that look before they write" if forecast.reads else ""
    yield (
        ("cost", "head"),
        f"  {counted(forecast.requests, 'write request')}{reads}, at least {duration(forecast.seconds)}",
    )
    for step in forecast.steps:
        yield from _step_cost(step)


def _step_cost(step: StepForecast) -> Iterator[Line]:
    if step.quota_share:
        yield ("      ", f"step {safe(step.step)}: {step.quota_share:.2%} of the daily quota")
    if step.window_seconds:
        said = f"what other people change within {duration(step.window_seconds)} before our write may be overwritten"
        yield ("      ", (f"step {safe(step.step)}: {said}", "warning"))


def duration(seconds: float) -> str:
    """Seconds, minutes or hours in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _brakes(brakes: tuple[Brake, ...]) -> Iterator[Line]:
    for brake in brakes:
        share = f"of {brake.of:,} records, more than {brake.percent:g} %"
        yield ((f"BRAKE  step {safe(brake.step)}: {brake.count:,} {brake.kind} {share}", "danger"),)


def allowances(plan: ShownPlan) -> list[str]:
    """The options without which apply refuses this plan."""
    counts: Counter[str] = Counter()
    for brake in plan.trailer.brakes:
        counts[brake.kind] += brake.count
    words = [f"--allow-{kind} {count}" for kind, count in sorted(counts.items())]
    if plan.trailer.problem_total > plan.header.problems_allowed:
        words.append(f"--allow-problems {plan.trailer.problem_total}")
    return words


def _end(plan: ShownPlan) -> Iterator[Line]:
    if plan.hash:
        yield (("plan hash", "head"), f"  {plan.hash}")
    allow = allowances(plan)
    if allow and plan.hash:
        yield (("apply refuses this plan without", "warning"), f"  {' '.join(allow)}")
    if plan.path and any(_sent(one) or one.link or one.unlink for one in plan.trailer.counts.values()):
        yield (("next", "head"), f"  migrator apply {' '.join([shlex.quote(safe(plan.path)), *allow])}")
