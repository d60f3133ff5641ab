"""A sender's facts: sums that add up, shares that are the shares, and nothing of anybody else in them."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from deliveries import board_rows, deliver_reference, deliver_trust, trust_rows
from hypothesis import given
from hypothesis import strategies as st

from expectations.due import asked_by_register, calendar
from expectations.intake import take_in
from expectations.requirement import required_organisations
from expectations.sender import MonthFacts, SenderFacts, facts_of, percent, trend_of
from foundation.home import Home
from foundation.period import month_of
from ingest.contract import load_contracts
from ingest.cut import cut_of
from ingest.identity.rights import OPTED_OUT
from ingest.register import Receipt, Register, withdraw
from ingest.rules import FINDINGS_PER_RULE, RULES, Finding, finding, in_order, rows_broken

CONTRACTS = load_contracts()
FEED = "daily_discharge_return"
ON = date(2025, 6, 1)


def facts(home: Home, organisation: str) -> SenderFacts:
    register = Register.as_known_on(home, ON)
    rows = required_organisations(home, cut_of(register))
    due = calendar(CONTRACTS, register, asked_by_register(rows, CONTRACTS, ON), ON)
    return facts_of(organisation, register, CONTRACTS, due)


def test_what_came_of_each_file(home: Home) -> None:
    """GRW-05: who supplied what and when, and what became of it, for the one who supplied it."""
    take_in(home, deliver_reference(home), CONTRACTS, received=date(2025, 4, 1))
    for path, day in (
        (deliver_trust(home, "RTG"), date(2025, 5, 10)),
        (deliver_trust(home, "RTG", sequence=2), date(2025, 5, 30)),
        (deliver_trust(home, "RFS"), date(2025, 5, 20)),
    ):
        take_in(home, path, CONTRACTS, received=day)
    found = facts(home, "RTG")
    assert (found.files.received, found.files.counting, found.files.superseded) == (2, 1, 1)
    april = next(item for item in found.deliveries if item.period.label == "2025-04")
    assert (april.state, april.received_on) == ("received_on_time", date(2025, 5, 10))
    assert {item.organisation for item in found.deliveries} == {"RTG"}
    assert facts(home, "RFS").files.received == 1
    assert next(i.state for i in facts(home, "RFS").deliveries if i.period.label == "2025-04") == "received_late"


def test_a_rule_is_told_in_the_sender_s_own_words(home: Home) -> None:
    rows = [[*row] for row in trust_rows("RFS")]
    for place in (3, 4):
        rows[place][2] = "-3"
    one = take_in(home, deliver_trust(home, "RFS", rows=rows), CONTRACTS, received=ON)
    assert one.rows_quarantined == 2
    found = facts(home, "RFS")
    told = next(item for item in found.rules if item.rule == "row.range")
    assert told.columns == ("Discharged by 17:00",)
    assert (told.files, told.rows, told.latest) == (1, 2, True)
    assert told.mend == RULES[told.rule].mend
    assert found.months == (MonthFacts("2025-04", 1, 30, 2, Decimal("6.7")),)
    good = take_in(home, deliver_trust(home, "RFS", sequence=2), CONTRACTS, received=ON)
    mended = next(item for item in facts(home, "RFS").rules if item.rule == told.rule)
    assert (mended.latest, mended.files) == (False, 1)
    withdraw(home, good.submission_id, "wrong", "RFS", CONTRACTS, ON, restatement=True)
    back = facts(home, "RFS").files
    assert (back.counting, back.taken_back) == (1, 1)


def test_a_file_held_back_is_among_the_files_and_its_rows_add_up(home: Home) -> None:
    take_in(home, deliver_trust(home, rows=[row[:-1] for row in trust_rows("RFS")]), CONTRACTS, received=ON)
    take_in(home, deliver_trust(home, rows=board_rows(), sequence=3), CONTRACTS, received=ON)
    found = facts(home, "RFS")
    assert (found.files.received, found.files.refused, found.files.counting) == (2, 2, 0)
    rows = found.rows
    assert rows.read == rows.accepted + rows.quarantined + rows.deduplicated
    assert found.rules[0].severity == "reject_file"
    assert found.warnings == ()


# laws -----------------------------------------------------------------------------------------------

_RULES = sorted(rule for rule in RULES if rule.split(".")[0] in ("row", "value", "delivery", "person"))


@st.composite
def a_receipt(draw: st.DrawFn, organisation: str, number: int) -> Receipt:
    start = date(2025, draw(st.integers(1, 9)), 1)
    accepted, quarantined, doubled = (draw(st.integers(0, 40)) for _ in range(3))
    told = [
        finding(draw(st.sampled_from(_RULES)), "Said.", None, draw(st.none() | st.integers(1, 99)))
        for _ in range(draw(st.integers(0, 4)))
    ]
    return Receipt(
        f"{organisation}{number:060d}", FEED, organisation, start, month_of(start).end, number, "f.csv", "0", "0", 1,
        draw(st.sampled_from(("accept", "reject_file"))), accepted + quarantined + doubled, accepted, quarantined,
        doubled, in_order(told), "", "", (), "", (),
        profile=(("nhs_number.invalid", str(draw(st.integers(0, 5)))), ("nhs_number.valid", "7")),
        received_on=start + timedelta(days=draw(st.integers(0, 90))),
    )  # fmt: skip


@st.composite
def files_of(draw: st.DrawFn, organisation: str) -> list[Receipt]:
    return [draw(a_receipt(organisation, number)) for number in range(1, draw(st.integers(0, 6)) + 1)]


@given(files_of("RFS"), files_of("RTG"))
def test_nothing_of_another_sender_is_in_it(own: list[Receipt], others: list[Receipt]) -> None:
    """Whatever others send, a sender's facts are the same: no comparison, no rank, no average of all."""
    alone = facts_of("RFS", Register(tuple(own)), CONTRACTS, [])
    assert facts_of("RFS", Register((*others, *own)), CONTRACTS, []) == alone
    assert "RTG" not in str(dataclasses.asdict(alone))


