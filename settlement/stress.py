"""A stress test of terms before they are signed: what chance alone would pay and take, had nothing changed.

Belongs here: years drawn under no true change and put through `settle`, and what they say of payments, members, KPIs
and fairness. Not here: the draws (`draws`), how far a figure scatters (`noise`), pages and plots (publication).

Nothing has changed when each KPI is truly at its baseline and cost truly at its target. What is drawn is measured
around that. It says how often a payment this large comes without any change; it does not say that a payment was chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from foundation.errors import Refused, WrongUsage
from settlement.allocate import share_out
from settlement.draws import deviate
from settlement.engine import Settlement, settle
from settlement.exact import exact, round_half_up
from settlement.extremes import Extreme, party_extremes
from settlement.innovation_pot import is_of_pot
from settlement.noise import COST, Noise, digits, drawn_by, noise_from_history, own_rows, root
from settlement.postings import RESIDUE
from settlement.recorded import all_met
from settlement.score import level_of
from settlement.supposed import PAY, Figure, Ruling, gate_of, kpi_row, ledger_of, months_of, ruled
from settlement.terms import Terms
from settlement.terms_parts import Kpi

LEAST_DRAWS, DRAWS, MOST_DRAWS = 50, 2_000, 100_000
# Adjacent levels lie at least so many standard deviations apart, or the KPI is thin; below one it is mostly chance.
# The same rule as `outturn measurability`.
APART, HARDLY = Fraction(3, 2), Fraction(1)
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What a test rests on. noise, unchanged: by KPI id; noise also `cost`. parts: each member's part of an unchanged
    cost by category, adding up to 1. said: every assumption in a sentence."""

    terms: Terms
    periods: tuple[str, ...]
    seed: int
    draws: int
    noise: Mapping[str, Noise]
    unchanged: Mapping[str, Fraction]
    parts: Mapping[tuple[str, str], Fraction]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Year:
    """One year put through the terms: pence of the alliance, by member (residue included), and each member's worst
    month of cash; figures and scores by period."""

    name: str
    alliance: int
    by_member: Mapping[str, int]
    worst_month: Mapping[str, int]
    scores: tuple[Decimal, ...]
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sharpness:
    """How a KPI's levels stand against what chance alone does to it. apart: closest levels in standard deviations.

    other_level: the part of the years at another level; None where there is none to be at."""

    kpi_id: str
    name: str
    weight: Decimal | None
    unchanged: Fraction
    deviation: Fraction
    apart: Fraction | None
    other_level: Fraction | None
    word: str


@dataclass(frozen=True)
class Fairness:
    """A member's parts, in per cent: of income, of what chance takes from members (risk), of what it gives (reward).

    None: there is nothing to have a part of."""

    income: Fraction | None
    risk: Fraction | None
    reward: Fraction | None
    greatest: Extreme


@dataclass(frozen=True)
class Stress:
    """What the years say."""

    plan: Plan
    years: tuple[Year, ...]
    history: tuple[Year, ...]
    kpis: tuple[Sharpness, ...]
    fairness: Mapping[str, Fairness]

    def at_least(self, pence: int) -> int:
        """In how many years the alliance is paid so much or more."""
        return sum(year.alliance >= pence for year in self.years)


# --- the plan


