"""A fast stand-in for the part of Kintone's API that a copy of records calls. For benchmarks only.

    python benchmarks/kintone_server.py --records 100000 [--port 8701] [--shape wide] [--core 0]

One process, one thread; prints one line of JSON with its address when it listens. It offers `app.json`,
`app/settings.json`, `app/form/fields.json`, `app/form/layout.json`, `records.json` (GET by ranges of `$id`, by
`$id in`, by key, ordered by `$id`; POST; PUT by id, by key, with `upsert`) and `bulkRequest.json`, checks token, keys
and revisions, and knows at the end whether the target is right. What it does not offer it refuses with status 501.
It is no test double: the emulator under `migrator emulate` has the vendor's rules, this one has speed.

Control, without a token: `POST /control/setup` {target, latency_ms, most_in_flight}, `POST /control/change`
(1 %, and the count of writes begins anew), `POST /control/settle` (that count alone),
`GET /control/figures`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.kintone_contents import Contents, Refusal, properties
from benchmarks.records import KEY, SHAPES, Shape
from benchmarks.wire import Api, arguments, serve

TOKEN = "benchmark-token"
BATCH, PAGE, BULK = 100, 500, 20
"""Records a write takes, records an answer holds, parts of a bulk request: the vendor's bounds."""

_OVERRIDE = re.compile(rb"\r\nx-http-method-override: *GET\r\n", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nx-cybozu-api-token: *(\S+)", re.IGNORECASE)
_KEYS = re.compile(r'"MT-(\d{7})"')
_LIST = re.compile(rf"(\$id|{KEY}) (?:in \(([^()]*)\)|= (\"[^\"]*\"|\d+))")
_BOUND = re.compile(r"\$id (>=|<=|>|<) \"?(\d+)\"?")
_END = re.compile(r"(?:order by \$id (asc|desc))? *(?:limit (\d+))? *(?:offset (\d+))? *$")


class Kintone(Api):
    """The API over the contents."""

    def __init__(self, count: int, shape: Shape) -> None:
        super().__init__()
        self.contents = Contents(count, shape)

    def fill(self, target: str) -> None:
        """As the contents do."""
        self.contents.fill(target)

    def settle(self, *, change: bool) -> None:
        """As the contents do."""
        self.contents.settle(change=change)

    def told(self) -> dict[str, Any]:
        """What was written, what had to be, and whether the target is right."""
        contents = self.contents
        return {"written": contents.written, "needed": contents.needed, "verdict": contents.verdict()}

    def busy(self) -> bytes:
        """As for the hundred-and-first request at a time."""
        return orjson.dumps(Refusal(429, "GAIA_TO04", "Too many requests at a time.").body)

    def reply(self, method: str, target: str, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Status and JSON."""
        try:
            return 200, self._answer(method, target, head, body)
        except Refusal as refusal:
            return refusal.status, orjson.dumps(refusal.body)

    def _answer(self, method: str, target: str, head: bytes, body: bytes) -> bytes:
        told = _TOKEN.search(head)
        if told is None or told[1] != TOKEN.encode():
            raise Refusal(400, "GAIA_IA02", "The API token is wrong.")
        if method == "POST" and _OVERRIDE.search(head):
            method = "GET"
        api, params = _request(target, body)
        done = {
            ("GET", "records.json"): self._read,
            ("POST", "records.json"): self._write("POST"),
            ("PUT", "records.json"): self._write("PUT"),
            ("POST", "bulkRequest.json"): self._bulk,
            ("GET", "app.json"): self._app,
            ("GET", "app/settings.json"): self._settings,
            ("GET", "app/form/fields.json"): self._fields,
            ("GET", "app/form/layout.json"): self._layout,
        }.get((method, api))
        if done is None:
            raise Refusal(501, "BENCH_01", f"the benchmark's stand-in does not offer {method} {api}")
        self.seen["writes"] += method != "GET"
        return done(params)

    # ------------------------------------------------------------ reading

    def _read(self, params: dict[str, Any]) -> bytes:
        app = _app(params)
        ids = self._wanted(app, str(params.get("query", "")))
        fields = frozenset(params["fields"]) if params.get("fields") else self.contents.all_fields
        chosen, count = ids
        total = b'"%d"' % count if str(params.get("totalCount")).lower() == "true" else b"null"
        return b'{"records":[%s],"totalCount":%s}' % (self.contents.encoded(app, chosen, fields), total)

    def _wanted(self, app: int, query: str) -> tuple[Any, int]:
        """The ids of the page that is asked for, and how many fit in all. Raises Refusal for what is not offered."""
        end = _END.search(query)
        assert end is not None  # it may match nothing
        condition = query[: end.start()]
        lists, bounds = _LIST.findall(condition), _BOUND.findall(condition)
        if re.sub(r"\band\b|[() ]", "", _BOUND.sub("", _LIST.sub("", condition))):
            raise Refusal(501, "BENCH_02", f"the benchmark's stand-in cannot read the query {query[:200]}")
        low, high = 1, self.contents.top(app)
        for sign, text in bounds:
            number = int(text)
            low = max(low, number + (sign == ">")) if sign[0] == ">" else low
            high = min(high, number - (sign == "<")) if sign[0] == "<" else high
        ids: Any = range(low, high + 1)
        for name, many, one in lists:
            ids = [at for at in self._listed(app, name, many or one) if low <= at <= high]
        limit, offset = int(end[2] or BATCH), int(end[3] or 0)
        if limit > PAGE:
            raise Refusal(400, "CB_VA01", "limit: at most 500")
        return (ids if end[1] == "asc" else ids[::-1])[offset : offset + limit], len(ids)

    def _listed(self, app: int, name: str, text: str) -> list[int]:
        if name == KEY:
            return self.contents.found(app, map(int, _KEYS.findall(text)))
        return sorted({int(told) for told in re.findall(r"\d+", text)})

    # ------------------------------------------------------------ writing

    def _write(self, method: str) -> Callable[[dict[str, Any]], bytes]:
        def done(params: dict[str, Any]) -> bytes:
            self._check(method, params, set())
            return orjson.dumps(self._carry_out(method, params))

        return done

    def _bulk(self, params: dict[str, Any]) -> bytes:
        """All or nothing: every part is checked before the first is carried out."""
        parts = params["requests"]
        if len(parts) > BULK:
            raise Refusal(400, "CB_VA01", "requests: at most 20")
        taken: set[int] = set()
        for part in parts:
            self._check(part["method"], part["payload"], taken)
        return orjson.dumps({"results": [self._carry_out(part["method"], part["payload"]) for part in parts]})

    def _check(self, method: str, params: dict[str, Any], taken: set[int]) -> None:
        """Raises Refusal where a record may not be written; `taken`: keys of the parts before."""
        records = params["records"]
        if _app(params) != 2 or len(records) > BATCH:
            raise Refusal(400, "CB_VA01", "records: at most 100, and of app 2 alone")
        for at, record in enumerate(records):
            if method == "POST":
                self._must_be_free(at, record, taken)
            elif self._id(record) is None and not params.get("upsert"):
                raise Refusal(404, "GAIA_RE20", "No record has this key.")
            elif not self._is_latest(record):
                raise Refusal(409, "GAIA_CO02", "The revision is not the latest.")

    def _must_be_free(self, at: int, record: dict[str, Any], taken: set[int]) -> None:
        number = self.contents.number(record[KEY]["value"])
        if number and (number in taken or self.contents.ids[number]):
            messages = {"messages": ["This value already exists in another record."]}
            raise Refusal(400, "CB_VA01", "Missing or invalid input.", {f"records[{at}].{KEY}.value": messages})
        taken.add(number)

    def _id(self, record: dict[str, Any]) -> int | None:
        """The record that an update is for; None: there is none."""
        if "id" in record:
            id_ = int(record["id"])
            if not 0 < id_ <= self.contents.top(2):
                raise Refusal(404, "GAIA_RE01", "There is no such record.")
            return id_
        number = self.contents.number(record["updateKey"]["value"])
        return self.contents.ids[number] or None if number else None

    def _is_latest(self, record: dict[str, Any]) -> bool:
        asked, id_ = int(record.get("revision", -1)), self._id(record)
        return asked == -1 or id_ is None or asked == self.contents.revisions[self.contents.numbers[id_]]

    def _carry_out(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "POST":
            made = [self.contents.create(record) for record in params["records"]]
            return {"ids": [str(id_) for id_, _ in made], "revisions": [str(revision) for _, revision in made]}
        return {"records": [self._put(record) for record in params["records"]]}

    def _put(self, record: dict[str, Any]) -> dict[str, str]:
        id_ = self._id(record)
        if id_ is None:
            key = {KEY: {"value": record["updateKey"]["value"]}}
            id_, revision = self.contents.create({**record["record"], **key})
            return {"id": str(id_), "revision": str(revision), "operation": "INSERT"}
        revision = self.contents.update(id_, record["record"])
        return {"id": str(id_), "revision": str(revision), "operation": "UPDATE"}

    # ------------------------------------------------------------ apps and forms

    def _app(self, params: dict[str, Any]) -> bytes:
        return orjson.dumps({"appId": params["id"], "name": f"app {params['id']}", "code": ""})

    def _settings(self, params: dict[str, Any]) -> bytes:
        precision = {"digits": "16", "decimalPlaces": "4", "roundingMode": "HALF_EVEN"}
        return orjson.dumps({"name": f"app {params['app']}", "numberPrecision": precision})

    def _fields(self, params: dict[str, Any]) -> bytes:
        return orjson.dumps({"properties": properties(self.contents.form), "revision": "1"})

    def _layout(self, params: dict[str, Any]) -> bytes:
        fields = [{"type": type_, "code": code} for code, type_ in self.contents.form.items()]
        return orjson.dumps({"layout": [{"type": "ROW", "fields": fields}], "revision": "1"})

    def warm(self) -> None:
        """Encode what is asked for most before the clock runs."""
        contents = self.contents
        for target in ("changed", "equal", "empty"):
            contents.fill(target)
            for app in (1, 2):
                contents.encoded(app, range(1, min(contents.top(app), 200) + 1), contents.all_fields)


def _request(target: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The API's name and its parameters, from the query of the address or from the body."""
    url = urlsplit(target)
    if not url.path.startswith("/k/v1/"):
        raise Refusal(404, "BENCH_03", f"there is nothing at {url.path}")
    params: dict[str, Any] = {}
    for name, value in parse_qsl(url.query):
        plain = name.partition("[")[0]
        if plain == name:
            params[name] = value
        else:
            params.setdefault(plain, []).append(value)
    if body:
        params.update(orjson.loads(body))
    return url.path.removeprefix("/k/v1/"), params


def _app(params: dict[str, Any]) -> int:
    app = int(params.get("app", 0))
    if app not in (1, 2):
        raise Refusal(404, "GAIA_AP01", f"There is no app {app}.")
    return app


def main() -> None:
    """Read the options and serve."""
    parser = arguments(__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="default")
    wanted = parser.parse_args()
    api = Kintone(wanted.records, SHAPES[wanted.shape])
    api.warm()
    serve(api, wanted, TOKEN)


if __name__ == "__main__":
    main()
