"""Published payments, settled by the production engine under the regimes' terms.

Belongs here: reading the oracle's columns and vectors as terms and rows, and comparing what is posted. Never read: what
the publisher computed on the way (`gensaveloss`, `sav_rate`, `finallossrate`, `reducedss`, `share_rate_published`, and
`finalsharerate` but for 2014 and 2015, which publish neither track nor pass flag). Not here: terms (`terms/*.yaml`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from regime_world import Case, Data, check, laid_over, layers, load, plain, posted, regime, settled, yaml_text
from suites import Comparison, read_rows

from settlement.allocate import allocate
from settlement.exact import exact, round_half_up
from settlement.terms import Terms, load_terms

NEAR = Fraction(1, 10_000)
ONE_SIDED = ("T1", "A", "B")
LEAST_PEOPLE = 5000
KNOWN_RESIDUAL = "KNOWN RESIDUAL"


@dataclass(frozen=True)
class Organisation:
    """One organisation and year of the Shared Savings Program. Money in dollars; corridor and quality as ratios."""

    year: int
    track: str
    people: int
    benchmark: Fraction
    expenditure: Fraction
    chosen_corridor: Fraction | None
    quality: Fraction | None
    standard_met: bool
    alternative_met: bool
    guardrail: bool
    relief: Fraction
    revenue: str
    started: int


@cache
def _template(track: str, year: int, revenue: str, started: int) -> Data:
    return layers("mssp", {"track": track, "year": year, "revenue": revenue, "started": started})


@cache
def _loads(text: str) -> bool:
    return bool(load_terms(text.encode()).id)


def _proved(track: str, year: int, revenue: str, started: int) -> bool:
    """The terms of a track and year load from YAML; each organisation's own are then held to the same rules."""
    target = {"period": _label(year), "baseline_gbp": Decimal(1), "people": LEAST_PEOPLE}
    data = laid_over(_template(track, year, revenue, started), {"finance": {"target_cost": [target]}})
    data.pop("target", None)
    if track not in ONE_SIDED:
        data = laid_over(data, {"finance": {"corridor": {"least_saving_pct": 2, "least_loss_pct": 2}}})
    return _loads(yaml_text(data))


def _label(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02d}"


def terms_of(own: Organisation) -> Terms:
    """The track's terms with what the organisation itself agreed: target, people, corridor, relief."""
    key = (own.track, own.year, own.revenue, own.started)
    assert _proved(*key)
    data = _template(*key)
    target: Data = {
        "period": _label(own.year),
        "baseline_gbp": plain(own.benchmark),
        "people": own.people,
        **data.get("target", {}),
    }
    if own.relief:
        target["loss_relief_gbp"] = plain(own.relief)
    found = laid_over(data, {"finance": {"target_cost": [target]}})
    found.pop("target", None)
    if own.track not in ONE_SIDED or own.people < LEAST_PEOPLE:
        if own.chosen_corridor is None:
            raise ValueError("no corridor is published for this organisation")
        chosen = plain(own.chosen_corridor * 100)
        agreed = {name: value for name, value in found["finance"]["corridor"].items() if "by_people" not in name}
        found["finance"]["corridor"] = agreed | {"least_saving_pct": chosen, "least_loss_pct": chosen}
    return check(found)


def case_of(own: Organisation) -> Case:
    quality = None if own.quality is None else Decimal(round_half_up(own.quality * 10**11)).scaleb(-9)
    return Case(
        own.year,
        round_half_up(own.expenditure * 100),
        {
            "quality": quality,
            "quality-standard": Decimal(own.standard_met),
            "alternative-standard": Decimal(own.alternative_met),
            "no-guardrail": Decimal(not own.guardrail),
        },
    )


def _number(text: str) -> Fraction | None:
    return Fraction(Decimal(text)) if text.strip() else None


def _flag(text: str) -> bool:
    return _number(text) == 1


