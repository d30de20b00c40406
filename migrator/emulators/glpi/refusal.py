"""The error codes with status and sentence, and the exceptions that carry them to the HTTP face."""

from typing import Any

DENIED = "You don't have permission to perform this action."
NOT_FOUND = "Item not found"

CODES: dict[str, tuple[int, str, bool]] = {
    "ERROR": (400, "Bad Request", True),
    "ERROR_NOT_ALLOWED_IP": (
        400,
        "There isn't an active API client matching your IP address in the configuration ({})",
        False,
    ),
    "ERROR_APP_TOKEN_PARAMETERS_MISSING": (400, "missing parameter app_token", True),
    "ERROR_WRONG_APP_TOKEN_PARAMETER": (400, "parameter app_token seems wrong", True),
    "ERROR_LOGIN_PARAMETERS_MISSING": (400, "parameter(s) login, password or user_token are missing", True),
    "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED": (
        400,
        "usage of initSession resource with credentials is disabled",
        False,
    ),
    "ERROR_GLPI_LOGIN_USER_TOKEN": (401, "parameter user_token seems invalid", False),
    "ERROR_GLPI_LOGIN": (401, "Incorrect username or password", False),
    "ERROR_SESSION_TOKEN_MISSING": (400, "parameter session_token is missing or empty", True),
    "ERROR_SESSION_TOKEN_INVALID": (401, "session_token seems invalid", False),
    "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM": (
        400,
        "resource not found or not an instance of CommonDBTM",
        True,
    ),
    "ERROR_RESOURCE_MISSING": (400, "missing resource", True),
    "ERROR_ITEM_NOT_FOUND": (404, NOT_FOUND, False),
    "ERROR_RIGHT_MISSING": (403, DENIED, False),
    "ERROR_RANGE_EXCEED_TOTAL": (400, "Provided range exceed total count of data: {}", True),
    "ERROR_UNKNOWN": (500, "An error occurred during the items search.", True),
    "ERROR_FIELD_NOT_FOUND": (400, "Field {} is not valid for {} item.", True),
    "ERROR_JSON_PAYLOAD_INVALID": (400, "JSON payload seems not valid", False),
    "ERROR_JSON_PAYLOAD_FORBIDDEN": (400, "GET Request should not have json payload (http body)", True),
    "ERROR_BAD_ARRAY": (400, "input parameter must be an array of objects", True),
    "ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE": (400, "The file seems too big", False),
    "ERROR_MASSIVEACTION_NO_IDS": (400, "No ids supplied", True),
    "ERROR_SQL": (500, "Unexpected SQL Error : {}", False),
    "ERROR_GLPI_ADD": (400, "{}", False),
    "ERROR_GLPI_UPDATE": (400, "{}", False),
    "ERROR_GLPI_DELETE": (400, "{}", False),
    "ERROR_GLPI_PARTIAL_ADD": (207, "{}", False),
    "ERROR_GLPI_PARTIAL_UPDATE": (207, "{}", False),
    "ERROR_GLPI_PARTIAL_DELETE": (207, "{}", False),
}
"""Code -> HTTP status, sentence, and whether the sentence ends with the address of the documentation. [observed]"""


class Refusal(Exception):
    """The call is answered `[code, detail]`; `detail` is any JSON. `early`: before the session was opened."""

    def __init__(self, code: str, detail: Any, *, status: int, early: bool = False) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.status, self.early = code, detail, status, early


class Accident(Exception):
    """PHP stumbled: HTTP 200, text/html, and only `printed`. [observed] What was done before stays done."""

    def __init__(self, printed: str = "") -> None:
        super().__init__(printed or "uncaught error")
        self.printed = printed


class NotDone(Exception):
    """One item of a write was not done; `message` is what its result tells, often empty."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class SqlError(NotDone):
    """The database refused; its message also sticks to later results of the same call. [observed]"""


def refusal(code: str, base: str, *words: object, sentence: str = "", early: bool = False) -> Refusal:
    """The refusal of the table, its sentence filled with `words`; `sentence` replaces the table's. `base` is
    the address that the documentation stands at."""
    status, told, documented = CODES[code]
    text = sentence or told.format(*words)
    if documented:
        text += f"; view documentation in your browser at {base}/#{code}"
    return Refusal(code, text, status=status, early=early)
