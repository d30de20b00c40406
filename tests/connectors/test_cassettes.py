"""What holds for every cassette: where it was recorded, what is not in it, and that it means what it says."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml

from migrator.emulators.server import Emulator
from migrator.model.values import File
from migrator.transport.cassette import HEAD, CassetteMismatch
from tests.connectors.cassette_kainexus import KAINEXUS
from tests.connectors.cassette_kintone import KINTONE, find_odd_keys, read_by_id
from tests.connectors.cassette_stage import CASSETTES, REPLAYED, WRONG, Played, Scenario, record, replay
from tests.connectors.record_cassettes import SCENARIOS, main
from tests.connectors.words import text_of
from tests.connectors.world import Session

FILES = sorted(CASSETTES.rglob("*.y*ml"))
SECRETS = (*KINTONE.secrets, *KAINEXUS.secrets, WRONG)
REAL = "glpi"
"""The one system of which there may be recordings of a real server."""

pytestmark = pytest.mark.usefixtures("socket_disabled")


def name_of(one: Any) -> str:
    return f"{one.subject.system}/{one.name}" if isinstance(one, Scenario) else str(one.relative_to(CASSETTES))


def shown(played: Played) -> Any:
    """A result that compares: errors by all that they carry."""
    error = isinstance(played.result, Exception)
    return played.waited, (type(played.result), vars(played.result)) if error else played.result


def head_of(path: Path) -> str:
    head = path.read_text("utf-8").partition("\n")[0]
    assert head.startswith(HEAD), f"{path.name} does not say where it was recorded"
    return str(json.loads(head.removeprefix(HEAD)))


def values(node: Any) -> Iterator[str]:
    """Texts of a body that are not keys: some keys are words of every error, such as `record`."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from values(value)
        if isinstance(value, str):
            yield value


def texts(node: Any) -> Iterator[str]:
    """All texts of a parsed file, keys too."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif node is not None:
        yield node.decode("latin-1") if isinstance(node, bytes) else str(node)


def spelled(secret: str) -> set[str]:
    """How a secret could stand in a file; worked out here, not by the scrubber that is under test."""
    users = ("", "api:", "Administrator:")
    coded = {code(f"{user}{secret}".encode()).decode() for user in users for code in (b64encode, urlsafe_b64encode)}
    return {secret, quote(secret, safe=""), quote_plus(secret), secret[::-1]} | {code.rstrip("=") for code in coded}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_recording_anew_gives_the_same_bytes_and_replaying_the_same_result(
    scenario: Scenario, tmp_path: Path
) -> None:
    """A cassette stands for what its emulator answers today; nothing in it hangs on the day or on chance."""
    live = record(scenario, tmp_path)
    old, new = (path.read_text("utf-8").partition("\n")[2] for path in (scenario.path(), scenario.path(tmp_path)))
    assert old == new, "record it anew (python -m tests.connectors.record_cassettes) and review the diff"
    assert shown(replay(scenario)) == shown(live)


def test_every_file_of_an_emulator_belongs_to_a_scenario() -> None:
    """No cassette is left behind that no test replays."""
    ours = {scenario.path() for scenario in SCENARIOS}
    assert {path for path in FILES if path.parent.name != REAL} == ours


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_says_where_it_was_recorded(path: Path) -> None:
    """By an emulator of the folder's system and which program, or by a real server: of GLPI only."""
    where = head_of(path)
    if path.parent.name == REAL and where.startswith("real server"):
        return
    assert re.fullmatch(rf"emulator {re.escape(path.parent.name)}, migrator \d+\.\d+\.\d+\S*", where), where


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_holds_a_login_in_any_form(path: Path) -> None:
    """Neither as text nor as YAML folds it, plain, base64, URL-encoded or backwards."""
    raw = path.read_text("utf-8")
    found = [raw, re.sub(r"\\?\s+", "", raw), *texts(yaml.safe_load(raw))]
    assert [form for secret in SECRETS for form in spelled(secret) if any(form in text for text in found)] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_headers_that_are_allowed_are_kept(path: Path) -> None:
    """No header of a login, no cookie, no date."""
    kept = {"content-type", "content-range", "accept-range", "retry-after", "etag", "link", "location"}
    for one in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
        for headers in (one["request"]["headers"], one["response"]["headers"]):
            assert {name.lower() for name in headers} <= kept | {"x-http-method-override"}


