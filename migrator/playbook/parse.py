"""YAML 1.2 or JSON -> tree and the place of every node. The one module that knows YAML's parser.

PyYAML's parser gives events (by libyaml where it is there; the pure one gives the same tree); what they mean is
the core schema of YAML 1.2, as editors read it. Refused with its place: a key twice, keys that are not text,
merge keys, tags, aliases within themselves, aliases that blow up, a second document, and whatever is too large.
A `.json` file, or one that begins with `{` and is not named `.yaml` or `.yml`, is read as strict JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from migrator.codec.strict import Spot, StrictError, read
from migrator.errors import PlaybookInvalid
from migrator.model.problem import Place, Problem, Severity
from migrator.playbook.document import Document
from migrator.playbook.tree import Fatal, FormFault, TreeBuilder

SIZE_MAX = 10 * 1024 * 1024
"""Bytes of a file at most."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_CODES = {"duplicate": "PB005", "number": "PB013", "depth": "PB003", "encoding": "PB002", "form": "PB004"}
_BARE_EXPRESSION = re.compile(r"(?:^|[:\-,\[]\s+)\{\{")
_TAB_INDENT = re.compile(r" *\t")


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's pure parser, with libyaml's (and YAML 1.2's) rule for tabs: they separate, they never indent."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)

    def scan_to_next_token(self) -> None:
        """Skips blanks, comments and line ends; and tabs where no key can begin."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()


PARSER: Any = getattr(yaml.cyaml, "CParser", None) if yaml.__with_libyaml__ else _PureParser
"""libyaml's parser where PyYAML was built with it."""


def parse(data: bytes, name: str) -> Document:
    """The document. Raises PlaybookInvalid with every fault of form that could be told at once."""
    text = _decoded(data, name)
    as_json = name.lower().endswith(".json")
    if not as_json and not name.lower().endswith((".yaml", ".yml")):
        as_json = text.lstrip(" \t\r\n").startswith("{")
    return _parse_json(text, name) if as_json else _parse_yaml(text, name)


def _decoded(data: bytes, name: str) -> str:
    if len(data) > SIZE_MAX:
        size = f"{len(data):,} bytes; a playbook has at most {SIZE_MAX // 1024 // 1024} MB"
        _refuse_file(name, "PB003", f"the file is too large: {size}", "split it")
    if data.startswith(_UTF_16):
        _refuse_file(name, "PB002", "the file is UTF-16, told by its first bytes (byte offset 0)", "save it as UTF-8")
    nul = data.find(b"\0")
    if nul >= 0:
        hint = "is it UTF-16 or no text at all? Save it as UTF-8"
        _refuse_file(name, "PB002", f"a NUL byte at byte offset {nul}", hint, data[:nul])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        hint = "save the file as UTF-8 (it looks like another encoding, such as Latin-1 or Shift_JIS)"
        _refuse_file(name, "PB002", f"not UTF-8: byte 0x{data[at]:02x} at byte offset {at}", hint, data[:at])
        raise  # never reached: _refuse_file raises


def _refuse_file(name: str, code: str, summary: str, hint: str, before: bytes = b"") -> None:
    lines = re.split("\r\n|\n|\r", before.decode("utf-8-sig", "replace"))
    place = Place(file=name, line=len(lines), column=len(lines[-1]) + 1)
    raise PlaybookInvalid(Problem(code=code, summary=summary, hint=hint, place=place))


def _parse_json(text: str, name: str) -> Document:
    if not text.strip():
        raise PlaybookInvalid(*_problems(name, text, [_empty()]))
    try:
        tree, spot = read(text)
    except StrictError as error:
        fault = FormFault(_JSON_CODES[error.kind], error.offset, error.message, error.hint)
        raise PlaybookInvalid(*_problems(name, text, [fault])) from None
    return Document(name=name, text=text, tree=tree, root=spot)


def _parse_yaml(text: str, name: str) -> Document:
    builder = TreeBuilder(text)
    faults = builder.faults
    try:
        _refuse_unprintable(text)
        _feed(builder, text)
    except Fatal as fatal:
        faults.append(fatal.fault)
    except yaml.YAMLError as error:
        faults.append(_syntax_fault(error, text))
    if faults:
        raise PlaybookInvalid(*_problems(name, text, sorted(faults, key=lambda fault: fault.offset)))
    warnings = tuple(_problems(name, text, _grouped(builder.readings), Severity.WARNING))
    return Document(name=name, text=text, tree=builder.value, root=builder.spot, warnings=warnings)


def _feed(builder: TreeBuilder, text: str) -> None:
    """Parser events to nodes. Raises Fatal, yaml.YAMLError."""
    documents = 0
    for event in _events(text):
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in (None, "")
            builder.scalar(event.value, start, end, plain=plain, anchor=event.anchor, tag=event.tag)
        elif isinstance(event, yaml.MappingStartEvent):
            builder.open({}, start, anchor=event.anchor, tag=event.tag)
        elif isinstance(event, yaml.SequenceStartEvent):
            builder.open([], start, anchor=event.anchor, tag=event.tag)
        elif isinstance(event, yaml.CollectionEndEvent):
            builder.close(end)
        elif isinstance(event, yaml.AliasEvent):
            builder.alias(str(event.anchor), start)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            _check_document(event, documents, start)
    if not documents:
        raise Fatal(*_empty_parts())


def _events(text: str) -> Iterator[Any]:
    parser = PARSER(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


def _check_document(event: Any, documents: int, start: int) -> None:
    if documents > 1:
        raise Fatal("PB011", start, "a second document begins here", "one file holds one playbook")
    if event.version and tuple(event.version) != (1, 2):
        version = ".".join(map(str, event.version))
        raise Fatal("PB011", start, f"the file says that it is YAML {version}", "playbooks are YAML 1.2")


def _refuse_unprintable(text: str) -> None:
    bad = _UNPRINTABLE.search(text)
    if bad:
        sign = f"U+{ord(bad[0]):04X}"
        raise Fatal("PB004", bad.start(), f"the control character {sign}", "take it out, or write it as an escape")


def _empty_parts() -> tuple[str, int, str, str]:
    return "PB010", 0, "the file holds nothing but blanks and comments", "`migrator init` writes a first playbook"


def _empty() -> FormFault:
    return FormFault(*_empty_parts())


def _syntax_fault(error: yaml.YAMLError, text: str) -> FormFault:
    """The parser's complaint at its place, with the reason that is most likely behind it."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    offset = mark.index if mark else getattr(error, "position", 0)
    offset = min(max(offset, 0), len(text))
    words = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read")
    start = text.rfind("\n", 0, offset) + 1
    line = text[start : offset + 200].partition("\n")[0]
    tab = _TAB_INDENT.match(line)
    if tab:
        return FormFault("PB004", start + tab.end() - 1, "a tab in the indentation", "YAML indents with spaces")
    return FormFault("PB004", offset, f"not well-formed YAML: {words}", _syntax_hint(words, line, text[offset:][:1]))


def _syntax_hint(words: str, line: str, mark: str) -> str:
    if _BARE_EXPRESSION.search(line):
        return 'quote the expression: "{{ … }}"'
    if "mapping values are not allowed" in words:
        return 'a text with ": " in it stands in quotes; or the indentation is wrong'
    if "escape" in words:
        return "double quotes take \\ for an escape; single quotes do not"
    if mark in ("@", "`", "%"):
        return f'a text that begins with "{mark}" stands in quotes'
    if "quoted scalar" in words or "end of stream" in words:
        return "a quote or bracket is not closed"
    return "look at the indentation here and in the line above"


def _grouped(readings: list[tuple[str, str, int]]) -> list[FormFault]:
    """One warning a kind, at its first place, with the number of the others."""
    first: dict[str, tuple[str, int]] = {}
    counts: dict[str, int] = {}
    for kind, sentence, offset in readings:
        first.setdefault(kind, (sentence, offset))
        counts[kind] = counts.get(kind, 0) + 1
    return [
        FormFault("PB014", offset, sentence + _others(counts[kind] - 1), "quote it if text is meant")
        for kind, (sentence, offset) in first.items()
    ]


def _others(count: int) -> str:
    return f" (and {count} more like it)" if count else ""


def _problems(
    name: str, text: str, faults: Iterable[FormFault], severity: Severity = Severity.ERROR
) -> tuple[Problem, ...]:
    document = Document(name=name, text=text, tree=None, root=Spot(0, 0))
    return tuple(
        Problem(
            code=fault.code,
            summary=fault.summary,
            severity=severity,
            place=document.place_at(fault.offset),
            hint=fault.hint,
        )
        for fault in faults
    )
