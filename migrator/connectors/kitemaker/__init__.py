"""Kitemaker: work items of a space, their comments and labels, initiatives, feedback."""

from __future__ import annotations

from migrator.connectors.kitemaker.connector import Kitemaker

__all__ = ["Kitemaker"]
