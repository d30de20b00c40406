"""The KaiNexus connector on recorded exchanges: what it makes of each, with no server and no socket."""

from __future__ import annotations

import pytest

from migrator.contract import Done, Failed
from migrator.errors import LoginRefused, Throttled
from migrator.model.run import Cause
from migrator.model.values import Kind, WritableOn
from tests.connectors import cassette_kainexus as recorded
from tests.connectors.cassette_stage import described, replay

pytestmark = pytest.mark.usefixtures("socket_disabled")


def test_describe_learns_fields_from_a_page_and_people_and_places_from_their_lists() -> None:
    """A date is told from a moment in the organization's zone; a text with HTML has two faces."""
    idea = described(recorded.KAINEXUS)
    fields = idea.fields or {}
    kinds = {name: fields[name].kind for name in ("External key", "Expected savings", "Target date", "authors")}
    assert kinds == {
        "External key": Kind.TEXT,
        "Expected savings": Kind.NUMBER,
        "Target date": Kind.DATE,
        "authors": Kind.USERS,
    }
    assert fields["html:Description"].kind is Kind.RICH_TEXT
    assert fields["likeCount"].writable_on is WritableOn.NEVER
    known = idea.extra["directory"]
    assert known.users.find("sato@example.com") == 9
    assert known.places.find("Plant North") == 5


def test_a_card_is_read_over_two_pages() -> None:
    """The second is short; values of each sort are what a mapping works with."""
    pages = replay(recorded.read_list).result
    assert [[one.id for one in page] for page in pages] == [["101", "102"], ["103"]]
    first = pages[0][0].fields
    assert {name: first[name] for name in recorded.KINDS} == {
        "Description": "工具壁 & more",
        "External key": "K-1",
        "Expected savings": 1200.5,
        "Target date": "2023-06-01",
        "Category": "Quality",
    }
    assert (first["authors"], first["responsibleLocations"]) == (("ann",), ("Plant North",))


def test_an_item_that_is_not_there_is_left_out() -> None:
    """One page for each page of ids, empty or not."""
    pages = replay(recorded.fetch).result
    assert [[one.id for one in page] for page in pages] == [["102"], []]


def test_creates_have_the_ids_of_the_answer() -> None:
    """By their place: the answer holds no key."""
    assert list(replay(recorded.create_by_item_list).result) == [Done(target_id="20001"), Done(target_id="20002")]


def test_an_update_of_one_item_is_done() -> None:
    """By the call that has no pace."""
    assert list(replay(recorded.update_by_item).result) == [Done(target_id="102")]


def test_each_item_of_a_list_has_its_own_outcome() -> None:
    """One is done though the answer says `success: false`; a bad value and an item that is gone are told apart."""
    fine, value, gone = replay(recorded.errors_by_item).result
    assert fine == Done(target_id="101")
    assert isinstance(value, Failed)
    assert isinstance(gone, Failed)
    assert (value.code, value.cause) == ("NOT_FOUND", Cause.REFUSED)
    assert (gone.code, gone.cause) == ("NOT_FOUND", Cause.GONE)


def test_a_wrong_key_is_a_refused_login() -> None:
    """Found by the read that proves the login."""
    assert type(replay(recorded.wrong_key).result) is LoginRefused


def test_a_read_that_is_too_fast_waits_as_told_and_comes() -> None:
    """The 429 says sixty seconds; the clock is handed in, so nobody waits here."""
    played = replay(recorded.read_paced)
    assert [[one.id for one in page] for page in played.result] == [["101"]]
    assert played.waited == 60


def test_a_write_that_is_too_fast_wrote_nothing() -> None:
    """It is not sent again by the transport: only who keeps the journal may."""
    played = replay(recorded.write_paced)
    assert type(played.result) is Throttled
    assert played.result.seconds == 60
    assert played.waited == 0
