"""A plan on disk: JSON Lines with a header, changes in the order of applying, a trailer and the plan hash.

One line an object, keys sorted, empty ones left out, UTF-8, "\\n" at the end. Every 10,000 change lines a line
`{"line":"hash","lines":N,"sha256":…}` holds the SHA-256 of every byte before it, so an edit is found where it is.
The last line `{"line":"end","sha256":…,"trailer":OFFSET}` holds the **plan hash**: SHA-256 of every byte before it.
No clock time and nothing random: same inputs and state, same bytes. Mode 0600; written whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

import msgspec
import orjson

from migrator.codec.change import change_line, parse_change
from migrator.errors import LocalFault, PlanRefused
from migrator.failpoint import failpoint
from migrator.model.lean import dataclass
from migrator.model.plan import (
    PLAN_FORMAT,
    Change,
    Follows,
    Phase,
    PlanHeader,
    PlanKind,
    PlanStep,
    PlanSystem,
    PlanTrailer,
)

__all__ = ["HASH_EVERY", "PlanFile", "PlanWriter", "Section", "change_line", "parse_change", "sync_folder"]

CONTAINS = "record data, no credentials"
"""Said in the first line of each plan, for whoever finds one where it should not be."""
HASH_EVERY = 10_000
"""Change lines between two hash lines."""
_BLOCK = 1 << 20
"""Bytes that are hashed at once."""
_LINES = 1 << 17
"""Bytes of lines that are read at once."""
_END_MAX = 400
"""Bytes of the end line at most."""


def header_line(header: PlanHeader) -> bytes:
    """The first line."""
    paper = _lean(header)
    paper["line"] = "header"
    paper["format"] = header.format
    paper["contains"] = CONTAINS
    paper["kind"] = header.kind.value
    paper["follows"] = [
        [last.target, last.collection, last.run, last.run_id, last.request] for last in header.follows
    ]
    paper["systems"] = {
        name: {**system.options, "connector": system.connector, "identity": system.identity}
        for name, system in header.systems.items()
    }
    return orjson.dumps(paper, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def parse_header(line: bytes) -> PlanHeader:
    """The first line back. Raises PlanRefused for another format or no plan at all."""
    try:
        paper = orjson.loads(line)
        if paper.pop("line") != "header":
            raise KeyError("line")
        number = paper["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanRefused("this is no plan file", hint="make one with `migrator plan PLAYBOOK -o FILE`") from error
    if number != PLAN_FORMAT:
        raise PlanRefused(
            f"the plan has format {number}, this program reads format {PLAN_FORMAT}",
            hint="plan again with this version, or apply with the one that made it",
        )
    follows = tuple(
        Follows(target=target, collection=collection, run=run, run_id=run_id, request=request)
        for target, collection, run, run_id, request in paper.pop("follows")
    )
    of_run = paper.pop("of_run", None)
    paper.pop("contains", None)
    systems = {
        name: PlanSystem(
            connector=entry["connector"],
            identity=entry["identity"],
            options={key: value for key, value in entry.items() if key not in ("connector", "identity")},
        )
        for name, entry in paper.pop("systems").items()
    }
    kind = PlanKind(paper.pop("kind"))
    steps = tuple(msgspec.convert(step, PlanStep) for step in paper.pop("steps"))
    return PlanHeader(
        kind=kind,
        systems=systems,
        steps=steps,
        follows=follows,
        of_run=None if of_run is None else (of_run[0], of_run[1]),
        **paper,
    )


def trailer_line(trailer: PlanTrailer) -> bytes:
    """The line after the changes."""
    paper = _lean(trailer)
    paper["line"] = "trailer"
    return orjson.dumps(paper, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def parse_trailer(line: bytes) -> PlanTrailer:
    """The trailer back. Raises ValueError for another shape."""
    paper = orjson.loads(line)
    if paper.pop("line", None) != "trailer":
        raise ValueError("no trailer where the end line says one is")
    return msgspec.convert(paper, PlanTrailer)


def _lean(value: Any) -> Any:
    """A dataclass as JSON-like maps without the fields that hold their defaults."""
    if is_dataclass(value) and not isinstance(value, type):
        lean = {}
        for entry in fields(value):
            content = getattr(value, entry.name)
            default = entry.default_factory() if entry.default_factory is not MISSING else entry.default
            if default is MISSING or content != default:
                lean[entry.name] = _lean(content)
        return lean
    if isinstance(value, Mapping):
        return {key: _lean(content) for key, content in value.items()}
    if isinstance(value, (tuple, list)):
        return [_lean(content) for content in value]
    return value.value if isinstance(value, Enum) else value


class PlanWriter:
    """Writes a plan to a temporary file beside its place and renames it when it is whole.

    As a context manager: leaving it without `finish` removes the temporary file. Raises LocalFault where the
    disk fails.
    """

    def __init__(self, path: Path, header: PlanHeader) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._whole = hashlib.sha256()
        self._offset = 0
        self._lines = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise _disk(path, error) from error
        self._file: IO[bytes] = os.fdopen(descriptor, "wb", buffering=1 << 18)
        self._write(header_line(header))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    @property
    def offset(self) -> int:
        """Where the next line will begin."""
        return self._offset

    def changes(self, lines: Sequence[bytes]) -> None:
        """Append change lines (as `change_line` makes them)."""
        done = 0
        while done < len(lines):
            some = lines[done : done + HASH_EVERY - self._lines % HASH_EVERY]
            self._write(b"".join(some))
            self._lines += len(some)
            done += len(some)
            if self._lines % HASH_EVERY == 0:
                self._write(_line({"line": "hash", "lines": self._lines, "sha256": self._whole.hexdigest()}))

    def finish(self, trailer: PlanTrailer) -> str:
        """Trailer, end line, fsync, rename. Returns the plan hash."""
        place = self._offset
        self._write(trailer_line(trailer))
        digest = self._whole.hexdigest()
        self._write(_line({"line": "end", "sha256": digest, "trailer": place}))
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            failpoint("plan_before_rename")
            self._temporary.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise _disk(self.path, error) from error
        return digest

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            raise _disk(self.path, error) from error
        self._whole.update(line)
        self._offset += len(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The lines of one step and phase."""

    step: str
    """Step."""
    phase: Phase
    """Phase."""
    start: int
    """Byte offset of its first line."""
    stop: int
    """Byte offset after its last line."""
    count: int
    """How many changes it has."""


