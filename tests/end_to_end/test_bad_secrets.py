"""A secret among the data: told by its place, and written nowhere."""

from __future__ import annotations

import base64

import pytest

from tests.end_to_end.assets import SHEET
from tests.end_to_end.stage import Stage

PLANTED = {
    "as a text": "A-2,pc SECRET,保管,,",
    "as a text of other letters": "A-2,pc QUOTED,保管,,",
    "as the key": "SECRET,pc-2,保管,,",
    "as a key within a long one": f"A{'x' * 70}SECRET,pc-2,保管,,",
    "where it is no choice": "A-2,pc-2,SECRET,,",
    "where a message would cut it": f"A-2,pc-2,{'x' * 25}SECRET,,",
    "where it is no date": "A-2,pc-2,保管,SECRET,",
    "where it is no number": "A-2,pc-2,保管,,SECRET",
    "beside a fault": "A-2,SECRET,保管,,twelve",
    "in a key that stands twice": "SECRET,pc-2,保管,,\nSECRET,pc-3,保管,,",
    "in an id map's origin": "SECRET,pc-2,保管,March,",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_in_a_record_is_told_by_place_only(own: Stage, name: str) -> None:
    """A Problem that names the record; no output, plan, state or log holds it, nor a telling part of it."""
    token = own.env["KINTONE_API_TOKEN"]
    row = PLANTED[name].replace("SECRET", token).replace("QUOTED", base64.b64encode(token.encode()).decode())
    own.write("assets.csv", SHEET.replace("A-2,pc-2,保管,2024-03-02,", row))
    seen = []
    for words in (
        ("plan", "p.yaml", "-o", "a.plan"),
        ("plan", "p.yaml", "--json"),
        ("show", "a.plan", "--full"),
        ("apply", "a.plan", "--allow-problems", "2", "-v"),
        ("report",),
        ("report", "--json"),
        ("runs",),
    ):
        done = own.run(*words)
        assert done.code == (0 if words[0] in ("show", "report", "runs") else 5), done.text
        seen.append(done.text.encode())
    assert "a value holds a secret" in seen[0].decode()
    assert "record A-2" in seen[0].decode() or "record number 2 of the source" in seen[0].decode()
    del own.env["KINTONE_API_TOKEN"]
    kept = [content for path, content in own.files().items() if path != "assets.csv"]
    assert len(kept) > 5
    parts = [token[start : start + 10].encode() for start in range(len(token) - 9)]
    assert [text for text in (*seen, *kept) for part in parts if part in text] == []
    assert [record["serial"] for record in own.truth()["kintone"][3]] == ["A-1"]
