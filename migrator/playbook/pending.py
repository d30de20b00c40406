"""What the playbook's language has and the program does not carry out yet: refused by name, never ignored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from migrator.codec.build import Path, fields_of
from migrator.playbook.finding import Finding

NOT_YET: Mapping[str, str] = {}
"""Key path (`[]`: any item; `=value`: this value alone) -> its name and what it is for."""


def not_yet(tree: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding for each use of what is not carried out yet."""
    for pattern, sentence in NOT_YET.items():
        keys, _, only = pattern.partition("=")
        for path, value in _matches(tree, keys.split("."), ()):
            if value == only if only else value not in (None, "", {}, []):
                yield _finding(path, sentence, of_key=True)


def pending_options(options: type, tree: Mapping[str, Any], base: Path) -> Iterator[Finding]:
    """The same for the options that a connector marks with `about(pending=…)`."""
    for name, (field, _) in fields_of(options).items() if dataclasses.is_dataclass(options) else ():
        if name in tree and field.metadata.get("pending"):
            yield _finding((*base, name), f"{name}: {field.metadata['pending']}", of_key=True)


def _finding(path: Path, sentence: str, *, of_key: bool) -> Finding:
    hint = "take it out; a later version carries it out"
    return Finding(path=path, of_key=of_key, code="PB041", summary=f"not carried out yet: {sentence}", hint=hint)


def _matches(tree: Any, keys: list[str], base: Path) -> Iterator[tuple[Path, Any]]:
    if not keys:
        yield base, tree
        return
    name = keys[0].removesuffix("[]")
    if not isinstance(tree, Mapping) or name not in tree:
        return
    if name == keys[0]:
        yield from _matches(tree[name], keys[1:], (*base, name))
    elif isinstance(tree[name], list):
        for at, item in enumerate(tree[name]):
            yield from _matches(item, keys[1:], (*base, name, at))
