"""What the itemtypes do beyond columns: one class per kind, looked up by itemtype."""

from migrator.emulators.glpi.kinds.answers import Followup, Solution, Task
from migrator.emulators.glpi.kinds.document import Document
from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.kinds.links import DocumentLink, ItemLink, OnePerItem, Port, Quiet, Version
from migrator.emulators.glpi.kinds.person import Email, Person
from migrator.emulators.glpi.kinds.ticket import Itil
from migrator.emulators.glpi.kinds.tree import State, Tree
from migrator.emulators.glpi.schema import Itemtype

_KINDS: dict[str, Kind] = {
    "Ticket": Itil(), "Problem": Itil(), "Change": Itil(),
    "ITILFollowup": Followup(), "TicketTask": Task(), "ITILSolution": Solution(),
    "User": Person(), "UserEmail": Email(), "State": State(), "Document": Document(),
    "SoftwareVersion": Version(), "Infocom": OnePerItem(), "Notepad": Quiet(), "NetworkPort": Port(),
    "Item_Ticket": ItemLink(), "Document_Item": DocumentLink(),
}  # fmt: skip
_TREE, _PLAIN = Tree(), Kind()


def kind_of(itemtype: Itemtype) -> Kind:
    """The rules of an itemtype."""
    found = _KINDS.get(itemtype.name)
    if found is not None:
        return found
    return _TREE if itemtype.parent_key else _PLAIN


__all__ = ["Kind", "kind_of"]