def _ratio(text: str, year: int, *, early: int = 1, places: int = 6) -> Fraction | None:
    """A share as a ratio: from 2022 the file has percentages; `early` mends the first two years."""
    number = _number(text)
    if number is None:
        return None
    number = number / 100 if year >= 2022 else number * (early if year <= 2015 else 1)
    # The file keeps binary neighbours of the published decimals.
    return Fraction(round_half_up(number * 10**places), 10**places)


def organisation(row: Mapping[str, str]) -> Organisation:
    """A row of mssp.csv in the units of SETTLEMENT.md."""
    year = int(Decimal(row["performance_year"]))
    track, met = row["track"].strip(), _flag(row["met_qps"])
    quality = _ratio(row["qualscore"], year, places=4)
    if year <= 2015:
        rate = _number(row["finalsharerate"]) or Fraction(0)
        met = rate > 0
        by_ratio = quality is not None and quality > 0 and rate / quality > Fraction(55, 100)
        track = "T2" if rate > Fraction(1, 2) or by_ratio else "T1"
        if quality is None:
            quality = rate / (Fraction(6, 10) if track == "T2" else Fraction(1, 2))
    benchmark, expenditure, people = (_number(row[name]) for name in ("abtotbnchmk", "abtotexp", "n_ab"))
    if benchmark is None or expenditure is None or people is None:
        raise ValueError("benchmark, expenditure or assigned lives are not published")
    return Organisation(
        year,
        track,
        int(people),
        benchmark,
        expenditure,
        _ratio(row["minsavperc"], year, early=100),
        quality,
        met,
        _flag(row["met_altqps"]),
        _flag(row["guardrail"]),
        abs(_number(row["disadj"]) or Fraction(0)),
        row["rev_exp_cat"],
        int(row["current_start_date"][-4:] or 0),
    )


def _payment(own: Organisation) -> Fraction:
    return posted(settled(terms_of(own), case_of(own)), "gain", "loss")


@cache
def _paid(file: Path) -> tuple[tuple[str, int, Fraction | None, Fraction], ...]:
    """Organisation and year, what the engine posts in dollars (None: it cannot), what was published (whole)."""
    found = []
    for row in read_rows(file):
        name, year = f"{row['aco_id']} {row['performance_year']}", int(Decimal(row["performance_year"]))
        try:
            paid: Fraction | None = _payment(organisation(row))
        except ValueError as told:
            paid, name = None, f"{name} ({told})"
        found.append((name, year, paid, _number(row["earnsaveloss"]) or Fraction(0)))
    return tuple(found)


def _compared(
    rows: Iterable[tuple[str, int, Fraction | None, Fraction]], near: Callable[[Fraction, Fraction], bool]
) -> Comparison:
    result = Comparison()
    for name, _, paid, published in rows:
        if paid is None:
            result.add(False, 0.0, name)
            continue
        error = abs(paid - published)
        good = near(paid, published)
        result.add(good, float(error), f"{name}: {published} published, {plain(paid)}")
    return result


def _within(paid: Fraction, published: Fraction) -> bool:
    """0.01 % and the right sign, both in whole dollars, as they are published."""
    whole = round_half_up(paid)
    same_sign = (whole > 0) == (published > 0) and (whole < 0) == (published < 0)
    return same_sign and abs(whole - published) <= NEAR * abs(published)


def shared_savings(file: Path) -> Comparison:
    """Every row within 0.01 % and of the right sign."""
    return _compared(_paid(file), _within)


def shared_savings_to_the_dollar(file: Path) -> Comparison:
    """2014 and 2021, whose rates are published whole: less than a dollar off, which benchmark and cost are rounded to."""
    return _compared((row for row in _paid(file) if row[1] in (2014, 2021)), lambda paid, one: abs(paid - one) < 1)


# vectors.json


def _exactly(value: Any) -> Fraction:
    """A number of the JSON file, or a fraction written as text."""
    return Fraction(value) if isinstance(value, str) else Fraction(Decimal(str(value)))


