"""The way from one statement to another, in causes that add up to the penny.

Belongs here: substituting one thing after the other, each time through `settle`. Not here: drawing it (publication).

The order is fixed and said, because it decides how much each cause is given where two act together: terms, case mix,
redefinition, late data, missing submitters, performance, cost, other. Nothing is left over: `other` is what the
difference of the two statements holds beside these (awards, advances, absences), worked out and never spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from foundation.errors import WrongUsage
from settlement.books import Books
from settlement.engine import Settlement, settle
from settlement.exact import exact, round_half_up
from settlement.gate_record import SETTLEMENT_SCOPE
from settlement.postings import RESIDUE
from settlement.supposed import Figure, Ruling, gate_of, kpi_row, ledger_of, months_of, ruled, rulings_of
from settlement.terms import Terms
from settlement.terms_parts import Kpi

# In the order in which they are substituted.
CAUSES: dict[str, str] = {
    "terms": "Terms: what the later terms make of the same figures and cost",
    "case_mix": "Case mix: the agreed factor of the target",
    "redefinition": "Redefinition: a figure's definition, with the levels agreed for it",
    "late_data": "Late data: the earlier figures and cost as they are known now",
    "missing_submitters": "Missing submitters: who had not reported, and what the gate made of it",
    "performance": "Performance: the figures",
    "cost": "Performance: the cost",
    "other": "Other: awards, advances, and what was held back",
}
# A KPI with another one of these is another figure.
_DEFINED_BY = (
    "indicator_id", "indicator_version", "area_code", "breakdown", "unit", "polarity", "population_basis",
    "measurement_lag_months", "value_decimals",
)  # fmt: skip
_Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Amounts:
    """Pence of the alliance and by member, the commissioner's residue among them."""

    alliance: int
    by_member: Mapping[str, int]

    def less(self, other: Amounts) -> Amounts:
        names = sorted({*self.by_member, *other.by_member})
        return Amounts(
            self.alliance - other.alliance,
            {name: self.by_member.get(name, 0) - other.by_member.get(name, 0) for name in names},
        )


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


def amounts_of(made: Settlement) -> Amounts:
    """What a settlement posts."""
    by_member: dict[str, int] = {}
    for line in made.member_lines:
        by_member[line.member_id] = by_member.get(line.member_id, 0) + line.amount_pence
    return Amounts(sum(posting.amount_pence for posting in made.postings), by_member)


@dataclass(frozen=True)
class _World:
    """What is supposed: figures by KPI, what the gate does by scope, pence by (member, month, category)."""

    terms: Terms
    period_id: str
    figures: Mapping[str, Figure]
    rulings: Mapping[str, Ruling]
    pence: Mapping[_Cell, int]

    def amounts(self) -> Amounts:
        terms = self.terms
        rulings = {kpi.id: ruled(terms, kpi, self.figures[kpi.id], self.rulings[kpi.id]) for kpi in terms.judged_kpis}
        if (whole := self.rulings.get(SETTLEMENT_SCOPE)) is not None:
            rulings[SETTLEMENT_SCOPE] = _whole(terms, whole)
        rows = [
            kpi_row(
                terms, self.period_id, kpi, _printed(kpi, self.figures[kpi.id]),
                too_small=rulings[kpi.id] == Ruling("neutral", passed=True),
            )
            for kpi in terms.judged_kpis
        ]  # fmt: skip
        shared = terms.finance.shared_cost is not None
        ledger = ledger_of(terms, self.period_id, self.pence) if shared else ()
        return amounts_of(settle(terms, self.period_id, rows, ledger, gate_of(terms, self.period_id, rulings)))


def _whole(terms: Terms, ruling: Ruling) -> Ruling:
    """A ruling on the whole settlement, as far as these terms know its cause. Nothing can be deemed for a whole."""
    rule = next((rule for rule in terms.gate.causes if rule.cause == ruling.cause), None)
    return Ruling("withhold") if rule is None or rule.action == "deem" else Ruling(rule.action, rule.cause)


def _printed(kpi: Kpi, figure: Figure) -> Figure:
    """The figure at the KPI's agreed precision."""
    if figure.value is None:
        return figure
    rounded = round_half_up(exact(figure.value) * 10**kpi.value_decimals)
    return replace(figure, value=rounded * Decimal(1).scaleb(-kpi.value_decimals))


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


