"""What an expression can come to, and how it becomes a value that a record can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn

from jinja2 import StrictUndefined, Undefined

from migrator.model.problem import UnknownValue
from migrator.model.values import OMIT, File, Omit, Ref, Value
from migrator.transform.limits import LIST_ITEMS, TEXT_CHARACTERS, VALUE_DEPTH, check_text_length, too_large
from migrator.transform.refusal import Refusal, did_you_mean, shown, sort_of

_INT64: Final = range(-(2**63), 2**63)


class Missing(StrictUndefined):
    """What stands for a field that is not there: `default` and `is defined` take it, everything else refuses it."""

    __slots__ = ()

    def refuse(self) -> NoReturn:
        """Raises Refusal TR010 that names what is missing."""
        obj, name = self._undefined_obj, self._undefined_name
        if self._undefined_hint:
            raise Refusal("TR010", self._undefined_hint, hint="`default()` is the way out")
        if isinstance(obj, Mapping):
            known = [key for key in obj if isinstance(key, str)]
            raise Refusal(
                "TR010",
                f'there is no field "{name}"',
                hint=did_you_mean(str(name), known, "`default()` is the way out"),
                unknown=(UnknownValue(why="no field of the source record", value=str(name)),),
            )
        raise Refusal("TR010", f"{sort_of(obj)} has no {shown(name)}", hint="`default()` is the way out")

    def _fail(self, *_: Any, **__: Any) -> Any:
        self.refuse()

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = __int__ = __float__ = __neg__ = __pos__ = __call__ = _fail


class Pointer:
    """What `ref()` gives an expression: it can be handed through and nothing else."""

    __slots__ = ("target",)

    def __init__(self, target: Ref | str | int) -> None:
        self.target = target
        """The Ref, or the target id where it is known already."""

    def _fail(self, *_: Any) -> Any:
        raise Refusal(
            "TR014",
            "a ref cannot be looked into, compared or put into a text",
            hint="give the field the whole ref, or use it as an item of a list or map",
        )

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = __format__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = __add__ = __radd__ = _fail


def insist(value: Any) -> None:
    """Refuses what no filter, operator or text takes: missing values, refs, omit. Raises Refusal."""
    if isinstance(value, Missing):
        value.refuse()
    if isinstance(value, Undefined):
        raise Refusal("TR010", value._undefined_message)
    if isinstance(value, Pointer):
        value._fail()
    if value is OMIT:
        raise Refusal("TR011", "`omit` can only be a whole value", hint="a field, an item of a list or a map's value")


def plain(number: Decimal) -> str:
    """A decimal number without an exponent."""
    return format(number, "f")


def text_of(value: Any) -> str:
    """A value as part of a text: null is nothing, true and false are `true` and `false`. Raises Refusal."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (float, Decimal)):
        return plain(value) if isinstance(value, Decimal) else str(_finite(value))
    insist(value)
    raise Refusal("TR011", f"{sort_of(value)} cannot be put into a text", hint="`join` and `to_json` make texts")


def concatenated(*parts: Any) -> str:
    """The text of all parts, one after the other. Raises Refusal."""
    texts = [part if part.__class__ is str else text_of(part) for part in parts]
    check_text_length(sum(map(len, texts)))
    return "".join(texts)


def _bounded(text: str) -> str:
    if len(text) > TEXT_CHARACTERS:
        check_text_length(len(text))
    return text


def clean(value: Any) -> Value | Omit:
    """A result as a record can hold it: lists are tuples, decimals text, whole numbers beyond 64 bit text.

    Raises Refusal: missing value, no data, NaN, too large. OMIT stays OMIT; within lists and maps it is left out.
    """
    kind = value.__class__
    if kind is str:
        return _sound(value)
    if kind is bool or value is None or value is OMIT:
        return value  # type: ignore[no-any-return]  # checked just above
    if kind is int:
        return value if value in _INT64 else str(value)
    if kind is Pointer:
        return value.target  # type: ignore[no-any-return]  # checked just above
    if (kind is tuple or kind is dict) and _as_it_is(value, 500) >= 0:
        return value  # type: ignore[no-any-return]  # _as_it_is has looked
    return _Walk().visit(value, 0)


def _as_it_is(value: Any, left: int) -> int:
    """How many of `left` items remain if the value needs no walk; negative: it must be walked with care.

    Small lists and maps of short texts and numbers are most of what is handed through; this looks at each once.
    """
    left -= len(value)
    for item in value.values() if value.__class__ is dict else value:
        kind = item.__class__
        if left < 0:
            return -1
        if kind is str:
            if len(item) > 1_000 or not item.isascii():
                return -1
        elif kind is dict or kind is tuple:
            left = _as_it_is(item, left - 1)
        elif item is not None and kind is not bool and not (kind is int and -1_000_000 < item < 1_000_000):
            return -1
    return left if value.__class__ is tuple or all(map(_is_name, value)) else -1


def _is_name(key: Any) -> bool:
    return key.__class__ is str and len(key) <= 100 and key.isascii()


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Refusal("TR013", "the result is no finite number")
    return value


def _sound(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Refusal("TR013", f"the text holds half a character (at {error.start})") from None
    return _bounded(text)


class _Walk:
    """One walk through a result, counting what it meets."""

    def __init__(self) -> None:
        self.items = 0
        self.characters = 0

    def visit(self, value: Any, depth: int) -> Value | Omit:
        """The value as a record can hold it."""
        if isinstance(value, str):
            return self._text(str(value))
        if value is None or value is OMIT or isinstance(value, (bool, File, Ref)):
            return value
        if isinstance(value, int):
            return value if value in _INT64 else str(value)
        if isinstance(value, float):
            return _finite(value)
        if isinstance(value, Decimal):
            return plain(value)
        if isinstance(value, Pointer):
            return value.target
        return self._container(value, depth + 1)

    def _container(self, value: Any, depth: int) -> Value:
        if depth > VALUE_DEPTH:
            raise too_large("the result is nested too deeply", VALUE_DEPTH, "levels")
        if isinstance(value, (tuple, list)):
            self._count(len(value))
            items = (self.visit(item, depth) for item in value)
            return tuple([item for item in items if not isinstance(item, Omit)])
        if isinstance(value, Mapping):
            self._count(len(value))
            pairs = ((self._name(key), self.visit(item, depth)) for key, item in value.items())
            return {key: item for key, item in pairs if not isinstance(item, Omit)}
        insist(value)
        raise Refusal("TR013", f"the result is {sort_of(value)}")

    def _name(self, key: Any) -> str:
        if not isinstance(key, str):
            insist(key)
            raise Refusal("TR013", f"a map's name must be a text, not {sort_of(key)}")
        return self._text(str(key))

    def _text(self, text: str) -> str:
        self.characters += len(text)
        check_text_length(self.characters)
        return _sound(text)

    def _count(self, size: int) -> None:
        self.items += size
        if self.items > LIST_ITEMS:
            raise too_large("the result has too many items", LIST_ITEMS, "items")
