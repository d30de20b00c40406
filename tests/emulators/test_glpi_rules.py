"""Rules of GLPI that no recording shows by itself, one by one."""

import base64
from typing import Any

import pytest

from migrator.emulators.glpi import Options, create
from migrator.emulators.glpi.options_of_search import options_of
from migrator.emulators.glpi.schema import itemtypes
from migrator.emulators.server import Emulator, ManualClock, create_emulator
from tests.emulators.glpi_calls import Calls, fresh


@pytest.fixture
def sample() -> Calls:
    return Calls(create(clock=ManualClock()))


def test_a_session_that_nobody_uses_is_gone() -> None:
    calls = fresh(session_seconds=60)
    for _ in range(3):
        calls.emulator.store.clock.advance(50)
        assert calls.ask("GET", "getMyProfiles").status_code == 200
    calls.emulator.store.clock.advance(61)
    assert calls.ask("GET", "getMyProfiles").get_json()[0] == "ERROR_SESSION_TOKEN_INVALID"


def test_a_user_may_have_several_profiles() -> None:
    calls = fresh()
    calls.add("Profile_User", users_id=4, profiles_id=2, entities_id=0)
    tech = Calls(calls.emulator, "tech")
    assert [each["id"] for each in tech.ask("GET", "getMyProfiles").get_json()["myprofiles"]] == [6, 2]
    assert tech.ask("POST", "Computer", {"input": {"name": "a"}}).status_code == 201
    assert tech.ask("POST", "changeActiveProfile", {"profiles_id": 2}).get_json() is True
    assert tech.ask("GET", "getActiveProfile").get_json()["active_profile"]["name"] == "Observer"
    assert tech.ask("POST", "Computer", {"input": {"name": "b"}}).status_code == 400


def test_a_recursive_item_is_seen_below_its_entity() -> None:
    calls = fresh()
    calls.add("Entity", name="Below", entities_id=0)
    shared, kept = calls.add("Computer", name="shared", is_recursive=1), calls.add("Computer", name="kept")
    calls = Calls(calls.emulator)
    assert calls.ask("POST", "changeActiveEntities", {"entities_id": 1}).get_json() is True
    assert [row["id"] for row in calls.read("Computer")] == [shared]
    assert calls.ask("GET", f"Computer/{kept}").status_code == 403
    assert calls.put(f"Computer/{shared}", name="x").status_code == 400


def test_inactive_and_trashed_users_do_not_log_in() -> None:
    calls = fresh()
    calls.put("User/4", is_active=0)
    calls.ask("DELETE", "User/5")
    for login in ("tech", "normal"):
        basic = {"Authorization": "Basic " + base64.b64encode(f"{login}:{login}".encode()).decode()}
        answer = calls.client.get(
            "/apirest.php/initSession", headers={"App-Token": calls.headers["App-Token"], **basic}
        )
        assert answer.status_code == 401


def test_date_times_are_of_the_servers_zone() -> None:
    calls = fresh(zone="Asia/Tokyo")
    calls.emulator.store.clock._now = 1_700_000_000.0
    number = calls.add("Computer", name="a")
    answer = calls.ask("GET", f"Computer/{number}")
    assert answer.get_json()["date_mod"] == "2023-11-15 07:13:20"
    assert answer.headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2024-02-03T04:05:06", "2024-02-03 04:05:06"), ("2024-02-03 04:05", "2024-02-03 04:05:00"),
        ("2024-02-03 04:05:06.789", "2024-02-03 04:05:06"), ("2024-02-03", "2024-02-03 00:00:00"),
        ("31/12/2024", None), ("yesterday", None),
        ("2024-02-31 00:00:00", "refused"), ("1969-01-01", "refused"), ("2038-01-20", "refused"),
        ("2024-02-03T04:05:06+01:00", "refused"),
    ],
)  # fmt: skip
def test_forms_of_date_times(sent: str, kept: str | None) -> None:
    calls = fresh()
    answer = calls.ask("POST", "Computer", {"input": {"name": "a", "last_boot": sent}})
    if kept == "refused":
        assert answer.status_code == 400 and "Incorrect datetime value" in answer.get_json()[1]
    else:
        assert calls.read("Computer/1")["last_boot"] == kept


def test_decimals_dates_and_long_texts_are_coerced_or_refused() -> None:
    calls = fresh()
    calls.add("Monitor", name="a", size="wide")
    calls.add("Monitor", name="b", size="27,5")
    assert [row["size"] for row in calls.read("Monitor")] == ["0.00", "27.50"]
    calls.add("Contract", name="c", begin_date="31/12/2024")
    assert calls.read("Contract/1")["begin_date"] is None
    answer = calls.ask("POST", "Computer", {"input": {"comment": "x" * 65_536}})
    assert answer.get_json() == ["ERROR_GLPI_ADD", "Data too long for column 'comment' at row 1"]


