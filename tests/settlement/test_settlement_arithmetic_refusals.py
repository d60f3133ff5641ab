"""What the arithmetic is built of: the words a formula may have, and what it refuses before it becomes a figure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from settlement_world import PERIOD

from settlement.allocate import share_out
from settlement.curves import Curve
from settlement.exact import exact, render
from settlement.formula import evaluate, names_in
from settlement.spreadsheet import as_spreadsheet
from settlement.statement import Given, Statement

POUND = Given(Fraction(1), "GBP", "terms:a")
NO_FORMULA = ["a ** 2", "eval(a)", "1.5", "True", "a if b else 0", "[a]", "a if a == b else 0", "min(a, key=b)"]


@pytest.mark.parametrize(
    ("pence", "weights"),
    [
        (-1, {"a": Fraction(1)}),
        (1, {}),
        (1, {"a": Fraction(0)}),
        (1, {"a": Fraction(2), "b": Fraction(-1)}),
    ],
)
def test_only_a_sum_over_shares_is_shared_out(pence: int, weights: dict[str, Fraction]) -> None:
    with pytest.raises(ValueError, match="share a whole number of pence, 0 or more"):
        share_out(pence, weights)


def test_a_curve_has_one_height_at_a_place() -> None:
    for points in ([], [(Fraction(1), Fraction(0)), (Fraction(2, 2), Fraction(5))]):
        with pytest.raises(ValueError, match="knots at different places"):
            Curve.through(points)


@pytest.mark.parametrize("value", [1.5, True, "1", Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_exact_number_becomes_no_figure(value: object) -> None:
    with pytest.raises(TypeError, match=r"not an exact number|finite number"):
        exact(value)


def test_a_number_of_more_than_28_digits_is_shown_with_the_first_28() -> None:
    """The step keeps all of them; 1 / 2^100 ends after a hundred places, a third never."""
    assert render(Fraction(1, 2**100)) == Decimal("7.888609052210118054117285653E-31")
    assert render(Fraction(1, 3)) == Decimal("0." + "3" * 28)
    assert render(Fraction(10**28 - 1)) == Decimal("9" * 28)


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("a - b * 2", "(A1-(B1*2))"),
        ("-round_half_up(a * 100)", "(-(ROUND((A1*100),0)))"),
        ("min(a, max(b, 0)) / abs(a)", "(MIN(A1,MAX(B1,0))/ABS(A1))"),
        ("sign(a) * 3 if a >= b else 0", "IF(A1>=B1,(SIGN(A1)*3),0)"),
    ],
)
def test_formulas_as_a_spreadsheet_writes_them(formula: str, written: str) -> None:
    assert as_spreadsheet(formula, {"a": "A1", "b": "B1"}) == written
    assert set(names_in(formula)) <= {"a", "b"}
    evaluate(formula, {"a": Fraction(3), "b": Fraction(2)})


@pytest.mark.parametrize("formula", NO_FORMULA)
def test_what_no_statement_writes_is_refused(formula: str) -> None:
    """Neither computed nor put into a workbook, so that nothing is printed that was not computed."""
    with pytest.raises(ValueError, match="a formula cannot"):
        evaluate(formula, {"a": Fraction(3), "b": Fraction(2)})
    with pytest.raises(ValueError, match="spreadsheet cannot"):
        as_spreadsheet(formula, {"a": "A1", "b": "B1"})


def test_a_step_is_taken_once_from_what_it_uses() -> None:
    statement = Statement("an-agreement", PERIOD)
    statement.step("saving", "Saving", "target - cost", {"target": POUND, "cost": POUND}, "GBP", "terms:finance")
    for step_id, uses, unit in (
        ("saving", {"target": POUND, "cost": POUND}, "GBP"),
        ("loss", {"target": POUND}, "GBP"),
        ("loss", {"target": POUND, "cost": POUND, "levy": POUND}, "GBP"),
        ("loss", {"target": POUND, "cost": POUND}, "euro"),
    ):
        with pytest.raises(ValueError, match=f"step {step_id} is taken twice, or its formula does not use"):
            statement.step(step_id, "Loss", "target - cost", uses, unit, "terms:finance")
    assert [step.step_id for step in statement.steps] == ["saving"]
