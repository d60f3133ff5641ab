"""Whether a figure can be paid on, said before anybody signs: completeness, volume, noise against the levels, lag.

Belongs here: reading a release, the four judgements, the sentences. Not here: the distributions (`chance`), printing
(orchestration), levels and their points (settlement).

A figure is judged as its agreement reads it, or an indicator nobody pays on as it is published, with levels somebody
proposes. Nothing is simulated: counts scatter as binomial or Poisson counts do, other figures as their interval says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from foundation.errors import Refused, WrongUsage
from publication.chance import Side, binomial_tail, normal_tail, poisson_tail
from publication.columns import COMPLETENESS, KPI_RETURN
from publication.inputs import Row
from publication.reader import Release

if TYPE_CHECKING:
    from ingest.contract import Contract

Word = Literal["good", "care", "bad", "unknown"]
SHARES, COUNTS = ("proportion", "maintained_proportion"), ("crude_rate",)
# Adjacent levels lie at least so many standard deviations apart, or the KPI is thin; below one it is mostly chance.
# Source: the rule our worked agreements are written by.
APART, HARDLY = Fraction(3, 2), Fraction(1)
# Where no agreement says otherwise: the least cases, and the least on either side, that a share is scored on.
LEAST_CASES, LEAST_COUNT = 100, 10
_Z = Fraction(196, 100)
# How many months back completeness is judged, and from which share of withheld months on it is bad.
MONTHS, OFTEN = 12, Fraction(1, 4)
VERDICTS = {
    "good": "Can be paid on.",
    "care": "Can be paid on with care.",
    "bad": "Cannot be paid on as it stands.",
    "unknown": "Cannot be judged.",
}


@dataclass(frozen=True)
class Asked:
    """A figure and the levels it would be paid by. knots: failure to game-breaking; none where nobody proposes any."""

    name: str
    indicator_id: str
    statistic: str
    unit: str
    polarity: str
    decimals: int
    period_id: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal
    lower: Decimal | None
    upper: Decimal | None
    knots: tuple[Decimal, ...] = ()
    baseline: Decimal | None = None
    least_cases: int = LEAST_CASES
    least_count: int = LEAST_COUNT


@dataclass(frozen=True)
class Judged:
    """One of the four judgements: how it came out, one sentence, and its numbers."""

    what: str
    word: Word
    sentence: str
    numbers: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """What can be said about one figure. `verdict` is the worst of the judgements."""

    name: str
    indicator_id: str
    period_id: str
    judged: tuple[Judged, ...]

    @property
    def word(self) -> Word:
        words = [one.word for one in self.judged]
        order: tuple[Word, ...] = ("bad", "unknown", "care", "good")
        return next(word for word in order if word in words)

    @property
    def verdict(self) -> str:
        """A sentence, and the reasons where it is not simply good."""
        reasons = [one.sentence for one in self.judged if one.word != "good"]
        return " ".join([VERDICTS[self.word], *reasons])

    def document(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "figure": self.name, "indicator_id": self.indicator_id, "period_id": self.period_id, "outcome": self.word,
            "verdict": self.verdict,
            "judged": [{"what": one.what, "outcome": one.word, "sentence": one.sentence, **one.numbers}
                       for one in self.judged],
        }  # fmt: skip


# --- noise


def reach(asked: Asked, truth: Fraction, knot: Decimal) -> Decimal | None:
    """Chance that the printed figure reaches a knot when the truth is `truth` and as many are counted; None where the
    figure's scatter is not known. What is printed is rounded half up, so a knot is reached half a step before it."""
    half = Fraction(1, 2 * 10**asked.decimals)
    high = asked.polarity == "high"
    bound, side = (Fraction(knot) - half, "at_least") if high else (Fraction(knot) + half, "below")
    if asked.statistic in SHARES and asked.numerator is not None and asked.denominator:
        cases = int(asked.denominator)
        per = _whole(asked)
        share = min(max(truth / per, Fraction(0)), Fraction(1))
        return _side(lambda at, way: binomial_tail(cases, share, at, way), bound * cases / per, side)
    if asked.statistic in COUNTS and asked.numerator and asked.value:
        # the value is so much an event: events scatter, people at risk do not
        each = Fraction(asked.value) / Fraction(asked.numerator)
        return _side(lambda at, way: poisson_tail(truth / each, at, way), bound / each, side)
    deviation = scatter(asked, truth)
    if deviation is None:
        return None
    way: Side = "at_least" if high else "at_most"
    return normal_tail(truth, deviation, bound, way)


