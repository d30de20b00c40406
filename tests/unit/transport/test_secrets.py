"""The scrubber knows a secret in every form in which it may stand in text."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.transport.secrets import Scrubber

SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40).filter(lambda text: text.strip("*") != "")


@given(SECRETS, st.binary(max_size=9), st.binary(max_size=9))
def test_no_form_of_a_secret_survives_and_each_is_noticed(secret: str, before: bytes, after: bytes) -> None:
    scrubber = Scrubber()
    scrubber.learn(secret)
    raw = secret.encode()
    written = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        re.sub("%..", lambda code: code[0].lower(), quote(secret, safe="")),
        quote_plus(secret),
        html.escape(secret),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    ]
    for form in written:
        assert scrubber.holds(f"x{form}y"), form
        assert form not in scrubber.clean(f"x{form}y")
    inside = base64.b64encode(before + raw + after).decode()
    assert scrubber.holds(inside), "Basic's base64 of user:secret"
    assert not scrubber.holds(scrubber.clean(inside))


def test_text_without_a_secret_stays_as_it_is() -> None:
    scrubber = Scrubber()
    assert scrubber.clean("nothing learned") == "nothing learned"
    assert not scrubber.holds("nothing learned")
    scrubber.learn("s3cret-token", "", "s3cret-token")
    assert scrubber.clean("a plain sentence") == "a plain sentence"
    assert scrubber.learned == 1


@pytest.mark.parametrize(("secret", "learned", "warned"), [("abc", 0, 1), ("abcd", 1, 1), ("abcdefgh", 1, 0)])
def test_short_secrets_are_warned_about_without_naming_them(secret: str, learned: int, warned: int) -> None:
    scrubber = Scrubber()
    scrubber.learn(secret)
    scrubber.learn(secret)
    assert scrubber.learned == learned
    assert len(set(scrubber.warnings)) == warned
    assert not any(secret in warning for warning in scrubber.warnings)
    assert not scrubber.holds("abcd") or len(secret) >= 8, "a short secret may be a word of the data"


def test_a_secret_that_holds_another_is_taken_out_whole() -> None:
    scrubber = Scrubber()
    scrubber.learn("token-12", "token-12-and-more")
    assert scrubber.clean("<token-12-and-more>") == "<***>"


@pytest.mark.parametrize("length", range(8, 23))
@pytest.mark.parametrize(
    "around", ["status 400, '{}'", 'a body that begins "{}…', "{}", "told {}\nand more", "{}..."]
)
def test_a_secret_that_a_message_was_cut_in_is_hidden_too(around: str, length: int) -> None:
    """Eight characters of it and more, wherever the cut went through."""
    scrubber = Scrubber()
    secret = 'cAn4ry"Sq/w<k>&%41+=Tz8'
    scrubber.learn(secret)
    assert scrubber.clean(around.format(secret[:length])) == around.format("***")


def test_words_that_only_begin_like_a_secret_stay() -> None:
    """What goes on otherwise is another word."""
    scrubber = Scrubber()
    scrubber.learn("password-of-the-house")
    text = "password-of-theatre 'password' passwords password-of-the-housekeeper"
    assert scrubber.clean(text) == "password-of-theatre '***' passwords ***keeper"
