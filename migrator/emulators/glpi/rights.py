"""What a profile may do with an itemtype.

[observed] in cassettes/glpi for Computer, User, Ticket, Location, Profile, Config and Log with the profiles
Technician, Observer and Self-Service, and for everything with Super-Admin; the rest is [assumption], in the
manner of the shipped profiles.
"""

from migrator.emulators.glpi.schema import ASSETS, itemtypes

READ, UPDATE, CREATE, DELETE, PURGE = 1, 2, 4, 8, 16
ALL = READ | UPDATE | CREATE | DELETE | PURGE
NO_PURGE = ALL & ~PURGE
OWN = 64
"""Reads only what concerns the user: tickets of Self-Service."""

SUPER_ADMIN, ADMIN, TECHNICIAN, OBSERVER, SELF_SERVICE, HOTLINER, SUPERVISOR, READ_ONLY = 4, 3, 6, 2, 1, 5, 7, 8
PROFILES = {
    SELF_SERVICE: "Self-Service", OBSERVER: "Observer", ADMIN: "Admin", SUPER_ADMIN: "Super-Admin",
    HOTLINER: "Hotliner", TECHNICIAN: "Technician", SUPERVISOR: "Supervisor", READ_ONLY: "Read-Only",
}  # fmt: skip
"""The eight profiles of a fresh installation. [observed] that there are eight, names [docs]"""

_AREAS = {
    "asset": [*ASSETS, "Software", "SoftwareVersion", "SoftwareLicense", "NetworkPort"],
    "ticket": ["Ticket"],
    "answer": ["ITILFollowup", "TicketTask", "ITILSolution", "TicketValidation", "TicketCost"],
    "itil": ["Problem", "Change"],
    "people": ["User"],
    "group": ["Group", "Entity"],
    "money": ["Budget", "Contract", "Supplier", "Infocom"],
    "document": ["Document"],
    "setup": ["Profile", "Config", "Log"],
}
AREA_OF = {name: area for area, names in _AREAS.items() for name in names}

RIGHTS: dict[int, dict[str, int]] = {
    SUPER_ADMIN: {},
    ADMIN: {"setup": READ},
    SUPERVISOR: {"setup": 0, "dropdown": 0},
    TECHNICIAN: {
        "asset": ALL, "Computer": NO_PURGE, "ticket": ALL, "answer": ALL, "itil": ALL, "group": READ,
        "people": READ | UPDATE | CREATE, "money": NO_PURGE, "document": ALL, "link": ALL, "setup": 0, "dropdown": 0,
    },
    OBSERVER: {
        "asset": READ, "ticket": READ | CREATE, "answer": READ | CREATE, "itil": READ, "people": READ, "group": READ,
        "money": READ, "document": READ, "link": READ | CREATE, "setup": 0, "dropdown": 0,
    },
    HOTLINER: {
        "asset": 0, "ticket": READ | UPDATE | CREATE, "answer": READ | CREATE, "itil": READ, "people": READ,
        "group": READ, "money": 0, "document": READ, "link": READ | CREATE, "setup": 0, "dropdown": 0,
    },
    SELF_SERVICE: {
        "asset": 0, "ticket": OWN | CREATE, "answer": READ | CREATE, "itil": 0, "people": 0, "group": 0, "money": 0,
        "document": 0, "link": READ, "setup": 0, "dropdown": 0,
    },
    READ_ONLY: {"setup": 0, **dict.fromkeys([*_AREAS, "link", "dropdown"], READ)},
}  # fmt: skip


def area(name: str) -> str:
    """The area of rights that an itemtype belongs to: links between items, plain dropdowns, or one of its own."""
    if name in AREA_OF:
        return AREA_OF[name]
    return "link" if "_" in name or name in ("UserEmail", "Notepad", "ReservationItem") else "dropdown"


def rights(profile: int, name: str) -> int:
    """The bits that `profile` has for an itemtype. Who has no entry for an area may do everything."""
    told = RIGHTS.get(profile, {})
    return told.get(name, told.get(area(name), ALL))


EVERYTHING = {
    "agent": 19, "appliance": 31, "backup": 1045, "bookmark_public": 23, "budget": 127, "cable_management": 31,
    "calendar": 23, "cartridge": 255, "certificate": 255, "change": 1151, "changevalidation": 1044, "cluster": 31,
    "computer": 255,
}  # fmt: skip
"""What all the bits of a right are, some beyond the five used here: the recorded ones of Super-Admin. [observed]"""


def table(profile: int) -> dict[str, int]:
    """All rights of a profile as getActiveProfile lists them, by lower-case names. What is not served here only a
    Super-Admin may use."""
    served = {name.lower(): rights(profile, name) for name in itemtypes() if "_" not in name}
    told = {name: bits if profile == SUPER_ADMIN else 0 for name, bits in EVERYTHING.items() if name not in served}
    for name, bits in served.items():
        told[name] = EVERYTHING.get(name, 255) if bits == ALL else bits
    return dict(sorted(told.items()))
