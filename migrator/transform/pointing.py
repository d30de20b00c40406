"""What `ref('name', id)` comes to: a Ref while planning, a text that explains itself in a playbook's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migrator.contract import Pair
from migrator.model.problem import Problem
from migrator.model.quick import maker
from migrator.model.values import OMIT, IfMissing, Ref

Pointing = Callable[..., Ref | Problem]
"""Takes a name, one source id and perhaps `missing=none` or `missing=omit`."""

_quick = maker(Ref)
_UNSAID = object()


def referring(pairs: Mapping[str, Pair]) -> Pointing:
    """`ref()` of a step that may refer to these. What the Ref stands for is looked up later, many at a time."""

    def ref(name: str, source_id: Any, *, missing: Any = _UNSAID) -> Ref | Problem:
        policy = _policy(missing)
        if isinstance(policy, Problem):
            return policy
        pair = pairs[name]
        return _quick(
            target=pair.target,
            collection=pair.collection,
            source=pair.source,
            source_collection=pair.source_collection,
            source_id=_text(source_id),
            part=pair.part,
            missing=policy,
        )

    return ref


def spelled(name: str, source_id: Any, *, missing: Any = _UNSAID) -> str | Problem:
    """`ref()` in a test: nothing is looked up, so a test expects the words of the call without `missing`."""
    policy = _policy(missing)
    return policy if isinstance(policy, Problem) else f"ref({name!r}, {source_id!r})"


def _policy(missing: Any) -> IfMissing | Problem:
    if missing is _UNSAID:
        return IfMissing.PROBLEM
    if missing is None:
        return IfMissing.NULL
    if missing is OMIT:
        return IfMissing.OMIT
    return Problem(
        code="TR011",
        summary="`missing` of `ref()` takes none or omit",
        hint="without it a missing record is a problem",
    )


def _text(source_id: Any) -> str:
    """4, 4.0 and "4" are one id."""
    if isinstance(source_id, float) and source_id.is_integer():
        source_id = int(source_id)
    return str(source_id)
