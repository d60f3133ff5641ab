"""Whole valid terms of every feature, settled on any performance: conservation, caps, and no crash."""

from __future__ import annotations

import os
import typing
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal

from drawn_terms import Performance, drawn_terms, performances
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from settlement_world import yaml_of

from foundation.canonical import content_id
from settlement.engine import Settlement
from settlement.exact import exact, round_half_up
from settlement.extremes import party_extremes
from settlement.journal import balances_of
from settlement.loss_limits import member_caps
from settlement.nesting import SUB_CONTRACT, promises
from settlement.payments import Payment
from settlement.terms import Terms, load_terms
from settlement.top_up import pool_pounds

# Lines that follow from a member's own parts: what a sub-contract promises is reckoned before them.
LATE = ("condition", "recoup")
# `make soak` asks for 10,000 through this name.
WANTED = int(os.environ.get("OUTTURN_PROPERTY_CASES", "40"))
# Terms are large: shrinking them takes longer than reading the case that was found.
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink)
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
CASES = settings(max_examples=WANTED, deadline=None, phases=PHASES, suppress_health_check=HEALTH)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The parts an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _words(annotation: Any) -> set[Any]:
    """The words a Literal anywhere in an annotation allows."""
    if typing.get_origin(annotation) is Literal:
        return set(typing.get_args(annotation))
    return set().union(*(_words(argument) for argument in typing.get_args(annotation)))


def _wanted() -> tuple[set[str], set[str]]:
    """Every entry of the terms as `Part.entry`, and every word an entry may be as `Part.entry=word`."""
    entries: set[str] = set()
    words: set[str] = set()
    seen: set[type[BaseModel]] = {Terms}
    left: list[type[BaseModel]] = [Terms]
    while left:
        model = left.pop()
        for name, field in model.model_fields.items():
            entries.add(f"{model.__name__}.{name}")
            words |= {f"{model.__name__}.{name}={word}" for word in _words(field.annotation)}
            for found in _models(field.annotation):
                if found not in seen:
                    seen.add(found)
                    left.append(found)
    return entries, words