def test_null_empty_and_zero_are_alike_where_nothing_stood() -> None:
    calls = fresh()
    number = calls.add("Computer", name="a")
    calls.put(f"Computer/{number}", serial="", comment=0, locations_id=None)
    row = calls.read(f"Computer/{number}")
    assert (row["serial"], row["comment"], row["locations_id"]) == (None, None, 0)


def test_encoded_looking_text_does_not_survive() -> None:
    calls = fresh()
    for sent, back in (
        ("&lt;b&gt;", "<b>"),
        ("a &#38; b", "a & b"),
        ("tom &amp; co", "tom &amp; co"),
        ("&lt;>", "&lt;>"),
    ):
        assert calls.read(f"Budget/{calls.add('Budget', name=sent)}")["name"] == back


def test_tickets_compute_priority_and_times() -> None:
    calls = fresh()
    number = calls.add("Ticket", name="a", content="c", date="2023-01-01 00:00:00")
    calls.put(f"Ticket/{number}", urgency=5)
    assert calls.read(f"Ticket/{number}")["priority"] == 4
    calls.put(f"Ticket/{number}", impact=1, priority=6)
    assert calls.read(f"Ticket/{number}")["priority"] == 6
    sent = calls.add("Ticket", name="b", status=6, solvedate="2023-01-02 00:00:00", closedate="2023-01-03 00:00:00")
    row = calls.read(f"Ticket/{sent}")
    assert (row["solvedate"], row["closedate"]) == ("2023-01-02 00:00:00", "2023-01-03 00:00:00")
    assert calls.put(f"Ticket/{sent}", name="closed").get_json() == ["ERROR_GLPI_UPDATE", ""]
    for date in ("2023-01-01", "2023-01-01T00:00:00"):
        refused = calls.ask("POST", "Ticket", {"input": {"name": "c", "date": date}})
        assert refused.get_json() == ["ERROR_GLPI_ADD", "Incorrect value for date field."]


def test_problems_and_changes_have_actors_and_answers_too() -> None:
    calls = fresh()
    problem = calls.add("Problem", name="p", _users_id_assign=4)
    assert calls.read(f"Problem/{problem}")["status"] == 2
    assert [row["users_id"] for row in calls.read(f"Problem/{problem}/Problem_User")] == [4]
    calls.add("ITILFollowup", itemtype="Problem", items_id=problem, content="x")
    calls.add("ITILSolution", itemtype="Change", items_id=calls.add("Change", name="c"), content="x")
    assert calls.read("Change/1")["status"] == 5


def test_a_taken_login_is_left_out_of_an_update_and_told() -> None:
    calls = fresh()
    number = calls.add("User", name="jdoe")
    answer = calls.put(f"User/{number}", name="GLPI", realname="Doe")
    assert answer.get_json() == [{str(number): True, "message": "Unable to update login. A user already exists."}]
    assert (calls.read(f"User/{number}")["name"], calls.read(f"User/{number}")["realname"]) == ("jdoe", "Doe")


def test_replace_by_gives_references_another_value() -> None:
    calls = fresh()
    old, new = calls.add("Manufacturer", name="old"), calls.add("Manufacturer", name="new")
    number = calls.add("Computer", name="a", manufacturers_id=old)
    calls.ask("DELETE", "Manufacturer", {"input": {"id": old, "_replace_by": new}})
    assert calls.read(f"Computer/{number}")["manufacturers_id"] == new


def test_a_purge_takes_what_hangs_on_the_item() -> None:
    calls = fresh()
    computer, ticket = calls.add("Computer", name="a"), calls.add("Ticket", name="t", _users_id_requester=3)
    calls.add("Item_Ticket", tickets_id=ticket, itemtype="Computer", items_id=computer)
    calls.ask("DELETE", f"Computer/{computer}", force_purge="true")
    assert calls.read("Item_Ticket") == []
    calls.ask("DELETE", f"Ticket/{ticket}", force_purge="true")
    assert calls.read("Ticket_User") == []


def test_history_can_be_left_out_of_a_delete() -> None:
    calls = fresh()
    kept, silent = calls.add("Computer", name="a"), calls.add("Computer", name="b")
    calls.ask("DELETE", f"Computer/{kept}")
    calls.ask("DELETE", f"Computer/{silent}", history="false")
    lines = [[line["linked_action"] for line in calls.read(f"Computer/{each}/Log")] for each in (kept, silent)]
    assert lines == [[20, 13], [20]]


