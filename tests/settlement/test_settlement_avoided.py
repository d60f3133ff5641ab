"""Avoided demand: its value apart from certified cash, two certificates, who keeps what. By hand, and every branch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import amounts, changed, counted_kpi, problems, put, settle_lines
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows, log_for
from test_settlement_properties import CASES
from top_up_world import DERBYSHIRE, recording

from foundation.errors import WrongUsage
from settlement.avoided import take_certified_pool, take_kept
from settlement.counts import Count
from settlement.decisions import read_log
from settlement.engine import Settlement, settle
from settlement.recorded import Certificate, PeriodRecords, period_records
from settlement.score import Score
from settlement.statement import Given, Statement
from settlement.terms import Terms
from settlement.terms_avoided import Avoided
from settlement.terms_lint import find_problems

BOARD, TRUST = "integrated-care-board", "acute-trust"
COUNCIL = {"id": "council", "name": "Council (commissioner role)"}
ROWS: list[dict[str, Any]] = [
    {
        "id": "admissions",
        "name": "Admissions avoided",
        "kpi": "A1",
        "price_gbp": Decimal(3_600),
        "expected": [{"period": PERIOD, "number": Decimal(2_750)}],
        "saved_by": BOARD,
        "cashable_pct": Decimal(40),
    },
    {
        "id": "care-homes",
        "name": "Care-home admissions avoided",
        "kpi": "A2",
        "price_gbp": Decimal(46_000),
        "expected": [{"period": PERIOD, "number": Decimal(137)}],
        "saved_by": "council",
    },
]
AVOIDED = {"certified_by": [BOARD, TRUST], "rows": ROWS}
# Half of the pool, whatever the score.
CHANGES = {
    "finance.avoided": AVOIDED,
    "parties.commissioners": [*DERBYSHIRE["parties"]["commissioners"], COUNCIL],
    "framework.kpis": [*DERBYSHIRE["framework"]["kpis"], counted_kpi("A1"), counted_kpi("A2")],
    "finance.gain.score_factor": None,
}
# 500 admissions avoided are 1,800,000, of which 720,000 may be cash; 20 of care homes are 920,000.
COUNTS = {"A1": 2_250, "A2": 117}
BOTH = [("admissions", 70_000_000), ("care-homes", 80_000_000)]
SAVED = 14_000_000_000


def southwark(changes: Mapping[str, Any] | None = None) -> Terms:
    terms = changed([], {**copy.deepcopy(CHANGES), **(changes or {})})
    assert find_problems(terms) == []
    return terms


def certified(terms: Terms, given: Sequence[tuple[str, str, int]], **changes: Any) -> PeriodRecords:
    """The records of a log with these certificates: signer, row, pence."""
    log = log_for(terms)
    for signer, row, pence in given:
        body = {"row": row, "amount_pence": str(pence), "terms_hash": terms.terms_hash, "conflicts": []}
        log = recording(log, terms, "cash_certified", signer, {**body, **changes})
    return period_records(read_log(log), terms, PERIOD)


def by_both(rows: Sequence[tuple[str, int]] = BOTH) -> list[tuple[str, str, int]]:
    return [(signer, row, pence) for signer in (BOARD, TRUST) for row, pence in rows]


def settled(
    terms: Terms,
    recorded: PeriodRecords | None,
    pence: int = SAVED,
    counts: Mapping[str, int] = COUNTS,
    actions: Any = None,
) -> Settlement:
    rows = [
        kpi_row(terms, kpi, Decimal(1), numerator=Decimal(number), denominator=None) for kpi, number in counts.items()
    ]
    value = kpi_row(terms, "D1", Decimal("453.1"))
    return settle(terms, PERIOD, [value, *rows], ledger_rows(terms, pence), gate_for(terms, actions), recorded=recorded)


def test_a_pool_is_the_lesser_of_saving_and_certified_cash_by_hand() -> None:
    """Saving 3,100,000; certified 700,000 + 800,000; half of 1,500,000 is paid, 350,000 and 400,000 are kept."""
    terms = southwark()
    made = settled(terms, certified(terms, by_both()))
    assert made.step("avoided_value.admissions").exact == 1_800_000
    assert made.step("avoided_value.care-homes").exact == 920_000
    assert made.step("pool").exact == 3_100_000
    assert made.step("certified_cash").exact == 1_500_000
    assert made.step("certified_pool").exact == 1_500_000
    assert amounts(made) == {"gain": 75_000_000}
    assert made.step("kept_by_commissioners").exact == 750_000
    assert made.step(f"kept_by.{BOARD}").exact == 350_000
    assert made.step("kept_by.council").exact == 400_000
    assert sum(reference.startswith("decision:") for reference in made.step("certified.admissions").inputs) == 2


def test_the_least_certificate_counts_and_never_more_than_may_be_cash_or_was_saved() -> None:
    """720,000 of admissions may be cash and 920,000 of care homes is all there is; a small saving is shared whole."""
    terms = southwark()
    given = [(BOARD, "admissions", 90_000_000), (TRUST, "admissions", 80_000_000), (BOARD, "care-homes", 99_000_000)]
    made = settled(terms, certified(terms, [*given, (TRUST, "care-homes", 95_000_000)]))
    assert made.step("certified.admissions").exact == 720_000
    assert made.step("certified.care-homes").exact == 920_000
    later = certified(terms, [*given, (TRUST, "admissions", 10_000_000), (TRUST, "care-homes", 5)])
    assert settled(terms, later).step("certified_cash").exact * 100 == 10_000_005
    small = settled(terms, certified(terms, by_both()), 14_165_000_000)
    assert small.step("saving").exact == 1_450_000  # at least 1 % of the target
    assert small.step("certified_pool").exact == 1_450_000


def test_without_both_certificates_nothing_is_cash() -> None:
    terms = southwark()
    for recorded in (None, certified(terms, [(TRUST, "admissions", 70_000_000)])):
        made = settled(terms, recorded)
        assert amounts(made) == {"gain": 0}
        assert made.reason == "The saving is not certified as cash-releasing: nothing is shared."
        assert "not yet certified by" in made.step("certified.admissions").label
        assert "kept_by_commissioners" not in {step.step_id for step in made.steps}
        assert made.step("avoided_value.admissions").exact == 1_800_000  # published all the same


@pytest.mark.parametrize(
    ("changes", "signer", "row"),
    [
        ({"terms_hash": "0" * 64}, TRUST, "admissions"),
        ({"period_id": "2025-26"}, TRUST, "admissions"),
        ({"conflicts": ["shares"]}, TRUST, "admissions"),
        ({"approver": "somebody"}, TRUST, "admissions"),
        ({}, "community-trust", "admissions"),
        ({}, TRUST, "elsewhere"),
    ],
)
def test_a_certificate_without_right_or_of_something_else_does_not_count(
    changes: Mapping[str, Any], signer: str, row: str
) -> None:
    terms = southwark()
    assert certified(terms, [(signer, row, 5)], **changes).certificates == ()
    assert len(certified(terms, [(TRUST, "admissions", 5)]).certificates) == 1


def test_a_certificate_is_whole_pence_and_only_the_log_makes_records() -> None:
    terms = southwark()
    with pytest.raises(WrongUsage, match="whole pence above 0"):
        certified(terms, [(TRUST, "admissions", 0)])
    with pytest.raises(TypeError, match="comes from the decision log"):
        PeriodRecords(terms.id, PERIOD, (), (), (), seal=object(), certificates=(Certificate("a", "b", 1, "c"),))


def test_an_overspend_a_withheld_figure_and_a_withheld_settlement() -> None:
    """An overspend is no cash; a withheld figure has no value and certifies none; nothing is kept while all waits."""
    terms = southwark()
    recorded = certified(terms, by_both())
    over = settled(terms, recorded, 14_510_000_000)
    assert amounts(over)["loss"] < 0
    assert "certified_pool" not in {step.step_id for step in over.steps}
    held = settled(terms, recorded, actions={"A1": ("withhold", "", None)})
    assert held.step("certified.admissions").exact == 0
    assert "withheld until its cause is recorded" in held.step("avoided_value.admissions").label
    assert amounts(held) == {"gain": 40_000_000}
    all_held = settled(terms, recorded, actions={"settlement": ("withhold", "", None)})
    assert "kept_by_commissioners" not in {step.step_id for step in all_held.steps}


@CASES
@given(st.integers(0, 5_000), st.integers(0, 300), st.integers(1, 10**9), st.integers(13_000_000_000, 14_310_000_000))
def test_what_is_paid_and_kept_is_the_pool_and_the_pool_is_never_more_than_cash(
    admissions: int, homes: int, cash: int, pence: int
) -> None:
    """Value never enters the pool: with the same certificates and enough value, more avoided pays no more."""
    terms = southwark()
    rows = [Certificate(row["id"], signer, cash, "f" * 64) for row in ROWS for signer in (BOARD, TRUST)]
    empty = period_records((), terms, PERIOD)
    object.__setattr__(empty, "certificates", tuple(rows))
    made = settled(terms, empty, pence, {"A1": admissions, "A2": homes})
    steps: dict[str, Any] = {step.step_id: step.exact for step in made.steps}
    assert steps["certified_cash"] * 100 <= 2 * cash
    pool = steps.get("certified_pool", steps["pool"])
    assert pool <= max(steps["saving"], 0)
    assert pool <= steps["certified_cash"]
    if "kept_by_commissioners" in steps:
        kept = steps[f"kept_by.{BOARD}"] + steps["kept_by.council"]
        assert kept * 100 + amounts(made)["gain"] == pool * 100


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("certified_by", [BOARD, BOARD], "is named twice"),
        ("certified_by", [BOARD, "who"], "`who` is no party here"),
        ("certified_by", [BOARD, "council"], "by one side alone"),
        ("certified_by", [TRUST, "community-trust"], "by one side alone"),
        ("rows.0.id", "care-homes", "the row `care-homes` is named twice"),
        ("rows.0.kpi", "D1", "`D1` is no counted KPI here"),
        ("rows.0.saved_by", TRUST, "is no commissioner here"),
        ("rows.0.expected", [{"period": "2024-25-q1", "number": Decimal(1)}], "is no year"),
        ("rows.0.expected", [{"period": "2025-26", "number": Decimal(1)}], "says nothing for 2024-25"),
    ],
)
def test_what_avoided_may_not_say(path: str, value: Any, told: str) -> None:
    changes = copy.deepcopy(CHANGES)
    put(changes["finance.avoided"], path, value)
    found = [problem.what for problem in problems([], changes)]
    assert any(told in what for what in found), found


def test_avoided_without_shared_cost_bounds_nothing() -> None:
    found = [
        problem.what for problem in problems(["kra_pool"], copy.deepcopy(CHANGES) | {"finance.gain": None}, cost=False)
    ]
    assert "what is avoided bounds a saving, and no cost is shared." in found
    assert settle_lines(southwark(), {"A1": 2_250}).reason  # rows of the usual builder settle it too


@pytest.mark.parametrize(
    ("pool", "shared"), [("-0.5", None), ("0", None), ("0.5", "0.5"), ("1", "0.75"), ("9", "0.75")]
)
def test_a_pool_of_pennies_is_bounded_by_certified_cash_as_any_other(pool: str, shared: str | None) -> None:
    """60 pence and 15 pence are certified, of values of £1.50 (40 % of it may be cash) and £1: 75 pence in all."""
    rows = [
        {**ROWS[0], "price_gbp": Decimal("1.5"), "expected": [{"period": PERIOD, "number": Decimal(3)}]},
        {**ROWS[1], "price_gbp": Decimal(1), "expected": [{"period": PERIOD, "number": Decimal(3)}], "saved_by": BOARD},
    ]
    agreed = Avoided.model_validate({**AVOIDED, "rows": rows})
    statement = Statement("a", PERIOD)
    given = Given(Fraction(Decimal(pool)), "GBP", "terms:finance")
    taken = statement.step("pool", "x", "amount", {"amount": given}, "GBP", "terms:finance")
    counts = {kpi: Count("pay", Given(Fraction(2), "ratio", kpi), None) for kpi in ("A1", "A2")}
    certificates = [
        Certificate(row, signer, pence, f"{row}-{signer}")
        for signer, more in ((BOARD, 0), (TRUST, 5))
        for row, pence in (("admissions", 61 + more), ("care-homes", 15 + more))
    ]
    score = Score(taken, taken, True, (), {}, counts)
    made = take_certified_pool(statement, agreed, taken, score, certificates)
    assert statement["certified.admissions"].exact == Fraction(60, 100)
    assert statement["certified.care-homes"].exact == Fraction(15, 100)
    assert statement["certified_cash"].exact == Fraction(75, 100)
    assert ("certified_pool" in statement) is (shared is not None)
    assert made.exact == Fraction(Decimal(shared or pool))
    # 10 pence are paid: what is left is kept by the one commissioner that saved by both
    posted = statement.step("gain_posted", "x", "10", {}, "pence", "terms:finance")
    take_kept(statement, agreed, posted)
    assert (f"kept_by.{BOARD}" in statement) is (shared is not None)
    if shared is not None:
        assert statement["kept_by_commissioners"].exact == Fraction(Decimal(shared)) - Fraction(1, 10)
        assert statement[f"kept_by.{BOARD}"].exact == Fraction(Decimal(shared)) - Fraction(1, 10)


@pytest.mark.parametrize(
    ("saving", "reason"),
    [
        (0, "The cost stayed within the corridor: nothing is shared."),
        (1, "The saving is not certified as cash-releasing: nothing is shared."),
        (3_100_000, "The saving is not certified as cash-releasing: nothing is shared."),
    ],
)
def test_why_nothing_is_shared(saving: int, reason: str) -> None:
    none = {"least_saving_pct": Decimal(0), "least_loss_pct": Decimal(0), "shared_from": "first_pound"}
    made = settled(southwark({"finance.corridor": none}), None, 14_310_000_000 - saving * 100)
    assert made.step("pool").exact == saving
    assert (amounts(made), made.reason) == ({"gain": 0}, reason)
