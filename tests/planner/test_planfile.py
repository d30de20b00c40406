"""A plan file is written whole, read back as it was, and tells where it was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.errors import LocalFault, PlanRefused
from migrator.model.plan import Action, Change, Follows, Phase, PlanHeader, PlanStep, PlanSystem, PlanTrailer
from migrator.model.playbook import Write
from migrator.model.values import File, Origin, Ref
from migrator.planfile import PlanFile, PlanWriter, change_line, parse_change

REF = Ref(target="t", collection="c", source="s", source_collection="sc", source_id="1", part="p")
FILE = File(name="a.png", size=3, media_type="image/png", sha256="ab", where="key", system="kintone:x")
HEADER = PlanHeader(
    playbook="p",
    path="p.yaml",
    resolved="9d",
    systems={"a": PlanSystem(connector="csv", options={"path": "x"}, identity="csv:x")},
    steps=(
        PlanStep(
            step="s",
            source=("a", "1"),
            target=("a", "2"),
            write=Write(system="a", collection="2", key=("k",)),
            fields={"k": "00"},
            stamp=None,
        ),
    ),
    tool="0",
    follows=(Follows(target="csv:x", collection="2", run=6, run_id="c4", request=412),),
)


def change(number: int, **words: object) -> Change:
    words = {"action": Action.CREATE, "phase": Phase.WRITE, "after": {"n": number}, **words}
    return Change(id=f"{number:032x}", step="s", **words)  # type: ignore[arg-type]  # words are the fields of Change


def write(path: Path, count: int) -> str:
    with PlanWriter(path, HEADER) as writer:
        start = writer.offset
        for number in range(count):
            writer.changes([change_line(change(number))])
        return writer.finish(PlanTrailer(counts={}, offsets=(("s", 1, start, count),)))


@pytest.mark.parametrize(
    "line",
    [
        change(1, after={"a": REF, "$b": (FILE, REF, {"$x": 1, "y": (None, True, 1.5)})}, key=("k", REF)),
        change(
            2, action=Action.UPDATE, before={"a": None}, after={"a": ""}, along={"p": 4}, version="3", target_id="9"
        ),
        change(3, action=Action.LINK, after=None, target_id="9", origin=Origin(system="s", collection="c", id="i")),
        change(4, action=Action.UPLOAD, phase=Phase.UPLOAD, after={"f": FILE}, field="f", position=1),
        change(5, action=Action.DELETE, phase=Phase.DELETE, after=None, before={"a": ("x",)}, target_id="9"),
        change(6, action=Action.UPDATE, phase=Phase.SELF_REFERENCE, before={"b": None}, needs=("a" * 32,)),
        change(7, action=Action.UNLINK, after=None, target_id="9"),
        change(8, action=Action.ACT, phase=Phase.SELF_REFERENCE, after={"status": "Done"}, field="status"),
        change(9, action=Action.UPDATE, before={"a": 1}, whole={"a": 2, "k": "x"}),
    ],
    ids=lambda one: one.action.value,
)
def test_a_line_of_each_kind_comes_back_as_it_was(line: Change) -> None:
    """Every kind of line survives paper, and its bytes repeat."""
    paper = change_line(line)
    assert parse_change(paper) == line
    assert change_line(parse_change(paper)) == paper
    assert paper.count(b"\n") == 1


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Header, lines across hash lines, sections and the plan hash are read as written; the file is private."""
    digest = write(tmp_path / "a.plan", 25_003)
    plan = PlanFile(tmp_path / "a.plan")
    plan.check()
    assert (plan.hash, plan.header) == (digest, HEADER)
    assert [dict(one.after or {})["n"] for _, one in plan.changes()] == list(range(25_003))
    (section,) = plan.sections()
    assert sum(1 for _ in plan.lines(section.start, section.stop)) == section.count == 25_003
    assert (tmp_path / "a.plan").stat().st_mode & 0o777 == 0o600
    some = [offset for offset, _ in plan.changes()][9_998:10_003]
    assert [dict(one.after or {})["n"] for one in plan.change_at(some)] == [9998, 9999, 10000, 10001, 10002]


def test_a14_an_edited_plan_tells_in_which_lines(tmp_path: Path) -> None:
    """One byte changed in line 15,000 is told as changes 10,001 to 20,000 of its step."""
    path = tmp_path / "a.plan"
    write(path, 25_000)
    path.write_bytes(path.read_bytes().replace(b'{"n":15000}', b'{"n":15001}'))
    with pytest.raises(PlanRefused, match=r"changes 10,001 to 20,000 \(step \w+\)"):
        PlanFile(path).check()


@pytest.mark.parametrize("keep", [0, 1, 200, -1, -100])
def test_a14_a_cut_plan_is_refused(tmp_path: Path, keep: int) -> None:
    """Wherever a plan is cut, opening or checking it refuses with a sentence."""
    path = tmp_path / "a.plan"
    write(path, 30)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(PlanRefused):
        PlanFile(path).check()


def test_a14_a_cut_plan_tells_how_far_it_is_whole(tmp_path: Path) -> None:
    """The last change that stands there, with its step; a header that was edited is named among the suspects."""
    path = tmp_path / "a.plan"
    write(path, 30)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b'{"n":20}')])
    with pytest.raises(PlanRefused, match=r"is cut after change \d+ \(step \w+\): its last line is missing"):
        PlanFile(path)
    path.write_bytes(whole[: whole.index(b"\n") + 1])
    with pytest.raises(PlanRefused, match="is cut before its first change"):
        PlanFile(path)
    path.write_bytes(whole.replace(b'"playbook":"', b'"playbook":"x', 1))
    with pytest.raises(PlanRefused, match=r"the header, changes 1 to 30 \(step \w+\) or what follows them"):
        PlanFile(path).check()


def test_a_plan_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    """An error while planning leaves neither the file nor a temporary one, and an old plan stands."""
    path = tmp_path / "a.plan"
    path.write_text("old")
    with pytest.raises(RuntimeError), PlanWriter(path, HEADER) as writer:
        writer.changes([change_line(change(1))])
        raise RuntimeError
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.plan", "old")]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A plan cannot be written below a file: the fault names the path."""
    (tmp_path / "f").write_text("")
    with pytest.raises(LocalFault, match="cannot write the plan"):
        PlanWriter(tmp_path / "f" / "a.plan", HEADER)
