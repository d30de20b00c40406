"""A plan that does not fit is refused whole, before the first write, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.contract import Answer, Call
from migrator.errors import PlanRefused
from migrator.executor.way import Way
from migrator.model.plan import Action, Brake, Follows, PlanTrailer, StepSummary
from migrator.model.run import Noticed, RunStatus
from migrator.model.values import Field, Kind, Rights
from migrator.state.state import State
from tests.unit.executor.shelf import capabilities
from tests.unit.executor.story import Story, create, staff


def _renamed(story: Story) -> None:
    story.target.fields["title"] = replace(story.target.fields.pop("name"), name="title")


def _choices(story: Story) -> None:
    story.target.fields["name"] = replace(story.target.fields["name"], max_length=3)


def _required(story: Story) -> None:
    story.target.fields["zip"] = Field(name="zip", kind=Kind.TEXT, required=True)


def _elsewhere(story: Story) -> None:
    story.target.named = "shelf:two"


def _rights(story: Story) -> None:
    describe = story.target.describe
    story.target.describe = lambda *given: replace(  # type: ignore[method-assign]
        describe(*given), rights=Rights(create=False)
    )


def _stamp(story: Story) -> None:
    describe = story.target.describe
    story.target.describe = lambda *given: replace(describe(*given), stamp="moved")  # type: ignore[method-assign]


def _cannot(story: Story) -> None:
    story.can = capabilities(batch_max={Action.UPDATE: 1, Action.DELETE: 1}, cannot={Action.CREATE: "it is full."})


REASONS: dict[str, tuple[Callable[[Story], None], str]] = {
    "another tenant": (_elsewhere, "other systems than planned: kt was shelf:one, now it is shelf:two"),
    "a field renamed": (_renamed, 'target field "name" is gone'),
    "a field changed": (_choices, 'target field "name" was changed'),
    "a new required field": (_required, 'target field "zip" is required now'),
    "a right taken away": (_rights, "our login may not create records of people, and the plan wants 5"),
    "an action nobody carries out": (_cannot, "5 × create in step people: it is full"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_b40_what_changed_since_planning_refuses_the_plan(tmp_path: Path, reason: str) -> None:
    """Exit 4, the reason in the sentence, nothing sent, no run begun; undone, the plan applies."""
    spoil, words = REASONS[reason]
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    spoil(story)
    with pytest.raises(PlanRefused, match=words) as told:
        story.run(file)
    assert told.value.exit_code == 4
    assert story.shelf.writes == 0
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert state.runs() == ()


def test_a_file_that_moved_refuses_the_plan(tmp_path: Path) -> None:
    """The stamp of the target's content is the one while planning, or nothing is written."""
    story = Story(folder=tmp_path)
    steps = tuple(replace(story._step(name), stamp="planned") for name in ("people", "things"))
    file = story.plan(staff(story), steps=steps)
    _stamp(story)
    with pytest.raises(PlanRefused, match="the target people was changed since the plan was made"):
        story.run(file)


def test_a_plan_older_than_a_later_run_is_stale(tmp_path: Path) -> None:
    """The run that wrote since is named; a plan made after it is fine."""
    story = Story(folder=tmp_path)
    old = story.plan([create("people", "E1", name="a")], "old.jsonl")
    story.run(story.plan([create("people", "E2", name="b")], "new.jsonl"))
    with pytest.raises(PlanRefused, match="stale: run 1 has written to people"):
        story.run(old)
    with State.open(tmp_path / ".migrator", write=False) as state:
        follows = state.follows([("shelf:one", "people")])
    assert story.run(story.plan([create("people", "E3", name="c")], "third.jsonl", follows=follows)).run == 2
    with pytest.raises(PlanRefused, match="made with another state: it follows a run 1"):
        other = tmp_path / "other"
        other.mkdir()
        away = Story(folder=other, shelf=story.shelf)
        away.run(away.plan([create("people", "E4", name="d")], follows=follows))


def _follows(story: Story) -> tuple[Follows, ...]:
    with State.open(story.folder / ".migrator", write=False) as state:
        return state.follows([("shelf:one", "people")])


def _broken(story: Story, error: BaseException, *, commits: bool) -> None:
    """A run that ends in its second request, before or after the server did it."""
    file = story.plan([create("people", f"E{n}", name="a") for n in range(9)], "one.jsonl")

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind == "send" and story.shelf.writes == 1:
            if commits:
                move()
            raise error
        return move()

    story.wire.around = around
    with pytest.raises(type(error)):
        story.run(file)
    story.wire.around = lambda kind, call, move: move()


def test_a_new_plan_closes_a_broken_run_on_its_target(tmp_path: Path) -> None:
    """What was in doubt is looked at first; nothing of it stands there, so the new plan goes on in its place."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    _broken(story, KeyboardInterrupt(), commits=False)
    file = story.plan([create("people", "F1", name="b")], "two.jsonl", follows=_follows(story))
    events = list(story.apply(file))
    assert any(isinstance(event, Noticed) and "run 1 of another plan" in event.problem.summary for event in events)
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert [run.status for run in state.runs()] == [RunStatus.SUPERSEDED, RunStatus.DONE]
        assert state.journal.doubts(1) == ()
    assert len(story.shelf.plain("people")) == 4


def test_a_new_plan_goes_on_although_a_broken_run_turns_out_to_have_done_something_else(tmp_path: Path) -> None:
    """What was found in doubt is told and enters the id map; none of it is a record that the new plan makes."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    _broken(story, KeyboardInterrupt(), commits=True)
    file = story.plan([create("people", "F1", name="b")], "two.jsonl", follows=_follows(story))
    told = [event.problem.summary for event in story.apply(file) if isinstance(event, Noticed)]
    assert told[0].endswith("1 broken request had left in doubt: 3 had been carried out")
    assert len(story.shelf.plain("people")) == 7
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert state.ids.size(state.ids.pairs()[0]) == 7