def make_plan(
    terms: Terms,
    *,
    year: str | None = None,
    seed: int = 1,
    draws: int = DRAWS,
    noise: Mapping[str, Noise] | None = None,
    unchanged: Mapping[str, Decimal] | None = None,
    history: Rows = (),
    costs: Rows = (),
) -> Plan:
    """Everything stated or taken from history. history, costs: rows of a KPI return and a ledger of earlier periods.

    Of several agreements' rows those of the terms' own count; of one other agreement's, an earlier one's, all do.
    WrongUsage for a year, KPI or number that cannot be; Refused where neither statement nor history says enough.
    """
    history, costs = _of_agreement(terms, history), _of_agreement(terms, costs)
    stated, given = dict(noise or {}), dict(unchanged or {})
    if not LEAST_DRAWS <= draws <= MOST_DRAWS:
        raise WrongUsage(f"{draws} draws are no test.", f"ask for {LEAST_DRAWS} to {MOST_DRAWS:,} draws.")
    known = {kpi.id for kpi in terms.judged_kpis}
    if strays := sorted((set(stated) - {COST} | set(given)) - known):
        raise WrongUsage(f"money does not depend on {', '.join(strays)}.", f"name {', '.join(sorted(known))}.")
    periods = _periods(terms, year)
    truth = {kpi.id: _unchanged(terms, kpi, given.get(kpi.id), history) for kpi in terms.judged_kpis}
    by_kpi = {kpi.id: stated.get(kpi.id) or noise_from_history(terms, kpi, history) for kpi in terms.judged_kpis}
    said = [
        # the unit is that of the value
        f"{kpi.id} is truly at {'a number of ' if kpi.role == 'counted' else ''}{digits(truth[kpi.id])}"
        f"{'' if kpi.role == 'counted' else f' {kpi.unit}'}: {by_kpi[kpi.id].words}."
        for kpi in _in_order(terms)
    ]
    parts: dict[tuple[str, str], Fraction] = {}
    if terms.finance.shared_cost is not None:
        if COST not in stated:
            raise Refused(
                "these terms share cost, and nothing says how far chance alone moves it.",
                "state one standard deviation in per cent of the target, e.g. --noise cost=1.5.",
            )
        by_kpi[COST] = stated[COST]
        parts, words = _parts(terms, costs)
        said.append(
            f"Cost is truly at its target: one standard deviation of {digits(stated[COST].size)} % of it in a "
            f"settlement period, as stated, months and members apart. {words}"
        )
    said += [
        "Figures are drawn apart from each other: a bad winter that moves several at once makes both ends likelier.",
        "Every figure is complete, every member takes part, no award is voted and no advance is drawn.",
        *_supposed(terms),
    ]
    return Plan(terms, periods, seed, draws, by_kpi, truth, parts, tuple(said))


def _of_agreement(terms: Terms, rows: Rows) -> Rows:
    """The rows of one agreement: the terms' own, else the only other one there is, whose members may go on under a new
    name. Refused for several others: what they spent does not belong together."""
    names = sorted({str(row["agreement_id"]) for row in rows})
    if terms.id in names:
        return [row for row in rows if row["agreement_id"] == terms.id]
    if len(names) > 1:
        raise Refused(
            f"the history holds {', '.join(names)}, and nothing says which of them {terms.id} goes on.",
            "leave the rows of one of them in the --history.",
        )
    return rows


def _supposed(terms: Terms) -> list[str]:
    """What the decision log is supposed to hold, in sentences."""
    said = []
    if terms.conditions:
        names = ", ".join(sorted(one.id for one in terms.conditions))
        said.append(f"Every must-pass condition is recorded as met: {names}.")
    if terms.finance.avoided is not None:
        said.append("Every certifier certifies as much cash as the terms allow, so no certificate bounds a payment.")
    return said


def _in_order(terms: Terms) -> list[Kpi]:
    return sorted(terms.judged_kpis, key=lambda kpi: kpi.id)


def _periods(terms: Terms, year: str | None) -> tuple[str, ...]:
    """The agreed settlement periods of a financial year; of the first one agreed where none is asked for."""
    by_year: dict[str, list[str]] = {}
    for label in terms.finance.agreed_periods:
        start = terms.period(label).start
        first = start.year - (start.month < 4)
        by_year.setdefault(f"{first}-{(first + 1) % 100:02d}", []).append(label)
    chosen = min(by_year) if year is None else year
    if chosen not in by_year:
        raise WrongUsage(f"the terms agree no sum for {chosen}.", f"ask for {', '.join(sorted(by_year))}.")
    return tuple(sorted(by_year[chosen]))


def _unchanged(terms: Terms, kpi: Kpi, given: Decimal | None, history: Rows) -> Fraction:
    if given is not None:
        return exact(given)
    own = own_rows(history, kpi, terms.agreement.settle_by)
    if kpi.role == "counted":
        # a baseline is one of the value, and what is paid is the number
        if own:
            return exact(own[-1]["numerator"])
        raise Refused(
            f"{kpi.id} ({kpi.name}) is paid by number, and nothing says how many there are unchanged.",
            f"state it with --unchanged {kpi.id}=NUMBER, or give a --history with its numerators.",
        )
    if kpi.baseline is not None:
        return exact(kpi.baseline.value)
    if own:
        return exact(own[-1]["value"])
    raise Refused(
        f"{kpi.id} ({kpi.name}) has no baseline, so nothing says where it stands unchanged.",
        f"state it with --unchanged {kpi.id}=VALUE, or give a --history with its figures.",
    )


