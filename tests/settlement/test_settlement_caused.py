"""What a recorded cause is worth: a must-pass KPI that is deemed, and forfeits under rates that are not 0 at the worst."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from settlement_world import (
    PERIOD,
    approval_for,
    gate_for,
    gate_rows,
    judge_world,
    kpi_row,
    ledger_rows,
    log_for,
    quick_terms,
    settle_simply,
    verdict_set,
)
from test_settlement_rates import GATES, MISSED, REACHED
from top_up_world import AT_72, by_line, greenwich, rows_of, settle_top_up, with_shared_cost

from foundation.errors import Refused
from settlement.approvals import gate_causes
from settlement.decisions import append_record, key_from_seed, read_log
from settlement.engine import settle
from settlement.gate_record import GateRecord, read_gate_json, read_gate_rows
from settlement.terms import Terms

Action = tuple[str, str, Decimal | None]
# D2 must be 50 or less, D3 50 or more.
TERMS = quick_terms(GATES)
FULL: Action = ("deem", "measuring_system", Decimal(50))
SHOCK: Action = ("deem", "external_shock", Decimal(50))


def _judged(terms: Terms, log: bytes, kpi_id: str, cause: str) -> GateRecord:
    """The gate's record where the KPI's figure is not fit and its cause is recorded."""
    body = {
        "approver": "chief finance officer",
        "period_id": PERIOD,
        "data_cut_id": "c" * 64,
        "scope": kpi_id,
        "check_id": "kpi.complete_days",
        "cause": cause,
        "reason": "The commissioner's extract lost a month.",
    }
    log += append_record(
        log,
        agreement_id=terms.id,
        kind="gate_cause_recorded",
        signer="independent-expert",
        signed_at="2025-05-01T09:00:00Z",
        place="Derby",
        body=body,
        key=key_from_seed(b"test", "independent-expert"),
    )
    required, verdicts = verdict_set(
        terms, {f"kpi.complete_days@{terms.id}@{kpi_id}@{PERIOD}": {"status": "failed", "reason": "A month is gone."}}
    )
    causes = gate_causes(read_log(log), terms, PERIOD, "c" * 64)
    gate = judge_world(terms, required, verdicts, approval_for(terms, log), causes=causes)
    assert isinstance(gate, GateRecord)
    return gate


def _gain(terms: Terms, gate: GateRecord, **values: Decimal) -> int:
    rows = [kpi_row(terms), *(kpi_row(terms, kpi, value) for kpi, value in {**REACHED, **values}.items())]
    for row in rows:
        row["quality_status"] = "fit" if gate.decide(row["kpi_id"]).action == "pay" else "withheld"
    return settle(terms, PERIOD, rows, ledger_rows(terms), gate).postings[0].amount_pence


def test_a_must_pass_kpi_the_commissioner_lost_is_deemed_reached() -> None:
    """DER-08: the commissioner's own fault bars no gain; a deemed must-pass KPI has exactly what it must reach."""
    log = log_for(TERMS)
    for kpi in ("D2", "D3"):
        gate = _judged(TERMS, log, kpi, "measuring_system")
        assert (gate.decide(kpi).action, gate.decide(kpi).deem_value) == ("deem", Decimal(50))
        assert read_gate_json(gate.to_json(), TERMS) == (gate,)
        assert _gain(TERMS, gate, **{kpi: MISSED[kpi]}) == 107_997_685
        # what a member itself failed to report is still not reached
        assert _gain(TERMS, _judged(TERMS, log, kpi, "party_did_not_report")) == 0


def test_a_must_pass_kpi_deemed_below_the_minimum_reaches_nothing() -> None:
    terms = quick_terms({**GATES, "gate.causes.2.deem": {"level": "poor", "better_of_own": True}})
    gate = _judged(terms, log_for(terms), "D2", "external_shock")
    assert gate.decide("D2").action == "withhold"
    assert _gain(terms, gate) == 0
    row = {"scope": "D2", "status": "failed", "action": "deem", "cause": "external_shock", "deem_value": Decimal(50)}
    rows = [{**one, **row} if one["scope"] == "D2" else one for one in gate_rows(terms)]
    with pytest.raises(Refused, match="deem another value"):
        read_gate_rows(rows, terms, PERIOD)


def test_a_settlement_has_no_value_to_deem() -> None:
    rows = gate_rows(TERMS, {"settlement": FULL})
    with pytest.raises(Refused, match="deem another value"):
        read_gate_rows(rows, TERMS, PERIOD)


