"""The lines of a settlement: what each regime of the terms posts, why, and the one rounding of each line.

Belongs here: gain or loss of shared cost, top-up, bonus and award, and what stops them (gate, must-pass, live weight).
Not here: the arithmetic before rounding (`pool`, `top_up`), members' parts (`postings`), restatement (`restate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settlement.exact import exact
from settlement.gate_record import SETTLEMENT_SCOPE, GateRecord
from settlement.open_book import read_book
from settlement.pool import take_actual, take_gain, take_loss, take_pool, take_target
from settlement.postings import COST_LINES, recouped_from
from settlement.recorded import PeriodRecords
from settlement.score import Score
from settlement.statement import Statement, Step
from settlement.terms import Terms
from settlement.top_up import take_advances, take_award, take_base, take_bonus, take_innovation_pot, take_top_up

Rows = Sequence[Mapping[str, Any]]


def _barred(score: Score, whole: str, standards: tuple[str, ...] = ()) -> str | None:
    """Why no gain may be paid whatever the pool is; None if it may. standards: those not reached that bar it too."""
    if whole == "forfeit":
        return "the settlement's gain is forfeit by its recorded cause"
    if score.all_forfeit:
        return "every KPI that counts is forfeit or withheld"
    if not score.conditions_met or standards:
        return f"a must-pass condition is not met ({', '.join(sorted({*score.failed_conditions, *standards}))})"
    return None


def _is_withheld(terms: Terms, score: Score, whole: str) -> bool:
    least = exact(terms.scoring.minimum_live_weight_pct) / 100
    return whole == "withhold" or score.live_weight.exact < least


@dataclass(frozen=True)
class Lines:
    """The lines computed for a period: the rounding step of each, why in one plain text, and whether all of it waits.

    evidence: the step each line rests on.
    """

    posted: Mapping[str, Step]
    evidence: Mapping[str, Step]
    reason: str
    withheld: bool


@dataclass(frozen=True)
class _Stop:
    """Why a line posts nothing, whatever it came to: the word of the step, the reason, where the terms say so."""

    word: str
    reason: str
    reference: str


def _round(statement: Statement, name: str, amount: Step, reference: str) -> Step:
    """The only rounding of a line: half up to a penny; a loss is negative."""
    return statement.step(
        f"{name}_posted",
        f"{name.capitalize().replace('_', '-')} of the alliance, rounded once to a whole penny",
        "-round_half_up(amount * 100)" if name == "loss" else "round_half_up(amount * 100)",
        {"amount": amount},
        "pence",
        reference,
    )


def _withheld_words(terms: Terms) -> str:
    words = "Withheld: too little of the agreed weight can be settled on"
    # Under a rule for small numbers there may be no cause to wait for.
    return f"{words} until the cause is recorded." if terms.gate.small_numbers is None else f"{words}."


def _take_cost_line(
    statement: Statement, terms: Terms, gate: GateRecord, ledger_rows: Rows, score: Score
) -> tuple[str, Step, str]:
    """The steps from cost to the one line of gain or loss: its name, its rounding step, why it is what it is."""
    whole = gate.decide(SETTLEMENT_SCOPE).action
    book = read_book(terms, gate.period_id, ledger_rows)
    target = take_target(statement, terms, gate.period_id)
    pool = take_pool(statement, terms, target, take_actual(statement, terms, book.costs))
    barred = _barred(score, whole)
    if pool.exact < 0:
        name, reason = "loss", "The alliance spent more than its target."
        amount = take_loss(statement, terms, pool, target, score, book.fee, gate.period_id)
    else:
        name, reason = "gain", "The alliance spent less than its target."
        amount = take_gain(statement, terms, pool, target, score, barred=barred)
        if barred is not None:
            reason = f"No gain: {barred}."
    if pool.exact == 0:
        reason = "The cost stayed within the corridor: nothing is shared."
    elif amount.exact == 0 and barred is None:
        reason += " Under the terms and the score nothing is posted for it."
    if whole == "neutral":
        reason = "The settlement is neutral by its recorded cause: neither gain nor loss."
        amount = statement.step("neutral_settlement", reason, "0", {}, "GBP", "terms:gate.causes")
    if _is_withheld(terms, score, whole):
        reason = _withheld_words(terms)
        amount = statement.step("withheld_settlement", reason, "0", {}, "GBP", "terms:scoring.minimum_live_weight_pct")
    return name, _round(statement, name, amount, "terms:finance.payment"), reason


def _top_up_stop(terms: Terms, score: Score, whole: str) -> _Stop | None:
    """What stops every line of the top-up; the base is paid all the same."""
    if _is_withheld(terms, score, whole):
        return _Stop("withheld", _withheld_words(terms), "terms:scoring.minimum_live_weight_pct")
    if whole == "neutral":
        words = "The settlement is neutral by its recorded cause: neither top-up nor bonus."
        return _Stop("neutral", words, "terms:gate.causes")
    # A standard that opens the gain by itself is a must-pass KPI to every line beside it.
    if (barred := _barred(score, whole, score.failed_standards)) is not None:
        return _Stop("barred", f"No top-up: {barred}.", "terms:gate")
    return None


def _take_top_up_lines(
    statement: Statement, terms: Terms, gate: GateRecord, score: Score, recorded: PeriodRecords
) -> tuple[dict[str, Step], str]:
    """The steps of base, top-up, bonus, award and reported sums; the rounding step of each line, and why."""
    stop = _top_up_stop(terms, score, gate.decide(SETTLEMENT_SCOPE).action)
    base = take_base(statement, terms, gate.period_id)
    posted: dict[str, Step] = {}

    def post(name: str, amount: Step, path: str) -> None:
        if stop is not None:
            amount = statement.step(f"{stop.word}_{name}", stop.reason, "0", {}, "GBP", stop.reference)
        posted[name] = _round(statement, name, amount, f"terms:finance.top_up.{path}")

    post("top_up", take_top_up(statement, terms, base, score.overall, score.live_weight), "pool_share")
    bonus = terms.top_up.bonus
    if bonus is not None:
        post("bonus", take_bonus(statement, bonus, base, score.overall, score.live_weight), "bonus")
    if recorded.awards:
        post("award", take_award(statement, recorded.awards), "unplanned_award")
    take_innovation_pot(statement, terms)
    take_advances(statement, terms)
    if stop is not None:
        return posted, f"{stop.reason} The base is paid all the same."
    if posted["top_up"].exact == 0:
        return posted, "The score earns no top-up; the base is paid all the same."
    more = " and a bonus" if "bonus" in posted and posted["bonus"].exact > 0 else ""
    return posted, f"The score earns a part of the top-up pool{more}, beside the base."


def take_lines(
    statement: Statement, terms: Terms, gate: GateRecord, ledger_rows: Rows, score: Score, recorded: PeriodRecords
) -> Lines:
    """The steps of every regime the terms agree, and the lines they come to."""
    posted: dict[str, Step] = {}
    evidence: dict[str, Step] = {}
    reasons = []
    if terms.finance.shared_cost is not None:
        name, step, reason = _take_cost_line(statement, terms, gate, ledger_rows, score)
        posted[name] = step
        evidence |= dict.fromkeys(COST_LINES, statement["saving"])
        reasons.append(reason)
    if terms.finance.top_up is not None:
        own, reason = _take_top_up_lines(statement, terms, gate, score, recorded)
        posted |= own
        evidence |= dict.fromkeys(("top_up", "bonus", "condition"), score.overall)
        evidence["award"] = statement["award"] if "award" in own else score.overall
        reasons.append(reason)
    evidence["recoup"] = evidence[recouped_from(terms)]
    withheld = _is_withheld(terms, score, gate.decide(SETTLEMENT_SCOPE).action)
    return Lines(posted, evidence, " ".join(dict.fromkeys(reasons)), withheld)