def _parts(terms: Terms, costs: Rows) -> tuple[dict[tuple[str, str], Fraction], str]:
    """Each member's part of the cost, by category, from the latest period of an open book that has all of them."""
    counted: tuple[str, ...] = terms.shared_cost.actual_cost.categories
    loss = terms.finance.loss
    # what was spent of a ring-fenced pot is no cost against the target
    costs = [row for row in costs if not is_of_pot(terms, row)]
    for period in sorted({str(row["period_id"]) for row in costs}, reverse=True):
        own = [row for row in costs if row["period_id"] == period and row["category"] in counted]
        total = sum(row["amount_pence"] for row in own)
        if total > 0 and {row["member_id"] for row in own} == set(terms.member_ids):
            pence: dict[tuple[str, str], int] = {}
            for row in own:
                key = (row["member_id"], row["category"])
                pence[key] = pence.get(key, 0) + row["amount_pence"]
            parts = {key: Fraction(amount, total) for key, amount in pence.items()}
            return parts, f"Each member's part of it is that of the open book of {period}."
    if loss is not None and loss.capped_at_fee:
        raise Refused(
            "the loss is capped at the fee, and nothing says what the fee is.",
            "give a --history with an open book (cost_ledger.csv) of every member that holds the fee.",
        )
    shares = {(member, counted[0]): share / 100 for member, share in terms.shares.items()}
    return shares, "No open book was given: each member's part of it is taken to be its agreed share."


# --- years


class _Machine:
    """The terms with everything prepared that all years share."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.terms = plan, plan.terms
        self.draw = {
            kpi.id: drawn_by(kpi, plan.noise[kpi.id], plan.unchanged[kpi.id]) for kpi in plan.terms.judged_kpis
        }
        self.gates: dict[Any, Any] = {}
        self.recorded = {period: all_met(plan.terms, period) for period in plan.periods}
        self.months = {period: months_of(plan.terms, period) for period in plan.periods}
        expected = {period: self.expected(period) for period in plan.periods}
        self.costs = {period: (parts, self.scatter(parts)) for period, parts in expected.items()}

    def settled(self, period: str, figures: Mapping[str, Figure], ledger: Rows) -> Settlement:
        rulings = {kpi.id: ruled(self.terms, kpi, figures[kpi.id], PAY) for kpi in self.terms.judged_kpis}
        key = (period, tuple(sorted((name, ruling.action) for name, ruling in rulings.items())))
        if key not in self.gates:
            self.gates[key] = gate_of(self.terms, period, rulings)
        rows = [
            kpi_row(self.terms, period, kpi, figures[kpi.id], too_small=_too_small(rulings[kpi.id]))
            for kpi in self.terms.judged_kpis
        ]
        return settle(self.terms, period, rows, ledger, self.gates[key], recorded=self.recorded[period])

    def expected(self, period: str) -> dict[tuple[str, str, str], int]:
        """Whole pence of an unchanged cost by member, month and category: even over the months, before completion."""
        if not self.plan.parts:
            return {}
        cost = self.terms.shared_cost
        # a completion factor that is agreed is 1 or more
        factor = exact(cost.actual_cost.completion_factor or 1)
        target = self.terms.target_pounds(self.terms.target(period)) * 100 / factor
        keys = {
            "\0".join((member, month, category)): part
            for (member, category), part in self.plan.parts.items()
            for month in self.months[period]
        }
        shared = share_out(max(round_half_up(target), 0), keys)
        return {_cell(key): amount for key, amount in shared.items()}

    def scatter(self, expected: Mapping[tuple[str, str, str], int]) -> list[tuple[tuple[str, str, str], int, int]]:
        """Each part of a cost, its unchanged pence and one standard deviation in pence.

        Each scatters with the root of its size, so that all together scatter as stated.
        """
        if not expected:
            return []
        stated, size = self.plan.noise[COST].size / 100, sum(expected.values())
        return [
            (key, amount, round_half_up(stated * root(Fraction(size * amount)))) for key, amount in expected.items()
        ]

    def year(self, number: int) -> Year:
        """One year: every figure and cost drawn by its own name."""
        seed, totals = self.plan.seed, _Totals(self.terms)
        figures: dict[str, list[Figure]] = {kpi: [] for kpi in self.draw}
        for period in self.plan.periods:
            drawn = {kpi: draw(seed, number, period, kpi) for kpi, draw in self.draw.items()}
            for kpi, figure in drawn.items():
                figures[kpi].append(figure)
            expected, cost = self.costs[period]
            spent = {
                key: max(amount + round_half_up(width * deviate(seed, number, period, COST, *key)), 0)
                for key, amount, width in cost
            }
            made = self.settled(period, drawn, ledger_of(self.terms, period, spent) if expected else ())
            totals.add(made, expected, spent)
        return totals.year(str(number), {kpi: tuple(found) for kpi, found in figures.items()})


def _cell(key: str) -> tuple[str, str, str]:
    member, month, category = key.split("\0")
    return member, month, category


def _too_small(ruling: Ruling) -> bool:
    return ruling.passed and ruling.action == "neutral"


class _Totals:
    """A year's sums, period by period."""

    def __init__(self, terms: Terms) -> None:
        self.members = (*terms.member_ids, RESIDUE)
        self.paid = dict.fromkeys(self.members, 0)
        self.worst: dict[str, int] = {}
        self.alliance = 0
        self.scores: list[Decimal] = []

    def add(self, made: Settlement, expected: Mapping[Any, int], spent: Mapping[Any, int]) -> None:
        self.alliance += sum(posting.amount_pence for posting in made.postings)
        self.scores.append(made.score)
        paid = dict.fromkeys(self.members, 0)
        for line in made.member_lines:
            paid[line.member_id] += line.amount_pence
        months: dict[tuple[str, str], int] = {}
        for (member, month, category), amount in expected.items():
            left = amount - spent[member, month, category]
            months[member, month] = months.get((member, month), 0) + left
        for member in self.members:
            self.paid[member] += paid[member]
            cash = [left for (own, _), left in months.items() if own == member]
            # the settlement is paid in a month of its own, after the period
            self.worst[member] = min([paid[member], *cash, *([self.worst[member]] if member in self.worst else [])])

    def year(self, name: str, figures: Mapping[str, tuple[Figure, ...]]) -> Year:
        return Year(name, self.alliance, self.paid, self.worst, tuple(self.scores), figures)


