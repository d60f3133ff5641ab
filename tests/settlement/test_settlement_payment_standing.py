"""payments.csv and journal.csv say how far a certificate has come (GRW-42), not only that a settlement is no shadow."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from governance_world import CFO, Log, live_terms
from settlement_world import PERIOD, quick_terms, settle_simply

from settlement.certificates import gross_pence, lines_hash
from settlement.engine import Settlement
from settlement.payment_standing import standing_rows
from settlement.postings import RESIDUE
from settlement.terms import Terms

ICB, TRUST = "integrated-care-board", "acute-trust"
ADVANCED = {"finance.advances_recouped": True}


def _advances(terms: Terms) -> list[dict[str, Any]]:
    return [{"agreement_id": terms.id, "member_id": "city-council", "balance_pence": 1000}]


def _rows(made: Settlement, log: Log) -> tuple[dict[str, tuple[str, date | None]], list[dict[str, Any]]]:
    """How each payee's gain stands, and the journal."""
    payments, journal = standing_rows(made, log.records, log.terms)
    gain = {row["payee"]: (row["standing"], row["payable_from"]) for row in payments if row["line"] == "gain"}
    return gain, journal


def _certified(log: Log, made: Settlement) -> None:
    rows = made.member_rows()
    log.certify("2025-05-01", settlement_id=made.settlement_id, lines_hash=lines_hash(rows), gross_pence=str(gross_pence(rows)))  # fmt: skip


def test_a_payment_awaits_its_certificate_then_its_window_and_a_dispute_holds_it_alone() -> None:
    terms = live_terms()
    made, log = settle_simply(terms), Log(terms)
    # when it is made nobody has certified it, and that is what its own rows say
    assert standing_rows(made, log.records, terms) == (made.payment_rows(), made.journal_rows())
    assert {row["status"] for row in made.payment_rows()} == {"payable"}
    gain, journal = _rows(made, log)
    assert set(gain.values()) == {("not_certified", None)}
    assert {row["standing"] for row in journal} == {"not_certified"}
    _certified(log, made)
    certified = ("certified", date(2025, 5, 24))
    gain, journal = _rows(made, log)
    assert set(gain.values()) == {certified}
    assert {(row["standing"], row["payable_from"]) for row in journal} == {certified}
    figure = f"member:{terms.id}:{PERIOD}:gain:{TRUST}"
    log.add("line_challenged", TRUST, "2025-05-02", approver=CFO, settlement_id=made.settlement_id, figure_id=figure,
            reason="two bays were closed")  # fmt: skip
    gain, journal = _rows(made, log)
    assert gain[TRUST] == ("disputed", None)
    assert {standing for payee, standing in gain.items() if payee != TRUST} == {certified}
    reference = {row["payee"]: row["document_reference"] for row in made.payment_rows()}[TRUST]
    assert {row["standing"] for row in journal if row["reference"] == reference} == {"disputed"}
    assert {row["standing"] for row in journal if row["reference"] != reference} == {"certified"}
    log.add("line_determined", "independent-expert", "2025-06-10", approver=CFO, settlement_id=made.settlement_id,
            figure_id=figure, finding="stands", reason="read it")  # fmt: skip
    assert _rows(made, log)[0][TRUST] == ("certified", date(2025, 6, 10))


@pytest.mark.parametrize("status", ["shadow", "withheld"])
def test_what_is_not_payable_says_so_whatever_is_certified(status: str) -> None:
    terms = quick_terms(ADVANCED if status == "shadow" else {**ADVANCED, "agreement.shadow": False})
    withhold = None if status == "shadow" else {"D1": ("withhold", "", None)}
    made, log = settle_simply(terms, actions=withhold, advances=_advances(terms)), Log(terms)
    _certified(log, made)
    payments, journal = standing_rows(made, log.records, terms)
    assert {(row["standing"], row["payable_from"]) for row in payments} <= {(status, None)}
    # what is brought forward is a balance and no payment; while all of it is withheld nothing is booked
    told = {(row["status"], row["standing"]) for row in journal}
    assert (("brought_forward", "") in told) == (status == "shadow")
    assert told <= {("brought_forward", ""), (status, status)}


def test_a_head_payment_stands_as_the_member_held_back_most() -> None:
    from types import SimpleNamespace

    from settlement.payment_standing import _standing

    def line(member: str, state: str, day: int) -> Any:
        return SimpleNamespace(line="gain", member_id=member, state=state, payable_from=date(2025, 5, day))

    head: Any = SimpleNamespace(line="gain", tier="head", payee="prime")
    states = [line("a", "payable", 24), line("b", "payable", 26), line(RESIDUE, "not_certified", 1)]
    assert _standing(head, states) == ("certified", date(2025, 5, 26))
    assert _standing(head, [*states, line("c", "accreditation_missing", 1)]) == ("accreditation_missing", None)
    assert _standing(head, [*states, line("c", "disputed", 1), line("d", "to_be_restated", 1)]) == ("disputed", None)
    # all of it carried by the commissioner
    assert _standing(head, states[2:]) == ("not_certified", None)
