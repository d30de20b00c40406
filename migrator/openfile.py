"""Where the bytes of a plan's files come from while it is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrator.errors import FileUnread, PlanRefused
from migrator.model.values import File
from migrator.planfile import PlanFile
from migrator.systems import Systems

OpenFile = Callable[[File], Iterator[bytes]]
"""Gives a File's bytes; runs on worker threads. Raises FileUnread, and what the systems raise."""


def opener(planned: PlanFile, systems: Systems) -> OpenFile | None:
    """Opens a File in the system that it is in; None: no line of the plan sends one, and no source is opened.

    Raises PlanRefused where a source is another system than the plan was made with.
    """
    counts, known = planned.trailer.counts, planned.header.systems
    names = {
        step.source[0]
        for step in planned.header.steps
        if step.source is not None and step.step in counts and counts[step.step].files
    }
    if not names:
        return None
    systems.resolve(sorted(names))
    sources = {known[name].identity: systems.open(name) for name in sorted(names)}
    for identity, source in sources.items():
        if source.identity != identity:
            raise PlanRefused(
                f'the source system "{source.name}" is {source.identity}, and the plan was made with {identity}',
                hint="the plan's files are there; point it to the system that it was made with, or plan again",
            )

    def open_file(file: File) -> Iterator[bytes]:
        if file.system not in sources:
            raise FileUnread(f'the file "{file.name}" is in {file.system or "no system"}, which is no source here')
        return sources[file.system].system.open(file)

    return open_file