def _replayed(machine: _Machine, history: Rows, costs: Rows) -> tuple[Year, ...]:
    """Each past period that has every figure the money depends on, under the first of the terms' periods.

    Cost is that of the past where the history holds the whole open book, else the target.
    """
    terms, period = machine.terms, machine.plan.periods[0]
    by_kpi = {
        kpi.id: {str(row["period_id"]): row for row in own_rows(history, kpi, terms.agreement.settle_by)}
        for kpi in terms.judged_kpis
    }
    found = []
    for label in sorted(set.intersection(*(set(rows) for rows in by_kpi.values()))):
        figures = {
            kpi.id: Figure(
                exact_decimal(by_kpi[kpi.id][label]["value"], kpi.value_decimals),
                by_kpi[kpi.id][label]["numerator"],
                by_kpi[kpi.id][label]["denominator"],
            )
            for kpi in terms.judged_kpis
        }
        expected, _ = machine.costs[period]
        spent, name = _past_cost(machine, label, costs, expected)
        totals = _Totals(terms)
        ledger = ledger_of(terms, period, spent) if expected else ()
        totals.add(machine.settled(period, figures, ledger), expected, spent)
        found.append(totals.year(name, {kpi: (figure,) for kpi, figure in figures.items()}))
    return tuple(found)


def exact_decimal(value: Decimal, decimals: int) -> Decimal:
    """The value rounded half up to so many decimals."""
    return round_half_up(exact(value) * 10**decimals) * Decimal(1).scaleb(-decimals)