def _side(tail: Any, bound: Fraction, side: str) -> Decimal:
    """At least a bound, or strictly below it: a count that lies on the bound itself is rounded up, out of the knot."""
    found: Decimal = tail(bound, "at_least")
    return found if side == "at_least" else 1 - found


def _whole(asked: Asked) -> Fraction:
    """What a share of one is printed as: 100 for a percentage."""
    return Fraction(100) if asked.unit == "percent" else Fraction(1)


def scatter(asked: Asked, truth: Fraction) -> Fraction | None:
    """One standard deviation of the figure when nothing changes, in its unit; None where nothing says so."""
    if asked.statistic in SHARES and asked.denominator:
        share = truth / _whole(asked)
        return _root(share * (1 - share) / int(asked.denominator)) * _whole(asked) if 0 < share < 1 else Fraction(0)
    if asked.statistic in COUNTS and asked.numerator and asked.value:
        each = Fraction(asked.value) / Fraction(asked.numerator)
        return _root(truth / each) * each
    if asked.lower is None or asked.upper is None:
        return None
    return (Fraction(asked.upper) - Fraction(asked.lower)) / (2 * _Z)


def _root(square: Fraction) -> Fraction:
    return Fraction((Decimal(square.numerator) / square.denominator).sqrt())


def _level(asked: Asked, truth: Fraction) -> int:
    """The best level an unrounded value reaches, from 0 for failure."""
    step = Fraction(1, 10**asked.decimals)
    printed = int(truth / step + Fraction(1, 2)) * step
    reached = 0
    for place, knot in enumerate(asked.knots):
        if printed >= knot if asked.polarity == "high" else printed <= knot:
            reached = place
    return reached


def other_level(asked: Asked, truth: Fraction) -> Decimal | None:
    """Chance that a period in which nothing changed prints another level than the truth has."""
    level = _level(asked, truth)
    stays = Decimal(1) if level == 0 else reach(asked, truth, asked.knots[level])
    above = Decimal(0) if level == len(asked.knots) - 1 else reach(asked, truth, asked.knots[level + 1])
    return None if stays is None or above is None else 1 - (stays - above)


def _one_in(chance: Decimal) -> str:
    """`1 period in 12`, rounded half up; what is rarer than one in a thousand is said so."""
    if chance * 1000 < 1:
        return "fewer than 1 period in 1,000"
    return f"1 period in {(1 / chance).quantize(Decimal(1), rounding=ROUND_HALF_UP)}"


def _printed(number: Fraction, decimals: int = 1) -> str:
    return str((Decimal(number.numerator) / number.denominator).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def judge_noise(asked: Asked) -> Judged:
    """How far apart the levels are in what chance alone does, and how often chance alone would pay or take."""
    if not asked.knots:
        half = scatter(asked, Fraction(asked.value))
        if half is None:
            return Judged("noise", "unknown", "Nothing says how far chance moves it: it has no interval.", {})
        text = (
            f"Chance alone moves it by {_printed(half, asked.decimals + 1)} {asked.unit} (one standard deviation). "
            "Whether that is little depends on the levels: propose them with --levels."
        )
        return Judged("noise", "unknown", text, {"standard_deviation": _printed(half, asked.decimals + 1)})
    start = Fraction(asked.knots[2] if asked.baseline is None else asked.baseline)
    deviation = scatter(asked, start)
    up, down = reach(asked, start, asked.knots[3]), reach(asked, start, asked.knots[1])
    other = other_level(asked, _truth(asked))
    if deviation is None or up is None or down is None or other is None:
        return Judged("noise", "unknown", "Nothing says how far chance moves it: it has no interval.", {})
    gaps = [abs(Fraction(after) - Fraction(before)) for before, after in pairwise(asked.knots)]
    apart = min(gaps) / deviation if deviation else None
    word: Word = "good" if apart is None or apart >= APART else "care" if apart >= HARDLY else "bad"
    distance = "further than any chance" if apart is None else f"{_printed(apart)} standard deviations"
    text = (
        f"The closest levels lie {distance} apart (at least 1.5 are asked for); with nothing changed, {_one_in(up)} "
        f"would reach stretch and {_one_in(1 - down)} fall below poor, and {_one_in(other)} like the last would print "
        "another level."
    )
    return Judged("noise", word, text, {
        "standard_deviation": _printed(deviation, asked.decimals + 1),
        "closest_levels_in_standard_deviations": "" if apart is None else _printed(apart),
        "chance_of_stretch": _chance(up), "chance_below_poor": _chance(1 - down),
        "chance_of_another_level": _chance(other),
    })  # fmt: skip


def _truth(asked: Asked) -> Fraction:
    """The last figure unrounded, where its parts are known."""
    if asked.statistic in SHARES and asked.numerator is not None and asked.denominator:
        return Fraction(asked.numerator) / Fraction(asked.denominator) * _whole(asked)
    return Fraction(asked.value)


def _chance(number: Decimal) -> str:
    return str(number.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))


