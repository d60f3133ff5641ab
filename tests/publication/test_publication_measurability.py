"""Whether a figure can be paid on: exact chances, four judgements, a verdict in words."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from foundation.errors import WrongUsage
from ingest.contract import load_contracts
from orchestration.cli import app
from publication.chance import Side, binomial_tail, normal_tail, poisson_tail
from publication.measurability import (
    Asked,
    Report,
    judge_completeness,
    judge_lag,
    judge_noise,
    judge_volume,
    measurability,
    other_level,
)
from publication.reader import open_release
from settlement.score import level_of
from settlement.terms_parts import LEVELS, Levels

NEAR = Decimal("1e-20")


def asked(**changes: Any) -> Asked:
    """G4 of the worked agreement: quits out of quit dates, and its levels."""
    words = {
        "name": "G4", "indicator_id": "four_week_quit", "statistic": "proportion", "unit": "percent", "polarity": "high",
        "decimals": 1, "period_id": "2024-25", "numerator": Decimal(640), "denominator": Decimal(1600),
        "value": Decimal("40.0"), "lower": Decimal("37.6"), "upper": Decimal("42.4"),
        "knots": tuple(map(Decimal, ("33", "36.5", "40", "45", "53"))), "baseline": Decimal(40),
    }  # fmt: skip
    return Asked(**{**words, **changes})


def test_tails_by_hand() -> None:
    """Two coins; a mean of one event (1 - 1/e); the two-sided five per cent of the normal."""
    assert binomial_tail(2, Fraction(1, 2), Fraction(1), "at_least") == Decimal("0.75")
    assert binomial_tail(2, Fraction(0), Fraction(1), "at_least") == 0
    assert binomial_tail(2, Fraction(1), Fraction(2), "at_least") == 1
    assert abs(poisson_tail(Fraction(1), Fraction(1), "at_least") - (1 - Decimal(-1).exp())) < NEAR
    assert poisson_tail(Fraction(0), Fraction(0), "at_most") == 1
    assert round(normal_tail(Fraction(0), Fraction(1), Fraction("1.959963985"), "at_least"), 9) == Decimal(
        "0.025000000"
    )
    assert normal_tail(Fraction(3), Fraction(0), Fraction(3), "at_most") == 1
    with pytest.raises(ValueError, match="no binomial"):
        binomial_tail(0, Fraction(1, 2), Fraction(1), "at_least")


@settings(max_examples=40)
@given(
    st.integers(1, 60),
    st.fractions(0, 1, max_denominator=50),
    st.fractions(-1, 61),
    st.sampled_from(["at_least", "at_most"]),
)
def test_a_binomial_tail_is_its_sum(number: int, share: Fraction, bound: Fraction, side: Side) -> None:
    terms = [comb(number, k) * share**k * (1 - share) ** (number - k) for k in range(number + 1)]
    found = sum((t for k, t in enumerate(terms) if (k >= bound if side == "at_least" else k <= bound)), Fraction(0))
    assert abs(binomial_tail(number, share, bound, side) - Decimal(found.numerator) / found.denominator) < NEAR


@pytest.mark.parametrize("polarity", ["high", "low"])
@pytest.mark.parametrize("numerator", [3, 20, 31, 57])
def test_the_chance_of_another_level_is_counted_as_settlement_scores(polarity: str, numerator: int) -> None:
    """SWK-19: every count out of 60, printed and scored as a settlement would, weighed by its binomial chance."""
    knots = tuple(map(Decimal, ("20", "30.5", "35", "52", "70")))
    if polarity == "low":
        knots = knots[::-1]
    levels = Levels(**dict(zip(LEVELS, knots, strict=True)))
    figure = asked(numerator=Decimal(numerator), denominator=Decimal(60), polarity=polarity, knots=knots)
    truth = Fraction(100 * numerator, 60)

    def printed(percent: Fraction) -> Decimal:
        return Decimal(int(percent * 10 + Fraction(1, 2))) / 10

    own = level_of(printed(truth), levels, polarity)
    share, total = truth / 100, Fraction(0)
    for k in range(61):
        if level_of(printed(Fraction(100 * k, 60)), levels, polarity) != own:
            total += comb(60, k) * share**k * (1 - share) ** (60 - k)
    found = other_level(figure, truth)
    assert found is not None
    assert abs(found - Decimal(total.numerator) / total.denominator) < NEAR


def test_noise_without_levels_is_told_and_not_judged() -> None:
    """However far chance moves a figure: whether that is too far depends on levels that nobody has proposed."""
    half = {"numerator": Decimal(60), "denominator": Decimal(120), "value": Decimal("50.0")}
    found = judge_noise(asked(**half, knots=(), baseline=None))
    assert (found.word, found.numbers["standard_deviation"]) == ("unknown", "4.56")
    assert "propose them with --levels" in found.sentence


def test_noise_against_the_levels_of_the_worked_agreement() -> None:
    """1,600 quit dates scatter by 1.2 points: levels 3.5 apart are 2.9 of it, and stretch is nobody's luck."""
    good = judge_noise(asked())
    assert (good.word, good.numbers["standard_deviation"]) == ("good", "1.22")
    assert good.numbers["closest_levels_in_standard_deviations"] == "2.9"
    assert "fewer than 1 period in 1,000 would reach stretch" in good.sentence
    # at the knot itself the next period is as often below it as not
    assert Decimal("0.45") < Decimal(good.numbers["chance_of_another_level"]) < Decimal("0.55")
    thin = judge_noise(asked(numerator=Decimal(120), denominator=Decimal(300)))
    assert (thin.word, thin.numbers["closest_levels_in_standard_deviations"]) == ("care", "1.2")
    assert judge_noise(asked(numerator=Decimal(40), denominator=Decimal(100))).word == "bad"


