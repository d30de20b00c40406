"""py-glpi and glpi-python-sdk, which share their interface: what they read and write, told as JSON."""

import importlib
import json
import os
import sys

name = sys.argv[2]
connection = importlib.import_module(f"{name}.connection")
models = importlib.import_module(f"{name}.models")
auth = importlib.import_module(f"{name}.resources.auth")
tickets = importlib.import_module(f"{name}.resources.tickets")

told = {}
session = connection.GLPISession(
    api_url=os.environ["GLPI_URL"],
    app_token=os.environ["GLPI_APP_TOKEN"],
    auth_type="user_token",
    user_token=os.environ["GLPI_USER_TOKEN"],
)
users = auth.Users(session)
told["users"] = [user.name for user in users.all()]
told["user"] = users.get(2).name
told["emails"] = [each.email for each in users.get(7).emails.all()]
try:
    users.get(999)
except models.ResourceNotFound:
    told["missing"] = True
if name == "py_glpi":  # the other one's HTTP library drops the query of getMultipleItems, which both of these need
    told["search"] = [user.name for user in users.search(models.FilterCriteria("User.name", "contains", "^ann$"))]
    told["several"] = [user.name for user in users.get_multiple(2, 4)]
else:
    told["dropped"] = session.get_multiple_items({"itemtype": "User", "items_id": 2}, expand_dropdowns=False).json()[
        0
    ]
told["status"] = session.get_item("Computer", 1).status_code
told["made"] = session.create_item("Computer", name="by sdk").json()["id"]
told["updated"] = session.update_item("Computer", told["made"], serial="S").json()
told["deleted"] = session.delete_item("Computer", told["made"]).json()
unknown = connection.ItemDoesNotExists if name == "py_glpi" else connection.ItemDoesNotExistError
try:
    session.get_item("NoSuchType", 1)
except unknown:
    told["unknown"] = True
told["tickets"] = len(tickets.Tickets(session).all())
words = {"auth_type": "basic", "user": "glpi", "password": "wrong"}
try:
    refused = connection.GLPISession(api_url=os.environ["GLPI_URL"], app_token=os.environ["GLPI_APP_TOKEN"], **words)
    refused.get_item("Computer", 1)
except Exception as error:
    told["refused"] = type(error).__name__
print(json.dumps(told))
