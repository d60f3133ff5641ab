"""The gate's matrix, pure part: refused unless everything is proved for exactly this computation (CNI-27, CNI-05)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from settlement_world import (
    CUT,
    PERIOD,
    World,
    approval_for,
    gate_for,
    gate_rows,
    judge_world,
    kpi_row,
    ledger_rows,
    terms_with,
    verdict_set,
)

from foundation.canonical import canonical_json, sha256_bytes
from foundation.errors import Refused
from settlement.approvals import ApprovalResult, GateCause, gate_causes, terms_approved
from settlement.decisions import append_record, key_from_seed, read_log
from settlement.engine import settle
from settlement.gate_record import GateRecord, read_gate_json, read_gate_rows
from settlement.postings import Posting
from settlement.refusal import Refusal

CHECKS = ("cut.register", "warehouse.tests", "ledger.suite")
FITNESS = f"kpi.complete_days@derbyshire-real-only@D1@{PERIOD}"


def _refused(found: Any) -> Refusal:
    assert isinstance(found, Refusal), found
    for reason in found.reasons:
        assert reason.what
        assert reason.why
        assert reason.who_mends
        assert reason.mend
        assert "No shadow statement is made for derbyshire-real-only 2024-25" in reason.effect_on_money
    assert all(row["action"] == "refuse" for row in found.rows())
    assert isinstance(found.error(), Refused)
    assert json.loads(found.to_json())["reasons"]
    return found


def test_all_passed_is_a_record(world: World) -> None:
    assert world.gate.decide("D1").action == "pay"
    assert {entry.check_id for entry in world.gate.entries} == {
        *world.terms.gate.integrity,
        "terms.approved",
        "kpi.complete_days",
    }
    assert len(world.gate.verdict_hashes) == 11


FAULTS: dict[str, Any] = {
    "failed": {"status": "failed"},
    "error": {"status": "error"},
    "unknown status": {"status": "skipped"},
    "stale cut": {"data_cut_id": "e" * 64},
    "other definitions": {"definitions_hash": "e" * 64},
    "other code": {"code_version": "0.2.0"},
    "other required list": {"required_hash": "e" * 64},
    "another check's result": {"check_id": "warehouse.other"},
    "another scope": {"scope": "elsewhere"},
    "another kind": {"kind": "fitness"},
    "unknown key": {"extra": "1"},
    "observed is no object": {"observed": []},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("check", CHECKS)
def test_integrity_fault_refuses(world: World, check: str, fault: str) -> None:
    required, verdicts = verdict_set(world.terms, {check: FAULTS[fault]})
    found = _refused(judge_world(world.terms, required, verdicts, world.approval))
    assert [reason.check_id for reason in found.reasons] == [check]


@pytest.mark.parametrize("check", [*CHECKS, FITNESS])
@pytest.mark.parametrize("raw", [None, b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_missing_or_unreadable_refuses(world: World, check: str, raw: bytes | None) -> None:
    verdicts = {key: value for key, value in world.verdicts.items() if key != check}
    if raw is not None:
        verdicts[check] = raw
    found = _refused(judge_world(world.terms, world.required, verdicts, world.approval))
    assert [reason.check_id for reason in found.reasons] == [check]
    assert found.reasons[0].status == ("missing" if raw is None else "error")


def test_a_result_that_was_changed_by_hand_refuses(world: World) -> None:
    """It passed and names problems, or its bytes are not those that the check wrote."""
    check = world.terms.gate.integrity[0]
    told = json.loads(world.verdicts[check])
    edited = canonical_json({**told, "observed": {**told["observed"], "problems": ["a line is there twice"]}})
    fraction = world.verdicts[check].replace(b'"observed":{', b'"observed":{"share":0.5,', 1).replace(b",}", b"}")
    for raw in (edited, json.dumps(told).encode(), fraction):
        found = _refused(judge_world(world.terms, world.required, {**world.verdicts, check: raw}, world.approval))
        (reason,) = found.reasons
        assert (reason.check_id, reason.status) == (check, "error")
        assert "not as the check wrote it" in reason.what
        assert "who could write" in reason.mend


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "failed"])
def test_fitness_result_that_cannot_be_trusted_refuses(world: World, fault: str) -> None:
    required, verdicts = verdict_set(
        world.terms,
        {
            FITNESS: {**FAULTS[fault], "kind": FAULTS[fault].get("kind", "fitness")}
            if fault != "another kind"
            else {"kind": "integrity"}
        },
    )
    _refused(judge_world(world.terms, required, verdicts, world.approval))


@pytest.mark.parametrize("bound", [{"cut_id": "0" * 64}, {"definitions_hash": "0" * 64}, {"code_version": "9"}])
def test_the_whole_folder_of_another_run_refuses(world: World, bound: dict[str, str]) -> None:
    found = _refused(judge_world(world.terms, world.required, world.verdicts, world.approval, **bound))
    assert len(found.reasons) == 1 + 11


def test_an_edited_required_list_refuses(world: World) -> None:
    content = json.loads(world.required)
    content["checks"] = [check for check in content["checks"] if check["check_id"] != "ledger.suite"]
    _refused(judge_world(world.terms, canonical_json(content), world.verdicts, world.approval))
    # Even with every remaining verdict re-issued for the shortened list: the approved terms demand the check.
    changed = canonical_json(content)
    reissued = {
        key: canonical_json({**json.loads(raw), "required_hash": sha256_bytes(changed)})
        for key, raw in world.verdicts.items()
        if key != "ledger.suite"
    }
    found = _refused(judge_world(world.terms, changed, reissued, world.approval))
    assert [reason.check_id for reason in found.reasons] == ["ledger.suite"]
    reordered = canonical_json({**json.loads(world.required), "note": "x"})
    _refused(judge_world(world.terms, reordered, world.verdicts, world.approval))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'{"checks": 3}',
        b'{"checks": [{"check_id": "a"}]}',
        b'{"checks": [3]}',
        b'{"checks": [{"check_id": "a", "kind": "other", "scope": ""}]}',
    ],
)
def test_an_unreadable_required_list_refuses(world: World, raw: bytes) -> None:
    _refused(judge_world(world.terms, raw, world.verdicts, world.approval))


def test_what_another_agreement_needs_is_not_judged_here(world: World) -> None:
    """One list serves every agreement of a cut: a KPI of another one may fail without stopping this one."""
    content = json.loads(world.required)
    content["checks"].append({"check_id": "kpi.complete_days", "kind": "fitness", "scope": "another/X1/2024-25"})
    both = canonical_json(content)
    reissued = {
        key: canonical_json({**json.loads(raw), "required_hash": sha256_bytes(both)})
        for key, raw in world.verdicts.items()
    }
    record = judge_world(world.terms, both, reissued, world.approval)
    assert isinstance(record, GateRecord)
    assert {entry.scope for entry in record.entries} == {"settlement", "D1"}


def test_a_required_list_that_names_a_check_twice_refuses(world: World) -> None:
    content = json.loads(world.required)
    doubled = canonical_json({**content, "checks": [*content["checks"], content["checks"][0]]})
    reissued = {
        key: canonical_json({**json.loads(raw), "required_hash": sha256_bytes(doubled)})
        for key, raw in world.verdicts.items()
    }
    found = _refused(judge_world(world.terms, doubled, reissued, world.approval))
    assert ["names a check twice" in reason.what for reason in found.reasons] == [True]


def test_an_undeclared_result_refuses(world: World) -> None:
    found = _refused(judge_world(world.terms, world.required, {**world.verdicts, "a.b": b"{}"}, world.approval))
    assert [reason.check_id for reason in found.reasons] == ["a.b"]
    beside = {**{f"{key}.json": raw for key, raw in world.verdicts.items()}, "required.json": b"", "cut.json": b""}
    assert isinstance(judge_world(world.terms, world.required, beside, world.approval), GateRecord)


def test_a_check_on_the_list_but_not_in_the_terms_must_pass_too(world: World) -> None:
    terms = terms_with({"gate.integrity": ["cut.register"]})
    required, verdicts = verdict_set(world.terms, {"ledger.suite": {"status": "failed"}})
    assert isinstance(judge_world(terms, required, verdicts, approval_for(terms)), Refusal)


def test_terms_not_approved_refuses(world: World) -> None:
    """CNI-05: unapproved, other terms, other period."""
    nobody = terms_approved((), world.terms, PERIOD)
    found = _refused(judge_world(world.terms, world.required, world.verdicts, nobody))
    assert "acute-trust has not approved" in found.reasons[0].why
    other = terms_with({"agreement.name": "Another name"})
    _refused(judge_world(world.terms, world.required, world.verdicts, approval_for(other)))
    later = terms_approved(read_log(world.log), world.terms, "2025-26")
    assert later.ok
    _refused(judge_world(world.terms, world.required, world.verdicts, later))


def test_other_kpis_refuse(world: World) -> None:
    _refused(judge_world(world.terms, world.required, world.verdicts, world.approval, kpi_ids=["D1", "D2"]))
    assert isinstance(
        judge_world(world.terms, world.required, world.verdicts, world.approval, kpi_ids=["D1"]), GateRecord
    )


def _failed_fitness(world: World, causes: tuple[GateCause, ...] = ()) -> GateRecord:
    required, verdicts = verdict_set(
        world.terms,
        {FITNESS: {"status": "failed", "reason": "20 of 91 days lack a trust.", "mend": "the trust reports the days"}},
    )
    found = judge_world(world.terms, required, verdicts, world.approval, causes=causes)
    assert isinstance(found, GateRecord), found
    return found


def _cause(
    world: World, cause: str, signer: str = "independent-expert", scope: str = "D1", **changes: str
) -> tuple[GateCause, ...]:
    body = {
        "approver": "chief finance officer",
        "period_id": PERIOD,
        "data_cut_id": CUT,
        "scope": scope,
        "check_id": "kpi.complete_days",
        "cause": cause,
        "reason": "Heard both sides.",
        **changes,
    }
    line = append_record(
        world.log,
        agreement_id=world.terms.id,
        kind="gate_cause_recorded",
        signer=signer,
        signed_at="2025-05-01T09:00:00Z",
        place="Derby",
        body=body,
        key=key_from_seed(b"test", signer),
    )
    return gate_causes(read_log(world.log + line), world.terms, PERIOD, CUT)


def test_failed_fitness_withholds_until_a_cause_is_recorded(world: World) -> None:
    withheld = _failed_fitness(world)
    assert withheld.decide("D1").action == "withhold"
    row = kpi_row(world.terms, quality_status="withheld")
    made = settle(world.terms, PERIOD, [row], world.ledger, withheld)
    assert (made.status, made.postings[0].amount_pence) == ("withheld", 0)
    assert made.reason.startswith("Withheld")
    for cause, action, posted in (
        ("party_did_not_report", "forfeit", 0),
        ("measuring_system", "deem", 193_750_000),  # game-breaking: £1,550,000 × 1.25
        ("external_shock", "deem", 107_997_685),  # its own 453.1 is better than the baseline
        ("definition_withdrawn", "neutral", 0),
    ):
        gate = _failed_fitness(world, _cause(world, cause))
        assert (gate.decide("D1").action, gate.decide("D1").cause) == (action, cause)
        assert read_gate_json(gate.to_json(), world.terms) == (gate,)
        made = settle(world.terms, PERIOD, [row], world.ledger, gate)
        assert made.postings[0].amount_pence == posted, cause
    shocked = settle(
        world.terms,
        PERIOD,
        [kpi_row(world.terms, value=None)],
        world.ledger,
        _failed_fitness(world, _cause(world, "external_shock")),
    )
    assert shocked.score == 0


def test_nobody_who_gains_records_a_cause(world: World) -> None:
    """SETTLEMENT property 15: neither payer nor paid may select what a failed figure gets."""
    for signer in ("integrated-care-board", "acute-trust"):
        for cause in ("party_did_not_report", "measuring_system", "definition_withdrawn"):
            assert _cause(world, cause, signer) == ()
    assert _cause(world, "no_such_cause") == ()
    assert _cause(world, "measuring_system", data_cut_id="e" * 64) == ()
    (cause,) = _cause(world, "measuring_system")
    assert cause.recorded_by == "independent-expert"
    with pytest.raises(TypeError):
        GateCause("D1", "kpi.complete_days", "measuring_system", "", "acute-trust", "0", seal=object())


@pytest.mark.parametrize(
    ("cause", "action", "posted"),
    [
        ("party_did_not_report", "forfeit", 0),
        ("definition_withdrawn", "neutral", 0),
        ("measuring_system", "withhold", 0),
    ],
)
def test_a_cause_for_the_whole_settlement(world: World, cause: str, action: str, posted: int) -> None:
    gate = judge_world(
        world.terms,
        world.required,
        world.verdicts,
        world.approval,
        causes=_cause(world, cause, scope="settlement", check_id="settlement.conduct"),
    )
    assert isinstance(gate, GateRecord)
    assert gate.decide("settlement").action == action
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, gate)
    assert [posting.amount_pence for posting in made.postings] == [posted]


def test_nothing_is_built_around_the_gate(world: World) -> None:
    """Property 14: no record but from the gate, no posting without record and saving evidence."""
    with pytest.raises(TypeError):
        GateRecord(world.terms.id, PERIOD, "", CUT, "", "", "", (), (), (), seal=object())
    with pytest.raises(TypeError):
        ApprovalResult(True, (), world.terms.terms_hash, PERIOD, (), seal=object())
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    fields: dict[str, Any] = made.posting_rows()[0]
    evidence = made.step("saving")
    with pytest.raises(TypeError):
        Posting(**fields)
    with pytest.raises(TypeError):
        Posting(**fields, gate=None, evidence=evidence)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Posting(**fields, gate=world.gate, evidence=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Posting(**{**fields, "period_id": "2025-26"}, gate=world.gate, evidence=evidence)
    with pytest.raises(TypeError):
        Posting(**{**fields, "amount_pence": 1.0}, gate=world.gate, evidence=evidence)
    with pytest.raises(TypeError):
        Posting(**{**fields, "status": "withheld"}, gate=world.gate, evidence=evidence)
    assert Posting(**fields, gate=world.gate, evidence=evidence) == made.postings[0]


GATE_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("ledger.suite", {"status": "failed"}),
    ("ledger.suite", {"status": "missing"}),
    ("ledger.suite", {"action": "refuse"}),
    ("kpi.complete_days", {"status": "error"}),
    ("kpi.complete_days", {"status": "failed"}),
    ("kpi.complete_days", {"action": "deem"}),
    ("kpi.complete_days", {"scope": "D2"}),
    ("kpi.complete_days", {"status": "failed", "action": "forfeit", "cause": "invented"}),
    (
        "kpi.complete_days",
        {"status": "failed", "action": "deem", "cause": "measuring_system", "deem_value": Decimal(1)},
    ),
    ("kpi.complete_days", {"status": "failed", "action": "deem", "cause": "measuring_system"}),
    ("kpi.complete_days", {"cause": "measuring_system"}),
    ("ledger.suite", {"data_cut_id": "e" * 64}),
    ("ledger.suite", {"terms_hash": "e" * 64}),
    ("ledger.suite", {"kind": "other"}),
]


@pytest.mark.parametrize(("check", "change"), GATE_FAULTS)
def test_an_audited_gate_file_is_held_to_the_terms(world: World, check: str, change: dict[str, Any]) -> None:
    rows = [{**row, **change} if row["check_id"] == check else row for row in gate_rows(world.terms)]
    with pytest.raises(Refused):
        read_gate_rows(rows, world.terms, PERIOD)


def test_a_release_that_spans_a_variation_of_terms_is_read(world: World) -> None:
    """Each version of the terms finds its own records in the list; alone in the file, a record must be its own."""
    own = json.loads(world.gate.to_json())
    other = {**own, "terms_hash": "e" * 64, "period_id": "2025-26"}
    assert read_gate_json(json.dumps([other, own]).encode(), world.terms) == (world.gate,)
    assert read_gate_json(json.dumps([other]).encode(), world.terms) == ()
    with pytest.raises(Refused, match="under other terms"):
        read_gate_json(json.dumps(other).encode(), world.terms)
    for broken in ({**own, "terms_hash": None}, {**own, "agreement_id": 1}, [own]):
        with pytest.raises(Refused):
            read_gate_json(json.dumps([broken, own]).encode(), world.terms)


def test_a_gate_file_of_other_terms_is_refused(world: World) -> None:
    other = terms_with({"finance.gain.cap_pct_of_target": 1})
    with pytest.raises(Refused, match="judged under other terms"):
        read_gate_json(world.gate.to_json(), other)


def test_an_incomplete_gate_file_is_refused(world: World) -> None:
    rows = gate_rows(world.terms)
    for index in range(len(rows)):
        with pytest.raises(Refused):
            read_gate_rows(rows[:index] + rows[index + 1 :], world.terms, PERIOD)
    for bad in ([], [*rows, rows[0]]):
        with pytest.raises(Refused):
            read_gate_rows(bad, world.terms, PERIOD)
    raw = world.gate.to_json()
    for broken in (
        b"",
        b"{}",
        b"[3]",
        raw.replace(b'"entries"', b'"entrys"'),
        raw.replace(b'"cause": ""', b'"cause": "x"'),
        raw.replace(b'"period_id": "2024-25"', b'"period_id": "x"'),
        raw[:-3] + b', "more": 1}',
    ):
        with pytest.raises(Refused):
            read_gate_json(broken, world.terms)


@pytest.mark.parametrize(
    "change",
    [
        {"level": "stretch"},
        {"level": ""},
        {"value_decimals": 2},
        {"value": Decimal("453.14")},
        {"data_cut_id": "e" * 64},
        {"baseline_value": Decimal("478.7")},
        {"indicator_version": 2},
        {"indicator_id": "other"},
        {"polarity": "high"},
        {"area_code": "E06000015"},
        {"period_kind": "quarter"},
        {"quality_status": "withheld"},
        {"value": None, "level": ""},
        {"value": 453},
        {"data_complete_as_at": None},
        {"figure_id": "kpi:x:D1:2024-25:value"},
        {"unit": "percent"},
        {"population_basis": "resident"},
        {"measurement_end": None},
    ],
)
def test_a_return_that_disagrees_with_the_terms_is_refused(world: World, change: dict[str, Any]) -> None:
    """CNI-03, CNI-26: level, precision, cut, baseline and version are derived again, never believed."""
    with pytest.raises(Refused, match="KPI return of D1"):
        settle(world.terms, PERIOD, [kpi_row(world.terms, **change)], world.ledger, world.gate)


def test_a_return_without_or_with_two_rows_is_refused(world: World) -> None:
    for rows in ([], [kpi_row(world.terms), kpi_row(world.terms)]):
        with pytest.raises(Refused, match=f"{len(rows)} rows"):
            settle(world.terms, PERIOD, rows, world.ledger, world.gate)
    # Scale 9, as the warehouse holds it, is the same value.
    wide = kpi_row(world.terms, value=Decimal("453.100000000"), baseline_value=Decimal("478.600000000"))
    assert settle(world.terms, PERIOD, [wide], world.ledger, world.gate).postings[0].amount_pence == 107_997_685


def test_a_gate_of_other_terms_does_not_settle(world: World) -> None:
    other = terms_with({"agreement.name": "Another name"})
    with pytest.raises(Refused):
        settle(other, PERIOD, world.kpi_return, world.ledger, world.gate)
    with pytest.raises(TypeError):
        settle(world.terms, PERIOD, world.kpi_return, world.ledger, None)  # type: ignore[arg-type]


def test_must_pass_conditions_bar_gain_and_leave_pain() -> None:
    """DER-08: a failed hard condition means no gain whatever the score; a loss stays as it is."""
    gate_kpi = {
        "id": "D7",
        "name": "Rapid response within two hours",
        "role": "gate",
        "outcome": "home-without-delay",
        "indicator_id": "rapid_response",
        "indicator_version": 1,
        "area_code": "E54000058",
        "unit": "percent",
        "polarity": "high",
        "value_decimals": 1,
        "population_basis": "resident",
        "kind": "process",
        "must_reach": 70,
    }
    terms = terms_with({"framework.kpis.1": gate_kpi})
    for value, pence, action, expected in (
        ("70.0", 14_000_000_000, "pay", 107_997_685),
        ("69.9", 14_000_000_000, "pay", 0),
        ("70.0", 14_000_000_000, "withhold", 0),
        ("69.9", 14_600_000_000, "pay", -135_489_969),
    ):
        rows = [kpi_row(terms), kpi_row(terms, "D7", Decimal(value))]
        gate = gate_for(terms, {} if action == "pay" else {"D7": ("withhold", "", None)})
        made = settle(terms, PERIOD, rows, ledger_rows(terms, pence), gate)
        assert made.postings[0].amount_pence == expected
