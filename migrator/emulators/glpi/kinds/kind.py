"""The rules that every itemtype starts from."""

import re
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items

LABELS = {
    "Document_Item": "Document item", "Item_SoftwareVersion": "Installation", "Computer_Item": "General",
    "Group_User": "General",
}  # fmt: skip
"""Names of types in messages. [observed]; of others the words of the type are taken. [inferred]"""

OWNED = frozenset(
    [
        "Ticket_User",
        "Group_Ticket",
        "Supplier_Ticket",
        "Item_Ticket",
        "TicketTask",
        "TicketValidation",
        "TicketCost",
        "UserEmail",
        "Profile_User",
        "Group_User",
        "SoftwareVersion",
        "Problem_User",
        "Group_Problem",
        "Change_User",
        "Change_Group",
        "Problem_Ticket",
        "Change_Ticket",
        "Item_Problem",
        "Change_Item",
        "Computer_Item",
        "Item_SoftwareVersion",
        "Document_Item",
        "Contract_Item",
    ]
)
"""Rows that go with what their foreign key names; elsewhere the key is set to 0."""


class Kind:
    """Hooks around the writes of one itemtype; this one does nothing special.

    `values` are those of the input, encoded. A hook raises NotDone to refuse the item.
    """

    announces = True
    """Whether a create tells "Item successfully added"."""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """The values that go to the columns."""
        return values

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """What a create brings about."""

    def before_update(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """The values that go to the columns; `row` is what stands there."""
        return values

    def after_update(self, items: "Items", itemtype: Itemtype, old: Row, new: Row) -> None:
        """What a change brings about; called only where a column changed."""

    def before_purge(self, items: "Items", itemtype: Itemtype, row: Row) -> None:
        """What happens before a row goes for good."""

    def title(self, items: "Items", itemtype: Itemtype, row: Row) -> str:
        """The name in a create's message: the row's, or "Computer - ID 7". [observed]"""
        return items.store.plain_name(itemtype, row) or nameless(itemtype.name, row["id"])


def nameless(name: str, number: int) -> str:
    """How a row without a name is called: "Computer - ID 7"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").capitalize()
    return f"{LABELS.get(name, words)} - ID {number}"
