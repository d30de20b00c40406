"""Records the cassettes of emulators anew: `python -m tests.connectors.record_cassettes [SYSTEM[/SCENARIO] ...]`.

Without a change of connector or emulator it writes the same bytes again; review the diff as you would review code.
Recordings of real servers are made elsewhere and never by this.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.connectors.cassette_kainexus import KAINEXUS
from tests.connectors.cassette_kintone import KINTONE
from tests.connectors.cassette_stage import CASSETTES, Scenario, record

SCENARIOS: tuple[Scenario, ...] = tuple(
    scenario for subject in (KINTONE, KAINEXUS) for scenario in subject.scenarios.values()
)
"""All of them, each system's `describe` first: the others begin with what it tells."""


def main(words: Sequence[str]) -> int:
    """Record what `words` name (systems, or system/scenario), or everything. 3: a word names nothing."""
    names = {f"{one.subject.system}/{one.name}": one for one in SCENARIOS}
    strays = [word for word in words if word not in names and not any(name.startswith(f"{word}/") for name in names)]
    if strays:
        sys.stderr.write(f"no such cassette: {', '.join(strays)}; there are: {', '.join(names)}\n")
        return 3
    for name, scenario in names.items():
        if not words or name in words or scenario.subject.system in words:
            record(scenario)
            sys.stdout.write(f"{scenario.path().relative_to(CASSETTES.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
