"""Where parts of the engine meet: what one leaves out the other must notice, and nobody owes for an advance."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import governance_world as gw
import pytest
from other_lines_world import PAYMENT, agreed, settle_lines
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
from test_settlement_avoided import TRUST, southwark
from top_up_world import AT_72, DERBYSHIRE, gate_with, recording, rows_of, with_shared_cost

from foundation.errors import Refused, WrongUsage
from settlement.accrual import accrue
from settlement.approvals import gate_causes, terms_approved
from settlement.books import Books
from settlement.bridge import build_bridge
from settlement.certificates import gross_pence, line_states, lines_hash, payable_pence
from settlement.decisions import LogTampered, append_record, key_from_seed, public_key_text, read_log
from settlement.entry_faults import entry_fault
from settlement.files import write_rows
from settlement.gate import judge
from settlement.gate_record import GateRecord
from settlement.recompute import recompute
from settlement.recorded import period_records
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems
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


@pytest.mark.parametrize("changes", [{"scope": "D1"}, {"scope": "D9"}, {"scope": "D1", "check_id": "kpi.other"}])
def test_a_cause_of_what_did_not_fail_changes_nothing(changes: dict[str, str]) -> None:
    """A forfeit recorded for a figure that passed, for a KPI nobody is paid on, for a check nobody asks for."""
    rule = _cause("forfeit")
    body = {"check_id": CHECK, "cause": rule.cause, "reason": "r", "data_cut_id": CUT, **changes}
    log = recording(log_for(TERMS), TERMS, "gate_cause_recorded", rule.recorded_by[0], body)
    assert _recomputed(log, gate_causes(read_log(log), TERMS, PERIOD, CUT)) == {"gain": 107_997_685}


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


def test_nobody_ends_an_agreement_after_the_fact() -> None:
    """To apply terms nobody has a veto: a party that leaves, or is let in, once the period opened changes nothing of it."""
    terms = gw.live_terms()
    log = gw.Log(terms)
    assert terms_approved(log.records, terms, PERIOD).ok
    member = terms.member_ids[0]
    log.add("party_ended", member, "2025-05-20", party=member, valid_to="2024-03-31", reason="I owe")
    assert terms_approved(log.records, terms, PERIOD).ok


def test_an_invented_restatement_frees_no_disputed_line() -> None:
    log = gw.Log(gw.live_terms())
    log.certify("2025-06-02")
    log.challenge("acute-trust", "2025-06-03")
    assert log.states("2025-08-01")["acute-trust"].state == "disputed"
    body = log.certificate(settlement_id="f" * 64, supersedes=gw.FIRST, lines_hash="0" * 64, gross_pence="0")
    log.add("settlement_certified", "integrated-care-board", "2025-06-04", **body)
    assert log.states("2025-08-01")["acute-trust"].state == "disputed"


def test_a_certifier_is_limited_by_what_moves_and_not_by_what_he_types() -> None:
    log = gw.Log(gw.live_terms())
    log.certify("2025-06-02", gross_pence="0")
    assert {one.state for one in log.states("2025-08-01").values()} == {"not_certified"}


def test_an_entry_of_a_period_nobody_agreed_is_a_fault_and_no_end() -> None:
    log = gw.Log(gw.live_terms())
    log.add("settlement_certified", "integrated-care-board", "2025-06-02", **log.certificate(period_id="1999-00"))
    assert log.fault() == "the terms are not in force in the period it names"
    assert log.states("2025-08-01")


def test_one_key_is_one_person() -> None:
    """A conflict is not shed by another name."""
    log = gw.Log(gw.live_terms())
    member = log.terms.member_ids[0]
    with pytest.raises(WrongUsage, match="another person has a key of their own"):
        log.delegate(member, "somebody else", "2024-03-21", key=member)


def test_a_signature_is_written_in_one_way() -> None:
    log = gw.Log(gw.live_terms())
    lines = log.raw.splitlines(keepends=True)
    at = lines[-1].index(b'"signature":"') + len(b'"signature":"')
    signature = lines[-1][at : at + 128]
    for written in (signature.upper(), signature[:2] + b" " + signature[2:]):
        with pytest.raises(LogTampered, match="lower case"):
            read_log(b"".join(lines[:-1]) + lines[-1].replace(signature, written))


def test_an_expert_of_a_members_own_body_is_no_expert() -> None:
    terms = gw.live_terms(determined_by=["independent-expert"])
    data = terms.model_dump(mode="python", exclude_none=True)
    expert = next(one for one in data["parties"]["independents"] if one["id"] == "independent-expert")
    member = data["parties"]["members"][0]
    expert["body"] = member["body"] = "one-trust"
    found = find_problems(Terms.model_validate(data))
    assert any("own case" in problem.what for problem in found)


def test_several_payers_end_where_one_settlement_would_have_put_them() -> None:
    """Eight restatements of 5p a time: each payer's part of the whole, and not the odd penny of every difference."""
    half = [
        {"payer": payer, "share_pct": Decimal(50), "funding_source": payer}
        for payer in ("integrated-care-board", "second-board")
    ]
    terms = agreed(
        ["activity"],
        {
            "agreement.shadow": False,
            "finance.activity.payment": {**PAYMENT, "payers": half},
            "parties.commissioners": [
                *DERBYSHIRE["parties"]["commissioners"],
                {"id": "second-board", "name": "Second"},
            ],
            "finance.activity.elements.0.above_pct": Decimal(100),
            "finance.activity.elements.0.threshold_pct": Decimal(100),
        },
    )
    planned, posted, ends = Decimal(1_000_000), list[Any](), Counter[tuple[str, str]]()
    for times in range(1, 9):
        made = settle_lines(terms, {"E1": str(planned + times * Decimal("0.05"))}, pence=14_310_000_000, prior=posted)
        posted += made.posting_rows()
        ends.update({(one.payer, one.payee): one.amount_pence for one in made.payments if one.line == "activity"})
    at_once = settle_lines(terms, {"E1": str(planned + Decimal("0.40"))}, pence=14_310_000_000)
    assert {key: pence for key, pence in ends.items() if pence} == {
        (one.payer, one.payee): one.amount_pence
        for one in at_once.payments
        if one.line == "activity" and one.amount_pence
    }


def test_cash_is_certified_within_the_limit_of_the_authority() -> None:
    """Whoever may decide on £100.00 certifies no saving of £700,000.00."""
    terms = southwark()
    log = log_for(terms)
    key = public_key_text(key_from_seed(b"test", TRUST))
    given = {"approver": "chief finance officer", "delegated_by": "board", "valid_from": "2025-05-01", "valid_to": ""}
    whole = recording(log, terms, "cash_certified", TRUST, _cash(terms))
    assert [one.amount_pence for one in period_records(read_log(whole), terms, PERIOD).certificates] == [70_000_000]
    log += append_record(
        log, agreement_id=terms.id, kind="authority_delegated", signer=TRUST, signed_at="2025-05-01T08:00:00Z",
        place="here", body={**given, "public_key": key, "limit_pence": "10000"}, key=key_from_seed(b"test", TRUST),
    )  # fmt: skip
    limited = recording(log, terms, "cash_certified", TRUST, _cash(terms))
    assert period_records(read_log(limited), terms, PERIOD).certificates == ()
    assert "may decide on £100.00" in (entry_fault(read_log(limited), terms) or "")


def _cash(terms: Terms) -> dict[str, Any]:
    return {"row": "admissions", "amount_pence": "70000000", "terms_hash": terms.terms_hash, "conflicts": []}
