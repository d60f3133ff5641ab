"""The demo place carries the open figures faithfully: a blank stays a blank, nothing is added."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest

from foundation.errors import WrongUsage
from places import find_place

PLACE = find_place("derbyshire")


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_figures_equal_the_open_data(shared: Path) -> None:
    with (shared / "data" / "england_trust_discharged_patients.csv").open() as handle:
        published = {
            (row["nhs_trust22_code"], row["date"]): row
            for row in csv.DictReader(handle)
            if row["nhs_trust22_code"] in ("RTG", "RFS")
        }
    with (shared / "data" / "england_icb_criteria_to_reside.csv").open() as handle:
        census = {
            row["date"]: row["do_not_meet_criteria_to_reside"]
            for row in csv.DictReader(handle)
            if row["icb22_code"] == PLACE.area_code
        }

    def as_sent(text: str) -> str:
        return "" if text == "" else str(int(Decimal(text)))

    seen = 0
    for item in PLACE.submissions():
        if item.feed != "daily_discharge_return":
            continue
        for row in _rows(item.content):
            if item.organisation == PLACE.area_code:
                assert row["no_criteria_to_reside"] == census[row["date"]]
                assert row["discharged_total"] == ""
            elif item.organisation == "RTG":
                day, month, year = row["reporting_date"].split("/")
                assert row["dis_total"] == as_sent(published["RTG", f"{year}-{month}-{day}"]["discharged_total"])
                assert row["dis_by_1700"] == as_sent(published["RTG", f"{year}-{month}-{day}"]["discharged_by_1700"])
            else:
                assert row["Discharged total"] == as_sent(published["RFS", row["Date"]]["discharged_total"])
            seen += 1
    assert seen == 3 * len(census) == 3 * 1249


def test_days_a_trust_did_not_report_go_out_blank_or_zero() -> None:
    """35 blank, and zero on a few: the trap the product must not fall into."""
    blank = zero = 0
    for item in PLACE.submissions():
        if item.feed == "daily_discharge_return" and item.organisation in ("RTG", "RFS"):
            for row in _rows(item.content):
                total = row.get("dis_total", row.get("Discharged total"))
                blank += total == ""
                zero += total == "0"
    assert blank == 35
    assert zero == 6  # 2022-06-19 at both trusts, four other days at one


def test_manifests_state_what_the_file_holds(tmp_path: Path) -> None:
    items = PLACE.submissions()
    assert len(items) == 1 + 41 * 3 + 11 + 5 * 12
    assert len({item.file_name for item in items}) == len(items)
    for item in items:
        manifest = item.manifest()
        assert manifest["rows"] == len(_rows(item.content))
        assert manifest["sha256"] == hashlib.sha256(item.content).hexdigest()
        assert manifest["bytes"] == len(item.content)
    path = items[0].write(tmp_path)
    assert path.name.endswith(".manifest.json")
    assert (path.parent / items[0].file_name).read_bytes() == items[0].content


def test_illustrative_cost_is_what_the_agreement_was_worked_with() -> None:
    """140,000,000.00 to the penny, and control totals that add up to it."""
    ledgers = [item for item in PLACE.submissions() if item.feed == "cost_ledger"]
    rows = [row for item in ledgers for row in _rows(item.content)]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("140000000.00")
    assert sum(Decimal(dict(item.control_totals)["amount"]) for item in ledgers) == Decimal("140000000.00")


def test_money_stands_beside_roles_only() -> None:
    """No real organisation's name or code beside invented money."""
    for item in PLACE.submissions():
        if item.feed == "cost_ledger":
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", item.organisation)
            for real in (b"RTG", b"RFS", b"E54000058", b"Derby"):
                assert real not in item.content.replace(b"derbyshire-real-only", b"")


def test_an_unknown_place_names_those_there_are() -> None:
    with pytest.raises(WrongUsage, match="derbyshire"):
        find_place("atlantis")
