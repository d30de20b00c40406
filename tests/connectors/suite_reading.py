"""Of the common suite: who a system is, what it tells about itself, reading and looking up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from migrator.errors import LoginRefused, NotFound, Paused, SystemFailed
from migrator.model.plan import Action
from migrator.model.values import WritableOn
from tests.connectors.words import cut, folded, key_of, needs_find, shown, text_of
from tests.connectors.world import Session, World, connected, opened

ODD_TEXTS = (
    'say "hi"', "back\\slash", "trailing\\", "100%", "it's", "日本語キー", "a b", "a,b", "a|b;c", "$id", "{{x}}",
    "in (1)", "é", "𠮷", "<b>&amp;", "null", "0012", "line\nbreak", "tab\tbed",
)  # fmt: skip

# ---------------------------------------------------------------- who and what


def test_identity_is_the_same_for_every_login(world: World) -> None:
    """Two logins to one tenant give one identity, and it holds no credential."""
    with opened(world) as session:
        first = session.target.identity()
    assert first and not shown(world, first)
    if world.other is not None:
        with opened(world, world.other) as session:
            assert session.target.identity() == first


def test_an_unknown_collection_is_not_found(world: World) -> None:
    """describe raises NotFound, and the sentence names the collection."""
    with connected(world) as (target, _), pytest.raises(NotFound) as caught:
        target.describe(world.unknown, None)
    assert world.unknown in text_of(caught.value)


def test_a_wrong_login_is_refusedwithout_beingshown(world: World) -> None:
    """The first request with wrong credentials raises LoginRefused; none of its texts holds them."""
    if world.wrong is None:
        pytest.skip("this system has no login")
    with connected(world, world.wrong) as (target, _), pytest.raises(LoginRefused) as caught:
        target.describe(world.collection, None)
    assert not shown(world, text_of(caught.value))


def test_describe_tells_the_fields_in_use(world: World) -> None:
    """Key and text field are there under their own names, the text field takes writes, and no secret is told."""
    with opened(world) as session:
        assert session.collection.id == world.collection
        assert not shown(world, repr(session.collection))
        fields = session.collection.fields
        if fields is None:
            pytest.skip("this system does not tell its fields")
        assert {world.text, *world.key} <= set(fields)
        assert all(name == field.name for name, field in fields.items())
        assert fields[world.text].writable_on is WritableOn.BOTH


def test_capabilities_are_whole(world: World) -> None:
    """Every action goes in batches of at least one, or a sentence says why not; default options work."""
    with opened(world) as session:
        facts = session.capabilities
        assert session.target.capabilities(None).page_max == facts.page_max >= 1
        assert facts == session.target.capabilities(world.write)
        assert all(size >= 1 for size in facts.batch_max.values())
        missing = {Action.CREATE, Action.UPDATE, Action.DELETE, Action.UPLOAD, Action.ACT} - set(facts.batch_max)
        assert all(facts.cannot.get(action) for action in missing)
        assert not missing & {Action.CREATE, Action.UPDATE}


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(("pages", "more"), [(0, 0), (0, 1), (1, 0), (1, 1), (3, 7)])
def test_reading_brings_each_record_exactly_once(world: World, pages: int, more: int) -> None:
    """No record, one, a page, a page and one, three pages and seven: every way of reading, and count, agree."""
    with opened(world) as session:
        size = pages * (world.page or session.capabilities.page_max) + more
        if size:
            world.fill(size)
        for way in world.reads:
            _read_all(session, way, size)


def _read_all(session: Session, way: str, size: int) -> None:
    query = session.query(way, (*session.world.key, session.world.text))
    ids: list[str] = []
    for page in session.target.read(query):
        records = list(page.records)
        assert len(records) == page.size <= session.capabilities.page_max
        assert page.total in (None, size)
        ids += [record.id for record in records]
    assert len(ids) == size
    assert set(ids) == set(session.world.truth())
    assert session.target.count(query) in (None, size)
    assert session.world.held() == 0


def test_only_the_wanted_fields_come(world: World) -> None:
    """Asked for the text field, a record brings it with the value that stands behind the server."""
    with opened(world) as session:
        world.fill(3)
        found = session.records((world.text,))
        assert {id: record.fields[world.text] for id, record in found.items()} == world.truth()
        everything = session.records()
        assert all(set(found[id].fields) <= {*everything[id].fields, *world.key} for id in found)


def test_closing_early_frees_what_the_server_holds(world: World) -> None:
    """A reader who stops after the first page leaves nothing open behind."""
    with opened(world) as session:
        world.fill(2 * (world.page or session.capabilities.page_max) + 1)
        for way in world.reads:
            pages = session.target.read(session.query(way))
            next(iter(next(pages).records))
            pages.close()  # type: ignore[attr-defined]  # a connector's read is a generator
            assert world.held() == 0


@pytest.mark.parametrize("kind", ["html", "truncate_json", "empty", "wrong_body"])
def test_a_spoilt_answer_is_never_an_empty_result(world: World, kind: Any) -> None:
    """A gateway's page, half a body, no body or another body, in the middle of reading: an error, no early end."""
    faults = world.faults
    if faults is None:
        pytest.skip("this system is no server")
    with opened(world) as session:
        world.fill(3)
        for way in world.reads:
            faults.add(match=world.read_calls.get(way, world.read_call), kind=kind, times=None)
            with pytest.raises((SystemFailed, Paused)) as caught:
                [list(page.records) for page in session.target.read(session.query(way))]
            assert not shown(world, text_of(caught.value))
            faults.clear()
            assert world.held() == 0