def _pence(pounds: Fraction) -> int:
    return round_half_up(pounds * 100)


def _percent(ratio: Any) -> Decimal:
    return plain(_exactly(ratio) * 100)


def _of_cost(data: Data, target: Fraction, finance: Data) -> Terms:
    entry = {"period": "2024-25", "baseline_gbp": plain(target)}
    return load(laid_over(data, {"finance": {**finance, "target_cost": [entry]}}))


def _mssp(given: Mapping[str, Any]) -> Fraction:
    quality = given["quality"]
    own = Organisation(
        given["year"],
        given["track"],
        given["n_ab"],
        _exactly(given["benchmark"]),
        _exactly(given["expenditure"]),
        _exactly(given["msr"]),
        None if quality is None else Fraction(round_half_up(_exactly(quality) * 10**4), 10**4),
        given["met_qps"] == 1,
        given["met_altqps"] == 1,
        given["guardrail"] == 1,
        abs(_exactly(given["relief"])),
        given["revenue_cat"],
        int(given["agreement_start"][-4:]),
    )
    return _payment(own)


def _least_saving(given: Mapping[str, Any]) -> Fraction:
    target = {"period": "2024-25", "baseline_gbp": Decimal(1000), "people": given["n"]}
    data = laid_over(_template("T1", 2020, "", 2020), {"finance": {"target_cost": [target]}})
    data.pop("target", None)
    return settled(load(data), Case(2024, 0)).step("least_saving").exact


def _recoup(given: Mapping[str, Any]) -> dict[str, Fraction]:
    earned = _exactly(given["earned"])
    terms = _of_cost(regime("earned"), earned + 1, {})
    made = settled(terms, Case(2024, 100, balance_pence=_pence(_exactly(given["balance"]))))
    return {"recoup": -posted(made, "recoup"), "carried": Fraction(dict(made.carried_pence)["organisation"], 100)}


def _bands(given: Mapping[str, Any]) -> list[Data]:
    return [
        {"rate_pct": _percent(rate)} | ({} if end is None else {"up_to_pct": _percent(end)})
        for end, rate in given["bands"]
    ]


def _banded(given: Mapping[str, Any]) -> Fraction:
    base, amount = _exactly(given["base"]), _exactly(given["amount"])
    terms = _of_cost(regime("banded"), base, {"gain": {"bands": _bands(given)}, "loss": {"bands": _bands(given)}})
    return posted(settled(terms, Case(2024, _pence(base - amount))), "gain", "loss")


def _alliance(given: Mapping[str, Any]) -> Fraction:
    agreed = given["terms"]
    finance: Data = {}
    if "gain_rate" in agreed:
        finance["gain"] = {"bands": [{"rate_pct": _percent(agreed["gain_rate"])}]}
    if "loss_rate" in agreed:
        finance["loss"] = {"bands": [{"rate_pct": _percent(agreed["loss_rate"])}]}
    if "mlr" in agreed:
        finance["corridor"] = {"least_loss_pct": _percent(agreed["mlr"])}
    fees = agreed.get("loss_caps", [0])
    if "loss_caps" in agreed:
        finance["loss"]["capped_at_fee"] = True
    terms = _of_cost(laid_over(regime("alliance"), {"finance": finance}), _exactly(given["target"]), {})
    (fee,) = fees
    return posted(
        settled(terms, Case(2024, _pence(_exactly(given["actual"])), fee_pence=_pence(_exactly(fee)))), "gain", "loss"
    )


LEVELS = ("failure", "poor", "minimum", "stretch", "game_breaking")


