"""Ids: a prefix that tells the kind, and a 128-bit number in Crockford's base 32.

The alphabet is seen in real samples only [inferred]; all of A-Z0-9 is accepted, as the published pattern says [seed].
"""

import hashlib
import re

PROJECT, ITEM, RECORD, VERSION = "KXPRJ", "KXITM", "KXREC", "KXVSN"
"""The four kinds. [seed, docs]"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O, U."""

SIZE = 26
"""Characters after the prefix."""

PROJECT_PATTERN = re.compile(r"KXPRJ[A-Z0-9]{26}")
"""As published: open at its end, so that a longer text passes too. Used with `match`. [seed]"""

KETRYX_ID = re.compile(r"KX[A-Z]{3}[A-Z0-9]{26}")
"""What a query takes for an id."""


def new_id(prefix: str, number: int) -> str:
    """The id of the `number`th thing of its kind: looks random, is the same in every run."""
    digest = int.from_bytes(hashlib.blake2b(f"{prefix}{number}".encode(), digest_size=16).digest())
    digits = []
    for _ in range(SIZE):
        digest, place = divmod(digest, 32)
        digits.append(ALPHABET[place])
    return prefix + "".join(reversed(digits))
