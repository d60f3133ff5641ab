"""KRA pool, rate card and activity as payments, double entry, nested contracts and accruals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from other_lines_world import PAYMENT, agreed, amounts, count_row, parts, problems, put, settle_lines
from settlement_world import PERIOD, gate_rows, kpi_row
from top_up_world import greenwich

from foundation.errors import Refused
from publication.agreement import steps_for_public
from settlement.accrual import accrue
from settlement.by_month import advances_of
from settlement.extremes import party_extremes
from settlement.gate_record import read_gate_rows
from settlement.terms import Terms
from settlement.terms_lint import find_problems

ALL = ("kra_pool", "rate_card", "activity")
COUNTS = {"R1": 131, "R2": 96, "E1": 1_100_000}
GRANT = "ring-fenced public health grant"


def nested(names: tuple[str, ...], promised: str | None = None, model: str = "prime_provider") -> Terms:
    """Derbyshire's terms under a prime, with these lines; what the city council is promised, in pounds."""
    prime = "acute-trust" if model == "prime_provider" else "integrator"
    data = agreed(names).model_dump(exclude_none=True)
    data["agreement"]["contract_model"] = model
    data["contracts"] = {"prime": prime}
    if model == "prime_contractor":
        data["parties"]["prime_contractor"] = {"id": prime, "name": "Integrator"}
    else:
        data["contracts"]["sub_incentives_at_most_pct"] = Decimal(100)
    if promised is not None:
        data["contracts"]["promised"] = [{"member": "city-council", "at_least_gbp": Decimal(promised)}]
    for path in ("finance.payment.payee", *(f"finance.{name}.payment" for name in names if name == "rate_card")):
        put(data, path, prime if path.endswith("payee") else {**PAYMENT, "payee": prime})
    terms = Terms.model_validate(data)
    assert find_problems(terms) == []
    return terms


def test_each_line_is_paid_by_its_own_entry_and_booked() -> None:
    """The rate card names its own contract and budget; the others follow the common payment."""
    terms = agreed(ALL, {"finance.rate_card.payment.funding_source": GRANT})
    made = settle_lines(terms, COUNTS)
    assert amounts(made)["rate_card"] == 55_850_000
    assert amounts(made)["activity"] == 4_500_000
    budgets = {one.line: one.funding_source for one in made.payments}
    assert budgets["rate_card"] == GRANT
    assert budgets["activity"] == budgets["kra_pool"] == budgets["gain"] == terms.finance.payment.funding_source
    for line in ALL:
        assert {one.payee: one.amount_pence for one in made.payments if one.line == line} == parts(made, line)
    assert sum(line.debit_pence for line in made.journal) == sum(line.credit_pence for line in made.journal)


def test_activity_taken_back_is_income_the_other_way() -> None:
    made = settle_lines(agreed(["activity"], cost=False), {"E1": 0})
    assert amounts(made)["activity"] < 0
    (entry,) = ([line for line in made.journal if line.entry == 2 and line.party == "acute-trust"],)
    assert [(line.account_name, line.debit_pence > 0) for line in entry] == [
        ("Incentives earned", True),
        ("Owed by other parties", False),
    ]


def test_payers_and_payees_of_every_entry_are_looked_at() -> None:
    (found,) = problems(ALL, {"finance.rate_card.payment.payer": "acute-trust"})
    assert found.path == ("finance", "rate_card", "payment", "payer")
    (found,) = problems(
        ["activity"], {"finance.activity.payment": {**PAYMENT, "vat_treatment": "tbc"}, "agreement.shadow": False}
    )
    assert found.path == ("finance", "activity", "payment", "vat_treatment")
    data = nested(("rate_card",)).model_dump(exclude_none=True)
    data["finance"]["rate_card"]["payment"]["payee"] = "alliance"
    (found,) = find_problems(Terms.model_validate(data))
    assert found.path == ("finance", "rate_card", "payment", "payee")


def test_a_promise_counts_every_line_and_has_its_end() -> None:
    """What activity takes back is made good up to the promise, and no end is told of a line without one."""
    terms = nested(ALL, "50000")
    made = settle_lines(terms, {**COUNTS, "E1": 0})
    own = sum(parts(made, line).get("city-council", 0) for line in (*ALL, "gain", "sub_contract"))
    assert own >= 5_000_000
    assert sum(parts(made, "sub_contract").values()) == 0
    assert made.step("prime_part").exact + made.step("sub_incentives").exact == sum(amounts(made).values())
    ends = party_extremes(terms, PERIOD)["city-council"]
    assert (ends.greatest_gain_pence, ends.greatest_loss_pence) == (None, 0)
    again = settle_lines(terms, {**COUNTS, "E1": 0}, prior=made.posting_rows())
    assert (again.postings, again.payments, again.journal) == ((), (), ())