def test_a_failed_insert_that_reached_the_database_uses_up_an_id() -> None:
    calls = fresh()
    calls.add("Location", name="Paris")
    refused = calls.ask("POST", "Location", {"input": {"name": "PÂRIS"}})
    assert refused.get_json()[1] == "Duplicate entry '0-0-PÂRIS' for key 'unicity'"
    assert calls.add("Location", name="Rome") == 3


def test_meta_criteria_look_at_another_type(sample: Calls) -> None:
    criteria: dict[str, Any] = {
        "criteria[0][link]": "AND", "criteria[0][meta]": 1, "criteria[0][itemtype]": "Location",
        "criteria[0][field]": 1, "criteria[0][searchtype]": "contains", "criteria[0][value]": "東京",
    }  # fmt: skip
    answer = sample.client.get(
        "/apirest.php/search/Computer", query_string={**criteria, "forcedisplay[0]": 3}, headers=sample.headers
    )
    assert {row["3"] for row in answer.get_json()["data"]} == {"東京"}


def test_actors_in_a_search_are_told_by_id(sample: Calls) -> None:
    answer = sample.client.get(
        "/apirest.php/search/Ticket",
        query_string={
            "forcedisplay[0]": 4,
            "criteria[0][field]": 2,
            "criteria[0][searchtype]": "equals",
            "criteria[0][value]": 1,
        },
        headers=sample.headers,
    )
    assert answer.get_json()["data"][0]["4"] == "7"


def test_other_types_borrow_their_search_options() -> None:
    for name in itemtypes():
        assert 2 in options_of(name), name
    for number, column in {1: "name", 2: "id", 5: "serial", 6: "otherserial", 7: "contact", 16: "comment"}.items():
        for asset in ("Phone", "Printer", "Peripheral", "NetworkEquipment"):
            assert (options_of(asset)[number].field, options_of(asset)[number].path) == (column, ())
    assert options_of("Phone")[4].table == "glpi_phonetypes"
    assert options_of("SoftwareCategory")[1].field == "completename"


def test_massive_actions_count_what_became_of_each(sample: Calls) -> None:
    path = "applyMassiveAction/Computer/MassiveAction:delete"
    answer = sample.ask("POST", path, {"ids": [1, 999]})
    assert (answer.status_code, answer.get_json()["ok"], answer.get_json()["ko"]) == (207, 1, 1)
    assert sample.ask("POST", path, {"ids": [999]}).status_code == 422
    assert sample.ask("POST", "applyMassiveAction/Computer/MassiveAction:restore", {"ids": [1]}).get_json()["ok"] == 1


def test_the_other_path_a_scripted_fault_and_a_strange_one(sample: Calls) -> None:
    assert sample.client.get("/api/getMyProfiles", headers=sample.headers).status_code == 200
    assert sample.client.get("/front/central.php").status_code == 404
    sample.emulator.faults.add("GET /apirest.php/Computer", status=503, error_code="ERROR_DOWN")
    assert sample.ask("GET", "Computer").get_json() == ["ERROR_DOWN", "Service Unavailable"]


def test_lost_passwords_are_not_mailed() -> None:
    assert fresh().ask("PUT", "lostPassword", {}).get_json()[0] == "ERROR"


def test_the_emulator_tells_what_logs_in() -> None:
    emulator: Emulator = create_emulator("glpi", seed="empty")
    env = emulator.env("http://localhost:1")
    assert env["GLPI_URL"] == "http://localhost:1/apirest.php"
    assert set(env) == {"GLPI_URL", "GLPI_APP_TOKEN", "GLPI_USER_TOKEN"}
    assert "GLPI_APP_TOKEN" not in create(options=Options(app_token=None)).variables
    assert len(emulator.store.rows("Computer")) == 0
    assert len(create_emulator("glpi").store.rows("Computer")) == 13


def test_what_is_not_served(sample: Calls) -> None:
    """The newer API, namespaces, raw SQL of a search, and locks of sessions."""
    assert sample.client.get("/api.php/v2/Assets/Computer", headers=sample.headers).status_code == 404
    assert sample.ask("GET", "Glpi%5CSocket").get_json()[0] == "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM"
    assert "rawdata" not in sample.ask("GET", "search/Computer", rawdata="1").get_json()
    assert sample.ask("GET", "Computer/1", session_write="true").get_json()["name"] == "pc-001"


def test_an_accident_in_a_bulk_write_leaves_what_was_before_it() -> None:
    calls = fresh()
    told = [{"name": "a"}, {"name": "b", "itilcategories_id": "word"}, {"name": "c"}]
    answer = calls.ask("POST", "Ticket", {"input": told})
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/html", b"")
    assert [row["name"] for row in calls.read("Ticket")] == ["a"]
