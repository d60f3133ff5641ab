"""What is supposed of one settlement as a whole, and what it would post.

Belongs here: figures, rulings and an open book under given terms, through `settle` to amounts; a settlement's own books
as such a world. Not here: the rows it takes (`supposed`), which world follows which (`bridge`, `what_if`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from settlement.books import Books, Rows
from settlement.engine import Settlement, settle
from settlement.exact import exact, round_half_up
from settlement.gate_record import SETTLEMENT_SCOPE
from settlement.innovation_pot import is_of_pot
from settlement.recorded import PeriodRecords, decided_for
from settlement.supposed import Figure, Ruling, gate_of, kpi_row, ledger_of, ruled, rulings_of
from settlement.terms import Terms
from settlement.terms_parts import Kpi

# Member, month, category of an open book.
Cell = tuple[str, str, str]


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


def amounts_of(made: Settlement) -> Amounts:
    """What a settlement posts; of one that restates, what stands posted after it."""
    if made.supersedes:
        found: dict[str, int] = {}
        for _, party, pence in made.stands:
            found[party] = found.get(party, 0) + pence
        return Amounts(sum(found.values()), found)
    by_member: dict[str, int] = {}
    for line in made.member_lines:
        by_member[line.member_id] = by_member.get(line.member_id, 0) + line.amount_pence
    return Amounts(sum(posting.amount_pence for posting in made.postings), by_member)


@dataclass(frozen=True)
class World:
    """What is supposed: figures by KPI, what the gate does by scope, pence by (member, month, category).

    prior: postings of earlier settlements, where what stands of them is asked."""

    terms: Terms
    period_id: str
    figures: Mapping[str, Figure]
    rulings: Mapping[str, Ruling]
    pence: Mapping[Cell, int]
    advances: Rows = ()
    recorded: PeriodRecords | None = None
    prior: Rows = ()

    def amounts(self) -> Amounts:
        terms = self.terms
        rulings = {kpi.id: ruled(terms, kpi, self.figures[kpi.id], self.rulings[kpi.id]) for kpi in terms.judged_kpis}
        if (whole := self.rulings.get(SETTLEMENT_SCOPE)) is not None:
            rulings[SETTLEMENT_SCOPE] = whole_of(terms, whole)
        rows = [
            kpi_row(
                terms, self.period_id, kpi, printed(kpi, self.figures[kpi.id]),
                too_small=rulings[kpi.id] == Ruling("neutral", passed=True),
            )
            for kpi in terms.judged_kpis
        ]  # fmt: skip
        shared = terms.finance.shared_cost is not None
        ledger = ledger_of(terms, self.period_id, self.pence) if shared else ()
        gate = gate_of(terms, self.period_id, rulings)
        return amounts_of(settle(terms, self.period_id, rows, ledger, gate, self.advances, self.prior, self.recorded))


def whole_of(terms: Terms, ruling: Ruling) -> Ruling:
    """A ruling on the whole settlement, as far as these terms know its cause. Nothing can be deemed for a whole."""
    rule = next((rule for rule in terms.gate.causes if rule.cause == ruling.cause), None)
    return Ruling("withhold") if rule is None or rule.action == "deem" else Ruling(rule.action, rule.cause)


def printed(kpi: Kpi, figure: Figure) -> Figure:
    """The figure at the KPI's agreed precision."""
    if figure.value is None:
        return figure
    rounded = round_half_up(exact(figure.value) * 10**kpi.value_decimals)
    return replace(figure, value=rounded * Decimal(1).scaleb(-kpi.value_decimals))


def row_of(books: Books, kpi: Kpi, period: str) -> Mapping[str, Any] | None:
    """The KPI return's row of a KPI, as these terms define it, for a period; None where there is none."""
    key = (books.terms.id, kpi.id, period, kpi.indicator_id, kpi.indicator_version)
    for row in books.kpi_return:
        names = ("agreement_id", "kpi_id", "period_id", "indicator_id", "indicator_version")
        if tuple(row[name] for name in names) == key:
            return row
    return None


def figure_of(row: Mapping[str, Any] | None) -> Figure:
    """The figure in a row of the KPI return; one without a value where there is no row."""
    return Figure(None) if row is None else Figure(row["value"], row["numerator"], row["denominator"])


def pence_of(books: Books, period: str) -> dict[Cell, int]:
    """The open book of a period by member, month and category; {} without one."""
    found: dict[Cell, int] = {}
    for row in books.ledger:
        own = (row["agreement_id"], row["period_id"]) == (books.terms.id, period)
        # what was spent of a ring-fenced pot is no cost against a target
        if own and not is_of_pot(books.terms, row):
            key = (row["member_id"], row["month"], row["category"])
            found[key] = found.get(key, 0) + row["amount_pence"]
    return found


def world_of(books: Books) -> World:
    """What the books say, without awards, absences and advances; conditions and certificates are what figures are."""
    terms = books.terms
    return World(
        terms,
        books.period_id,
        {kpi.id: figure_of(row_of(books, kpi, books.period_id)) for kpi in terms.judged_kpis},
        rulings_of(books.gate, terms),
        pence_of(books, books.period_id),
        recorded=decided_for(terms, books.period_id, books.recorded),
    )