def test_nesting_follows_what_stands_as_posted() -> None:
    """A small overpayment is kept, a withheld activity waits: promise and head contract rest on what is posted."""
    data = nested(ALL, "50000").model_dump(exclude_none=True)
    data["finance"]["reclaim_from_gbp"] = Decimal(10_000)
    terms = Terms.model_validate(data)
    first = settle_lines(terms, COUNTS)
    held = {"E1": ("withhold", "", None)}
    later = settle_lines(terms, {**COUNTS, "R1": 130}, actions=held, prior=first.posting_rows())
    assert later.postings == ()
    assert later.step("kept.rate_card").exact == 55_850_000
    assert later.step("waiting.activity").exact == 4_500_000
    assert later.step("head_incentive").exact == first.step("head_incentive").exact
    assert later.step("prime_part").exact == first.step("prime_part").exact


def test_what_is_owed_of_a_kra_pool_beyond_limits_is_carried() -> None:
    """The head contract is without what the commissioner carries, line by line."""
    data = nested(("kra_pool",)).model_dump(exclude_none=True)
    none = [{"member": member, "limits": [{"of": "all", "amount_gbp": Decimal(0), "pct": Decimal(1)}]}
            for member in ("city-council", "acute-trust")]  # fmt: skip
    data["finance"]["loss_limits"] = {"excess_to": "commissioner", "members": none}
    data["finance"]["loss"]["stop_loss"] = None
    terms = Terms.model_validate(data)
    made = settle_lines(terms, values={"D1": "600"}, pence=30_000_000_000)
    assert amounts(made)["kra_pool"] < 0
    residue = {line.line: line.amount_pence for line in made.member_lines if line.member_id == "commissioner-residue"}
    assert set(residue) == {"loss", "kra_pool"}
    assert made.step("head_incentive").exact == sum(amounts(made).values()) - sum(residue.values())
    assert made.step("prime_part").exact == sum(parts(made, line)["acute-trust"] for line in amounts(made))


def test_no_sum_of_counted_lines_is_public_under_a_prime_contractor() -> None:
    """The head's incentive less the lines that are public would tell what is paid by number."""
    terms = nested(ALL, model="prime_contractor")
    made = settle_lines(terms, COUNTS)
    public = {row["step_id"] for row in steps_for_public(made.step_rows(), frozenset(terms.member_ids))}
    assert not any(name.startswith(("head_", "sub_", "prime_", "rate", "activity")) for name in public)


def test_a_prime_contractor_of_a_commissioners_body_may_not_gain() -> None:
    data = nested(("rate_card",), model="prime_contractor").model_dump(exclude_none=True)
    data["parties"]["prime_contractor"]["body"] = "integrated-care-board"
    terms = Terms.model_validate(data)
    assert terms.gains_from("integrated-care-board", "deem")
    made = settle_lines(terms, COUNTS)
    head = [one for one in made.payments if one.tier == "head"]
    assert {(one.payee_body, one.net_pence) for one in head} == {("integrated-care-board", 0)}


def test_what_is_paid_by_number_is_not_accrued_while_it_is_withheld() -> None:
    terms = agreed(["rate_card"], cost=False)
    rows: list[Any] = [count_row(terms, "R1", 5), count_row(terms, "R2", 5)]
    gate = read_gate_rows(gate_rows(terms, {"R1": ("withhold", "", None)}), terms, PERIOD)
    rows += [kpi_row(terms, kpi.id, Decimal(90)) for kpi in terms.judged_kpis if kpi.role == "gate"]
    with pytest.raises(Refused, match="R1 is paid by number and withheld"):
        accrue(terms, PERIOD, rows, [], gate)


def test_a_period_in_shadow_is_booked_beside_the_books() -> None:
    risk = [{"period": PERIOD, "shadow": True}]
    made = settle_lines(agreed(ALL, {"agreement.shadow": False, "finance.risk_by_period": risk}), COUNTS)
    assert made.status == "shadow"
    assert made.journal
    assert all(line.account.startswith("memo-") for line in made.journal)


def test_an_advance_stands_in_the_months_of_its_period_alone() -> None:
    terms = greenwich()
    assert advances_of(terms, PERIOD)
    assert advances_of(terms, "2025-26") == {}
