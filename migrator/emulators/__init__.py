"""Stand-in servers of the five systems: real HTTP, real state, the vendors' limits and error bodies.

They are written from the manuals and from recorded traffic, never from the connectors, and import nothing of
the rest of the program: two readings of one manual must not share a mistake.
"""

EMULATORS: dict[str, str] = {
    "kintone": "migrator.emulators.kintone:create",
    "kainexus": "migrator.emulators.kainexus:create",
    "ketryx": "migrator.emulators.ketryx:create",
    "kitemaker": "migrator.emulators.kitemaker:create",
    "glpi": "migrator.emulators.glpi:create",
}
"""System name -> "module:callable"; the callable is `create(*, seed, pace, clock) -> Emulator` (see server.py)."""
