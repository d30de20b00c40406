"""A request's body that is streamed: head, a File's bytes, tail."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from migrator.errors import FileUnread, MigratorError
from migrator.model.values import File
from migrator.transport.sockets import progress

OpenFile = Callable[[File], Iterator[bytes]]

SPOOL_BYTES = 1024 * 1024
"""A file whose size nobody told is read to its end first, in memory up to this, then on disk: a request needs its
length (Kintone and GLPI refuse chunked requests, observed with many gateways)."""


class Payload:
    """Iterable body of known length; requests takes `len()` for Content-Length.

    The source's first bytes are asked for before anything is sent, so that a file that is gone fails before the
    request begins. A file that is not as long (or not what its sha256 says) breaks the request off before its end.
    `sent` is called when all has left: only then an answer can be waited for, however long a large file took.
    """

    def __init__(
        self, head: bytes, file: File, tail: bytes, pieces: Iterator[bytes], sent: Callable[[], None]
    ) -> None:
        self._head, self._file, self._tail, self._sent = head, file, tail, sent
        self._source = pieces
        self._spool: IO[bytes] | None = None
        self._pieces = self._measured() if file.size is None else self._primed()

    def _primed(self) -> Iterator[bytes]:
        self._size = self._file.size or 0
        first = next(self._source, b"")
        return _after(first, self._source)

    def _measured(self) -> Iterator[bytes]:
        self._spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115  close() closes it, after the sending
        try:
            for piece in self._source:
                self._spool.write(piece)
        except BaseException:
            self._spool.close()
            raise
        self._size = self._spool.tell()
        self._spool.seek(0)
        return iter(lambda: self._spool.read(65_536) if self._spool else b"", b"")

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        seen, digest = 0, hashlib.sha256()
        for piece in self._pieces:
            seen += len(piece)
            if seen > self._size:
                break
            digest.update(piece)
            yield piece
        if seen != self._size:
            raise FileUnread(f'the file "{self._file.name}" has another size than its system said')
        if self._file.sha256 and digest.hexdigest() != self._file.sha256:
            raise FileUnread(f'the file "{self._file.name}" changed while it was read')
        yield self._tail
        self._sent()

    def close(self) -> None:
        """Let go of the source and of what was put aside."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        if self._spool is not None:
            self._spool.close()


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def payload(
    body: bytes | tuple[bytes, File, bytes], open_file: OpenFile | None, sent: Callable[[], None]
) -> bytes | Payload:
    """What requests gets as data. Raises FileUnread where the File's first bytes do not come, before any is sent."""
    if isinstance(body, bytes):
        return body
    if open_file is None:
        raise FileUnread("nobody was named who could give the file's bytes")
    head, file, tail = body
    return Payload(head, file, tail, _told(file, open_file), sent)


def _told(file: File, open_file: OpenFile) -> Iterator[bytes]:
    """The file's bytes; whatever its system says against that becomes FileUnread."""
    try:
        yield from _apart(_opened(file, open_file))
    except FileUnread:
        raise
    except MigratorError as error:
        reason = error.problems[0]
        raise FileUnread(
            f'the file "{file.name}" could not be read: {reason.summary}', detail=reason.detail, hint=reason.hint
        ) from error


def _opened(file: File, open_file: OpenFile) -> Iterator[bytes]:
    """Opened when the first piece is asked for."""
    yield from open_file(file)


def _apart(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same, each asked for as a call of its own: its deadline and its sockets are not those of the sending."""
    theirs: dict[str, Any] = {}
    try:
        while True:
            ours = progress.swap(theirs)
            try:
                piece = next(pieces, None)
            finally:
                theirs = progress.swap(ours)
            if piece is None:
                return
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
