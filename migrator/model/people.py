"""People of a system, as far as it tells them: what mappings of people look through."""

from __future__ import annotations

from migrator.model.lean import dataclass
from migrator.model.playbook import PersonWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the system's user fields can name. What is not told is empty."""

    user: str
    """What the system's user fields show and take: an id, a user name."""
    login: str = ""
    """The user name."""
    name: str = ""
    """What people see; family name first or last, as the system has it."""
    emails: tuple[str, ...] = ()
    """The first is the one to write to."""
    active: bool = True
    """An inactive account counts only where no active one goes by the same word."""

    def words(self, word: PersonWord) -> tuple[str, ...]:
        """All that the person goes by, under one word; the first is the main one."""
        found = {
            PersonWord.EMAIL: self.emails,
            PersonWord.NAME: (self.name,),
            PersonWord.LOGIN: (self.login,),
            PersonWord.USER: (self.user,),
        }[word]
        return tuple([text for text in found if text.strip()])
