"""Odd servers and bad input, system by system: a clear message each, and nothing lost or taken for something else.

The rows are in odd_reading.py and odd_writing.py. Where a system cannot make a trouble, its cell says why, and the
test asks the connector whether that is so.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from migrator.contract import Answer, Done, Result
from migrator.errors import BadAnswer, LoginRefused, SystemFailed
from migrator.model.plan import Action, Change
from tests.connectors import odd_reading as reading
from tests.connectors import odd_writing as writing
from tests.connectors.odd_table import SYSTEMS, Case, NotHere, Play, Row, play, replaced
from tests.connectors.words import shown, text_of
from tests.connectors.world import connected

every = pytest.mark.parametrize("system", SYSTEMS)
ROWS = {
    name: row
    for page in (reading, writing)
    for name, row in vars(page).items()
    if name.isupper() and not name.startswith("_") and name not in {"LOGIN", "SECOND", "DIGITS", "ALONE"}
}


def test_every_trouble_has_a_cell_for_every_system() -> None:
    """A trouble that nobody thought of for a system is a gap, not a pass."""
    assert {name: set(SYSTEMS) ^ set(row) for name, row in ROWS.items() if set(row) != set(SYSTEMS)} == {}
    assert len(ROWS) > 20


def told(stage: Play, case: Case, error: SystemFailed | None) -> None:
    """The error is the one of the table, says all of its words, and shows no secret."""
    assert error is not None and case.error is not None, "an early end in silence"
    assert isinstance(error, case.error), repr(error)
    text = text_of(error)
    assert [words for words in case.words if words not in text] == [], text
    assert not shown(stage.world, text)


def read(table: Row, system: str) -> None:
    """Two pages under the trouble: what the table says comes; what came before it stands, each record once."""
    cell = table[system]
    with play(system) as stage:
        if isinstance(cell, NotHere):
            assert cell.holds(stage), cell.why
            return
        came: list[str] = []
        error = _read(stage, cell, came)
        stands = set(stage.world.truth())
        assert len(set(came)) == len(came)
        if cell.error is None:
            assert error is None and set(came) >= stands
        else:
            told(stage, cell, error)
        assert stage.world.held() == 0


def _read(stage: Play, case: Case, came: list[str]) -> SystemFailed | None:
    if case.fault:
        stage.emulator.faults.add(match=stage.read_call(case.way), **case.fault)
    try:
        for page in stage.pages(1, case.way):
            if not came and case.act is not None:
                case.act(stage)
            came += page
    except SystemFailed as error:
        return error
    return None


def write(table: Row, system: str, action: Action) -> None:
    """Three records, or as many as a request takes: each has the result of the table, and what is done stands."""
    cell = table[system]
    with play(system) as stage:
        if isinstance(cell, NotHere):
            assert cell.holds(stage), cell.why
            return
        changes = _changes(stage, action)
        before = dict(stage.world.truth())
        if cell.act is not None:
            cell.act(stage)
        if cell.fault:
            call = stage.world.create_call if action is Action.CREATE else _update_call(stage)
            stage.emulator.faults.add(match=call, **cell.fault)
        try:
            results = stage.session.write(changes)
        except SystemFailed as error:
            told(stage, cell, error)
            assert stage.world.truth() == before
        else:
            _judge(stage, cell, results)


def _update_call(stage: Play) -> str:
    return stage.world.update_call or stage.world.create_call


def _changes(stage: Play, action: Action) -> Sequence[Change]:
    size = min(3, stage.session.capabilities.batch_max[action])
    if action is Action.CREATE:
        return stage.session.creates(*(stage.world.sample(place) for place in range(size)))
    stage.world.fill(size)
    found = sorted(stage.session.records().values(), key=lambda record: record.id)
    return [stage.session.update(each, {stage.world.text: f"ours {place}"}) for place, each in enumerate(found)]


def _judge(stage: Play, case: Case, results: Sequence[Result]) -> None:
    assert tuple(type(result) for result in results) == case.results, results
    text = repr(results)
    assert [words for words in case.words if words not in text] == [], text
    assert not shown(stage.world, text)
    stands = stage.world.truth()
    assert all(result.target_id in stands for result in results if isinstance(result, Done))


# ---------------------------------------------------------------- who we are, and what we may


@every
def test_wrong_credentials_are_told_with_where_to_look(system: str) -> None:
    """The first request with a wrong login: refused, and the sentence says which credential to check."""
    cell = reading.WRONG_LOGIN[system]
    assert isinstance(cell, Case)
    with play(system) as stage, connected(stage.world, stage.world.wrong) as (target, _):
        with pytest.raises(LoginRefused) as caught:
            target.describe(stage.world.collection, None)
        told(stage, cell, caught.value)


@every
def test_an_unknown_collection_is_told_with_what_a_collection_is(system: str) -> None:
    """A name that nobody knows: not found, and the sentence says what would be one."""
    cell = reading.UNKNOWN[system]
    assert isinstance(cell, Case)
    with play(system) as stage, pytest.raises(SystemFailed) as caught:
        stage.session.target.describe(stage.world.unknown, None)
    told(stage, cell, caught.value)


@every
def test_b18_a_login_that_is_refused_in_mid_reading_ends_it(system: str) -> None:
    """401 from the second page on: no early end; where there is a session it was opened once more before."""
    read(reading.EXPIRED, system)


@every
def test_b18_b20_a_dead_session_is_opened_again_once(system: str) -> None:
    """401 once: GLPI's session is opened again and nothing is missing; the others have nothing to open."""
    read(reading.RENEWED, system)


