"""Accruals: a point and a range of a period still open, by the same gate and engine, and nothing anybody could pay on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed
from settlement_world import AGREEMENT, PERIOD, gate_for, gate_rows, kpi_row, ledger_rows, quick_terms, settle_simply
from test_settlement_avoided import BOARD, COUNTS, certified, southwark
from test_settlement_conditions import CONDITIONS, EXPERT, MET, judged
from test_settlement_properties import CASES, agreements, tenths
from top_up_world import AT_72, gate_with, greenwich, rows_of, settle_top_up

from foundation.errors import Refused
from orchestration.settle_files import accrue_from_files
from settlement.accrual import Accrual, accrue
from settlement.files import read_rows, write_rows
from settlement.stage import stage_of
from settlement.terms import Terms

OPEN = {"D1": ("withhold", "", None)}
MID_YEAR = date(2024, 9, 30)


def open_row(terms: Terms, value: str | None = "453.1", lower: str | None = "440", upper: str | None = "470") -> Any:
    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return kpi_row(
        terms, value=number(value), lower=number(lower), upper=number(upper), data_complete_as_at=MID_YEAR,
        quality_status="withheld",
    )  # fmt: skip


def half_a_book(terms: Terms, pence: int = 14_000_000_000) -> list[dict[str, Any]]:
    return [row for row in ledger_rows(terms, pence) if row["month"] < "2024-10"]


def by_party(made: Accrual) -> dict[str, tuple[int, int, int]]:
    return {line.party: (line.worst_pence, line.point_pence, line.best_pence) for line in made.lines}


def test_half_a_year_by_hand() -> None:
    """The members spend alike every month, so the point is what the year would post at 453.1; the ends are 470 and 440."""
    terms = quick_terms({})
    whole = dict.fromkeys(terms.member_ids, 2400000000)
    made = accrue(terms, PERIOD, [open_row(terms)], half_a_book(terms, 12_000_000_000), gate_for(terms, OPEN))
    found = by_party(made)
    settled = [settle_simply(terms, Decimal(value), whole) for value in ("470", "453.1", "440")]
    assert found["alliance"] == tuple(one.postings[0].amount_pence for one in settled)
    assert found["acute-trust"] == tuple(
        next(line.amount_pence for line in one.member_lines if line.member_id == "acute-trust") for one in settled
    )
    assert {line.note for line in made.lines} == {"accrual, an estimate: not payable"}
    assert "6 months of acute-trust are estimated from the 6 it has reported." in made.basis
    assert made.basis[-1] == "D1 is 453.1 so far, between 470 and 440."
    assert not hasattr(made, "postings")
    assert made.steps[0].step_id == "score.D1"


def test_a_range_of_cost_is_the_dearest_and_the_cheapest_month() -> None:
    terms = quick_terms({})
    book = half_a_book(terms)
    for row in book:
        row["amount_pence"] = 100_000_000 if row["month"] == "2024-04" else 200_000_000
    made = accrue(terms, PERIOD, [kpi_row(terms)], book, gate_for(terms))
    # reported 5 x 11 million; to come 6 x 5 months at 2, at 11/6 and at 1 million
    costs = [dict.fromkeys(terms.member_ids, pence) for pence in (2_300_000_000, 2_200_000_002, 1_700_000_000)]
    assert by_party(made)["alliance"] == tuple(
        settle_simply(terms, pence=cost).postings[0].amount_pence for cost in costs
    )
    assert all("estimated" in words for words in made.basis)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"value": None}, "D1 is 530.0 withheld, so at its worst, between 530.0 and 340.0."),
        ({"lower": None}, "D1 is 453.1 so far, between 530.0 and 340.0."),
        ({"lower": "460", "upper": "470"}, "D1 is 453.1 so far, between 470 and 453.1."),
    ],
)
def test_what_is_not_known_lies_between_the_worst_and_the_best(row: dict[str, Any], told: str) -> None:
    terms = quick_terms({})
    made = accrue(terms, PERIOD, [open_row(terms, **row)], ledger_rows(terms), gate_for(terms, OPEN))
    assert made.basis == (told,)
    worst, point, best = by_party(made)["alliance"]
    assert worst <= point <= best


def test_a_condition_nobody_has_judged_is_met_at_best() -> None:
    """Judged as met, it pays what it pays without the condition; judged as not met, it is not met in any case."""
    terms = agreed([], {"conditions": CONDITIONS})
    given = (terms, PERIOD, [kpi_row(terms)], half_a_book(terms), gate_for(terms))
    free = agreed([])
    plain = accrue(free, PERIOD, [kpi_row(free)], half_a_book(free), gate_for(free))
    made = accrue(*given)
    point = by_party(plain)["alliance"][1]
    assert point > 0
    assert by_party(made)["alliance"] == (0, 0, by_party(plain)["alliance"][2])
    assert made.basis[-2:] == (
        "Condition income-follows-cost is not recorded yet: not met, and met at best.",
        "Condition no-quality-notice is not recorded yet: not met, and met at best.",
    )
    met = accrue(*given, judged(terms, MET))
    assert by_party(met) == by_party(plain)
    assert met.basis == plain.basis
    failed = accrue(*given, judged(terms, [(EXPERT, "no-quality-notice", "no")]))
    assert by_party(failed)["alliance"] == (0, 0, 0)
    assert failed.basis[-1] == "Condition income-follows-cost is not recorded yet: not met, and met at best."


def test_cash_nobody_has_certified_is_certified_at_best() -> None:
    """£720,000.00 of admissions and £920,000.00 of care homes may be cash; half of both is the alliance's."""
    terms = southwark()
    counts = [kpi_row(terms, kpi, Decimal(1), numerator=Decimal(number)) for kpi, number in COUNTS.items()]
    given = (terms, PERIOD, [kpi_row(terms), *counts], ledger_rows(terms), gate_for(terms))
    made = accrue(*given, certified(terms, [(BOARD, "admissions", 70_000_000)]))
    # with both halves open it is what the board certified of admissions, and all the terms allow of care homes
    assert by_party(made)["alliance"] == (0, 0, 35_000_000 + 46_000_000)
    assert made.basis == (
        "acute-trust has not certified admissions yet: no cash, and at best all the terms allow.",
        "acute-trust has not certified care-homes yet: no cash, and at best all the terms allow.",
        "integrated-care-board has not certified care-homes yet: no cash, and at best all the terms allow.",
    )


