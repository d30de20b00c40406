"""The wire of file systems: parts, merges, and what a crash leaves behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from migrator.contract import Answer, Call, Transfer
from migrator.errors import LocalFault, NotFound, NotSent
from migrator.model.values import File
from migrator.transport.file import FileWire

WHOLE = File(name="people.csv", size=None, media_type="text/csv")


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[FileWire]:
    with FileWire(tmp_path, Transfer()) as wire:
        yield wire


def call(
    method: str, name: str = "people.csv", body: bytes | tuple[bytes, File, bytes] = b"", stamp: str = ""
) -> Call:
    headers = {"if-match": stamp} if stamp else {}
    return Call(method=method, path=name, kind="write", repeatable=True, body=body, headers=headers)


def told(answer: Answer) -> dict[str, object]:
    body: dict[str, object] = orjson.loads(answer.body)
    return {"status": answer.status, **body}


def append(wire: FileWire, *lines: bytes) -> dict[str, object]:
    return told(wire.send(call("APPEND", body=b"".join(lines))).result())


def merge(wire: FileWire, content: bytes, stamp: str = "") -> dict[str, object]:
    body = (b"no\n", WHOLE, b"")
    return told(wire.send(call("MERGE", body=body, stamp=stamp), lambda file: iter([content])).result())


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_appends_go_to_the_part_and_the_file_stands_untouched(wire: FileWire, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"no\nE1\n")
    assert append(wire, b'{"key":["E1"]}\n') == {"status": 200, "offset": 0}
    assert append(wire, b'{"key":["E2"]}\n', b'{"key":["E3"]}\n') == {"status": 200, "offset": 15}
    part = tmp_path / "people.csv.migrator-part"
    assert part.read_bytes().count(b"\n") == 3
    assert part.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "people.csv").read_bytes() == b"no\nE1\n"


def test_a_cut_last_line_is_dropped_before_the_first_append_of_a_process(wire: FileWire, tmp_path: Path) -> None:
    part = tmp_path / "people.csv.migrator-part"
    part.write_bytes(b'{"key":["E1"]}\n{"key":["E')
    assert append(wire, b'{"key":["E2"]}\n')["offset"] == 15
    assert part.read_bytes() == b'{"key":["E1"]}\n{"key":["E2"]}\n'


def test_a_part_without_any_whole_line_is_emptied(wire: FileWire, tmp_path: Path) -> None:
    part = tmp_path / "people.csv.migrator-part"
    part.write_bytes(b'{"key":["E')
    assert append(wire, b"{}\n")["offset"] == 0
    assert part.read_bytes() == b"{}\n"


def test_a_merge_replaces_the_file_keeps_its_rights_and_takes_the_part_away(wire: FileWire, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"no\n")
    file.chmod(0o640)
    append(wire, b"{}\n")
    new = sha(b"no\nE1\n")
    assert merge(wire, b"E1\n", stamp=sha(b"no\n")) == {"status": 200, "stamp": new}
    assert file.read_bytes() == b"no\nE1\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]
    assert merge(wire, b"never read", stamp=sha(b"no\n")) == {"status": 200, "stamp": new}, "safe to repeat"
    assert told(wire.ask(call("STAMP"))) == {"status": 200, "stamp": new}


def test_a_file_that_moved_since_planning_is_not_replaced(wire: FileWire, tmp_path: Path) -> None:
    append(wire, b"{}\n")
    (tmp_path / "people.csv").write_bytes(b"somebody else's")
    assert merge(wire, b"E1\n", stamp="absent") == {"status": 412, "stamp": sha(b"somebody else's")}
    assert (tmp_path / "people.csv").read_bytes() == b"somebody else's"
    assert (tmp_path / "people.csv.migrator-part").exists()


def test_a_merge_whose_content_fails_leaves_everything_as_it_was(wire: FileWire, tmp_path: Path) -> None:
    append(wire, b"{}\n")

    def content(file: File) -> Iterator[bytes]:
        yield b"E1"
        raise NotFound("the old file is no csv")

    with pytest.raises(NotFound):
        wire.send(call("MERGE", body=(b"", WHOLE, b"")), content).result()
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.migrator-part"]


CHILD = """
import sys
from pathlib import Path
from migrator.contract import Call, Transfer
from migrator.model.values import File
from migrator.transport.file import FileWire
with FileWire(Path(sys.argv[1]), Transfer()) as wire:
    def send(method, body, content=None, **headers):
        call = Call(method=method, path="people.csv", kind="w", repeatable=True, body=body, headers=headers)
        return wire.send(call, content).result()
    if "append" in sys.argv:
        send("APPEND", b'{"key":["E1"]}\\n')
    if "merge" in sys.argv:
        new = File(name="n", size=None, media_type="")
        part = Path(sys.argv[1], "people.csv.migrator-part")
        content = lambda file: iter([b"E1" * part.read_bytes().count(b"key")])
        answer = send("MERGE", (b"no\\n", new, b"\\n"), content, **{"if-match": "absent"})
        print(answer.status)
