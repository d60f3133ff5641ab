"""What stands after a restatement, wherever it is shown: kept overpayments, what a limit leaves, what bars which line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from other_lines_world import agreed, amounts, settle_lines
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows, quick_terms, settle_simply
from test_settlement_carried import COST, Years
from test_settlement_other_lines import COUNTS, FORFEIT

from settlement.books import Books
from settlement.bridge import build_bridge
from settlement.terms import Terms
from settlement.what_if import Bound, payment_range

LEAST = "finance.reclaim_from_gbp"
LIMBS = {"reimbursed": "direct cost", "fee": "overheads", "gain_or_loss": "half of it"}


def keeping(**more: Any) -> Terms:
    return quick_terms({"agreement.shadow": False, LEAST: Decimal(1_000), **more})


def test_a_kept_overpayment_is_in_the_third_limb() -> None:
    """£10,000.00 more cost lowers the gain by £3,483.79, under the least of £5,000.00: limb 3 is what stands."""
    terms = keeping(**{LEAST: Decimal(5_000), "finance.limbs": LIMBS})
    first = settle_simply(terms)
    later = settle_simply(terms, pence=14_001_000_000, prior=first.posting_rows())
    assert later.postings == ()
    assert later.step("gain_posted").exact == 107_997_685 - 348_379
    assert later.step("limb_3").exact == first.step("limb_3").exact == Decimal("1079976.85")
    assert later.step("limb_3").uses[0][1].reference.endswith(":kept.gain")
    # from a gain of a few pounds to a loss of a few: both lines stand, and the limb is their sum
    near = {"finance.corridor.least_saving_pct": Decimal(0), "finance.corridor.least_loss_pct": Decimal(0)}
    terms = keeping(**{LEAST: Decimal(5_000), "finance.limbs": LIMBS, **near})
    first = settle_simply(terms, pence=14_309_900_000)
    later = settle_simply(terms, pence=14_310_100_000, prior=first.posting_rows())
    assert first.step("gain_posted").exact > 0 > later.step("loss_posted").exact
    assert later.step("limb_3").exact * 100 == first.step("gain_posted").exact
    assert later.step("limb_3").formula == "(gain + loss) / 100"


def test_a_small_loss_that_waited_is_owed() -> None:
    """Nothing was paid while it was withheld, so nothing was overpaid, and the least to reclaim spares nobody a loss."""
    near = {"finance.corridor.least_saving_pct": Decimal(0), "finance.corridor.least_loss_pct": Decimal(0)}
    terms = keeping(**{LEAST: Decimal(5_000), **near})
    plain = settle_simply(terms, pence=14_310_100_000)
    waits = settle_simply(terms, pence=14_310_100_000, actions={"settlement": ("withhold", "", None)})
    released = settle_simply(terms, pence=14_310_100_000, prior=waits.posting_rows())
    (owed,) = (one.amount_pence for one in plain.postings if one.line == "loss")
    assert -500_000 < owed < 0
    assert {one.line: one.amount_pence for one in released.postings}["loss"] == owed


def test_the_job_keeps_a_small_overpayment_and_reclaims_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that change after payment (late, corrected, or erased), through the job's own functions: £3,483.79 less is
    kept and nobody owes; with as much again every member owes its share of both to the board; an underpayment is made
    good whatever its size."""
    terms = keeping(**{LEAST: Decimal(5_000)})
    home = Years(tmp_path, monkeypatch)

    def run(name: str, cost: int) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
        made = home.run(name, {PERIOD: cost}, {PERIOD: terms})[PERIOD].settlement
        owed = {(one.payer, one.payee): one.net_pence for one in made.payments}
        assert sum(line.debit_pence - line.credit_pence for line in made.journal) == 0
        return {posting.line: posting.amount_pence for posting in made.postings}, owed

    board = "integrated-care-board"
    first, paid = run("a", COST)
    assert first == {"gain": 107_997_685}
    assert paid[board, "acute-trust"] == 41_039_120
    assert run("b", COST + 1_000_000) == ({}, {})
    taken, owed = run("c", COST + 2_000_000)
    assert taken == {"gain": -696_759}
    shares = {
        "acute-trust": 38,
        "community-trust": 30,
        "mental-health-trust": 18,
        "city-council": 8,
        "county-council": 6,
    }
    assert {payee for _, payee in owed} == set(shares) and {payer for payer, _ in owed} == {board}
    for member, share in shares.items():
        assert abs(owed[board, member] + Decimal(696_759) * share / 100) < 1
    assert sum(owed.values()) == -696_759
    assert run("d", COST)[0] == {"gain": 696_759}
    assert run("e", COST - 1_000)[0] == {"gain": 349}