@pytest.mark.parametrize(
    ("must_reach", "value", "action", "posted"),
    [
        # deemed at game-breaking, 340: full gain where that is asked for, and never where more is
        ("340", "530.0", ("deem", "measuring_system", Decimal(340)), 193_750_000),
        ("339.9", "530.0", ("deem", "measuring_system", Decimal(340)), 0),
        # the better of its own and the minimum, 478.6
        ("460", "453.1", ("deem", "external_shock", Decimal("478.6")), 107_997_685),
        ("460", "470.0", ("deem", "external_shock", Decimal("478.6")), 0),
        ("478.6", None, ("deem", "external_shock", Decimal("478.6")), 77_500_000),
    ],
)
def test_a_deemed_paid_kpi_passes_only_where_its_deemed_value_does(
    must_reach: str, value: str | None, action: Action, posted: int
) -> None:
    terms = quick_terms({"framework.kpis.0.must_reach": Decimal(must_reach)})
    made = settle_simply(terms, None if value is None else Decimal(value), actions={"D1": action})
    assert made.postings[0].amount_pence == posted
    assert ("must-pass condition" in made.reason) == (posted == 0)


FLOOR = [{"score": Decimal(-100), "factor": Decimal("0.5")}, {"score": Decimal(100), "factor": Decimal(1)}]


def test_9_a_forfeit_pays_nothing_where_the_worst_score_would() -> None:
    """Law 9: the factor at the worst score is 0.5, and a KPI nobody reported earns none of it; a loss is owed."""
    terms = quick_terms({"finance.gain.score_factor": FLOOR, "finance.gain.least_score": None})
    forfeit = {"D1": ("forfeit", "party_did_not_report", None)}
    made = settle_simply(terms, actions=forfeit)
    assert made.step("gain").exact == 775_000
    assert [posting.amount_pence for posting in made.postings] == [0]
    assert made.reason == "No gain: every KPI that counts is forfeit or withheld."
    assert settle_simply(terms, Decimal(530)).postings[0].amount_pence == 77_500_000
    assert settle_simply(terms, pence=14_600_000_000, actions=forfeit).postings[0].amount_pence < 0


def test_9_a_forfeit_pays_no_top_up_where_the_worst_score_would() -> None:
    share = [{"score": Decimal(-100), "share_pct": Decimal(10)}, {"score": Decimal(100), "share_pct": Decimal(100)}]
    bonus = {"pct_of_base": 1, "from_score": -200, "full_score": 0}
    terms = greenwich({"finance.top_up.pool_share": share, "finance.top_up.bonus": bonus})
    forfeit: Action = ("forfeit", "party_did_not_report", None)
    left_out: Action = ("neutral", "definition_withdrawn", None)
    all_but_one: dict[str, Action] = dict.fromkeys(list(AT_72)[:-1], forfeit)
    last = list(AT_72)[-1]
    nothing = {"top_up": 0, "bonus": 0}
    assert by_line(settle_top_up(terms, actions={**all_but_one, last: forfeit})) == nothing
    assert by_line(settle_top_up(terms, actions={**all_but_one, last: left_out})) == nothing
    some = by_line(settle_top_up(terms, actions=all_but_one))
    assert min(some["top_up"], some["bonus"]) > 0


def _with_standard(**changes: Any) -> Terms:
    """A top-up beside shared cost whose gain G6 opens, of which a must-pass KPI asks 60."""
    gate = {"role": "gate", "weight": None, "levels": None, "baseline": None, "must_reach": Decimal(60)}
    return with_shared_cost(
        {
            **{f"framework.kpis.4.{name}": value for name, value in gate.items()},
            "framework.kpis.3.weight": Decimal(25),
            "finance.gain.standards": [{"kpi": "G6"}],
            "finance.gain.score_factor": None,
            **changes,
        }
    )


@pytest.mark.parametrize(("value", "reached"), [("60.0", True), ("59.9", False)])
def test_a_standard_of_the_gain_stays_must_pass_for_the_lines_beside_it(value: str, reached: bool) -> None:
    """DER-08: not reached, it opens no gain, and it bars top-up and bonus like any must-pass KPI."""
    terms = _with_standard()
    values = {**AT_72, "G6": value}
    made = settle(terms, PERIOD, rows_of(terms, values), ledger_rows(terms), gate_for(terms))
    lines = by_line(made)
    assert {line for line, pence in lines.items() if pence > 0} == ({"gain", "top_up", "bonus"} if reached else set())
    assert ("No top-up: a must-pass condition is not met (G6)." in made.reason) != reached


def test_one_of_two_standards_opens_the_gain_and_the_other_bars_the_top_up() -> None:
    other = {"role": "gate", "weight": None, "levels": None, "baseline": None, "must_reach": Decimal(40)}
    terms = _with_standard(
        **{f"framework.kpis.5.{name}": value for name, value in other.items()},
        **{"framework.kpis.3.weight": Decimal("37.5"), "finance.gain.standards": [{"kpi": "G6"}, {"kpi": "G7"}]},
    )
    values = {**AT_72, "G6": "59.9"}
    lines = by_line(settle(terms, PERIOD, rows_of(terms, values), ledger_rows(terms), gate_for(terms)))
    assert lines["gain"] > 0
    assert lines["top_up"] == lines["bonus"] == 0