def _scored(items: list[tuple[list[Fraction], Fraction, Decimal]], points: list[Fraction]) -> Fraction:
    """The overall score of KPIs, each with five values, its own value and its weight, under these level points."""
    data = regime("earned")
    (pattern,) = data["framework"]["kpis"]
    kpis, values = [], {}
    for number, (knots, value, weight) in enumerate(items, start=1):
        levels = dict(zip(LEVELS, map(plain, knots), strict=True))
        kpis.append({**pattern, "id": f"k{number}", "levels": levels, "weight": weight})
        values[f"k{number}"] = plain(value)
    data = {**data, "framework": {**data["framework"], "kpis": kpis}}
    data["scoring"] = {**data["scoring"], "level_points": dict(zip(LEVELS, map(plain, points), strict=True))}
    return settled(_of_cost(data, Fraction(1), {}), Case(2024, 100, values)).step("overall_score").exact


def _sliding(given: Mapping[str, Any]) -> Fraction:
    """Points between two thresholds: the five levels stand evenly between them."""
    (low, _), (high, _) = given["knots"]
    assert [height for _, height in given["knots"]] == [0, 1]
    steps = [Fraction(number, 4) for number in range(5)]
    knots = [_exactly(low) + (_exactly(high) - _exactly(low)) * step for step in steps]
    item = (knots, _exactly(given["x"]), Decimal(100))
    return _scored([item], [_exactly(given["points"]) * step for step in steps])


def _composite(given: Mapping[str, Any]) -> Fraction:
    items = given["items"]
    points = [[_exactly(height) for _, height in knots] for knots, _, _ in items]
    assert all(one == points[0] for one in points)
    return _scored(
        [
            ([_exactly(place) for place, _ in knots], _exactly(value), plain(_exactly(weight)))
            for knots, value, weight in items
        ],
        points[0],
    )


def _allocated(given: Mapping[str, Any]) -> list[Fraction]:
    weights = {f"m{number:02d}": _exactly(weight) for number, weight in enumerate(given["weights"])}
    found = allocate(given["total"], weights)
    assert found.residue == 0
    return [Fraction(part) for part in found.parts.values()]


def _difference(before: Fraction, now: Fraction) -> Fraction:
    """What a restatement posts on a gain that was settled at one sum and comes to another."""
    terms = _of_cost(regime("earned"), max(before, now) + 1, {})
    cost = [_pence(max(before, now) + 1 - earned) for earned in (before, now)]
    first = settled(terms, Case(2024, cost[0]))
    return posted(settled(terms, Case(2024, cost[1], prior=first.posting_rows())), "gain")


def _restated_total(given: Mapping[str, Any]) -> Fraction:
    return _difference(_exactly(given["posted"]), _exactly(given["new"]))


def _restated_sum(given: Mapping[str, Any]) -> dict[str, Fraction]:
    """So many organisations were each paid so much too little or too much."""
    (under, short), (over, excess) = given["under"], given["over"]
    paid = _exactly(1000)
    return {
        "make_good": under * _difference(paid, paid + short),
        "recover": -over * _difference(paid + excess, paid),
    }


def _paid_points(given: Mapping[str, Any]) -> Fraction:
    """All points of a pool, each adjuster as its own measure over the average."""
    adjusters = []
    for number, ratio in enumerate(map(_exactly, given["adj"]), start=1):
        adjusters.append({"id": f"a{number}", "own": ratio.numerator, "average": ratio.denominator})
    points = {
        "period": "2024-25",
        "points": plain(_exactly(given["points"])),
        "value_gbp": plain(_exactly(given["value"])),
        "adjusters": adjusters,
    }
    terms = load(laid_over(regime("points"), {"finance": {"top_up": {"pool_points": [points]}}}))
    return posted(settled(terms, Case(2024, 0, {"quality": Decimal(100)})), "top_up")


def _part_of_contract(given: Mapping[str, Any]) -> Fraction:
    """The part of a contract's value that was at stake, for the share of it that was delivered (`points`)."""
    (part,) = given["adj"]
    base = {"period": "2024-25", "base_gbp": plain(_exactly(given["value"]))}
    agreed = {"base": [base], "pool_pct_of_base": _percent(part)}
    terms = load(laid_over(regime("part_of_contract"), {"finance": {"top_up": agreed}}))
    return posted(settled(terms, Case(2024, 0, {"quality": _percent(given["points"])})), "top_up")


