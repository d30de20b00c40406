"""Stand-in for GLPI: the legacy REST API (apirest.php) of a GLPI 10.0, written from recordings of a real server.

    emulator = create(seed="empty", options=Options(app_token=None))
    emulator.store.options.credentials = False        # switches: options.py
    emulator.store.add("Computer", name="pc-1")       # a row as it is, no rules
    emulator.store.rows("Computer")                   # the truth, text as it is stored

Not served: the High-Level API of GLPI 11, rules, notifications, templates, plugins, components and volumes.
"""

from migrator.emulators.faults import Faults
from migrator.emulators.glpi.api import Api, error_body
from migrator.emulators.glpi.options import PREFIXES, USER_TOKENS, Options
from migrator.emulators.glpi.sample import COLLECTIONS, fill
from migrator.emulators.glpi.start import install
from migrator.emulators.glpi.store import Store
from migrator.emulators.server import Clock, Emulator, SystemClock


def create(
    *,
    seed: str = "sample",
    pace: str = "documented",
    clock: Clock | None = None,
    options: Options | None = None,
) -> Emulator:
    """A server as it is after installation; with `seed` "sample" it has places, people, computers and tickets.

    GLPI has no rate limits, so both paces are alike. `collections` holds itemtypes under their plural names.
    """
    store = Store(clock or SystemClock(), options)
    install(store)
    if seed == "sample":
        fill(store)
    faults = Faults(error_body)
    variables = {"GLPI_USER_TOKEN": USER_TOKENS["glpi"]}
    if store.options.app_token:
        variables["GLPI_APP_TOKEN"] = store.options.app_token
    return Emulator(
        system="glpi",
        app=faults.wrap(Api(store)),
        faults=faults,
        url_variable="GLPI_URL",
        variables=variables,
        collections=COLLECTIONS,
        store=store,
        url_path=PREFIXES[0],
        pace=pace,
    )
