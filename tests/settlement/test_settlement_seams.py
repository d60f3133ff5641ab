"""Where parts of the engine meet: what one leaves out the other must notice, and nobody owes for an advance."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import governance_world as gw
import pytest
from other_lines_world import agreed, settle_lines
from settlement_world import (
    CODE,
    CUT,
    DEFINITIONS,
    PERIOD,
    RAW,
    approval_for,
    kpi_row,
    ledger_rows,
    log_for,
    verdict_set,
)
from top_up_world import AT_72, gate_with, recording, rows_of, with_shared_cost

from foundation.errors import Refused
from settlement.accrual import accrue
from settlement.approvals import gate_causes
from settlement.books import Books
from settlement.bridge import build_bridge
from settlement.certificates import gross_pence, line_states, lines_hash, payable_pence
from settlement.decisions import read_log
from settlement.files import write_rows
from settlement.gate import judge
from settlement.gate_record import GateRecord
from settlement.recompute import recompute
from settlement.terms import load_terms
from settlement.what_if import Bound, payment_range

TERMS = load_terms(RAW)
CHECK = TERMS.gate.fitness[0].check


def _cause(action: str) -> Any:
    return next(rule for rule in TERMS.gate.causes if rule.action == action)


def _log(*causes: tuple[str, str]) -> bytes:
    log = log_for(TERMS)
    for action, scope in causes:
        rule = _cause(action)
        body = {"scope": scope, "check_id": CHECK, "cause": rule.cause, "reason": "r", "data_cut_id": CUT}
        log = recording(log, TERMS, "gate_cause_recorded", rule.recorded_by[0], body)
    return log


def _recomputed(log: bytes, causes: Any, **row: Any) -> dict[str, int]:
    """The postings that follow from a folder whose gate acts on these causes."""
    failed = "quality_status" in row
    required, verdicts = verdict_set(TERMS)
    if failed:
        required, verdicts = verdict_set(
            TERMS, {next(k for k in verdicts if k.startswith(CHECK)): {"status": "failed"}}
        )
    gate = judge(
        required, verdicts, cut_id=CUT, definitions_hash=DEFINITIONS, code_version=CODE, terms=TERMS,
        terms_approved=approval_for(TERMS, log), period_id=PERIOD, causes=causes,
    )  # fmt: skip
    assert isinstance(gate, GateRecord)
    files = {
        "terms.yaml": RAW,
        "kpi_return.csv": write_rows("kpi_return", [kpi_row(TERMS, **row)]),
        "ledger.csv": write_rows("ledger", ledger_rows(TERMS)),
        "gate.json": gate.to_json(),
        "decisions.jsonl": log,
    }
    return {posting.line: posting.amount_pence for posting in recompute(files).postings}


def test_a_gate_that_leaves_out_a_recorded_cause_is_no_proof() -> None:
    """A forfeit of the whole settlement dropped from the gate's record would pay £1,079,976.85."""
    log = _log(("forfeit", "settlement"))
    causes = gate_causes(read_log(log), TERMS, PERIOD, CUT)
    assert _recomputed(log, causes) == {"gain": 0}
    with pytest.raises(Refused, match="the gate did not act on it"):
        _recomputed(log, ())


def test_a_gate_acts_on_the_last_word() -> None:
    """Deemed first, forfeit in the end: a gate that still deems would pay the whole gain."""
    log = _log(("deem", "D1"), ("forfeit", "D1"))
    causes = gate_causes(read_log(log), TERMS, PERIOD, CUT)
    assert _recomputed(log, causes, quality_status="withheld") == {"gain": 0}
    with pytest.raises(Refused, match="the gate did not act on it"):
        _recomputed(log, causes[:1], quality_status="withheld")


def test_a_recoup_waits_with_the_gain_it_comes_out_of() -> None:
    """A disputed gain of £500.00 and its recoup of £400.00: nothing is payable, and nothing is owed."""
    terms = gw.live_terms()
    log = gw.Log(terms)
    rows = gw.rows(amounts={"acute-trust": 50_000})
    rows.append({**rows[0], "figure_id": gw.figure("acute-trust", "recoup"), "line": "recoup", "amount_pence": -40_000})
    log.certify("2025-06-02", lines_hash=lines_hash(rows), gross_pence=str(gross_pence(rows)))
    log.add(
        "line_challenged", "acute-trust", "2025-06-03", approver=gw.CFO, settlement_id=gw.FIRST,
        figure_id=gw.figure("acute-trust"), reason="x",
    )  # fmt: skip
    states = line_states(log.records, terms, gw.FIRST, "payable", rows, date(2025, 8, 1))
    assert {one.line: one.state for one in states if one.member_id == "acute-trust"} == {
        "gain": "disputed",
        "recoup": "disputed",
    }
    assert payable_pence(states) == 0


def test_what_is_spent_of_a_pot_is_no_cost_anywhere() -> None:
    """What if missing, bridge and accrual leave it out as the settlement does."""
    terms = with_shared_cost({"finance.top_up.innovation_pot.ledger_line": "innovation", "agreement.shadow": False})
    book = ledger_rows(terms, 14_000_000_000)
    spent = [
        {**row, "line_id": "innovation", "amount_pence": 30_000_000}
        for row in book
        if row["member_id"] == terms.member_ids[0]
    ]
    gate = gate_with(terms, ())
    rows = rows_of(terms, AT_72)
    books = Books(terms, PERIOD, rows, [*book, *spent], gate)
    kpi = terms.paid_kpis[0].id
    value = Decimal(AT_72[kpi])
    found = payment_range(books, {kpi: Bound(value, value, "x")})
    assert found.lowest.alliance == found.posted.alliance == found.highest.alliance
    without = Books(terms, PERIOD, rows, [*book, *({**row, "amount_pence": 0} for row in spent)], gate)
    assert {
        cause: moved.alliance for cause, moved in build_bridge(books, without).by_cause().items() if moved.alliance
    } == {}
    half = [[row for row in some if row["month"] < "2024-10"] for some in (book, [*book, *spent])]
    plain, with_pot = (accrue(terms, PERIOD, rows, one, gate).lines[0].point_pence for one in half)
    assert plain == with_pot


def test_nobody_owes_for_an_advance() -> None:
    """Property 7: an advance comes out of what a member is paid, after what it owes on other lines."""
    factor = [{"score": Decimal(-100), "factor": Decimal("0.5")}, {"score": Decimal(100), "factor": Decimal(1)}]
    terms = agreed(
        ["kra_pool"],
        {
            "agreement.shadow": False,
            "finance.advances_recouped": True,
            "finance.gain.score_factor": factor,
            "finance.gain.least_score": None,
        },
    )
    member = terms.member_ids[0]
    made = settle_lines(terms, None, {"D1": "520"}, pence=14_160_000_000, advances={member: 100_000_000})
    own = {line.line: line.amount_pence for line in made.member_lines if line.member_id == member}
    assert own["gain"] > 0 > own["kra_pool"] and own["gain"] + own["kra_pool"] > 0
    assert own["recoup"] == -(own["gain"] + own["kra_pool"])
    assert dict(made.carried_pence)[member] == 100_000_000 + own["recoup"]
