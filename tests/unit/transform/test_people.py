"""People as a table: folding, several of one word, closed accounts, words that somebody lacks."""

from __future__ import annotations

import pytest

from migrator.model.people import Person
from migrator.model.playbook import PersonWord
from migrator.transform.people import People
from migrator.transform.refusal import Refusal

ANN = Person(user="4", login="ann", name="Ann Lee", emails=("ann@x.example", "lee@x.example"))
OLD = Person(user="9", login="ann-old", name="Ann Lee", emails=("ann@x.example",), active=False)
KEN = Person(user="5", login="ken", name="Ito Ken")
KEN2 = Person(user="6", login="ken2", name="ken  ITO", emails=("k@x.example",))


def by(word: str, gives: str = "user", *people: Person) -> People:
    return People("m", people or (OLD, ANN, KEN, KEN2), by=PersonWord(word), gives=PersonWord(gives))


@pytest.mark.parametrize(
    ("word", "gives", "asked", "found"),
    [
        ("email", "user", " ANN@x.example", "4"),
        ("email", "login", "lee@x.example", "ann"),
        ("name", "user", "Lee, Ann", "4"),
        ("name", "user", "ＡＮＮ  lee", "4"),
        ("login", "name", "KEN", "Ito Ken"),
        ("user", "email", "4", "ann@x.example"),
        ("user", "email", "9", "ann@x.example"),
    ],
)
def test_people_are_found_as_people_write_them(word: str, gives: str, asked: str, found: str) -> None:
    """Case, blanks, width and the order of a name do not count; a closed account gives way to an open one."""
    assert by(word, gives)[asked] == found


@pytest.mark.parametrize(
    ("word", "gives", "asked"), [("email", "user", "zoe"), ("user", "email", "5"), ("name", "user", "")]
)
def test_who_is_not_there_or_lacks_the_word_is_unknown(word: str, gives: str, asked: str) -> None:
    """A KeyError, so that the mapping's policy counts: nobody stands in for somebody else."""
    with pytest.raises(KeyError):
        by(word, gives)[asked]


def test_of_several_none_is_chosen_and_all_are_told() -> None:
    """Unless all of them come to the same."""
    with pytest.raises(Refusal) as caught:
        by("name")["Ken Ito"]
    assert caught.value.code == "TR017"
    assert caught.value.detail == "5 (Ito Ken, ken); 6 (ken  ITO, k@x.example, ken2)"
    assert by("name", "user", KEN, KEN)["ken ito"] == "5"
