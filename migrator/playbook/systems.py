"""Checks of one system: its connector, its options, its secrets, the keys that every system takes."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NoReturn

from migrator.codec.build import Path, build, fields_of
from migrator.codec.schema import ENV_PATTERN, SchemaWriter
from migrator.contract import Capabilities, Source, Transfer
from migrator.model.lean import dataclass
from migrator.model.playbook import System
from migrator.playbook.expressions import SYSTEM_NAMES, Template, template_findings
from migrator.playbook.finding import Finding, did_you_mean, shown, suggestion
from migrator.playbook.shape import Shape, literal_secret
from migrator.playbook.spelling import CONNECTOR, options_schema, system_schema

PACE = re.compile(r"off|[1-9][0-9]{0,6}/(?:s|min|h)")
"""`5/min`, `10/s`, `600/h`, or `off`."""
_ENV = re.compile(ENV_PATTERN)
_OFTEN_MISSPELT = {"sec": "s", "second": "s", "m": "min", "minute": "min", "hour": "h", "hr": "h"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known offline of a system whose connector exists."""

    connector: type[Source]
    """The connector's class."""
    instance: Source | None
    """Unplugged; None where its options cannot be built before the environment is known."""

    def capabilities(self, options: type, tree: Mapping[str, Any]) -> Capabilities | None:
        """Under these options; None where they are faulty or the system's are."""
        built, _ = build(options, dict(tree))
        return self.instance.capabilities(built) if self.instance and built is not None else None


class _Unplugged:
    """A wire that leads nowhere: a connector's pure methods need none."""

    def __init__(self, origin: str, transfer: Transfer) -> None:
        self.origin = origin
        self.transfer = transfer

    def ask(self, call: Any) -> NoReturn:
        """Never: checks are offline."""
        raise RuntimeError("a connector sent a request where nothing may be sent")

    stream = send = download = ask


def secret_paths(systems: Mapping[str, Any], connectors: Mapping[str, type[Source]]) -> Iterator[Path]:
    """Everything in `systems` that may be a secret: all but env expressions and keys known to be none."""
    for name, system in systems.items():
        if not isinstance(system, Mapping):
            yield ("systems", name)
            continue
        connector = system.get(CONNECTOR)
        harmless = {CONNECTOR} | set(fields_of(Transfer))
        if isinstance(connector, str) and connector in connectors:
            options = fields_of(connectors[connector].Options)
            harmless |= {key for key, (field, _) in options.items() if not field.metadata.get("secret")}
        for key, value in system.items():
            if key not in harmless and not _is_env(value):
                yield ("systems", name, key)


def check_system(
    name: str, system: System, connectors: Mapping[str, type[Source]], template: Template
) -> tuple[Known | None, list[Finding]]:
    """What is known of a system, and what is wrong with it."""
    base: Path = ("systems", name)
    if system.connector not in connectors:
        hint = did_you_mean(system.connector, connectors, what="connectors")
        summary = f'there is no connector "{system.connector}"'
        return None, [Finding(path=(*base, CONNECTOR), code="PB030", summary=summary, hint=hint)]
    connector = connectors[system.connector]
    found = list(_shape(system, connector, base))
    found.extend(_transfer(system.options, base))
    literal = {finding.path for finding in found if finding.code == "PB032"}
    for key, value in system.options.items():
        if (*base, key) not in literal:
            found.extend(template_findings(template, value, SYSTEM_NAMES, (*base, key)))
    instance, more = _instance(system, connector, base)
    return Known(connector, instance), found + more


def check_options(options: type, tree: Mapping[str, Any], base: Path) -> Iterator[Finding]:
    """What is wrong with a step's `query` or `options` by the connector's types."""
    yield from _options_shape(options).findings(tree, base)


@cache
def _options_shape(options: type) -> Shape:
    return Shape(options_schema(options))


@cache
def _system_shape(connector: type[Source]) -> Shape:
    writer = SchemaWriter()
    schema = system_schema(connector, writer)
    return Shape({**schema, "definitions": writer.definitions})


