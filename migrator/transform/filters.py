"""The closed table of filters, how each is bounded, and the page that documents them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Signature
from typing import Any, Final

from migrator.model.lean import dataclass
from migrator.transform import lists, markup, moments, numbers, text
from migrator.transform.results import text_of
from migrator.transform.tables import map_

_TEXT: Final = "texts up to 1,000,000 characters"
_LIST: Final = "lists up to 100,000 items"
_DATE: Final = "texts up to 100 characters, years 1 to 9999"
_NUMBER: Final = "100 digits, exponents up to 100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter."""

    function: Callable[..., Any]
    """Takes the value (after the zone or the tables, where `wants` says so) and the arguments."""
    bound: str
    """How much it takes or makes."""
    example: tuple[str, Any]
    """An expression and what it gives."""
    group: str
    """Heading in the docs."""
    wants: str = ""
    """"zone" or "mappings": handed in before the value."""
    null_stays: bool = True
    """Null gives null, whatever the arguments."""
    weight: int = 3
    """How much an item or character of a large value counts as work."""
    quick: Callable[[str], Any] | None = None
    """The same for a text and no arguments, where Python has it ready."""
    raw: bool = False
    """Takes missing values and refs too."""

    @property
    def signature(self) -> Signature:
        """What it takes, the value first."""
        takes = inspect.signature(self.function)
        parameters = list(takes.parameters.values())[1 if self.wants else 0 :]
        return Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])

    @property
    def doc(self) -> str:
        """What it does, in a sentence or two."""
        return inspect.getdoc(self.function) or ""


def string(value: Any) -> str:
    """The value as a text: true and false are `true` and `false`, decimals are plain."""
    return text_of(value)


_QUICK: Final[Mapping[str, Callable[[str], Any]]] = {
    "trim": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "capitalize": str.capitalize,
    "number": numbers.number_of,
}


def _group(
    name: str, bound: str, rows: Mapping[str, tuple[Callable[..., Any], str, Any]], **more: Any
) -> dict[str, Filter]:
    return {
        key: Filter(
            function=function, bound=bound, example=(example, gives), group=name, quick=_QUICK.get(key), **more
        )
        for key, (function, example, gives) in rows.items()
    }