# --- volume, completeness, lag


def judge_volume(asked: Asked) -> Judged:
    """Whether enough is counted in a period."""
    if asked.statistic == "published_percentage":
        return Judged("volume", "bad", "It is a rounded percentage published without its parts: never pay on it.", {})
    if asked.numerator is None or asked.denominator is None:
        return Judged("volume", "unknown", "Its parts are not known.", {})
    numbers = {"numerator": f"{asked.numerator.normalize():f}", "denominator": f"{asked.denominator.normalize():f}"}
    if asked.statistic in SHARES:
        other = asked.denominator - asked.numerator
        enough = asked.denominator >= asked.least_cases and min(asked.numerator, other) >= asked.least_count
        text = (
            f"{numbers['numerator']} of {numbers['denominator']} cases in {asked.period_id}; at least "
            f"{asked.least_cases}, and {asked.least_count} on either side, are asked for."
        )
    elif asked.statistic in (*COUNTS, "dsr"):
        enough = asked.numerator >= asked.least_count
        text = f"{numbers['numerator']} events in {asked.period_id}; at least {asked.least_count} are asked for."
    else:
        return Judged("volume", "good", f"It is no count of cases ({asked.statistic.replace('_', ' ')}).", numbers)
    return Judged("volume", "good" if enough else "bad", text, numbers)


def judge_completeness(rows: Sequence[Row]) -> Judged:
    """rows: of `completeness`, one indicator's months."""
    last = sorted(rows, key=lambda row: row["period_start"])[-MONTHS:]
    if not last:
        return Judged("completeness", "unknown", "Nothing is known about the completeness of its data.", {})
    withheld = sum(bool(row["withheld"]) for row in last)
    missing, expected = (sum(row[name] for row in last) for name in ("missing_days", "expected_days"))
    word: Word = "good" if not withheld else "care" if Fraction(withheld, len(last)) <= OFTEN else "bad"
    text = (
        f"{withheld} of the last {len(last)} months lacked more days than is allowed ({missing} of {expected} days are "
        "missing)."
    )
    if word == "bad":
        text += " It needs a waiver that is recorded, or better returns first."
    return Judged("completeness", word, text, {
        "months": str(len(last)), "months_withheld": str(withheld), "days_missing": str(missing),
        "days_expected": str(expected),
    })  # fmt: skip


def judge_lag(end: date, follow_up_days: int, feeds: Sequence[str], contracts: Mapping[str, Contract]) -> Judged:
    """Days from the end of a period to the day on which everything it needs is due."""
    known = [contracts[feed] for feed in feeds if feed in contracts]
    if not known:
        return Judged("lag", "unknown", "No data contract says when its returns are due.", {})
    closed = end + timedelta(days=follow_up_days)
    due = max(contract.due_on(contract.delivery_period(closed).end) for contract in known)
    days = (due - end).days
    text = f"A period is complete {days} days after its end"
    text += f", {follow_up_days} of them the follow-up of its events." if follow_up_days else "."
    word: Word = "good"
    if days > 366:
        word, text = "care", text + " It settles more than a year late."
    return Judged("lag", word, text, {"lag_days": str(days), "follow_up_days": str(follow_up_days)})


# --- from a release


def measurability(
    release: Release, contracts: Mapping[str, Contract], indicator: str | None = None, knots: Sequence[Decimal] = ()
) -> list[Report]:
    """A report for every KPI of the release's agreements and every other indicator, or for one of these; with proposed
    `knots`, for that indicator as it is published. In the order of agreement, KPI and indicator.

    WrongUsage when the release has no such indicator, or knots are not five in the order of its polarity.
    """
    catalogue = release.catalogue
    if indicator is not None and indicator not in catalogue:
        raise WrongUsage(
            f"the release has no indicator '{indicator}'.", f"choose one of: {', '.join(sorted(catalogue))}."
        )
    if knots:
        if indicator is None:
            raise WrongUsage("levels are proposed for one indicator.", "name the indicator they are for.")
        _in_order(knots, catalogue[indicator]["polarity"])
    months: dict[str, list[Row]] = {}
    for row in release.public(COMPLETENESS):
        months.setdefault(row["indicator_id"], []).append(row)
    found = []
    scored: set[str] = set()
    for asked, row in () if knots else _paid(release, indicator):
        scored.add(asked.indicator_id)
        found.append(_report(asked, row, catalogue, months, contracts))
    for name in sorted(catalogue) if indicator is None else [indicator]:
        if name not in scored and (chosen := _published(release, name)) is not None:
            asked = replace(_of(chosen, catalogue[name], name), knots=tuple(knots))
            found.append(_report(asked, chosen, catalogue, months, contracts))
        elif name not in scored:
            none = Judged("volume", "unknown", "No period has a figure yet.", {})
            found.append(Report(name, name, "", (none,)))
    return found


