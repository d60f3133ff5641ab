"""The smallest parts of the arithmetic, worked by hand: exact numbers, sharing out, curves, formulas.

Every figure here is one that a reader can check in the head; `scripts/mutants.py` shows that a change of the arithmetic
is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction as F

import pytest

from settlement.allocate import Allocation, allocate, share_out
from settlement.curves import Curve, Segment
from settlement.exact import add, exact, has_places, render, round_half_up, trim
from settlement.formula import evaluate, names_in, with_numbers


def test_exact_numbers() -> None:
    assert [exact(2), exact(Decimal("0.125")), exact(F(1, 3))] == [F(2), F(1, 8), F(1, 3)]
    for wrong in (0.5, True, "1", None, Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(TypeError):
            exact(wrong)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (F(1, 8), "0.125"),  # 2·2·2: three places
        (F(-1, 8), "-0.125"),
        (F(1, 25), "0.04"),  # 5·5: two places
        (F(1, 40), "0.025"),  # 2·2·2·5: as many places as there are twos
        (F(1, 250), "0.004"),  # 2·5·5·5: as many as there are fives
        (F(0), "0"),
        (F(7), "7"),
        (F(-7), "-7"),
        (F(1, 3), "0." + 28 * "3"),
        (F(1, 6), "0.1" + 26 * "6" + "7"),
        (F(1, 7), "0.1428571428571428571428571429"),
        # 28 digits are shown whole; of 29 the last goes, a half to the even digit
        (F(10**27 + 1), f"1{26 * '0'}1"),
        (1 + F(1, 10**27), f"1.{26 * '0'}1"),
        (1 + F(5, 10**28), f"1.{27 * '0'}"),
        (1 + F(15, 10**28), f"1.{26 * '0'}2"),
    ],
)
def test_digits_of_a_fraction(value: F, shown: str) -> None:
    assert str(render(value)) == shown


def test_digits_asked_for() -> None:
    assert [str(render(F(5), 2)), str(render(F(1, 8), 2)), str(render(F(1, 2), 2))] == ["5.00", "0.125", "0.50"]
    assert [str(trim(Decimal(text))) for text in ("38.00", "1E+2", "-0.50", "0.0")] == ["38", "100", "-0.5", "0"]
    assert [has_places(Decimal("1.25"), places) for places in (1, 2, 3)] == [False, True, True]
    assert has_places(Decimal("1.20"), 1) and has_places(Decimal("0.04"), 2)
    # 28 digits, and those asked for beside them
    assert str(render(F(10**27 + 1), 2)) == f"1{26 * '0'}1.00"


def test_a_half_is_rounded_away_from_nought() -> None:
    halves = {F(1, 2): 1, F(-1, 2): -1, F(3, 2): 2, F(5, 2): 3, F(-5, 2): -3}
    others = {F(49, 100): 0, F(-49, 100): 0, F(51, 100): 1, F(0): 0, F(2): 2, F(-2): -2, F(4, 3): 1, F(5, 3): 2}
    for value, whole in (halves | others).items():
        assert round_half_up(value) == whole, value


def test_percentages_add_up_exactly() -> None:
    assert add([]) == 0
    assert add([Decimal("33.3"), Decimal("33.3"), Decimal("33.4")]) == 100
    # wider than the 28 digits that Python's own context keeps
    assert add([Decimal(10) ** 49, Decimal(1)]) == 10**49 + 1


def test_a_remainder_goes_to_the_largest_and_ties_by_name() -> None:
    # 100 over three equal shares: 33⅓ each, so the penny left goes to the first by name
    assert share_out(100, {"c": F(1), "a": F(1), "b": F(1)}) == {"a": 34, "b": 33, "c": 33}
    # 10 over 1, 2, 4: 1 3/7, 2 6/7, 5 5/7: two pennies left, to the remainders 6/7 and 5/7
    assert share_out(10, {"a": F(1), "b": F(2), "c": F(4)}) == {"a": 1, "b": 3, "c": 6}
    assert share_out(7, {"a": F(0), "b": F(1, 2)}) == {"a": 0, "b": 7}
    assert share_out(0, {"a": F(1)}) == {"a": 0}


@pytest.mark.parametrize(
    ("pence", "weights"),
    [
        (-1, {"a": F(1)}),
        (5, {}),
        (5, {"a": F(0), "b": F(0)}),
        (5, {"a": F(-1, 2), "b": F(2)}),
        (5, {"a": F(-1, 2), "b": F(1, 4)}),
    ],
)
def test_what_cannot_be_shared_out(pence: int, weights: Mapping[str, F]) -> None:
    with pytest.raises(ValueError, match="0 or more, over weights of which one is above 0"):
        share_out(pence, weights)


HALVES = {"a": F(1, 2), "b": F(1, 2)}


@pytest.mark.parametrize(
    ("pence", "weights", "caps", "refill", "shared"),
    [
        # no cap: a loss is shared as a gain is, with its sign
        (101, HALVES, None, False, Allocation({"a": 51, "b": 50}, 0, frozenset())),
        (-101, HALVES, None, False, Allocation({"a": -51, "b": -50}, 0, frozenset())),
        (-1, HALVES, None, False, Allocation({"a": -1, "b": 0}, 0, frozenset())),
        # a is held at 40 of its 50: what is left goes to nobody, or to b
        (100, HALVES, {"a": 40}, False, Allocation({"a": 40, "b": 50}, 10, frozenset("a"))),
        (-100, HALVES, {"a": 40}, False, Allocation({"a": -40, "b": -50}, -10, frozenset("a"))),
        (100, HALVES, {"a": 40}, True, Allocation({"a": 40, "b": 60}, 0, frozenset("a"))),
        (-100, HALVES, {"a": 40}, True, Allocation({"a": -40, "b": -60}, 0, frozenset("a"))),
        (100, {"a": F(1), "b": F(1)}, {"a": 40}, True, Allocation({"a": 40, "b": 60}, 0, frozenset("a"))),
        # exactly at its cap nobody is held
        (100, HALVES, {"a": 50}, False, Allocation({"a": 50, "b": 50}, 0, frozenset())),
        (100, HALVES, {"a": 50}, True, Allocation({"a": 50, "b": 50}, 0, frozenset())),
        (100, {"a": F(1), "b": F(1)}, {"a": 60}, True, Allocation({"a": 50, "b": 50}, 0, frozenset())),
        # b is pushed over its own cap by what a does not bear: both are held and 100 − 20 − 70 is left
        (100, HALVES, {"a": 20, "b": 70}, True, Allocation({"a": 20, "b": 70}, 10, frozenset("ab"))),
        (100, HALVES, {"a": 20, "b": 30}, True, Allocation({"a": 20, "b": 30}, 50, frozenset("ab"))),
        # who has no weight bears nothing, also when everybody else is held, and is not held itself
        (
            100,
            HALVES | {"c": F(0)},
            {"a": 20, "b": 30},
            True,
            Allocation({"a": 20, "b": 30, "c": 0}, 50, frozenset("ab")),
        ),
        (100, HALVES | {"c": F(0)}, {"a": 40, "c": 9}, True, Allocation({"a": 40, "b": 60, "c": 0}, 0, frozenset("a"))),
        # three rounds: 30 each, a held at 10, then 40 each, b held at 35, c takes the rest
        (
            90,
            {"a": F(1), "b": F(1), "c": F(1)},
            {"a": 10, "b": 35},
            True,
            Allocation({"a": 10, "b": 35, "c": 45}, 0, frozenset("ab")),
        ),
    ],
)
def test_sharing_by_hand(
    pence: int, weights: Mapping[str, F], caps: Mapping[str, int] | None, refill: bool, shared: Allocation
) -> None:
    assert allocate(pence, weights, caps, refill=refill) == shared
    if not refill:
        assert allocate(pence, weights, caps) == shared


RISING = Curve.through([(F(100), F(3)), (F(0), F(0)), (F(40), F(1))])


def test_a_curve_on_straight_lines() -> None:
    assert RISING.knots == ((0, 0), (40, 1), (100, 3))
    assert [RISING.at(F(x)) for x in (-1, 0, 10, 40, 70, 100, 101)] == [0, 0, F(1, 4), 1, 2, 3, 3]
    assert (RISING.worst, RISING.best, RISING.never_falls, RISING.never_rises) == (0, 3, True, False)
    assert RISING.segment(F(10)) == Segment(F(0), F(0), F(40), F(1))
    assert not RISING.segment(F(10)).is_flat
    for x, knot in ((-1, (0, 0)), (0, (0, 0)), (40, (40, 1)), (100, (100, 3)), (200, (100, 3))):
        assert RISING.segment(F(x)) == Segment(*map(F, knot), *map(F, knot))
        assert RISING.segment(F(x)).is_flat
    falling = Curve.through([(F(0), F(2)), (F(10), F(2)), (F(20), F(-1))])
    assert (falling.worst, falling.best, falling.never_falls, falling.never_rises) == (-1, 2, False, True)
    assert [falling.at(F(x)) for x in (5, 15, 30)] == [2, F(1, 2), -1]
    assert Curve(((F(0), F(0)), (F(10), F(5)))).at(F(4)) == 2
    level = Curve.through([(F(0), F(1)), (F(9), F(1))])
    assert level.never_falls and level.never_rises and level.segment(F(5)).is_flat


def test_a_curve_in_steps_gives_the_best_level_reached() -> None:
    higher = Curve.through([(F(0), F(0)), (F(10), F(5)), (F(20), F(9))], stepped=True)
    assert [higher.at(F(x)) for x in (-5, 0, 9, 10, 19, 20, 30)] == [0, 0, 0, 5, 5, 9, 9]
    lower = Curve.through([(F(0), F(9)), (F(10), F(5)), (F(20), F(0))], stepped=True)
    assert [lower.at(F(x)) for x in (-5, 0, 1, 10, 11, 20, 30)] == [9, 9, 5, 5, 0, 0, 0]
    assert higher.segment(F(9)) == Segment(F(0), F(0), F(0), F(0))
    flat = Curve.through([(F(0), F(1)), (F(10), F(1))], stepped=True)
    assert flat.segment(F(4)) == Segment(F(0), F(1), F(0), F(1))


def test_a_curve_needs_knots_at_different_places() -> None:
    for points in ([], [(F(1), F(0)), (F(1), F(2))], [(F(0), F(0)), (F(1), F(2)), (F(1), F(1))]):
        with pytest.raises(ValueError, match="different places"):
            Curve.through(points)
    assert Curve.through([(F(1), F(4))]).at(F(0)) == 4


NAMES = {"a": F(7), "b": F(2), "c": F(-1, 2)}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a + b", 9),
        ("a - b", 5),
        ("a * b", 14),
        ("a / b", F(7, 2)),
        ("-a", -7),
        ("a - b * 3", 1),
        ("min(a, b, 3)", 2),
        ("max(a, b, 3)", 7),
        ("abs(c)", F(1, 2)),
        ("sign(a)", 1),
        ("sign(c)", -1),
        ("sign(0)", 0),
        ("sign(b / 4)", 1),
        ("round_half_up(c)", -1),
        ("round_half_up(a / 2)", 4),
        ("round_up(a / 2)", 4),
        ("round_up(c)", 0),
        ("1 if a > 7 else 0", 0),
        ("1 if a >= 7 else 0", 1),
        ("1 if a < 7 else 0", 0),
        ("1 if a <= 7 else 0", 1),
        ("1 if a > b else 0", 1),
        ("1 if b >= a else 0", 0),
        ("1 if b < a else 0", 1),
        ("1 if a <= b else 0", 0),
    ],
)
def test_a_formula(formula: str, value: F) -> None:
    found = evaluate(formula, NAMES)
    assert found == value
    assert type(found) is F


@pytest.mark.parametrize(
    "formula",
    ["a ** b", "a % b", "a // b", "not a", "+a", "1.5", "'a'", "True", "len(a)", "a.real", "min(a, key=b)", "a == b",
     "1 if a else 0", "1 if a == b else 0", "1 if b < a < 9 else 0", "1 if a > b and a > c else 0", "[a]", "(lambda: a)()"],
)  # fmt: skip
def test_what_a_formula_cannot_hold(formula: str) -> None:
    with pytest.raises(ValueError, match="a formula cannot"):
        evaluate(formula, NAMES)


def test_the_words_of_a_formula() -> None:
    formula = "min(b, a) if later > b else (first / a)"
    assert names_in(formula) == ("b", "a", "later", "first")
    assert with_numbers("min(a,b) - (c)", {"a": "£5.00", "b": "a", "c": "2"}) == "min(£5.00, a) - 2"
    with pytest.raises(KeyError):
        evaluate("a + unknown", NAMES)
