"""Nothing that the program leaves behind holds a secret: every byte is searched, in each form that it takes."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from migrator.emulators.server import serve
from tests.end_to_end.sides import SYSTEMS, playbook
from tests.end_to_end.stage import Stage, served

RING = ("kintone", "kainexus", "ketryx", "glpi", "kitemaker", "kintone")
"""Each system is once a source and once a target."""
PAIRS = list(itertools.pairwise(RING))
SECRET_NAMES = re.compile("TOKEN|KEY|PASSWORD")
TELLING = 10
"""Characters of a secret in a row that tell too much."""


def pieces(secret: str) -> Iterator[bytes]:
    """What must stand nowhere: each telling part, plain, as JSON, in a URL and in base64 wherever it begins."""
    raw = secret.encode()
    whole = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    for text in whole:
        yield from (text[at : at + TELLING].encode() for at in range(len(text) - TELLING + 1))
    for before in range(3):
        core = base64.b64encode(b"\0" * before + raw)[4 : -(len(raw) % 3 + 3)]
        yield from (core[at : at + TELLING + 2] for at in range(max(0, len(core) - TELLING - 1)))


def unpacked(content: bytes) -> bytes:
    """The bytes, and what is compressed among them."""
    found = [content]
    for start in (match.start() for match in re.finditer(rb"\x1f\x8b\x08", content)):
        try:
            found.append(zlib.decompressobj(31).decompress(content[start:]))
        except zlib.error:
            continue
    return b"\n".join(found)


def leaks(secrets: Iterable[str], places: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Place and what it holds."""
    wanted = {piece for secret in secrets for piece in pieces(secret) if len(piece) >= TELLING}
    every = [(place, unpacked(content)) for place, content in places]
    return [(place, piece) for place, content in every for piece in wanted if piece in content]


def test_the_search_finds_what_it_is_for() -> None:
    """A canary that nobody hears is none."""
    secret = 'Zq7"k/w<b>&%41+=xPlm'
    texts = (secret, json.dumps(secret), quote(secret), base64.b64encode(f"ann:{secret}".encode()).decode())
    hidden = [*(text.encode() for text in texts), b"..." + gzip.compress(secret.encode()) + b"..."]
    assert [len(leaks([secret], [("here", content)])) > 0 for content in hidden] == [True] * 5
    assert leaks([secret], [("there", b"nothing of it, Zq7 alone")]) == []


@pytest.mark.parametrize(("source", "target"), PAIRS, ids="-".join)
def test_e01_e02_a_whole_migration_leaves_no_secret_behind(here: Path, source: str, target: str) -> None:
    """Plans, state, logs, reports, terminal: neither what logs in nor what the servers handed out."""
    with served(sorted({source, target})) as (emulators, env):
        stage = Stage(here, emulators, env)
        stage.write("p.json", unpaced(playbook(source, target)))
        seen = [
            (" ".join(words), stage.run(*words).text.encode())
            for words in (
                ("validate", "--online", "p.json"),
                ("plan", "p.json", "-o", "a.plan"),
                ("show", "a.plan", "--full"),
                ("apply", "a.plan", "-v"),
                ("verify", "p.json"),
                ("plan", "p.json", "--json"),
                ("report", "1", "-v"),
                ("report", "1", "--json"),
                ("runs",),
                ("ids", "export", "ids.jsonl"),
                ("doctor",),
                ("undo", "1", "-o", "u.plan", "--full"),
                ("apply", "u.plan", "-v"),
                ("report", "2", "-v", "--quarantine", "q.csv"),
                ("resume", "-v"),
                ("retry", "1", "-o", "r.plan", "-v"),
            )
        ]
        assert b": done" in dict(seen)["apply a.plan -v"]
        assert b"plan to undo run 1" in dict(seen)["undo 1 -o u.plan --full"]
        assert len(stage.files()) > 5
        seen += stage.files().items()
        seen.append(("purge", stage.run("runs", "--purge", "0d").text.encode()))
        used = {*names_of(source), *names_of(target)}
        secrets = [text for name, text in env.items() if SECRET_NAMES.search(name) and name in used]
        secrets += [session for emulator in emulators.values() for session in sessions(emulator.store)]
        assert leaks(secrets, [*seen, *stage.files().items()]) == []


def unpaced(text: str) -> str:
    """The playbook for stand-ins without limits, so that this waits for nobody."""
    book = json.loads(text)
    for system in book["systems"].values():
        system["pace"] = "10000/s"
    return json.dumps(book)


def sessions(store: Any) -> list[str]:
    """Session tokens that the stand-in handed out."""
    handed = getattr(store, "sessions", None)
    return [str(token) for token in handed] if isinstance(handed, dict) else []


# ---------------------------------------------------------------- servers that say it back

CANARY = 'cAn4ry"Sq/w<k>&%41+=Tz8'
Reply = Callable[[dict[str, str], int], tuple[str, list[tuple[str, str]], bytes]]


