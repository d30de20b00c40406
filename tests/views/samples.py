"""One of everything that a view shows."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.model.plan import (
    Action,
    Brake,
    Change,
    Forecast,
    Phase,
    PlanHeader,
    PlanStep,
    PlanSystem,
    PlanTrailer,
    StepForecast,
    StepSummary,
)
from migrator.model.playbook import Write
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import (
    Cause,
    ChangeReport,
    ChangesSettled,
    Event,
    Noticed,
    Outcome,
    Planning,
    Report,
    RunEnded,
    RunStarted,
    RunStatus,
    SectionStarted,
    Status,
    StepReport,
    Waiting,
)
from migrator.model.values import File, Origin, Ref
from migrator.views import ShownPlan

LONG = "All of this stands in both texts, word for word, and fills the line. " * 3

HEADER = PlanHeader(
    playbook="staff",
    path="playbooks/staff.yaml",
    resolved="9d3e",
    tool="0.1.0",
    systems={
        "hr": PlanSystem(connector="csv", options={"path": "data"}, identity="csv:data"),
        "kt": PlanSystem(
            connector="kintone",
            options={"url": "{{ env.KINTONE_URL }}", "insecure": True},
            identity="kintone:acme.example",
        ),
    },
    steps=(
        PlanStep(
            step="people",
            source=("hr", "people.csv"),
            target=("kt", "11"),
            write=Write(system="kt", collection="11", key=("no",), may_duplicate=True),
            fields={},
        ),
        PlanStep(
            step="assets",
            source=("hr", "assets.csv"),
            target=("kt", "12"),
            write=Write(system="kt", collection="12", key=("serial",)),
            fields={},
        ),
    ),
)


def origin(collection: str, number: str) -> Origin:
    return Origin(system="csv:data", collection=collection, id=number)


def ref(number: str) -> Ref:
    return Ref(
        target="kintone:acme.example",
        collection="11",
        source="csv:data",
        source_collection="people.csv",
        source_id=number,
    )


def change(step: str, action: Action, key: str, phase: Phase = Phase.WRITE, **more: object) -> Change:
    name = f"{step}.csv"
    return Change(
        id=f"{key}-{phase}", step=step, phase=phase, action=action, key=(key,), origin=origin(name, key), **more
    )  # type: ignore[arg-type]  # the fields of a Change


LINES = {
    ("people", 1): [
        change("people", Action.CREATE, "E7", after={"name": "Ito \x1b[31m\u202eevil", "no": "E7"}),
        change("people", Action.LINK, "E1", target_id="3"),
    ],
    ("assets", 1): [
        change(
            "assets",
            Action.CREATE,
            "A-1",
            after={
                "label": "pc-7",
                "owner": ref("E7"),
                "photo": File(name="a.png", size=1234, media_type="image/png"),
            },
        ),
        change(
            "assets",
            Action.UPDATE,
            "A-2",
            target_id="57",
            version="4",
            before={"owner": None, "cost": "12"},
            after={"owner": "3", "cost": 12},
        ),
        change(
            "assets",
            Action.UPDATE,
            "A-3",
            target_id="58",
            before={"text": LONG + "Old end."},
            after={"text": LONG + "New end."},
        ),
        *(change("assets", Action.CREATE, f"B-{number}", after={"label": f"x{number}"}) for number in range(60)),
    ],
    ("people", 2): [change("people", Action.UPDATE, "E7", Phase.SELF_REFERENCE, after={"boss": ref("E9")})],
    ("assets", 3): [
        change(
            "assets", Action.DELETE, "A-9", Phase.DELETE, target_id="61", before={"label": "pc-9", "tags": ("a", "b")}
        )
    ],
}

TRAILER = PlanTrailer(
    counts={
        "people": StepSummary(read=43, unchanged=40, create=1, link=1, self_reference=1, problems=1, matched=41),
        "assets": StepSummary(
            read=64, create=61, update=2, delete=1, skipped=1, problems=103, matched=12, target_count=50
        ),
    },
    problems=(
        Problem(
            code="PL001",
            summary="the key of a source record is empty",
            place=Place(step="people", record="17", field="no"),
            hint="give it a number",
        ),
        Problem(code="TR004", summary='"Lost" is not in the table "state"', place=Place(step="assets", record="A-4")),
    ),
    problem_counts={"people/PL001": 1, "assets/TR004": 103},
    notes=(
        Problem(
            code="PL020", summary="no deletes are planned: the source came back empty", severity=Severity.WARNING
        ),
    ),
    brakes=(Brake(kind="updates", step="assets", count=2, of=12, percent=10),),
    forecast=Forecast(
        requests=6,
        reads=2,
        seconds=300,
        steps=(StepForecast(step="assets", requests=5, quota_share=0.0012, window_seconds=900),),
    ),
    offsets=tuple(
        (step, phase, number * 1000, len(lines)) for number, ((step, phase), lines) in enumerate(LINES.items())
    ),
)


def lines(step: str, phase: int) -> Iterator[Change]:
    return iter(LINES[step, phase])


def plan(*, full: bool = False, path: str | None = "night plan.plan") -> ShownPlan:
    return ShownPlan(header=HEADER, trailer=TRAILER, lines=lines, hash="ab" * 32, path=path, full=full)


PROBLEMS = (
    Problem(
        code="PB012",
        summary='unknown field "prioritty" in target collection "Ticket"',
        place=Place(
            file="playbooks/crm.yaml", line=14, column=9, excerpt='    名  prioritty: "{{ record.urgency }}"'
        ),
        hint='did you mean "priority"?',
    ),
    Problem(
        code="PB043",
        summary='no step uses system "old"',
        severity=Severity.WARNING,
        place=Place(file="playbooks/crm.yaml", line=3, column=1),
        detail="first\n::set-output name=x::y",
        hint="take it out",
    ),
    Problem(code="SY002", summary="login refused", place=Place(system="kt", collection="12")),
)

REPORT = Report(
    run=7,
    run_id="c41f",
    plan_hash="ab" * 32,
    kind="load",
    playbook="staff",
    status=RunStatus.DONE,
    started="2026-01-02T03:04:05Z",
    ended="2026-01-02T03:05:05Z",
    os_user="ann",
    host="night",
    requests=6,
    seconds=60,
    quarantine="state/quarantine/run-7.csv",
    notes=(
        Problem(
            code="RN060",
            summary="12 has 111 records; 50 before, creates and deletes make 110",
            severity=Severity.WARNING,
            detail="Others may have written there meanwhile.",
        ),
    ),
    steps=(
        StepReport(
            step="people", read=43, unchanged=40, created=1, linked=1, skipped=2, target_before=41, target_after=42
        ),
        StepReport(
            step="assets",
            read=64,
            created=60,
            updated=1,
            failed=1,
            conflicts=1,
            extra_requests=7,
            target_before=50,
            target_after=111,
        ),
    ),
    changes=(
        ChangeReport(
            step="assets",
            action=Action.UPDATE,
            key="A-2",
            outcome=Outcome(change_id="a2", status=Status.CONFLICT, cause=Cause.MOVED, found={"owner": "9"}),
            before={"owner": None},
            after={"owner": "3"},
        ),
        ChangeReport(
            step="assets",
            action=Action.CREATE,
            key="B-7",
            outcome=Outcome(
                change_id="b7",
                status=Status.FAILED,
                code="CB_VA01",
                reason="Enter fewer\ncharacters",
                field="label",
                attempts=2,
            ),
            after={"label": "x7"},
        ),
        ChangeReport(
            step="people",
            action=Action.UPDATE,
            key="E7",
            outcome=Outcome(change_id="e7", status=Status.SKIPPED, cause=Cause.NEEDS, reason="E9 was not made"),
        ),
    ),
)

EVENTS: tuple[Event, ...] = (
    Planning(step="people", read=500, expected=1000, changes=12, problems=1),
    RunStarted(run=7, plan_hash="ab" * 32, state=".migrator", resumed=False, todo=63, done=0, last_run=6),
    RunStarted(run=7, plan_hash="ab" * 32, state=".migrator", resumed=True, todo=3, done=60),
    SectionStarted(step="assets", phase=1, changes=63),
    ChangesSettled(
        step="assets",
        action=Action.CREATE,
        outcomes=(
            Outcome(change_id="1", status=Status.DONE, target_id="5"),
            Outcome(change_id="2", status=Status.FAILED, reason="too \x1b]8;;http://x\x07long"),
        ),
        keys=("A-1", "A-\u202e2"),
    ),
    Waiting(seconds=150, why="the pace of the system"),
    Noticed(problem=PROBLEMS[1]),
    RunEnded(report=REPORT, exit_code=5, resume="migrator resume 7"),
)
