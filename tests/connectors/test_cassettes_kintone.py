"""The Kintone connector on recorded exchanges: what it makes of each, with no server and no socket."""

from __future__ import annotations

import pytest

from migrator.contract import Done
from migrator.errors import Conflict, LoginRefused, NotFound, Refused
from migrator.model.run import Cause
from migrator.model.values import Kind, WritableOn
from tests.connectors import cassette_kintone as recorded
from tests.connectors.cassette_kintone import ODD_KEYS
from tests.connectors.cassette_stage import described, replay

pytestmark = pytest.mark.usefixtures("socket_disabled")


def test_describe_reads_the_form() -> None:
    """Name, kinds, what is required and unique, choices, and fields that nobody can write."""
    app = described(recorded.KINTONE)
    fields = app.fields or {}
    assert (app.id, app.name) == ("2", "customers")
    key, rank = fields["customer_no"], fields["rank"]
    assert (key.kind, key.required, key.unique) == (Kind.TEXT, True, True)
    assert (rank.kind, rank.choices) == (Kind.CHOICE, ("A", "B", "C"))
    assert fields["name"].max_length == 64
    assert fields["credit"].kind is Kind.NUMBER
    assert fields["Record_number"].writable_on is WritableOn.NEVER


def test_reading_by_id_takes_two_pages_and_no_third() -> None:
    """A short page is the last one."""
    assert replay(recorded.read_by_id).result == [[("1", "C-1"), ("2", "C-2"), ("3", "C-3")], [("4", "C-4")]]


def test_reading_by_cursor_keeps_the_querys_order() -> None:
    """The last page ends the cursor: no DELETE is sent for it, or the replay would refuse it."""
    assert replay(recorded.read_by_cursor).result == [[("4", "C-4"), ("3", "C-3"), ("2", "C-2")], [("1", "C-1")]]


def test_a_cursor_that_is_left_early_is_deleted() -> None:
    """The recorded DELETE is asked for, or the replay would miss it."""
    assert replay(recorded.cursor_left_early).result == [("4", "C-4"), ("3", "C-3"), ("2", "C-2")]


def test_odd_keys_are_found_as_they_are() -> None:
    """Quotes, backslashes, signs of the query language, letters of any script; who is not there is left out."""
    pages = replay(recorded.find_odd_keys).result
    assert [[key for _, key in page] for page in pages] == [list(ODD_KEYS[:4]), list(ODD_KEYS[4:])]


def test_inserts_have_ids_and_revisions() -> None:
    """In the order that they were sent."""
    made = [Done(target_id=id_, version="1", created=True) for id_ in ("1", "2", "3")]
    assert list(replay(recorded.insert).result) == made


def test_updates_bring_the_next_revision() -> None:
    """By id."""
    assert list(replay(recorded.update).result) == [Done(target_id=id_, version="2") for id_ in ("1", "3")]


def test_a_stale_revision_is_a_conflict_that_names_no_record() -> None:
    """Kintone tells its id in words alone, in the user's language: nobody parses that."""
    error = replay(recorded.conflict).result
    assert (type(error), error.cause, error.culprits) == (Conflict, Cause.MOVED, ())


def test_a_taken_key_is_a_conflict_of_that_record() -> None:
    """By its place in the request."""
    error = replay(recorded.key_taken).result
    assert (type(error), error.cause, error.culprits) == (Conflict, Cause.TAKEN, (1,))


def test_a_refusal_names_its_culprits() -> None:
    """Place, field and the server's words, for each of them; the fine one between is not among them."""
    error = replay(recorded.refused).result
    assert type(error) is Refused
    assert [(one.index, one.field, one.reason) for one in error.culprits] == [
        (0, "name", "Required."),
        (2, "rank", 'The value, "Z", is not in options.'),
    ]


def test_a_wrong_token_is_a_refused_login_though_its_status_is_400() -> None:
    """By its code."""
    error = replay(recorded.wrong_token).result
    assert type(error) is LoginRefused
    assert "GAIA_IA02" in error.problems[0].detail


def test_an_app_that_is_not_there_is_not_found() -> None:
    """With its number."""
    error = replay(recorded.unknown_app).result
    assert type(error) is NotFound
    assert "4711" in str(error)


def test_an_upsert_tells_which_record_it_made() -> None:
    """One of the two stood."""
    assert list(replay(recorded.upsert).result) == [
        Done(target_id="4", version="2", created=False),
        Done(target_id="5", version="1", created=True),
    ]


def test_deletes_are_done() -> None:
    """An empty object is all that tells of it."""
    assert list(replay(recorded.delete).result) == [Done(target_id="1"), Done(target_id="4")]
