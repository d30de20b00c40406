"""A file as the source, an emulator as the target, and a program that can be broken at any of its requests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from migrator import lookback, pipeline
from migrator.emulators.server import create_emulator
from migrator.errors import MigratorError
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.planfile import PlanFile
from migrator.transport.secrets import Scrubber
from tests.end_to_end.sides import SYSTEMS
from tests.machine.truth import SIDES, Standing
from tests.one_clock import OneClock
from tests.wsgi import WsgiAdapter


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Fault:
    """Breaks the n-th request from now, before or after the server worked. `kill`: the process too."""

    def __init__(self, at: int, *, kill: bool, after: bool) -> None:
        self.left, self.kill, self.after, self.hit = at, kill, after, False

    def point(self, after: bool) -> None:
        """A request passes, on one side or the other."""
        if after is not self.after or self.hit:
            return
        self.left -= 1
        if self.left <= 0:
            self.hit = True
            raise Killed if self.kill else requests.ConnectionError("reset by peer")


class Visit(Fault):
    """Something happens while the n-th request of an apply is under way; `writes`: the n-th that writes."""

    def __init__(self, at: int, *, writes: bool) -> None:
        super().__init__(at, kill=False, after=False)
        self.writes = writes

    def point(self, after: bool) -> None:
        """Nothing breaks."""

    def strikes(self, environ: Mapping[str, Any]) -> bool:
        """This is the request."""
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
        reads = method == "GET" or environ["PATH_INFO"].endswith(("cursor.json", "graphql"))
        if self.hit or (self.writes and reads):
            return False
        self.left -= 1
        self.hit = self.left <= 0
        return self.hit

    def refuses(self, environ: Mapping[str, Any]) -> bool:
        """This request is answered with 429."""
        raise NotImplementedError


class Rival(Visit):
    """A second process tries to carry out another plan; what came of it is in `met`."""

    met: RunEnded | MigratorError | None = None

    def __init__(self, rig: Rig, at: int, *, writes: bool) -> None:
        super().__init__(at, writes=writes)
        self.rig = rig

    def refuses(self, environ: Mapping[str, Any]) -> bool:
        if self.strikes(environ):
            try:
                self.met = self.rig.apply_other()
            except MigratorError as refusal:
                self.met = refusal
        return False


class Rest(Visit):
    """The n-th request that writes is told to come back in half a minute, and meanwhile something happens."""

    def __init__(self, at: int, meanwhile: Callable[[], object]) -> None:
        super().__init__(at, writes=True)
        self.meanwhile = meanwhile

    def refuses(self, environ: Mapping[str, Any]) -> bool:
        if not self.strikes(environ):
            return False
        self.meanwhile()
        return True


class Rig:
    """One playbook, one state, one target. `missing`: what the step says of records that left the source."""

    def __init__(self, system: str, folder: Path, missing: str = "keep") -> None:
        self.system, self.folder, self.side, self.missing = system, folder, SIDES[system], missing
        self.clock = OneClock()
        self.emulator = create_emulator(system, seed="empty", clock=self.clock)
        self.fault: Fault | None = None
        self.state, self.file, self.other = folder / ".migrator", folder / "a.plan", folder / "b.plan"
        self.adapter = WsgiAdapter(
            self._app,
            before=lambda _: self.fault and self.fault.point(False),
            after=lambda _: self.fault and self.fault.point(True),
        )
        (folder / "p.json").write_text(self._playbook(), "utf-8")

    def _playbook(self) -> str:
        taker = SYSTEMS[self.system].target
        step = {
            "step": "rows",
            "source": {"system": "sheet", "collection": "rows.jsonl", "query": {"id": "id"}},
            "fields": {taker.title: "{{ record.title }}", taker.text: "as it is", **taker.fixed},
            "target": {"system": "there", **taker.part},
        }
        there = {"connector": self.system, **SYSTEMS[self.system].options}
        systems = {"sheet": {"connector": "jsonl", "path": "."}, "there": there}
        if self.missing != "keep":
            step["target"]["missing"] = self.missing  # type: ignore[index]  # it is a map
        limits = {"update_percent": 100, "delete_percent": 100}
        return json.dumps({"playbook": "machine", "systems": systems, "limits": limits, "steps": [step]})

    def _app(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if isinstance(self.fault, Visit) and self.fault.refuses(environ):
            start("429 Too Many Requests", [("Retry-After", "30"), ("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = self.emulator.app(environ, start)
        return answer

    def around(self) -> Surroundings:
        """Fresh for each command, as a process would have it."""
        env = {**os.environ, **self.emulator.env(f"http://{self.system}.localhost")}
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters={"there": self.adapter})

    def source(self, rows: dict[str, str]) -> None:
        """What the file holds."""
        lines = [json.dumps({"id": key, "title": title}) for key, title in rows.items()]
        (self.folder / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def standing(self) -> Standing:
        """What stands in the target; no key twice."""
        found = self.side.stands(self.emulator)
        assert len({key for key, _, _ in found}) == len(found), f"a record stands twice: {sorted(found)}"
        return {key: (number, title) for key, number, title in found}

    def plan(self, file: Path | None = None) -> dict[str, str]:
        """Key -> action of each line that sends something."""
        file = file or self.file
        planned = _result(pipeline.plan(self.folder / "p.json", file, self.around(), state=self.state))
        assert planned.trailer.problem_total == 0, planned.trailer.problems
        lines = [change for _, change in PlanFile(file).changes()]
        return {line.origin.id: line.action.value for line in lines if line.origin and line.action.value != "link"}

    def apply(self, fault: Fault | None = None) -> RunEnded:
        """Raises Killed, PlanRefused and what ends a run early."""
        return self._run(lambda: pipeline.apply(self.file, self.around(), options=_OPTIONS, state=self.state), fault)

    def apply_other(self) -> RunEnded:
        """The other plan, by a process of its own. Raises what ends a run early."""
        *_, last = pipeline.apply(self.other, self.around(), options=_OPTIONS, state=self.state)
        assert isinstance(last, RunEnded)
        return last

    def resume(self, fault: Fault | None = None) -> RunEnded:
        """The same for `migrator resume`. Raises UsageWrong where there is nothing to take up."""
        return self._run(lambda: pipeline.resume(None, self.around(), options=_OPTIONS, state=self.state), fault)

    def undo(self, run: int) -> RunEnded:
        """Plans what takes the run back, and carries that out."""
        _result(lookback.undo(run, self.file, self.around(), state=self.state))
        return self.apply()

    def _run(self, begin: Callable[[], Iterator[Any]], fault: Fault | None) -> RunEnded:
        self.fault = fault
        try:
            *_, last = begin()
        finally:
            self.fault = None
        assert isinstance(last, RunEnded)
        return last


_OPTIONS = ApplyOptions()


def _result(making: Any) -> Planned:
    while True:
        try:
            next(making)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the generator returns
