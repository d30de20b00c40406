"""The stage that cassettes are recorded and replayed on: a scenario asks a connector the same things both times.

    @KINTONE.scenario(prepare=four_customers)
    def read_by_id(session: Session) -> list[str]: ...

    record(read_by_id, folder)     asks an emulator, through the real transport; writes folder/kintone/read_by_id.yaml
    replay(read_by_id)             asks the file; no server, no login that anybody knows

Whatever would differ from one recording to the next stands still: the clock (which moves only when somebody waits),
the address, one request at a time, and the random numbers that ids of cursors and requests are made of.
"""

from __future__ import annotations

import random
import secrets
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from migrator import __version__
from migrator.contract import Capabilities, Target, Transfer, Unlimited, Writing
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.playbook import OnTaken, Write
from migrator.model.values import Collection
from migrator.transport.cassette import Cassette, cassette
from migrator.transport.pace import ManualClock
from migrator.transport.retry import Patience
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import open_wire
from tests.connectors.world import Session, World
from tests.wsgi import WsgiAdapter

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"

REPLAYED = "login-of-a-replay"
"""What a replay logs in with: no header of a login is kept, so it matches all the same."""

WRONG = "no-such-login-anywhere"
"""What a scenario of a refused login logs in with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A system whose connector is recorded, and the collection that the scenarios use."""

    system: str
    """Name of the emulator, and of the folder."""
    connector: type[Target]
    """Under test."""
    options: Callable[[str], Any]
    """A token or key -> the connector's Options."""
    login: str
    """The environment variable of the emulator that holds the token or key."""
    collection: str
    """Its id."""
    key: tuple[str, ...]
    """Its key fields."""
    read: Any
    """ReadOptions."""
    write: Any
    """WriteOptions."""
    secrets: tuple[str, ...]
    """Every token, password and key of the emulator's sample, and what they travel as."""
    zone: str = "UTC"
    """Of the sample."""
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    """By name, in the order of recording; the first is `describe`."""

    def scenario(self, **more: Any) -> Callable[[Callable[[Session], Any]], Scenario]:
        """Make a function a scenario of this subject, called as the function is."""

        def made(play: Callable[[Session], Any]) -> Scenario:
            scenario = Scenario(subject=self, name=play.__name__, play=play, **more)
            self.scenarios[scenario.name] = scenario
            return scenario

        return made


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """One cassette."""

    subject: Subject
    name: str
    """The file's."""
    play: Callable[[Session], Any]
    """What is asked; returns what the connector made of it."""
    prepare: Callable[[Emulator], object] = lambda emulator: None
    """What stands in the emulator, before anything is recorded. It begins without records."""
    on_taken: OnTaken = OnTaken.CONFLICT
    write: Any = None
    """WriteOptions, where not the subject's."""
    wrong: bool = False
    """With a login that is refused."""
    described: bool = True
    """Whether it begins with the collection that the cassette `describe` tells of."""

    def path(self, folder: Path = CASSETTES) -> Path:
        """Of its file."""
        return folder / self.subject.system / f"{self.name}.yaml"


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a scenario came to."""

    result: Any
    waited: float
    """Seconds that the transport waited."""


def record(scenario: Scenario, folder: Path = CASSETTES) -> Played:
    """Play it against a fresh emulator and write its file. Raises CassetteMismatch where a secret is in it."""
    clock = ManualClock()
    with _same_chances():
        emulator = create_emulator(scenario.subject.system, seed="empty", clock=_Told(clock))
        scenario.prepare(emulator)
        scrubber = Scrubber()
        scrubber.learn(*scenario.subject.secrets)
        tape = cassette(
            scenario.path(folder),
            mode="record",
            scrubber=scrubber,
            where=f"emulator {scenario.subject.system}, migrator {__version__}",
            inner=WsgiAdapter(emulator.app),
        )
        with tape:
            return _played(scenario, tape, scrubber, clock, emulator.variables[scenario.subject.login])


def replay(scenario: Scenario, path: Path | None = None) -> Played:
    """Play it on its file. Raises CassetteMismatch where something else is asked, or not all of it."""
    scrubber = Scrubber()
    with cassette(path or scenario.path(), mode="replay", scrubber=scrubber) as tape:
        return _played(scenario, tape, scrubber, ManualClock(), REPLAYED)


@cache
def described(subject: Subject) -> Collection:
    """The collection as the cassette `describe` tells of it."""
    found: Collection = replay(subject.scenarios["describe"]).result
    return found


def _played(scenario: Scenario, tape: Cassette, scrubber: Scrubber, clock: ManualClock, login: str) -> Played:
    subject = scenario.subject
    options = subject.options(WRONG if scenario.wrong else login)
    capabilities = Capabilities(page_max=1, in_flight=1)
    with (
        open_wire(
            subject.connector,
            options,
            Transfer(zone=subject.zone),
            capabilities,
            budget=Unlimited(),
            clock=clock,
            scrubber=scrubber,
            adapter=tape,
            patience=Patience(tries=2),
            chance=lambda: 1.0,
        ) as wire,
        subject.connector(options, wire) as target,
    ):
        collection = _collection(scenario)
        write = Write(system="target", collection=subject.collection, key=subject.key, on_taken=scenario.on_taken)
        session = Session(
            world=_world(subject, options),
            target=target,
            wire=wire,
            collection=collection,
            writing=Writing(write=write, options=scenario.write or subject.write, collection=collection),
            capabilities=target.capabilities(scenario.write or subject.write),
        )
        return Played(result=scenario.play(session), waited=sum(clock.waited))


def _collection(scenario: Scenario) -> Collection:
    if scenario.described:
        return described(scenario.subject)
    return Collection(id=scenario.subject.collection, name="", fields=None)


def _world(subject: Subject, options: Any) -> World:
    """What a Session has to know of it; the rest is for the common suite."""
    return World(
        connector=subject.connector,
        options=options,
        wire=_unneeded,
        collection=subject.collection,
        unknown="4711",
        text="",
        sample=_unneeded,
        fill=_unneeded,
        truth=_unneeded,
        key=subject.key,
        reads={"default": subject.read},
    )


def _unneeded(*given: object) -> NoReturn:
    raise AssertionError("the common suite alone asks for this")


@dataclass(frozen=True)
class _Told:
    """The transport's clock, as an emulator reads it: where the one waits, time passes for the other."""

    clock: ManualClock

    def now(self) -> float:
        """Epoch seconds."""
        return self.clock.wall()


@contextmanager
def _same_chances() -> Iterator[None]:
    """The random numbers that emulators make ids of are the same in every recording."""
    chance = random.Random(2023)

    sources = {
        "token_urlsafe": lambda size: urlsafe_b64encode(chance.randbytes(size)).decode().rstrip("="),
        "token_hex": lambda size: chance.randbytes(size).hex(),
    }
    numbered = patch.object(uuid, "uuid4", lambda: uuid.UUID(int=chance.getrandbits(128), version=4))
    with numbered, patch.multiple(secrets, **sources):
        yield