def _row_of(books: Books, kpi: Kpi, period: str) -> Mapping[str, Any] | None:
    key = (books.terms.id, kpi.id, period, kpi.indicator_id, kpi.indicator_version)
    for row in books.kpi_return:
        names = ("agreement_id", "kpi_id", "period_id", "indicator_id", "indicator_version")
        if tuple(row[name] for name in names) == key:
            return row
    return None


def _figure(row: Mapping[str, Any] | None) -> Figure:
    return Figure(None) if row is None else Figure(row["value"], row["numerator"], row["denominator"])


def _own_pence(books: Books, period: str) -> dict[_Cell, int]:
    """The open book of a period by member, month and category; {} without one."""
    found: dict[_Cell, int] = {}
    for row in books.ledger:
        if (row["agreement_id"], row["period_id"]) == (books.terms.id, period):
            key = (row["member_id"], row["month"], row["category"])
            found[key] = found.get(key, 0) + row["amount_pence"]
    return found


def _moved_to(
    pence: Mapping[_Cell, int], months: list[str], terms: Terms, new: Mapping[_Cell, int]
) -> dict[_Cell, int]:
    """A cost under another period's months, in order; a member without one in it has that of the later book."""
    order = sorted({month for _, month, _ in pence})
    found: dict[_Cell, int] = {}
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
    start, end = amounts_of(old.settle()), amounts_of(new.settle())
    moves = []
    first = before = _world(old).amounts()
    for cause, subject, world in _worlds(old, new):
        after = world.amounts()
        moves.append(Move(cause, subject, after.less(before)))
        before = after
    other = end.less(start).less(before.less(first))
    moves.append(Move("other", "", other))
    shown = tuple(move for move in moves if move.moved.alliance or any(move.moved.by_member.values()))
    return Bridge(old.terms.id, old.period_id, new.period_id, start, end, shown)


def _world(books: Books) -> _World:
    terms = books.terms
    return _World(
        terms,
        books.period_id,
        {kpi.id: _figure(_row_of(books, kpi, books.period_id)) for kpi in terms.judged_kpis},
        rulings_of(books.gate, terms),
        _own_pence(books, books.period_id),
    )


def _worlds(old: Books, new: Books) -> Iterator[tuple[str, str, _World]]:
    """One thing after another is the later one's: (cause, KPI, what is then supposed)."""
    here, there = _world(old), _world(new)
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
    )
    yield "terms", "", world
    world = replace(world, terms=terms_with(redefined, mix=False))
    yield "case_mix", "", world
    # the earlier period's figures as the later books hold them: the same period if it is one
    again = {name: _row_of(new, kpi, old.period_id) for name, kpi in sorted(kept.items())}
    left = dict(redefined)
    for name in sorted(redefined):
        del left[name]
        figure = there.figures[name] if again[name] is None else _figure(again[name])
        world = replace(world, terms=terms_with(left, mix=False), figures={**world.figures, name: figure})
        yield "redefinition", name, world
    reported_later = []
    for name, row in again.items():
        if row is None or name in redefined:
            continue
        earlier = _row_of(old, old_kpis[name], old.period_id)
        if earlier is not None and row["missing_days"] != earlier["missing_days"]:
            reported_later.append(name)
            continue
        world = replace(world, figures={**world.figures, name: _figure(row)})
        yield "late_data", name, world
    book = _own_pence(new, old.period_id)
    # missing is not zero: an open book that has lost months says nothing of them
    if {key[:2] for key in book} >= {key[:2] for key in here.pence if key[0] in new.terms.member_ids} != set():
        world = replace(world, pence=_moved_to(book, months, new.terms, there.pence))
        yield "late_data", "", world
    for name in reported_later:
        world = replace(world, figures={**world.figures, name: _figure(again[name])})
        yield "missing_submitters", name, world
    # a figure that was not there at all comes with the ruling that lets it count
    arrived = {name: there.figures[name] for name, figure in world.figures.items() if figure.value is None}
    world = replace(world, rulings=there.rulings, figures={**world.figures, **arrived})
    yield "missing_submitters", "", world
    for name in sorted(there.figures):
        if world.figures[name] != there.figures[name]:
            world = replace(world, figures={**world.figures, name: there.figures[name]})
            yield "performance", name, world
    yield "cost", "", replace(world, pence=there.pence)


def parties_of(bridge: Bridge, terms: Terms) -> tuple[str, ...]:
    """Members by id, and the residue where either statement or a move has one."""
    everybody = (bridge.start, bridge.end, *(move.moved for move in bridge.moves))
    residue = any(amounts.by_member.get(RESIDUE) for amounts in everybody)
    return (*terms.member_ids, *((RESIDUE,) if residue else ()))
