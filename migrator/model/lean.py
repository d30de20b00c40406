"""`dataclass` for modules that every run imports and few runs use whole: methods are compiled when first called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_METHODS = ("__init__", "__repr__", "__eq__", "__hash__")
_UNSET: Any = object()


class _Frozen:
    """What all of them have in common."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:  # copies need these two: they cannot set a frozen object's slots
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for field, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)


def _lean(**words: Any) -> Callable[[type], type]:
    """`dataclasses.dataclass(frozen=True, slots=True)` for the tenth of its price (0.1 of 1 ms a class, measured).

    Python compiles six functions for such a class; a short run imports a hundred classes and makes objects of forty.
    Here each function is made when it is first called. What other classes ask for (mutable ones, order) is made by
    dataclasses as ever. Not for fields with `init=False` or classes with `__post_init__`: raises TypeError.
    """
    if words.keys() - {"kw_only"} != {"frozen", "slots"}:
        return dataclasses.dataclass(**words)

    def decorate(kind: type) -> type:
        own = set(vars(kind))
        made: Any = dataclasses.dataclass(
            init=False, repr=False, eq=False, slots=True, kw_only=words.get("kw_only", False)
        )(kind)
        if hasattr(made, "__post_init__") or not all(field.init for field in dataclasses.fields(made)):
            raise TypeError(f"{made.__qualname__} does more than to hold what it is given: use dataclasses.dataclass")
        for name in _METHODS:
            if name not in own:
                setattr(made, name, _promise(made, name))
        for name in ("__setattr__", "__delattr__", "__getstate__", "__setstate__"):
            setattr(made, name, vars(_Frozen)[name])
        return made  # type: ignore[no-any-return]  # the class, now with slots

    return decorate


if TYPE_CHECKING:  # for types it is what it stands for, so that fields, replace and asdict take its classes
    from dataclasses import dataclass
else:
    dataclass = _lean


def _promise(kind: type, name: str) -> Callable[..., Any]:
    """Puts the real method in its own place, and calls it."""

    def first(self: Any, *given: Any, **words: Any) -> Any:
        method = _init(kind) if name == "__init__" else _told(kind, name)
        setattr(kind, name, method)
        return method(self, *given, **words)

    return first


def _init(kind: Any) -> Callable[..., None]:
    """`__init__`. Slots are filled through their descriptors, two thirds of the cost of `object.__setattr__`."""
    takes, fills = ["self"], ["    pass"]
    known: dict[str, Any] = {"UNSET": _UNSET}
    for field in sorted(dataclasses.fields(kind), key=lambda field: field.kw_only is True):
        name, value = field.name, field.name
        if field.kw_only and "*" not in takes:
            takes.append("*")
        known |= {f"set_{name}": getattr(kind, name).__set__, f"default_{name}": field.default}
        if field.default_factory is not dataclasses.MISSING:
            known |= {f"make_{name}": field.default_factory, f"default_{name}": _UNSET}
            value = f"make_{name}() if {name} is UNSET else {name}"
        takes.append(name if known[f"default_{name}"] is dataclasses.MISSING else f"{name}=default_{name}")
        fills.append(f"    set_{name}(self, {value})")
    lines = [f"def __init__({', '.join(takes)}):", *fills]
    exec("\n".join(lines), known)  # noqa: S102  how dataclasses makes it itself; names of fields alone go in
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    return made


def _told(kind: Any, name: str) -> Any:
    """`__repr__`, `__eq__` or `__hash__` as dataclasses makes them, taken from a class with the same fields."""
    fields = [(field.name, field.type, field) for field in dataclasses.fields(kind)]
    shown = name == "__repr__"
    twin = dataclasses.make_dataclass("Twin", fields, init=False, repr=shown, eq=not shown, frozen=not shown)
    return getattr(twin, name)
