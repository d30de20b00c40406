"""Users, network locations and impact values: read, and the first two written, at their simplest."""

from collections.abc import Callable
from typing import Any

from migrator.emulators.kainexus.incoming import as_id, as_list, as_object, as_text, by_name
from migrator.emulators.kainexus.organization import Location, Organization, User
from migrator.emulators.kainexus.refusal import Refusal
from migrator.emulators.kainexus.store import Store, Written

_USER_KEYS = {
    "username": "username",
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "type": "type",
}


class Directory:
    """People and places of one store. The envelopes are those of the network location article [docs]; that users
    travel in the same ones is [assumption].
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _org(self) -> Organization:
        return self._store.org

    def read(self, kind: str, number: int) -> dict[str, Any]:
        """One user or location; `kind` is "user" or "networkLocation". Raises Refusal NOT_FOUND."""
        found = (self._org.users if kind == "user" else self._org.locations).get(number)
        if found is None:
            raise Refusal("NOT_FOUND", f"no {kind} with id {number}")
        return self._form(found)

    def read_all(self, kind: str) -> list[dict[str, Any]]:
        """All users or locations, by id."""
        held: dict[int, Any] = self._org.users if kind == "user" else self._org.locations
        return [self._form(held[number]) for number in sorted(held)]

    def write(self, kind: str, bodies: list[Any]) -> list[Written]:
        """Create or update, matched by id and then by name [docs]; one outcome for each."""
        put = self._put_user if kind == "user" else self._put_location
        outcomes = [_outcome(put, body) for body in bodies]
        self._store.forget_encoded()
        return outcomes

    def impact_values(self, kind: str | None) -> list[dict[str, Any]]:
        """The resources that impacts have named so far, [qa] for the path, the shape is [assumption]."""
        return [
            {"id": number, "name": name, "impactValueType": kind, "rate": 1.0}
            for name, number in self._org.resources.items()
        ]

    def _form(self, found: User | Location) -> dict[str, Any]:
        if isinstance(found, User):
            return {**found.ref(), "type": found.type, "networkLocations": self._places(found.locations)}
        form: dict[str, Any] = {
            "id": found.id,
            "name": found.name,
            "levelType": {"id": found.level[0], "name": found.level[1]},
        }
        for parent in self._places([] if found.parent is None else [found.parent]):
            form["parent"] = parent
        return form

    def _places(self, numbers: list[int]) -> list[dict[str, Any]]:
        return [
            {"id": number, "name": self._org.locations[number].name}
            for number in numbers
            if number in self._org.locations
        ]

    def _put_user(self, body: dict[str, Any]) -> Written:
        number = as_id(body.get("id"), "id")
        user = by_name(self._org.users.values(), body.get("username")) if number is None else None
        if number is not None:
            user = self._org.user({"id": number}, "id")
        operation = "CREATE" if user is None else "UPDATE"
        places = [self._org.location(ref, "networkLocations").id for ref in as_list(body.get("networkLocations"), "")]
        if user is None:
            if not as_text(body.get("username"), "username") or not places:
                raise Refusal("EMPTY", "a new user needs a username and at least one network location")
            user = self._store.add_user(body["username"])
        for key, name in _USER_KEYS.items():
            if as_text(body.get(key), key) is not None:
                setattr(user, name, body[key])
        user.locations = places or user.locations
        return Written(user.id, operation)

    def _put_location(self, body: dict[str, Any]) -> Written:
        number = as_id(body.get("id"), "id")
        place = by_name(self._org.locations.values(), body.get("name")) if number is None else None
        if number is not None:
            place = self._org.location({"id": number}, "id")
        if body.get("delete") is True:
            return self._delete(place)
        parent = self._org.location(body["parent"], "parent").id if body.get("parent") else None
        operation = "CREATE" if place is None else "UPDATE"
        if place is None:
            if not as_text(body.get("name"), "name"):
                raise Refusal("EMPTY", "a new network location needs a name")
            place = self._store.add_location(body["name"])
        place.name = as_text(body.get("name"), "name") or place.name
        place.parent = place.parent if parent is None else parent
        return Written(place.id, operation)

    def _delete(self, place: Location | None) -> Written:
        """Locations can be removed with `"delete": true` [docs]; the operation's name is [assumption]."""
        if place is None:
            raise Refusal("NOT_FOUND", "no such network location")
        del self._org.locations[place.id]
        return Written(place.id, "DELETE")


def _outcome(put: Callable[[dict[str, Any]], Written], body: Any) -> Written:
    try:
        return put(as_object(body, "entry"))
    except Refusal as refusal:
        return Written(refusal=refusal)
