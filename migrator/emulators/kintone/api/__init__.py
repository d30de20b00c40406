"""The calls of the REST API, grouped by what they are about."""

from migrator.emulators.kintone.api import apps, bulk, comments, cursors, files, form, process, records
from migrator.emulators.kintone.wire import Calls

CALLS: Calls = {
    **records.CALLS,
    **cursors.CALLS,
    **comments.CALLS,
    **process.CALLS,
    **bulk.CALLS,
    **files.CALLS,
    **apps.CALLS,
    **form.CALLS,
}
"""(method, path after /k/v1/) -> the function that answers."""
