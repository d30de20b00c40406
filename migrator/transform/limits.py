"""How large a template, its work and its result may be. Each is told in the docs; honest data reaches none."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

from migrator.transform.refusal import Refusal

TEMPLATE_CHARACTERS: Final = 10_000
"""Of one template."""
EXPRESSION_DEPTH: Final = 50
"""Levels within one expression (also keeps Python's own compiler within its limits)."""
EXPRESSION_PARTS: Final = 2_000
"""Names, constants, operators, filters and the like in one expression."""
VALUE_DEPTH: Final = 20
"""Levels of lists and maps in a field's value."""
TEXT_CHARACTERS: Final = 1_000_000
"""Of one text, and of all texts of one result together."""
LIST_ITEMS: Final = 100_000
"""Of one list, and of all lists and maps of one result together."""
WORK: Final = 20_000_000
"""Characters and items that all filters and operators of one record may walk through."""
LARGE: Final = 2_000
"""Values below this size are not metered."""
NUMBER_DIGITS: Final = 100
"""Digits of a decimal number."""
INTEGER_BITS: Final = 1_024
"""Of a whole number."""


class Meter:
    """Counts the work on large values of one record; `spent` is set to 0 before each."""

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0

    def charge(self, size: int) -> None:
        """Add to the work. Raises Refusal TR012 beyond WORK."""
        self.spent += size
        if self.spent > WORK:
            raise too_large("the templates of one record work through too much data", WORK, "characters and items")

    def weigh(self, value: Sized) -> None:
        """Charge for a large value."""
        size = len(value)
        if size > LARGE:
            self.charge(size)


def too_large(summary: str, limit: int, unit: str) -> Refusal:
    """The refusal for a bound that was exceeded."""
    return Refusal("TR012", summary, hint=f"the limit is {limit:,} {unit}")


def check_text_length(size: int) -> None:
    """Called before a text of this many characters is made. Raises Refusal TR012."""
    if size > TEXT_CHARACTERS:
        raise too_large("the text would be too long", TEXT_CHARACTERS, "characters")


def check_list_length(size: int) -> None:
    """Called before a list of this many items is made. Raises Refusal TR012."""
    if size > LIST_ITEMS:
        raise too_large("the list would be too long", LIST_ITEMS, "items")
