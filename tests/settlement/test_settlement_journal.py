"""Double entry: every entry balances in one party's books, and what is owed and carried follows from the balances."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import quick_terms, settle_simply
from test_settlement_nesting import nested_terms, received
from test_settlement_payments import SPLIT
from test_settlement_properties import CASES, MEMBERS, PENCE, VALUES, agreements

from settlement.engine import Settlement
from settlement.journal import CHART, balances_of, journal_of
from settlement.postings import RESIDUE
from settlement.terms import Terms
from settlement.terms_contracts import Accounts

BOARD = "integrated-care-board"
CODES = {name: code for name, (code, _) in CHART.items()}
ADVANCED = {"finance.advances_recouped": True, "agreement.shadow": False}


def drawn(terms: Terms, **pence: int) -> list[dict[str, Any]]:
    return [
        {"agreement_id": terms.id, "member_id": member.replace("_", "-"), "balance_pence": balance}
        for member, balance in pence.items()
    ]


def check_entries(made: Settlement) -> None:
    """CNI-08: debits equal credits in every entry, in every party's books and in all; no side is negative."""
    entries: dict[int, list[Any]] = {}
    for line in made.journal:
        entries.setdefault(line.entry, []).append(line)
    assert list(entries) == list(range(1, len(entries) + 1))
    for lines in entries.values():
        assert len(lines) == 2
        assert lines[0].debit_pence == lines[1].credit_pence > 0
        assert (lines[0].credit_pence, lines[1].debit_pence) == (0, 0)
        assert len({(one.party, one.reference, one.date, one.status) for one in lines}) == 1
    books: dict[str, int] = {}
    for (party, _), pence in balances_of(made.journal).items():
        books[party] = books.get(party, 0) + pence
    assert set(books.values()) <= {0}


def owed(made: Settlement) -> dict[str, int]:
    """What each party is owed less what it owes, by its books."""
    memo = "memo-" if made.status == "shadow" else ""
    found: dict[str, int] = {}
    for (party, account), pence in balances_of(made.journal).items():
        if account in (memo + CODES["receivable"], memo + CODES["payable"]):
            found[party] = found.get(party, 0) + pence
    return found


def test_a_gain_and_a_recoup_by_hand() -> None:
    """Gain £1,079,976.85; the city council's part £86,398.15, and £10.00 of it had been paid in advance."""
    terms = quick_terms(ADVANCED)
    made = settle_simply(terms, advances=drawn(terms, city_council=1000))
    check_entries(made)
    balances = balances_of(made.journal)
    assert balances[BOARD, CODES["incentive_expense"]] == 107_997_685
    assert balances[BOARD, CODES["payable"]] == -(107_997_685 - 1000)
    assert balances["city-council", CODES["incentive_income"]] == -8_639_815
    assert balances["city-council", CODES["receivable"]] == 8_639_815 - 1000
    # drawn before and taken back now: nothing is carried
    assert balances[BOARD, CODES["advances_given"]] == balances["city-council", CODES["advances_received"]] == 0
    assert made.carried_pence == (("city-council", 0),)
    first, second = made.journal[:2]
    assert (first.status, first.date.isoformat(), first.party) == ("brought_forward", "2024-04-01", BOARD)
    assert (first.account, second.account) == (CODES["advances_given"], CODES["brought_forward"])
    last = made.journal[-1]
    assert (last.status, last.date.isoformat(), last.currency) == ("payable", "2025-03-31", "GBP")
    # nobody has certified the payment yet; a balance brought forward is no payment
    assert [(line.row()["standing"], line.row()["payable_from"]) for line in (first, last)] == [
        ("", None), ("not_certified", None),
    ]  # fmt: skip
    assert last.reference.startswith("CRN-2024-25-recoup-city-council-")
    assert last.narrative == "recoup 2024-25, integrated-care-board and city-council"


def test_a_loss_is_owed_by_members_and_the_residue_by_nobody() -> None:
    made = settle_simply(quick_terms({"agreement.shadow": False}), Decimal(530), 30_000_000_000)
    check_entries(made)
    residue = sum(one.amount_pence for one in made.member_lines if one.member_id == RESIDUE)
    (posting,) = made.postings
    balances = balances_of(made.journal)
    assert balances[BOARD, CODES["loss_recovered"]] == posting.amount_pence - residue
    assert balances[BOARD, CODES["receivable"]] == residue - posting.amount_pence
    assert RESIDUE not in {line.party for line in made.journal}
    assert balances["acute-trust", CODES["loss_borne"]] == -balances["acute-trust", CODES["payable"]] > 0


def test_shadow_is_booked_beside_the_books_and_codes_are_the_members_own() -> None:
    made = settle_simply(quick_terms({"finance.accounts": {"payable": "GL-77"}}))
    check_entries(made)
    accounts = {line.account for line in made.journal if line.party == BOARD}
    assert accounts == {"memo-5100", "memo-GL-77"}
    assert {line.status for line in made.journal} == {"shadow"}
    assert set(Accounts.model_fields) == set(CHART)


def test_nothing_is_booked_while_all_is_withheld() -> None:
    made = settle_simply(quick_terms({}), actions={"D1": ("withhold", "", None)})
    assert made.journal == ()


