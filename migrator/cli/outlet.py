"""Where all text leaves: the two standard streams. Secrets are taken out here, and a reader who left is no fault."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, TextIO


class Outlet:
    """Wraps a text stream. Writing never raises: a closed pipe or a full disk is remembered instead."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.gone = stream is None
        """Nobody reads any more."""
        self.fault: OSError | None = None
        """Why nothing more could be written, where it was not the reader's leave."""
        self.clean: Callable[[str], str] = lambda text: text
        """Takes known secrets out of a text."""
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    def write(self, text: str, /) -> int:
        """The text without secrets."""
        self._try(lambda stream: stream.write(self.clean(text)))
        return len(text)

    def flush(self) -> None:
        """Let it be seen."""
        self._try(lambda stream: stream.flush())

    def _try(self, act: Callable[[TextIO], object]) -> None:
        if self.gone or self._stream is None:
            return
        try:
            act(self._stream)
        except BrokenPipeError:
            self.gone = True
        except ValueError:  # closed under us
            self.gone = True
        except OSError as error:
            self.gone, self.fault = True, error

    def close(self) -> None:
        """Last flush. Where it cannot be, the interpreter's own flush at exit is spared the same fault."""
        self.flush()
        if self.gone and self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        """isatty, fileno, encoding: the stream's own."""
        return getattr(self._stream, name)
