"""Emulators served on loopback, and what a user has to know to reach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from migrator.emulators import EMULATORS
from migrator.errors import MigratorError, UsageWrong
from migrator.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One emulator that answers."""

    url: str
    """Scheme, host, port."""
    pace: str
    """documented or off."""
    env: Mapping[str, str]
    """The variables that playbooks read."""
    collections: Mapping[str, int | str]
    """Sample collections: name -> id."""


@contextmanager
def stands(
    names: Sequence[str], *, port: int = 0, seed: str = "sample", pace: str = "documented"
) -> Iterator[dict[str, Stand]]:
    """System name -> its stand, until left; no names: all. The first at `port`, the others after it; 0: any free.

    Raises UsageWrong for a name without an emulator or where the extra is not installed, MigratorError for a port.
    """
    for name in names:
        if name not in EMULATORS:
            raise UsageWrong(f'there is no emulator of "{name}"', hint=f"there are: {', '.join(sorted(EMULATORS))}")
    with ExitStack() as serving:
        yield {
            name: _stand(serving, name, port + number if port else 0, seed, pace)
            for number, name in enumerate(dict.fromkeys(names or sorted(EMULATORS)))
        }


def _stand(serving: ExitStack, name: str, port: int, seed: str, pace: str) -> Stand:
    try:
        from migrator.emulators.server import create_emulator, serve
    except ImportError as error:
        raise UsageWrong(
            f"the emulators need more packages ({error.name} is missing)", hint="pip install 'migrator[emulators]'"
        ) from error
    emulator = create_emulator(name, seed=seed, pace=pace)
    try:
        server = serving.enter_context(serve(emulator.app, port=port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        said = f"port {port} cannot be used for {name}: {why}"
        raise MigratorError(said, hint="name another one with --port, or --port 0 for any free one") from error
    return Stand(
        url=server.url, pace=emulator.pace, env=emulator.env(server.url), collections=dict(emulator.collections)
    )