def as_json(status: str) -> Reply:
    """An error body in the words of all five, with everything that was sent."""

    def reply(sent: dict[str, str], at: int) -> tuple[str, list[tuple[str, str]], bytes]:
        said = " ".join(sent.values())
        body = {
            "message": said,
            "code": said,
            "error": said,
            "errors": {said: {"messages": [said]}, "message": said},
            "results": said,
        }
        return status, [("Content-Type", "application/json")], json.dumps(body).encode()

    return reply


def as_page(sent: dict[str, str], at: int) -> tuple[str, list[tuple[str, str]], bytes]:
    """A page that holds it somewhere, so that any cut goes through the middle of it once."""
    text = "x" * at + " ".join(sent.values())
    return "200 OK", [("Content-Type", "text/html")], f"<html>{text}</html>".encode()


def as_list(sent: dict[str, str], at: int) -> tuple[str, list[tuple[str, str]], bytes]:
    """GLPI's way of refusing."""
    return "400 Bad Request", [("Content-Type", "application/json")], json.dumps(list(sent.values())).encode()


def as_redirect(sent: dict[str, str], at: int) -> tuple[str, list[tuple[str, str]], bytes]:
    """To somewhere else, with all of it in the address."""
    there = f"http://elsewhere.example/?{quote(' '.join(sent.values()))}"
    return "302 Found", [("Location", there), ("Content-Type", "text/html")], b""


def as_reason(sent: dict[str, str], at: int) -> tuple[str, list[tuple[str, str]], bytes]:
    """In the line of the status itself."""
    return f"403 {' '.join(sent.values())}", [("Content-Type", "text/plain")], b"no"


REPLIES: dict[str, Reply] = {
    "json 400": as_json("400 Bad Request"),
    "json 401": as_json("401 Unauthorized"),
    "json 403": as_json("403 Forbidden"),
    "json 404": as_json("404 Not Found"),
    "json 200": as_json("200 OK"),
    "list": as_list,
    "page": as_page,
    "redirect": as_redirect,
    "reason": as_reason,
}


class Echo:
    """A server that tells back what logs in."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.at, self.heard = reply, 0, 0

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        sent = {name: str(text) for name, text in environ.items() if name.startswith("HTTP_")}
        sent = {name: text for name, text in sent.items() if re.search("TOKEN|AUTH|KEY", name)}
        self.heard += bool(sent)
        status, headers, body = self.reply(sent, self.at)
        start(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]


@pytest.mark.parametrize("style", REPLIES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_e01_a_server_that_says_the_secret_back_is_not_quoted(here: Path, system: str, style: str) -> None:
    """Not in any error, cut in whatever place, nor in a file."""
    echo = Echo(REPLIES[style])
    with serve(echo) as server:
        stage = Stage(here, {}, dict.fromkeys(names_of(system), CANARY))
        stage.env[f"{system.upper()}_URL"] = server.url
        stage.write("p.json", unpaced(playbook(system, system)))
        seen = []
        for at in range(0, 200, 8) if style == "page" else (0,):
            echo.at = at
            done = stage.run("plan", "p.json", "-o", "a.plan")
            assert done.code == 1, done.text
            seen.append((f"plan {at}", done.text.encode()))
    assert echo.heard or style == "redirect"
    assert leaks([CANARY], [*seen, *stage.files().items()]) == []


def names_of(system: str) -> list[str]:
    """The variables that the playbook reads."""
    return re.findall(r"env\.(\w+)", json.dumps(dict(SYSTEMS[system].options)))


WRITES = ("POST", "PUT", "DELETE")
OUTCOME = {"json 400": b"failed", "json 403": b"failed", "page": b"paused"}


@pytest.mark.parametrize("style", ["json 400", "json 403", "page"])
def test_e01_a_refusal_that_says_the_secret_back_is_journalled_without_it(here: Path, style: str) -> None:
    """Nor does the log, the report or the terminal hold it."""
    with served(["kintone"]) as (emulators, env):
        inner, echo = emulators["kintone"].app, Echo(REPLIES[style])

        def lies(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
            writes = method in WRITES and not environ["PATH_INFO"].endswith("cursor.json")
            return (echo if writes else inner)(environ, start)

        with serve(lies) as server:
            stage = Stage(here, emulators, {**env, "KINTONE_URL": server.url})
            stage.write("p.json", unpaced(playbook("kintone", "kintone")))
            words = [
                ("plan", "p.json", "-o", "a.plan"),
                ("apply", "a.plan", "-v", "--max-wait", "1s"),
                ("report",),
                ("report", "--json"),
                ("report", "1", "--quarantine", "q.csv"),
                ("retry", "1", "--with", "q.csv", "-o", "r.plan"),
                ("apply", "r.plan", "-v", "--max-wait", "1s"),
                ("undo", "1", "-o", "u.plan"),
                ("resume", "-v", "--max-wait", "1s"),
                ("report", "-v"),
            ]
            seen = [(" ".join(each), stage.run(*each).text.encode()) for each in words]
        assert echo.heard
        assert OUTCOME[style] in dict(seen)["apply a.plan -v --max-wait 1s"]
        assert leaks([env["KINTONE_API_TOKEN"]], [*seen, *stage.files().items()]) == []
