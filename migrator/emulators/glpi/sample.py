"""Sample records: places, people, computers, tickets."""

from migrator.emulators.glpi.store import Store

COLLECTIONS = {
    "computers": "Computer",
    "monitors": "Monitor",
    "tickets": "Ticket",
    "locations": "Location",
    "users": "User",
}
"""Sample collections and their itemtypes."""


def fill(store: Store) -> None:
    """Put the samples on top of a fresh installation."""
    paris = store.add("Location", name="Paris", completename="Paris", level=1, ancestors_cache="[]")
    floor = store.add(
        "Location", name="Floor 1", completename="Paris > Floor 1", level=2, locations_id=paris,
        ancestors_cache=f'{{"{paris}":{paris}}}',
    )  # fmt: skip
    tokyo = store.add("Location", name="東京", completename="東京", level=1, ancestors_cache="[]")
    in_use = store.add("State", name="In use", completename="In use", level=1, ancestors_cache="[]")
    broken = store.add("State", name="Broken", completename="Broken", level=1, ancestors_cache="[]")
    acme = store.add("Manufacturer", name="ACME &#38; Sons")
    laptop = store.add("ComputerType", name="Laptop")
    model = store.add("ComputerModel", name="L-14", product_number="PN1")
    people = _people(store, floor)
    places, states = (paris, floor, tokyo), (in_use, broken)
    for rank in range(1, 13):
        store.add(
            "Computer", name=f"pc-{rank:03d}", serial=f"SN-{rank:03d}", otherserial=f"INV-{rank:03d}",
            locations_id=places[rank % 3], states_id=states[rank % 4 == 0], manufacturers_id=acme,
            computertypes_id=laptop, computermodels_id=model, users_id=people[rank % len(people)],
            comment="a &#60; b &#38; c" if rank == 3 else None, is_deleted=int(rank == 12),
        )  # fmt: skip
    store.add("Computer", name="template", is_template=1, template_name="Standard laptop")
    for rank in range(1, 6):
        store.add("Monitor", name=f"mon-{rank:03d}", serial=f"M-{rank:03d}", size="27.50", locations_id=paris)
    _tickets(store, people)


def _people(store: Store, place: int) -> list[int]:
    told = (("ann", "Lee", "Ann"), ("greg", "Ito", "Greg"), ("sato", "佐藤", "花子"))
    made = []
    for login, last, first in told:
        number = store.add(
            "User", name=login, realname=last, firstname=first, authtype=1, is_active=1, locations_id=place
        )
        store.add("UserEmail", users_id=number, email=f"{login}@example.com", is_default=1)
        store.add("Profile_User", users_id=number, profiles_id=1, entities_id=0)
        made.append(number)
    return made


def _tickets(store: Store, people: list[int]) -> None:
    hardware = store.add("ITILCategory", name="Hardware", completename="Hardware", level=1, ancestors_cache="[]")
    told = (("Screen stays dark", 1), ("Printer &#60;jam&#62;", 2), ("新しい PC", 1), ("Done", 5))
    for rank, (name, status) in enumerate(told):
        ticket = store.add(
            "Ticket", name=name, content=f"&#60;p&#62;{name}&#60;/p&#62;", status=status, date=store.now(),
            requesttypes_id=1, urgency=3, impact=3, priority=3, itilcategories_id=hardware, users_id_recipient=2,
            solvedate=store.now() if status == 5 else None,
        )  # fmt: skip
        requester = people[rank % len(people)]
        store.add(
            "Ticket_User", tickets_id=ticket, users_id=requester, type=1, use_notification=1, alternative_email=""
        )
        store.add("Item_Ticket", tickets_id=ticket, itemtype="Computer", items_id=rank + 1)
