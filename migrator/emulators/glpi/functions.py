"""Functions that are no itemtype: sessions, profiles, entities, settings. [observed]"""

import hmac
from typing import Any

from migrator.emulators.glpi import sessions
from migrator.emulators.glpi.refusal import Refusal, refusal
from migrator.emulators.glpi.rights import table
from migrator.emulators.glpi.sessions import Session
from migrator.emulators.glpi.store import Store, person_name
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import Call, intval, truth

_HELPDESK = [
    "Computer",
    "Monitor",
    "NetworkEquipment",
    "Peripheral",
    "Phone",
    "Printer",
    "Software",
    "DCRoom",
    "Rack",
    "Enclosure",
    "Database",
]


def init_session(store: Store, call: Call) -> dict[str, Any]:
    """Log in by token or password; an old session that is sent along dies. Raises Refusal."""
    old = call.parameters.get("session_token")
    if old:
        store.sessions.pop(str(old), None)
    session = sessions.open_session(store, _user(store, call))
    user = store.row("User", session.user)
    if user is not None:
        store.table("User").replace({**user, "last_login": store.now()})
    answer: dict[str, Any] = {"session_token": session.token}
    if call.flag("get_full_session"):
        answer["session"] = full_session(store, session)
    return answer


def _user(store: Store, call: Call) -> Row:
    """Who logs in."""
    base, told = store.options.url_base_api, call.parameters
    if truth(told.get("user_token")):
        for row in store.table("User").rows.values():
            token = row["api_token"]
            if token and hmac.compare_digest(token.encode(), str(told["user_token"]).encode()) and _usable(row):
                return row
        raise refusal("ERROR_GLPI_LOGIN_USER_TOKEN", base)
    if not (truth(told.get("login")) and truth(told.get("password"))):
        raise refusal("ERROR_LOGIN_PARAMETERS_MISSING", base)
    if not store.options.credentials:
        raise refusal("ERROR_LOGIN_WITH_CREDENTIALS_DISABLED", base)
    for row in store.table("User").rows.values():
        if row["name"] == told["login"] and row["password"] == told["password"] and row["password"] and _usable(row):
            return row
    raise refusal("ERROR_GLPI_LOGIN", base)


def _usable(row: Row) -> bool:
    return bool(row["is_active"]) and not row["is_deleted"]


def kill_session(store: Store, session: Session, call: Call) -> bool:
    """End the session."""
    del store.sessions[session.token]
    return True


def my_profiles(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The user's profiles with their entities."""
    return {
        "myprofiles": [
            {"id": number, **_profile(store, held)} | {"name": _name(store, number)}
            for number, held in session.profiles.items()
        ]
    }


def _name(store: Store, profile: int) -> str:
    row = store.row("Profile", profile)
    return row["name"] if row else ""


def _profile(store: Store, held: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        "name": "",
        "entities": [
            {"id": number, "name": store.dropdown_name("Entity", number), "is_recursive": recursive}
            for number, recursive in held
        ],
    }


def active_profile(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The active profile and its rights. A real one lists some hundred keys."""
    row = store.row("Profile", session.profile) or {}
    told = {
        **row,
        "helpdesk_item_type": _HELPDESK,
        "ticket_status": [],
        "problem_status": [],
        "managed_domainrecordtypes": [-1],
        "comment": row.get("comment") or "",
        **table(session.profile),
    }
    return {"active_profile": told}


def change_active_profile(store: Store, session: Session, call: Call) -> bool:
    """Take another of the user's profiles. Raises Refusal."""
    base = store.options.url_base_api
    if "profiles_id" not in call.parameters:
        raise refusal("ERROR", base)
    wanted = intval(call.parameters["profiles_id"])
    if wanted not in session.profiles:
        raise refusal("ERROR_ITEM_NOT_FOUND", base)
    sessions.use_profile(store, session, wanted)
    return True


def my_entities(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The profile's entities; with is_recursive those below come first, by encoded path."""
    told: dict[int, dict[str, Any]] = {}
    for number, recursive in session.profiles.get(session.profile, []):
        if call.flag("is_recursive") and recursive:
            for below in sessions.descendants(store, number):
                if below != number:
                    told[below] = {"id": below, "name": store.dropdown_name("Entity", below)}
        told[number] = {"id": number, "name": store.dropdown_name("Entity", number)}
    return {"myentities": list(told.values())}


def active_entities(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The entities that the session uses."""
    return {
        "active_entity": {
            "id": session.active,
            "active_entity_recursive": session.recursive,
            "active_entities": [{"id": number} for number in session.entities],
        }
    }


def change_active_entities(store: Store, session: Session, call: Call) -> bool:
    """Choose entities anew; False for one that is not allowed. A word for the id is 0. Raises Refusal."""
    recursive = call.parameters.get("is_recursive", False)
    if not isinstance(recursive, bool):
        raise refusal("ERROR", store.options.url_base_api)
    told = call.parameters.get("entities_id")
    return sessions.activate(store, session, None if told is None else intval(told), recursive)


def full_session(store: Store, session: Session) -> dict[str, Any]:
    """The session's variables, as far as they are known; a real one has about 150. Numbers partly as texts."""
    user = store.row("User", session.user) or {}
    active = store.row("Entity", session.active) or {}
    tree = " (tree structure)" if session.recursive else ""
    return {
        "valid_id": session.token,
        "glpi_currenttime": store.now(),
        "glpi_use_mode": 0,
        "glpiID": session.user,
        "glpiis_ids_visible": "0",
        "glpifriendlyname": person_name(user) if user else "",
        "glpiname": user.get("name"),
        "glpirealname": user.get("realname"),
        "glpifirstname": user.get("firstname"),
        "glpidefault_entity": user.get("entities_id", 0),
        "glpidate_format": "0",
        "glpilanguage": user.get("language") or store.options.language,
        "glpilist_limit": session.list_limit,
        "glpiprofiles": {
            str(number): {**_profile(store, held), "name": _name(store, number)}
            for number, held in session.profiles.items()
        },
        "glpiactiveprofile": active_profile(store, session, Call("GET", [], {}))["active_profile"],
        "glpiactiveentities": list(session.entities),
        "glpiactiveentities_string": ",".join(f"'{number}'" for number in session.entities),
        "glpiparententities": sorted(session.parents),
        "glpiactive_entity": session.active,
        "glpiactive_entity_recursive": session.recursive,
        "glpiactive_entity_name": f"{active.get('completename', '')}{tree}",
        "glpigroups": [row["groups_id"] for row in store.table("Group_User").where(users_id=session.user)],
    }


def get_full_session(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The session's variables."""
    return {"session": full_session(store, session)}


def glpi_config(store: Store, session: Session, call: Call) -> dict[str, Any]:
    """The server's settings, as far as they are known."""
    options = store.options
    told = {
        "version": options.version,
        "list_limit": str(options.list_limit),
        "list_limit_max": "50",
        "url_base": options.url_base,
        "url_base_api": options.url_base_api,
        "enable_api": "1" if options.enable_api else "0",
        "enable_api_login_credentials": "1" if options.credentials else "0",
        "language": options.language,
        "timezone": options.zone,
    }
    return {"cfg_glpi": told}


def lost_password(store: Store, call: Call) -> Refusal:
    """No mail goes out here; another verb than PUT or PATCH is refused as by a real server."""
    base = store.options.url_base_api
    if call.method not in ("PUT", "PATCH"):
        return refusal("ERROR", base, sentence="Only HTTP verb PUT is allowed")
    return refusal("ERROR", base, sentence="Email parameter missing" if "email" not in call.parameters else "")
