"""People as a table for `map`: by e-mail, name, login or what user fields hold. Of several none is ever chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from unicodedata import normalize

from migrator.model.people import Person
from migrator.model.playbook import PersonWord
from migrator.model.problem import UnknownValue
from migrator.transform.refusal import Refusal, shown

_SHOWN: Final = 5
"""Candidates that are named."""


class People(Mapping[str, str]):
    """Word -> what it becomes. A word that several go by raises Refusal TR017, which lists them.

    Case does not count, nor do blanks around, nor the order of a name's words: "Ito, Ken" is "Ken Ito". An active
    account goes before inactive ones.
    """

    def __init__(self, mapping: str, people: Iterable[Person], *, by: PersonWord, gives: PersonWord) -> None:
        self._mapping = mapping
        self._by = by
        self._gives = gives
        self._fold = _name if by is PersonWord.NAME else _word
        self._spelt: dict[str, str] = {}
        found: dict[str, list[Person]] = {}
        for person in people:
            for word in dict.fromkeys(person.words(by) if person.words(gives) else ()):
                folded = self._fold(word)
                self._spelt.setdefault(folded, word)
                found.setdefault(folded, []).append(person)
        self._found = {word: _active(some) for word, some in found.items()}

    def __getitem__(self, word: str) -> str:
        """Raises KeyError for a word that nobody goes by, Refusal for one that several go by."""
        people = self._found[self._fold(word)]
        values = dict.fromkeys(person.words(self._gives)[0] for person in people)
        if len(values) > 1:
            raise self._ambiguous(word, people)
        return next(iter(values))

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelt.values())

    def __len__(self) -> int:
        return len(self._spelt)

    def _ambiguous(self, word: str, people: list[Person]) -> Refusal:
        listed = "; ".join(_told(person) for person in people[:_SHOWN])
        more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
        words = "another `by:`" if self._by is PersonWord.EMAIL else "`by: email`"
        return Refusal(
            "TR017",
            f"{len(people)} people of mapping {shown(self._mapping)} go by the {self._by} {shown(word)}",
            detail=f"{listed}{more}",
            hint=f"take {words}, or a table of your own for these",
            unknown=(UnknownValue(why=f'several people in mapping "{self._mapping}"', value=word),),
        )


def _active(people: list[Person]) -> list[Person]:
    return [person for person in people if person.active] or people


def _told(person: Person) -> str:
    words = [word for word in (person.name, *person.emails[:1], person.login) if word and word != person.user]
    return f"{person.user} ({', '.join(dict.fromkeys(words))})" if words else person.user


def _word(text: str) -> str:
    return text.strip().casefold()


def _name(text: str) -> str:
    return " ".join(sorted(normalize("NFKC", text).casefold().replace(",", " ").split()))
