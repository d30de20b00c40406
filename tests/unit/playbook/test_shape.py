"""A right playbook passes without jsonschema, and nothing passes that jsonschema would refuse."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migrator.codec.accepts import accepts
from migrator.playbook.shape import Shape
from migrator.playbook.spelling import shape_schema
from migrator.playbook.systems import options_schema
from tests.unit.playbook.desk import Options

GOOD: dict[str, Any] = {
    "playbook": "move",
    "systems": {"old": {"connector": "shelf", "url": "x", "extra": [1]}, "new": {"connector": "desk"}},
    "vars": {"a": None},
    "mappings": {"m": {"values": {"a": 1}, "unknown": "keep"}, "n": {"file": "n.csv"}},
    "limits": {"update_percent": 50, "problems": 3},
    "steps": [
        {
            "step": "s",
            "source": {"system": "old", "collection": 12, "where": None, "duplicates": "first"},
            "fields": {"a": "b"},
            "target": {"system": "new", "collection": "c", "key": ["a"], "marker": {"field": "o"}, "options": {}},
        }
    ],
    "tests": [{"test": "t", "step": "s", "record": {}, "expect": {}}],
}
PLAYBOOK, OPTIONS = Shape(shape_schema()), Shape(options_schema(Options))
ODD = st.sampled_from([None, True, 0, -1, 5.0, 101, "", "x", "first", [], [1], ["a", "b"], {}, {"a": 1}])


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


@st.composite
def trees(draw: st.DrawFn) -> Any:
    """The good playbook with up to three of its nodes exchanged, taken out, or given one more key."""
    tree = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        *path, last = draw(st.sampled_from([place for place in places(tree) if place] or [("x",)]))
        node: Any = tree
        for name in path:
            node = node[name]
        act = draw(st.sampled_from(["put", "drop", "add"]))
        if act == "put" or last == "x":
            node[last] = copy.deepcopy(draw(ODD))
        elif act == "drop":
            del node[last]
        elif isinstance(node, dict):
            node[draw(st.sampled_from(["odd", "query", "file", "line", "mode"]))] = copy.deepcopy(draw(ODD))
    return tree


@given(trees())
def test_what_is_taken_quickly_has_no_fault(tree: Any) -> None:
    """The quick yes and jsonschema say the same of any playbook near a good one."""
    assert accepts(PLAYBOOK.schema, tree) == PLAYBOOK.validator.is_valid(tree)


@given(
    st.dictionaries(st.sampled_from(["url", "token", "drawers", "lock", "pace", "odd"]), ODD | st.just("{{ env.T }}"))
)
def test_options_are_taken_alike(tree: Any) -> None:
    """The same for a system's options, secrets included."""
    assert accepts(OPTIONS.schema, tree) == OPTIONS.validator.is_valid(tree)


def test_a_right_playbook_needs_no_jsonschema() -> None:
    """Importing what reads playbooks, and finding no fault, imports no jsonschema."""
    told = (
        "import sys, migrator.pipeline; from migrator.playbook.load import _shape;"
        f"assert _shape().findings({GOOD!r}) == []; print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
