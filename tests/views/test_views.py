from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import UsageWrong
from migrator.model.plan import Action, PlanTrailer, StepSummary
from migrator.model.problem import Place, Problem
from migrator.model.run import Outcome, Status, Waiting
from migrator.model.values import Value
from migrator.views import FORMATS, Settings, View, is_fancy, view_for
from migrator.views.progress import clock
from migrator.views.safe import CAP, pair, safe, short, whole
from tests.views import samples

Golden = Callable[[str, str], None]


def shown(format: str, show: Callable[[View], None], **settings: bool) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    show(view_for(format, out, err, Settings(now=lambda: 0.0, **settings)))
    return out.getvalue(), err.getvalue()


SCENES: dict[str, Callable[[View], None]] = {
    "plan": lambda view: view.plan(samples.plan()),
    "problems": lambda view: view.problems(samples.PROBLEMS),
    "report": lambda view: view.report(samples.REPORT),
    "events": lambda view: [view.event(event) for event in samples.EVENTS] and None,
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_a_view_shows_what_it_showed(golden: Golden, format: str, scene: str) -> None:
    """Every outcome looks as in the kept file, on both streams."""
    out, err = shown(format, SCENES[scene], verbose=True)
    golden(f"{scene}.{format}", f"{out}==== the other stream\n{err}")


def test_a_full_plan_shows_every_line(golden: Golden) -> None:
    """--full hides no change and caps no value."""
    out, _ = shown("text", lambda view: view.plan(samples.plan(full=True)))
    assert out.count("\n  + ") == 62
    assert "not shown" not in out
    assert samples.LONG + "New end." in out


def test_deletes_come_first() -> None:
    """Deletes stand before every other change, and their number before the table of counts."""
    out, _ = shown("text", SCENES["plan"])
    assert out.index("DELETES: 1 of 50") < out.index("step    delete")
    assert out.index("- A-9") < out.index("+ E7")


def test_nothing_is_read_past_what_is_shown() -> None:
    """A plan of many lines is shown without reading all of them."""
    read = []
    many = {"people": StepSummary(create=1_000_000)}
    trailer = PlanTrailer(counts=many, offsets=(("people", 1, 0, 1_000_000),))

    def lines(step: str, phase: int):  # type: ignore[no-untyped-def]  # a generator of changes
        for number in range(1_000_000):
            read.append(number)
            yield samples.change("people", Action.CREATE, f"E{number}")

    plan = replace(samples.plan(), trailer=trailer, lines=lines)
    out, _ = shown("text", lambda view: view.plan(plan))
    assert len(read) == 50
    assert "999,950 creates" in out


def test_a_plan_with_no_changes_says_so() -> None:
    """Nothing to do is a sentence, not an empty table."""
    trailer = PlanTrailer(counts={"people": StepSummary(read=3, unchanged=3)})
    out, _ = shown("text", lambda view: view.plan(replace(samples.plan(), trailer=trailer)))
    assert "no changes" in out
    assert "migrator apply" not in out


def test_every_line_for_programs_is_json_with_its_kind() -> None:
    """One object a line, and a change keeps every field of its record whole."""
    out, _ = shown("jsonl", SCENES["plan"])
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["line"] for line in lines[:1] + lines[-1:]] == ["header", "trailer"]
    texts = [line["after"]["text"] for line in lines if line["line"] == "change" and "text" in line.get("after", {})]
    assert texts == [samples.LONG + "New end."]


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"text", "jsonl"}))
def test_formats_of_later_are_refused_by_name(format: str) -> None:
    """A known format that is not carried out yet is a usage error that names it."""
    with pytest.raises(UsageWrong, match=format):
        view_for(format, io.StringIO(), io.StringIO())


def test_an_unknown_format_is_refused() -> None:
    """A word that is no format is a usage error."""
    with pytest.raises(UsageWrong, match="yaml"):
        view_for("yaml", io.StringIO(), io.StringIO())


# ---------------------------------------------------------------- values from data

HARMLESS = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


