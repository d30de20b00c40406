"""API keys and what each may see and do."""

from dataclasses import dataclass

from migrator.emulators.kainexus.item import LOCATION_LISTS, Item


@dataclass(frozen=True)
class Key:
    """An API key. A wrong right shows as ACCESS_DENIED on the item, not as a failed login. [inferred]

    sees: ids of the locations whose items it may view; None = everywhere. private: may view private items.
    drafts: counts as everybody's teammate, for drafts show only to their team
    [docs: item-statuses]. edits: may write. roles: names of the roles that milestones ask for.
    """

    secret: str
    sees: frozenset[int] | None = None
    private: bool = True
    drafts: bool = True
    edits: bool = True
    roles: frozenset[str] = frozenset()

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from it, so that lists need no look at each item."""
        return self.sees is None and self.private and self.drafts

    def may_view(self, item: Item) -> bool:
        """Whether the item shows in lists and can be read; a deleted one never can. [qa]"""
        if item.deleted or (item.private and not self.private):
            return False
        if item.status.type == "DRAFT" and not self.drafts:
            return False
        if self.sees is None:
            return True
        return any(place in self.sees for key in LOCATION_LISTS for place in item.locations.get(key, ()))
