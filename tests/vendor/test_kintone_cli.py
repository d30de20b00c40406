"""The vendor's command line tool, unmodified, exports from the emulator and imports into it."""

import csv
import io
import subprocess
from pathlib import Path

import pytest

from migrator.emulators.server import Emulator
from tests.vendor.conftest import environment

pytestmark = pytest.mark.vendor
SINK, ASSETS, IDEAS = "1", "3", "4"
SECONDS = 60


class Cli:
    """`cli-kintone record …` against one emulator."""

    def __init__(self, vendor: Path, emulator: Emulator, url: str) -> None:
        self._program = vendor / "node_modules" / ".bin" / "cli-kintone"
        token = emulator.env(url)["KINTONE_API_TOKEN"]
        self._environment = environment(KINTONE_BASE_URL=url, KINTONE_API_TOKEN=token)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["node", str(self._program), "record", *arguments],
            env=self._environment, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS,
        )  # fmt: skip

    def export(self, *arguments: str) -> list[dict[str, str]]:
        done = self.run("export", *arguments)
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def must(self, *arguments: str) -> None:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def cli(vendor: Path, kintone: tuple[Emulator, str]) -> Cli:
    return Cli(vendor, *kintone)


def test_export_writes_every_kind_of_field_tables_and_attachments(cli: Cli, tmp_path: Path) -> None:
    rows = cli.export("--app", SINK, "--attachments-dir", str(tmp_path), "--order-by", "$id asc")
    assert [row["*"] for row in rows] == ["*", "", "*", "*", "*"]
    assert (rows[0]["amount"], rows[0]["customer_name"]) == ("37.5", "Aoba Trading")
    assert [row["line_item"] for row in rows[:2]] == ["bolt", "fitting"]
    assert (tmp_path / rows[0]["files"]).read_bytes() == b"kitchen sink"


def test_export_pages_by_id_and_filters(cli: Cli, kintone: tuple[Emulator, str]) -> None:
    store = kintone[0].store
    store.add_records(store.app(3), [{"serial": f"S{at}", "cost": at} for at in range(1100)])
    assert len(cli.export("--app", ASSETS)) == 1100
    rows = cli.export("--app", IDEAS, "--condition", 'stage in ("NEW")', "--fields", "idea_no,stage")
    assert {row["stage"] for row in rows} == {"NEW"}


def test_what_was_exported_imports_again_as_new_records(
    cli: Cli, tmp_path: Path, kintone: tuple[Emulator, str]
) -> None:
    store, path = kintone[0].store, tmp_path / "sink.csv"
    columns = "title,memo,quantity,state,colors,areas,day,clock,moment,people,customer,lines"
    done = cli.run("export", "--app", SINK, "--fields", columns)
    path.write_text(done.stdout, encoding="utf-8")
    cli.must("import", "--app", SINK, "--file-path", str(path))
    records = store.records(1)
    assert len(records) == 8
    # exported by id: the first one imported is the first one's twin
    for code in ("title", "quantity", "areas", "day", "moment", "people", "customer_name", "total"):
        assert records[4][code] == records[0][code], code


def test_import_with_an_update_key_updates_and_inserts(
    cli: Cli, tmp_path: Path, kintone: tuple[Emulator, str]
) -> None:
    store, path = kintone[0].store, tmp_path / "ideas.csv"
    path.write_text('idea_no,title\n"I-0003","Changed"\n"I-0099","New"\n', encoding="utf-8")
    cli.must("import", "--app", IDEAS, "--file-path", str(path), "--update-key", "idea_no")
    titles = {record["idea_no"]: record["title"] for record in store.records(4)}
    assert (titles["I-0003"], titles["I-0099"], len(titles)) == ("Changed", "New", 11)


def test_import_by_record_number_inserts_rows_without_one_under_fresh_ids(
    cli: Cli, tmp_path: Path, kintone: tuple[Emulator, str]
) -> None:
    store, path = kintone[0].store, tmp_path / "sink.csv"
    path.write_text('Record_number,title\n2,"Changed"\n,"New one"\n,"New two"\n', encoding="utf-8")
    cli.must("import", "--app", SINK, "--file-path", str(path), "--update-key", "Record_number")
    titles = {record["$id"]: record["title"] for record in store.records(1)}
    assert (titles["2"], titles["5"], titles["6"]) == ("Changed", "New one", "New two")


def test_a_refused_row_is_named_and_nothing_of_it_stays(
    cli: Cli, tmp_path: Path, kintone: tuple[Emulator, str]
) -> None:
    path = tmp_path / "assets.csv"
    path.write_text("serial,cost\nA,1\nB,x\n", encoding="utf-8")
    done = cli.run("import", "--app", ASSETS, "--file-path", str(path))
    assert done.returncode == 1
    assert "cost" in done.stderr
    assert kintone[0].store.records(3) == []


def test_delete_takes_the_records_of_a_file(cli: Cli, tmp_path: Path, kintone: tuple[Emulator, str]) -> None:
    path = tmp_path / "gone.csv"
    path.write_text("Record_number\n1\n3\n", encoding="utf-8")
    cli.must("delete", "--app", IDEAS, "--yes", "--file-path", str(path))
    assert [record["$id"] for record in kintone[0].store.records(4)][:3] == ["2", "4", "5"]
