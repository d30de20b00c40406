"""The command line as a real process: signals, closed streams, no terminal, the emulators that it serves."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.emulators.server import Emulator, create_emulator, serve
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """\
playbook: rows
systems:
  here: {connector: csv, path: "."}
  kt: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}",
       in_flight: 1}
steps:
  - step: rows
    source: {system: here, collection: rows.csv, query: {id: serial}}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: kt, collection: 3, key: serial}
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, without our variables, and with the tree to import from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIGRATOR_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **more}


def _heeding() -> None:
    """Whoever runs the tests in the background, or under nohup, ignores signals, and its children would too."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def start(*words: object, env: dict[str, str] | None = None, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "migrator", *map(str, words)],
        env=env or environment(),
        text=True,
        encoding="utf-8",
        preexec_fn=_heeding,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},  # type: ignore[call-overload]  # Popen's own words
    )


# ---------------------------------------------------------------- streams


@pytest.fixture
def big_plan(run: Run, project: Path) -> Path:
    """A plan whose sheet is longer than any pipe's buffer."""
    rows = "".join(f"{number},name {number}\n" for number in range(20_000))
    (project / "people.csv").write_text("number,name\n" + rows)
    assert run("plan", "playbook.yaml", "-o", "big.plan").code == 0
    return project / "big.plan"


@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_a23_a_reader_who_leaves_is_no_fault(big_plan: Path, format: str) -> None:
    """`show | head`: the exit code of the work, and no word on stderr."""
    shown = start("show", big_plan, "--full", "--format", format)
    assert shown.stdout is not None and shown.stderr is not None
    assert shown.stdout.readline()
    shown.stdout.close()
    assert shown.stderr.read() == ""
    shown.stderr.close()
    assert shown.wait() == 0


def test_a23_an_apply_goes_on_when_its_reader_leaves(big_plan: Path) -> None:
    """What is written to the target does not depend on who looks on."""
    read, write = os.pipe()
    os.close(read)
    applied = start("apply", big_plan, stdout=write, cwd=big_plan.parent)
    os.close(write)
    applied.communicate()
    assert applied.returncode == 0
    assert len((big_plan.parent / "contacts.csv").read_text().splitlines()) == 20_001


def test_a23_no_standard_streams_at_all(project: Path) -> None:
    """Closed stdin, stdout and stderr end in the right exit code."""
    command = f'exec "{sys.executable}" -m migrator plan playbook.yaml --detailed-exitcode <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", command], cwd=project, env=environment(), check=False)
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_under_the_output_is_told(project: Path) -> None:
    """Exit 8 and a sentence, where the result could not be written."""
    with Path("/dev/full").open("w") as full:
        shown = start("plan", "playbook.yaml", stdout=full, cwd=project)
        _, err = shown.communicate()
    assert shown.returncode == 8
    assert "could not be written" in err
    assert "Traceback" not in err


def test_help_for_a_reader_who_left() -> None:
    """`migrator --help | true` is no error."""
    read, write = os.pipe()
    os.close(read)
    shown = start("--help", stdout=write)
    os.close(write)
    _, err = shown.communicate()
    assert (shown.returncode, err) == (0, "")


@pytest.mark.parametrize("more", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"TERM": "dumb"}])
def test_a23_plain_places_get_plain_utf8(project: Path, more: dict[str, str]) -> None:
    """No terminal, a C locale, a dumb terminal: UTF-8 without control codes."""
    (project / "people.csv").write_text("number,name\n1,東京\n", "utf-8")
    shown = start("plan", "playbook.yaml", env=environment(**more), cwd=project)
    out, err = shown.communicate()
    assert "東京" in out
    assert "\x1b" not in out + err