def _beyond_threshold(given: Mapping[str, Any]) -> Fraction:
    """Activity beyond the threshold (`base`: 104 % of the agreed baseline), at one part of the price on both sides."""
    ((_, part),) = given["bands"]
    data = regime("elective_variable_element")
    (element,) = data["finance"]["activity"]["elements"]
    threshold = _exactly(given["base"])
    planned = {"period": "2024-25", "units": plain(threshold / exact(element["threshold_pct"]) * 100)}
    agreed = {**element, "planned": [planned], "above_pct": _percent(part), "below_pct": _percent(part)}
    terms = load(laid_over(data, {"finance": {"activity": {"elements": [agreed]}}}))
    made = settled(terms, Case(2024, 0, counts={"elective": plain(threshold + _exactly(given["amount"]))}))
    return posted(made, "activity")


# By `fn`, and where one function serves regimes that are no alike, by regime.
ANSWERS: dict[str, Callable[[Mapping[str, Any]], Any] | None] = {
    "mssp": _mssp,
    "msr": _least_saving,
    "recoup": _recoup,
    "banded": _banded,
    "settle": _alliance,
    "composite": _composite,
    "points": _sliding,
    "allocate": _allocated,
    "restate_sum": _restated_sum,
    "restate_total": _restated_total,
    "points_payment": _paid_points,
    "NHS API CQUIN": _part_of_contract,
    # More activity that pays more is no saving of cost: a line of its own.
    "NHS API 2022/23 elective variable element": _beyond_threshold,
}


def answer_of(vector: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any] | None:
    """What answers a vector; None where no terms express its regime yet. KeyError for one nobody has looked at."""
    return ANSWERS[vector["regime"]] if vector["regime"] in ANSWERS else ANSWERS[vector["fn"]]


def read_vectors(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _flat(value: Any) -> list[Fraction]:
    if isinstance(value, Mapping):
        return [_exactly_or(value[key]) for key in sorted(value)]
    return [_exactly_or(item) for item in (value if isinstance(value, list) else [value])]


def _exactly_or(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else _exactly(value)


def _answered(
    file: Path, *, residual: bool
) -> Iterable[tuple[Mapping[str, Any], list[Fraction], list[Fraction], Fraction]]:
    """Vectors, what was found and expected of each, and the largest difference."""
    for vector in read_vectors(file):
        answer = answer_of(vector)
        if answer is None or vector.get("note", "").startswith(KNOWN_RESIDUAL) != residual:
            continue
        found, expected = _flat(answer(vector["input"])), _flat(vector["expected"])
        yield vector, found, expected, max(abs(one - other) for one, other in zip(found, expected, strict=True))


def _told(vector: Mapping[str, Any], found: Iterable[Fraction]) -> str:
    return f"{vector['id']}: {vector['expected']} expected, {[str(one) for one in found]}"


def vectors(file: Path) -> Comparison:
    """Every vector of a regime that terms can express, within its own tolerance; those it calls known residuals apart."""
    result = Comparison()
    for vector, found, _, error in _answered(file, residual=False):
        result.add(error <= _exactly(vector["tol"]), float(error), _told(vector, found))
    return result


def known_residuals(file: Path) -> Comparison:
    """Vectors that their note calls known residuals, because part of what decided them is not published. They match
    where the note's condition holds: at least as much is owed as was published. The errors are those of the amounts."""
    result = Comparison()
    for vector, found, expected, error in _answered(file, residual=True):
        result.add(found[0] <= expected[0] < 0, float(error), _told(vector, found))
    return result


def not_built(file: Path) -> list[str]:
    """The regimes of vectors that no terms express yet, by name."""
    return sorted({vector["regime"] for vector in read_vectors(file) if answer_of(vector) is None})