def unseen(text: str) -> set[str]:
    return {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(TEXTS)
def test_safe_text_holds_nothing_unseen(text: str) -> None:
    """No control, format or separator character passes."""
    assert unseen(safe(text)) - HIDDEN_BUT_VISIBLE == set()


HIDDEN_BUT_VISIBLE = {
    letter
    for number in range(0x110000)
    if unicodedata.category(letter := chr(number)) == "Cf" and safe(letter) == letter
}


def test_what_passes_neither_moves_nor_hides_text() -> None:
    """Of the format characters only those with a shape of their own pass (signs of some scripts)."""
    assert not HIDDEN_BUT_VISIBLE & {chr(number) for number in (0x200B, 0x200D, 0x202E, 0x2066, 0xFEFF, 0xAD)}
    assert all(
        unicodedata.bidirectional(letter) in {"L", "NSM", "AN", "AL", "R", "ON", "BN"}
        for letter in HIDDEN_BUT_VISIBLE
    )


@given(VALUES, VALUES)
def test_no_control_character_of_a_value_reaches_the_text(one: Value, other: Value) -> None:
    """Whole, short, or side by side: what is shown of data holds no control character."""
    for text in (whole(one), short(one), *pair(one, other)):
        assert HARMLESS.fullmatch(text)


@given(TEXTS, TEXTS)
def test_no_control_character_of_data_reaches_a_line(name: str, value: str) -> None:
    """A plan, a problem and a verbose event made of hostile text show no control character but line ends."""
    hostile = samples.change("people", Action.UPDATE, value, before={name: name}, after={name: value})
    trailer = PlanTrailer(counts={"people": StepSummary(update=1)}, offsets=(("people", 1, 0, 1),))
    plan = replace(samples.plan(), trailer=trailer, lines=lambda step, phase: iter([hostile]))
    problem = Problem(
        code="PL001",
        summary=value,
        detail=value,
        hint=name,
        place=Place(file=name, line=1, column=len(name) + 1, excerpt=name + value),
    )
    event = replace(
        samples.EVENTS[4], outcomes=(Outcome(change_id="1", status=Status.FAILED, reason=value),), keys=(name,)
    )
    for show in (
        lambda view: view.plan(plan),
        lambda view: view.problems((problem,)),
        lambda view: view.event(event),
    ):
        for text in shown("text", show, verbose=True):
            assert all(HARMLESS.fullmatch(line) for line in text.split("\n"))


@given(TEXTS)
def test_data_never_begins_a_line(value: str) -> None:
    """A line that a build service would take for a command cannot come from data."""
    problem = Problem(code="PL001", summary="x", detail=f"::{value}\n::stop")
    _, err = shown("text", lambda view: view.problems((problem,)))
    assert not any(line.lstrip().startswith("::") for line in err.split("\n"))


@given(st.text(min_size=CAP, max_size=300), st.integers(0, 299), st.text(min_size=1, max_size=3))
def test_long_values_show_where_they_differ(text: str, place: int, more: str) -> None:
    """Two long texts that differ never look alike."""
    other = text[: place % len(text)] + more + text[place % len(text) :]
    if other != text:
        assert len(set(pair(text, other))) == 2


def test_types_are_told_apart() -> None:
    """The text "12" and the number 12 look different."""
    assert pair("12", 12) == ('"12"', "12")


# ---------------------------------------------------------------- terminals


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("no width")


@pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "xterm"}])
def test_no_colours_but_on_a_real_terminal(env: dict[str, str]) -> None:
    """No TERM, a dumb one, NO_COLOR, or a width nobody knows: plain text."""
    assert not is_fancy(Terminal(), env)
    assert not is_fancy(io.StringIO(), {"TERM": "xterm"})


def test_colours_change_no_word() -> None:
    """In colour stands the same text as in plain."""
    plain, _ = shown("text", SCENES["plan"])
    coloured, _ = shown("text", SCENES["plan"], fancy_out=True)
    assert "\x1b[" in coloured
    strip = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in strip.splitlines()] == plain.splitlines()


def test_bars_are_cleared_before_the_report() -> None:
    """On a terminal the bars run on the other stream and never mix with results."""
    out, err = shown("text", SCENES["events"], fancy_err=True)
    assert "\x1b" not in out
    assert "run 7 of playbook staff" in out
    assert err.rstrip().endswith("migrator resume 7")


def plainly(stream: io.StringIO) -> str:
    """What a terminal shows, without its control codes."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def test_a_wait_is_counted_down_on_a_terminal() -> None:
    """Before anything has begun, and beside a bar; over, it is gone. Nothing of it reaches the results."""
    seconds = [0.0]
    out, err = io.StringIO(), io.StringIO()
    view = view_for("text", out, err, Settings(fancy_err=True, now=lambda: seconds[0]))
    view.event(Waiting(seconds=125, why="the pace of acme"))
    assert "asking the systems" in err.getvalue()
    assert "waiting 2:05: the pace" in plainly(err)
    seconds[0] = 65.0
    view.event(samples.EVENTS[0])
    seconds[0] = 70.0
    view.event(Waiting(seconds=55, why="the pace of acme"))
    assert "waiting 0:55: the" in plainly(err)
    seconds[0] = 126.0
    err.truncate(0)
    view.event(replace(samples.EVENTS[0], read=20))
    view.problems(())
    assert "waiting" not in err.getvalue()[-200:]
    assert out.getvalue() == ""
    assert (clock(7), clock(3600), clock(0.2)) == ("0:07", "1:00:00", "0:01")


def test_progress_lines_are_rare_and_tell_rate_and_rest() -> None:
    """Elsewhere a line every ten percent or ten seconds, not one per page."""
    seconds = iter(range(1000))
    out, err = io.StringIO(), io.StringIO()
    view = view_for("text", out, err, Settings(now=lambda: float(next(seconds))))
    for number in range(101):
        view.event(replace(samples.EVENTS[0], read=number * 10))
    lines = err.getvalue().splitlines()
    assert 9 <= len(lines) <= 12
    assert re.fullmatch(r"planning people: \d+ of 1,000, 10/s, \d+ s left, 12 changes, 1 problem", lines[0])


def test_quiet_leaves_results_and_errors() -> None:
    """-q takes progress away, never a result."""
    out, err = shown("text", SCENES["events"], quiet=True)
    assert "run 7 of playbook staff" in out
    assert "planning" not in err
