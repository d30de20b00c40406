"""The seven error codes of the vendor's table, as one exception."""

from typing import Literal

Code = Literal["UNKNOWN", "NOT_FOUND", "NOT_VALID", "EMPTY", "SIZE", "INVALID_CHANGE", "ACCESS_DENIED"]
"""Every code of the table in the JSON Item Update article. [seed]"""

MAPPED_HTTP: dict[Code, int] = {"NOT_FOUND": 404, "ACCESS_DENIED": 403}
"""HTTP status per code when `error_http` is "mapped"; all others 400. [assumption]"""


class Refusal(Exception):
    """One call, or one item of a call, is refused.

    `code` is from the table; `message` tells where and why.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Code = code
        self.message = message


def http_status(code: Code, error_http: str) -> int:
    """HTTP status of an answer that carries `code`, under the switch `error_http`."""
    return MAPPED_HTTP.get(code, 400) if error_http == "mapped" else 200
