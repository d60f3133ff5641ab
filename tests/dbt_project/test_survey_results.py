"""What residents say in a survey: every weighted share and limit against plain Python with exact fractions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from dbt_lake import PROJECT
from people_case import Case
from people_lake import LAST
from people_reference import Row
from synthetic_place import half_up

from foundation.period import Period, financial_year_of, quarter_of
from ingest.contract import CONTRACTS, load_contract

LEAST_PCT, LEAST_ANSWERS = 20, 30
Z = Decimal("1.959963984540054")
TOP_TWO = ("overall_experience", "coordination", "told_story_once", "quick_help", "listened_to")
GROUPS = ("age_band", "lives_alone", "carer", "long_term_condition")
Key = tuple[str, str, str, str, str, str]


def said(row: Row) -> dict[str, bool]:
    """Question -> yes or no, of those a row answers."""
    found = {name: row[name] >= 4 for name in TOP_TWO if row.get(name)}
    found |= {
        name: row[name] == "yes" for name in ("named_contact", "natural_support") if row.get(name) in ("yes", "no")
    }
    if row.get("social_contact"):
        found["social_contact"] = row["social_contact"] == 4
    if row.get("active_minutes") is not None:
        found |= {"physically_active": row["active_minutes"] >= 150, "physically_inactive": row["active_minutes"] < 30}
    return found


def weighed(answers: Iterable[tuple[bool, Fraction]]) -> tuple[Fraction, Fraction]:
    """Share and effective number of answers, straight from the definition of the linearised variance."""
    kept = list(answers)
    weight = sum((w for _, w in kept), Fraction(0))
    share = sum((w for yes, w in kept if yes), Fraction(0)) / weight
    variance = sum((w * w * (yes - share) ** 2 for yes, w in kept), Fraction(0)) / weight**2
    if variance:
        return share, share * (1 - share) / variance
    return share, weight**2 / sum((w * w for _, w in kept), Fraction(0))


def limits(share: Fraction, number: Fraction) -> tuple[Decimal, Decimal]:
    with localcontext() as context:
        context.prec = 40
        p, n = (Decimal(one.numerator) / one.denominator for one in (share, number))
        middle, half = 2 * n * p + Z * Z, Z * (Z * Z + 4 * n * p * (1 - p)).sqrt()
        low, high = (100 * (middle + sign * half) / (2 * (n + Z * Z)) for sign in (-1, 1))
        return half_up(Fraction(low), 1), half_up(Fraction(high), 1)


def expected(rows: Iterable[Row], last_covered: Any) -> dict[Key, tuple[Any, ...]]:
    periods: dict[tuple[str, str, Period], list[Row]] = {}
    for row in rows:
        for kind, period in (("quarter", quarter_of(row["asked_on"])), ("year", financial_year_of(row["asked_on"]))):
            periods.setdefault((row["organisation"], kind, period), []).append(row)
    found: dict[Key, tuple[Any, ...]] = {}
    for (organisation, kind, period), asked in periods.items():
        answered = [row for row in asked if row["response_status"] in ("complete", "partial")]
        parts: dict[tuple[str, str, str], list[tuple[bool, Fraction]]] = {}
        for row in answered:
            groups = [("all", "all"), *((group, row.get(group) or "unknown") for group in GROUPS)]
            for item, yes in said(row).items():
                for group in groups:
                    parts.setdefault((item, *group), []).append((yes, Fraction(row["design_weight"])))
        for key, answers in parts.items():
            counted = (len(asked), len(answered), len(answers), sum(yes for yes, _ in answers))
            if not any(weight for _, weight in answers):
                found[(organisation, kind, period.label, *key)] = (*counted, None, None, None, "not_available")
                continue
            share, number = weighed(answers)
            status = "fit" if len(answers) >= LEAST_ANSWERS else "too_small"
            if 100 * len(answered) < LEAST_PCT * len(asked) or period.end > last_covered:
                status = "withheld"
            found[(organisation, kind, period.label, *key)] = (
                *counted, half_up(100 * share, 1), *limits(share, number), status,
            )  # fmt: skip
    return found


def test_every_share_and_limit_equals_the_definition(case: Case) -> None:
    """DER-15, DER-21, THM-02: told once, a named contact, quick help, help from around a person; a low response rate or too
    few answers leave nothing to score."""
    rows = case.build.rows(
        "select organisation, period_kind, period_id, item_id, breakdown_kind, breakdown_group, asked, responded, "
        "answers, yes_answers, value, lower, upper, quality_status from survey_results"
    )
    found = {tuple(list(row.values())[:6]): tuple(list(row.values())[6:]) for row in rows}
    assert len(found) == len(rows)
    wanted = expected(case.reference.feeds["resident_survey"], LAST)
    assert found == wanted
    assert {value[-1] for value in wanted.values()} == {"fit", "too_small", "withheld", "not_available"}
    assert len({key[3] for key in wanted}) == 10


def test_what_is_not_fit_says_why(case: Case) -> None:
    """THM-02: and the response rate stands beside every share."""
    rows = case.build.rows("select * from survey_results")
    assert all((row["quality_status"] == "fit") == (row["quality_reason"] is None) for row in rows)
    assert all(row["response_pct"] == half_up(Fraction(100 * row["responded"], row["asked"]), 1) for row in rows)
    silent = [row for row in rows if "people asked" in (row["quality_reason"] or "")]
    assert {row["organisation"] for row in silent} == {"ZCX1", "ZEQ2"}


def test_a_survey_at_the_edge_of_the_rules_worked_by_hand(case: Case) -> None:
    """THM-02: 15 yes of weight 1 and 15 no of weight 3 are a quarter; 3/16 over (15 x 9/16 + 135/16)/60^2 are 40 answers."""
    rows = case.build.rows(
        "select organisation, response_pct, effective_answers, value, lower, upper, quality_status, quality_reason "
        "from survey_results where organisation like 'ZEQ%' and period_kind = 'quarter' and breakdown_kind = 'all' order by 1"
    )
    quarter = (Decimal(40), Decimal(25), Decimal("14.2"), Decimal("40.2"))
    assert [tuple(row.values()) for row in rows] == [
        ("ZEQ1", Decimal(20), *quarter, "fit", None),
        ("ZEQ2", Decimal("19.9"), *quarter, "withheld", "Of 151 people asked 30 answered, fewer than 20 in 100."),
        ("ZEQ3", Decimal(100), Decimal("37.3"), Decimal("26.3"), Decimal("14.9"), Decimal("42.2"), "too_small",
         "Fewer than 30 people answered the question."),
        ("ZEQ4", Decimal(100), None, None, None, None, "not_available",
         "Those who answered stand for nobody: their weights are nought."),
    ]  # fmt: skip


def test_the_rule_is_the_contracts() -> None:
    """THM-02: intake and the figures ask for the same response rate."""
    contract = load_contract(CONTRACTS / "resident_survey.yaml")
    assert contract.custom.surveySample is not None
    assert contract.custom.surveySample.minimumResponsePct == LEAST_PCT
    assert set(contract.custom.surveySample.responded) == {"complete", "partial"}
    macro = (PROJECT / "macros" / "survey" / "survey_items.sql").read_text(encoding="utf-8")
    assert f"'least_response_pct': {LEAST_PCT}, 'least_answers': {LEAST_ANSWERS}" in macro
