"""The one scrubber that every sink of text passes through."""

from __future__ import annotations

import base64
import json
import re
import threading
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Shorter secrets are not learned: replacing them would tear ordinary words apart."""
SURE = 8
"""From this length on, finding a secret in a text means that the secret is in it."""
HIDDEN = "***"
QUOTED = 3
"""How often a message may be quoted in another: the server's words, in an error's detail, in a JSON line."""
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""As html.escape writes them; that module brings the names of 2,000 characters along at every start."""


class Scrubber:
    """Knows every secret of this process and takes them out of text. One instance per process; thread-safe.

    It learns at run time: what a server hands out (session tokens) and what is derived (base64) are secrets too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._hide: re.Pattern[str] | None = None
        self._heads: dict[str, list[str]] = {}
        self._sure: tuple[str, ...] = ()
        self._sure_bytes: tuple[bytes, ...] = ()
        self.warnings: list[str] = []
        """One sentence per secret that is too short to be protected well; never the secret."""

    @property
    def learned(self) -> int:
        """How many secrets are known."""
        return len(self._secrets)

    def learn(self, *secrets: str) -> None:
        """Remember these, with their base64, URL-encoded, JSON- and HTML-escaped forms. Empty ones are nothing."""
        with self._lock:
            new = {secret for secret in secrets if secret} - self._secrets
            self.warnings.extend(_warning(secret) for secret in sorted(new) if len(secret) < SURE)
            new = {secret for secret in new if len(secret) >= SHORTEST}
            if not new:
                return
            self._secrets |= new
            every = sorted({form for secret in self._secrets for form in told(secret)}, key=len, reverse=True)
            self._hide = re.compile("|".join(map(re.escape, every)))
            heads: dict[str, list[str]] = {}
            for form in every:
                if len(form) > SURE:
                    heads.setdefault(form[:SURE], []).append(form)
            self._heads = heads
            sure = {form for secret in self._secrets if len(secret) >= SURE for form in forms(secret)}
            self._sure = tuple(sure)
            self._sure_bytes = tuple(form.encode("utf-8", "surrogatepass") for form in _least(sure))

    def clean(self, text: str) -> str:
        """The text with every known secret replaced by asterisks, also one that a message was cut in."""
        if self._hide is None:
            return text
        text = self._hide.sub(HIDDEN, text)
        for head, every in self._heads.items():
            if head in text:
                text = _without_cut(text, head, every)
        return text

    def holds(self, text: str) -> bool:
        """A known secret of at least eight characters is inside, in any of its forms."""
        return any(form in text for form in self._sure)

    def stains(self, content: bytes) -> bool:
        """The same for UTF-8; asked for all lines of a plan, some hundred at a time."""
        for form in self._sure_bytes:  # noqa: SIM110  a generator costs as much as the search
            if form in content:
                return True
        return False


def _least(forms: set[str]) -> list[str]:
    """Those that no other one is inside of: whatever holds a form holds one of these."""
    kept: list[str] = []
    for form in sorted(forms, key=len):
        if not any(shorter in form for shorter in kept):
            kept.append(form)
    return kept


def _warning(secret: str) -> str:
    if len(secret) < SHORTEST:
        return f"a secret of {len(secret)} characters cannot be kept out of messages; use one of at least {SURE}"
    return f"a secret of {len(secret)} characters is short; where it stands in record data it is not noticed"


def forms(secret: str) -> frozenset[str]:
    """The secret as it may stand in text: plain, escaped, encoded, or base64 with something before and after it."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {secret, secret.translate(_HTML), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    found |= quoted | {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), text) for text in quoted}
    cores = {core for before in range(3) if len(core := _base64_core(raw, before)) >= SURE}
    cores.add(base64.b64encode(raw).decode().rstrip("="))
    found |= cores | {core.replace("+", "-").replace("/", "_") for core in cores}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def told(secret: str) -> frozenset[str]:
    """Its forms, and how messages show them: quoted by Python or JSON, some times over."""
    found = set(forms(secret))
    latest = {form for form in found if "\\" in form or '"' in form or "'" in form or not form.isascii()}
    for _ in range(QUOTED):
        latest = {word for text in latest for word in (repr(text)[1:-1], json.dumps(text)[1:-1])} - found
        found |= latest
    return frozenset(found)


def _without_cut(text: str, head: str, every: list[str]) -> str:
    """The text without what stands of these forms where it was cut; `head` is how all of them begin."""
    kept, start = [], 0
    while (at := text.find(head, start)) >= 0:
        end = at + max(_shared(form, text[at : at + len(form)]) for form in every)
        kept.append(text[start:at] + (HIDDEN if _CUT.match(text, end) else text[at:end]))
        start = end
    return "".join([*kept, text[start:]])


def _shared(form: str, text: str) -> int:
    """How many characters both begin with."""
    pairs = zip(form, text, strict=False)
    return next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), len(text))


_CUT = re.compile(r"""['"\\…]|\.\.\.|\s*$""", re.MULTILINE)
"""What stands where a message was cut: its quote, a sign that there was more, the end of the line."""


def _base64_core(raw: bytes, before: int) -> str:
    """The characters of the base64 of (`before` bytes + raw + anything) that depend on raw alone."""
    text = base64.b64encode(b"\0" * before + raw + b"\0" * 2).decode()
    return text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
