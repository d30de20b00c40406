"""The exchanges of examples/kintone.jsonl, transcribed from the reference, hold one by one.

A line: name, source, steps, and `app` where the steps need an app 9 of their own (fields, unique, required). A step:
call ("GET record.json?app=1"), body or raw, auth ("login:password"; by default the sample's token), token, headers;
then status, code, answer (the part that must come; lists must be of equal length, "*" is anything, "-" names keys
that must not be there), errors (exactly these keys, with these messages), has_headers.
"""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.kintone import create
from migrator.emulators.server import Emulator, ManualClock

LINES = (Path(__file__).parent / "examples" / "kintone.jsonl").read_text("utf-8").splitlines()
EXAMPLES = [json.loads(line) for line in LINES]
A_DAY_OF_2027 = 1_800_000_000.0


def headers(emulator: Emulator, step: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = dict(step.get("headers", {}))
    if step.get("auth"):
        found["X-Cybozu-Authorization"] = base64.b64encode(step["auth"].encode()).decode()
    if "token" in step or "auth" not in step:
        sample = emulator.variables["KINTONE_API_TOKEN"]
        found["X-Cybozu-API-Token"] = step.get("token", "TOKEN").replace("TOKEN", sample)
    return found


def run(emulator: Emulator, step: dict[str, Any]) -> TestResponse:
    method, call = step["call"].split(" ")
    path, _, query = call.partition("?")
    body = step.get("raw", json.dumps(step["body"]) if "body" in step else None)
    return Client(emulator.app).open(
        f"/k/v1/{path}",
        method=method,
        query_string=quote(query, safe="=&%[]$"),
        data=body,
        content_type="application/json" if body is not None else None,
        headers=headers(emulator, step),
    )


def differences(part: Any, whole: Any, where: str = "answer") -> list[str]:
    if part == "*":
        return [] if whole is not None else [f"{where} is null"]
    if isinstance(part, dict) and isinstance(whole, dict):
        found = [f"{where}.{key} is there" for key in part.get("-", []) if key in whole]
        for key in part.keys() - {"-"}:
            found += differences(part[key], whole.get(key, "(absent)"), f"{where}.{key}")
        return found
    if isinstance(part, list) and isinstance(whole, list):
        if len(part) != len(whole):
            return [f"{where} has {len(whole)} entries, not {len(part)}: {whole}"]
        pairs = enumerate(zip(part, whole, strict=True))
        return [line for at, (one, other) in pairs for line in differences(one, other, f"{where}[{at}]")]
    return [] if part == whole else [f"{where} is {whole!r}, not {part!r}"]


def errors_told(step: dict[str, Any], answer: Any) -> list[str]:
    told = {key: value["messages"] for key, value in answer.get("errors", {}).items()}
    if told.keys() != step["errors"].keys():
        return [f"errors has the keys {sorted(told)}"]
    return differences(step["errors"], told, "errors")


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_the_exchange_goes_as_the_source_has_it(example: dict[str, Any]) -> None:
    emulator = create(clock=ManualClock(A_DAY_OF_2027))
    if "app" in example:
        given = example["app"]
        emulator.store.add_app("own", given["fields"], unique=given["unique"], required=given["required"])
    for at, step in enumerate(example["steps"]):
        response = run(emulator, step)
        answer = response.get_json(silent=True)
        place = f"step {at}: {step['call'][:80]} -> {response.status_code} {response.get_data(as_text=True)[:600]}"
        assert response.status_code == step["status"], place
        assert step.get("code") in (None, answer and answer.get("code")), place
        assert not differences(step.get("answer", {}), answer or {}), place
        assert not ("errors" in step and errors_told(step, answer)), (place, errors_told(step, answer))
        for name, value in step.get("has_headers", {}).items():
            assert response.headers[name] == value, place


def test_every_example_names_its_source() -> None:
    marks = ("seed", "docs", "client source", "e2e", "observed", "inferred", "client types")
    assert [example["name"] for example in EXAMPLES if not example["source"].startswith(marks)] == []
