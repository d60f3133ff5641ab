"""What is recorded can be withdrawn, on the record: an absence, and the cause of a figure that is not fit."""

from __future__ import annotations

from typing import Any

import pytest
from settlement_world import CUT, PERIOD
from test_settlement_top_up import TOP_UP_26
from top_up_world import AT_26, by_line, by_member, greenwich, log_with, recorded_in, recording, settle_top_up

from foundation.errors import Refused, WrongUsage
from settlement.approvals import gate_causes
from settlement.decisions import read_log

TERMS = greenwich()
EXPERT = "independent-expert"


def _absent(log: bytes, member: str) -> bytes:
    return recording(log, TERMS, "absence_recorded", EXPERT, {"member": member, "reason": "Came to no session."})


def _withdrawn(log: bytes, member: str, settlement: str = "", signer: str = EXPERT) -> bytes:
    body = {"member": member, "settlement": settlement, "reason": "Came, and was not on the list."}
    return recording(log, TERMS, "absence_withdrawn", signer, body)


def test_a_withdrawn_absence_is_given_back() -> None:
    """GRW-57: £5,000 held back, and given back by the restatement after the withdrawal; nothing moves after that."""
    log = _absent(log_with(TERMS), "youth-charity")
    first = settle_top_up(TERMS, AT_26, recorded=recorded_in(TERMS, log))
    assert by_line(first)["condition"] == -500_000
    log = _withdrawn(log, "youth-charity", first.settlement_id)
    assert recorded_in(TERMS, log).absent == ()
    posted = first.posting_rows()
    second = settle_top_up(TERMS, AT_26, prior=posted, recorded=recorded_in(TERMS, log))
    assert by_line(second) == {"condition": 500_000}
    assert {member: pence for member, pence in by_member(second, "condition").items() if pence} == {
        "youth-charity": 500_000
    }
    posted += second.posting_rows()
    assert settle_top_up(TERMS, AT_26, prior=posted, recorded=recorded_in(TERMS, log)).postings == ()
    # recorded again, it is held back again
    log = _absent(log, "youth-charity")
    third = settle_top_up(TERMS, AT_26, prior=posted, recorded=recorded_in(TERMS, log))
    assert by_line(third) == {"condition": -500_000}


def test_another_member_in_its_place_moves_from_member_to_member() -> None:
    """The sum held back is the same before and after; the withdrawal says which settlement it came after."""
    log = _absent(log_with(TERMS), "youth-charity")
    first = settle_top_up(TERMS, AT_26, recorded=recorded_in(TERMS, log))
    log = _absent(_withdrawn(log, "youth-charity", first.settlement_id), "gp-federation")
    second = settle_top_up(TERMS, AT_26, prior=first.posting_rows(), recorded=recorded_in(TERMS, log))
    assert by_line(second) == {"condition": 0}
    moved = {member: pence for member, pence in by_member(second, "condition").items() if pence}
    assert moved == {"gp-federation": -500_000, "youth-charity": 500_000}
    posted = first.posting_rows() + second.posting_rows()
    assert settle_top_up(TERMS, AT_26, prior=posted, recorded=recorded_in(TERMS, log)).postings == ()


def test_an_absence_withdrawn_before_anything_was_settled_was_never_held_back() -> None:
    log = _withdrawn(_absent(log_with(TERMS), "youth-charity"), "youth-charity")
    made = settle_top_up(TERMS, AT_26, recorded=recorded_in(TERMS, log))
    assert by_line(made) == {"top_up": 19_968_000, "bonus": 0}
    assert by_member(made, "top_up") == TOP_UP_26
    assert settle_top_up(TERMS, AT_26, prior=made.posting_rows(), recorded=recorded_in(TERMS, log)).postings == ()


def test_a_withdrawal_that_names_another_settlement_is_refused() -> None:
    log = _absent(log_with(TERMS), "youth-charity")
    first = settle_top_up(TERMS, AT_26, recorded=recorded_in(TERMS, log))
    log = _withdrawn(log, "youth-charity", "f" * 64)
    with pytest.raises(Refused, match="does not follow from the decision log"):
        settle_top_up(TERMS, AT_26, prior=first.posting_rows(), recorded=recorded_in(TERMS, log))


@pytest.mark.parametrize("signer", ["council", "youth-charity"])
def test_who_could_gain_withdraws_nothing(signer: str) -> None:
    log = _withdrawn(_absent(log_with(TERMS), "youth-charity"), "youth-charity", signer=signer)
    assert recorded_in(TERMS, log).absent == ("youth-charity",)


def test_what_was_not_recorded_is_not_withdrawn() -> None:
    log = _withdrawn(_absent(log_with(TERMS), "youth-charity"), "gp-federation")
    assert recorded_in(TERMS, log).absent == ("youth-charity",)
    assert recorded_in(greenwich({"finance.top_up.learning_and_development": None}), log).absent == ()
    with pytest.raises(WrongUsage, match="settlement"):
        recording(log, TERMS, "absence_withdrawn", EXPERT, {"member": "youth-charity", "reason": "x"})


def _cause(log: bytes, kind: str, signer: str = EXPERT, **changes: Any) -> bytes:
    body = {"data_cut_id": CUT, "scope": "G1", "check_id": "kpi.complete_days", "reason": "Said.", **changes}
    return recording(log, TERMS, kind, signer, body)


def test_a_withdrawn_cause_withholds_its_figure_again() -> None:
    log = _cause(log_with(TERMS), "gate_cause_recorded", cause="party_did_not_report")
    assert [cause.scope for cause in gate_causes(read_log(log), TERMS, PERIOD, CUT)] == ["G1"]
    # another's withdrawal, one by somebody without authority, and one of another figure, leave it as it is
    for other in (
        _cause(log, "gate_cause_withdrawn", "youth-charity"),
        _cause(log, "gate_cause_withdrawn", approver="somebody"),
        _cause(log, "gate_cause_withdrawn", scope="G2"),
    ):
        assert len(gate_causes(read_log(other), TERMS, PERIOD, CUT)) == 1
    log = _cause(log, "gate_cause_withdrawn")
    assert gate_causes(read_log(log), TERMS, PERIOD, CUT) == ()
    again = _cause(log, "gate_cause_recorded", cause="definition_withdrawn")
    assert [cause.cause for cause in gate_causes(read_log(again), TERMS, PERIOD, CUT)] == ["definition_withdrawn"]
