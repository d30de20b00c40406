"""JSON Schema (draft-07, which editors' YAML servers read) out of our dataclasses.

Descriptions, examples and secrets come from `dataclasses.field(metadata=about(…))`; a schema takes what
`codec/build.py` builds.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

from migrator.codec.build import choices, element, fields_of, is_required, members

DIALECT = "http://json-schema.org/draft-07/schema#"
ENV_PATTERN = r"^\{\{\s*env\.[A-Za-z_][A-Za-z0-9_]*\s*\}\}$"
"""What a secret must be: exactly one `env` expression."""
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
Schema = dict[str, Any]


def json_schema(wanted: Any) -> Schema:
    """A whole schema: the type itself at the root, dataclasses within it under `definitions`."""
    writer = SchemaWriter()
    root = writer.object(wanted) if dataclasses.is_dataclass(wanted) else writer.of(wanted)
    schema = {"$schema": DIALECT, **root}
    if writer.definitions:
        schema["definitions"] = writer.definitions
    return schema


class SchemaWriter:
    """Writes schemas that share one set of definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._named: dict[str, type] = {}

    def of(self, wanted: Any) -> Schema:
        """The schema of any annotation. Raises TypeError for one that JSON cannot hold."""
        if wanted is Any or wanted is object:
            return {}
        if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
            return self._reference(wanted)
        union = members(wanted)
        if union:
            return self._union(union)
        allowed = choices(wanted)
        if allowed is not None:
            return {"enum": list(allowed)}
        container = element(wanted)
        if container:
            return self._container(*container)
        if wanted in _PLAIN:
            return {"type": _PLAIN[wanted]}
        raise TypeError(f"no JSON Schema for {wanted!r}")

    def object(self, wanted: Any) -> Schema:
        """The schema of a dataclass, in place."""
        fields = fields_of(wanted)
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": {}}
        if wanted.__doc__ and not wanted.__doc__.startswith(f"{wanted.__name__}("):
            schema["description"] = _first_line(wanted.__doc__)
        for name, (field, hint) in fields.items():
            schema["properties"][name] = self.field(field, hint)
        required = [name for name, (field, _) in fields.items() if is_required(field)]
        return {**schema, "required": required} if required else schema

    def field(self, field: dataclasses.Field[Any], hint: Any) -> Schema:
        """The schema of one field, with what its metadata and its default tell."""
        schema = self.of(hint)
        extra: Schema = {}
        if field.metadata.get("about"):
            extra["description"] = field.metadata["about"]
        if field.metadata.get("secret"):
            extra["pattern"] = ENV_PATTERN
        if field.metadata.get("examples"):
            extra["examples"] = list(field.metadata["examples"])
        default = plain(field.default)
        if default is not None and field.default is not dataclasses.MISSING:
            extra["default"] = default
        if "$ref" in schema and extra:
            return {"allOf": [schema], **extra}
        return {**schema, **extra}

    def _reference(self, wanted: type) -> Schema:
        name = wanted.__name__
        if self._named.setdefault(name, wanted) is not wanted:
            name = f"{wanted.__module__}.{wanted.__qualname__}"
            self._named[name] = wanted
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.object(wanted)
        return {"$ref": f"#/definitions/{name}"}

    def _union(self, union: tuple[Any, ...]) -> Schema:
        schemas = [self.of(member) for member in union]
        if all(set(schema) == {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        return {"anyOf": schemas}

    def _container(self, kind: type, arguments: tuple[Any, ...]) -> Schema:
        if kind is dict:
            values = self.of(arguments[1])
            return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
        if kind is list or arguments[-1] is Ellipsis:
            return {"type": "array", "items": self.of(arguments[0])}
        items = [self.of(argument) for argument in arguments]
        return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}


def plain(value: Any) -> Any:
    """A default as JSON shows it; None where there is none worth showing."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, int, float)) and value != "":
        return value
    return list(value) if isinstance(value, tuple) and value else None


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]
