"""A stress test as files a finance lead reads in five minutes: a report, tables and plots.

Belongs here: words, tables and drawings of a test. Not here: drawing years and putting them through the terms
(`settlement.stress`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.tables import csv_bytes
from publication.drawings import Bar, Range, bar_drawing, range_drawing
from publication.wording import listed, money, period_name, plural, role_name, rounded
from settlement.noise import digits
from settlement.postings import RESIDUE
from settlement.stress import Sharpness, Stress, Year, quantile

_TAIL, _HALF = Fraction(1, 20), Fraction(1, 2)
# A part of risk so many points above the part of reward is said in the short version.
_APART = 5
_NOT = (
    "This is not the probability that an improvement is chance, and a payment is no proof of what caused it. Look at "
    "the trend, at a comparator, and remember that what was picked because it was bad tends to come back by itself."
)


def false_payment(count: int, draws: int) -> str:
    """How often a payment this large comes with nothing changed, in the words the design fixes."""
    if count == 0:
        return (
            f"Had nothing changed, a payment this large would occur less often than about 1 year in {draws:,}: none of "
            "the years drawn had one."
        )
    often = rounded(Decimal(draws) / count, 0)
    return f"Had nothing changed, a payment this large would occur about 1 year in {often:,f}."


def stress_files(found: Stress, payments: Sequence[int] = ()) -> dict[str, bytes]:
    """Every file by name: `stress.md`, five tables and drawings. payments: further sizes asked about, in pence."""
    names = _names(found)
    tables = {
        "payments.csv": _payments(found, payments),
        "members.csv": [_member_row(found, member, name) for member, name in names.items()],
        "kpis.csv": [_kpi_row(one) for one in found.kpis],
        "history.csv": [_history_row(year, names) for year in found.history],
        "years.csv": [_history_row(year, names) for year in found.years],
    }
    files = {
        name: csv_bytes(list(rows[0]), rows) if rows else b"nothing\n" for name, rows in tables.items()
    }  # fmt: skip
    files["stress.md"] = _report(found, tables).encode()
    return {**files, **_drawings(found, names)}


def _names(found: Stress) -> dict[str, str]:
    """Members by id, and the residue where chance ever leaves one."""
    terms = found.plan.terms
    names = {member.id: member.name for member in sorted(terms.parties.members, key=lambda one: one.id)}
    if any(year.by_member[RESIDUE] for year in found.years):
        names[RESIDUE] = "Commissioner, what no member may bear"
    return names


# --- tables


def _payments(found: Stress, asked: Sequence[int]) -> list[dict[str, Any]]:
    """Sizes of a year's payment to the alliance: any at all, parts of the greatest, and those asked about."""
    gains = [one.greatest.greatest_gain_pence for name, one in found.fairness.items() if name != RESIDUE]
    greatest = None if None in gains else sum(gain or 0 for gain in gains)
    sizes = [("any payment at all", 1)]
    if greatest:
        sizes += [(f"{words} of the greatest there is", greatest * part // 100)
                  for words, part in (("a quarter", 25), ("half", 50), ("nine tenths", 90))]  # fmt: skip
    sizes += [("as asked", pence) for pence in asked]
    draws = len(found.years)
    return [
        {
            "what": what, "payment_pence": pence, "payment": money(pence), "years_drawn": draws,
            "years_paid_so_much": found.at_least(pence), "in_words": false_payment(found.at_least(pence), draws),
        }
        for what, pence in sizes
    ]  # fmt: skip


def _pct(number: Fraction | None) -> Decimal | None:
    return None if number is None else rounded(Decimal(number.numerator) / number.denominator, 1)


def _member_row(found: Stress, member: str, name: str) -> dict[str, Any]:
    results = [year.by_member[member] for year in found.years]
    worst = [year.worst_month[member] for year in found.years]
    fair = found.fairness[member]
    turnover = {one.id: one.turnover_gbp for one in found.plan.terms.parties.members}.get(member)
    most = fair.greatest.greatest_loss_pence
    return {
        "member_id": member, "name": name,
        "mean_pence": int(rounded(Decimal(sum(results)) / len(results), 0)),
        "worst_1_in_20_pence": quantile(results, _TAIL), "middle_pence": quantile(results, _HALF),
        "best_1_in_20_pence": quantile(results, 1 - _TAIL),
        "least_pence": min(results), "most_pence": max(results),
        "years_owing_pct": _pct(Fraction(100 * sum(result < 0 for result in results), len(results))),
        "worst_month_middle_pence": quantile(worst, _HALF), "worst_month_1_in_20_pence": quantile(worst, _TAIL),
        "worst_month_least_pence": min(worst),
        "part_of_income_pct": _pct(fair.income), "part_of_risk_pct": _pct(fair.risk),
        "part_of_reward_pct": _pct(fair.reward), "greatest_gain_pence": fair.greatest.greatest_gain_pence,
        "greatest_loss_pence": most,
        "greatest_loss_pct_of_turnover": _pct(Fraction(most) / Fraction(turnover))
        if most is not None and turnover else None,
    }  # fmt: skip


def _kpi_row(one: Sharpness) -> dict[str, Any]:
    return {
        "kpi_id": one.kpi_id, "name": one.name, "weight": one.weight, "unchanged": digits(one.unchanged),
        "standard_deviation": digits(one.deviation), "closest_levels_in_standard_deviations": _pct(one.apart),
        "years_at_another_level_pct": _pct(None if one.other_level is None else one.other_level * 100),
        "verdict": one.word,
    }  # fmt: skip


def _history_row(year: Year, names: dict[str, str]) -> dict[str, Any]:
    scores = " ".join(f"{rounded(score, 2):f}" for score in year.scores)
    return {"year": year.name, "score": scores, "alliance_pence": year.alliance,
            **{f"{member}_pence": year.by_member[member] for member in names}}  # fmt: skip


# --- the report


def _report(found: Stress, tables: dict[str, list[dict[str, Any]]]) -> str:
    plan, terms = found.plan, found.plan.terms
    members = tables["members.csv"]
    year = listed([period_name(label, "year" if len(label) == 7 else None) for label in plan.periods])
    lines = [
        f"# {terms.agreement.name}: a stress test of the terms, {year}",
        "",
        f"{plural(len(found.years), 'year')} in which nothing changed, drawn with seed {plan.seed} and put through the "
        f"terms `{terms.terms_hash[:12]}` by the engine that settles. {terms.agreement.label}",
        "",
        "## In short",
        "",
        *(f"- {line}" for line in _short(found, tables)),
        "",
        "## What chance alone would pay the alliance in a year",
        "",
        *_table(("Payment", "Or more", "How often"),
                [(row["what"], row["payment"], row["in_words"]) for row in tables["payments.csv"]]),
        "",
        _NOT,
        "",
        "## What each member would get or owe, and its worst month of cash",
        "",
        "![Result of a year by member](members.svg)",
        "",
        *_table(
            ("Member", "1 year in 20, this or worse", "Middle", "1 year in 20, this or better", "Years owing",
             "Worst month, middle", "Worst month, 1 year in 20"),
            [
                (row["name"], money(row["worst_1_in_20_pence"]), money(row["middle_pence"]),
                 money(row["best_1_in_20_pence"]), f"{row['years_owing_pct']} %",
                 money(row["worst_month_middle_pence"]), money(row["worst_month_1_in_20_pence"]))
                for row in members
            ],
        ),
        "",
        "The worst month is the lowest of the months of the year (what the unchanged cost would be, less what is "
        "spent) and of the month in which the settlement is paid.",
        "",
        "## KPIs that are too blunt to pay on",
        "",
        "![Distance of the closest levels](kpis.svg)",
        "",
        *_table(
            ("KPI", "Weight", "Unchanged at", "One standard deviation", "Closest levels apart",
             "Years at another level", "Verdict"),
            [
                (f"{row['kpi_id']} {row['name']}", row["weight"] if row["weight"] is not None else "–",
                 row["unchanged"], row["standard_deviation"],
                 "–" if row["closest_levels_in_standard_deviations"] is None
                 else f"{row['closest_levels_in_standard_deviations']} deviations",
                 _said(row["years_at_another_level_pct"]), row["verdict"])
                for row in tables["kpis.csv"]
            ],
        ),
        "",
        "Levels less than 1.5 standard deviations apart are thin; less than one, chance decides which is reached. For "
        "a condition that must be passed, another level means that it would be judged otherwise than it truly stands.",
        "",
        "## Risk, reward and income",
        "",
        "![What each member has a part of](fairness.svg)",
        "",
        *_table(
            ("Member", "Part of income", "Part of risk", "Part of reward", "Greatest gain", "Greatest loss",
             "of its turnover"),
            [
                (row["name"], _said(row["part_of_income_pct"]), _said(row["part_of_risk_pct"]),
                 _said(row["part_of_reward_pct"]), _bound(row["greatest_gain_pence"]),
                 _bound(row["greatest_loss_pence"]), _said(row["greatest_loss_pct_of_turnover"]))
                for row in members
            ],
        ),
        "",
        "Risk is what chance takes from members over all years, reward what it gives them. Greatest gain and loss are "
        "the ends of the terms themselves.",
        "",
        "## The past, put through these terms",
        "",
        *_past(tables["history.csv"]),
        "",
        "## What this assumes",
        "",
        *(f"- {line}" for line in plan.said),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _short(found: Stress, tables: dict[str, list[dict[str, Any]]]) -> list[str]:
    any_at_all = tables["payments.csv"][0]
    lines = [f"Any payment at all: {any_at_all['in_words']}"]
    owing = sum(year.alliance < 0 for year in found.years)
    if owing:
        often = rounded(Decimal(len(found.years)) / owing, 0)
        lines.append(f"Had nothing changed, the alliance would owe something about 1 year in {often:,f}.")
    else:
        lines.append("Had nothing changed, the alliance would owe nothing in any of the years drawn.")
    blunt = [one.kpi_id for one in found.kpis if one.word == "too blunt to pay on"]
    thin = [one.kpi_id for one in found.kpis if one.word == "thin"]
    lines.append(
        f"Too blunt to pay on, because levels lie closer than chance alone moves the figure: {listed(blunt)}."
        if blunt
        else "No KPI is too blunt to pay on."
    )
    if thin:
        lines.append(f"Thin, levels less than 1.5 standard deviations apart: {listed(thin)}.")
    worst = min(tables["members.csv"], key=lambda row: (row["worst_month_1_in_20_pence"], row["member_id"]))
    lines.append(
        f"Worst month of cash: {worst['name']} has {money(worst['worst_month_1_in_20_pence'])} or less in its worst "
        "month 1 year in 20."
    )
    for row in tables["members.csv"]:
        risk, reward = row["part_of_risk_pct"], row["part_of_reward_pct"]
        if risk is not None and reward is not None and risk - reward > _APART:
            lines.append(f"{row['name']} bears {risk} % of the risk and has {reward} % of the reward.")
    return lines


def _past(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["No past period with a fit figure of every KPI that money depends on was given."]
    return _table(
        ("Past period", "Score", "Alliance"), [(r["year"], r["score"], money(r["alliance_pence"])) for r in rows]
    )


def _said(number: Decimal | None) -> str:
    return "–" if number is None else f"{number} %"


def _bound(pence: int | None) -> str:
    return "without bound" if pence is None else money(pence)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    def line(cells: Sequence[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"

    return [line(head), line(["---"] * len(head)), *(line(row) for row in rows)]


# --- drawings


def _drawings(found: Stress, names: dict[str, str]) -> dict[str, bytes]:
    ranges = []
    for member in names:
        results = [year.by_member[member] for year in found.years]
        ends = (min(results), quantile(results, _TAIL), quantile(results, _HALF), quantile(results, 1 - _TAIL))
        ranges.append(Range(role_name(member), *(Decimal(end) / 100 for end in (*ends, max(results)))))
    members, _ = range_drawing(
        ranges, "Pounds in a year with nothing changed", "Result of a year by member: line all years, bar nine in ten, "
        "mark the middle", "members",
    )  # fmt: skip
    bars = [Bar(one.kpi_id, _pct(one.apart), "–" if one.apart is None else f"{_pct(one.apart)}") for one in found.kpis]
    kpis, _ = bar_drawing(bars, "Standard deviations between the closest levels (1.5 are asked for)",
                          "How far apart the closest levels of each KPI lie", "kpis")  # fmt: skip
    parts = []
    for member in names:
        fair = found.fairness[member]
        for word, part in (("income", fair.income), ("risk", fair.risk), ("reward", fair.reward)):
            label = f"{role_name(member)}: {word}" if word == "income" else word
            parts.append(Bar(label, _pct(part), _said(_pct(part))))
    fairness, _ = bar_drawing(parts, "Per cent", "Each member's part of income, risk and reward", "fairness")
    return {"members.svg": members.encode(), "kpis.svg": kpis.encode(), "fairness.svg": fairness.encode()}