@pytest.mark.parametrize(
    ("more", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a23_a_terminal_gets_colours_unless_it_does_not_want_them(
    project: Path, more: dict[str, str], coloured: bool
) -> None:
    """On a terminal of some width: colours; with NO_COLOR or a dumb one: none."""
    outer, inner = pty.openpty()
    subprocess.run(["stty", "cols", "100", "rows", "40"], stdin=inner, check=True)
    shown = start("plan", "playbook.yaml", env=environment(**more), cwd=project, stdout=inner)
    os.close(inner)
    text = b"".join(iter(lambda: _read(outer), b""))
    shown.communicate()
    os.close(outer)
    assert (b"\x1b[" in text) == coloured
    assert b"Sato" in text


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a23_a_terminal_of_no_width_is_written_to(project: Path, columns: str) -> None:
    """A terminal that says it has no columns, or one: all is shown, exit 2, no traceback; bars do not matter."""
    for words in (("plan", "playbook.yaml", "--detailed-exitcode"), ("runs",), ("doctor",)):
        outer, inner = pty.openpty()
        subprocess.run(["stty", "cols", columns, "rows", columns], stdin=inner, check=True)
        shown = start(*words, env=environment(TERM="xterm"), cwd=project, stdout=inner, stderr=inner)
        os.close(inner)
        text = b"".join(iter(lambda: _read(outer), b""))  # noqa: B023  called before the next turn
        shown.communicate()
        os.close(outer)
        assert (shown.returncode, b"Traceback" in text) == (2 if words[0] == "plan" else 0, False), text


ELSEWHERE = (
    {},
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Asia/Tokyo"},
    {"PYTHONHASHSEED": "4242", "LC_ALL": "POSIX", "LANG": "tr_TR.UTF-8", "TZ": "America/St_Johns", "PYTHONUTF8": "1"},
    {"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "latin-1", "COLUMNS": "1", "NO_COLOR": "1"},
)
"""Hash seeds, locales, encodings and zones under which people start programs."""


def test_a24_a_plan_has_the_same_bytes_wherever_it_is_made(project: Path) -> None:
    """Hash seed, locale, C locale without UTF-8 mode, time zone, another encoding of the streams: one plan hash."""
    (project / "people.csv").write_text("number,name\n1,東京\n2,Ünlü\n3,ıİ\n", "utf-8")
    book = project / "playbook.yaml"
    book.write_text(book.read_text().split("tests:")[0] + "vars: {z: 1, ä: 2, a: 3}\n", "utf-8")
    plans = []
    for number, more in enumerate(ELSEWHERE):
        made = start("plan", "playbook.yaml", "-o", f"{number}.plan", env=environment(**more), cwd=project)
        _, err = made.communicate()
        assert made.returncode == 0, err
        plans.append((project / f"{number}.plan").read_bytes())
    assert len(set(plans)) == 1
    assert "東京".encode() in plans[0]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # how Linux tells that the other end of a terminal is closed
        return b""


# ---------------------------------------------------------------- signals


@contextmanager
def stuck_run(
    folder: Path, emulator: Emulator | None = None
) -> Iterator[tuple[subprocess.Popen[str], threading.Event, dict[str, str]]]:
    """A run whose first write is on its way, and does not come back before the event is set."""
    emulator = emulator or create_emulator("kintone", pace="off")
    arrived, release = threading.Event(), threading.Event()

    def app(environ, start_response):  # type: ignore[no-untyped-def]  # WSGI
        body = emulator.app(environ, start_response)
        write = environ["REQUEST_METHOD"] == "POST" and "HTTP_X_HTTP_METHOD_OVERRIDE" not in environ
        if write and environ["PATH_INFO"].endswith(("/records.json", "/bulkRequest.json")):
            arrived.set()
            release.wait(30)
        return body

    (folder / "rows.yaml").write_text(PLAYBOOK)
    (folder / "rows.csv").write_text("serial,label\n" + "".join(f"S-{number},x\n" for number in range(2000)))
    with serve(app) as server:
        env = environment(**emulator.env(server.url))
        planned = start("plan", "rows.yaml", "-o", "rows.plan", env=env, cwd=folder)
        assert planned.communicate()[1] is not None and planned.returncode == 0
        run = start("apply", "rows.plan", env=env, cwd=folder)
        assert arrived.wait(30)
        try:
            yield run, release, env
        finally:
            release.set()
            run.kill()
            run.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a08_the_first_signal_drains_and_says_how_to_go_on(here: Path, number: signal.Signals) -> None:
    """What is in flight comes home; exit 128+n; the last line is the command, and typed it ends what is left."""
    with stuck_run(here) as (run, release, env):
        run.send_signal(number)
        assert run.stderr is not None
        for line in run.stderr:
            if "once more ends at once" in line:
                break
        release.set()
        _, err = run.communicate()
        assert run.returncode == 128 + number
        assert err.splitlines()[-1] == "go on with  migrator resume 1"
        resumed = start("resume", "1", env=env, cwd=here)
        out, err = resumed.communicate()
        assert (resumed.returncode, "2,000" in out) == (0, True), err


def test_a09_the_second_signal_ends_at_once(here: Path) -> None:
    """Nothing is waited for; the run can be taken up and nothing is sent twice."""
    emulator = create_emulator("kintone", pace="off")
    with stuck_run(here, emulator) as (run, release, env):
        run.send_signal(signal.SIGHUP)
        assert run.stderr is not None
        for line in run.stderr:
            if "once more ends at once" in line:
                break
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 128 + signal.SIGTERM
        release.set()
        resumed = start("resume", env=env, cwd=here)
        _, err = resumed.communicate()
        assert resumed.returncode == 0, err
        verified = start("verify", "rows.yaml", env=env, cwd=here)
        out, _ = verified.communicate()
        assert (verified.returncode, "2,000" in out) == (0, True)
        assert {record["$revision"] for record in emulator.store.records(3)} == {"1"}


def test_a_killed_run_is_told_as_one_that_can_be_taken_up(here: Path) -> None:
    """kill -9 leaves no last word, so `runs` and `report` say it; they do not of a run that is alive."""
    with stuck_run(here) as (run, release, env):
        alive = start("report", env=env, cwd=here)
        assert "is gone" not in alive.communicate(timeout=30)[1]
        run.kill()
        run.wait(10)
        release.set()
        for command in ("runs", "report"):
            asked = start(command, env=env, cwd=here)
            assert "the process of run 1 is gone; go on with  migrator resume 1" in asked.communicate(timeout=30)[1]


def test_a_report_can_be_asked_for_while_a_run_goes_on(here: Path) -> None:
    """From a second terminal: the run stands as running, and nothing waits for a lock."""
    with stuck_run(here) as (_, _, env):
        asked = start("report", env=env, cwd=here)
        out, err = asked.communicate(timeout=30)
        assert (asked.returncode, "run 1 of playbook rows: running" in out) == (0, True), err
        listed = start("runs", "--json", env=env, cwd=here)
        assert json.loads(listed.communicate(timeout=30)[0])["status"] == "running"
        second = start("apply", "rows.plan", env=env, cwd=here)
        _, err = second.communicate(timeout=60)
        assert second.returncode == 6, err


# ---------------------------------------------------------------- emulate


def test_emulators_are_served_until_sigterm() -> None:
    """One line of JSON when they answer, on both loopback addresses, each with its variables; SIGTERM ends them."""
    with start(
        "emulate", "kintone", "kainexus", "--port", "0", "--json", "--seed", "empty", "--pace", "off"
    ) as served:
        assert served.stdout is not None
        told = json.loads(served.stdout.readline())
        assert list(told) == ["kintone", "kainexus"]
        for system in told.values():
            assert set(system) == {"url", "pace", "env", "collections"}
            assert system["pace"] == "off"
        kintone = told["kintone"]
        assert set(kintone["env"]) >= {"KINTONE_URL", "KINTONE_API_TOKEN", "KINTONE_USERNAME", "KINTONE_PASSWORD"}
        request = urllib.request.Request(
            f"{kintone['env']['KINTONE_URL']}/k/v1/app.json?id=3",
            headers={"X-Cybozu-API-Token": kintone["env"]["KINTONE_API_TOKEN"]},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.loads(answer.read())["appId"] == "3"
        served.send_signal(signal.SIGTERM)
        assert served.wait(10) == 0


def test_exports_are_for_a_shell() -> None:
    """eval "$(migrator emulate --export)" goes on at once, with the variables set; the stand-in ends with SIGTERM."""
    program = f"{sys.executable} -m migrator emulate kintone --port 0 --export"
    script = f'eval "$({program})"; printf "%s %s" "$KINTONE_URL" "$EMULATOR_PID"'
    done = subprocess.run(
        ["sh", "-eu", "-c", script], capture_output=True, text=True, check=True, timeout=60, env=environment()
    )
    url, number = done.stdout.split()
    request = urllib.request.Request(f"{url}/k/v1/app.json?id=3")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=10)
    os.kill(int(number), signal.SIGTERM)
    for _ in range(100):
        if not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/stat").read_text().split()[2]:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    else:
        raise AssertionError("it still serves")


def test_a_taken_port_is_told(here: Path) -> None:
    """Exit 1 and a sentence that names the port."""
    with serve(create_emulator("kintone").app) as server:
        refused = start("emulate", "kintone", "--port", server.port)
        _, err = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert str(server.port) in err
    assert "Traceback" not in err


def test_bars_give_the_terminal_back(here: Path) -> None:
    """Whatever ends the program, the cursor is shown again after the last bar."""
    outer, inner = pty.openpty()
    subprocess.run(["stty", "cols", "100", "rows", "40"], stdin=inner, check=True)
    shown = start("demo", env=environment(TERM="xterm"), cwd=here, stdout=inner, stderr=inner)
    os.close(inner)
    text = b"".join(iter(lambda: _read(outer), b""))
    shown.wait()
    os.close(outer)
    assert text.rfind(b"\x1b[?25l") < text.rfind(b"\x1b[?25h") < text.rfind(b"A second plan finds no changes")