def test_no_emulator_is_proved_by_what_it_recorded_itself() -> None:
    """Tests of emulators read no cassette but those of real servers."""
    made = {path.parent.name for path in FILES if head_of(path).startswith("emulator")}
    for path in (CASSETTES.parent / "tests" / "emulators").rglob("*"):
        if path.suffix not in (".py", ".json", ".jsonl", ".yaml"):
            continue
        text = path.read_text("utf-8")
        assert not re.search(rf"cassettes\W+({'|'.join(sorted(made))})\b", text), path
        assert not re.search(r"tests\.connectors\.(cassette_|record_)", text), path


@pytest.mark.parametrize(
    "scenario",
    [one for one in SCENARIOS if re.search(r"^    body: ['\"]", one.path().read_text(), re.M)],
    ids=name_of,
)
def test_a_changed_body_does_not_replay_and_the_error_shows_nothing_of_it(scenario: Scenario, tmp_path: Path) -> None:
    """One more key in the recorded body, and the exchange is another one."""
    head, _, rest = scenario.path().read_text("utf-8").partition("\n")
    tape = yaml.safe_load(rest)
    request = next(one["request"] for one in tape["interactions"] if one["request"]["body"])
    body = json.loads(request["body"])
    request["body"] = json.dumps({**body, "more": "canary-of-a-body"})
    changed = tmp_path / "changed.yaml"
    changed.write_text(f"{head}\n{yaml.safe_dump(tape)}", "utf-8")
    with pytest.raises(CassetteMismatch) as raised:
        replay(scenario, changed)
    assert raised.value.problems[0].detail == "the nearest differs in its body"
    told = text_of(raised.value)
    assert [text for text in (*values(body), "canary") if len(text) > 3 and text in told] == []


def test_a_mismatch_shows_no_login() -> None:
    """Not even where what is asked holds it: in a body, or in the path."""

    def ask(session: Session) -> None:
        with pytest.raises(CassetteMismatch) as raised:
            list(session.target.find(session.collection, ("customer_no",), [[(REPLAYED,)]], None))
        with pytest.raises(CassetteMismatch) as opened:
            list(session.target.open(File(name="x", size=1, media_type="", where=REPLAYED, system="x")))
        for error in (raised.value, opened.value):
            assert REPLAYED not in text_of(error)
        find_odd_keys.play(session)

    replay(changed_to(find_odd_keys, ask))


def test_an_exchange_that_nobody_asks_for_is_an_error() -> None:
    """A connector that asks less than it did is noticed."""
    with pytest.raises(CassetteMismatch) as raised:
        replay(changed_to(read_by_id, lambda session: None))
    assert raised.value.problems[0].detail.splitlines() == ["POST /k/v1/records.json"] * 2


def test_a_canary_in_a_file_makes_the_recorder_refuse(tmp_path: Path) -> None:
    """Bytes that are no text cannot be scrubbed: a known secret in them, and nothing is written."""
    canary = KINTONE.secrets[0]

    def plant(emulator: Emulator) -> None:
        tenant = emulator.store
        key = tenant.files.upload("photo.png", "image/png", b"\x89PNG\xff" + canary.encode())
        tenant.add_records("kitchen-sink", [{"title": "with a file", "files": [{"fileKey": key}]}])
        keys.extend(file["fileKey"] for file in tenant.records("kitchen-sink")[0]["files"])

    def ask(session: Session) -> bytes:
        file = File(name="photo.png", size=1, media_type="", where=keys[0], system="x")
        return b"".join(session.target.open(file))

    keys: list[str] = []
    with pytest.raises(CassetteMismatch, match="known secret") as raised:
        record(changed_to(read_by_id, ask, prepare=plant), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert canary not in text_of(raised.value)


def test_a_canary_in_a_record_is_scrubbed(tmp_path: Path) -> None:
    """Text is written without it, and read back as asterisks."""
    canary = KINTONE.secrets[0]

    def plant(emulator: Emulator) -> None:
        emulator.store.add_records("customers", [{"customer_no": "C-1", "name": f"pays with {canary}"}])

    def ask(session: Session) -> Any:
        return [one.fields["name"] for page in session.target.read(session.query()) for one in page.records]

    planted = changed_to(read_by_id, ask, prepare=plant)
    assert record(planted, tmp_path).result == [f"pays with {canary}"], "while recording, the real answer comes"
    assert canary not in planted.path(tmp_path).read_text()
    assert replay(planted, planted.path(tmp_path)).result == ["pays with ***"]


def test_the_command_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """A word that names no cassette records nothing."""
    assert main(["kintone/no_such"]) == 3
    assert "kintone/no_such" in capsys.readouterr().err


def changed_to(scenario: Scenario, play: Any, **more: Any) -> Scenario:
    """The same cassette with something else asked."""
    return Scenario(subject=scenario.subject, name=scenario.name, play=play, **more)
