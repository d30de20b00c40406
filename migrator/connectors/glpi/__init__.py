"""GLPI: items of all kinds over the legacy REST API (apirest.php) of GLPI 10. One public name.

What is odd about it: sessions with a frozen list of entities, answers of status 200 without a body, text that is
stored encoded, date-times in the server's zone, tree items that lose their parent when they are renamed, bulk writes
with a result an item, and a `true` that does not say whether anything changed.
"""

from migrator.connectors.glpi.connector import Glpi

__all__ = ["Glpi"]
