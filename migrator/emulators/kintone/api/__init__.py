"""The calls of the REST API, grouped by what they are about."""

from migrator.emulators.kintone.api import apps, cursors, records
from migrator.emulators.kintone.wire import Calls

CALLS: Calls = {**records.CALLS, **cursors.CALLS, **apps.CALLS}
"""(method, path after /k/v1/) -> the function that answers."""