@CASES
@given(
    agreements(),
    VALUES,
    PENCE,
    st.lists(st.integers(0, 10**8), min_size=5, max_size=5),
    st.sampled_from(["alliance", "prime_provider", "prime_contractor"]),
    st.booleans(),
)
def test_the_trial_balance_is_nought_and_advances_are_what_is_carried(
    terms: Terms, value: Decimal, pence: int, advances: list[int], model: str, shadow: bool
) -> None:
    data = terms if model == "alliance" else nested_terms(terms, model)
    terms = Terms.model_validate(
        {**data.model_dump(exclude_none=True), "agreement": {**dict(data.agreement), "shadow": shadow}}
    )
    drawn_by = dict(zip(MEMBERS, advances, strict=True))
    rows = [{"agreement_id": terms.id, "member_id": one, "balance_pence": left} for one, left in drawn_by.items()]
    made = settle_simply(terms, value, pence, advances=rows)
    check_entries(made)
    memo = "memo-" if shadow else ""
    balances, carried = balances_of(made.journal), dict(made.carried_pence)
    given_key, received_key = memo + CODES["advances_given"], memo + CODES["advances_received"]
    assert balances.get((BOARD, given_key), 0) == sum(carried.values())
    prime = None if terms.contracts is None else terms.contracts.prime
    for member in MEMBERS:
        held = sum(carried.values()) if member == prime else carried[member]
        assert balances.get((member, received_key), 0) == -held
    if prime is not None:
        assert balances.get((prime, given_key), 0) == sum(left for one, left in carried.items() if one != prime)
    nets = {party: net for party, net in received(made).items() if party not in (RESIDUE, BOARD)}
    assert {party: net for party, net in owed(made).items() if party != BOARD and net} == {
        party: net for party, net in nets.items() if net
    }


@settings(CASES, max_examples=20)
@given(agreements(), VALUES, PENCE, VALUES, PENCE, st.integers(0, 10**8))
def test_a_restatement_is_booked_beside_what_was_booked(
    terms: Terms, value: Decimal, pence: int, later: Decimal, more: int, advance: int
) -> None:
    rows = drawn(terms, city_council=advance)
    first = settle_simply(terms, value, pence, advances=rows)
    again = settle_simply(terms, later, more, advances=rows, prior=first.posting_rows())
    check_entries(again)
    assert "brought_forward" not in {line.status for line in again.journal}
    assert all(f"difference to settlement {first.settlement_id[:8]}" in line.narrative for line in again.journal)
    alone = balances_of(settle_simply(terms, later, more, advances=rows).journal)
    both = balances_of([*first.journal, *again.journal])
    assert {key: net for key, net in both.items() if net} == {key: net for key, net in alone.items() if net}


def test_several_payers_book_their_own_part() -> None:
    made = settle_simply(quick_terms(SPLIT))
    check_entries(made)
    balances = balances_of(made.journal)
    assert balances[BOARD, CODES["payable"]] + balances["county", CODES["payable"]] == -107_997_685


def test_a_penny_is_booked_and_the_other_way_where_it_flows_back() -> None:
    """One penny paid: the board's expense and the member's income. One penny back: the other way round, in both books."""
    terms = quick_terms({"agreement.shadow": False})
    payment = settle_simply(terms).payments[0]
    paid = [
        (payment.payer, "incentive_expense", 1),
        (payment.payer, "payable", -1),
        (payment.payee, "receivable", 1),
        (payment.payee, "incentive_income", -1),
    ]
    for pence in (1, -1):
        lines = journal_of(terms, "2024-25", "s", [replace(payment, amount_pence=pence)], {}, "0123456789abcdef")
        booked = [(line.party, line.account, line.debit_pence - line.credit_pence) for line in lines]
        assert sorted(booked) == sorted((party, CODES[name], sign * pence) for party, name, sign in paid)
        assert [line.debit_pence for line in lines] == [1, 0, 1, 0]
        assert {line.narrative.rpartition("; ")[2] for line in lines} == {"difference to settlement 01234567"}
    assert journal_of(terms, "2024-25", "s", [replace(payment, amount_pence=0)], {}, "") == ()


@CASES
@given(agreements(), VALUES, PENCE, st.lists(st.integers(0, 10**8), min_size=5, max_size=5), st.booleans())
def test_what_is_written_off_moves_no_money_and_leaves_no_balance(
    terms: Terms, value: Decimal, pence: int, left: list[int], prime: bool
) -> None:
    """Taken back, carried and given up are the balance: here nothing is taken back and nothing carried."""
    plain = nested_terms(terms, "prime_provider") if prime else terms
    data = plain.model_dump(exclude_none=True)
    data["finance"].pop("advances_recouped", None)
    terms = Terms.model_validate(data)
    carried = dict(zip((*MEMBERS[1:], "one-that-left"), left, strict=True))
    rows = [
        {"agreement_id": terms.id, "member_id": member, "balance_pence": 0, "period_id": "2024-25",
         "carried_pence": one, "carried_from": "s"} for member, one in carried.items()
    ]  # fmt: skip
    made, without = settle_simply(terms, value, pence, advances=rows), settle_simply(terms, value, pence)
    check_entries(made)
    assert [one.amount_pence for one in made.payments] == [one.amount_pence for one in without.payments]
    steps = {step.step_id: step.exact for step in made.steps}
    balances = balances_of(made.journal)
    for member, one in carried.items():
        assert steps.get(f"advance_written_off.{member}", 0) == one
        forgiven = [pence for (party, code), pence in balances.items() if party == member and code.endswith("4300")]
        assert sum(forgiven) == -one
    assert not any(pence for (_, code), pence in balances.items() if code.endswith(("1200", "2200")))
    assert owed(made) == owed(without)
