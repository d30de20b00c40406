"""Refusals in Kintone's form: an HTTP status, a code, a message, and for invalid input the `errors` by key."""

import secrets

import orjson

from migrator.emulators.kintone import assumptions


class KintoneError(Exception):
    """An answer other than 200. `errors`: key ("records[0].code.value") -> messages."""

    def __init__(self, status: int, code: str, message: str, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> dict[str, object]:
        """The JSON body; `id` is fresh, 20 characters, as each request has its own."""
        found: dict[str, object] = {
            "code": self.code,
            "id": secrets.token_urlsafe(15),
            "message": self.message,
        }
        if self.errors:
            found["errors"] = {key: {"messages": messages} for key, messages in self.errors.items()}
        return found


def error_body(status: int, code: str, message: str) -> bytes:
    """The body of a scripted fault: the code is guessed from the status where none is given."""
    known = {429: "GAIA_TO04", 401: "CB_AU01", 403: "GAIA_NO01", 404: "GAIA_RE01", 409: "GAIA_CO02"}
    return orjson.dumps(KintoneError(status, code or known.get(status, "CB_IS01"), message).body())


def invalid(errors: dict[str, list[str]], code: str = "CB_VA01") -> KintoneError:
    """Input that breaks a rule."""
    return KintoneError(400, code, "Missing or invalid input.", errors)


def bad_json() -> KintoneError:
    """The body is no JSON, or a part of it has the wrong JSON type."""
    return KintoneError(400, "CB_IJ01", "Invalid JSON string.")


def illegal_request() -> KintoneError:
    """No such path or method."""
    return KintoneError(assumptions.ILLEGAL_REQUEST_STATUS, "CB_IL02", "Illegal request.")


def no_privilege() -> KintoneError:
    """The user lacks the right."""
    return KintoneError(403, "CB_NO02", "No privilege to proceed.")


def token_may_not() -> KintoneError:
    """The token lacks the right, or the call takes no tokens."""
    return KintoneError(403, "GAIA_NO01", "Using this API token, you cannot run the specified API.")


def no_app(app_id: int) -> KintoneError:
    """No app with this id."""
    return KintoneError(404, "GAIA_AP01", f"The app (ID: {app_id}) not found. The app may have been deleted.")


def no_record(record_id: int) -> KintoneError:
    """No record with this id."""
    return KintoneError(404, "GAIA_RE01", f"The specified record (ID: {record_id}) is not found.")


def stale_record(record_id: int) -> KintoneError:
    """The revision given is not the latest."""
    return KintoneError(
        409,
        "GAIA_CO02",
        f"The revision is not the latest. Someone may update a record (ID: {record_id}).",
    )


def query_error(code: str, message: str) -> KintoneError:
    """A query that parses but cannot be carried out."""
    return KintoneError(400, code, message)


def query_syntax(position: int) -> KintoneError:
    """A query that does not parse; `position` counts characters from 0."""
    return invalid({"query": [f"Invalid query syntax near character {position + 1}."]})
