"""`dataclass` for modules that every run imports and few runs use whole: methods are compiled when first called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_UNSET: Any = object()


class _Frozen:
    """What frozen ones have in common."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:  # copies need these two: they cannot set a frozen object's slots
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for field, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)


_FROZEN = ("__setattr__", "__delattr__", "__getstate__", "__setstate__")


def _lean(kind: type | None = None, /, **words: Any) -> Any:
    """`dataclasses.dataclass` for the tenth of its price (0.1 of 1 ms for a frozen class, measured).

    Python compiles up to six functions for such a class; a short run imports a hundred classes and makes objects of
    forty. Here each function is made when it is first called. What does more is made by dataclasses at once: order,
    `__post_init__`, fields with `init=False`, frozen without slots.
    """
    if kind is None:
        return partial(_lean, **words)
    frozen, slots = words.get("frozen", False), words.get("slots", False)
    if words.keys() - {"slots", "frozen", "kw_only"} or (frozen and not slots) or _does_more(kind):
        return dataclasses.dataclass(**words)(kind)
    own = set(vars(kind))
    words.pop("frozen", None)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **words)(kind)
    methods: dict[str, Any] = {name: _promise(made, name, frozen) for name in ("__init__", "__repr__", "__eq__")}
    methods["__hash__"] = _promise(made, "__hash__", frozen) if frozen else None
    methods |= {name: vars(_Frozen)[name] for name in _FROZEN} if frozen else {}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _does_more(kind: type) -> bool:
    parts = vars(kind).values()
    return hasattr(kind, "__post_init__") or any(isinstance(one, dataclasses.Field) and not one.init for one in parts)


if TYPE_CHECKING:  # for types it is what it stands for, so that fields, replace and asdict take its classes
    from dataclasses import dataclass
else:
    dataclass = _lean


def _promise(kind: type, name: str, frozen: bool) -> Callable[..., Any]:
    """Puts the real method in its own place, and calls it."""

    def first(self: Any, *given: Any, **words: Any) -> Any:
        method = _init(kind, frozen) if name == "__init__" else _told(kind, name)
        setattr(kind, name, method)
        return method(self, *given, **words)

    return first


def _init(kind: Any, frozen: bool) -> Callable[..., None]:
    """`__init__`. Frozen slots are filled through their descriptors: two thirds of `object.__setattr__`."""
    takes, fills = ["self"], ["    pass"]
    known: dict[str, Any] = {"UNSET": _UNSET}
    for field in sorted(dataclasses.fields(kind), key=lambda field: field.kw_only is True):
        name, value = field.name, field.name
        if field.kw_only and "*" not in takes:
            takes.append("*")
        known[f"default_{name}"] = field.default
        if frozen:
            known[f"set_{name}"] = getattr(kind, name).__set__
        if field.default_factory is not dataclasses.MISSING:
            known |= {f"make_{name}": field.default_factory, f"default_{name}": _UNSET}
            value = f"make_{name}() if {name} is UNSET else {name}"
        takes.append(name if known[f"default_{name}"] is dataclasses.MISSING else f"{name}=default_{name}")
        fills.append(f"    set_{name}(self, {value})" if frozen else f"    self.{name} = {value}")
    lines = [f"def __init__({', '.join(takes)}):", *fills]
    exec("\n".join(lines), known)  # noqa: S102  how dataclasses makes it itself; names of fields alone go in
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    return made


def _told(kind: Any, name: str) -> Any:
    """`__repr__`, `__eq__` or `__hash__` as dataclasses makes them, taken from a class with the same fields."""
    fields = [(field.name, field.type, field) for field in dataclasses.fields(kind)]
    shown = name == "__repr__"
    told = {"__doc__": "Without one, its signature would be written out."}
    twin = dataclasses.make_dataclass(
        "Twin", fields, namespace=told, init=False, repr=shown, eq=not shown, frozen=not shown
    )
    return getattr(twin, name)
