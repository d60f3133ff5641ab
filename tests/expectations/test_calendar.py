"""The calendar: when a delivery is due, which file counts, and how it stands on a day."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from deliveries import AREA, board_rows, deliver_ledger, deliver_reference, deliver_trust, ledger_rows, trust_rows
from hypothesis import given
from hypothesis import strategies as st

from expectations.due import OPEN, Delivery, asked_by_register, asked_of_members, calendar
from expectations.intake import take_in
from expectations.requirement import Due, required_organisations
from foundation.errors import Refused
from foundation.home import Home
from foundation.period import month, parse_period
from ingest.contract import Contract, load_contracts
from ingest.cut import cut_of
from ingest.register import Receipt, Register, withdraw

CONTRACTS = load_contracts()
FEED = "daily_discharge_return"
# 14 days after the end of April
DUE = date(2025, 5, 14)
APRIL = {"RTG", "RFS", AREA}


def look(home: Home, on: date, contracts: dict[str, Contract] | None = None) -> dict[tuple[str, str], Delivery]:
    """Organisation and period -> delivery of the daily return, as known on a day."""
    agreed = contracts or CONTRACTS
    register = Register.as_known_on(home, on)
    rows = required_organisations(home, cut_of(register))
    found = calendar(agreed, register, asked_by_register(rows, agreed, on), on)
    return {(item.organisation, item.period.label): item for item in found}


def april(home: Home, on: date, organisation: str = "RFS") -> Delivery:
    return look(home, on)[organisation, "2025-04"]


@pytest.fixture
def house(home: Home) -> Home:
    """A home whose register asks three organisations for a daily return, from April 2025 on."""
    take_in(home, deliver_reference(home), CONTRACTS, received=date(2025, 4, 1))
    return home


def came(home: Home, path: Path, on: date) -> Receipt:
    return take_in(home, path, CONTRACTS, received=on)


def test_the_states_of_a_month_one_after_another(house: Home) -> None:
    """GRW-05: who supplied what, and when: awaited, overdue, held back, then there."""
    awaited = april(house, DUE)
    assert (awaited.state, awaited.due_on, awaited.missing) == ("waiting", DUE, ("2025-04",))
    assert april(house, DUE + timedelta(days=1)).state == "overdue"
    spoiled = [row[:-1] for row in trust_rows("RFS")]
    refused = came(house, deliver_trust(house, rows=spoiled), date(2025, 5, 16))
    assert not refused.accepted
    held = april(house, date(2025, 5, 16))
    assert held.state == "quarantine"
    assert held.refused is not None
    assert held.refused.submission_id == refused.submission_id
    # the day before it came nobody knew of it
    assert april(house, date(2025, 5, 15)).state == "overdue"
    good = came(house, deliver_trust(house, sequence=2), date(2025, 5, 20))
    late = april(house, date(2025, 5, 21))
    assert (late.state, late.received_on, late.refused) == ("received_late", date(2025, 5, 20), None)
    assert [item.submission_id for item in late.counts] == [good.submission_id]
    assert {name for name, label in look(house, DUE) if label == "2025-04"} == APRIL


def test_the_last_day_is_in_time(house: Home) -> None:
    came(house, deliver_trust(house), DUE)
    came(house, deliver_trust(house, "RTG"), DUE + timedelta(days=1))
    assert april(house, DUE).state == "received_on_time"
    assert april(house, DUE + timedelta(days=1), "RTG").state == "received_late"


def test_who_corrects_a_file_has_sent_it_in_time_all_the_same(house: Home) -> None:
    came(house, deliver_trust(house), DUE)
    second = came(house, deliver_trust(house, sequence=2), DUE + timedelta(days=30))
    found = april(house, DUE + timedelta(days=30))
    assert (found.state, found.received_on) == ("received_on_time", DUE)
    assert [item.sequence for item in found.counts] == [second.sequence] == [2]
    # a correction that is held back leaves what counts as it is, and is open until it is sent again
    third = came(house, deliver_trust(house, sequence=3, rows=[row[:-1] for row in trust_rows("RFS")]), DUE)
    now = april(house, DUE + timedelta(days=30))
    assert (now.state, now.open, now.refused) == ("received_on_time", True, third)
    came(house, deliver_trust(house, sequence=4), DUE + timedelta(days=31))
    mended = april(house, DUE + timedelta(days=31))
    assert (mended.open, [item.sequence for item in mended.counts]) == (False, [4])
    withdraw(
        house, mended.counts[0].submission_id, "wrong", "RFS", CONTRACTS, DUE + timedelta(days=32), restatement=True
    )
    # taken back, the former file counts again, from that day on
    day = DUE + timedelta(days=40)
    withdraw(house, second.submission_id, "wrong ward", "RFS", CONTRACTS, day, restatement=True)
    assert [item.sequence for item in april(house, day).counts] == [1]
    assert [item.sequence for item in april(house, day - timedelta(days=1)).counts] == [2]


def test_rows_that_wait_are_counted(house: Home) -> None:
    rows = board_rows()
    rows[3][2] = "-4"
    receipt = came(house, deliver_trust(house, AREA, rows=rows), DUE)
    assert receipt.accepted
    found = april(house, DUE, AREA)
    assert (found.state, found.rows_waiting) == ("in_part", receipt.rows_quarantined)
    assert found.rows_waiting == 1
    assert found.complete
    came(house, deliver_trust(house, AREA, sequence=2), DUE)
    assert april(house, DUE, AREA).state == "received_on_time"


def test_nothing_is_waited_for_that_would_not_be_taken(house: Home) -> None:
    """GRW-04: outside its data-sharing agreement a sender is not called late."""
    contract = CONTRACTS[FEED]
    senders = dict(contract.custom.senders)
    ended = contract.custom.dataSharingAgreement.model_copy(update={"end": date(2025, 4, 15)})
    senders["RFS"] = senders["RFS"].model_copy(update={"dataSharingAgreement": ended})
    del senders["RTG"]
    custom = contract.custom.model_copy(update={"senders": senders})
    agreed = {**CONTRACTS, FEED: dataclasses.replace(contract, custom=custom)}
    found = look(house, DUE + timedelta(days=5), agreed)
    states = {name: item.state for (name, label), item in found.items() if label == "2025-04"}
    assert states == {"RFS": "outside_agreement", "RTG": "outside_agreement", AREA: "overdue"}
    # it covers April, and has ended by the day a file would arrive
    senders["RFS"] = senders["RFS"].model_copy(
        update={"dataSharingAgreement": ended.model_copy(update={"end": date(2025, 5, 10)})}
    )
    assert look(house, date(2025, 5, 10), agreed)["RFS", "2025-04"].state == "waiting"
    assert look(house, date(2025, 5, 11), agreed)["RFS", "2025-04"].state == "outside_agreement"


def test_a_received_file_of_a_day_nobody_wrote_down_is_neither_late_nor_in_time(house: Home) -> None:
    take_in(house, deliver_trust(house), CONTRACTS)
    found = april(house, date(2025, 9, 1))
    assert (found.state, found.received_on) == ("received", None)


def test_members_owe_their_ledgers_month_by_month(home: Home) -> None:
    day = date(2025, 5, 20)
    rows = ledger_rows()
    rows[0][4] = "reimbursible"
    for path in (deliver_ledger(home, rows=rows), deliver_ledger(home, month="2025-05")):
        came(home, path, day)
    asked = list(asked_of_members(["acute-trust"], parse_period("2025-26-q1")))
    found = calendar(CONTRACTS, Register.as_known_on(home, day), asked, date(2025, 7, 21))
    assert [(item.period.label, item.state, item.rows_waiting) for item in found] == [
        ("2025-04", "in_part", 1),
        ("2025-05", "received_on_time", 0),
        ("2025-06", "overdue", 0),
    ]


def test_a_feed_without_a_contract_stops_the_calendar() -> None:
    row = {"required_feed": "gone", "member_organisation": "X", "valid_from": date(2025, 4, 1), "valid_to": None}
    with pytest.raises(Refused, match="gone"):
        list(asked_by_register([row], CONTRACTS, date(2025, 5, 1)))


# laws -----------------------------------------------------------------------------------------------

_DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(st.sampled_from(sorted(CONTRACTS)), _DAYS, st.integers(0, 800))
def test_every_day_belongs_to_one_delivery_and_no_later_day_is_due_earlier(feed: str, day: date, more: int) -> None:
    """The arithmetic of the contract's own dates."""
    contract, later = CONTRACTS[feed], day + timedelta(days=more)
    period = contract.delivery_period(day)
    assert period.start <= day <= period.end
    assert contract.delivery_period(period.start) == contract.delivery_period(period.end) == period
    assert contract.delivery_period(period.end + timedelta(days=1)).start == period.end + timedelta(days=1)
    due = contract.due_on(period.end)
    assert (due - period.end).days == contract.custom.lagDays
    assert due <= contract.due_on(contract.delivery_period(later).end)


