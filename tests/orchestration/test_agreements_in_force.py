"""Data flow under an agreement in force: on every day they are about, and on the day they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.examine import check_file
from expectations.intake import judge_again, take_in
from foundation.home import Home
from ingest import receive
from ingest.contract import CONTRACTS as FOLDER
from ingest.contract import Contract, load_contracts, parse_contract
from ingest.register import read_receipt
from ingest.rules import RULES
from ingest.sample import sample_of
from orchestration import doctor

CONTRACTS = load_contracts()
RULE = "delivery.agreement_not_in_force"
SMOKING = CONTRACTS["stop_smoking"]
FIRST, LAST = date(2022, 4, 1), date(2027, 3, 31)


@pytest.fixture
def house(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(demo=False, place="greenwich")
    return made


def delivered(home: Home, contract: Contract = SMOKING, sender: str = "ZSS1") -> Path:
    """The sender's sample, in its mailbox."""
    sample = sample_of(contract, sender)
    folder = home.landing / sender
    folder.mkdir(parents=True, exist_ok=True)
    name = sample.manifest().file
    (folder / name).write_bytes(sample.file())
    path = folder / f"{name}.manifest.json"
    path.write_bytes(sample.manifest_bytes())
    return path


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_the_day_of_receipt_is_judged_to_the_day(day: date) -> None:
    found = receive.check_manifest(sample_of(SMOKING, "ZSS1").manifest(), SMOKING, day)
    assert [item.rule for item in found] == ([] if FIRST <= day <= LAST else [RULE])
    for item in found:
        for part in ("DSA-GRW-PH-1", "2022-04-01", "2027-03-31", str(day)):
            assert part in item.message


def test_a_file_that_arrives_after_the_end_is_refused_by_name(house: Home) -> None:
    receipt = take_in(house, delivered(house), CONTRACTS, received=LAST + timedelta(days=1))
    assert (receipt.outcome, [item.rule for item in receipt.findings]) == ("reject_file", [RULE])
    assert "it arrives on 2027-04-01" in receipt.findings[0].message
    assert "renew" in RULES[RULE].mend
    assert not list(house.lake.rglob("*.parquet"))
    # the agreement was renewed, and the same file is sent again
    again = take_in(house, delivered(house), CONTRACTS, received=LAST)
    assert (again.outcome, again.received_on) == ("accept", LAST)


def test_both_reasons_are_said_at_once() -> None:
    text = (FOLDER / "stop_smoking.yaml").read_text(encoding="utf-8")
    narrow = parse_contract(text.replace("start: '2022-04-01'", "start: '2022-05-01'").encode(), "stop_smoking.yaml")
    (found,) = receive.check_manifest(sample_of(SMOKING, "ZSS1").manifest(), narrow, date(2022, 1, 1))
    assert "the file covers days outside that and it arrives on 2022-01-01" in found.message


def test_what_was_taken_in_is_judged_again_by_its_own_day(house: Home) -> None:
    """An agreement that ends later takes nothing back: the day a file came is kept with it."""
    receipt = take_in(house, delivered(house), CONTRACTS, received=date(2025, 1, 2))
    held = read_receipt(house, receipt.submission_id)
    assert held is not None
    assert held.received_on == date(2025, 1, 2)
    again = judge_again(house, receipt.submission_id, CONTRACTS)
    assert (again.outcome, again.received_on) == ("accept", date(2025, 1, 2))


def test_the_senders_own_check_judges_the_day_it_is_given(house: Home) -> None:
    manifest = delivered(house)
    file = manifest.with_name(manifest.name.removesuffix(".manifest.json"))
    assert check_file(file, SMOKING, manifest, LAST).outcome == "accept"
    late = check_file(file, SMOKING, manifest, LAST + timedelta(days=1))
    assert (late.outcome, late.findings[0].rule) == ("reject_file", RULE)


@pytest.fixture
def on() -> Iterator[Callable[[date], None]]:
    with pytest.MonkeyPatch.context() as patch:
        yield lambda day: patch.setattr(doctor, "today_of", lambda home: day)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (LAST - timedelta(days=91), None),
        (LAST - timedelta(days=90), "ends in 90 days, on 2027-03-31"),
        (LAST, "ends in 0 days"),
        (LAST + timedelta(days=1), "has ended, on 2027-03-31"),
    ],
)
def test_doctor_tells_before_an_agreement_ends(
    house: Home, on: Callable[[date], None], day: date, said: str | None
) -> None:
    on(day)
    assert list(doctor._agreements(house)) == []
    take_in(house, delivered(house), CONTRACTS)
    (found,) = doctor._agreements(house)
    assert found.well == (said is None)
    if said is not None:
        assert said in found.line
        assert "DSA-GRW-PH-1 (stop_smoking of ZSS1)" in found.line
        assert "renew" in found.line