def _shape(system: System, connector: type[Source], base: Path) -> Iterator[Finding]:
    """Faults of shape; what an expression will only yield later is not judged by its type now."""
    tree = {CONNECTOR: system.connector, **system.options}
    secrets = {key for key, (field, _) in fields_of(connector.Options).items() if field.metadata.get("secret")}
    literal = {key for key in secrets & set(tree) if tree[key] is not None and not _is_env(tree[key])}
    for key in sorted(literal):
        yield literal_secret((*base, key))
    for finding in _system_shape(connector).findings(tree, base):
        option = next(iter(finding.path[len(base) :]), None)
        value = tree.get(str(option))
        if option not in literal and not (isinstance(value, str) and "{{" in value):
            yield finding


def _is_env(value: Any) -> bool:
    """Exactly one env expression: not even a line end after it (which the schema's `$` lets pass)."""
    return isinstance(value, str) and _ENV.fullmatch(value) is not None


def _transfer(options: Mapping[str, Any], base: Path) -> Iterator[Finding]:
    for key, (fits, rule) in _RULES.items():
        value = options.get(key)
        if value is None or isinstance(value, bool) or (isinstance(value, str) and "{{" in value):
            continue
        sentence = "" if fits(value) else f'"{key}" {rule}, not {shown(value)}'
        if sentence:
            yield Finding(path=(*base, key), code="PB024", summary=sentence, hint=_hint(key, value))


def _hint(key: str, value: Any) -> str:
    if key == "zone":
        likely = suggestion(str(value), zones())
        return f'did you mean "{likely}"?' if likely else "a name of the IANA database, such as Asia/Tokyo"
    if key == "pace":
        count, _, unit = str(value).partition("/")
        unit = _OFTEN_MISSPELT.get(unit.strip().lower().removesuffix("s"), "min")
        return f'write "{count.strip()}/{unit}"' if count.strip().isdigit() else 'write "5/min"'
    return ""


@cache
def zones() -> frozenset[str]:
    """Names of all time zones, from the tzdata package: the same on every machine."""
    return frozenset((importlib.resources.files("tzdata") / "zones").read_text(encoding="utf-8").split())


_RULES: Mapping[str, tuple[Any, str]] = {
    "pace": (
        lambda value: not isinstance(value, str) or PACE.fullmatch(value),
        "must be calls per s, min or h, or off",
    ),
    "in_flight": (lambda value: not isinstance(value, int) or value >= 1, "must be 1 or more"),
    "quota": (lambda value: not isinstance(value, int) or value >= 1, "must be 1 or more"),
    "timeout": (lambda value: not isinstance(value, (int, float)) or value > 0, "must be more than 0"),
    "zone": (lambda value: not isinstance(value, str) or value in zones(), "must be the name of a time zone"),
}
"""Key -> (fits, what it must be). Wrong types are told by the shape."""


def _instance(system: System, connector: type[Source], base: Path) -> tuple[Source | None, list[Finding]]:
    """The connector without a wire, and its own complaints; None where its options do not build."""
    every = fields_of(Transfer)
    own = {key: value for key, value in system.options.items() if key not in every}
    options, faults = build(connector.Options, own)
    if faults:
        return None, []
    complaints = [_complaint(sentence, own, base) for sentence in connector.check(options)]
    if complaints:
        return None, complaints
    transfer, _ = build(Transfer, {key: value for key, value in system.options.items() if key in every})
    wire: Any = _Unplugged(connector.address(options), transfer or Transfer())
    return connector(options, wire), []


def _complaint(sentence: str, own: Mapping[str, Any], base: Path) -> Finding:
    """A connector's sentence, at the one option that it names, else at the system."""
    named = [key for key in own if re.search(rf"[`\"']{re.escape(key)}[`\"']", sentence)]
    path = (*base, named[0]) if len(named) == 1 else base
    return Finding(path=path, of_key=True, code="PB033", summary=sentence)