def _in_order(knots: Sequence[Decimal], polarity: str) -> None:
    rising = all(before < after for before, after in pairwise(knots))
    falling = all(before > after for before, after in pairwise(knots))
    if len(knots) != 5 or not {"high": rising, "low": falling}.get(polarity, False):
        raise WrongUsage(
            "levels are five numbers from failure to game-breaking, each better than the one before.",
            "write them as --levels 63,67,71,77,88; an indicator that is better low has falling ones.",
        )


def _report(
    asked: Asked, row: Row, catalogue: Mapping[str, Row], months: Mapping[str, Sequence[Row]],
    contracts: Mapping[str, Contract],
) -> Report:  # fmt: skip
    start, end = (row.get(f"measurement_{name}") or row[f"period_{name}"] for name in ("start", "end"))
    # what is looked back on is over when the period begins: nobody waits for it
    looked_back = catalogue[asked.indicator_id].get("look_back_days") or 0
    follow_up = max(0, row["window_days"] - looked_back - (end - start).days - 1)
    return Report(asked.name, asked.indicator_id, asked.period_id, (
        judge_completeness(months.get(asked.indicator_id, ())),
        judge_volume(asked),
        judge_noise(asked),
        judge_lag(end, follow_up, (catalogue[asked.indicator_id]["feeds"] or "").split(), contracts),
    ))  # fmt: skip


def _of(row: Row, entry: Row, name: str) -> Asked:
    return Asked(
        name, entry["indicator_id"], entry["statistic"], row["unit"], entry["polarity"], entry["value_decimals"],
        row["period_id"], row["numerator"], row["denominator"], row["value"], row["lower"], row["upper"],
    )  # fmt: skip


def _paid(release: Release, indicator: str | None) -> list[tuple[Asked, Row]]:
    """The last figure of every KPI that is paid on, with its levels, and its row of the KPI return."""
    from settlement.terms import load_terms

    terms = {
        found.id: found for _, files in release.open_books() for found in [load_terms(files["terms.yaml"])]
    }  # the terms in force last stand last
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in release.members(KPI_RETURN):
        rows.setdefault((row["agreement_id"], row["kpi_id"]), []).append(row)
    found = []
    for agreement in sorted(terms):
        small = terms[agreement].gate.small_numbers
        for kpi in sorted(terms[agreement].framework.kpis, key=lambda one: one.id):
            if kpi.levels is None or indicator not in (None, kpi.indicator_id):
                continue
            kinds = [
                row for row in rows.get((agreement, kpi.id), ())
                if row["period_kind"] == terms[agreement].agreement.settle_by and row["value"] is not None
            ]  # fmt: skip
            if not kinds:
                continue
            # a figure that could be paid on before one that could not, then the newest
            last = max(kinds, key=lambda row: (row["quality_status"] == "fit", row["period_end"]))
            asked = replace(
                _of(last, release.catalogue[kpi.indicator_id], f"{agreement} {kpi.id}: {kpi.name}"),
                polarity=kpi.polarity, decimals=kpi.value_decimals, knots=tuple(kpi.levels.values()),
                baseline=kpi.baseline.value if kpi.baseline else None,
                least_cases=small.least_denominator if small else LEAST_CASES,
                least_count=small.least_count if small else LEAST_COUNT,
            )  # fmt: skip
            found.append((asked, last))
    return found


def _published(release: Release, indicator: str) -> Row | None:
    """The last exact figure of the longest kind of period an indicator has: of the analysts' tables."""
    if not release.has("analyst"):
        raise Refused(
            "the release has no folder for analysts, and the public figures are rounded.",
            "point to the release with its folder analyst/.",
        )
    rows = [
        row for row in release.duckdb("analyst/analyst.duckdb")["measures"]
        if row["indicator_id"] == indicator and row["value"] is not None
    ]  # fmt: skip
    for kind in ("year", "rolling_year", "quarter", "month"):
        if of_kind := [row for row in rows if row["period_kind"] == kind]:
            # a settled figure before a provisional one, then the newest
            return max(of_kind, key=lambda row: (row["marker"] is None, row["period_end"], row["area_code"]))
    return None
