"""How users spell what the types hold: the playbook's JSON Schema, and the tree brought to the types' form.

Four spellings differ from the types: a system's options stand beside its `connector`; `key` may be one text;
`collection` may be a number; `$schema` may stand at the top for editors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from migrator.codec.schema import DIALECT, Schema, SchemaWriter
from migrator.contract import Source, Transfer
from migrator.model.playbook import Playbook, Side, Step

SCHEMA_ID = "https://migrator.dev/schemas/v1/playbook.schema.json"
"""Names the schema and its major version; nothing is fetched from there."""
CONNECTOR = "connector"
_TEXT_OR_NUMBER = {"type": ["string", "integer"]}
_EXPRESSION = {"type": "string", "pattern": r"\{\{"}
_PERCENT = {"minimum": 0, "maximum": 100}


def shape_schema() -> Schema:
    """The playbook's own schema: systems are any maps with a connector, options any maps."""
    writer = SchemaWriter()
    root = writer.object(Playbook)
    root["properties"]["$schema"] = {"type": "string", "description": "For editors."}
    root["properties"]["steps"]["minItems"] = 1
    _respell(writer.definitions)
    return {"$schema": DIALECT, **root, "definitions": writer.definitions}


def playbook_schema(connectors: Mapping[str, type[Source]]) -> Schema:
    """The schema that editors use: each system's keys are told by its connector."""
    writer = SchemaWriter()
    schema = shape_schema()
    system = {
        "type": "object",
        "description": "One side's address and login.",
        "required": [CONNECTOR],
        "properties": {CONNECTOR: {"enum": sorted(connectors), "description": "Name of the connector."}},
        "allOf": [
            {
                "if": {"properties": {CONNECTOR: {"const": name}}, "required": [CONNECTOR]},
                "then": _relaxed(system_schema(connectors[name], writer)),
            }
            for name in sorted(connectors)
        ],
    }
    schema["definitions"] = {**schema["definitions"], **writer.definitions, "System": system}
    return {"$schema": DIALECT, "$id": SCHEMA_ID, "title": "A playbook of migrator", **schema}


def schema_bytes(connectors: Mapping[str, type[Source]]) -> bytes:
    """The file `schemas/playbook.schema.json`: sorted, indented, with a line end at its end."""
    text = json.dumps(playbook_schema(connectors), ensure_ascii=False, indent=2, sort_keys=True)
    return (text + "\n").encode()


def system_schema(connector: type[Source], writer: SchemaWriter) -> Schema:
    """The keys of a system with this connector: its own, and those that every system takes."""
    own, every = writer.object(connector.Options), writer.object(Transfer)
    name = {"type": "string", "description": "Name of the connector."}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {CONNECTOR: name, **every["properties"], **own["properties"]},
        "required": [CONNECTOR, *own.get("required", ())],
    }


def options_schema(options: type) -> Schema:
    """The schema of a connector's Read- or WriteOptions."""
    writer = SchemaWriter()
    schema = writer.object(options)
    return {"$schema": DIALECT, **schema, "definitions": writer.definitions}


def step_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A step as `Step` takes it."""
    step = dict(tree)
    for side in ("source", "target"):
        if isinstance(step.get(side), Mapping):
            step[side] = side_tree(step[side])
    return step


def side_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A side of a step or ref as its type takes it."""
    side = dict(tree)
    if type(side.get("collection")) is int:
        side["collection"] = str(side["collection"])
    if isinstance(side.get("key"), str):
        side["key"] = [side["key"]]
    return side


def ref_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `refs` as its type takes it."""
    return {name: side_tree(value) if isinstance(value, Mapping) else value for name, value in tree.items()}


def _respell(definitions: dict[str, Schema]) -> None:
    for name in ("Read", "Write", Side.__name__):
        definitions[name]["properties"]["collection"].update(_TEXT_OR_NUMBER)
    _respell_key(definitions["Write"]["properties"])
    definitions["Marker"].update({"minProperties": 1, "maxProperties": 1})
    definitions[Step.__name__]["properties"]["fields"]["minProperties"] = 1
    for name in ("update_percent", "delete_percent"):
        definitions["Limits"]["properties"][name].update(_PERCENT)
    definitions["Limits"]["properties"]["problems"]["minimum"] = 0
    definitions["System"] = {
        "type": "object",
        "required": [CONNECTOR],
        "properties": {CONNECTOR: definitions["System"]["properties"][CONNECTOR]},
    }


def _respell_key(properties: dict[str, Schema]) -> None:
    key = properties["key"]
    items = key.pop("items")
    del key["type"]
    key["anyOf"] = [{"type": "string", "minLength": 1}, {"type": "array", "items": items, "minItems": 1}]


def _relaxed(schema: Schema) -> Schema:
    """The same, where an expression may stand for what is no text (`in_flight: "{{ env.N | int }}"`)."""
    properties = {name: _or_expression(of) for name, of in schema["properties"].items()}
    return {**schema, "properties": properties}


def _or_expression(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind == "string" or (isinstance(kind, list) and "string" in kind) or not schema:
        return schema
    told: Schema = {name: schema[name] for name in ("description", "default", "examples") if name in schema}
    rest = {name: value for name, value in schema.items() if name not in told}
    return {**told, "anyOf": [rest, _EXPRESSION]}