# ---------------------------------------------------------------- looking up


def test_find_brings_hits_and_leaves_out_misses(world: World) -> None:
    """One page per page of keys, in order; a page of misses alone is empty; the key is among the fields."""
    with opened(world) as session:
        needs_find(session)
        world.fill(6)
        keys = [tuple(world.sample(place)[name] for name in world.key) for place in range(6)]
        absent = [tuple(world.sample(place)[name] for name in world.key) for place in range(50, 53)]
        pages: list[Sequence[Any]] = [keys[:2], absent, [keys[5], absent[0]], keys[2:4]]
        found = [list(page.records) for page in session.target.find(session.collection, world.key, pages, ())]
        want = [set(keys[:2]), set(), {keys[5]}, set(keys[2:4])]
        assert [{key_of(session, record) for record in page} for page in found] == [
            {folded(session, key) for key in page} for page in want
        ]


def test_find_takes_odd_characters(world: World) -> None:
    """Quotes, backslashes, percent signs, Japanese, line breaks: each is written, found by its key, and alone."""
    with opened(world) as session:
        needs_find(session)
        wanted = [fields for text in ODD_TEXTS if (fields := world.odd_keys(text)) is not None]
        if not wanted:
            pytest.skip("no text can be a key here")
        keys = [tuple(fields[name] for name in world.key) for fields in wanted]
        for some in cut(wanted, session.capabilities.batch_max[Action.CREATE]):
            session.write(session.creates(*some))
        for key in keys:
            (page,) = session.target.find(session.collection, world.key, [[key]], (world.text,))
            assert [key_of(session, record) for record in page.records] == [folded(session, key)], key
        (page,) = session.target.find(session.collection, world.key, [keys], ())
        assert len({record.id for record in page.records}) == len(keys)


def test_fetch_leaves_out_what_is_gone(world: World) -> None:
    """One page per page of ids, in order; a record deleted meanwhile is left out."""
    with opened(world) as session:
        most = session.capabilities.fetch_max
        if not most:
            pytest.skip("this system cannot fetch by id")
        ids = list(world.fill(5))
        if world.remove is not None:
            world.remove(ids[1])
        left = [id for id in ids if id in world.truth()]
        pages = [list(part) for part in cut(ids, most)]
        found = list(session.target.fetch(session.collection, pages, (world.text,)))
        assert len(found) == len(pages)
        records = [list(page.records) for page in found]
        assert [{record.id for record in page} for page in records] == [set(part) & set(left) for part in pages]
        assert all(record.fields[world.text] == world.truth()[record.id] for page in records for record in page)


def test_equal_keys_fold_alike(world: World) -> None:
    """Nothing folds to nothing; a value folds to the same text each time; two samples never fold alike."""
    with opened(world) as session:
        for name in world.key:
            field = (session.collection.fields or {}).get(name)
            fold = session.target.fold
            values = [world.sample(place)[name] for place in range(5)]
            assert fold(field, None) == fold(field, "") == ""
            assert [fold(field, value) for value in values] == [fold(field, value) for value in values]
            if len(world.key) == 1:
                assert len({fold(field, value) for value in values}) == 5
