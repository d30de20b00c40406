"""ReadOptions and keys in the words of GLPI's requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from migrator.connectors.glpi.calls import of_type
from migrator.connectors.glpi.columns import Sort, key_of
from migrator.connectors.glpi.form import Form
from migrator.connectors.glpi.options import ReadOptions
from migrator.connectors.glpi.stored import one, text_of
from migrator.errors import Refused
from migrator.model.problem import Place, Problem
from migrator.model.values import Key

_STANDING = {"is_template": "^0$"}
"""searchText that leaves templates out: they stand in listings like anything else. [observed]"""

_UNSURE = re.compile(r"[<>&%\\\x00-\x1f\x7f]")
"""What searchText does not find, or takes for more than itself: `<` and `>` are stored encoded. [observed]"""


def path_of(form: Form, read: ReadOptions) -> str:
    """Where the listing is: of the type, or below a parent."""
    return of_type(form.itemtype) if read.parent is None else f"{_parent_path(read.parent)}{of_type(form.itemtype)}"


def words_of(form: Form, read: ReadOptions) -> dict[str, Any]:
    """searchText, trash and templates."""
    searched: dict[str, Any] = {} if read.templates else standing(form)
    searched |= dict(read.searchText)
    words: dict[str, Any] = {"searchText": searched} if searched else {}
    return {**words, "is_deleted": "true"} if read.is_deleted else words


def standing(form: Form) -> dict[str, Any]:
    """searchText for everything but templates."""
    return dict(_STANDING) if form.has("is_template") else {}


def told(read: ReadOptions) -> dict[str, Any]:
    """What is told of each item."""
    words: dict[str, Any] = {f"with_{block}": "true" for block in read.blocks}
    if read.expand_dropdowns:
        words["expand_dropdowns"] = "true"
    if read.add_keys_names:
        words["add_keys_names"] = list(read.add_keys_names)
    return words


def criteria_of(form: Form, read: ReadOptions) -> list[dict[str, Any]]:
    """Criteria with numbers for columns. Raises Refused for a column without a search option."""
    return [_criterion(form, each) for each in read.criteria]


def check(form: Form, read: ReadOptions) -> None:
    """Raises Refused for what GLPI would ignore, or take for something else, without a word."""
    for name, value in read.searchText.items():
        if form.columns and name != "id" and name not in form.columns:
            raise _refused(form, f'{form.itemtype} has no column "{name}" to search', "")
        text = str(value).strip()
        if text in ("", "0"):
            raise _refused(form, f"searchText {name}: {value!r} filters nothing in GLPI", "`^0$` finds 0, `^$` null")
        if form.encodes and name != "completename" and ("<" in text or ">" in text):
            raise _refused(form, f"searchText {name}: < and > find nothing in GLPI", "write % in their place")
    criteria_of(form, read)
    if read.parent is not None:
        _check_parent(form, read)
    if read.expand_dropdowns and read.add_keys_names:
        raise _refused(form, "with expand_dropdowns the names of add_keys_names come out empty", "choose one of them")


def link_of(form: Form, parent: str) -> tuple[str, dict[str, Any]]:
    """Parent type, and what every item below it says of it. Raises Refused where nothing ties the two types.

    GLPI ignores a parent that has nothing to do with the type, and brings everything. [observed]
    """
    itemtype, _, number = parent.partition("/")
    key = key_of(itemtype)
    if form.has(key):
        return itemtype, {key: int(number)}
    if form.has("itemtype", "items_id"):
        return itemtype, {"itemtype": itemtype, "items_id": int(number)}
    raise _refused(
        form,
        f"nothing ties {form.itemtype} to {itemtype}: GLPI would bring every {form.itemtype}",
        "leave `parent` out",
    )


def patterns_of(form: Form, key: tuple[str, ...], values: Key) -> Iterator[tuple[str, str]]:
    """searchText that finds at least every item with this key."""
    for name, value in zip(key, values, strict=True):
        column = form.columns.get(name)
        shown = value if column is None else one(form, column, value)
        number = column is not None and column.sort is not Sort.TEXT
        text = text_of(shown)
        yield name, f"^{text}$" if number else pattern_of(text)


def pattern_of(text: str) -> str:
    """`^text$`, with `%` for what searchText does not take as itself; blanks around a value do not count there."""
    bare = text.strip()
    begin = "^" if bare == text and not bare.startswith("^") else "%"
    end = "$" if bare == text and not bare.endswith("$") else "%"
    inner = bare.removeprefix("^") if begin == "%" else bare
    inner = inner.removesuffix("$") if end == "%" else inner
    return f"{begin}{_UNSURE.sub('%', inner)}{end}"


def _criterion(form: Form, criterion: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(criterion)
    if isinstance(found.get("criteria"), (list, tuple)):
        found["criteria"] = [_criterion(form, each) for each in found["criteria"]]
    name = found.get("field")
    if isinstance(name, str) and not name.isdecimal() and not found.get("meta"):
        if name != "id" and name not in form.options:
            raise _refused(form, f'{form.itemtype} has no search option for "{name}"', "give the option's number")
        found["field"] = form.options.get(name, 2)
    return found


def _check_parent(form: Form, read: ReadOptions) -> None:
    itemtype, slash, number = str(read.parent).partition("/")
    if not itemtype or not slash or not number.isdecimal():
        raise _refused(form, f"parent {read.parent!r} is no TYPE/ID", "such as Ticket/12")
    if read.criteria:
        raise _refused(form, "`parent` and `criteria` do not go together: GLPI searches whole types", "")
    link_of(form, str(read.parent))


def _parent_path(parent: str) -> str:
    itemtype, _, number = parent.partition("/")
    return f"{of_type(itemtype)}/{number}"


def _refused(form: Form, summary: str, hint: str) -> Refused:
    place = Place(collection=form.itemtype)
    return Refused(Problem(code=Refused.code, summary=summary, hint=hint, place=place))