def _past_cost(
    machine: _Machine, label: str, costs: Rows, expected: Mapping[tuple[str, str, str], int]
) -> tuple[dict[tuple[str, str, str], int], str]:
    at_target = dict(expected)
    own = [row for row in costs if row["period_id"] == label and not is_of_pot(machine.terms, row)]
    if not expected or {row["member_id"] for row in own} != set(machine.terms.member_ids):
        return at_target, label + (", cost at target" if expected else "")
    past = sorted({str(row["month"]) for row in own})
    months = machine.months[machine.plan.periods[0]]
    spent = dict.fromkeys(expected, 0)
    for row in own:
        key = (row["member_id"], months[past.index(str(row["month"])) % len(months)], row["category"])
        spent[key] = spent.get(key, 0) + row["amount_pence"]
    return spent, f"{label}, its own cost"


# --- what the years say


def run_stress(plan: Plan, history: Rows = (), costs: Rows = ()) -> Stress:
    """Draw the years, replay the past, and sum up. The same plan gives the same result on every machine."""
    machine = _Machine(plan)
    history, costs = _of_agreement(plan.terms, history), _of_agreement(plan.terms, costs)
    years = tuple(machine.year(number) for number in range(1, plan.draws + 1))
    return Stress(
        plan,
        years,
        _replayed(machine, history, costs),
        tuple(_sharpness(plan, kpi, years) for kpi in _in_order(plan.terms)),
        _fairness(plan, years),
    )


def _sharpness(plan: Plan, kpi: Kpi, years: Sequence[Year]) -> Sharpness:
    values = [figure.value for year in years for figure in year.figures[kpi.id]]
    numbers = [exact(value) for value in values if value is not None]
    mean = sum(numbers, Fraction(0)) / len(numbers)
    spread = root(sum(((number - mean) ** 2 for number in numbers), Fraction(0)) / len(numbers))
    truth = plan.unchanged[kpi.id]
    if kpi.role == "counted":
        return Sharpness(kpi.id, kpi.name, None, truth, spread, None, None, "paid by number")
    printed = exact_decimal(Decimal(truth.numerator) / truth.denominator, kpi.value_decimals)
    if kpi.levels is None:
        high = kpi.polarity == "high"
        must = kpi.must_reach if kpi.must_reach is not None else printed
        here = printed >= must if high else printed <= must
        other = sum((value >= must if high else value <= must) != here for value in values if value is not None)
        return Sharpness(kpi.id, kpi.name, None, truth, spread, None, Fraction(other, len(values)), "must pass")
    home = level_of(printed, kpi.levels, kpi.polarity)
    levels = kpi.levels
    other = sum(level_of(value, levels, kpi.polarity) != home for value in values if value is not None)
    gap = min(abs(exact(after) - exact(before)) for before, after in pairwise(levels.values()))
    apart = gap / spread if spread else None
    word = "sharp enough" if apart is None or apart >= APART else "thin" if apart >= HARDLY else "too blunt to pay on"
    return Sharpness(kpi.id, kpi.name, kpi.weight, truth, spread, apart, Fraction(other, len(values)), word)


def _fairness(plan: Plan, years: Sequence[Year]) -> dict[str, Fairness]:
    terms = plan.terms
    turnover = {member.id: exact(member.turnover_gbp) for member in terms.parties.members}
    owed = {m: sum(-min(year.by_member[m], 0) for year in years) for m in (*terms.member_ids, RESIDUE)}
    paid = {m: sum(max(year.by_member[m], 0) for year in years) for m in (*terms.member_ids, RESIDUE)}
    extremes: dict[str, Extreme] = {}
    for period in plan.periods:
        for name, found in party_extremes(terms, period).items():
            extremes[name] = _both(extremes.get(name, Extreme(0, 0)), found)

    def part(sums: Mapping[str, Fraction | int], name: str) -> Fraction | None:
        whole = sum(sums.values(), Fraction(0))
        return Fraction(sums.get(name, 0)) / whole * 100 if whole else None

    return {
        name: Fairness(part(turnover, name), part(owed, name), part(paid, name), extremes[name])
        for name in (*terms.member_ids, RESIDUE)
    }


def _both(left: Extreme, right: Extreme) -> Extreme:
    def add(one: int | None, other: int | None) -> int | None:
        return None if one is None or other is None else one + other

    return Extreme(
        add(left.greatest_gain_pence, right.greatest_gain_pence),
        add(left.greatest_loss_pence, right.greatest_loss_pence),
    )


def quantile(values: Sequence[int], part: Fraction) -> int:
    """The smallest of the values that at least this part of them does not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * part.numerator // part.denominator)
    return ordered[max(place, 1) - 1]