def test_a_closed_window_with_gaps_waits_at_its_worst() -> None:
    terms = quick_terms({})
    made = accrue(terms, PERIOD, [kpi_row(terms, quality_status="withheld")], ledger_rows(terms), gate_for(terms, OPEN))
    worst, point, best = by_party(made)["alliance"]
    assert worst == point < best
    assert made.basis == ("D1 is 530.0 withheld, so at its worst, between 530.0 and 340.0.",)


def test_a_must_pass_kpi_that_waits_may_pass_or_fail() -> None:
    """Without its own limits the worst just misses what must be reached, and the best just reaches it."""
    must = {"framework.kpis.1.role": "gate", "framework.kpis.1.must_reach": Decimal("70.25")}
    for polarity, ends in (("low", "70.3 and 70.2"), ("high", "70.2 and 70.3")):
        terms = quick_terms({**must, "framework.kpis.1.polarity": polarity})
        rows = [kpi_row(terms), kpi_row(terms, "D2", None)]
        made = accrue(terms, PERIOD, rows, ledger_rows(terms), gate_for(terms, {"D2": ("withhold", "", None)}))
        assert made.basis == (f"D2 is {ends[:4]} withheld, so at its worst, between {ends}.",)
        assert by_party(made)["alliance"] == (0, 0, 107_997_685)


