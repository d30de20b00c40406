"""Kintone: apps of records, read by id or cursor, written in batches of 100 with revisions checked.

Facts come from the vendor's docs and seed manual unless a comment says otherwise ("observed": somebody's written
record of the real system's answers).
"""

from migrator.connectors.kintone.connector import Kintone

__all__ = ["Kintone"]