def test_rates_scatter_by_their_events_and_other_figures_by_their_interval() -> None:
    rate = {
        "statistic": "crude_rate", "unit": "per 100,000", "polarity": "low", "decimals": 0, "numerator": Decimal(137),
        "denominator": Decimal(143_000), "value": Decimal(1150), "baseline": Decimal(1150),
        "knots": tuple(map(Decimal, (1500, 1320, 1150, 980, 780))),
    }  # fmt: skip
    noise = judge_noise(asked(**rate))
    # 1,150 / sqrt(137) = 98.3, and 170 between poor and minimum
    assert (noise.numbers["standard_deviation"], noise.word) == ("98.3", "good")
    stay = {**rate, "statistic": "mean", "lower": Decimal(1000), "upper": Decimal(1392)}
    assert judge_noise(asked(**stay)).numbers["standard_deviation"] == "100.0"
    assert judge_noise(asked(**{**stay, "lower": None})).word == "unknown"
    assert judge_noise(asked(**{**stay, "knots": (), "lower": None})).word == "unknown"
    assert "(one standard deviation)" in judge_noise(asked(knots=())).sentence


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "good"),
        ({"denominator": Decimal(99), "numerator": Decimal(40)}, "bad"),
        ({"numerator": Decimal(9)}, "bad"),
        ({"numerator": Decimal(1591)}, "bad"),
        ({"numerator": Decimal(9), "least_count": 5}, "good"),
        ({"statistic": "dsr", "numerator": Decimal(9)}, "bad"),
        ({"statistic": "dsr", "numerator": Decimal(10)}, "good"),
        ({"statistic": "mean"}, "good"),
        ({"numerator": None}, "unknown"),
        ({"statistic": "published_percentage", "numerator": None}, "bad"),
    ],
)
def test_volume(change: dict[str, Any], word: str) -> None:
    assert judge_volume(asked(**change)).word == word


@pytest.mark.parametrize(("withheld", "word"), [(0, "good"), (3, "care"), (4, "bad")])
def test_completeness_of_the_last_twelve_months(withheld: int, word: str) -> None:
    """SWK-19: below the agreed completeness a figure is not scored without a recorded waiver."""
    rows: list[dict[str, Any]] = [
        {"period_start": date(2024, n, 1), "withheld": n > 12 - withheld, "missing_days": 1, "expected_days": 30}
        for n in range(1, 13)
    ]
    # what lies longer ago says nothing about the returns of now
    rows.insert(0, {"period_start": date(2023, 12, 1), "withheld": True, "missing_days": 31, "expected_days": 31})
    found = judge_completeness(rows)
    assert (found.word, found.numbers["days_missing"], found.numbers["months"]) == (word, "12", "12")
    assert ("waiver" in found.sentence) == (word == "bad")
    assert judge_completeness([]).word == "unknown"


def test_lag_is_the_follow_up_and_the_last_return() -> None:
    contracts = load_contracts()
    # six weeks of follow-up from 31 March end on 12 May: the quarter's file is due with its lag after 30 June
    due = date(2025, 6, 30).toordinal() + contracts["stop_smoking"].custom.lagDays - date(2025, 3, 31).toordinal()
    found = judge_lag(date(2025, 3, 31), 42, ("stop_smoking", "unknown_feed"), contracts)
    assert (found.numbers["lag_days"], found.word) == (str(due), "good")
    assert judge_lag(date(2025, 3, 31), 365, ("treatment_episodes",), contracts).word == "care"
    assert judge_lag(date(2025, 3, 31), 0, ("unknown_feed",), contracts).word == "unknown"


def test_the_worst_judgement_is_the_verdict() -> None:
    report = Report("G4", "four_week_quit", "2024-25", (judge_volume(asked()), judge_noise(asked())))
    assert (report.word, report.verdict) == ("good", "Can be paid on.")
    worse = Report("G4", "four_week_quit", "2024-25", (judge_volume(asked()), judge_completeness([])))
    assert worse.verdict == "Cannot be judged. Nothing is known about the completeness of its data."


def test_a_release_is_judged_as_its_agreement_reads_it(release: Path) -> None:
    """SWK-19: before contracting, for proposed levels; afterwards, for those that were agreed."""
    found = measurability(open_release(release), load_contracts())
    paid = [one for one in found if ": " in one.name]
    assert paid
    assert {judged.what for judged in paid[0].judged} == {"completeness", "volume", "noise", "lag"}
    assert {one.indicator_id for one in found} == set(open_release(release).catalogue)
    ran = CliRunner().invoke(
        app, ["measurability", str(release), paid[0].indicator_id, "--levels", "530,505,478.6,430,340", "--json"]
    )
    assert ran.exit_code == 0, ran.output
    (told,) = json.loads(ran.output)
    assert told["figure"] == paid[0].indicator_id
    assert told["verdict"].startswith(("Can", "Cannot"))
    again = CliRunner().invoke(app, ["measurability", str(release)])
    assert paid[0].verdict in again.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"indicator": "nothing"}, "no indicator 'nothing'"),
        ({"knots": (Decimal(1),)}, "proposed for one indicator"),
        ({"indicator": "no_criteria_to_reside", "knots": (1, 2, 3, 4, 5)}, "each better than the one before"),
        ({"indicator": "no_criteria_to_reside", "knots": (3, 2, 1)}, "five numbers"),
    ],
)
def test_what_cannot_be_asked_is_refused(release: Path, words: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        measurability(open_release(release), load_contracts(), **words)
