"""Parameters of a call, from a JSON body or a query string, read by type; everything wrong is told at once."""

import re
from typing import TYPE_CHECKING, Any

from migrator.emulators.kintone import problems

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

_INDEXED = re.compile(r"([^\[\]]+)\[(\d+)\]\Z")
_INTEGER = re.compile(r"-?\d{1,20}\Z")


def from_query(args: "MultiDict[str, str]") -> dict[str, Any]:
    """`ids[0]=1&ids[1]=2&app=5` -> `{"ids": ["1", "2"], "app": "5"}`; `name=` counts as missing."""
    found: dict[str, Any] = {}
    lists: dict[str, dict[int, str]] = {}
    for key, value in args.items(multi=True):
        indexed = _INDEXED.match(key)
        if indexed:
            lists.setdefault(indexed[1], {})[int(indexed[2])] = value
        elif value != "":
            found[key] = value
    for name, entries in lists.items():
        found[name] = [entries[at] for at in sorted(entries)]
    return found


class Parameters:
    """Typed reading. What is wrong is noted under the parameter's name; `done` raises it all as CB_VA01."""

    def __init__(self, raw: dict[str, Any], prefix: str = "") -> None:
        self.raw = raw
        self._prefix = prefix
        self.errors: dict[str, list[str]] = {}

    def wrong(self, name: str, message: str) -> None:
        """Note a broken rule."""
        self.errors.setdefault(self._prefix + name, []).append(message)

    def done(self) -> None:
        """Raise CB_VA01 if anything was wrong."""
        if self.errors:
            raise problems.invalid(self.errors)

    def has(self, name: str) -> bool:
        """Whether the parameter was sent, and not as null."""
        return self.raw.get(name) is not None

    def integer(self, name: str, default: int | None = None, *, low: int | None = 1, high: int | None = None) -> int:
        """A number, sent as one or as text. Missing without a default: noted, 0 is returned."""
        if not self.has(name) or self.raw[name] == "":
            if default is None:
                self.wrong(name, "Required field.")
            return default or 0
        value = self.raw[name]
        if isinstance(value, float | bool | list | dict):
            raise problems.bad_json()
        if not _INTEGER.match(str(value)):
            self.wrong(name, "Enter an integer value.")
            return 0
        number = int(value)
        if low is not None and number < low:
            self.wrong(name, f"must be greater than or equal to {low}")
        if high is not None and number > high:
            self.wrong(name, f"must be less than or equal to {high}")
        return number

    def revision(self, name: str = "revision") -> int | None:
        """A revision to check; None for missing, blank and -1, which mean unchecked."""
        number = self.integer(name, -1, low=-1)
        return None if number == -1 else number

    def text(self, name: str, default: str | None = None) -> str:
        """Text. Missing without a default: noted."""
        if not self.has(name):
            if default is None:
                self.wrong(name, "Required field.")
            return default or ""
        value = self.raw[name]
        if isinstance(value, bool | list | dict):
            raise problems.bad_json()
        return str(value)

    def flag(self, name: str) -> bool:
        """True or false, sent as such or as text; missing is false."""
        return self.raw.get(name) in (True, "true")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        value = self.text(name, default)
        if value not in allowed:
            self.wrong(name, "must be one of the enum value")
        return value

    def mapping(self, name: str, *, required: bool = False) -> dict[str, Any]:
        """An object; missing is an empty one, noted if it is required."""
        value = self.raw.get(name)
        if value is None:
            if required:
                self.wrong(name, "Required field.")
            return {}
        if not isinstance(value, dict):
            raise problems.bad_json()
        return value

    def items(self, name: str, *, required: bool = False, high: int = 100, message: str = "") -> list[Any]:
        """A list of at most `high` entries; more are noted with `message`."""
        value = self.raw.get(name)
        if value is None:
            if required:
                self.wrong(name, "Required field.")
            return []
        if not isinstance(value, list):
            raise problems.bad_json()
        if len(value) > high:
            self.wrong(name, message or f"size must be between 0 and {high}")
            return []
        return value

    def objects(
        self, name: str, *, required: bool = True, high: int = 100, message: str = ""
    ) -> list[dict[str, Any]]:
        """A list of objects."""
        found = self.items(name, required=required, high=high, message=message)
        if not all(isinstance(entry, dict) for entry in found):
            raise problems.bad_json()
        return found

    def integers(self, name: str, *, required: bool = False, high: int = 100) -> list[int]:
        """A list of numbers of 1 or more."""
        found = []
        for at, entry in enumerate(self.items(name, required=required, high=high)):
            inner = Parameters({f"{name}[{at}]": entry}, self._prefix)
            found.append(inner.integer(f"{name}[{at}]"))
            self.errors |= inner.errors
        return found

    def texts(self, name: str, *, required: bool = False, high: int = 100) -> list[str]:
        """A list of texts."""
        found = self.items(name, required=required, high=high)
        if any(isinstance(entry, bool | list | dict) or entry is None for entry in found):
            raise problems.bad_json()
        return [str(entry) for entry in found]
