"""What a dataclass field tells about itself beside its type: for schemas, docs and checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def about(
    text: str, *, secret: bool = False, examples: tuple[Any, ...] = (), pending: str | None = None
) -> Mapping[str, Any]:
    """Metadata for `dataclasses.field(metadata=about("…"))`.

    `text` describes the field in one sentence; `secret` says that it takes nothing but an `env` expression;
    `examples` are JSON values; `pending` names what is not carried out yet: a playbook that sets the key is
    refused with this text.
    """
    return {"about": text, "secret": secret, "examples": examples, "pending": pending}
