"""Lets the common suite, whose files are no test modules by name, explain its failed asserts."""

import pytest

for name in ("odd_table", "suite_faults", "suite_reading", "suite_roundtrip", "suite_writing", "words"):
    pytest.register_assert_rewrite(f"tests.connectors.{name}")