@every
def test_b18_a_login_that_is_refused_in_mid_writing_wrote_nothing(system: str) -> None:
    """401 on a write: an error that says nothing was written, never a result."""
    write(writing.EXPIRED, system, Action.CREATE)


@every
def test_b19_a_right_that_is_missing_while_reading_is_named(system: str) -> None:
    """Refused from the second page on: an error about rights, never fewer records."""
    read(reading.NO_RIGHT, system)


@every
def test_b19_a_right_that_is_missing_for_some_records_is_told_for_them(system: str) -> None:
    """Where the answer tells each record apart, the others are done; where it does not, nothing was written."""
    write(writing.SOME_DENIED, system, Action.UPDATE)


# ---------------------------------------------------------------- pages, totals, cursors


@every
def test_b31_pages_that_repeat_are_an_error(system: str) -> None:
    """The second answer is the first once more: an error, and no record came twice."""
    read(reading.REPEATS, system)


@every
def test_b32_a_total_that_does_not_fit_is_an_error(system: str) -> None:
    """More were announced than come: told with both numbers, after all records that there are."""
    read(reading.TOTAL, system)


@every
def test_b29_a_cursor_that_expires_in_mid_reading_loses_nothing(system: str) -> None:
    """Kintone's is made anew and walked to the place; Kitemaker's is an error; the others keep no place."""
    read(reading.CURSOR, system)


@every
def test_b30_records_that_go_while_pages_are_read_are_noticed(system: str) -> None:
    """One of the first page is deleted before the second is asked: nothing else is missing, or it is told."""
    read(reading.GOING, system)


# ---------------------------------------------------------------- bodies


@every
def test_b08_b15_a_failure_under_status_200_is_no_page(system: str) -> None:
    """A success that holds an error: told in the server's words."""
    read(reading.HIDDEN, system)


@every
def test_b15_a_failure_under_status_200_is_no_write(system: str) -> None:
    """The same of a write: failed where it is certain, else unknown; never done."""
    write(writing.HIDDEN, system, Action.CREATE)


@every
def test_b25_a_web_page_is_told_as_such(system: str) -> None:
    """HTML with status 200: how it begins, and that something may stand in between."""
    read(reading.HTML, system)


@every
def test_b25_an_empty_body_is_told_as_such(system: str) -> None:
    """Status 200 and nothing: not "no records"."""
    read(reading.EMPTY, system)


@every
def test_b25_a_cut_body_is_told_with_how_it_begins(system: str) -> None:
    """Half of the JSON, whole by its length: not "no records"."""
    read(reading.CUT, system)


@every
def test_b28_lists_nested_by_the_thousand_are_an_error(system: str) -> None:
    """100,000 brackets: an error for people, no traceback."""
    read(reading.DEEP, system)


@every
def test_b28_an_answer_nested_by_the_thousand_leaves_a_write_unknown(system: str) -> None:
    """The same of a write."""
    write(writing.DEEP, system, Action.CREATE)


@every
def test_b28_a_value_nested_by_the_hundred_is_an_error(system: str) -> None:
    """What a JSON parser still takes and nothing behind it could walk through."""
    read(reading.NESTED, system)


@every
def test_b28_a_lone_surrogate_is_an_error(system: str) -> None:
    """Half of a character in a text: no Unicode that anybody could write."""
    read(reading.SURROGATE, system)


@every
def test_b28_a_giant_number_loses_no_digit(system: str) -> None:
    """Thirty digits come as text; five thousand are an error."""
    cell = reading.GIANT[system]
    with play(system) as stage:
        if isinstance(cell, NotHere):
            assert cell.holds(stage), cell.why
            return
        faults, old = stage.emulator.faults, cell.fault["old"]
        stage.world.fill(1)
        faults.add(match=stage.read_call(), kind="edited", edit=replaced(old, reading.DIGITS.encode()))
        (found,) = stage.session.records().values()
        assert reading.DIGITS in found.fields.values()
        faults.add(match=stage.read_call(), kind="edited", edit=replaced(old, b"9" * 5000))
        with pytest.raises(BadAnswer, match="no JSON object"):
            stage.session.records()


# ---------------------------------------------------------------- results


@every
def test_b16_creates_with_fewer_results_than_records_are_unknown(system: str) -> None:
    """By position only where the lengths agree: else nobody knows which is which."""
    write(writing.FEWER_CREATES, system, Action.CREATE)


@every
def test_b16_an_update_that_the_answer_leaves_out_is_unknown(system: str) -> None:
    """The others are matched by their ids."""
    write(writing.FEWER_UPDATES, system, Action.UPDATE)


@every
def test_b16_updates_in_another_order_are_matched_by_id(system: str) -> None:
    """The answer lists them backwards."""
    write(writing.OTHER_ORDER, system, Action.UPDATE)


@every
def test_b08_slow_down_in_disguise_is_known(system: str) -> None:
    """Kintone says it as 400 with a code; of the others only 429 and an outage are known to ask for it."""
    with play(system) as stage:
        busy = stage.world.connector.busy
        for status, body, slow in reading.BUSY[system]:
            assert busy(Answer(status=status, headers={}, body=body)) is slow, (status, body)
