"""Exceptions: one class a condition, each with its exit code and whether trying again can help.

MigratorError                      1
├─ UsageWrong                      3   the command line asks for something that makes no sense
├─ PlaybookInvalid                 1   every problem of a playbook at once
├─ SystemFailed                    1   a system did not do what was asked
│  ├─ NotFound                         the collection does not exist
│  ├─ LoginRefused                     wrong or missing credentials
│  ├─ BadAnswer                        not what the manual says: HTML, cut JSON, pages that repeat
│  │  └─ CountDrift                    the source changed under the reading
│  ├─ FileUnread                       a file's bytes did not come from its system
│  ├─ Unreachable                      no answer to a read, after all tries
│  ├─ NotSent                          a write of which no byte left: the same request may go again
│  ├─ Lost                             a write without a whole answer: in doubt
│  ├─ Throttled                        nothing was written; wait as told and send again
│  ├─ Conflict                         nothing was written; a record moved or its key is taken
│  ├─ Denied                           nothing was written; a right is missing
│  └─ Refused                          nothing was written; culprits named where the server names them
│     └─ UploadGone                    a record names an uploaded file that the system does not have any more
├─ PlanRefused                     4   edited, cut, stale, applied already, other systems, over the brakes
├─ Locked                          6   another run holds the collection
├─ Paused                          7   quota, time or --first: resumable
├─ LocalFault                      8   disk or state folder: stopped safely, resumable
├─ IdsRefused                      1   rows for the id map are damaged or contradict it: none came in
├─ FixesInvalid                    1   corrections for a retry do not fit its run; nothing was planned
├─ RunStopped                      1   too many failures: resumable
└─ Interrupted                 128+n   SIGHUP, SIGINT, SIGTERM, after draining: resumable
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.model.lean import dataclass
from migrator.model.problem import Place, Problem
from migrator.model.run import Cause


class MigratorError(Exception):
    """Anything that people should be told. Carries one Problem or more, never none."""

    exit_code = 1
    again = False
    """Whether trying again can help without a change by people."""
    code = "RN000"
    """Problem code where only a summary is given."""

    def __init__(
        self, problem: Problem | str, *more: Problem, detail: str = "", hint: str = "", place: Place | None = None
    ) -> None:
        first = (
            problem
            if isinstance(problem, Problem)
            else Problem(code=self.code, summary=problem, detail=detail, hint=hint, place=place)
        )
        self.problems: tuple[Problem, ...] = (first, *more)
        super().__init__(first.summary)


class UsageWrong(MigratorError):
    """The command line asks for something that makes no sense."""

    exit_code = 3
    code = "RN001"


class PlaybookInvalid(MigratorError):
    """A playbook that cannot run; carries every problem found, sorted by place."""

    code = "PB000"


class SystemFailed(MigratorError):
    """A system did not do what was asked."""

    code = "SY000"


class NotFound(SystemFailed):
    """The collection does not exist (or our login cannot see it)."""

    code = "SY001"


class LoginRefused(SystemFailed):
    """Wrong or missing credentials."""

    code = "SY002"


class BadAnswer(SystemFailed):
    """An answer that the manual does not allow: HTML, cut JSON, pages that repeat or fall short of the total."""

    code = "SY003"


class CountDrift(BadAnswer):
    """The source changed under the reading: fewer or more records came than were announced.

    Raised only after the last page was handed over.
    """

    code = "SY011"

    def __init__(self, problem: Problem | str, *, announced: int, got: int) -> None:
        super().__init__(problem)
        self.announced = announced
        self.got = got


class FileUnread(SystemFailed):
    """A file's bytes could not be read from its system while they were being sent."""

    code = "SY012"


class Unreachable(SystemFailed):
    """No whole answer to a read, after all tries."""

    code = "SY004"
    again = True


class NotSent(SystemFailed):
    """A write of which no byte left this machine: the same request may go again."""

    code = "SY005"
    again = True


class Lost(SystemFailed):
    """A write without a whole answer: whether it happened is unknown until somebody looks."""

    code = "SY006"


class Throttled(SystemFailed):
    """Nothing was written: wait, then send the same again. `seconds` is the server's word, None where silent."""

    code = "SY007"
    again = True

    def __init__(self, problem: Problem | str, *, seconds: float | None = None) -> None:
        super().__init__(problem)
        self.seconds = seconds


class Conflict(SystemFailed):
    """Nothing was written: a record moved since planning, is gone, or its key is taken.

    `culprits` are the places in the request (from 0) that the answer names; empty where it names none.
    """

    code = "SY008"

    def __init__(self, problem: Problem | str, *, culprits: Sequence[int] = (), cause: Cause = Cause.MOVED) -> None:
        super().__init__(problem)
        self.culprits = tuple(culprits)
        self.cause = cause


class Denied(SystemFailed):
    """Nothing was written: our login lacks a right."""

    code = "SY009"


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A record that the server's answer blames."""

    index: int
    """Place in the request, from 0, counted over all its batches."""
    code: str
    """The server's code."""
    reason: str
    """The server's words."""
    field: str | None = None
    """The field, where it is named."""
    cause: Cause = Cause.REFUSED
    """What sort of why."""


class Refused(SystemFailed):
    """Nothing was written: the request holds something that the server does not take.

    `culprits` name the bad records where the answer does; empty: somewhere in the request.
    """

    code = "SY010"

    def __init__(self, problem: Problem | str, *, culprits: Sequence[Culprit] = ()) -> None:
        super().__init__(problem)
        self.culprits = tuple(culprits)


class UploadGone(Refused):
    """Nothing was written: a record names an uploaded file that expired meanwhile, or never came."""

    code = "SY014"


class PlanRefused(MigratorError):
    """Apply will not carry out this plan."""

    exit_code = 4
    code = "RN010"


class Locked(MigratorError):
    """Another run holds the state or a target collection."""

    exit_code = 6
    code = "ST006"
    again = True


class Paused(MigratorError):
    """Stopped on purpose, between batches; resumable. `seconds` until going on makes sense, where known."""

    exit_code = 7
    code = "RN007"
    again = True

    def __init__(self, problem: Problem | str, *, hint: str = "", seconds: float | None = None) -> None:
        super().__init__(problem, hint=hint)
        self.seconds = seconds


class IdsRefused(MigratorError):
    """Rows that were to come into the id map are not whole, or contradict what it holds; none of them came in."""

    code = "ST011"


class FixesInvalid(MigratorError):
    """Corrections that do not fit the run they are for; carries all that is wrong, by line."""

    code = "FI020"


class LocalFault(MigratorError):
    """This machine's disk or state folder fails us; nothing is sent that could not be recorded."""

    exit_code = 8
    code = "ST008"


class RunStopped(MigratorError):
    """Too many failures: drained and stopped, resumable."""

    code = "RN020"


class Interrupted(MigratorError):
    """A signal came: drained and stopped, resumable."""

    code = "RN030"

    def __init__(self, problem: Problem | str, *, signal_number: int) -> None:
        super().__init__(problem)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
