"""Stand-in for KaiNexus: items, list cards, users and locations over the JSON API, written from the vendor's manual.

    emulator = create(pace="off")
    emulator.store.options.error_http = "mapped"      # switches: options.py
    emulator.store.read(6141)                         # the truth, as GET answers it
    emulator.store.add_item({"templateName": "Idea", "summary": "a", "authors": [{"id": 4}]})
    emulator.store.notifications                      # mails that would have gone out

Not served: charts, XLSX, OAuth.
"""

from migrator.emulators.faults import Faults
from migrator.emulators.kainexus.options import SAMPLE_KEY, Options
from migrator.emulators.kainexus.pace import Pace
from migrator.emulators.kainexus.routes import Api, error_body
from migrator.emulators.kainexus.sample import CARDS, IDEA, IMPROVEMENT, PACKAGE, fill, furnish
from migrator.emulators.kainexus.store import Store
from migrator.emulators.server import Clock, Emulator, SystemClock


def create(
    *,
    seed: str = "sample",
    pace: str = "documented",
    clock: Clock | None = None,
    options: Options | None = None,
) -> Emulator:
    """An organization with templates, people and cards; with `seed` "sample" it has items too.

    `pace` "documented": five calls a minute (see pace.py); "off": none. `collections` holds the ids of the list
    cards under their names, and the templates under theirs.
    """
    store = Store(clock or SystemClock(), options)
    furnish(store)
    if seed == "sample":
        fill(store)
    faults = Faults(error_body)
    api = Api(store, Pace() if pace == "documented" else None)
    return Emulator(
        system="kainexus",
        app=faults.wrap(api.router),
        faults=faults,
        url_variable="KAINEXUS_URL",
        variables={"KAINEXUS_API_KEY": SAMPLE_KEY},
        collections={**CARDS, **{each.name: each.id for each in (IDEA, IMPROVEMENT, PACKAGE)}},
        store=store,
        pace=pace,
    )
