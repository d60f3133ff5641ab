"""Every regime in one agreement: the lines add up, order does not matter, and the open book alone recomputes them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from other_lines_world import ACTIVITY, KRA_POOL, RATE_CARD, agreed, amounts, count_row, counted_kpi
from settlement_world import (
    PERIOD,
    approval_for,
    judge_world,
    kpi_row,
    ledger_rows,
    log_for,
    verdict_set,
    yaml_of,
)
from test_settlement_properties import CASES, WANTED
from top_up_world import DERBYSHIRE, recording

from settlement.decisions import read_log
from settlement.engine import Settlement, settle
from settlement.files import write_rows
from settlement.gate_record import GateRecord
from settlement.recompute import first_difference, recompute
from settlement.recorded import period_records
from settlement.terms import Terms, load_terms

BOARD, TRUST, EXPERT = "integrated-care-board", "acute-trust", "independent-expert"
COUNTS = {"R1": 131, "R2": 96, "E1": 1_100_000, "A1": 2_250}
FLAG = {
    "id": "right-to-revert",
    "meaning": "The commissioners may consider reverting.",
    "kpis": ["D1"],
    "worse_than": "minimum",
    "at_least": 1,
    "of_periods": "year",
    "running": 2,
}
CHANGES: dict[str, Any] = {
    "agreement.shadow": False,
    "framework.kpis": [*DERBYSHIRE["framework"]["kpis"], *(counted_kpi(kpi) for kpi in COUNTS)],
    "finance.target_cost.0.efficiency_pct": Decimal("0.5"),
    "finance.kra_pool": KRA_POOL,
    "finance.rate_card": RATE_CARD,
    "finance.activity": ACTIVITY,
    "finance.avoided": {
        "certified_by": [BOARD, TRUST],
        "rows": [
            {
                "id": "admissions",
                "name": "Admissions avoided",
                "kpi": "A1",
                "price_gbp": Decimal(3_600),
                "expected": [{"period": PERIOD, "number": Decimal(2_750)}],
                "saved_by": BOARD,
            }
        ],
    },
    "finance.limbs": {"reimbursed": "direct cost", "fee": "overheads and margin", "gain_or_loss": "half of it"},
    "finance.future_work": {"meaning": "without competition", "share": [{"score": 0, "share_pct": 5}]},
    "finance.loss_limits": {
        "excess_to": "commissioner",
        "members": [
            {"member": "city-council", "limits": [{"of": "reserves", "amount_gbp": Decimal(9_000), "pct": Decimal(5)}]}
        ],
    },
    "finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(50)}],
    "finance.reclaim_from_gbp": Decimal(100),
    "conditions": [{"id": "no-notice", "meaning": "No notice is open.", "recorded_by": [EXPERT]}],
    "flags": [FLAG],
}
TERMS = agreed([], CHANGES)


def decided(terms: Terms) -> bytes:
    log = log_for(terms)
    for signer in (BOARD, TRUST):
        body = {"row": "admissions", "amount_pence": "150000000", "terms_hash": terms.terms_hash, "conflicts": []}
        log = recording(log, terms, "cash_certified", signer, body)
    return recording(log, terms, "condition_judged", EXPERT, {"condition": "no-notice", "met": "yes", "evidence": "x"})


LOG = decided(TERMS)
RECORDED = period_records(read_log(LOG), TERMS, PERIOD)
GATE = judge_world(TERMS, *verdict_set(TERMS), approval_for(TERMS, LOG))


def returned(value: str) -> list[dict[str, Any]]:
    return [kpi_row(TERMS, "D1", Decimal(value)), *(count_row(TERMS, kpi, n, 10**9) for kpi, n in COUNTS.items())]


def settled(value: str, pence: int, prior: Any = ()) -> Settlement:
    assert isinstance(GATE, GateRecord)
    return settle(TERMS, PERIOD, returned(value), ledger_rows(TERMS, pence), GATE, (), prior, RECORDED)


def test_all_regimes_by_hand() -> None:
    """Target 142,384,500 after 0.5 %; 2,384,500 saved, 1,500,000 of it cash; half x 0.875 at score 50 is 656,250."""
    made = settled("430", 14_000_000_000)
    assert made.status == "payable"
    assert amounts(made) == {"gain": 65_625_000, "kra_pool": 25_000_000, "rate_card": 55_850_000, "activity": 4_500_000}
    assert made.step("three_limbs").exact == 140_656_250
    assert made.step(f"kept_by.{BOARD}").exact == 1_500_000 - 656_250
    assert made.step("loss_limit.city-council").exact == 450
    assert made.step("flag.right-to-revert").exact == 0
    # Without both kinds of record nothing of the cost's gain is due, and nothing that a condition bars.
    bare = settle(TERMS, PERIOD, returned("430"), ledger_rows(TERMS), GATE)
    assert amounts(bare) == {"gain": 0, "kra_pool": 0, "rate_card": 0, "activity": 4_500_000}


def test_the_open_book_recomputes_every_line() -> None:
    """CNI-20: the numbers that are counted, certificates and conditions come from the folder alone."""
    assert isinstance(GATE, GateRecord)
    raw = yaml_of(TERMS.model_dump(mode="python", exclude_none=True))
    assert load_terms(raw).terms_hash == TERMS.terms_hash
    files = {
        "terms.yaml": raw,
        "kpi_return.csv": write_rows("kpi_return", returned("430")),
        "ledger.csv": write_rows("ledger", ledger_rows(TERMS)),
        "gate.json": GATE.to_json(),
        "decisions.jsonl": LOG,
    }
    made = settled("430", 14_000_000_000)
    tables = [write_rows("steps", made.step_rows()), write_rows("postings", made.posting_rows())]
    tables.append(write_rows("member_lines", made.member_rows()))
    assert first_difference(recompute(files), *tables) is None
    wrong = [tables[0], tables[1].replace(b",55850000,", b",55850001,"), tables[2]]
    found = first_difference(recompute(files), *wrong)
    assert found is not None
    assert found.figure_id == f"posting:{TERMS.id}:{PERIOD}:rate_card"
    less = write_rows(
        "kpi_return", [{**row, "numerator": 1} if row["kpi_id"] == "R1" else row for row in returned("430")]
    )
    assert first_difference(recompute({**files, "kpi_return.csv": less}), *tables) is not None


@settings(CASES, max_examples=max(WANTED // 4, 1))
@given(st.integers(3400, 5300), st.integers(13_900_000_000, 14_600_000_000), st.integers(0, 2**32))
def test_lines_add_up_and_order_does_not_matter(value: int, pence: int, seed: int) -> None:
    """Properties 1, 2, 8 and 11 with every regime in one agreement."""
    chance, text = random.Random(seed), str(Decimal(value) / 10)
    made = settled(text, pence)
    for line, posted in amounts(made).items():
        parts = [item.amount_pence for item in made.member_lines if item.line == line]
        assert sum(parts) == posted
    data = TERMS.model_dump(mode="python", exclude_none=True)
    data["framework"]["kpis"] = chance.sample(list(data["framework"]["kpis"]), len(data["framework"]["kpis"]))
    data["finance"]["rate_card"]["rows"] = data["finance"]["rate_card"]["rows"][::-1]
    turned = Terms.model_validate(data)
    assert turned.terms_hash == TERMS.terms_hash
    rows, book = returned(text), ledger_rows(TERMS, pence)
    chance.shuffle(rows)
    chance.shuffle(book)
    again = settle(turned, PERIOD, rows, book, GATE, recorded=RECORDED)
    assert again.settlement_id == made.settlement_id
    assert settled(text, pence, made.posting_rows()).postings == ()
