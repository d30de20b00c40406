"""The methods of texts that expressions may call, with bounds. Only texts have methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.transform import text
from migrator.transform.lists import join as join_list
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import insist
from migrator.transform.text import whole, worded


def _own(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    insist(value)
    raise Refusal("TR011", f"{sort_of(value)} has no methods", hint="filters take other values")


def _on_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter of that name, for texts only."""

    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        return function(_own(value), *args, **kwargs)

    call.__wrapped__ = function  # type: ignore[attr-defined]  # the signature for checks is the filter's
    return call


def lstrip(value: Any, characters: Any = None) -> str:
    """Without blanks (or these characters) at the beginning."""
    return _own(value).lstrip(None if characters is None else worded(characters))


def rstrip(value: Any, characters: Any = None) -> str:
    """Without blanks (or these characters) at the end."""
    return _own(value).rstrip(None if characters is None else worded(characters))


def startswith(value: Any, beginning: Any) -> bool:
    """Whether it begins so."""
    return _own(value).startswith(worded(beginning))


def endswith(value: Any, end: Any) -> bool:
    """Whether it ends so."""
    return _own(value).endswith(worded(end))


def find(value: Any, part: Any) -> int:
    """Where the part begins, from 0; -1 where it is not."""
    return _own(value).find(worded(part))


def count(value: Any, part: Any) -> int:
    """How often the part is there."""
    return _own(value).count(worded(part))


def zfill(value: Any, width: Any) -> str:
    """Filled up with zeros from the left, after the sign."""
    return _own(value).zfill(whole(width, "the width"))


def isdigit(value: Any) -> bool:
    """Whether it is not empty and has only ASCII digits."""
    own = _own(value)
    return own.isascii() and own.isdigit()


def isalpha(value: Any) -> bool:
    """Whether it is not empty and has only letters."""
    return _own(value).isalpha()


def isupper(value: Any) -> bool:
    """Whether it has letters, all capital."""
    return _own(value).isupper()


def islower(value: Any) -> bool:
    """Whether it has letters, all small."""
    return _own(value).islower()


def join(value: Any, parts: Any) -> str:
    """The parts of a list with this text between them."""
    return join_list(parts, _own(value))


METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "strip": _on_text(text.trim),
    "lstrip": lstrip,
    "rstrip": rstrip,
    "lower": _on_text(text.lower),
    "upper": _on_text(text.upper),
    "title": _on_text(text.title),
    "capitalize": _on_text(text.capitalize),
    "replace": _on_text(text.replace),
    "split": _on_text(text.split),
    "splitlines": _on_text(text.lines),
    "join": join,
    "startswith": startswith,
    "endswith": endswith,
    "removeprefix": _on_text(text.remove_prefix),
    "removesuffix": _on_text(text.remove_suffix),
    "find": find,
    "count": count,
    "zfill": zfill,
    "isdigit": isdigit,
    "isalpha": isalpha,
    "isupper": isupper,
    "islower": islower,
}
"""Name -> what it does with the text and its arguments."""
