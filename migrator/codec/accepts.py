"""Whether a schema takes a tree: a quick yes, for the words that `codec/schema.py` writes.

Importing jsonschema costs a tenth of a small plan. It alone tells what is wrong, in its own words; a playbook that is
right does not need it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.codec.schema import Schema

_SORTS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def accepts(schema: Schema, tree: Any) -> bool:
    """True: jsonschema finds no fault either. False: look with jsonschema."""
    return _takes(schema, tree, schema)


def _takes(schema: Schema, tree: Any, root: Schema) -> bool:
    if "$ref" in schema:
        _, _, name = schema["$ref"].partition("#/definitions/")
        return name in root["definitions"] and _takes(root["definitions"][name], tree, root)
    for word, rule in schema.items():
        if word in _TOLD:
            continue
        look = _RULES.get(word)
        if look is None or not look(rule, tree, schema, root):
            return False
    return True


def _type(rule: Any, tree: Any, schema: Schema, root: Schema) -> bool:
    return any(type(tree) in _SORTS[name] for name in ([rule] if isinstance(rule, str) else rule))


def _enum(rule: Any, tree: Any, schema: Schema, root: Schema) -> bool:
    return any(type(value) is type(tree) and value == tree for value in rule)


def _properties(rule: Any, tree: Any, schema: Schema, root: Schema) -> bool:
    return not isinstance(tree, dict) or all(_takes(rule[name], tree[name], root) for name in rule if name in tree)


def _others(rule: Any, tree: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(tree, dict):
        return True
    others = [tree[name] for name in tree if name not in schema.get("properties", ())]
    return rule is True or not others or (rule is not False and all(_takes(rule, value, root) for value in others))


def _size(kind: type, within: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Schema, Schema], bool]:
    return lambda rule, tree, schema, root: not isinstance(tree, kind) or within(len(tree), rule)  # type: ignore[arg-type]  # all kinds that come have a length


def _bound(within: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Schema, Schema], bool]:
    return lambda rule, tree, schema, root: type(tree) not in (int, float) or within(tree, rule)


_TOLD: Final = frozenset({"$schema", "$id", "title", "description", "default", "examples", "definitions"})
_RULES: Final[Mapping[str, Callable[[Any, Any, Schema, Schema], bool]]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda rule, tree, schema, root: _enum([rule], tree, schema, root),
    "properties": _properties,
    "additionalProperties": _others,
    "required": lambda rule, tree, schema, root: not isinstance(tree, dict) or all(name in tree for name in rule),
    "items": lambda rule, tree, schema, root: (
        not isinstance(tree, list) or (isinstance(rule, dict) and all(_takes(rule, item, root) for item in tree))
    ),
    "allOf": lambda rule, tree, schema, root: all(_takes(part, tree, root) for part in rule),
    "anyOf": lambda rule, tree, schema, root: any(_takes(part, tree, root) for part in rule),
    "pattern": lambda rule, tree, schema, root: not isinstance(tree, str) or re.search(rule, tree) is not None,
    "minimum": _bound(lambda value, least: bool(value >= least)),
    "maximum": _bound(lambda value, most: bool(value <= most)),
    "minItems": _size(list, lambda size, least: bool(size >= least)),
    "maxItems": _size(list, lambda size, most: bool(size <= most)),
    "minLength": _size(str, lambda size, least: bool(size >= least)),
    "minProperties": _size(dict, lambda size, least: bool(size >= least)),
    "maxProperties": _size(dict, lambda size, most: bool(size <= most)),
}
