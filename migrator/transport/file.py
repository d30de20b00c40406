"""The wire of file systems: the same face as HTTP for csv and jsonl, over one folder.

Changes are appended to `<file>.migrator-part` beside the target file, synced per call; the file itself stands
untouched until one MERGE replaces it. A part holds one JSON object per line and change, for csv too, such as
`{"key": […], "action": "update", "fields": {…}}`: no line break stands inside a JSON line, so a line that was cut
off by a crash is the last one, has no newline, and is dropped before the next append. Later lines win.

STAT, by ask     answers `{"path", "part", "size"}`: where the file and its part are, to be opened by the connector;
                 `part` is null where there is none; status 404 (with `path` and `part`) where the file is not
STAMP, by ask    answers `{"stamp"}`: the content's sha256, "absent" for none
APPEND, by send  body: whole lines; answers `{"offset"}`, where they begin in the part. Safe to repeat
MERGE, by send   body: (head, File, tail), the new content, which `open_file` gives (it reads the old file and the
                 part); header `if-match`: the stamp while planning. Answers `{"stamp"}` of what stands now; status
                 412 where the file moved: nothing was done. Nothing is done without a part either. Safe to repeat,
                 also after it was cut off anywhere

`path` of a Call is the file's name, percent-encoded, below the folder. A name that leads out of it (`..`, absolute,
over a symbolic link) is NotFound. MERGE writes `<file>.migrator-new`, syncs it, notes its sha256 as last line of the
part (`{"merged": …}`, which readers of a part skip), renames, removes the part. So a part whose last line is that
note, with no new file beside it, is finished: the rename has happened.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import orjson

from migrator.contract import Answer, Call, Transfer, Wire
from migrator.errors import BadAnswer, LocalFault, NotFound, NotSent, Unreachable
from migrator.failpoint import failpoint
from migrator.transport.body import OpenFile

PART = ".migrator-part"
NEW = ".migrator-new"
PIECE = 1 << 20
"""Bytes read at a time."""
ABSENT = "absent"
"""Stamp of a file that is not there."""


class FileWire(Wire):
    """A Wire over one folder. One thread writes, in the order of the sends. A context manager."""

    def __init__(self, folder: Path, transfer: Transfer) -> None:
        self._folder = folder.resolve()
        self._transfer = transfer
        self._settled: set[Path] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"files {folder.name}")

    @property
    def origin(self) -> str:
        """The folder's resolved path."""
        return str(self._folder)

    @property
    def transfer(self) -> Transfer:
        """The keys that every system takes."""
        return self._transfer

    def ask(self, call: Call) -> Answer:
        """STAT and STAMP. Raises NotFound for a name that leads out of the folder, Unreachable for the disk."""
        path = self._path(call)
        try:
            if call.method == "STAT":
                return _stat(path)
            if call.method == "STAMP":
                return _answer(stamp=stamp_of(path))
        except OSError as error:
            raise Unreachable(f'"{path}" cannot be read: {error.strerror}') from error
        raise BadAnswer(f"a folder knows no {call.method}")

    def stream(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """One after the other, each when it is asked for."""
        return map(self.ask, calls)

    def send(self, call: Call, open_file: OpenFile | None = None) -> Future[Answer]:
        """APPEND and MERGE. The future raises LocalFault for the disk, NotSent, and what `open_file` raises."""
        return self._thread.submit(self._send, call, open_file)

    def renew(self) -> None:
        """Nothing: a folder has no login."""

    def download(self, call: Call) -> Iterator[bytes]:
        """The file's bytes in pieces."""
        path = self._path(call)
        try:
            with path.open("rb") as file:
                yield from iter(lambda: file.read(PIECE), b"")
        except OSError as error:
            raise Unreachable(f'"{path}" cannot be read: {error.strerror}') from error

    def skew(self) -> float | None:
        """Nothing: a folder has no clock of its own."""
        return None

    def close(self) -> None:
        """End the thread. Safe to repeat."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call, open_file: OpenFile | None) -> Answer:
        path = self._path(call)
        try:
            if call.method == "APPEND" and isinstance(call.body, bytes):
                return self._append(path, call.body)
            if call.method == "MERGE":
                return self._merge(path, call, open_file)
        except OSError as error:
            raise LocalFault(
                f'"{path}" cannot be written: {error.strerror or error}',
                hint="mend that, then go on with the run: nothing is lost",
            ) from error
        raise NotSent(f"a folder knows no {call.method} with such a body")

    def _append(self, path: Path, lines: bytes) -> Answer:
        if not lines.endswith(b"\n"):
            raise NotSent("what is appended must end with a line break")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._settle(path)
        part = beside(path, PART)
        fresh = not part.exists()
        with _opened(part, "a+b", os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            offset = file.seek(0, os.SEEK_END)
            try:
                _write(file, lines)
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(offset)
                self._settled.discard(path)  # what could not be cut off here is cut off before the next append
                raise
        if fresh:
            sync_folder(path.parent)
        failpoint("file_appended")
        return _answer(offset=offset)

    def _merge(self, path: Path, call: Call, open_file: OpenFile | None) -> Answer:
        self._settle(path)
        part, new = beside(path, PART), beside(path, NEW)
        stamp = stamp_of(path)
        if not part.exists():
            return _answer(stamp=stamp)
        if call.headers.get("if-match", stamp) != stamp:
            return _answer(412, stamp=stamp)
        merged = _write_new(path, new, call, open_file)
        failpoint("file_written")
        with _opened(part, "ab", os.O_WRONLY | os.O_APPEND) as file:
            _write(file, orjson.dumps({"merged": merged}) + b"\n")
        failpoint("file_noted")
        new.replace(path)
        sync_folder(path.parent)
        failpoint("file_renamed")
        part.unlink()
        sync_folder(path.parent)
        self._settled.discard(path)
        return _answer(stamp=merged)

    def _settle(self, path: Path) -> None:
        """Once per process and file: what a crash left behind is brought to a state to go on from."""
        if path in self._settled:
            return
        self._settled.add(path)
        part, new = beside(path, PART), beside(path, NEW)
        if part.exists():
            with _opened(part, "r+b", os.O_RDWR) as file:
                last = _last_line(file)
                if last.startswith(b'{"merged":') and new.exists():
                    file.truncate(file.seek(0, os.SEEK_END) - len(last))
                    last = b""
                os.fsync(file.fileno())
            if last.startswith(b'{"merged":'):
                part.unlink()
        new.unlink(missing_ok=True)

    def _path(self, call: Call) -> Path:
        """The file a Call names, links resolved. Raises NotFound where that is not below the folder."""
        name = unquote(call.path)
        odd = not name or "\0" in name or "\\" in name or name.endswith((PART, NEW)) or Path(name).is_absolute()
        path = self._folder if odd or ".." in Path(name).parts else (self._folder / name).resolve()
        if path == self._folder or not path.is_relative_to(self._folder):
            raise NotFound(f'"{name}" is no file of the folder "{self._folder}"', hint="name a file below the folder")
        return path


def beside(path: Path, suffix: str) -> Path:
    """The part or the new file of `path`."""
    return path.with_name(path.name + suffix)


def stamp_of(path: Path) -> str:
    """The content's sha256, "absent" where there is no file. Raises OSError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ABSENT


def sync_folder(folder: Path) -> None:
    """Make a new name last. Windows cannot, and needs not."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _stat(path: Path) -> Answer:
    part = beside(path, PART)
    where = str(part) if part.exists() else None
    if not path.is_file():
        return _answer(404, path=str(path), part=where)
    return _answer(path=str(path), part=where, size=path.stat().st_size)


def _write_new(path: Path, new: Path, call: Call, open_file: OpenFile | None) -> str:
    """The new content, synced beside the file, with its rights; its sha256."""
    digest = hashlib.sha256()
    try:
        with _opened(new, "wb", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, -1) as file:
            if path.exists():
                new.chmod(path.stat().st_mode & 0o777)
            for piece in _content(call, open_file):
                file.write(piece)
                digest.update(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return digest.hexdigest()


def _content(call: Call, open_file: OpenFile | None) -> Iterator[bytes]:
    if isinstance(call.body, bytes):
        yield call.body
    elif open_file is not None:
        head, file, tail = call.body
        yield head
        yield from open_file(file)
        yield tail


def _opened(path: Path, mode: str, flags: int, rights: int = 0o600, buffering: int = 0) -> Any:
    """Open without following a link that somebody put in our place; a new file gets these rights.

    The part is not buffered: what a full disk did not take must not come back when the file is cut or closed.
    """
    safe = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags | safe, rights), mode, buffering)


def _write(file: Any, lines: bytes) -> None:
    left = memoryview(lines)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def _last_line(file: Any) -> bytes:
    """The last whole line; what stands behind it is cut off."""
    end = file.seek(0, os.SEEK_END)
    tail = b""
    at = end
    while at > 0 and tail.count(b"\n") < 2:
        step = min(at, PIECE)
        at -= step
        file.seek(at)
        tail = file.read(step) + tail
    whole = tail.rfind(b"\n") + 1
    file.truncate(at + whole)
    return tail[tail.rfind(b"\n", 0, max(whole - 1, 0)) + 1 : whole]


def _answer(status: int = 200, **body: str | int | None) -> Answer:
    return Answer(status=status, headers={"content-type": "application/json"}, body=orjson.dumps(body))