"""


def child(folder: Path, *words: str, die_at: str = "") -> str:
    environment = {**os.environ, "MIGRATOR_FAILPOINT": die_at, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (-9 if die_at else 0), done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("point", ["file_appended", "file_written", "file_noted", "file_renamed"])
def test_a_process_killed_anywhere_is_taken_up_and_ends_as_an_unbroken_one(point: str, tmp_path: Path) -> None:
    child(tmp_path, "append", "merge", die_at=point)
    assert child(tmp_path, "merge") == "200"
    assert (tmp_path / "people.csv").read_bytes() == b"no\nE1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_a_finished_part_is_not_carried_into_the_next_run(tmp_path: Path) -> None:
    child(tmp_path, "append", "merge", die_at="file_renamed")
    (tmp_path / "people.csv").write_bytes(b"edited by hand")
    child(tmp_path, "append")
    assert (tmp_path / "people.csv.migrator-part").read_bytes() == b'{"key":["E1"]}\n'


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "", ".", "..", "x%00.csv", "..%2Fx.csv", "a\\b", "x.csv.migrator-part"],
)
def test_a_name_that_leads_out_of_the_folder_is_not_found(wire: FileWire, name: str) -> None:
    with pytest.raises(NotFound):
        wire.ask(call("STAT", name))
    with pytest.raises(NotFound):
        wire.send(call("APPEND", name, b"{}\n")).result()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.csv").write_bytes(b"no\n")
    (inside / "people.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "down").symlink_to(tmp_path)
    with FileWire(inside, Transfer()) as wire:
        for name in ("people.csv", "down/secret.csv"):
            with pytest.raises(NotFound):
                wire.ask(call("STAT", name))


def test_a_link_in_the_place_of_the_part_is_not_followed(wire: FileWire, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"whole\n")
    (tmp_path / "people.csv.migrator-part").symlink_to(victim)
    with pytest.raises(LocalFault):
        append(wire, b"{}\n")
    assert victim.read_bytes() == b"whole\n"


def test_stat_tells_where_to_open_also_what_is_not_there_yet(wire: FileWire, tmp_path: Path) -> None:
    path, part = str(tmp_path / "people.csv"), str(tmp_path / "people.csv.migrator-part")
    assert told(wire.ask(call("STAT"))) == {"status": 404, "path": path, "part": None}
    append(wire, b"{}\n")
    (tmp_path / "people.csv").write_bytes(b"no\n")
    assert told(wire.ask(call("STAT"))) == {"status": 200, "path": path, "part": part, "size": 3}
    assert wire.origin == str(tmp_path)
    assert b"".join(wire.download(call("GET"))) == b"no\n"


def test_half_lines_and_unknown_calls_are_refused_before_anything_is_written(wire: FileWire, tmp_path: Path) -> None:
    for bad in (call("APPEND", body=b"{}"), call("APPEND"), call("POST", body=b"{}\n")):
        with pytest.raises(NotSent):
            wire.send(bad).result()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_local_fault_and_leaves_no_half_line(tmp_path: Path) -> None:
    """RLIMIT_FSIZE gives a real short write."""
    script = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
from pathlib import Path
from migrator.contract import Call, Transfer
from migrator.errors import LocalFault
from migrator.transport.file import FileWire
with FileWire(Path(sys.argv[1]), Transfer()) as wire:
    for n in range(2):
        line = b'{"key":%d,"padding":1}\\n' % n
        try:
            wire.send(Call(method="APPEND", path="p.csv", kind="w", repeatable=True, body=line)).result()
        except LocalFault as error:
            print(error)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
    )
    assert "cannot be written: File too large" in done.stdout
    assert (tmp_path / "p.csv.migrator-part").read_bytes() == b'{"key":0,"padding":1}\n'