def test_a_new_plan_that_would_make_a_broken_runs_records_twice_is_refused_with_one_command(tmp_path: Path) -> None:
    """They committed after the plan had looked: refused once, the broken run closed, planning again helps."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    _broken(story, KeyboardInterrupt(), commits=True)
    again = [create("people", f"E{n}", name="a") for n in range(2, 5)]
    file = story.plan(again, "two.jsonl", follows=_follows(story))
    with pytest.raises(
        PlanRefused, match="2 records that this plan makes turned out to have been made by it"
    ) as told:
        story.run(file)
    assert told.value.problems[0].hint == "plan once more: migrator plan staff.yaml -o FILE"
    assert set(story.shelf.effects.values()) == {1}
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert [run.status for run in state.runs()] == [RunStatus.SUPERSEDED]
    assert story.run(story.plan([create("people", "F1", name="b")], "three.jsonl", follows=_follows(story))).run == 2


def test_a_broken_run_whose_doubts_are_elsewhere_must_be_finished_first(tmp_path: Path) -> None:
    """Its other target is none of the new plan's: nobody could look there."""
    story = Story(folder=tmp_path, can=capabilities(in_flight=1))
    story.run(story.plan([create("people", "E0", name="a")], "zero.jsonl"))
    lines = [create("people", "E1", name="a"), create("things", "A1", name="a")]
    file = story.plan(lines, "one.jsonl", follows=_follows(story))

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind == "send" and story.shelf.writes == 2:
            raise KeyboardInterrupt
        return move()

    story.wire.around = around
    with pytest.raises(KeyboardInterrupt):
        story.run(file)
    story.wire.around = lambda kind, call, move: move()
    with pytest.raises(PlanRefused, match=r"run 2 of another plan \(staff\) was broken off") as told:
        story.run(story.plan([create("people", "F1", name="b")], "two.jsonl", follows=_follows(story)))
    assert told.value.problems[0].hint == "finish it first: migrator resume 2"


def test_brakes_want_the_exact_count(tmp_path: Path) -> None:
    """--allow-updates and --allow-deletes take the number that the message names, no other."""
    story = Story(folder=tmp_path)
    lines = staff(story)
    brake = Brake(kind="deletes", step="things", count=1, of=10, percent=10)
    counts = {"people": StepSummary(create=5), "things": StepSummary(create=4, delete=1)}
    file = story.plan(lines, trailer=PlanTrailer(counts=counts, brakes=(brake,)))
    for allowed in (None, 2):
        with pytest.raises(PlanRefused, match=r"too many deletes: 1 of 10 in step things \(over 10 %\)") as told:
            story.run(file, allow_deletes=allowed)
        assert told.value.problems[0].hint == "--allow-deletes 1 allows them"
    assert story.run(file, allow_deletes=1).steps[1].deleted == 1


def test_records_that_could_not_be_planned_must_be_allowed(tmp_path: Path) -> None:
    """Over limits.problems the plan is refused; allowed, they count as skipped and the exit code is 5."""
    story = Story(folder=tmp_path)
    counts = {"people": StepSummary(read=5, create=1, problems=4)}
    file = story.plan([create("people", "E1", name="a")], trailer=PlanTrailer(counts=counts), problems_allowed=3)
    with pytest.raises(PlanRefused, match="4 records could not be planned, and 3 are allowed"):
        story.run(file)
    *_, last = story.apply(file, allow_problems=4)
    assert (last.exit_code, last.report.steps[0].skipped) == (5, 4)  # type: ignore[union-attr]


def test_only_the_approved_plan_is_applied(tmp_path: Path) -> None:
    """--expect-hash: another file with other changes is not what people said yes to."""
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    with pytest.raises(PlanRefused, match="not the plan that was approved"):
        story.run(file, expect_hash="0" * 64)
    assert story.run(file, expect_hash=file.hash).run == 1


def test_without_key_and_state_a_full_target_is_not_written_to(tmp_path: Path) -> None:
    """Our records may stand there and nothing could tell: refused, unless people allow duplicates."""
    for duplicates in (False, True):
        folder = tmp_path / str(duplicates)
        folder.mkdir()
        story = Story(folder=folder, key=(), write={"may_duplicate": duplicates})
        story.shelf.put("people", no="X", name="who?")
        file = story.plan([replace(create("people", "E1", name="a"), key=())])
        if duplicates:
            assert story.run(file).steps[0].created == 1
        else:
            with pytest.raises(PlanRefused, match="neither key nor marker"):
                story.run(file)


def test_identities_are_asked_once_a_target(tmp_path: Path) -> None:
    """Two steps with one target cost one question."""
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    asked: list[int] = []
    honest = story.target.identity
    story.target.identity = lambda: (asked.append(1), honest())[1]  # type: ignore[method-assign, func-returns-value]
    with State.open(tmp_path / ".migrator", write=True) as state:
        from migrator.executor.preflight import preflight
        from migrator.executor.way import ApplyOptions

        kept = state.keep(file)
        ways = {
            name: Way(
                step=name,
                target=story.target,
                wire=story.wire,
                budget=story.budget,
                writing=story.writing(name),
                capabilities=story.can,
                identity="shelf:one",
            )
            for name in ("people", "things")
        }
        preflight(kept, ways, state, ApplyOptions())
    assert len(asked) == 1
