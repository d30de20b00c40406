"""glpi-utils: what it reads and writes, told as JSON."""

import json
import os
import sys
from pathlib import Path

from glpi_utils import GlpiAPI
from glpi_utils.exceptions import GlpiNotFoundError

url = os.environ["GLPI_URL"].removesuffix("/apirest.php")
told = {}
with GlpiAPI(url=url, app_token=os.environ["GLPI_APP_TOKEN"]) as api:
    api.login(user_token=os.environ["GLPI_USER_TOKEN"])
    told["version"] = str(api.version)
    told["profile"] = api.get_active_profile()["name"]
    told["pages"] = [row["name"] for row in api.computer.get_all_pages(page_size=4)]
    told["iterated"] = [len(page) for page in api.computer.iter_pages(page_size=5)]
    found = api.computer.search(
        criteria=[{"field": 5, "searchtype": "contains", "value": "^SN-003$"}], forcedisplay=[2]
    )
    told["search"] = found["data"]
    made = api.computer.create({"name": "by utils", "serial": "U-1"})
    told["create"] = made
    told["update"] = api.computer.update({"id": made["id"], "serial": "U-2"})
    told["read"] = api.computer.get(made["id"])["serial"]
    told["sub"] = len(api.ticket.get_sub_items(1, "Ticket_User"))
    told["delete"] = api.computer.delete({"id": made["id"]}, force_purge=True)
    try:
        api.computer.get(made["id"])
    except GlpiNotFoundError:
        told["gone"] = True
    path = Path(sys.argv[1]) / "note.txt"
    path.write_text("hello", "utf-8")
    told["document"] = api.upload_document(str(path), "a note")["message"]
print(json.dumps(told))
