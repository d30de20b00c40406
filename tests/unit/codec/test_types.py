"""Types, their JSON Schema and what builds them agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from jsonschema.validators import extend

from migrator.codec.build import build
from migrator.codec.schema import ENV_PATTERN, json_schema
from migrator.model.described import about
from migrator.model.playbook import Playbook


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel."""

    spokes: int
    kind: Literal["front", "back"] = "front"


@dataclass(frozen=True, kw_only=True)
class Cart:
    """A cart.

    More of it.
    """

    name: str = field(metadata=about("What it is called.", examples=("blue",)))
    size: Size = Size.SMALL
    load: float | None = None
    wheels: tuple[Wheel, ...] = ()
    pair: tuple[int, str] | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    owner: str | int | None = None
    code: Size | int = 3
    key: str | None = field(default=None, metadata=about("Opens it.", secret=True))
    more: Any = None
    open: bool = False


VALIDATOR = extend(
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.just(1.5) | st.sampled_from(["small", "front", "x", ""])
WHEELS = st.fixed_dictionaries({}, optional={"spokes": LEAVES, "kind": LEAVES, "bell": LEAVES})
VALUES = LEAVES | WHEELS | st.lists(LEAVES | WHEELS, max_size=3) | st.dictionaries(st.sampled_from("ab"), LEAVES)
NAMES = ["name", "size", "load", "wheels", "pair", "labels", "owner", "code", "more", "open", "nmae"]
TREES = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES))
GOOD = st.fixed_dictionaries(
    {"name": st.just("x")},
    optional={
        "size": st.sampled_from(["small", "large"]),
        "wheels": st.lists(st.fixed_dictionaries({"spokes": st.integers()}), max_size=2),
        "pair": st.just([1, "a"]),
        "load": st.integers(0, 3) | st.just(1.5) | st.none(),
        "labels": st.dictionaries(st.text(max_size=2), st.integers()),
    },
)


@settings(max_examples=300)
@given(TREES | GOOD)
def test_a_type_is_built_from_exactly_what_its_schema_takes(tree: dict[str, Any]) -> None:
    """build() finds fault with a tree if and only if the schema does."""
    built, faults = build(Cart, tree)
    errors = list(VALIDATOR(json_schema(Cart)).iter_errors(tree))
    assert bool(faults) == bool(errors), (faults, errors)
    assert (built is None) == bool(faults)


def test_lists_become_tuples_texts_become_members_and_nothing_else_changes() -> None:
    tree = {"name": "a", "size": "large", "wheels": [{"spokes": 3}], "pair": [1, "2"], "load": 3, "more": [1]}
    built, faults = build(Cart, tree)
    assert faults == []
    assert built == Cart(name="a", size=Size.LARGE, wheels=(Wheel(spokes=3),), pair=(1, "2"), load=3, more=[1])
    assert type(built.load) is int


def test_every_fault_is_told_with_its_path() -> None:
    _, faults = build(
        Cart, {"nmae": 1, "wheels": [{"spokes": "3"}, 4], "labels": {"a": True}, "pair": [1], "code": []}
    )
    assert dict(faults) == {
        ("nmae",): 'unknown key "nmae"',
        ("wheels", 0, "spokes"): "must be a whole number, not text",
        ("wheels", 1): "must be a map, not a whole number",
        ("labels", "a"): "must be a whole number, not true or false",
        ("pair",): "must be a list of 2, not of 1",
        ("code",): "must be one of small, large or a whole number, not a list",
        (): 'the key "name" is missing',
    }


def test_a_schema_tells_descriptions_examples_defaults_and_secrets() -> None:
    schema = json_schema(Cart)
    assert schema["description"] == "A cart."
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["name"] == {
        "type": "string",
        "description": "What it is called.",
        "examples": ["blue"],
    }
    assert schema["properties"]["size"] == {"enum": ["small", "large"], "default": "small"}
    assert schema["properties"]["key"]["pattern"] == ENV_PATTERN
    assert schema["properties"]["wheels"]["items"] == {"$ref": "#/definitions/Wheel"}
    assert schema["definitions"]["Wheel"]["required"] == ["spokes"]


@pytest.mark.parametrize("wanted", [Cart, Playbook])
def test_schemas_are_valid_draft_07(wanted: type) -> None:
    Draft7Validator.check_schema(json_schema(wanted))
