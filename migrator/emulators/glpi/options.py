"""The server's settings that a test may turn, and every choice that no source settles, in one place.

Marks: [docs] the API document that GLPI ships; [source] its public source; [observed] the recordings in
cassettes/glpi; [inferred] follows from those; [assumption] nothing public.
"""

from dataclasses import dataclass

PREFIXES = ("/apirest.php", "/api")
"""Path of the entry script, and what some sites rewrite to it. [docs]"""
SAMPLE_APP_TOKEN = "glpi-sample-app-token"  # noqa: S105  the published token of an emulator opens nothing else
"""The app token of both seeds; a real one has forty characters. [assumption]"""
USER_TOKENS = {name: f"glpi-sample-user-token-{name}" for name in ("glpi", "tech", "normal", "post-only")}
"""API tokens of the accounts that the installer makes; a real one has forty characters. [assumption]"""

ACCOUNT_LIST_LIMIT = 20
"""Page size of the accounts that the installer makes. [observed]"""
SHIPPED_LIST_LIMIT = 15
"""Page size of everybody else. [observed]"""
ACCEPT_RANGE = 1000
"""PHP's max_input_vars, told in Accept-Range and never enforced. [observed]"""
SESSION_SECONDS = 1440
"""Lifetime of a session that nobody uses. [inferred] from PHP's default."""
TRACKED = 180
"""Characters of a value that the history keeps. [source]"""
TITLE_FROM_CONTENT = 70
"""Characters of the content that name a ticket without a name. [observed]"""
TEXT_BYTES = 65_535
"""Bytes that a TEXT column takes; more is an error. [observed]"""
SEPARATOR = " > "
"""Between the names of a tree path; encoded when a dropdown is expanded. [observed]"""


@dataclass
class Options:
    """Switches of one server. The defaults are those of the recorded one, but an app token is asked for.

    enable_api: off, everything answers ERROR "API disabled". app_token: None = the server wants none and refuses
    any. credentials: log-in with name and password. client_allowed: the caller's address is in an API client.
    url_base_api: what stands before paths in links and messages; never taken from the request [observed].
    zone: of all date-times without one. list_limit: page size of users without their own.
    """

    enable_api: bool = True
    app_token: str | None = SAMPLE_APP_TOKEN
    credentials: bool = True
    client_allowed: bool = True
    url_base: str = "http://glpi.example"
    url_base_api: str = "http://glpi.example/api"
    zone: str = "UTC"
    language: str = "en_GB"
    version: str = "10.0.17-dev"
    list_limit: int = SHIPPED_LIST_LIMIT
    session_seconds: int = SESSION_SECONDS
