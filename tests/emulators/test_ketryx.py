"""The exchanges of examples/ketryx.jsonl, transcribed from the manual and other public sources, hold one by one.

A line: name, source, switches, steps. A step: call ("GET /projects/PROJECT/items"), query, body or raw, auth, status,
answer (the part that must come; lists must be of equal length, "*" is anything but null, "-" names keys that must not
be there), titles (of the records that must come, in order), error (a part of the sentence), headers. `keep` names
parts of an answer ("NAME": "records.0.id") that later steps write as $NAME. `do` is what happens beside the API.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.ketryx import SAMPLE_PROJECT, create
from migrator.emulators.server import Emulator, ManualClock

LINES = (Path(__file__).parent / "examples" / "ketryx.jsonl").read_text("utf-8").splitlines()
EXAMPLES = [json.loads(line) for line in LINES]
SOURCES = ("seed manual", "vendor docs", "client source", "inferred", "assumption")


def filled(part: Any, kept: dict[str, str]) -> Any:
    text = json.dumps(part)
    for name, value in sorted(kept.items(), reverse=True):
        text = text.replace(f"${name}", value)
    return json.loads(text.replace("PROJECT", SAMPLE_PROJECT))


def run(emulator: Emulator, step: dict[str, Any]) -> TestResponse:
    method, path = step["call"].split(" ")
    auth = step.get("auth", "Bearer KXTK_full")
    return Client(emulator.app).open(
        f"/api/v1{path}",
        method=method,
        query_string=step.get("query"),
        data=step.get("raw", json.dumps(step["body"]) if "body" in step else None),
        content_type="application/json",
        headers={"Authorization": auth} if auth else {},
    )


def differences(part: Any, whole: Any, where: str = "answer") -> list[str]:
    if part == "*":
        return [] if whole is not None else [f"{where} is null"]
    if isinstance(part, dict) and isinstance(whole, dict):
        found = [f"{where}.{key} is there" for key in part.get("-", []) if key in whole]
        for key in part.keys() - {"-"}:
            found += differences(part[key], whole.get(key, "(absent)"), f"{where}.{key}")
        return found
    if isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        pairs = enumerate(zip(part, whole, strict=True))
        return [line for at, (one, other) in pairs for line in differences(one, other, f"{where}[{at}]")]
    return [] if part == whole and type(part) is type(whole) else [f"{where}: {part!r} expected, {whole!r} came"]


def picked(answer: Any, path: str) -> str:
    for word in path.split("."):
        answer = answer[int(word) if word.isdigit() else word]
    return str(answer)


def beside(emulator: Emulator, words: list[str]) -> None:
    """Something that people or other systems do; the project is the sample's."""
    store = emulator.store
    if words[0] == "version":
        store.add_version(store.projects[SAMPLE_PROJECT], words[1])
    elif words[0] == "retire":
        store.retire(words[1], store.projects[SAMPLE_PROJECT].versions[-1])
    else:
        getattr(store, words[0])(*words[1:])


def check(emulator: Emulator, step: dict[str, Any], kept: dict[str, str]) -> None:
    response = run(emulator, step)
    answer = response.get_json(silent=True) or {}
    place = f"{step['call']} {step.get('query', '')} -> {response.status_code} {response.text[:800]}"
    assert response.status_code == step["status"], place
    assert not differences(step.get("answer", {}), answer), (place, differences(step.get("answer", {}), answer))
    if "titles" in step:
        assert [record["title"] for record in answer["records"]] == step["titles"], place
    assert step.get("error", "") in answer.get("error", ""), place
    for name, value in step.get("headers", {}).items():
        assert response.headers[name] == value, place
    kept.update({name: picked(answer, path) for name, path in step.get("keep", {}).items()})


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_the_exchange_goes_as_the_source_has_it(example: dict[str, Any]) -> None:
    emulator = create(seed=example.get("seed", "sample"), clock=ManualClock(1_750_420_555.058))
    for switch, value in example.get("switches", {}).items():
        assert hasattr(emulator.store.switches, switch)
        setattr(emulator.store.switches, switch, tuple(value) if isinstance(value, list) else value)
    kept: dict[str, str] = {}
    for given in example["steps"]:
        step = filled(given, kept)
        if "do" in step:
            beside(emulator, step["do"])
        else:
            check(emulator, step, kept)


def test_every_example_names_its_source_and_one_name() -> None:
    assert [example["name"] for example in EXAMPLES if not example["source"].startswith(SOURCES)] == []
    names = [example["name"] for example in EXAMPLES]
    assert [name for name in names if names.count(name) > 1] == []
