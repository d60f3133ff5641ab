"""The way from one statement to another, in causes that add up to the penny.

Belongs here: substituting one thing after the other, each time through `settle`. Not here: drawing it (publication).

The order is fixed and said, because it decides how much each cause is given where two act together: terms, case mix,
redefinition, late data, missing submitters, performance, cost, decisions, standing, other. Nothing is left over:
`other` is what the difference of the two statements holds beside these (awards, advances, absences), worked out and
never spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from foundation.errors import WrongUsage
from settlement.books import Books
from settlement.gate_record import SETTLEMENT_SCOPE
from settlement.postings import RESIDUE
from settlement.recorded import decided_for
from settlement.supposed import months_of
from settlement.terms import Terms
from settlement.terms_parts import Kpi
from settlement.worlds import Amounts, Cell, World, amounts_of, figure_of, pence_of, row_of, world_of

# In the order in which they are substituted.
CAUSES: dict[str, str] = {
    "terms": "Terms: what the later terms make of the same figures and cost",
    "case_mix": "Case mix: the agreed factor of the target",
    "redefinition": "Redefinition: a figure's definition, with the levels agreed for it",
    "late_data": "Late data: the earlier figures and cost as they are known now",
    "missing_submitters": "Missing submitters: who had not reported, and what the gate made of it",
    "performance": "Performance: the figures",
    "cost": "Performance: the cost",
    "decisions": "Decisions: conditions judged and cash certified",
    "standing": "Stands as posted: overpayments too small to reclaim, and lines that wait for a cause",
    "other": "Other: awards, advances, and what was held back",
}
# A KPI with another one of these is another figure.
_DEFINED_BY = (
    "indicator_id", "indicator_version", "area_code", "breakdown", "unit", "polarity", "population_basis",
    "measurement_lag_months", "value_decimals",
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    """One substitution: its cause, what was substituted (a KPI's id, or blank), and by how much the payment moved."""

    cause: str
    subject: str
    moved: Amounts


@dataclass(frozen=True)
class Bridge:
    """From the earlier statement to the later one. Its moves add up to the difference, for everybody."""

    agreement_id: str
    from_period: str
    to_period: str
    start: Amounts
    end: Amounts
    moves: tuple[Move, ...]

    def by_cause(self) -> dict[str, Amounts]:
        """Every cause in order, also one that moved nothing."""
        nothing = Amounts(0, {})
        found = dict.fromkeys(CAUSES, nothing)
        for move in self.moves:
            found[move.cause] = move.moved.less(nothing.less(found[move.cause]))
        return found


def _with(terms: Terms, *, mix_of: Terms | None, mix_period: str, period: str, kpis: Mapping[str, Kpi]) -> Terms:
    """The terms with other KPIs by id, and with the mix another version agreed for a period."""
    data = terms.model_dump(mode="python", exclude_none=True)
    data["framework"]["kpis"] = [
        _kept(kpi, kpis[kpi.id]) if kpi.id in kpis else kpi.model_dump(mode="python", exclude_none=True)
        for kpi in terms.framework.kpis
    ]
    if mix_of is not None:
        before = next((target.mix for target in mix_of.finance.target_cost or () if target.period == mix_period), None)
        for target in data["finance"].get("target_cost", ()):
            if target["period"] == period:
                target.pop("mix", None)
                target |= {} if before is None else {"mix": before}
    return Terms.model_validate(data)


def _kept(kpi: Kpi, earlier: Kpi) -> dict[str, Any]:
    """The earlier definition and levels under the later weight."""
    data = earlier.model_dump(mode="python", exclude_none=True)
    data.pop("weight", None)
    return data | {"outcome": kpi.outcome} | ({} if kpi.weight is None else {"weight": kpi.weight})


def _moved_to(pence: Mapping[Cell, int], months: list[str], terms: Terms, new: Mapping[Cell, int]) -> dict[Cell, int]:
    """A cost under another period's months, in order; a member without one in it has that of the later book."""
    order = sorted({month for _, month, _ in pence})
    found: dict[Cell, int] = {}
    for (member, month, category), amount in pence.items():
        if member in terms.member_ids:
            key = (member, months[order.index(month) % len(months)], category)
            found[key] = found.get(key, 0) + amount
    held = {member for member, _, _ in found}
    return found | {key: amount for key, amount in new.items() if key[0] not in held}


def _is_redefined(old: Kpi, new: Kpi) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in _DEFINED_BY)


