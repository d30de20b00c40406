"""Kitemaker as its REST and GraphQL interfaces show it, over one organization in memory.

wire.py          HTTP: token, pace, both interfaces, error bodies
rest.py          the sixteen REST calls; parameters.py reads what they are given, forms.py shows what they answer
graph.py         GraphQL: schema.py says its types, resolvers.py what each field shows and each mutation does
sight.py         the organization as one token sees it: lookups, pages
desk.py          what can be done to work items, labels, comments; portfolio.py: to initiatives, feedback, roadmaps
organization.py  the state; things.py what it is made of; `Emulator.store`
assumptions.py   what no public source settles, one constant or switch each
sample.py        the sample spaces, people and items
"""

from migrator.emulators.faults import Faults
from migrator.emulators.kitemaker import sample
from migrator.emulators.kitemaker.assumptions import Switches
from migrator.emulators.kitemaker.organization import Organization
from migrator.emulators.kitemaker.pace import Pace
from migrator.emulators.kitemaker.problems import error_body
from migrator.emulators.kitemaker.wire import Wire
from migrator.emulators.server import Clock, Emulator, SystemClock


def create(
    *,
    seed: str = "sample",
    pace: str = "documented",
    clock: Clock | None = None,
    switches: Switches | None = None,
) -> Emulator:
    """The emulator of an organization with people, spaces, columns and labels; `seed="sample"`: with items too.

    `pace="off"`: any number of calls at once. `collections` holds the ids of the spaces under their keys.
    """
    org = Organization(clock or SystemClock(), switches)
    sample.furnish(org)
    if seed == "sample":
        sample.fill(org)
    faults = Faults(error_body)
    return Emulator(
        system="kitemaker",
        app=faults.wrap(Wire(org, Pace() if pace == "documented" else None).router),
        faults=faults,
        url_variable="KITEMAKER_URL",
        variables={"KITEMAKER_TOKEN": sample.TOKEN, "KITEMAKER_SPACE": sample.SPACE},
        collections={space.key: space.id for space in org.spaces.values()},
        store=org,
        pace=pace,
    )
