"""What a dataclass field tells about itself beside its type: for schemas, docs and checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def about(text: str, *, secret: bool = False, examples: tuple[Any, ...] = ()) -> Mapping[str, Any]:
    """Metadata for `dataclasses.field(metadata=about("…"))`.

    `text` describes the field in one sentence; `secret` says that it takes nothing but an `env` expression;
    `examples` are JSON values.
    """
    return {"about": text, "secret": secret, "examples": examples}
