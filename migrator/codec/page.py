"""The page that documents connectors' keys, made from their options classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from migrator.codec.build import choices, fields_of, is_required, members

_HEAD = """# Connectors

Made from the options classes of each connector; a test says when it is out of date. Beside its own keys a system
takes `pace`, `in_flight`, `quota`, `zone`, `timeout`, `ca_bundle`, `proxy` and `insecure` (see
[the playbook](playbook.md) and [pace and quotas](../how-to/pace-and-quotas.md)).
A **secret** takes nothing but one `{{ env.NAME }}` expression.

- A KaiNexus `collection` is the id of an Item List card as a source (or, with `query: {list: CARD}`, the template),
  and the template, by name or id, as a target.
- A Ketryx `collection` is a project, by its id or its name. `sourceId` as the key makes a create repeatable.
  Fields are `title`, labels as people see them, and `relation:NAME` with ids of items.
- A Kitemaker `collection` is a space, by its key, name or id, for its work items; `SPACE/comments`; `SPACE/labels`;
  or, above the spaces, `initiatives` or `feedback`.
- A GLPI `collection` is an itemtype, such as `Computer` or `Location`; fields are its columns, as the API names them.
  Its date-times tell no zone: set the system's `zone` to the server's. Keys (`locations_id`) are ids, 0 is none.
  The file of a `Document` is its field `_file`, which a create takes and no update.
- Files go from and to attachment fields of Kintone, also in tables, and documents of GLPI
  (see [files](../how-to/files.md)).
- A file's `collection` is its name in the folder. Files are written as they are asked for: a csv target does not
  neutralise cells that begin with `=`, `+`, `-` or `@`; open it in a spreadsheet only if you trust its source.
"""


def reference(connectors: Mapping[str, Any]) -> str:
    """The text of docs/reference/connectors.md. `connectors`: name -> class with its three options classes."""
    parts = [_HEAD]
    for name, connector in connectors.items():
        parts.append(f"\n## {name}\n")
        for title, words in (
            ("System", connector.Options),
            ("`source.query`", connector.ReadOptions),
            ("`target.options`", connector.WriteOptions),
        ):
            rows = [_row(key, field, wanted) for key, (field, wanted) in fields_of(words).items()]
            if rows:
                parts.append(f"\n{title}\n\n| key | takes | default | means |\n| --- | --- | --- | --- |\n")
                parts.extend(rows)
    return "".join(parts)


def _row(key: str, field: dataclasses.Field[Any], wanted: Any) -> str:
    default = "required" if is_required(field) else _default(field)
    takes = "secret" if field.metadata.get("secret") else _takes(wanted)
    return f"| `{key}` | {takes} | {default} | {field.metadata.get('about', '')} |\n"


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
    value = getattr(value, "value", value)
    return "–" if value in (None, "", (), {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _takes(wanted: Any) -> str:
    allowed = choices(wanted)
    if allowed is not None:
        return ", ".join(f"`{one}`" for one in allowed)
    parts = members(wanted)
    if parts is not None:
        return " or ".join(_takes(part) for part in parts if part is not type(None))
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(wanted, "list" if "tuple" in str(wanted) else "map")
