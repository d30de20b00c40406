"""Reading the parts of a request: ids, names, objects and lists, or a Refusal that tells what came instead."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from migrator.emulators.kainexus.refusal import Refusal


class Named(Protocol):
    """Anything with an id and a name."""

    @property
    def id(self) -> int:
        """The number that wins over the name."""

    @property
    def name(self) -> str:
        """The name people see."""


N = TypeVar("N", bound=Named)
T = TypeVar("T")


_ID_DIGITS = 19
"""No id has so many digits; more is no id."""


def as_id(value: Any, where: str) -> int | None:
    """An id as a number; numeric text counts (an old vendor example has it [docs]). Raises Refusal NOT_VALID."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _ID_DIGITS:
        return int(value)
    raise Refusal("NOT_VALID", f"{where}: an id is a whole number, not {value!r}")


def as_text(value: Any, where: str) -> str | None:
    """Text or null, or Refusal NOT_VALID."""
    if value is not None and not isinstance(value, str):
        raise Refusal("NOT_VALID", f"{where}: expected text, not {value!r}")
    return value


def as_object(value: Any, where: str) -> dict[str, Any]:
    """A JSON object, or Refusal NOT_VALID."""
    if not isinstance(value, dict):
        raise Refusal("NOT_VALID", f"{where}: expected an object, not {value!r}")
    return value


def as_list(value: Any, where: str) -> list[Any]:
    """A JSON array; null is an empty one (null is accepted [qa], that it clears is [assumption])."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refusal("NOT_VALID", f"{where}: expected a list, not {value!r}")
    return value


def by_name(things: Iterable[N], name: Any) -> N | None:
    """The first thing of that name, or None."""
    return next((thing for thing in things if thing.name == name), None)


def pick(things: tuple[N, ...], entry: dict[str, Any], what: str) -> N:
    """The thing that an entry names by id or, without one, by name; Refusal NOT_FOUND if there is none."""
    number = as_id(entry.get("id"), what)
    for thing in things:
        if thing.id == number or (number is None and thing.name == entry.get("name")):
            return thing
    raise Refusal("NOT_FOUND", f"no {what} {entry.get('name') if number is None else number!r} on this template")


def known(thing: T | None, message: str) -> T:
    """The thing, or Refusal NOT_FOUND with that message if there is none."""
    if thing is None:
        raise Refusal("NOT_FOUND", message)
    return thing
