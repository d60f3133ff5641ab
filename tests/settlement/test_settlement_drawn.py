"""An advance of which less was drawn than is agreed: who may say so, what is then taken back, and when it is too late.

By hand, with the published terms of Greenwich: the youth charity may draw £9,600.00 and drew £4,000.00. At a score of 72
its part of the top-up is £21,312.00: £4,000.00 are taken back instead of £9,600.00, and it receives £17,312.00.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from governance_world import CFO, FIRST, PERIOD, SECOND, Log
from hypothesis import given
from hypothesis import strategies as st
from settlement_world import gate_for, kpi_row, ledger_rows, log_for, quick_terms
from test_settlement_carried import COUNCIL, PART, TERMS, Years, proved, recouped
from test_settlement_carried import FIRST as BOTH_YEARS
from test_settlement_properties import CASES
from top_up_world import AT_72, greenwich, recording, rows_of

from foundation.errors import Refused, WrongUsage
from orchestration import drafts
from orchestration.drafts import Context
from settlement import store
from settlement.advances import Chain, differences, paid_in
from settlement.decisions import Record, read_log
from settlement.drawn import Drawn
from settlement.engine import Settlement, settle
from settlement.entry_faults import mend_of
from settlement.journal import balances_of
from settlement.recorded import period_records
from settlement.terms import Terms
from settlement.terms_advances import AdvancesPaid

GREENWICH = greenwich()
YOUTH, LINK = "youth-charity", "community-link-charity"
AGREED = 960_000
PAYER = "integrated-care-board"


def drawn(pence: int, member: str = YOUTH, **changes: str) -> dict[str, str]:
    return {"member": member, "drawn_pence": str(pence), "settlement": "", "reason": "Needed no more.", **changes}


def log_of(terms: Terms, signer: str, *bodies: dict[str, str]) -> tuple[Record, ...]:
    log = log_for(terms)
    for body in bodies:
        log = recording(log, terms, "advance_drawn", signer, body)
    return read_log(log)


def settled(records: Sequence[Record], prior: Any = (), stood: Any = ()) -> Settlement:
    recorded = period_records(records, GREENWICH, PERIOD)
    rows = Chain().opening(GREENWICH, PERIOD, recorded.drawn)
    return settle(
        GREENWICH, PERIOD, rows_of(GREENWICH, AT_72), [], gate_for(GREENWICH), [*rows, *stood], prior, recorded
    )


def member_line(made: Settlement, line: str, member: str) -> int:
    (found,) = [one.amount_pence for one in made.member_lines if (one.line, one.member_id) == (line, member)]
    return found


def test_what_was_drawn_is_taken_back_and_no_more() -> None:
    made = settled(log_of(GREENWICH, "council", drawn(400_000)))
    names = ("advance", "advance_drawn", "advance_before", "recoup", "advance_left")
    assert [made.step(f"{name}.{YOUTH}").exact for name in names] == [9_600, 4_000, 400_000, -400_000, 0]
    step = made.step(f"advance_drawn.{YOUTH}")
    assert (step.formula, step.unit) == ("drawn / 100", "GBP")
    assert step.label == "Drawn by youth-charity of what is agreed up front, as the payer recorded it"
    assert member_line(made, "top_up", YOUTH) + member_line(made, "recoup", YOUTH) == 1_731_200
    # of whom nothing is said, all that is agreed was drawn
    assert member_line(made, "recoup", LINK) == -1_344_000
    assert f"advance_drawn.{LINK}" not in {one.step_id for one in made.steps}
    assert {one.payee: one.amount_pence for one in made.payments if one.line == "recoup"} == {
        **dict.fromkeys(GREENWICH.member_ids, 0), YOUTH: -400_000, LINK: -1_344_000,
    }  # fmt: skip
    brought = [one for one in made.journal if one.status == "brought_forward" and one.party == YOUTH]
    assert [one.debit_pence + one.credit_pence for one in brought] == [400_000, 400_000]
    assert balances_of(made.journal)[YOUTH, "memo-2200"] == 0
    assert made.settlement_id != settled(log_of(GREENWICH, "council")).settlement_id


def test_the_last_entry_of_a_member_holds_and_nothing_may_be_drawn() -> None:
    none = settled(log_of(GREENWICH, "council", drawn(400_000), drawn(5, LINK), drawn(0)))
    assert [member_line(none, "recoup", member) for member in (YOUTH, LINK)] == [0, -5]
    assert none.step(f"advance_before.{YOUTH}").exact == 0
    whole = settled(log_of(GREENWICH, "council", drawn(0), drawn(AGREED)))
    assert member_line(whole, "recoup", YOUTH) == -AGREED


@pytest.mark.parametrize(
    ("signer", "changes", "told"),
    [
        ("council", {}, ""),
        ("council", {"drawn_pence": str(AGREED)}, ""),
        ("council", {"drawn_pence": "0"}, ""),
        ("council", {"drawn_pence": str(AGREED + 1)}, "£9,600.01 is more than the £9,600.00 agreed for youth-charity in"),
        ("council", {"member": "gp-federation"}, "no advance is agreed for gp-federation in 2024-25"),
        ("council", {"member": "stranger"}, "no advance is agreed for stranger"),
        ("council", {"period_id": "2025-26"}, "no advance is agreed for youth-charity in 2025-26"),
        ("council", {"period_id": "2031-32"}, "no advance is agreed for youth-charity in 2031-32"),
        ("council", {"settlement": FIRST}, f"no settlement {FIRST[:16]} of 2024-25 is certified: none is to be named"),
        (YOUTH, {}, "records what was drawn under these terms: council is"),
        ("independent-expert", {}, "records what was drawn under these terms: council is"),
    ],
)  # fmt: skip
def test_an_entry_that_does_not_count_says_why(signer: str, changes: dict[str, str], told: str) -> None:
    body = {"approver": CFO, "period_id": PERIOD, **drawn(400_000), **changes}
    log = Log(GREENWICH)
    reason = log.try_("advance_drawn", signer, "2025-05-01", **body)
    assert told in reason
    assert bool(told) == bool(reason)
    # what is said before it is signed holds afterwards
    log.add("advance_drawn", signer, "2025-05-01", **body)
    assert len(period_records(log.records, GREENWICH, body["period_id"]).drawn) == (0 if told else 1)


def test_terms_without_advances_and_approvers_without_authority() -> None:
    body = {"approver": CFO, "period_id": PERIOD, **drawn(1)}
    plain = Log(quick_terms({}))
    assert plain.try_("advance_drawn", PAYER, "2025-05-01", **body) == "these terms know no advances"
    log = Log(GREENWICH)
    assert "was given no authority" in log.try_(
        "advance_drawn", "council", "2025-05-01", **{**body, "approver": "somebody else"}
    )
    log.add("conflict_declared", "council", "2025-04-30", approver=CFO, conflict="a trustee of the charity",
            terms_hash=GREENWICH.terms_hash)  # fmt: skip
    assert "declared a conflict" in log.try_("advance_drawn", "council", "2025-05-01", **body)


@pytest.mark.parametrize("text", ["-1", "1.5", "01", "", "lots"])
def test_a_sum_is_whole_pence(text: str) -> None:
    with pytest.raises(WrongUsage, match="drawn_pence"):
        log_of(GREENWICH, "council", drawn(0, drawn_pence=text))


def test_what_is_certified_is_only_superseded() -> None:
    """A final settlement moves by an entry that names it, and by no other."""
    log = Log(GREENWICH)
    log.certify("2025-05-01", "council")
    body = {"approver": CFO, "period_id": PERIOD, **drawn(400_000)}
    reason = log.try_("advance_drawn", "council", "2025-05-02", **body)
    assert reason == f"the settlement {FIRST[:16]} is certified, and an entry that supersedes it names it"
    assert mend_of(reason) == "name it with `--settlement` if it is to be superseded, and settle again."
    other = log.try_("advance_drawn", "council", "2025-05-02", **{**body, "settlement": "3" * 64})
    assert "an entry that supersedes it names it" in other
    assert log.try_("advance_drawn", "council", "2025-05-02", **{**body, "settlement": FIRST}) == ""
    # certified once more, it is the last one that is superseded
    log.certify("2025-06-02", "council", settlement_id=SECOND)
    reason = log.try_("advance_drawn", "council", "2025-06-03", **{**body, "settlement": FIRST})
    assert reason == f"the settlement {SECOND[:16]} is certified, and an entry that supersedes it names it"
    assert log.try_("advance_drawn", "council", "2025-06-03", **{**body, "settlement": SECOND}) == ""
    # the year after is not certified
    two = greenwich({"finance.top_up.advances.periods": [PERIOD, "2025-26"]})
    later = Log(two)
    later.certify("2025-05-01", "council")
    assert later.try_("advance_drawn", "council", "2025-05-02", **{**body, "period_id": "2025-26"}) == ""


def test_a_settlement_made_before_is_restated_by_the_difference() -> None:
    """£9,600.00 were taken back; £4,000.00 were drawn: £5,600.00 are given back, and the books follow."""
    live = greenwich({"agreement.shadow": False})
    first_rows = Chain().opening(live, PERIOD)
    first = settle(live, PERIOD, rows_of(live, AT_72), [], gate_for(live), first_rows)
    records = log_of(live, "council", drawn(1_000, LINK), drawn(400_000))
    recorded = period_records(records, live, PERIOD)
    rows = Chain().opening(live, PERIOD, recorded.drawn)
    stood = [{**row, "settlement_id": first.settlement_id} for row in first_rows]
    again = settle(
        live, PERIOD, rows_of(live, AT_72), [], gate_for(live), [*rows, *stood], first.posting_rows(), recorded
    )
    assert member_line(again, "recoup", YOUTH) == 560_000
    assert {one.payee: one.amount_pence for one in again.payments if one.line == "recoup" and one.amount_pence} == {
        YOUTH: 560_000, LINK: 1_343_000,
    }  # fmt: skip
    booked = [*first.journal, *again.journal]
    assert balances_of(booked)[YOUTH, "2200"] == balances_of(booked)["council", "1200"] == 0
    pairs = [(live, again)]
    assert list(differences(pairs, [*rows, *stood])) == []
    # what stood may be what one entry said, and what two entries said of which only one was known may not
    between = [{**row, "balance_pence": 1_000 if row["member_id"] == LINK else AGREED} for row in stood]
    assert list(differences(pairs, [*rows, *between])) == []
    never = [{**row, "balance_pence": 400_000 if row["member_id"] == YOUTH else 1_344_000} for row in stood]
    assert [one for one in differences(pairs, [*rows, *never]) if "paid up front" in one] == [
        f"the advance of {LINK} before {PERIOD}, from which the settlement {first.settlement_id[:16]} started, is "
        "1344000 pence, and 1000 pence are paid up front"
    ]
    forged = [{**row, "balance_pence": row["balance_pence"] + 1} for row in rows]
    assert len(list(differences(pairs, [*forged, *stood]))) == 2


def test_a_balance_that_hides_what_was_drawn_is_refused() -> None:
    recorded = period_records(log_of(GREENWICH, "council", drawn(400_000)), GREENWICH, PERIOD)
    agreed = Chain().opening(GREENWICH, PERIOD)
    with pytest.raises(Refused, match="is not what was carried and what is paid"):
        settle(GREENWICH, PERIOD, rows_of(GREENWICH, AT_72), [], gate_for(GREENWICH), agreed, (), recorded)


def test_a_run_reads_it_from_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """£100,000.00 are agreed for the council and £90,000.00 were drawn: the year after takes back £10,000.00 less."""
    records = log_of(TERMS, PAYER, drawn(9_000_000, COUNCIL))
    monkeypatch.setattr(store, "read_records", lambda *_: records)
    years = Years(tmp_path, monkeypatch)
    found = years.run("a", BOTH_YEARS)
    assert [recouped(found[year]) for year in BOTH_YEARS] == [-PART, PART - 9_000_000]
    assert proved(found) == []
    told = [dict(row) for one in found.values() for row in one.advances]
    assert [row["balance_pence"] for row in told] == [9_000_000, 9_000_000 - PART]
    pairs = [(TERMS, one.settlement) for one in found.values()]
    assert list(differences(pairs, [{**told[0], "balance_pence": 10_000_000}, told[1]]))


@CASES
@given(st.integers(0, 10_000_000), st.integers(13_500_000_000, 14_400_000_000))
def test_drawn_is_as_if_no_more_had_been_agreed(pence: int, cost: int) -> None:
    """The law of it: recouped and carried are what was drawn, and no line is another than under terms of that sum."""
    recorded = period_records(log_of(TERMS, PAYER, drawn(pence, COUNCIL)), TERMS, PERIOD)
    paid = AdvancesPaid.model_validate(
        {"period": PERIOD, "members": [{"id": COUNCIL, "amount_gbp": Decimal(pence) / 100}]}
    )
    less = TERMS.model_copy(update={"finance": TERMS.finance.model_copy(update={"advances_paid": (paid,)})})
    made, bare = (
        settle(
            terms, PERIOD, [kpi_row(TERMS)], ledger_rows(TERMS, cost), gate_for(terms),
            Chain().opening(terms, PERIOD, known.drawn if known else ()), (), known,
        )
        for terms, known in ((TERMS, recorded), (less, None))
    )  # fmt: skip
    lines = [[(item.line, item.member_id, item.amount_pence) for item in x.member_lines] for x in (made, bare)]
    assert lines[0] == lines[1]
    recoup = sum(pence for line, member, pence in lines[0] if (line, member) == ("recoup", COUNCIL))
    assert dict(made.carried_pence) == {COUNCIL: pence + recoup} == dict(bare.carried_pence)
    assert -pence <= recoup <= 0


def test_what_is_signed_is_shown_with_what_is_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"period": PERIOD, "member": YOUTH, "amount_gbp": "4,000.00", "reason": "Needed no more."}
    given_by: Any = SimpleNamespace(party="council")
    context = Context(None, GREENWICH, (), given_by, CFO, options)  # type: ignore[arg-type]
    draft = drafts.THINGS["advance-drawn"].make(context)
    assert draft.body == {"approver": CFO, "period_id": PERIOD, **drawn(400_000)}
    assert draft.lines[0] == (
        "Agreed up front for youth-charity in 2024-25: £9,600.00 (nine thousand six hundred pounds)"
    )
    assert "  drawn: £4,000.00 (four thousand pounds)" in draft.lines
    assert "  settlement: none" in draft.lines
    monkeypatch.setattr(drafts, "settlement_in_force", lambda *_: SimpleNamespace(settlement_id=FIRST))
    named = Context(None, GREENWICH, (), given_by, CFO, {**options, "settlement": "1", "member": "x"})  # type: ignore[arg-type]
    draft = drafts.THINGS["advance-drawn"].make(named)
    assert draft.body["settlement"] == FIRST
    assert draft.lines[0] == "Agreed up front for x in 2024-25: nothing"


def test_paid_in_a_period() -> None:
    said = [Drawn(YOUTH, 5, "a"), Drawn(YOUTH, 6, "b")]
    assert paid_in(GREENWICH, PERIOD, said) == {LINK: 1_344_000, YOUTH: 6}
    assert paid_in(GREENWICH, PERIOD, ()) == {LINK: 1_344_000, YOUTH: AGREED}
