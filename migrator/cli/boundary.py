"""The one place where exceptions become sentences and exit codes. Never a traceback for people."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import click

from migrator.cli.invocation import Invocation
from migrator.cli.signals import Signalled

USAGE = 3
"""Exit code of a command line that makes no sense."""
LOCAL_FAULT = 8
"""Exit code of a disk that fails."""


def guarded(invocation: Invocation, work: Callable[[], object]) -> int:
    """The exit code of the work, whatever happens in it."""
    try:
        code = _answered(invocation, work)
    except Exception as error:  # the last resort: even showing an error failed
        code = _fault(invocation, error)
    invocation.out.close()
    if invocation.out.fault is not None and code == 0:
        invocation.urge(f"the output could not be written: {invocation.out.fault.strerror}")
        code = LOCAL_FAULT
    invocation.err.close()
    return code


def _answered(invocation: Invocation, work: Callable[[], object]) -> int:
    try:
        answer = work()
        return answer if isinstance(answer, int) else 0
    except Signalled as signalled:
        return _signalled(invocation, signalled.number)
    except (KeyboardInterrupt, click.Abort):
        return _signalled(invocation, invocation.signals.stop() or signal.SIGINT)
    except SystemExit as end:  # click's own way of saying that nobody reads its help any more
        invocation.out.gone = True
        return end.code if isinstance(end.code, int) and end.code != 1 else 0
    except click.UsageError as error:
        return _usage(invocation, error)
    except Exception as error:
        return _told(invocation, error)


def _signalled(invocation: Invocation, number: int) -> int:
    invocation.urge(f"{signal.Signals(number).name}: stopped; nothing was sent that would have to be taken up")
    return 128 + number


def _usage(invocation: Invocation, error: click.UsageError) -> int:
    from migrator.model.problem import Problem

    path = error.ctx.command_path if error.ctx else "migrator"
    invocation.view.problems((Problem(code="RN001", summary=error.format_message(), hint=f"{path} --help"),))
    return USAGE


def _told(invocation: Invocation, error: Exception) -> int:
    from migrator.cli.running import told_of
    from migrator.errors import MigratorError, Paused

    if not isinstance(error, MigratorError):
        return _fault(invocation, error)
    invocation.view.problems(told_of(invocation, error))
    stopped = invocation.signals.stop()
    if stopped is not None and isinstance(error, Paused):
        return 128 + stopped
    return error.exit_code


def _fault(invocation: Invocation, error: Exception) -> int:
    """One clear sentence, and where the details went, without secrets."""
    import traceback

    details = invocation.scrubber.clean("".join(traceback.format_exception(error)))
    place = _kept(invocation, details)
    what = invocation.scrubber.clean(f"{type(error).__name__}: {error}")[:200]
    invocation.urge(f"this is a fault of migrator, not yours: {what}")
    invocation.urge(f"please report it with {place}, which holds the details (look through it first)")
    return 1


def _kept(invocation: Invocation, details: str) -> str:
    """In the state folder where there is one, else in the folder for temporary files."""
    import tempfile

    folders = [folder for folder in (invocation.state, Path(".migrator")) if folder is not None and folder.is_dir()]
    for folder in (*folders, None):
        try:
            with tempfile.NamedTemporaryFile(
                "w", prefix="migrator-fault-", suffix=".txt", dir=folder, delete=False, encoding="utf-8"
            ) as file:
                file.write(details)
                return file.name
        except OSError:
            continue
    invocation.urge(details)
    return "these lines"
