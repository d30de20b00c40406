"""Which part of a playbook people ask for."""

from __future__ import annotations

from migrator.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which part of a playbook to plan. All of it: the default."""

    only: tuple[str, ...] = ()
    """Steps; empty: all."""
    exclude: tuple[str, ...] = ()
    """Steps to leave out."""
    limit: int | None = None
    """Source records a step."""
    where: str | None = None
    """A filter beside the steps' own."""
    allow_count_drift: bool = False
    """A source that changed under the reading is told in the plan (no deletes then), and is no error."""

    @property
    def partial(self) -> bool:
        """The plan does not tell the whole story: no deletes."""
        return bool(self.only or self.exclude or self.limit is not None or self.where)
