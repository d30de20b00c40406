"""What a template or a value can be refused for: the codes, and the exception that carries one inside this stage."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from migrator.model.problem import Place, Problem, UnknownValue

CODES: Final[Mapping[str, str]] = {
    "TR001": "The template cannot be read: wrong syntax.",
    "TR002": "Statements, comments and whitespace control are refused: a template holds expressions only.",
    "TR003": "An unknown name.",
    "TR004": "An unknown filter, or one called with other arguments than it takes.",
    "TR005": "An unknown test, or one called with other arguments than it takes.",
    "TR006": "Something that templates cannot do: calls, methods and attributes of Python.",
    "TR007": "The template is too long or nested too deeply.",
    "TR008": "An unknown mapping.",
    "TR009": "`ref()` is not carried out here.",
    "TR010": "A value that is not there.",
    "TR011": "A filter or operator does not fit its value.",
    "TR012": "The work or the result would be too large.",
    "TR013": "The result is no data that a record can hold.",
    "TR014": "A ref is opaque: a whole field, or an item of a list or map, and nothing else.",
    "TR015": "The mapping has no entry for the value.",
    "TR017": "The name is that of several people.",
    "TR016": "The reference has no record.",
    "TR020": "The value is not of the target field's kind.",
    "TR021": "The text is too long for the target field.",
    "TR022": "The text is too short for the target field.",
    "TR023": "The number is out of the target field's range.",
    "TR024": "The value is not among the target field's choices.",
    "TR025": "The target field must not be empty.",
    "TR026": "The target collection has no such field.",
    "TR027": "The target field cannot be written.",
    "TR028": "Not a date, time or moment.",
    "TR029": "The local time does not exist, or exists twice, in its zone.",
    "TR030": "An environment variable is missing or empty.",
    "TR031": "The expression of a system's option cannot be evaluated.",
    "TR032": "An unknown time zone.",
}
"""Code -> what it means. Every Problem of this stage has one of these."""

_CANDIDATES: Final = 200
"""Words that are looked through for a likely one: a large mapping and many unknown values must stay cheap."""


class Refusal(Exception):
    """A template or value that is refused. Never leaves this stage: it becomes a Problem with its place."""

    def __init__(
        self,
        code: str,
        summary: str,
        *,
        hint: str = "",
        detail: str = "",
        offset: int = 0,
        unknown: tuple[UnknownValue, ...] = (),
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.hint = hint
        self.detail = detail
        self.offset = offset
        """Characters from the start of the template's text; 0 where not known."""
        self.unknown = unknown
        """Values that are not known, for a plan to count."""

    def problem(self, place: Place | None = None) -> Problem:
        """For people."""
        return Problem(
            code=self.code,
            summary=self.summary,
            detail=self.detail,
            hint=self.hint,
            place=place,
            unknown=self.unknown,
        )


def first_of(refused: Sequence[Refusal]) -> Refusal:
    """The first refusal of a list's items, with the unknown values of all."""
    first = refused[0]
    first.unknown = tuple([value for refusal in refused for value in refusal.unknown])
    return first


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names the known word most like this one; `otherwise` where none is."""
    import difflib  # a run without misspelt words starts sooner

    some = [name[:100] for name in itertools.islice(known, _CANDIDATES)]
    close = difflib.get_close_matches(word[:100], some, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else otherwise


def shown(value: Any, most: int = 40) -> str:
    """A value for a sentence: JSON-like, cut after `most` characters. Never called on credentials."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value if len(value) <= most else value[:most] + "…"}"'
    if isinstance(value, (int, float)):
        return str(value) if not isinstance(value, int) or value.bit_length() <= 200 else "a number of many digits"
    return sort_of(value)


def sort_of(value: Any) -> str:
    """What sort of thing a value is, in the words of a playbook, such as "a list"."""
    if isinstance(value, Mapping):
        return "a map"
    words = {bool: "true or false", str: "a text", int: "a number", float: "a number", tuple: "a list"}
    named = {"NoneType": "null", "list": "a list", "Decimal": "a number", "File": "a file", "Omit": "omit"}
    return words.get(type(value)) or named.get(type(value).__name__, f"no data ({type(value).__name__})")