@given(files_of("RFS"), st.data())
def test_everything_received_is_told_once(files: list[Receipt], data: st.DataObject) -> None:
    accepted = [item.submission_id for item in files if item.accepted]
    withdrawn = data.draw(st.sets(st.sampled_from(accepted))) if accepted else set()
    found = facts_of("RFS", Register(tuple(files), frozenset(withdrawn)), CONTRACTS, [])
    for part in (found.files, *(item.files for item in found.feeds)):
        assert part.received == len(files)
        assert part.received == part.counting + part.superseded + part.taken_back + part.refused
    assert found.files.taken_back == len(withdrawn)
    for rows in (found.rows, *(item.rows for item in found.feeds)):
        assert rows.read == rows.accepted + rows.quarantined + rows.deduplicated
    assert sum(item.rows_read for item in found.months) == found.rows.read
    assert sum(item.rows_quarantined for item in found.months) == found.rows.quarantined
    assert OPTED_OUT not in {item.rule for item in found.rules}, "that somebody opted out is nothing to mend"
    assert all(item.severity in ("reject_file", "reject_record", "warn") for item in found.rules)
    for rule in found.rules:
        assert rule.files == sum(any(told.rule == rule.rule for told in item.findings) for item in files)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_the_share_to_a_decimal(part: int, whole: int) -> None:
    shown = percent(min(part, whole), whole)
    assert shown is not None
    off = Fraction(shown) - Fraction(100 * min(part, whole), whole)
    assert Fraction(-1, 20) < off <= Fraction(1, 20)
    assert percent(0, 0) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=10))
def test_a_trend_compares_the_latest_months_with_those_before(months: list[tuple[int, int]]) -> None:
    made = [
        MonthFacts(f"2025-{number:02d}", 1, held + good, held, None)
        for number, (held, good) in enumerate(months, start=1)
    ]
    found = trend_of(made)
    filled = [item for item in made if item.rows_read]
    if len(filled) < 6:
        assert found is None
        return
    assert found is not None
    shares = [
        Fraction(sum(i.rows_quarantined for i in part), sum(i.rows_read for i in part))
        for part in (filled[-3:], filled[-6:-3])
    ]
    words = (
        {True: "lower than", False: "higher than"}[shares[0] < shares[1]] if shares[0] != shares[1] else "the same as"
    )
    assert found.direction == words


@given(st.dictionaries(st.sampled_from(("a", "b", None)), st.integers(0, 3 * FINDINGS_PER_RULE)))
def test_rows_that_are_only_counted_are_counted(rows: dict[str | None, int]) -> None:
    """`in_order` names fifty rows of a rule and counts the rest; together they are all of them."""
    told = [
        Finding("row.range", "reject_record", column, row, "Said.")
        for column, count in rows.items()
        for row in range(1, count + 1)
    ]
    assert {name: count for (_, name), count in rows_broken(in_order(told)).items()} == {
        name: count for name, count in rows.items() if count
    }
