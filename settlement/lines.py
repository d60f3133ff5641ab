"""The lines of a settlement: what each regime of the terms posts, why, and the one rounding of each line.

Belongs here: gain or loss of shared cost, top-up, bonus and award, and what stops them (gate, must-pass, live weight).
Not here: the arithmetic before rounding (`pool`, `top_up`), members' parts (`postings`), restatement (`restate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settlement.activity import held_elements, take_activity
from settlement.avoided import take_certified_pool, take_kept
from settlement.exact import exact
from settlement.future_work import take_future_work
from settlement.gate_record import SETTLEMENT_SCOPE, GateRecord
from settlement.innovation_pot import take_innovation_pot
from settlement.kra_pool import take_kra_pool
from settlement.limbs import take_limbs
from settlement.loss_limits import take_loss_limits
from settlement.open_book import read_book
from settlement.pool import take_actual, take_gain, take_loss, take_pool, take_target
from settlement.postings import COST_LINES, line_words, recouped_from
from settlement.rate_card import take_rate_card
from settlement.recorded import PeriodRecords
from settlement.restate import Prior
from settlement.score import Score
from settlement.standing import take_small_overpayments
from settlement.statement import Statement, Step
from settlement.terms import Terms
from settlement.top_up import take_advances, take_award, take_base, take_bonus, take_top_up

Rows = Sequence[Mapping[str, Any]]


def _barred(score: Score, whole: str, standards: tuple[str, ...] = (), *, scored: bool = True) -> str | None:
    """Why no gain may be paid whatever the pool is; None if it may. standards: those not reached that bar it too.

    scored: whether the line rests on the score, so that scored KPIs which are all forfeit bar it."""
    if whole == "forfeit":
        return "the settlement's gain is forfeit by its recorded cause"
    if score.all_forfeit and scored:
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

    evidence: the step each line rests on. waiting: lines that move nothing until a cause is recorded, and why.
    """

    posted: Mapping[str, Step]
    evidence: Mapping[str, Step]
    reason: str
    withheld: bool
    waiting: Mapping[str, str]


@dataclass(frozen=True)
class _Stop:
    """Why a line posts nothing, whatever it came to: the word of the step, the reason, where the terms say so."""

    word: str
    reason: str
    reference: str


def _round(statement: Statement, name: str, amount: Step, reference: str) -> Step:
    """The only rounding of a line: half up to a penny; a loss is negative."""
    words = line_words(name)
    return statement.step(
        f"{name}_posted",
        f"{words[:1].upper()}{words[1:]} of the alliance, rounded once to a whole penny",
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
    statement: Statement,
    terms: Terms,
    gate: GateRecord,
    ledger_rows: Rows,
    score: Score,
    recorded: PeriodRecords,
    prior: Prior | None,
) -> tuple[dict[str, Step], str]:
    """The steps from cost to the line of gain or loss, or to both as they stand, and why it is what it is."""
    whole = gate.decide(SETTLEMENT_SCOPE).action
    book = read_book(terms, gate.period_id, ledger_rows)
    target = take_target(statement, terms, gate.period_id)
    pool = take_pool(statement, terms, target, take_actual(statement, terms, book.costs))
    avoided = terms.finance.avoided
    if avoided is not None:
        pool = take_certified_pool(statement, avoided, pool, score, recorded.certificates)
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
        if statement["pool"].exact > 0:
            reason = "The saving is not certified as cash-releasing: nothing is shared."
    elif amount.exact == 0 and barred is None:
        reason += " Under the terms and the score nothing is posted for it."
    if whole == "neutral":
        reason = "The settlement is neutral by its recorded cause: neither gain nor loss."
        amount = statement.step("neutral_settlement", reason, "0", {}, "GBP", "terms:gate.causes")
    if _is_withheld(terms, score, whole):
        reason = _withheld_words(terms)
        amount = statement.step("withheld_settlement", reason, "0", {}, "GBP", "terms:scoring.minimum_live_weight_pct")
    posted = _round(statement, name, amount, "terms:finance.payment")
    stands = {name: posted}
    if not _is_withheld(terms, score, whole):
        # An overpayment that is not reclaimed stays paid, and what is reported of the whole period says so.
        stands = take_small_overpayments(statement, terms, stands, prior, [COST_LINES])
    if terms.finance.limbs is not None:
        take_limbs(statement, terms.finance.limbs, book.books, stands)
    if avoided is not None and not _is_withheld(terms, score, whole):
        take_kept(statement, avoided, stands.get("gain", posted))
    return stands, reason


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
    statement: Statement, terms: Terms, gate: GateRecord, ledger_rows: Rows, score: Score, recorded: PeriodRecords
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
    take_innovation_pot(statement, terms, ledger_rows)
    take_advances(statement, terms)
    if stop is not None:
        return posted, f"{stop.reason} The base is paid all the same."
    if posted["top_up"].exact == 0:
        return posted, "The score earns no top-up; the base is paid all the same."
    more = " and a bonus" if "bonus" in posted and posted["bonus"].exact > 0 else ""
    return posted, f"The score earns a part of the top-up pool{more}, beside the base."