def test_a_top_up_accrues_without_cost_and_on_enough_people() -> None:
    terms = greenwich()
    rows = rows_of(terms, AT_72)
    rows[0] |= {"data_complete_as_at": date(2024, 6, 30), "quality_status": "withheld", "numerator": Decimal(3)}
    gate = gate_with(terms, (), {"G1": ("withhold", "", None)})
    made = by_party(accrue(terms, PERIOD, rows, [], gate))
    final = settle_top_up(terms, AT_72)
    assert made["alliance"][1] == sum(one.amount_pence for one in final.postings)
    assert made["alliance"][0] < made["alliance"][1] < made["alliance"][2]


@CASES
@given(
    agreements(),
    st.lists(tenths(3000, 5800), min_size=3, max_size=3),
    st.lists(st.integers(0, 600_000_000), min_size=6, max_size=6),
)
def test_the_point_lies_in_the_range(terms: Terms, values: list[Decimal], costs: list[int]) -> None:
    """Any terms: a better figure and a smaller cost never pay the alliance less, so the three cases stand in order."""
    low, point, high = sorted(values)
    book = half_a_book(terms, 60)
    for index, row in enumerate(book):
        row["amount_pence"] = costs[index % 6]
    row = open_row(terms, str(point), str(low), str(high))
    made = accrue(terms, PERIOD, [row], book, gate_for(terms, OPEN))
    worst, middle, best = by_party(made)["alliance"]
    assert worst <= middle <= best
    parts = [cases for party, cases in by_party(made).items() if party != "alliance"]
    assert tuple(sum(case) for case in zip(*parts, strict=True)) == (worst, middle, best)


def test_refusals() -> None:
    terms = quick_terms({})
    with pytest.raises(Refused, match="nothing of derbyshire-real-only 2024-25 is open"):
        accrue(terms, PERIOD, [kpi_row(terms)], ledger_rows(terms), gate_for(terms))
    with pytest.raises(Refused, match="withheld as a whole"):
        whole = gate_for(terms, {"settlement": ("withhold", "", None)})
        accrue(terms, PERIOD, [kpi_row(terms)], half_a_book(terms), whole)
    none = [row for row in half_a_book(terms) if row["member_id"] != "acute-trust"]
    with pytest.raises(Refused, match="acute-trust has reported no month of 2024-25"):
        accrue(terms, PERIOD, [kpi_row(terms)], none, gate_for(terms))
    yearly = quick_terms({"finance.actual_cost.completeness": "every_member"})
    with pytest.raises(Refused, match="do not report by month"):
        accrue(yearly, PERIOD, [open_row(yearly)], half_a_book(yearly), gate_for(yearly, OPEN))


def test_interim_while_a_figure_may_change() -> None:
    rows = [kpi_row(quick_terms({})), kpi_row(quick_terms({}), "D2", data_cut_status="flex")]
    agreement = rows[0]["agreement_id"]
    assert stage_of(rows, agreement, PERIOD, ["D1"]) == "final"
    assert stage_of(rows, agreement, PERIOD, ["D1", "D2"]) == "interim"
    assert stage_of(rows, agreement, "2025-26", ["D1"]) == "interim"


def test_from_files_an_accrual_writes_no_posting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terms = quick_terms({})
    tables = {
        "kpi_return": [open_row(terms)],
        "cost_ledger": half_a_book(terms),
        "gate": gate_rows(terms, OPEN),
    }
    for name, rows in tables.items():
        table = "ledger" if name == "cost_ledger" else name
        (tmp_path / f"{name}.csv").write_bytes(write_rows(table, rows))
    out = tmp_path / "out"
    assert accrue_from_files(AGREEMENT, tmp_path, out) == 0
    assert [path.name for path in out.iterdir()] == ["accrual.csv"]
    rows = read_rows("accrual", (out / "accrual.csv").read_bytes())
    assert [row["party"] for row in rows] == ["alliance", *terms.member_ids]
    assert "not payable" in capsys.readouterr().out
