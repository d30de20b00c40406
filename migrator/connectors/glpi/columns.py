"""Columns of itemtypes: what sort of value each holds. Pure.

GLPI has no call that tells all columns of a type. columns.json holds those of 41 types of GLPI 10.0 (from the tables
of a fresh installation; secret columns, which the API never shows, are left out). What an item shows wins over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import orjson


class Sort(StrEnum):
    """What a column holds."""

    KEY = "key"
    """Id of another item; 0 stands for none."""
    INT = "int"
    FLAG = "flag"
    """A small number, mostly 0 or 1."""
    DECIMAL = "decimal"
    """A text with fixed places."""
    FLOAT = "float"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    MOMENT = "timestamp"
    """A date-time in the server's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column."""

    name: str
    """As the API names it."""
    sort: Sort
    """What it holds."""
    empty: bool = True
    """It can be null."""
    default: int = 0
    """Of a number that cannot be null."""
    length: int | None = None
    """Characters of a text; longer ones are cut without a word. [observed]"""
    bytes: int | None = None
    """Bytes of a text, as it is stored; longer ones are refused. [observed]"""
    digits: int = 20
    """Of a decimal, before and behind its point."""
    places: int = 4
    """Of a decimal."""
    guess: bool = False
    """Nobody told it: made of an item, which may be followed by others."""


TEXT_BYTES = 65_535
"""Of a TEXT column."""

ROOT_ENTITY = 0
"""The one id that is 0: an `entities_id` of 0 stands for it, not for none. [observed]"""

_SPEC = re.compile(r"(?P<word>[a-z]+)(?:\((?P<size>\d+)(?:,(?P<places>\d+))?\))?(?P<null>\?)?(?:=(?P<default>.*))?")
_KEY = re.compile(r".+s_id(_.+)?|items_id")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DECIMAL = re.compile(r"-?\d+\.\d+")

_WORDS = {"varchar": Sort.TEXT, "char": Sort.TEXT, "longtext": Sort.TEXT}
_DATATYPES = {
    "datetime": Sort.MOMENT,
    "date": Sort.DATE,
    "bool": Sort.FLAG,
    "decimal": Sort.DECIMAL,
    "integer": Sort.INT,
    "number": Sort.INT,
    "timestamp": Sort.INT,  # a duration in seconds, in the words of search options
}


def is_key(name: str) -> bool:
    """Whether a column of this name holds the id of another item: `locations_id`, `users_id_tech`, `items_id`."""
    return _KEY.fullmatch(name) is not None


@cache
def known(itemtype: str) -> Mapping[str, Column]:
    """The columns of a type of the table; empty for others."""
    found: Mapping[str, str] = _table().get(itemtype, {})
    return {name: column(name, spec) for spec, names in found.items() for name in names.split()}


def column(name: str, spec: str) -> Column:
    """A column out of its name and a specification such as `varchar(255)?`: `?` can be null, `=1` its default."""
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise ValueError(spec)
    word, size, null = found["word"], found["size"], found["null"] is not None
    sort = _WORDS.get(word) or Sort(word)
    if sort is Sort.KEY and not is_key(name):
        sort = Sort.INT
    default = found["default"] or ""
    return Column(
        name=name,
        sort=sort,
        empty=null,
        default=int(default) if re.fullmatch(r"-?\d+", default) and sort is not Sort.TEXT else 0,
        length=int(size) if size and sort is Sort.TEXT else None,
        bytes=TEXT_BYTES if word == "text" else None,
        digits=int(size) if size and sort is Sort.DECIMAL else 20,
        places=int(found["places"] or 4) if sort is Sort.DECIMAL else 4,
    )


def guessed(name: str, value: Any, datatype: str = "") -> Column:
    """A column that no table knows, by its name, a value of it, and the datatype of its search option."""
    sort, places = _sort_of(name, value, datatype), 4
    if sort is Sort.DECIMAL and isinstance(value, str):
        places = len(value.partition(".")[2])
    number = sort in (Sort.KEY, Sort.INT, Sort.FLAG)
    return Column(name=name, sort=sort, empty=not number or value is None, places=places, guess=True)


def _sort_of(name: str, value: Any, datatype: str) -> Sort:
    if is_key(name):
        return Sort.KEY
    if isinstance(value, int):
        return Sort.FLAG if datatype == "bool" or name.startswith("is_") else Sort.INT
    if isinstance(value, float):
        return Sort.FLOAT
    if isinstance(value, str):
        return _text_sort_of(value, datatype)
    return _DATATYPES.get(datatype, Sort.TEXT)


def _text_sort_of(value: str, datatype: str) -> Sort:
    if _MOMENT.fullmatch(value):
        return Sort.MOMENT
    if _DAY.fullmatch(value) and datatype in ("date", ""):
        return Sort.DATE
    return Sort.DECIMAL if datatype == "decimal" and _DECIMAL.fullmatch(value) else Sort.TEXT


def key_of(itemtype: str) -> str:
    """The key by which others name an item of the type: Location `locations_id`, Entity `entities_id`."""
    word = itemtype.rpartition("\\")[2].lower()
    plural = f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"
    return f"{plural}_id"


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = orjson.loads(Path(__file__).with_name("columns.json").read_bytes())
    return found
