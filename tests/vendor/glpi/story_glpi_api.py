"""glpi-api: what it reads and writes, told as JSON."""

import json
import os
import sys
from pathlib import Path

import glpi_api

url, app_token, user_token, folder = (
    os.environ["GLPI_URL"],
    os.environ["GLPI_APP_TOKEN"],
    os.environ["GLPI_USER_TOKEN"],
    sys.argv[1],
)
told = {}
with glpi_api.connect(url, app_token, user_token) as glpi:
    told["profile"] = glpi.get_active_profile()["name"]
    told["profiles"] = [each["name"] for each in glpi.get_my_profiles()]
    told["set_profile"] = glpi.set_active_profile(4)
    told["entities"] = glpi.get_my_entities()
    glpi.set_active_entities("all", is_recursive=True)
    told["active"] = glpi.get_active_entities()["active_entities"]
    told["version"] = glpi.get_config()["cfg_glpi"]["version"]
    told["session"] = glpi.get_full_session()["glpiname"]
    told["item"] = glpi.get_item("Computer", 1, expand_dropdowns=True)["locations_id"]
    told["missing"] = glpi.get_item("Computer", 999)
    told["all"] = [
        row["name"] for row in glpi.get_all_items("Computer", searchText={"serial": "^SN-003$"}, range="0-50")
    ]
    told["sub"] = [row["users_id"] for row in glpi.get_sub_items("Ticket", 1, "Ticket_User")]
    several = glpi.get_multiple_items({"itemtype": "Computer", "items_id": 2}, {"itemtype": "User", "items_id": 2})
    told["several"] = [row["name"] for row in several]
    told["field"] = glpi.field_id("Computer", "serial")
    criteria = [{"field": "serial", "searchtype": "contains", "value": "^SN-00"}]
    found = glpi.search("Computer", criteria=criteria, forcedisplay=["serial", "id"], range="0-3")
    told["search"] = found
    told["add"] = glpi.add("Computer", {"name": "new-1"}, {"name": "new-2", "states_id": 1})
    made = [row["id"] for row in told["add"]]
    told["partial"] = [row["id"] for row in glpi.add("Computer", {"name": "x"}, {"name": "y", "states_id": "word"})]
    told["update"] = glpi.update(
        "Computer", {"id": made[0], "serial": "changed"}, {"id": made[1], "comment": "a < b"}
    )
    told["delete"] = glpi.delete("Computer", {"id": made[0]}, force_purge=True)
    told["gone"] = glpi.get_item("Computer", made[0])
    path = Path(folder) / "note.txt"
    path.write_text("hello", "utf-8")
    document = glpi.upload_document("a note", str(path))["id"]
    told["download"] = Path(glpi.download_document(document, folder, "back.txt")).read_text("utf-8")
    path.with_suffix(".exe2").write_text("x", "utf-8")
    try:
        glpi.upload_document("bad", str(path.with_suffix(".exe2")))
    except glpi_api.GLPIError as error:
        told["forbidden"] = str(error)
    try:
        glpi.add("NoSuchType", {"name": "x"})
    except glpi_api.GLPIError as error:
        told["unknown"] = str(error).partition(" ")[0]
    told["made"] = made
print(json.dumps(told))
