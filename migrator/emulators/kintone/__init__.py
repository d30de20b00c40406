"""Kintone as its REST API shows it, over a domain in memory.

wire.py       HTTP: path, login, parameters, one transaction a call, error bodies
api/          the calls, grouped by what they are about
tenant.py     the domain: apps, people, tokens, files, cursors; `Emulator.store`
app.py        an app: form.py (fields), values.py (writing one), formula.py, lookup.py, subtable.py
edit.py       what adding and updating a record does
query.py      the query language; conditions.py and search.py carry it out
assumptions.py  what nobody has established, one constant each
sample.py     the six sample apps
"""

from migrator.emulators.faults import Faults
from migrator.emulators.kintone import api, sample
from migrator.emulators.kintone.problems import error_body
from migrator.emulators.kintone.tenant import Tenant
from migrator.emulators.kintone.wire import Wire
from migrator.emulators.server import Clock, Emulator, SystemClock


def create(*, seed: str = "sample", pace: str = "documented", clock: Clock | None = None) -> Emulator:
    """The emulator with the sample apps; `seed="empty"`: without records; `pace="off"`: any number at once."""
    tenant = Tenant(clock or SystemClock())
    collections = sample.fill(tenant, records=seed == "sample")
    faults = Faults(error_body, "application/json;charset=utf-8")
    return Emulator(
        system="kintone",
        app=faults.wrap(Wire(tenant, api.CALLS, limited=pace == "documented")),
        faults=faults,
        url_variable="KINTONE_URL",
        variables=sample.variables(),
        collections=collections,
        store=tenant,
        pace=pace,
    )