def _other_stop(terms: Terms, score: Score, whole: str) -> _Stop | None:
    """What stops every line beside cost and top-up, whichever way it runs."""
    if _is_withheld(terms, score, whole):
        return _Stop("withheld", _withheld_words(terms), "terms:scoring.minimum_live_weight_pct")
    if whole == "neutral":
        words = "The settlement is neutral by its recorded cause: nothing is paid and nothing is owed."
        return _Stop("neutral", words, "terms:gate.causes")
    return None


def _take_other_lines(
    statement: Statement, terms: Terms, gate: GateRecord, score: Score
) -> tuple[dict[str, Step], list[str]]:
    """The steps of KRA pool, rate card and activity: the rounding step of each line, and why it is what it is.

    What bars a gain bars what these lines would pay, never what the alliance owes on them. A must-pass condition leaves
    activity alone: work that was done is paid, and is no gain.
    """
    finance, whole = terms.finance, gate.decide(SETTLEMENT_SCOPE).action
    stop = _other_stop(terms, score, whole)
    # a standard that opens the gain by itself is a must-pass KPI to every line beside it
    barred = _barred(score, whole, score.failed_standards)
    posted: dict[str, Step] = {}
    reasons: list[str] = []

    def post(name: str, amount: Step, barred: str | None, up: str, down: str) -> None:
        words = line_words(name)
        if stop is not None:
            amount = statement.step(f"{stop.word}_{name}", stop.reason, "0", {}, "GBP", stop.reference)
            reasons.append(stop.reason)
        elif barred is not None and amount.exact > 0:
            reasons.append(f"Nothing is paid on the {words}: {barred}.")
            amount = statement.step(
                f"barred_{name}", reasons[-1], f"min({name}, 0)", {name: amount}, "GBP", "terms:gate"
            )
        else:
            nothing = f"Nothing is posted on the {words}."
            reasons.append(up if amount.exact > 0 else down if amount.exact < 0 else nothing)
        posted[name] = _round(statement, name, amount, f"terms:finance.{name}")

    if finance.kra_pool is not None:
        amount = take_kra_pool(statement, terms, finance.kra_pool, gate, score)
        up, down = "The score earns a part of the KRA pool.", "The alliance owes a part of the KRA pool by its score."
        post("kra_pool", amount, barred, up, down)
    if finance.rate_card is not None:
        amount = take_rate_card(statement, finance.rate_card, score)
        by_number = _barred(score, whole, score.failed_standards, scored=False)
        post("rate_card", amount, by_number, "Outcomes are paid by the rate card.", "")
    if finance.activity is not None:
        amount = take_activity(statement, finance.activity, score)
        up, down = "Activity above its threshold is paid.", "Activity below its threshold is taken back."
        post("activity", amount, _barred_whole(whole), up, down)
    return posted, reasons


def _barred_whole(whole: str) -> str | None:
    return "it is forfeit by the recorded cause" if whole == "forfeit" else None


def _waiting(terms: Terms, score: Score, period_id: str, *, stopped: bool) -> dict[str, str]:
    """Lines that a withheld figure keeps from moving either way, and why."""
    activity = terms.finance.activity
    held = () if activity is None or stopped else held_elements(activity, score, period_id)
    return {"activity": f"{', '.join(held)} is withheld until its cause is recorded"} if held else {}


def take_lines(
    statement: Statement,
    terms: Terms,
    gate: GateRecord,
    ledger_rows: Rows,
    score: Score,
    recorded: PeriodRecords,
    prior: Prior | None = None,
) -> Lines:
    """The steps of every regime the terms agree, and the lines they come to. prior: what was posted before."""
    posted: dict[str, Step] = {}
    evidence: dict[str, Step] = {}
    reasons = []
    if terms.finance.shared_cost is not None:
        cost, reason = _take_cost_line(statement, terms, gate, ledger_rows, score, recorded, prior)
        posted |= cost
        evidence |= dict.fromkeys(COST_LINES, statement["saving"])
        reasons.append(reason)
    if terms.finance.top_up is not None:
        own, reason = _take_top_up_lines(statement, terms, gate, ledger_rows, score, recorded)
        posted |= own
        evidence |= dict.fromkeys(("top_up", "bonus", "condition"), score.overall)
        evidence["award"] = statement["award"] if "award" in own else score.overall
        reasons.append(reason)
    other, why = _take_other_lines(statement, terms, gate, score)
    posted |= other
    evidence |= {name: score.overall if name == "kra_pool" else statement[name] for name in other}
    reasons += why
    take_loss_limits(statement, terms)
    if terms.finance.future_work is not None:
        take_future_work(statement, terms.finance.future_work, score)
    evidence["recoup"] = evidence[recouped_from(terms)]
    whole = gate.decide(SETTLEMENT_SCOPE).action
    waiting = _waiting(terms, score, gate.period_id, stopped=_other_stop(terms, score, whole) is not None)
    reason = " ".join(dict.fromkeys(reasons))
    return Lines(posted, evidence, reason, _is_withheld(terms, score, whole), waiting)
