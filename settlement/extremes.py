"""The most each party can gain and lose in a period under the terms, whatever happens.

Belongs here: the ends of the engine's own arithmetic, for a statement by party (CNI-09).
Not here: how likely they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from settlement.activity import variance_bounds
from settlement.exact import exact, round_half_up
from settlement.kra_pool import pool_of, share_curve
from settlement.loss_limits import member_caps
from settlement.nesting import promises
from settlement.pool import factor_curve, people_curve
from settlement.postings import RESIDUE, share_line
from settlement.rate_card import row_cap
from settlement.terms import Terms
from settlement.terms_finance import Band, Complement
from settlement.top_up import bonus_curve, pool_curve, pool_pounds


@dataclass(frozen=True)
class Extreme:
    """Greatest gain and greatest loss of a member, in pence, both 0 or more. None: the terms set no bound.

    For `commissioner-residue`, the loss is what the commissioner carries above the members' stop-loss.
    at_least_pence: what the member receives even at the worst, because its sub-contract promises it.
    """

    greatest_gain_pence: int | None
    greatest_loss_pence: int | None
    at_least_pence: int = 0


def _shared(bands: Sequence[Band], target: Fraction, pool: Fraction | None) -> Fraction | None:
    """The alliance's part of a pool, or of an endless one (None); None where that has no bound."""
    total, reached = Fraction(0), Fraction(0)
    for band in bands:
        rate = exact(band.rate_pct) / 100
        top = None if band.up_to_pct is None else exact(band.up_to_pct) / 100 * target
        end = top if pool is None else pool if top is None else min(pool, top)
        if end is None:
            return None if rate > 0 else total
        total += rate * max(end - reached, Fraction(0))
        reached = max(reached, end)
    return total


def _reachable_factor(terms: Terms, side: str) -> Fraction:
    """The best G, or the worst L, within the scores the curves can give and the standards that can be reached."""
    points = terms.scoring.level_points
    gain, loss = terms.finance.gain, terms.finance.loss
    if side == "loss":
        curves = [] if loss is None or loss.score_factor is None else [loss.score_factor]
    elif gain is not None and gain.standards is not None:
        score = exact(points.game_breaking)
        # one without a factor opens the whole gain; another may open more
        return max(
            Fraction(1) if standard.score_factor is None else factor_curve(standard.score_factor).at(score)
            for standard in gain.standards
        )
    else:
        curves = [] if gain is None or gain.score_factor is None else [gain.score_factor]
    score = exact(points.game_breaking if side == "gain" else points.failure)
    return max((factor_curve(knots).at(score) for knots in curves), default=Fraction(1))


def _greatest_rate(complement: Complement, worst: Fraction) -> Fraction:
    """The greatest rate of an overspend: at the worst score, or with no standard reached."""
    kept = Fraction(0)
    if complement.standards is None:
        kept = Fraction(1) if complement.score_factor is None else factor_curve(complement.score_factor).at(worst)
    rate = 1 - exact(complement.of_rate_pct) / 100 * kept
    return max(exact(complement.least_pct) / 100, min(exact(complement.greatest_pct) / 100, rate))


def _greatest_gain(terms: Terms, period_id: str) -> Fraction:
    cost = terms.finance.shared_cost
    if cost is None:
        return Fraction(0)
    gain, target = cost.gain, terms.target_pounds(terms.target(period_id))
    people, knots = terms.target(period_id).people, cost.corridor.least_saving_by_people
    if cost.corridor.least_saving_pct is not None:
        least = exact(cost.corridor.least_saving_pct) / 100
    else:
        least = people_curve(knots or ()).at(Fraction(people or 0))
    # Cost cannot fall below nothing, so the pool cannot exceed the target.
    pool = target * (1 - least) if cost.corridor.shared_from == "beyond" else target
    amount = (_shared(gain.bands, target, pool) or Fraction(0)) * _reachable_factor(terms, "gain")
    if gain.least_score is not None and exact(terms.scoring.level_points.game_breaking) < exact(gain.least_score):
        return Fraction(0)
    if gain.levy_factor is not None:
        amount *= exact(gain.levy_factor)
    if gain.cap_pct_of_target is not None:
        amount = min(amount, exact(gain.cap_pct_of_target) / 100 * target)
    return amount


def _borne_part(terms: Terms, period_id: str) -> Fraction:
    part = terms.loss_part_pct(period_id)
    return Fraction(1) if part is None else exact(part) / 100


def _greatest_loss(terms: Terms, period_id: str) -> Fraction | None:
    """None when nothing bounds it. A cap at the fee is left out: the fee is known only with the open book."""
    loss = terms.finance.loss
    if loss is None:
        return Fraction(0)
    agreed = terms.target(period_id)
    target = terms.target_pounds(agreed)
    factor = _reachable_factor(terms, "loss") * _borne_part(terms, period_id)
    if loss.complement is not None:
        rate = _greatest_rate(loss.complement, exact(terms.scoring.level_points.failure))
        shared = None if rate > 0 else Fraction(0)
    else:
        shared = _shared(loss.bands or (), target, None)
    bounds = [] if shared is None and factor > 0 else [(shared or Fraction(0)) * factor]
    if loss.cap_pct_of_target is not None:
        bounds.append(exact(loss.cap_pct_of_target) / 100 * target)
    if loss.cap_of_revenue is not None:
        bounds.append(exact(loss.cap_of_revenue.pct) / 100 * exact(loss.cap_of_revenue.revenue_gbp))
    left = 1 - exact(agreed.loss_relief_pct or 0) / 100
    if not left:
        return Fraction(0)
    if not bounds:
        return None
    return max(min(bounds) - exact(agreed.loss_relief_gbp or 0), Fraction(0)) * left


