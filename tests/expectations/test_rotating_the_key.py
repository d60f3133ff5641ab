"""Another key: what the vault holds in clear is made of new tokens, what came as tokens has to be sent again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from identity_feeds import clear_row, contract_of, send, token_row

from expectations.gate_cut import judge_feed, judge_register
from expectations.intake import judge_again, outdated, take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.home import Home
from foundation.tokens import TokenKey
from ingest.contract import Contract
from ingest.cut import build_cut, links_of
from ingest.identity.keyring import VARIABLE, read_key

ANN = {"nhs_number": "4000000004", "forename": "Ann", "surname": "Lee", "date_of_birth": "1950-02-03", "local_id": "c7"}
BOB = {**ANN, "nhs_number": "", "forename": "Bob", "local_id": "c8"}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "visits", contract_rules)


@pytest.fixture
def live(tmp_path: Path) -> Home:
    made = Home(tmp_path / "live")
    made.create(demo=False, place="test")
    return made


def use(folder: Path, key_id: str, digit: str, monkeypatch: pytest.MonkeyPatch) -> TokenKey:
    path = folder / f"key-{key_id}"
    path.write_text(f"master {key_id} {digit * 64}\n")
    path.chmod(0o600)
    monkeypatch.setenv(VARIABLE, str(path))
    return read_key(path, "test")


def under(key_id: str) -> dict[str, Contract]:
    return {"visits": contract_of("visits", identity={"keyIds": [key_id]})}


def rows_of(home: Home, organisation: str) -> list[dict[str, Any]]:
    paths = sorted((home.lake / "feed=visits" / f"organisation={organisation}").rglob("*.parquet"))
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def test_a_new_key_is_taken_into_use(live: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = use(tmp_path, "k1", "a", monkeypatch)
    clear = take_in(live, send(live, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), under("k1"))
    sent = take_in(live, send(live, "visits", [token_row(1, ANN, first)], "TOK"), under("k1"))
    before = rows_of(live, "CLR")
    former = build_cut(live, under("k1"))
    second = use(tmp_path, "k2", "b", monkeypatch)
    assert {item.submission_id for item in outdated(live, under("k2"))} == {clear.submission_id, sent.submission_id}
    renewed = judge_again(live, clear.submission_id, under("k2"))
    assert renewed.lake_files != clear.lake_files
    after = rows_of(live, "CLR")
    assert [row["person_token"] for row in after] == [second.token("4000000004"), None]
    made = ("person_token", "match_token", "local_token")
    assert [{name: row[name] for name in row if name not in made} for row in after] == [
        {name: row[name] for name in row if name not in made} for row in before
    ]
    assert not any("k1:" in str(row) for row in after)
    # what came as tokens cannot be turned: it keeps the old ones, and the gate says so
    kept = judge_again(live, sent.submission_id, under("k2"))
    assert kept.repeated
    cut = build_cut(live, under("k2"))
    assert judge_register(live, cut, under("k2")).passed
    assert not judge_feed(live, cut, under("k2"), "visits").passed
    # its sender sends it again
    take_in(live, send(live, "visits", [token_row(1, ANN, second)], "TOK", 2), under("k2"))
    cut = build_cut(live, under("k2"))
    assert judge_feed(live, cut, under("k2"), "visits").passed
    assert judge_register(live, cut, under("k2")).passed
    assert len(set(links_of(live, cut).column("person_key").to_pylist())) == len(
        set(links_of(live, former).column("person_key").to_pylist())
    )
    assert judge_again(live, clear.submission_id, under("k2")).repeated


def test_other_rows_are_not_taken_for_other_tokens(live: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(tmp_path, "k1", "a", monkeypatch)
    clear = take_in(live, send(live, "visits", [clear_row(1, ANN), clear_row(2, BOB)], "CLR"), under("k1"))
    use(tmp_path, "k2", "b", monkeypatch)
    stricter = contract_of(
        "visits",
        identity={"keyIds": ["k2"]},
        crossFieldRules=[],
        dataSharingAgreement={"reference": "DSA-1", "start": "2026-04-01", "end": "2030-03-31"},
    )
    held = judge_again(live, clear.submission_id, {"visits": stricter})
    assert held.repeated
    assert held.lake_files == clear.lake_files


def test_the_same_key_id_with_another_secret_changes_nothing(
    live: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key put in place of another under its id would split everybody in two: the rows stay as they are."""
    use(tmp_path, "k1", "a", monkeypatch)
    clear = take_in(live, send(live, "visits", [clear_row(1, ANN)], "CLR"), under("k1"))
    use(tmp_path, "k1", "b", monkeypatch)
    other = {"visits": contract_of("visits", identity={"keyIds": ["k1"]}, retention="two days")}
    assert judge_again(live, clear.submission_id, other).lake_files == clear.lake_files
