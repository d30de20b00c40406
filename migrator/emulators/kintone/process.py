"""Process management of an app: states, actions between them, and who may go on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Assignee = dict[str, Any]
"""`{"type": "ONE"|"ALL"|"ANY", "entities": [{"entity": {"type", "code"}, "includeSubs": false}]}`"""


def assignee(kind: str = "ONE", users: Iterable[str] = ()) -> Assignee:
    """An assignee setting; without users nobody in particular."""
    entities = [{"entity": {"type": "USER", "code": code}, "includeSubs": False} for code in users]
    return {"type": kind, "entities": entities}


@dataclass(frozen=True)
class Action:
    """A button: takes a record from one state to another."""

    name: str
    source: str
    target: str

    def shown(self) -> dict[str, str]:
        """As app/status.json shows it."""
        return {"name": self.name, "from": self.source, "to": self.target, "filterCond": "", "type": "PRIMARY"}


@dataclass(frozen=True)
class Process:
    """The whole setting. `states`: name -> assignee, in order, the first being where records begin."""

    enabled: bool = False
    states: Mapping[str, Assignee] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()

    @property
    def first(self) -> str | None:
        """Where a new record begins."""
        return next(iter(self.states), None)

    def action(self, name: str, status: str | None) -> Action | None:
        """The action of this name that is there in `status`."""
        return next((one for one in self.actions if one.name == name and one.source == status), None)

    def wants_choice(self, status: str) -> bool:
        """Whether entering `status` needs an assignee: type ONE with somebody to choose from."""
        setting = self.states[status]
        return setting["type"] == "ONE" and bool(setting["entities"])

    def candidates(self, status: str) -> list[str]:
        """Login names that `status` lists."""
        return [each["entity"]["code"] for each in self.states[status]["entities"]]

    def shown(self, revision: int) -> dict[str, Any]:
        """As app/status.json answers; states and actions are null in an app that never had it on."""
        if not self.states:
            return {"enable": self.enabled, "states": None, "actions": None, "revision": str(revision)}
        states = {
            name: {"name": name, "index": str(at), "assignee": setting}
            for at, (name, setting) in enumerate(self.states.items())
        }
        actions = [one.shown() for one in self.actions]
        return {"enable": self.enabled, "states": states, "actions": actions, "revision": str(revision)}
