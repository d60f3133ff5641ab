"""What would be withheld if nothing more arrived: the gate's own rule, asked before the gate is.

Belongs here: each settlement period that has begun, what it lacks now, which KPIs look at what is missing, and what the
approved terms say is at stake. Not here: the rule (`expectations.requirement`, which the gate uses too) and the words a
person reads (`orchestration.due`).

Days that came without the figures an indicator needs are only known once the warehouse has read them: the forecast is
about what was never sent and about ledger lines that wait, and says nothing about the rest of the gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from foundation.home import Home
from foundation.period import Period, parse_period
from orchestration.cycle import AgreementOnFile
from orchestration.judging import kpi_needs, settlement_needs
from orchestration.rooms import catalogue_of
from orchestration.settling import settled_before

if TYPE_CHECKING:
    from expectations.requirement import Lack, Sent
    from ingest.contract import Contract
    from ingest.cut import DataCut
    from settlement.at_stake import Points, Stake


@dataclass(frozen=True)
class KpiForecast:
    """A KPI that money depends on: the dates it looks at, what of them nobody has sent, its points at stake."""

    kpi_id: str
    name: str
    first: date
    last: date
    lacks: tuple[Lack, ...]
    points: Points | None


@dataclass(frozen=True)
class PeriodForecast:
    """One settlement period of an agreement, as it would be judged if nothing more arrived.

    lacks: everything the gate would name, ledgers included; empty when the gate would find all it asks for.
    judged_now: the period has ended in the data, so a run today judges it. settled: it has been settled before, and is
    here because it would not be again. unapproved: why its terms are not approved; then no sum is named.
    """

    agreement_id: str
    period: Period
    judged_now: bool
    settled: bool
    shadow: bool
    lacks: tuple[Lack, ...]
    kpis: tuple[KpiForecast, ...]
    stakes: tuple[Stake, ...]
    unapproved: tuple[str, ...]


def forecast(
    home: Home, cut: DataCut, sent: Sent, agreements: Sequence[AgreementOnFile], on: date
) -> list[PeriodForecast]:
    """Every settlement period that has begun by a day and is not settled yet, or was and could not be again."""
    ends = max((item.covers_to for item in cut.submissions), default=date.min)
    found = [
        _period(home, sent, agreement, period, judged_now=period.end <= ends)
        for agreement in agreements
        for period in agreement.terms.settlement_periods()
        if period.start <= on
    ]
    return [item for item in found if not item.settled or (item.judged_now and item.lacks)]


def _period(home: Home, sent: Sent, agreement: AgreementOnFile, period: Period, *, judged_now: bool) -> PeriodForecast:
    from expectations.requirement import lacks_of
    from settlement import store
    from settlement.approvals import terms_approved
    from settlement.at_stake import agreed_sums

    terms = agreement.terms
    lacks, _ = lacks_of(settlement_needs(agreement, period, catalogue_of(home)), sent)
    approval = terms_approved(store.read_records(home.decisions, terms.id), terms, period)
    return PeriodForecast(
        terms.id,
        period,
        judged_now,
        settled_before(home, terms.id, period.label),
        terms.is_shadow(period.label),
        (*sent.register_lacks, *lacks),
        tuple(_kpis(home, agreement, period, sent)),
        agreed_sums(terms, period.label) if approval.ok else (),
        approval.reasons,
    )


def _kpis(home: Home, agreement: AgreementOnFile, period: Period, sent: Sent) -> list[KpiForecast]:
    from expectations.requirement import feed_lacks
    from settlement.at_stake import points_of

    kpis = {kpi.id: kpi for kpi in agreement.terms.judged_kpis}
    found = []
    for kpi_id, needs in sorted(kpi_needs(agreement, period, catalogue_of(home)).items()):
        lacks, _ = feed_lacks(agreement.terms.id, needs, sent)
        window = needs[0].window
        found.append(
            KpiForecast(
                kpi_id, kpis[kpi_id].name, window.start, window.end, tuple(lacks),
                points_of(agreement.terms, kpis[kpi_id]),
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Gap:
    """Months of one feed that one organisation has not sent, and when they are due.

    due_on: of the first of them. free_until: the last day on which the first may come without a restatement; None where
    the contract's figures are final on receipt.
    """

    organisation: str
    feed: str
    months: tuple[str, ...]
    due_on: date
    free_until: date | None


def gaps(lacks: Sequence[Lack], contracts: Mapping[str, Contract]) -> list[Gap]:
    """What was not sent, by organisation and feed: who has to be asked for what."""
    months: dict[tuple[str, str], set[str]] = {}
    for lack in lacks:
        if lack.kind == "not_sent":
            months.setdefault((lack.organisation, lack.feed), set()).add(lack.month)
    found = []
    for (organisation, feed), labels in sorted(months.items()):
        contract, named = contracts[feed], tuple(sorted(labels))
        due = contract.delivery_period(parse_period(named[0]).start)
        until = contract.provisional_until(due.end)
        found.append(Gap(organisation, feed, named, contract.due_on(due.end), None if until == date.min else until))
    return found
