"""Filters as a generated function calls them: with their zone and tables, metered, and closed to what is no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from migrator.model.values import OMIT
from migrator.transform.filters import FILTERS, SHORT, Filter
from migrator.transform.grammar import JOIN, METHOD, REF
from migrator.transform.limits import LARGE, Meter
from migrator.transform.methods import METHODS
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import Missing, Pointer, concatenated, insist
from migrator.transform.tables import Tables


def bound_filters(
    zone: str, tables: Tables, ref: Callable[..., Any] | None, meter: Meter
) -> dict[str, Callable[..., Any]]:
    """Every filter as a generated function calls it, the hidden ones of the grammar included."""
    handed = {"zone": zone, "mappings": tables}
    made = {name: _guarded(filter_, handed, meter) for name, filter_ in FILTERS.items()}
    made |= {short: made[name] for short, name in SHORT.items()}
    made |= {METHOD + name: _metered(method, meter) for name, method in METHODS.items()}
    return made | {JOIN: concatenated, REF: _pointing(ref)}


def bare_filters(zone: str, tables: Tables) -> dict[str, Callable[..., Any]]:
    """The filters and methods without meter and refusals: for small texts and lists only."""
    handed = {"zone": zone, "mappings": tables}
    made = {METHOD + name: method for name, method in METHODS.items()}
    for name, filter_ in FILTERS.items():
        if not filter_.raw:
            made[name] = partial(filter_.function, handed[filter_.wants]) if filter_.wants else filter_.function
    return made


def _guarded(filter_: Filter, handed: Mapping[str, Any], meter: Meter) -> Callable[..., Any]:
    """The filter with its zone or tables, refusing what no filter takes, metered for large values."""
    function = filter_.function
    if filter_.wants:
        first = handed[filter_.wants]

        def call(value: Any, *args: Any, **kwargs: Any) -> Any:
            return function(first, value, *args, **kwargs)
    else:
        call = function
    if filter_.raw:
        return call
    made = _metered(call, meter, filter_.null_stays, filter_.weight)
    return made if filter_.quick is None else _quick(filter_.quick, made)


def _quick(function: Callable[[str], Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        if value.__class__ is str and not args and not kwargs and len(value) <= LARGE:
            return function(value)
        return otherwise(value, *args, **kwargs)

    return call


def _metered(
    function: Callable[..., Any], meter: Meter, null_stays: bool = True, weight: int = 3
) -> Callable[..., Any]:
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        kind = value.__class__
        if kind is str or kind is tuple:
            if len(value) > LARGE:
                meter.charge(len(value) * weight)
        elif value is None:
            if null_stays:
                return None
        elif kind is Missing or kind is Pointer or value is OMIT:
            insist(value)
        return function(value, *args, **kwargs)

    return call


def _pointing(ref: Callable[..., Any] | None) -> Callable[..., Any]:
    """`ref(name, id, missing=…)`: whatever comes back is opaque, but null and omit."""

    def point(_: None, name: Any, source_id: Any, **missing: Any) -> Any:
        if ref is None:
            raise Refusal("TR009", "`ref()` is not carried out here", hint="refs are known while planning only")
        insist(name)
        insist(source_id)
        if source_id.__class__ is tuple:
            return tuple([made for one in source_id if (made := _point_at(ref, name, one, missing)) is not None])
        return _point_at(ref, name, source_id, missing)

    return point


def _point_at(ref: Callable[..., Any], name: Any, source_id: Any, missing: Mapping[str, Any]) -> Any:
    """One Pointer; null for no id: what points nowhere has no parent."""
    if source_id is None or source_id == "":
        return None
    if isinstance(source_id, (tuple, Mapping, bool)):
        raise Refusal("TR011", f"`ref()` takes an id or a list of ids, not {sort_of(source_id)}")
    return Pointer(ref(name, source_id, **missing))
