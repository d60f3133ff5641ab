"""Run every check the gate needs on one data cut and store the verdicts.

Which checks there are is decided here from the terms and the cut alone, before any of them runs, so that a check that
did not run is missed. The rules are in `expectations.gate_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from foundation.period import Period
from orchestration.cycle import AgreementOnFile, Cycle
from orchestration.dbt import load_manifest
from orchestration.rooms import catalogue_of, contracts
from orchestration.warehouse import BANDS, Build

if TYPE_CHECKING:
    import pyarrow as pa

    from dbt_project.catalogue import Indicator
    from expectations.gate_bands import Bands
    from expectations.gate_checks import SettlementNeeds
    from expectations.requirement import FeedNeed
    from expectations.verdicts import Context, RequiredCheck, Verdict

FITNESS, EXPECTATIONS = "kpi.complete_days", "expectations."


def last_day(cycle: Cycle) -> date:
    """Last day anything in the cut covers: what has ended by then can be due."""
    return max(item.covers_to for item in cycle.cut.submissions)


def needs_of(cycle: Cycle) -> list[SettlementNeeds]:
    """What every settlement that may be due on this cut needs from the feeds: for each KPI those of its indicator, over
    the dates it looks at, follow-up included."""
    until, indicators = last_day(cycle), catalogue_of(cycle.home)
    return [
        settlement_needs(item, period, indicators)
        for item in cycle.agreements
        for period in item.terms.settlement_periods()
        if period.end <= until
    ]


def settlement_needs(agreement: AgreementOnFile, period: Period, indicators: Sequence[Indicator]) -> SettlementNeeds:
    """What the settlement of one period needs from the feeds."""
    from expectations.gate_checks import SettlementNeeds

    found = {need for needs in kpi_needs(agreement, period, indicators).values() for need in needs}
    feeds = tuple(sorted(found, key=lambda need: (need.feed, need.area, need.window)))
    return SettlementNeeds(agreement.terms.id, agreement.terms.member_ids, period, period, feeds)


def kpi_needs(
    agreement: AgreementOnFile, period: Period, indicators: Sequence[Indicator]
) -> dict[str, tuple[FeedNeed, ...]]:
    """For each KPI that money depends on, the feeds of its indicator over the dates it looks at, follow-up included."""
    from expectations.requirement import FeedNeed
    from settlement.periods import measurement_window

    known = {item.indicator_id: item for item in indicators}
    found = {}
    for kpi in agreement.terms.judged_kpis:
        indicator = known.get(kpi.indicator_id)
        if indicator is None:
            continue
        first, last = measurement_window(period, kpi.measurement_lag_months or 0)
        found[kpi.id] = tuple(
            FeedNeed(feed, kpi.area_code, _window(first, last, *indicator.days_around(feed)))
            for feed in sorted(indicator.feeds)
        )
    return found


def _window(first: date, last: date, days_before: int, days_after: int) -> Period:
    """Days from so many before the first to so many after the last."""
    first, last = first - timedelta(days=days_before), last + timedelta(days=days_after)
    return Period(first, last, "window", f"{first}..{last}")


def bands_needed(cycle: Cycle) -> tuple[str, ...]:
    """The table of bands of age, where money rests on a standardised rate."""
    standardised = {item.indicator_id for item in catalogue_of(cycle.home) if item.statistic == "dsr"}
    scored = {kpi.indicator_id for item in cycle.agreements for kpi in item.terms.judged_kpis}
    return (BANDS,) if standardised & scored else ()


def _bands(cycle: Cycle, tables: Mapping[str, pa.Table]) -> Bands | None:
    from expectations.gate_bands import bands_of

    if BANDS not in tables:
        return None
    groups = {
        (item.terms.id, kpi.id): (kpi.breakdown.kind, kpi.breakdown.group)
        for item in cycle.agreements
        for kpi in item.terms.judged_kpis
        if kpi.breakdown is not None
    }
    return bands_of(tables[BANDS].to_pylist(), groups)


def scored_rows(cycle: Cycle, kpi_return: pa.Table) -> list[tuple[Mapping[str, Any], Any]]:
    """Rows of the KPI return that money depends on, each with the agreed limit of missing days."""
    rules = {
        (item.terms.id, kpi.id): item.terms.gate.fitness[0].max_missing_pct
        for item in cycle.agreements
        for kpi in item.terms.judged_kpis
    }
    return [
        (row, rules[row["agreement_id"], row["kpi_id"]])
        for row in kpi_return.to_pylist()
        if (row["agreement_id"], row["kpi_id"]) in rules
    ]


def required_checks(cycle: Cycle, kpi_return: pa.Table) -> list[RequiredCheck]:
    """Every check that must have a verdict: those the terms demand, and fitness of each scored figure."""
    from expectations.verdicts import RequiredCheck

    demanded = sorted({check for item in cycle.agreements for check in item.terms.gate.integrity})
    return [
        *(
            RequiredCheck(
                check, "integrity", check.removeprefix(EXPECTATIONS) if check.startswith(EXPECTATIONS) else "cut"
            )
            for check in demanded
        ),
        *(
            RequiredCheck(FITNESS, "fitness", f"{row['agreement_id']}/{row['kpi_id']}/{row['period_id']}")
            for row, _ in scored_rows(cycle, kpi_return)
        ),
    ]


def produce(context: Context, cycle: Cycle, build: Build, tables: Mapping[str, pa.Table]) -> Iterator[Verdict]:
    """Run the checks, one after another. A check that raises gives a verdict of status `error`."""
    from expectations import gate_checks as gate

    home, cut = cycle.home, cycle.cut
    kpi_return, ledger = tables["kpi_return"], tables["ledger"]
    needs = needs_of(cycle)
    yield gate.cut_register(context, home, cut, contracts())
    yield gate.cut_required_feeds(context, home, cut, needs)
    demanded = {check for item in cycle.agreements for check in item.terms.gate.integrity}
    for feed in sorted(feed for feed in contracts() if f"{EXPECTATIONS}{feed}" in demanded):
        yield gate.expectations_of_feed(context, home, cut, contracts(), feed)
    yield gate.warehouse_tests(context, build.run_results, load_manifest(home))
    yield gate.warehouse_arithmetic(
        context,
        home,
        cut,
        kpi_return,
        ledger,
        [(need.agreement_id, need.settlement_period) for need in needs],
        {item.indicator_id: item.statistic for item in catalogue_of(home)},
        {(item.terms.id, kpi.id) for item in cycle.agreements for kpi in item.terms.judged_kpis},
        _bands(cycle, tables),
    )
    yield gate.kpi_return_whole(context, kpi_return)
    yield gate.ledger_whole(context, ledger)
    for row, limit in scored_rows(cycle, kpi_return):
        yield gate.kpi_complete_days(context, row, limit)


def judge_cut(cycle: Cycle, build: Build, tables: Mapping[str, pa.Table]) -> list[Verdict]:
    """Write the list of required checks, then every verdict; returns the verdicts."""
    from expectations.verdicts import write_required, write_verdict

    context = write_required(
        cycle.home,
        cycle.cut.cut_id,
        cycle.definitions_hash,
        cycle.code_version,
        required_checks(cycle, tables["kpi_return"]),
    )
    verdicts = []
    for verdict in produce(context, cycle, build, tables):
        write_verdict(cycle.home, verdict)
        verdicts.append(verdict)
    return verdicts
