"""JSON Schema's errors in the user's words: which key, what is allowed, what was got, what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from migrator.codec.accepts import accepts
from migrator.codec.build import Path, got
from migrator.codec.schema import ENV_PATTERN, Schema
from migrator.playbook.finding import Finding, did_you_mean, shown, suggestion

FINDINGS_MAX = 200
"""Faults of shape that are listed at most."""
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "object": "a map",
    "array": "a list",
}
ValidationError = Any
"""jsonschema's; its attributes are typed as "perhaps unset", though `iter_errors` sets them all."""


class Shape:
    """One schema, made ready."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def validator(self) -> Any:
        """jsonschema's, imported when there is something to tell: that costs a tenth of a small plan."""
        from jsonschema import Draft7Validator
        from jsonschema.validators import extend

        # JSON Schema takes 5.0 for an integer; our types do not.
        types = Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
        return extend(Draft7Validator, type_checker=types)(self.schema)  # type: ignore[no-untyped-call]  # the stubs leave it untyped

    def findings(self, tree: Any, base: Path = ()) -> list[Finding]:
        """Every fault of shape, with paths from the root of the document; `base` is where `tree` stands."""
        if accepts(self.schema, tree):
            return []
        found = (finding for error in self.validator.iter_errors(tree) for finding in _worded(error, base))
        return list(dict.fromkeys(islice(found, FINDINGS_MAX)))


def _worded(error: ValidationError, base: Path) -> Iterator[Finding]:
    path = (*base, *error.absolute_path)
    rule = str(error.validator)
    if rule == "additionalProperties":
        yield from _unknown_keys(error, path)
    elif rule == "required":
        yield from _missing_keys(error, path)
    elif rule in ("enum", "const"):
        yield _not_allowed(error, path)
    elif rule == "type":
        yield _wrong_type(path, _types(error.validator_value), error.instance)
    elif rule == "anyOf":
        yield from _no_branch(error, path, base)
    elif error.validator_value == ENV_PATTERN:
        yield literal_secret(path)
    else:
        yield Finding(path=path, code="PB024", summary=f"{_name(path)}{_limit(error)}")


def _unknown_keys(error: ValidationError, path: Path) -> Iterator[Finding]:
    known = error.schema["properties"]
    where = f" in {_where(path)}" if path else ""
    unused = [name for name in known if name not in error.instance]
    for key in error.instance:
        if key not in known:
            hint = did_you_mean(key, unused, what="may stand here") if unused else "take it out"
            yield Finding(
                path=(*path, key), of_key=True, code="PB020", summary=f'unknown key "{key}"{where}', hint=hint
            )


def _missing_keys(error: ValidationError, path: Path) -> Iterator[Finding]:
    where = f" in {_where(path)}" if path else ""
    for key in error.validator_value:
        if key not in error.instance:
            known = error.schema.get("properties", {})
            misspelt = suggestion(key, [name for name in error.instance if name not in known])
            about = known.get(key, {}).get("description", "")
            hint = f'is "{misspelt}" meant to be it?' if misspelt else about
            yield Finding(
                path=path, of_key=True, code="PB021", summary=f'the key "{key}" is missing{where}', hint=hint
            )


def _not_allowed(error: ValidationError, path: Path) -> Finding:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    names = ", ".join(str(value) for value in allowed)
    if error.instance is None and "null" in allowed:
        hint = 'the word stands in quotes: "null"'
    elif isinstance(error.instance, str):
        hint = did_you_mean(error.instance, [str(value) for value in allowed], what="allowed")
    else:
        hint = f"allowed: {names}"
    summary = f"{_name(path)} must be one of {names}, not {shown(error.instance)}"
    return Finding(path=path, code="PB023", summary=summary, hint=hint)


def _wrong_type(path: Path, wanted: Iterable[str], value: Any) -> Finding:
    names = [_TYPES[name] for name in wanted if name != "null"] or ["null"]
    hint = "quote it to make it text" if names == ["text"] and isinstance(value, (int, float)) else ""
    if names == ["a list"]:
        hint = "begin each item with a dash, or write [ … ]"
    summary = f"{_name(path)} must be {' or '.join(names)}, not {got(value)}"
    return Finding(path=path, code="PB022", summary=summary, hint=hint)


def _no_branch(error: ValidationError, path: Path, base: Path) -> Iterator[Finding]:
    """Of an anyOf: the faults of the one branch that takes this sort of thing, else all sorts that fit."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    near = [found for found in branches.values() if not any(_is_top_type(inner, error) for inner in found)]
    if len(near) == 1:
        for inner in near[0]:
            yield from _worded(inner, base)
        return
    wanted = [name for branch in error.validator_value for name in _types(branch.get("type", ()))]
    enums = [str(value) for branch in error.validator_value for value in branch.get("enum", ())]
    if enums:
        summary = f"{_name(path)} must be one of {', '.join(enums)}, not {shown(error.instance)}"
        yield Finding(path=path, code="PB023", summary=summary)
    else:
        yield _wrong_type(path, dict.fromkeys(wanted), error.instance)


def _is_top_type(inner: ValidationError, error: ValidationError) -> bool:
    return inner.validator == "type" and list(inner.absolute_path) == list(error.absolute_path)


def _types(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _limit(error: ValidationError) -> str:
    bound = error.validator_value
    keys = " or ".join(error.schema.get("properties", ()))
    sentences: Mapping[str, str] = {
        "minimum": f" must be {bound} or more",
        "maximum": f" must be {bound} or less",
        "minItems": " must not be empty" if bound == 1 else f" must have {bound} items or more",
        "maxItems": f" must have {bound} items or fewer",
        "minLength": " must not be empty",
        "minProperties": " must not be empty",
        "maxProperties": f" takes one key only: either {keys}",
        "pattern": f" must match {bound}",
    }
    return sentences.get(str(error.validator), f" breaks the rule {error.validator}")


def _name(path: Path) -> str:
    return f'"{path[-1]}"' if path and isinstance(path[-1], str) else "this item" if path else "the playbook"


def _where(path: Path) -> str:
    """The map's own name for people: `steps` for `steps[3]`, else the last key."""
    names = [step for step in path if isinstance(step, str)]
    ends_in_list = not isinstance(path[-1], str)
    return f'an item of "{names[-1]}"' if ends_in_list and names else f'"{names[-1]}"'


def literal_secret(path: Path) -> Finding:
    """A secret that stands in the playbook."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(str(step) for step in path[1:]).upper()).strip("_")
    return Finding(
        path=path,
        code="PB032",
        summary=f"{_name(path)} is a secret: nothing may stand here but one env expression",
        hint=f'write "{{{{ env.{name} }}}}" and set the variable {name}',
    )
