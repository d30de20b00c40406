"""Text as GLPI 10 stores it. Pure.

GLPI encodes `<`, `>` and `&` of every text that is written, and of nothing else. A text that looks encoded already
(it holds one of five entities, and neither `<` nor `>` nor a bare `&`) is stored as it is [vendor docs, observed]: it
would come back as another text. Such a text is sent encoded by us, once more than it is: then it looks encoded,
is stored as it is, and reads back as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from migrator.model.values import Value

ENCODES_UP_TO = 10
"""Major version of GLPI whose texts are stored encoded; later ones store them raw. [source of GLPI 11]"""

_CODES = {"&": "&#38;", "<": "&#60;", ">": "&#62;"}
_TEXTS = {code: text for text, code in _CODES.items()}
_OLD = {"&lt;": "<", "&gt;": ">"}
_RAW = re.compile(r"[<>]|&(?!#?[A-Za-z0-9]+;)")
_CODED = re.compile("|".join((*_TEXTS, *_OLD)))
_CODE = re.compile("|".join(_TEXTS))
_OLD_CODE = re.compile("|".join(_OLD))


def looks_encoded(text: str) -> bool:
    """Whether GLPI takes it for a text that was encoded before."""
    return "&" in text and _CODED.search(text) is not None and _RAW.search(text) is None


def encoded(text: str) -> str:
    """As GLPI stores it."""
    return re.sub("[&<>]", lambda found: _CODES[found[0]], text)


def sent(text: str) -> str:
    """What is to be sent so that it reads back as it is."""
    return encoded(text) if looks_encoded(text) else text


def decoded(text: str) -> str:
    """What was meant by a stored text; the old codes count only where none of the new ones is."""
    if "&" not in text:
        return text
    if _CODE.search(text) is not None:
        return _CODE.sub(lambda found: _TEXTS[found[0]], text)
    return _OLD_CODE.sub(lambda found: _OLD[found[0]], text)


def decoded_within(found: Value) -> Value:
    """The same at any depth: `_…` blocks and expanded names stay encoded whatever header is sent. [observed]"""
    if isinstance(found, str):
        return decoded(found)
    if isinstance(found, tuple):
        return tuple([decoded_within(each) for each in found])
    if isinstance(found, Mapping):
        return {name: decoded_within(each) for name, each in found.items()}
    return found
