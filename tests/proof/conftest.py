"""Tells after the tests how many fault points were tried."""

from __future__ import annotations

import pytest

from tests.proof.tally import TALLY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line; violations are the failed tests above it."""
    if TALLY:
        failed = sum("tests/proof/" in report.nodeid for report in terminalreporter.getreports("failed"))
        terminalreporter.write_line(f"{sum(TALLY.values()):,} fault points held, {failed} violations")