def build_bridge(old: Books, new: Books) -> Bridge:
    """The bridge from one settlement to another of the same agreement. WrongUsage for two agreements.

    Refused as the engine refuses where either cannot be settled.
    """
    if old.terms.id != new.terms.id:
        raise WrongUsage(
            f"{old.terms.id} and {new.terms.id} are two agreements.", "bridge two statements of the same agreement."
        )
    start, end = amounts_of(old.stand()), amounts_of(new.stand())
    moves = []
    first = before = world_of(old).amounts()
    for cause, subject, world in _worlds(old, new):
        after = world.amounts()
        moves.append(Move(cause, subject, after.less(before)))
        before = after
    # What is left as it was posted: too little to reclaim, or waiting for a cause.
    standing = end.less(amounts_of(new.settle())).less(start.less(amounts_of(old.settle())))
    moves.append(Move("standing", "", standing))
    moves.append(Move("other", "", end.less(start).less(before.less(first)).less(standing)))
    shown = tuple(move for move in moves if move.moved.alliance or any(move.moved.by_member.values()))
    return Bridge(old.terms.id, old.period_id, new.period_id, start, end, shown)


def _worlds(old: Books, new: Books) -> Iterator[tuple[str, str, World]]:
    """One thing after another is the later one's: (cause, KPI, what is then supposed)."""
    here, there = world_of(old), world_of(new)
    old_kpis = {kpi.id: kpi for kpi in old.terms.judged_kpis}
    kept = {kpi.id: kpi for kpi in new.terms.judged_kpis if kpi.id in old_kpis and old_kpis[kpi.id].role == kpi.role}
    redefined = {name: old_kpis[name] for name, kpi in kept.items() if _is_redefined(old_kpis[name], kpi)}

    def terms_with(kpis: Mapping[str, Kpi], *, mix: bool) -> Terms:
        if not kpis and not mix:
            return new.terms
        return _with(
            new.terms, mix_of=old.terms if mix else None, mix_period=old.period_id, period=new.period_id, kpis=kpis
        )

    months = months_of(new.terms, new.period_id)
    world = replace(
        here,
        terms=terms_with(redefined, mix=True),
        period_id=new.period_id,
        figures={name: (here if name in kept else there).figures[name] for name in there.figures},
        # a gate's word on the whole belongs to the gate: it is substituted with it
        rulings={
            **{name: ruling for name, ruling in here.rulings.items() if name == SETTLEMENT_SCOPE},
            **{name: (here if name in kept else there).rulings[name] for name in there.figures},
        },
        pence=_moved_to(here.pence, months, new.terms, there.pence),
        recorded=decided_for(new.terms, new.period_id, old.recorded),
    )
    yield "terms", "", world
    world = replace(world, terms=terms_with(redefined, mix=False))
    yield "case_mix", "", world
    # the earlier period's figures as the later books hold them: the same period if it is one
    again = {name: row_of(new, kpi, old.period_id) for name, kpi in sorted(kept.items())}
    left = dict(redefined)
    for name in sorted(redefined):
        del left[name]
        figure = there.figures[name] if again[name] is None else figure_of(again[name])
        world = replace(world, terms=terms_with(left, mix=False), figures={**world.figures, name: figure})
        yield "redefinition", name, world
    reported_later = []
    for name, row in again.items():
        if row is None or name in redefined:
            continue
        earlier = row_of(old, old_kpis[name], old.period_id)
        if earlier is not None and row["missing_days"] != earlier["missing_days"]:
            reported_later.append(name)
            continue
        world = replace(world, figures={**world.figures, name: figure_of(row)})
        yield "late_data", name, world
    book = pence_of(new, old.period_id)
    # missing is not zero: an open book that has lost months says nothing of them
    if {key[:2] for key in book} >= {key[:2] for key in here.pence if key[0] in new.terms.member_ids} != set():
        world = replace(world, pence=_moved_to(book, months, new.terms, there.pence))
        yield "late_data", "", world
    for name in reported_later:
        world = replace(world, figures={**world.figures, name: figure_of(again[name])})
        yield "missing_submitters", name, world
    # a figure that was not there at all comes with the ruling that lets it count
    arrived = {name: there.figures[name] for name, figure in world.figures.items() if figure.value is None}
    world = replace(world, rulings=there.rulings, figures={**world.figures, **arrived})
    yield "missing_submitters", "", world
    for name in sorted(there.figures):
        if world.figures[name] != there.figures[name]:
            world = replace(world, figures={**world.figures, name: there.figures[name]})
            yield "performance", name, world
    world = replace(world, pence=there.pence)
    yield "cost", "", world
    if world.recorded != there.recorded:
        yield "decisions", "", replace(world, recorded=there.recorded)


def parties_of(bridge: Bridge, terms: Terms) -> tuple[str, ...]:
    """Members by id, and the residue where either statement or a move has one."""
    everybody = (bridge.start, bridge.end, *(move.moved for move in bridge.moves))
    residue = any(amounts.by_member.get(RESIDUE) for amounts in everybody)
    return (*terms.member_ids, *((RESIDUE,) if residue else ()))
