"""What the vendor's docs and everybody's records leave open, chosen here, one named constant each.

A recording of the real system that shows otherwise changes a line here and nothing else.
"""

ILLEGAL_REQUEST_STATUS = 400
"""Status of CB_IL02 (unknown path or method); only seen in fixtures."""

NO_RIGHT_TO_SET_STATUS = 403
"""Status of GAIA_BF02: creator or time set on add without the right to manage the app."""

USER_NOT_FOUND_STATUS = 400
"""Status of GAIA_IL26: a user, group or organization code that does not exist."""

NOT_YOUR_COMMENT_STATUS = 403
"""Status of GAIA_RE03."""

COMMENTS_OFF_STATUS = 400
"""Status of GAIA_RE12."""

PROCESS_STATUS = 400
"""Status of GAIA_IL03, GAIA_ST02, GAIA_NT01, GAIA_SA01, GAIA_SA04 (process management)."""

UNSUPPORTED_MEDIA_TYPE = (415, "CB_CT01")
"""A body that does not say it is JSON."""

BULK_REFUSED_CODE = "CB_VA01"
"""More than 20 sub-requests."""

BULK_CALL_REFUSED = (400, "CB_IL02")
"""A call inside a bulk request that may not stand there (GET, comments, files, cursors, apps)."""

CURSOR_WITH_LIMIT_CODE = "GAIA_CQ01"
"""`limit` or `offset` in the query of a cursor: refused by the docs, code not known."""

TOO_MANY_TOKENS = (400, "GAIA_IA02")
"""Ten or more API tokens in one request."""

UPSERT_REPEAT = (400, "GAIA_RE09")
"""The same update key twice in one upsert: never two records; the code for a repeated id is taken."""

EMPTY_UPDATE_KEY_CODE = "CB_VA01"
"""`updateKey.value` empty or over 64 characters."""

SAME_UPDATE_RAISES_REVISION = True
"""An update with equal values, or with an empty `record`, raises the revision (one record of it says yes)."""

LOST_IDS_AFTER_FAILURE = False
"""Whether a refused add uses up record ids. False: they are given to the next add."""

TEXT_TAKES_NUMBERS = True
"""A JSON number written to a text field becomes text; other wrong JSON types are CB_IJ01."""

TEXT_KEEPS_LINE_ENDS = True
"""CR LF, trailing line breaks and leading blanks of text read back as written."""

NUMBER_DROPS_TRAILING_ZEROS = True
"""`3.0` reads back `3` (second hand)."""

EMPTY_NUMBER = ""
"""What an empty NUMBER reads; some records say null."""

CHOICES_READ_AS_SENT = True
"""Multi-choice values read back in the order sent, not in that of the options."""

HTML_IS_CLEANED = True
"""RICH_TEXT loses script elements and on-attributes."""

EMPTY_RADIO_FALLS_BACK = True
"""`""` or null written to a RADIO_BUTTON gives its default."""

LIKE_IS_SUBSTRING = False
"""`like` finds whole words (runs of letters and digits); CJK text is searched by substring, having no blanks."""

UPLOAD_LIVES_SECONDS = 3 * 24 * 3600
"""How long an uploaded file that no record names can still be attached."""

DEPLOY_POLLS = 1
"""How many times a deployment reads PROCESSING before its end is told."""

URL_LIMIT_BYTES = 8192
"""Path and query together; the answer past it is plain text."""

SEARCH_LIMIT = 100_000
"""Hits past which a search is cut and says so in a header."""

SAMPLE_TIME_ZONE = "Asia/Tokyo"
"""Time zone of the sample users: `TODAY()` is a day of theirs."""

COMMENTS_BY_TOKEN = True
"""Reading comments works with a token (the docs name adding and deleting only)."""

SETTINGS_NEED_RIGHT = "view"
"""Reading form fields, layout and app settings by token wants the right to view records."""

STATUS_NEEDS_RIGHT = "edit"
"""Changing status or assignees by token wants the right to edit records."""

LOOKUP_WITHOUT_VIEW = (403, "GAIA_NO01")
"""A lookup's source app that the caller may not view."""

CURSOR_IS_SNAPSHOT = True
"""A cursor gives the records as they were when it was made, deleted ones too; else as they are when read."""