def test_what_a_loss_leaves_of_a_limit_is_the_cap_of_the_pool() -> None:
    """The trust bears at most 0.5 % of its turnover on cost and pool together; its line of the pool shows the rest."""
    terms = agreed(["kra_pool"], {"agreement.shadow": False})
    made = settle_lines(terms, values={"D1": "600"}, pence=14_500_000_000)
    own = {(line.line, line.member_id): line for line in made.member_lines}
    for member in terms.member_ids:
        loss, pool = own["loss", member], own["kra_pool", member]
        assert loss.cap_pence is not None and pool.cap_pence is not None
        assert loss.amount_pence < 0 and pool.cap_pence == loss.cap_pence + loss.amount_pence
        assert -pool.amount_pence <= pool.cap_pence


def test_a_forfeit_score_bars_no_outcome_paid_by_number() -> None:
    """The rate card rests on its own figures; a cause for the whole settlement bars it, as the reference says."""
    terms = agreed(["kra_pool", "rate_card"], cost=False)
    made = settle_lines(terms, COUNTS, {"D1": "340"}, actions={"D1": FORFEIT})
    assert amounts(made)["rate_card"] == 55_850_000
    assert amounts(made)["kra_pool"] < 0
    barred = settle_lines(terms, COUNTS, {"D1": "340"}, actions={"settlement": FORFEIT})
    assert amounts(barred) == {"kra_pool": 0, "rate_card": 0}


def books_of(terms: Terms, pence: int, prior: Any = ()) -> Books:
    return Books(terms, PERIOD, [kpi_row(terms)], ledger_rows(terms, pence), gate_for(terms), prior=prior)


def test_a_bridge_ends_at_what_stands() -> None:
    """£10,000.00 more cost moves £3,483.79, which stands all the same: the bridge says both, and ends where it began."""
    terms = keeping(**{LEAST: Decimal(5_000)})
    before = books_of(terms, COST)
    first = before.settle()
    after = books_of(terms, COST + 1_000_000, first.posting_rows())
    made = build_bridge(before, after)
    assert (made.start.alliance, made.end.alliance) == (107_997_685, 107_997_685)
    moved = {cause: amounts.alliance for cause, amounts in made.by_cause().items() if amounts.alliance}
    assert moved == {"late_data": -348_379, "standing": 348_379}
    for member in terms.member_ids:
        total = sum(move.moved.by_member.get(member, 0) for move in made.moves)
        assert total == made.end.by_member[member] - made.start.by_member[member] == 0


def test_what_if_rests_on_what_stands() -> None:
    """With the figure as it was received nothing is reclaimed; a worse one would be."""
    terms = keeping(**{LEAST: Decimal(5_000)})
    first = books_of(terms, COST).settle()
    books = books_of(terms, COST + 1_000_000, first.posting_rows())
    found = payment_range(books, {"D1": Bound(Decimal("453.1"), Decimal("460.0"), "Late.")})
    assert found.posted.alliance == found.highest.alliance == 107_997_685
    worse = replace(books, kpi_return=[kpi_row(terms, value=Decimal("460.0"))]).stand()
    assert found.lowest.alliance == 107_997_685 + sum(posting.amount_pence for posting in worse.postings)
    assert found.lowest.alliance < 107_000_000