class PlanFile:
    """A plan that was written whole. Opening it reads header and trailer; `check` proves every byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                first = file.readline()
                self.header = parse_header(first)
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _END_MAX))
                tail = file.read()
                end = tail[tail.rfind(b"\n", 0, -1) + 1 :]
                self.hash, self._trailer_at = _parse_end(path, end)
                self._end_at = size - len(end)
                file.seek(self._trailer_at)
                self.trailer = parse_trailer(file.read(self._end_at - self._trailer_at))
        except OSError as error:
            raise PlanRefused(f"cannot read the plan {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
            raise _damaged(path, "its trailer") from error

    def check(self) -> None:
        """Read it all and compare its hash. Raises PlanRefused that says in which lines it was changed."""
        whole, left = hashlib.sha256(), self._end_at
        with self.path.open("rb") as file:
            while left > 0 and (block := file.read(min(left, _BLOCK))):
                whole.update(block)
                left -= len(block)
        if left or whole.hexdigest() != self.hash:
            self._look()

    def _look(self) -> NoReturn:
        """Say in which lines the file differs from what was written, as its hash lines tell."""
        whole, lines, steps = hashlib.sha256(), 0, dict[str, None]()
        with self.path.open("rb") as file:
            for line in file:
                if line.startswith(b'{"line":"end"'):
                    break
                if line.startswith(b'{"line":"hash"'):
                    if _said(line) != whole.hexdigest():
                        break
                    steps.clear()
                elif b'"line":"change"' in line:
                    lines += 1
                    steps[_step_of(line)] = None
                whole.update(line)
        first = (lines - 1) // HASH_EVERY * HASH_EVERY + 1 if lines else 1
        before, after = ("the header, " if first == 1 else ""), "what follows them"
        raise _damaged(self.path, f"{before}changes {first:,} to {lines:,} ({_named(steps)}) or {after}")

    def sections(self) -> tuple[Section, ...]:
        """In the order of applying."""
        stops = [start for _, _, start, _ in self.trailer.offsets[1:]] + [self._trailer_at]
        return tuple(
            Section(step=step, phase=Phase(phase), start=start, stop=stop, count=count)
            for (step, phase, start, count), stop in zip(
                self.trailer.offsets, stops, strict=bool(self.trailer.offsets)
            )
        )

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """(offset, line) of the change lines between two offsets."""
        with self.path.open("rb", buffering=1 << 18) as file:
            file.seek(start)
            while start < stop:
                for line in file.readlines(_LINES) or [b""]:
                    if not line.startswith(b'{"line":"hash"'):
                        yield start, line
                    start += len(line)
                    if start >= stop:
                        return

    def changes(self, start: int | None = None, stop: int | None = None) -> Iterator[tuple[int, Change]]:
        """(offset, change) of all changes, or of those between two offsets."""
        if start is None:
            start = self.trailer.offsets[0][2] if self.trailer.offsets else self._trailer_at
        for offset, line in self.lines(start, self._trailer_at if stop is None else stop):
            yield offset, parse_change(line)

    def change_at(self, offsets: Sequence[int]) -> Iterator[Change]:
        """The changes whose lines begin at these offsets."""
        return map(parse_change, self.lines_at(offsets))

    def lines_at(self, offsets: Sequence[int]) -> Iterator[bytes]:
        """The lines that begin at these offsets."""
        with self.path.open("rb") as file:
            for offset in offsets:
                file.seek(offset)
                yield file.readline()


def sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(paper: Mapping[str, Any]) -> bytes:
    return orjson.dumps(paper, option=orjson.OPT_APPEND_NEWLINE)


def _parse_end(path: Path, line: bytes) -> tuple[str, int]:
    try:
        end = orjson.loads(line)
        if end["line"] == "end" and line.endswith(b"\n"):
            return str(end["sha256"]), int(end["trailer"])
    except (ValueError, KeyError, TypeError):
        pass
    lines, last = _whole_lines(path)
    where = f"after change {lines:,} (step {_step_of(last)})" if lines else "before its first change"
    raise PlanRefused(
        f"the plan {path} is cut {where}: its last line is missing, or something follows it", hint="plan again"
    )


def _whole_lines(path: Path) -> tuple[int, bytes]:
    """How many changes stand there whole, and the last of them."""
    count, last = 0, b""
    with path.open("rb") as file:
        for line in file:
            if b'"line":"change"' in line and line.endswith(b"\n"):
                count, last = count + 1, line
    return count, last


def _said(line: bytes) -> str:
    """The hash that a hash line tells; empty where it is damaged itself."""
    try:
        return str(orjson.loads(line)["sha256"])
    except (ValueError, KeyError, TypeError):
        return ""


def _step_of(line: bytes) -> str:
    """The step of a change line, "?" where it is damaged itself."""
    try:
        return str(orjson.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return "?"


def _named(steps: Iterable[str]) -> str:
    told = ", ".join(steps)
    return f"step {told}" if told else "no step"


def _damaged(path: Path, where: str) -> PlanRefused:
    return PlanRefused(
        f"the plan {path} was changed after it was made: {where} does not fit its hash",
        hint="a plan is reviewed and applied as it is; plan again",
    )


def _disk(path: Path, error: OSError) -> LocalFault:
    return LocalFault(f"cannot write the plan {path}: {error.strerror}", hint="free space or name another place")
