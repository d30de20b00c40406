"""Stand-in for Ketryx: projects, items and records with KQL over the REST API, written from the vendor's manual.

    emulator = create()
    emulator.store.switches.preview = False           # switches and assumptions: assumptions.py
    emulator.store.write(SAMPLE_PROJECT, {"sourceId": "a", "type": "Requirement", "title": "t"})
    emulator.store.approve("KXITM...")                # what people do beside the API; also sync, remove, retire
    emulator.store.items["KXITM..."].current          # the truth

Not served: builds, documents, versions and user groups over HTTP, webhooks.
"""

from migrator.emulators.faults import Faults
from migrator.emulators.ketryx.access import SAMPLE_KEY
from migrator.emulators.ketryx.routes import Api, error_body
from migrator.emulators.ketryx.sample import SAMPLE_PROJECT, fill, furnish
from migrator.emulators.ketryx.store import Store
from migrator.emulators.server import Clock, Emulator, SystemClock

__all__ = ["SAMPLE_PROJECT", "create"]


def create(*, seed: str = "sample", pace: str = "documented", clock: Clock | None = None) -> Emulator:
    """An organization with item types and one project; with `seed` "sample" it has items too.

    `pace` makes no difference: no limit is published (a test may set `store.switches.bucket`). `collections` holds
    the id of the sample project.
    """
    store = Store(clock or SystemClock())
    project = furnish(store)
    if seed == "sample":
        fill(store, project)
    faults = Faults(error_body)
    return Emulator(
        system="ketryx",
        app=faults.wrap(Api(store).router),
        faults=faults,
        url_variable="KETRYX_URL",
        variables={"KETRYX_API_KEY": SAMPLE_KEY, "KETRYX_PROJECT": project.id},
        collections={"sample": project.id},
        store=store,
        pace=pace,
    )