def _greatest_top_up(terms: Terms, period_id: str) -> dict[str, Fraction]:
    """The most each line of the top-up can come to, in pounds: every KPI live, at its best. None can be a loss."""
    if terms.finance.top_up is None:
        return {}
    top_up, base = terms.top_up, terms.base_pounds(period_id)
    best = exact(terms.scoring.level_points.game_breaking)
    found = {"top_up": pool_pounds(terms, period_id) * pool_curve(terms).at(best)}
    if top_up.bonus is not None:
        found["bonus"] = exact(top_up.bonus.pct_of_base) / 100 * base * bonus_curve(top_up.bonus).at(best)
    if top_up.unplanned_award is not None:
        found["award"] = exact(top_up.unplanned_award.greatest_gbp)
    return found


def _greatest_of_others(terms: Terms, period_id: str) -> dict[str, tuple[Fraction | None, Fraction]]:
    """Most and least of each line beside cost and top-up, in pounds; a most of None has no bound."""
    finance, points = terms.finance, terms.scoring.level_points
    found: dict[str, tuple[Fraction | None, Fraction]] = {}
    if finance.kra_pool is not None:
        pool, curve = pool_of(finance.kra_pool, period_id), share_curve(finance.kra_pool)
        best, worst = (pool * curve.at(exact(score)) for score in (points.game_breaking, points.failure))
        found["kra_pool"] = max(best, Fraction(0)), min(worst, Fraction(0)) * _borne_part(terms, period_id)
    if finance.rate_card is not None:
        caps = (row_cap(row, period_id) for row in finance.rate_card.rows)
        found["rate_card"] = sum(caps, Fraction(0)), Fraction(0)
    if finance.activity is not None:
        found["activity"] = variance_bounds(finance.activity, period_id)
    return found


def _greatest_gains(terms: Terms, period_id: str) -> dict[str, int | None]:
    """Pence by member: the parts of every line at its greatest. None for all where a line has no bound."""
    lines: dict[str, Fraction | None] = {
        "gain": _greatest_gain(terms, period_id),
        **_greatest_top_up(terms, period_id),
        **{line: most for line, (most, _) in _greatest_of_others(terms, period_id).items()},
    }
    if None in lines.values():
        return dict.fromkeys(terms.member_ids)
    shared = [share_line(terms, line, round_half_up((amount or Fraction(0)) * 100)) for line, amount in lines.items()]
    return {member: sum(line.parts[member] for line in shared) for member in terms.member_ids}


def _with_promises(terms: Terms, found: Mapping[str, Extreme]) -> dict[str, Extreme]:
    """The same where sub-contracts promise a least sum: they lose nothing, and the prime may have to pay all of it."""
    promised, ends = promises(terms), dict(found)
    if terms.contracts is None or not promised:
        return ends
    prime = terms.contracts.prime
    # a promise counts what is then held back from a member that does not take part in learning
    learning = None if terms.finance.top_up is None else terms.finance.top_up.learning_and_development
    held = 0 if learning is None else round_half_up(exact(learning.withhold_gbp) * 100)
    most: int | None = ends[prime].greatest_loss_pence
    for member, pence in promised.items():
        gain, loss = ends[member].greatest_gain_pence, ends[member].greatest_loss_pence
        ends[member] = Extreme(None if gain is None else max(gain, pence), 0, max(pence - held, 0))
        most = None if most is None or loss is None else most + loss + pence
    ends[prime] = Extreme(ends[prime].greatest_gain_pence, most)
    return ends


def party_extremes(terms: Terms, period_id: str) -> dict[str, Extreme]:
    """Greatest gain and loss by member id, and the residue the commissioner could carry.

    Gain is that of every line together: gain, top-up, bonus, award, KRA pool, rate card, activity. Loss is that of
    cost, KRA pool and activity. The base is neither gain nor at risk.
    Without a bound on the alliance's loss a member is bounded by its limits alone, where it has some, and those hold
    for cost and KRA pool.
    """
    gains, loss = _greatest_gains(terms, period_id), _greatest_loss(terms, period_id)
    owed = {line: round_half_up(least * 100) for line, (_, least) in _greatest_of_others(terms, period_id).items()}
    taken_back = share_line(terms, "activity", owed.get("activity", 0)).parts
    if loss is None:
        caps = member_caps(terms)
        found = {
            member: Extreme(part, caps[member] - taken_back[member] if member in caps else None)
            for member, part in gains.items()
        }
        return {**_with_promises(terms, found), RESIDUE: Extreme(0, None)}
    losses = share_line(terms, "loss", -round_half_up(loss * 100))
    pool = share_line(terms, "kra_pool", owed.get("kra_pool", 0), losses.parts)
    found = {
        member: Extreme(part, -losses.parts[member] - pool.parts[member] - taken_back[member])
        for member, part in gains.items()
    }
    return {**_with_promises(terms, found), RESIDUE: Extreme(0, -losses.residue - pool.residue)}
