"""Refusals in the one form that the manual gives for all of them."""

import json

from migrator.emulators.kitemaker.assumptions import BAD_REQUEST, ENTITY_NOT_FOUND, LABEL_NOT_FOUND, STATUS_NOT_FOUND

MISSING = {
    "work item": ("ISSUE_NOT_FOUND", "Could not find the specified work item"),  # [docs]: the old word for it
    "space": ("SPACE_NOT_FOUND", "The specified space does not exist"),  # [seed], code [docs]
    "initiative": ("INITIATIVE_NOT_FOUND", "Could not find the specified initiative"),  # [seed], code [docs]
    "feedback": ("FEEDBACK_NOT_FOUND", "Could not find the specified feedback"),  # [seed], code [docs]
    "status": (STATUS_NOT_FOUND, "Could not find the specified status"),
    "label": (LABEL_NOT_FOUND, "Could not find the specified label"),
}
"""What is not there -> code and message of its 404."""


class Problem(Exception):
    """A call that is refused. `status` is HTTP's, `code` the system's word, `message` for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def missing(what: str) -> Problem:
    """404 for a thing that is not there, or that the token may not see: both look the same. [inferred]"""
    code, message = MISSING.get(what, (ENTITY_NOT_FOUND, f"Could not find the specified {what}"))
    return Problem(404, code, message)


def wrong(message: str) -> Problem:
    """400: invalid parameters. [seed]"""
    return Problem(400, BAD_REQUEST, message)


def unauthorized() -> Problem:
    """401, for a token that is none and for what a token may not do, in these same words. [seed], [docs]"""
    return Problem(401, "UNAUTHORIZED", "The requested action could not be completed")


def error_body(status: int, code: str, message: str) -> bytes:
    """The body of any error, scripted faults included."""
    return json.dumps({"errors": [{"message": message, "status": status, "code": code or "UNKNOWN"}]}).encode()
