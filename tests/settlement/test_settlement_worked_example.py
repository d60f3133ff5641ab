"""AGREEMENTS 4a worked by hand, to the penny and step by step; the open book recomputes it (CNI-20)."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from settlement_world import CUT, PERIOD, World, gate_for, gate_rows, ledger_rows, settle_simply, terms_with

from foundation.canonical import canonical_json
from foundation.errors import Refused
from settlement.engine import settle
from settlement.extremes import party_extremes
from settlement.files import read_rows, write_rows
from settlement.gate_record import read_gate_json, read_gate_rows
from settlement.recompute import first_difference, recompute

# By hand: 50 × (478.6 − 453.1) / (478.6 − 430) = 50 × 25.5 / 48.6; G = 0.5 + 0.75 × that / 100.
SCORE = Fraction(50 * 255, 486)
FACTOR = Fraction(1, 2) + Fraction(3, 4) * SCORE / 100


def test_every_step_of_the_statement_by_hand(world: World) -> None:
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    by_hand = {
        "score.D1": SCORE,
        "live_weight": Fraction(1),
        "overall_score": SCORE,
        "target_cost": Fraction(143_100_000),
        "cost.acute-trust": Fraction(28_000_000),
        "cost.city-council": Fraction(28_000_000),
        "cost.community-trust": Fraction(28_000_000),
        "cost.county-council": Fraction(28_000_000),
        "cost.mental-health-trust": Fraction(28_000_000),
        "actual_cost": Fraction(140_000_000),
        "saving": Fraction(3_100_000),
        "saving_rate": Fraction(31, 1431),
        "pool": Fraction(3_100_000),
        "shared": Fraction(1_550_000),
        "gain_factor": FACTOR,
        "gain": 1_550_000 * FACTOR,
        "capped_gain": 1_550_000 * FACTOR,
        "gain_posted": Fraction(107_997_685),
    }
    assert {step.step_id: step.exact for step in made.steps} == by_hand
    assert [step.step_number for step in made.steps] == list(range(1, len(by_hand) + 1))
    assert str(made.score).startswith("26.23456790")
    assert round(made.step("saving_rate").exact * 100, 2) == Fraction("2.17")
    assert made.step("saving").arithmetic == "£143,100,000.00 - £140,000,000.00"
    assert made.step("score.D1").inputs == (
        "terms:scoring.level_points",
        f"kpi:{world.terms.id}:D1:2024-25:value",
        "terms:framework.kpis.D1.levels",
    )
    assert made.step("gain").inputs == tuple(
        f"step:{world.terms.id}:2024-25:{name}" for name in ("shared", "gain_factor")
    )


def test_posting_and_member_lines_to_the_penny(world: World) -> None:
    """CNI-07, CNI-29: the lines add up to the posting, and a shadow posting says so."""
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    (posting,) = made.postings
    assert (posting.line, posting.amount_pence, posting.status) == ("gain", 107_997_685, "shadow")
    assert (posting.payer, posting.payee, posting.supersedes) == ("integrated-care-board", "alliance", "")
    assert posting.figure_id == "posting:derbyshire-real-only:2024-25:gain"
    assert {line.member_id: line.amount_pence for line in made.member_lines} == {
        "acute-trust": 41_039_120,
        "community-trust": 32_399_306,
        "mental-health-trust": 19_439_583,
        "city-council": 8_639_815,
        "county-council": 6_479_861,
    }
    assert all(line.role == "member" and line.note == "" for line in made.member_lines)
    assert made.gate.data_cut_id == CUT


def test_extremes_per_party(world: World) -> None:
    """CNI-09, DER-04: the greatest gain and loss are those the engine reaches."""
    extremes = party_extremes(world.terms, PERIOD)
    best = settle_simply(world.terms, Decimal(340), 0)
    worst = settle_simply(world.terms, Decimal(530), 30_000_000_000)
    assert best.postings[0].amount_pence == 286_200_000
    assert worst.postings[0].amount_pence == -143_100_000
    for made, name, sign in ((best, "greatest_gain_pence", 1), (worst, "greatest_loss_pence", -1)):
        for line in made.member_lines:
            assert getattr(extremes[line.member_id], name) == sign * line.amount_pence
    # The city council's provider role turns over £20m: its stop-loss of £100,000 binds below its 8 % of £1,431,000.
    lines = {line.member_id: line for line in worst.member_lines}
    assert (lines["city-council"].amount_pence, lines["city-council"].cap_pence) == (-10_000_000, 10_000_000)
    assert "stop-loss" in lines["city-council"].note
    assert lines["commissioner-residue"].amount_pence == -(11_448_000 - 10_000_000)
    assert lines["commissioner-residue"].role == "commissioner"
    unbounded = party_extremes(terms_with({"finance.loss.cap_pct_of_target": None}), PERIOD)
    assert unbounded["city-council"].greatest_loss_pence == 10_000_000
    assert unbounded["commissioner-residue"].greatest_loss_pence is None


def _members_folder(world: World) -> tuple[dict[str, bytes], tuple[bytes, bytes, bytes]]:
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    from settlement_world import RAW

    files = {
        "terms.yaml": RAW,
        "kpi_return.csv": write_rows("kpi_return", world.kpi_return),
        "ledger.csv": write_rows("ledger", world.ledger),
        "gate.json": world.gate.to_json(),
        "decisions.jsonl": world.log,
        "advances.csv": write_rows("advances", []),
        "prior_postings.csv": write_rows("prior_postings", []),
    }
    return files, (
        write_rows("steps", made.step_rows()),
        write_rows("postings", made.posting_rows()),
        write_rows("member_lines", made.member_rows()),
    )


def test_the_open_book_recomputes_the_same_bytes(world: World) -> None:
    """CNI-20, property 11: text files give the settlement that typed rows gave, byte for byte."""
    files, tables = _members_folder(world)
    again = recompute(files)
    assert again.settlement_id == settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate).settlement_id
    assert write_rows("steps", again.step_rows()) == tables[0]
    assert first_difference(again, *tables) is None
    assert recompute(files, PERIOD) == again
    with pytest.raises(Refused, match="0 settlements of 2025-26"):
        recompute(files, "2025-26")


@pytest.mark.parametrize(
    ("table", "old", "new", "figure"),
    [
        (2, b",41039120,", b",41039121,", "member:derbyshire-real-only:2024-25:gain:acute-trust"),
        (1, b",107997685,", b",107997686,", "posting:derbyshire-real-only:2024-25:gain"),
        (0, b",3100000.00,GBP", b",3100000.01,GBP", "step:derbyshire-real-only:2024-25:saving"),
        (0, b"Target cost of the period", b"Target cost of a period", "step:derbyshire-real-only:2024-25:target_cost"),
    ],
)
def test_one_penny_is_named(world: World, table: int, old: bytes, new: bytes, figure: str) -> None:
    files, tables = _members_folder(world)
    changed = list(tables)
    assert old in changed[table]
    changed[table] = changed[table].replace(old, new, 1)
    found = first_difference(recompute(files), *changed)
    assert found is not None
    assert found.figure_id == figure
    assert found.written != found.recomputed


def test_missing_and_added_rows_are_named(world: World) -> None:
    files, (steps, postings, members) = _members_folder(world)
    lines = members.splitlines(keepends=True)
    found = first_difference(recompute(files), steps, postings, b"".join(lines[:-1]))
    assert found is not None
    assert (found.written, found.column) == ("", "amount_pence")
    assert str(found).endswith("(member_lines, amount_pence): nothing is written, 19439583 follows from the open book.")
    added = members + lines[-1].replace(b"mental-health-trust", b"somebody-else")
    found = first_difference(recompute(files), steps, postings, added)
    assert found is not None
    assert found.figure_id.endswith("somebody-else")
    twice = first_difference(recompute(files), steps, postings, members + lines[-1])
    assert twice is not None
    assert twice.written == "it twice"
    assert b",8,8639815,," in members
    capped = first_difference(recompute(files), steps, postings, members.replace(b",8639815,,", b",8639815,8639815,"))
    assert str(capped).endswith("(member_lines, cap_pence): 8639815 is written, nothing follows from the open book.")


@pytest.mark.parametrize("name", ["ledger.csv", "kpi_return.csv", "gate.json", "terms.yaml", "decisions.jsonl"])
def test_a_changed_or_absent_input_is_refused_or_moves_a_figure(world: World, name: str) -> None:
    files, tables = _members_folder(world)
    changes = {
        "ledger.csv": (b",233333333,", b",233333334,"),
        "kpi_return.csv": (b",453.1,", b",453.0,"),
        "gate.json": (b'"status": "passed"', b'"status": "failed"'),
        "terms.yaml": (b"share_pct: 8", b"share_pct: 7"),
        "decisions.jsonl": (b"approve", b"approvE"),
    }
    old, new = changes[name]
    assert old in files[name]
    try:
        again = recompute({**files, name: files[name].replace(old, new, 1)})
    except Refused:
        pass
    else:
        assert first_difference(again, *tables) is not None
    with pytest.raises(Refused, match="is not in the open book"):
        recompute({key: value for key, value in files.items() if key != name})


def test_gate_files_read_back(world: World) -> None:
    assert read_gate_json(world.gate.to_json(), world.terms) == (world.gate,)
    raw = write_rows("gate", gate_rows(world.terms))
    assert read_gate_rows(read_rows("gate", raw), world.terms, PERIOD).decide("D1").action == "pay"


def test_a_gap_in_the_book_is_not_a_saving(world: World) -> None:
    rows = ledger_rows(world.terms)
    with pytest.raises(Refused, match=r"no cost is reported for city-council 2024-07.*missing is not zero"):
        settle(
            world.terms,
            PERIOD,
            world.kpi_return,
            [row for row in rows if (row["member_id"], row["month"]) != ("city-council", "2024-07")],
            world.gate,
        )


def test_a_cause_the_log_does_not_hold_is_refused(world: World) -> None:
    files, _ = _members_folder(world)
    forfeited = gate_for(world.terms, {"D1": ("forfeit", "party_did_not_report", None)})
    content = {**json.loads(forfeited.to_json()), "approvals": list(world.gate.approvals)}
    with pytest.raises(Refused, match="which the decision log does not hold"):
        recompute({**files, "gate.json": canonical_json(content)})


def test_a_gate_without_the_votes_it_rested_on_is_refused(world: World) -> None:
    """The last vote cut off the log; approvals taken out of the gate's record; a record of nothing at all."""
    files, _ = _members_folder(world)
    shorter = b"".join(world.log.splitlines(keepends=True)[:-1])
    with pytest.raises(Refused, match="not approved for 2024-25: mental-health-trust has not approved"):
        recompute({**files, "decisions.jsonl": shorter})
    content = {**json.loads(world.gate.to_json()), "approvals": []}
    with pytest.raises(Refused, match="rested on other approvals than the decision log holds"):
        recompute({**files, "gate.json": canonical_json(content)})
    with pytest.raises(Refused, match=r"gate\.json says nothing about derbyshire-real-only"):
        recompute({**files, "gate.json": b"[]"})