FILTERS: Final[Mapping[str, Filter]] = {
    **_group(
        "Texts",
        _TEXT,
        {
            "trim": (text.trim, "'  pc-7 ' | trim", "pc-7"),
            "lower": (text.lower, "'Ito' | lower", "ito"),
            "upper": (text.upper, "'Ito' | upper", "ITO"),
            "capitalize": (text.capitalize, "'KEN ito' | capitalize", "Ken ito"),
            "replace": (text.replace, "'a-b-c' | replace('-', '')", "abc"),
            "remove_prefix": (text.remove_prefix, "'pc-7' | remove_prefix('pc-')", "7"),
            "remove_suffix": (text.remove_suffix, "'a.txt' | remove_suffix('.txt')", "a"),
            "truncate": (text.truncate, "'computer' | truncate(5)", "comp…"),
            "squeeze": (text.squeeze, "' a   b ' | squeeze", "a b"),
            "left": (text.left, "'12345' | left(2)", "12"),
            "right": (text.right, "'12345' | right(2)", "45"),
            "pad_left": (text.pad_left, "7 | pad_left(3, '0')", "007"),
            "pad_right": (text.pad_right, "'a' | pad_right(3, '.')", "a.."),
            "string": (string, "7 | string", "7"),
            "sha256": (
                text.sha256,
                "'a' | sha256 | left(8)",
                "ca978112",
            ),
        },
    ),
    **_group(
        "Texts",
        "texts up to 1,000,000 characters with up to 50,000 tags or references",
        {
            "html_to_text": (markup.html_to_text, "'<p>a &amp; b</p>c' | html_to_text", "a & b\nc"),
            "unescape_html": (markup.unescape_html, "'a &lt; b' | unescape_html", "a < b"),
        },
        weight=15,
    ),
    **_group(
        "Texts",
        "texts up to 100,000 characters",
        {
            "title": (text.title, "'ken ito' | title", "Ken Ito"),
            "nfkc": (text.nfkc, "'ｶﾞ１' | nfkc", "ガ1"),
            "slug": (text.slug, "'Café, New!' | slug", "cafe-new"),
            "nfc": (text.nfc, "'e\u0301' | nfc", "é"),
        },
        weight=15,
    ),
    **_group(
        "Texts to lists",
        _LIST,
        {
            "split": (text.split, "'a, b' | split(', ')", ("a", "b")),
            "lines": (text.lines, "'a\\nb' | lines", ("a", "b")),
        },
    ),
    **_group(
        "Numbers",
        _NUMBER,
        {
            "number": (numbers.number, "'1.234,50' | number(',', '.') | string", "1234.50"),
            "int": (numbers.int_, "'12' | int", 12),
            "float": (numbers.float_, "'1.5' | float", 1.5),
            "round": (numbers.round_, "2.5 | round(mode='half-up')", 3),
            "decimals": (numbers.decimals, "'1.5' | decimals(2)", "1.50"),
            "abs": (numbers.abs_, "-3 | abs", 3),
        },
    ),
    **_group(
        "Numbers",
        _LIST,
        {
            "sum": (numbers.sum_, "[1, 2] | sum", 3),
            "min": (numbers.min_, "[1, 2] | min", 1),
            "max": (numbers.max_, "[1, 2] | max", 2),
        },
        weight=50,
    ),
    **_group(
        "Dates and times",
        _DATE,
        {
            "date": (moments.date_, "'01.03.2024' | date('%d.%m.%Y')", "2024-03-01"),
            "time": (moments.time_, "'9:05 PM' | time('%I:%M %p')", "21:05:00"),
            "datetime": (
                moments.datetime_,
                "'2024-03-01 09:30' | datetime(in_zone='Asia/Tokyo')",
                "2024-03-01T09:30:00+09:00",
            ),
            "to_zone": (
                moments.to_zone,
                "'2024-03-01T00:30:00Z' | to_zone('Asia/Tokyo')",
                "2024-03-01T09:30:00+09:00",
            ),
        },
        wants="zone",
    ),
    **_group(
        "Dates and times",
        _DATE,
        {
            "add_days": (moments.add_days, "'2024-02-28' | add_days(2)", "2024-03-01"),
            "format_date": (moments.format_date, "'2024-03-01' | format_date('%d.%m.%Y')", "01.03.2024"),
            "from_epoch": (moments.from_epoch, "0 | from_epoch", "1970-01-01T00:00:00Z"),
        },
    ),
    **_group(
        "Lists",
        _LIST,
        {
            "first": (lists.first, "['a', 'b'] | first", "a"),
            "last": (lists.last, "['a', 'b'] | last", "b"),
            "join": (lists.join, "['a', 'b'] | join(', ')", "a, b"),
            "unique": (lists.unique, "['b', 'a', 'b'] | unique", ("b", "a")),
            "reverse": (lists.reverse, "['a', 'b'] | reverse", ("b", "a")),
            "flatten": (lists.flatten, "[['a'], ['b', 'c']] | flatten", ("a", "b", "c")),
            "compact": (lists.compact, "['a', '', none] | compact", ("a",)),
            "slice": (lists.slice_, "['a', 'b', 'c'] | slice(1)", ("b", "c")),
            "pluck": (lists.pluck, "[{'n': 1}, {'n': 2}] | pluck('n')", (1, 2)),
            "select": (lists.select, "['a', 'b'] | select('b', 'c')", ("b",)),
            "reject": (lists.reject, "['a', 'b'] | reject('b', 'c')", ("a",)),
            "select_by": (lists.select_by, "[{'n': 1}, {'n': 2}] | select_by('n', 2)", ({"n": 2},)),
            "reject_by": (lists.reject_by, "[{'n': 1}, {'n': 2}] | reject_by('n', 2)", ({"n": 1},)),
        },
        weight=15,
    ),
    **_group("Lists", "lists up to 20,000 items", {"sort": (lists.sort, "['b', 'a'] | sort", ("a", "b"))}, weight=50),
    **_group(
        "Lists",
        _LIST,
        {
            "list": (lists.list_, "'a' | list", ("a",)),
            "length": (lists.length, "'abc' | length", 3),
        },
        null_stays=False,
    ),
    **_group(
        "Nulls and missing values",
        "nothing is made",
        {
            "default": (lists.default, "record.nickname | default('none')", "none"),
            "coalesce": (lists.coalesce, "none | coalesce(record.nickname, 'x')", "x"),
        },
        null_stays=False,
        raw=True,
    ),
    **_group(
        "Nulls and missing values",
        "nothing is made",
        {"none_if_empty": (lists.none_if_empty, "'0000-00-00' | none_if_empty('0000-00-00')", None)},
    ),
    **_group(
        "Tables",
        "one look-up for each item",
        {"map": (map_, "'In use' | map('state')", "稼働中")},
        wants="mappings",
        weight=15,
    ),
    **_group(
        "JSON",
        _TEXT,
        {"to_json": (markup.to_json, "{'a': [1, true]} | to_json", '{"a": [1, true]}')},
        null_stays=False,
    ),
    **_group("JSON", _TEXT, {"from_json": (markup.from_json, "'[1, true]' | from_json", (1, True))}, weight=15),
}
"""Name -> filter. Closed: a playbook cannot add to it."""

SHORT: Final[Mapping[str, str]] = {"d": "default"}
"""Second names that people know from elsewhere."""