_FIRST = date(2025, 1, 1)


def _file(number: int, first: int, days: int, came_on: int) -> Receipt:
    start = _FIRST + timedelta(days=first)
    return Receipt(
        f"{number:064d}", FEED, "RFS", start, start + timedelta(days=days), number, "f.csv", "0" * 64, "0" * 64, 1,
        "accept", 1, 1, 0, 0, (), "", "", (), "", (), received_on=_FIRST + timedelta(days=came_on),
    )  # fmt: skip


_FILES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 150)), max_size=6).map(
    lambda items: [_file(number, *item) for number, item in enumerate(items, start=1)]
)


def _asked() -> list[Due]:
    return list(asked_of_members(["RFS"], month(2025, 2), FEED))


def _each(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _covers(item: Receipt, day: date) -> bool:
    assert item.covers_from is not None
    assert item.covers_to is not None
    return item.covers_from <= day <= item.covers_to


@given(_FILES, st.integers(0, 200))
def test_what_counts_and_since_when_is_what_a_count_by_days_gives(files: list[Receipt], after: int) -> None:
    """A second computation, day by day: complete, since when, and the file that counts for each day."""
    on = _FIRST + timedelta(days=40 + after)
    known = [item for item in files if item.received_on is not None and item.received_on <= on]
    (found,) = calendar(CONTRACTS, Register(tuple(known)), _asked(), on)
    days = list(_each(date(2025, 2, 1), date(2025, 2, 28)))
    assert found.complete == all(any(_covers(item, day) for item in known) for day in days)
    if found.complete:
        since = max(min(item.received_on for item in known if item.received_on and _covers(item, day)) for day in days)
        assert found.received_on == since
        assert found.state == ("received_late" if since > found.due_on else "received_on_time")
    else:
        assert found.state == ("overdue" if on > found.due_on else "waiting")
    best = {max((i for i in known if _covers(i, day)), key=lambda i: i.precedence, default=None) for day in days}
    assert {item.submission_id for item in found.counts} == {item.submission_id for item in best if item is not None}


@given(_FILES, st.permutations(range(6)))
def test_the_order_of_the_receipts_says_nothing(files: list[Receipt], order: list[int]) -> None:
    turned = [files[place] for place in order if place < len(files)]
    on = date(2025, 9, 1)
    assert calendar(CONTRACTS, Register(tuple(turned)), _asked(), on) == calendar(
        CONTRACTS, Register(tuple(files)), _asked(), on
    )


@given(_FILES)
def test_what_is_there_stays_there_and_what_is_overdue_was_awaited(files: list[Receipt]) -> None:
    """Day by day a delivery goes from awaited to overdue to received, and never back while nothing is taken back."""

    def known(day: date) -> Delivery:
        entries = tuple(item for item in files if item.received_on is not None and item.received_on <= day)
        return calendar(CONTRACTS, Register(entries), _asked(), day)[0]

    steps = {"waiting": 0, "overdue": 1, "received_on_time": 2, "received_late": 2}
    seen = [known(day) for day in _each(date(2025, 2, 1), date(2025, 4, 10))]
    assert all(steps[one.state] <= steps[two.state] for one, two in itertools.pairwise(seen))
    assert all(two.state == one.state for one, two in itertools.pairwise(seen) if steps[one.state] == 2)
    assert all((item.state in OPEN) == (item.state == "overdue") for item in seen)
