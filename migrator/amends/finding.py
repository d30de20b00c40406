"""Why a record of a run has no line in the plan that follows from it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.model.problem import Place, Problem, Severity


def left(why: str, fields: Sequence[str] = ()) -> Problem:
    """It moved since, and belongs to whoever moved it."""
    return Problem(
        code="PL030",
        summary=why,
        detail=f"changed: {', '.join(fields[:5])}" if fields else "",
        place=Place(field=fields[0]) if fields else None,
        hint="look at it in the target; nothing of it is written",
    )


def cannot(why: str) -> Problem:
    """No call could bring back what was."""
    return Problem(code="PL031", summary=why, hint="put it back by hand, if it matters")


def stuck(field: str, values: Sequence[str]) -> Problem:
    """What a run added to a field that only grows."""
    more = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return Problem(
        code="PL031",
        summary=f"{field} only grows here: what the run added stays",
        detail=f"added: {', '.join(values[:5])}{more}",
        place=Place(field=field),
        hint="take it off by hand, if it matters",
    )


GONE = Problem(code="PL032", summary="it is gone from the target: somebody deleted it since this run")
LOST = Problem(code="PL032", summary="it is gone from the target", hint="plan again: the playbook says what then")
UNKNOWN = Problem(
    code="PL035",
    summary="whether the run made it is not known: made again it might stand there twice",
    hint="look for it in the target, then plan again",
)
WAITS = Problem(code="PL035", summary="what it waits for has no line here", hint="plan again")


def stands_already(owner: str | None) -> Problem:
    """A record with its key stands there, and is not ours to change. `owner`: the source record it was made from."""
    if owner is None:
        summary = "a record with its key stands there, and the step only makes new ones"
        return Problem(code="PL036", summary=summary, hint="correct the key, or leave it")
    return Problem(
        code="PL036",
        summary=f"the record with its key was made from source record {owner}",
        hint="correct the key of one of them",
    )


REMADE = Problem(code="PL033", summary="it was deleted by this run, and a record with its key stands there again")
AGAIN = Problem(
    code="PL034",
    severity=Severity.WARNING,
    summary="deleted records are made again: the system gives them new ids",
    detail="What refers to them by an id that it was given before still holds the old one.",
)
