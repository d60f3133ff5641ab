"""The end of a contract: what one organisation sent goes out whole and comes in again under another name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deliveries import take_in_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_feeds import KEY, clear_row, contract_of, send, token_row

from expectations.intake import take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from ingest.contract import Contract
from ingest.cut import build_cut, links_of
from ingest.handover import export_organisation, import_organisation
from ingest.register import Register, withdraw

PEOPLE = [
    {"nhs_number": number, "forename": name, "surname": "Cairngorm", "date_of_birth": "1950-02-03", "local_id": name}
    for number, name in (("9990000018", "Ann"), ("9990000026", "Bob"), ("", "Cat"))
]
SENDERS = {"TOK": {"layout": "canonical"}, "CLR": {"layout": "own_clear"}, "NEW": {"layout": "plain"}}
LAYOUTS = {
    "canonical": {
        "absent": ["nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id"],
        "dateFormat": "DD/MM/YYYY",
        "columns": {"visit_id": "Visit"},
    },
    "plain": {"absent": ["nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id"]},
    "own_clear": {
        "absent": ["person_token", "match_token", "local_token", "nhs_number_status", "birth_month"],
        "columns": {"local_id": "client"},
    },
}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "visits", contract_rules)


@pytest.fixture(scope="module")
def agreed() -> dict[str, Contract]:
    return {"visits": contract_of("visits", senders=SENDERS, layouts=LAYOUTS)}


@pytest.fixture
def other(tmp_path: Path) -> Home:
    made = Home(tmp_path / "other")
    made.create(demo=True, place="test")
    return made


def rows_in(home: Home) -> list[dict[str, Any]]:
    paths = sorted(home.lake.rglob("*.parquet"))
    rows = [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]
    return sorted(
        ({name: value for name, value in row.items() if name != "row_number"} for row in rows),
        key=lambda row: [str(value) for value in row.values()],
    )


def test_what_goes_out_comes_in_under_another_name(
    home: Home, other: Home, agreed: dict[str, Contract], tmp_path: Path
) -> None:
    bad = {**token_row(3, PEOPLE[1]), "nhs_number_status": "perhaps"}
    take_in(home, send(home, "visits", [token_row(1, PEOPLE[0]), token_row(2, PEOPLE[2]), bad], "TOK"), agreed)
    take_in(home, send(home, "visits", [clear_row(9, PEOPLE[1])], "CLR"), agreed)
    made = export_organisation(home, "TOK", agreed, tmp_path / "export")
    assert (made.submissions, made.rows) == (1, 2)
    proved = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "export", capture_output=True)
    assert proved.returncode == 0
    index = json.loads((tmp_path / "export" / "export.json").read_bytes())
    assert [item["rows"] for item in index["submissions"]] == [2]
    held = b"".join(path.read_bytes() for path in (tmp_path / "export").rglob("*") if path.is_file())
    assert not any(
        person[name].encode() in held for person in PEOPLE for name in ("nhs_number", "surname") if person[name]
    )
    import_organisation(other, tmp_path / "export", agreed, "NEW")
    receipts = take_in_all(other, agreed)
    assert [(item.organisation, item.outcome, item.rows_accepted) for item in receipts] == [("NEW", "accept", 2)]
    assert rows_in(other) == [row for row in rows_in(home) if row["visit_id"] != "v9"]
    again = export_organisation(other, "NEW", agreed, tmp_path / "again")
    assert (again.submissions, again.rows) == (1, 2)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=3))
def test_whatever_was_sent_the_round_trip_keeps_rows_and_persons(
    tmp_path_factory: pytest.TempPathFactory, agreed: dict[str, Contract], files: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    homes = [Home(folder / name) for name in ("one", "two")]
    for made in homes:
        made.create(demo=True, place="test")
    for sequence, people in enumerate(files, 1):
        rows = [token_row(number, PEOPLE[place]) for number, place in enumerate(people)]
        take_in(homes[0], send(homes[0], "visits", rows, "TOK", sequence), agreed)
    export_organisation(homes[0], "TOK", agreed, folder / "export")
    import_organisation(homes[1], folder / "export", agreed, "NEW")
    take_in_all(homes[1], agreed)
    assert rows_in(homes[0]) == rows_in(homes[1])
    cuts = [build_cut(made, agreed) for made in homes]
    assert links_of(homes[0], cuts[0]).equals(links_of(homes[1], cuts[1]))
    in_force = [[(item.covers_from, item.sequence) for item in Register.load(made).in_force()] for made in homes]
    assert in_force[0] == in_force[1]


def test_what_was_withdrawn_stays_behind_and_nothing_is_overwritten(
    home: Home, agreed: dict[str, Contract], tmp_path: Path
) -> None:
    from datetime import date

    receipt = take_in(home, send(home, "visits", [token_row(1, PEOPLE[0])], "TOK"), agreed)
    withdraw(home, receipt.submission_id, "wrong people", "dpo", agreed, date(2025, 5, 1))
    with pytest.raises(WrongUsage, match="nothing of that organisation"):
        export_organisation(home, "TOK", agreed, tmp_path / "export")
    with pytest.raises(WrongUsage, match="there already"):
        export_organisation(home, "TOK", agreed, tmp_path)


def _change(folder: Path) -> None:
    index = folder / "export.json"
    index.write_bytes(index.read_bytes().replace(b'"sequence": 1', b'"sequence": 2'))


def _drop(folder: Path) -> None:
    next(folder.rglob("rows.parquet")).unlink()


def _add(folder: Path) -> None:
    (folder / "extra.txt").write_text("more")


def _unlist(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


@pytest.mark.parametrize("damage", [_change, _drop, _add, _unlist])
def test_an_export_that_was_changed_is_refused_whole(
    home: Home, other: Home, agreed: dict[str, Contract], tmp_path: Path, damage: Any
) -> None:
    take_in(home, send(home, "visits", [token_row(1, PEOPLE[0])], "TOK"), agreed)
    export_organisation(home, "TOK", agreed, tmp_path / "export")
    damage(tmp_path / "export")
    with pytest.raises(Refused):
        import_organisation(other, tmp_path / "export", agreed, "NEW")
    assert not list(other.landing.rglob("*.csv"))


def test_an_import_says_why_it_cannot_be(home: Home, other: Home, agreed: dict[str, Contract], tmp_path: Path) -> None:
    take_in(home, send(home, "visits", [token_row(1, PEOPLE[0])], "TOK"), agreed)
    export_organisation(home, "TOK", agreed, tmp_path / "export")
    for name, why in (("ABC", "no sender"), ("CLR", "send identifiers")):
        with pytest.raises(Refused, match=why):
            import_organisation(other, tmp_path / "export", agreed, name)
    with pytest.raises(WrongUsage):
        import_organisation(other, tmp_path / "export", agreed, "../x")
    import_organisation(other, tmp_path / "export", agreed)
    with pytest.raises(Refused, match="already"):
        import_organisation(other, tmp_path / "export", agreed)
    elsewhere = Home(tmp_path / "elsewhere")
    elsewhere.create(demo=True, place="greenwich")
    with pytest.raises(Refused, match="another place"):
        import_organisation(elsewhere, tmp_path / "export", agreed)


def test_the_lake_must_be_what_was_received(home: Home, agreed: dict[str, Contract], tmp_path: Path) -> None:
    take_in(home, send(home, "visits", [token_row(1, PEOPLE[0])], "TOK"), agreed)
    path = next(home.lake.rglob("*.parquet"))
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(Refused, match="not that of its receipt"):
        export_organisation(home, "TOK", agreed, tmp_path / "export")
    assert not (tmp_path / "export").exists()
    assert KEY.key_id == "k1"