def _held(value: Any) -> Iterator[str]:
    """The entries a part holds, with the words among them."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _held(item)
    if not isinstance(value, BaseModel):
        return
    for name in type(value).model_fields:
        item = getattr(value, name)
        if item is None:
            continue
        yield f"{type(value).__name__}.{name}"
        for word in item if isinstance(item, tuple) else [item]:
            if isinstance(word, (str, int)):
                yield f"{type(value).__name__}.{name}={word}"
        yield from _held(item)


def test_every_entry_of_the_terms_is_drawn() -> None:
    """A feature enters the terms together with its place in `drawn_terms`: every entry, and every word one may be."""
    held: set[str] = set()

    @settings(CASES, max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(drawn_terms())
    def collect(terms: Terms) -> None:
        held.update(_held(terms))

    collect()
    entries, words = _wanted()
    never = sorted((entries | words) - held)
    assert not never, f"draw these in tests/settlement/drawn_terms.py, in the part they stand in: {', '.join(never)}"


def test_an_entry_that_is_not_drawn_is_named() -> None:
    entries, words = _wanted()
    assert {"Gain.above_whole_waiver", "TopUp.advances", "Kpi.must_reach"} <= entries
    assert {"StopLoss.excess_to=other_members", "ActualCost.categories=fee"} <= words


def _by_line(made: Settlement) -> dict[str, int]:
    return {posting.line: posting.amount_pence for posting in made.postings}


def _parts(made: Settlement, line: str) -> dict[str, int]:
    return {one.member_id: one.amount_pence for one in made.member_lines if one.line == line}


def _caps_hold(done: Performance, made: Settlement) -> None:
    """No line above what the terms bound it by, and no member below its stop-loss or above its extreme."""
    terms, lines = done.terms, _by_line(made)
    finance = terms.finance
    if finance.shared_cost is not None:
        target = terms.target_pounds(terms.target(done.period_id))
        gain, loss = finance.shared_cost.gain, finance.loss
        assert lines.get("gain", 0) >= 0
        if gain.cap_pct_of_target is not None:
            assert lines.get("gain", 0) <= round_half_up(exact(gain.cap_pct_of_target) * target)
        owed = -lines.get("loss", 0)
        assert owed >= 0
        if loss is not None:
            bounds = [exact(loss.cap_pct_of_target) * target] if loss.cap_pct_of_target is not None else []
            bounds += [Fraction(2_000_000)] if loss.cap_of_revenue is not None else []
            if loss.capped_at_fee:
                bounds.append(Fraction(sum(row["amount_pence"] for row in done.ledger if row["category"] == "fee")))
            assert all(owed <= round_half_up(bound) for bound in bounds)
            borne = _parts(made, "loss")
            assert all(-borne.get(member, 0) <= cap for member, cap in member_caps(terms).items())
    if finance.top_up is not None:
        base, pool = terms.base_pounds(done.period_id), pool_pounds(terms, done.period_id)
        assert made.step("base").exact == base
        most = {"top_up": pool, "bonus": Fraction(0), "award": Fraction(0)}
        if finance.top_up.bonus is not None:
            most["bonus"] = exact(finance.top_up.bonus.pct_of_base) / 100 * base
        if finance.top_up.unplanned_award is not None:
            most["award"] = exact(finance.top_up.unplanned_award.greatest_gbp)
        assert all(0 <= lines.get(line, 0) <= round_half_up(bound * 100) for line, bound in most.items())
    extremes = party_extremes(terms, done.period_id)
    for member in terms.member_ids:
        bound = extremes[member].greatest_gain_pence
        gained = sum(max(_parts(made, line).get(member, 0), 0) for line in lines if line != SUB_CONTRACT)
        # largest remainder can give a member a penny of each line more than its part of the greatest sum
        assert bound is None or gained <= bound + len(lines)
        promised = promises(terms).get(member)
        if promised is not None and made.status != "withheld":
            own = sum(one.amount_pence for one in made.member_lines if one.member_id == member and one.line not in LATE)
            assert promised <= own and (bound is None or own <= max(bound, promised) + len(lines))


def _paid_and_booked(made: Settlement) -> None:
    """What each member receives less what it pays is its line, and books balance by entry, by party and in all."""
    for posting in made.postings:
        own = [one for one in made.payments if one.line == posting.line]
        for member, pence in _parts(made, posting.line).items():
            assert _received(own, member) == pence
    for entry in {line.entry for line in made.journal}:
        debit, credit = (line for line in made.journal if line.entry == entry)
        assert (debit.party, debit.debit_pence, debit.credit_pence) == (credit.party, credit.credit_pence, 0)
        assert debit.debit_pence > 0 == credit.debit_pence
    by_party: dict[str, int] = {}
    for (party, _), pence in balances_of(made.journal).items():
        by_party[party] = by_party.get(party, 0) + pence
    assert set(by_party.values()) <= {0}


def _received(payments: list[Payment], member: str) -> int:
    received = sum(one.amount_pence for one in payments if one.payee == member)
    return received - sum(one.amount_pence for one in payments if one.payer == member)


def _recouped_and_carried(done: Performance, made: Settlement) -> None:
    """Law 7."""
    balances = {row["member_id"]: row["balance_pence"] for row in done.advances}
    recouped = _parts(made, "recoup")
    assert {member: balance + recouped.get(member, 0) for member, balance in balances.items()} == dict(
        made.carried_pence
    )
    assert all(-balances.get(member, 0) <= taken <= 0 for member, taken in recouped.items())


def _counts_something(done: Performance, terms: Terms) -> bool:
    """Whether a claim of the rate card was proved good."""
    card = terms.finance.rate_card if terms.finance else None
    return card is not None and any(done.actions[row.kpi] == "pay" for row in card.rows)


@CASES
@given(st.data(), drawn_terms())
def test_any_terms_settle_on_any_performance(data: st.DataObject, terms: Terms) -> None:
    """1, 4, 7, 8, 9, 11, 13, 16: conservation to the penny, every cap, no gain on what is not proved, and no crash."""
    done = data.draw(performances(terms))
    made = done.settle()
    for posting in made.postings:
        assert sum(_parts(made, posting.line).values()) == posting.amount_pence
        assert type(posting.amount_pence) is int
    assert {line.line for line in made.member_lines} <= set(_by_line(made))
    _caps_hold(done, made)
    _paid_and_booked(made)
    _recouped_and_carried(done, made)
    whole = done.actions.get("settlement", "pay")
    judged = {done.actions[kpi.id] for kpi in terms.paid_kpis}
    if whole != "pay" or judged <= {"forfeit", "withhold", "neutral", "small"}:
        # what is paid by the piece, or for activity, rests on counts of its own
        own = {"activity"} | ({"rate_card"} if _counts_something(done, terms) else set()) if whole == "pay" else set()
        assert all(pence <= 0 for line, pence in _by_line(made).items() if line not in own)
    if made.status == "withheld":
        assert set(_by_line(made).values()) <= {0}
    assert not any(isinstance(cell, float) for row in made.step_rows() + made.posting_rows() for cell in row.values())
    assert content_id(made.posting_rows())
    again = done.settle(made.posting_rows()) if made.status != "withheld" else done.settle()
    assert again.postings == (() if made.status != "withheld" else made.postings)
    assert again.carried_pence == made.carried_pence


@CASES
@given(st.data(), drawn_terms())
def test_9_nothing_is_paid_on_figures_that_nobody_reported(data: st.DataObject, terms: Terms) -> None:
    """Every paid KPI forfeit: no line is positive, whatever the terms pay at the worst score; what is owed is owed.

    Activity and a rate card rest on no score: work that was done, and outcomes that were counted, are paid.
    """
    done = data.draw(performances(terms, always="forfeit"))
    made = done.settle()
    assert made.status != "withheld"
    assert all(pence <= 0 for line, pence in _by_line(made).items() if line not in ("activity", "rate_card"))
    _recouped_and_carried(done, made)


@settings(CASES, max_examples=max(WANTED // 4, 5))
@given(st.data(), drawn_terms())
def test_drawn_terms_are_terms_as_files_hold_them(data: st.DataObject, terms: Terms) -> None:
    """What the strategy draws is what YAML can say: written out and loaded again, it is the same agreement."""
    written = yaml_of(terms.model_dump(mode="python", exclude_none=True))
    loaded = load_terms(written)
    assert loaded.terms_hash == terms.terms_hash
    done = data.draw(performances(terms))
    assert done.settle().terms_hash == terms.terms_hash
