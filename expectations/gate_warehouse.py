"""Checks of the gate on the warehouse: were its tests run, and does a second computation give the same figures?

Belongs here: `warehouse.tests` and `warehouse.arithmetic`. Not here: whether a table is whole
(`expectations.gate_tables`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from expectations.gate_bands import Bands, band_problems, standardised
from expectations.judgement import Judgement, listed, run_check, verdict_on
from expectations.requirement import months_in, receipts_of
from expectations.verdicts import Context, Verdict
from foundation.home import Home
from foundation.period import Period
from ingest import lake
from ingest.cut import DataCut

# statistics whose value needs the counts of every age band
_MORE_THAN_A_QUOTIENT = frozenset({"dsr"})
_MONTHS_OF_A_YEAR = 12
_PER = re.compile(r"per[ _]([0-9][0-9,]*)")


def judge_warehouse_tests(run_results: Mapping[str, Any], manifest: Mapping[str, Any]) -> Judgement:
    """Every dbt test of severity error that the project defines was run and passed.

    run_results: dbt's `run_results.json`, or its `results` list alone under that key. manifest: dbt's
    `manifest.json`: the list of what had to run comes from there and not from what did run.
    """
    expected = {}
    for unique_id, node in manifest["nodes"].items():
        if node.get("resource_type") != "test":
            continue
        config = node.get("config") or {}
        if config.get("enabled") is False:
            continue
        expected[unique_id] = str(config.get("severity", "error")).lower()
    results = {item["unique_id"]: str(item["status"]) for item in run_results["results"]}
    blocking = sorted(unique_id for unique_id, severity in expected.items() if severity == "error")
    problems = []
    for unique_id in blocking:
        status = results.get(unique_id)
        if status is None:
            problems.append(f"{unique_id}: not run")
        elif status != "pass":
            problems.append(f"{unique_id}: {status}")
    missing_warnings = sorted(
        unique_id for unique_id, severity in expected.items() if severity != "error" and unique_id not in results
    )
    problems += [f"{unique_id}: not run" for unique_id in missing_warnings]
    # models, seeds and snapshots that failed leave tables of an earlier build behind
    problems += [
        f"{unique_id}: {status}"
        for unique_id, status in sorted(results.items())
        if not unique_id.startswith(("test.", "unit_test.")) and status not in ("success", "pass", "no-op")
    ]
    if not blocking:
        problems.append("the project defines no test of severity error: nothing was checked")
    warned = sorted(
        unique_id
        for unique_id, severity in expected.items()
        if severity != "error" and results.get(unique_id) not in (None, "pass")
    )
    return verdict_on(
        problems,
        f"All {len(blocking)} tests of the warehouse passed.",
        "The warehouse is not proved.",
        "see the dbt log of the run; mend the model or the data and build again.",
        {
            "expected": len(blocking),
            "run": sum(1 for unique_id in expected if unique_id in results),
            "warnings": listed(warned),
        },
    )


def warehouse_tests(context: Context, run_results: Mapping[str, Any], manifest: Mapping[str, Any]) -> Verdict:
    """Verdict `warehouse.tests`."""
    return run_check(
        context, "warehouse.tests", "integrity", "cut", lambda: judge_warehouse_tests(run_results, manifest)
    )


def unit_multiplier(unit: str) -> int:
    """How often the quotient of numerator and denominator is taken: percent 100, `per 1,000 …` 1000, else 1."""
    if unit in ("percent", "%"):
        return 100
    matched = _PER.match(unit)
    return int(matched[1].replace(",", "")) if matched else 1


def _round_half_up(value: Fraction, decimals: int) -> Decimal:
    """Exact fraction to `decimals` places, halves away from zero, in whole-number arithmetic alone."""
    scaled = abs(value) * 10**decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    found = Decimal(whole).scaleb(-decimals)
    return -found if value < 0 else found


def recompute_value(row: Mapping[str, Any], statistic: str = "") -> Decimal | None:
    """The value a KPI return row must have: numerator over denominator times the unit's multiplier, rounded once.

    statistic: of the row's indicator. A crude rate is per person and year, and its denominator are person-months. None
    when there is no numerator, no denominator or a denominator of 0.
    """
    numerator, denominator = row["numerator"], row["denominator"]
    if numerator is None or denominator is None or denominator == 0:
        return None
    exact = Fraction(numerator) / Fraction(denominator) * unit_multiplier(str(row["unit"]))
    if statistic == "crude_rate":
        exact *= _MONTHS_OF_A_YEAR
    return _round_half_up(exact, int(row["value_decimals"]))


def _standardised_problems(row: Mapping[str, Any], bands: Bands | None) -> list[str]:
    """A standardised rate is what its bands of age give; nothing is paid on what is not computed twice."""
    name, value = row["figure_id"], row["value"]
    if row["numerator"] is None:
        return [] if value is None else [f"{name}: a value without numerator and denominator"]
    if bands is None:
        return [f"{name}: a standardised rate cannot be recomputed from its sums alone, and its bands were not read"]
    own = bands.of(row)
    if found := band_problems(row, own, bands.defined(row)):
        return found
    exact = standardised(own, unit_multiplier(str(row["unit"])))
    wanted = None if exact is None else _round_half_up(exact, int(row["value_decimals"]))
    if value is None or wanted is None:
        given, written = ("no rate" if one is None else f"{one:f}" for one in (wanted, value))
        return [] if value is wanted else [f"{name}: its bands of age give {given}, and its value is {written}"]
    return [] if Decimal(value) == wanted else [f"{name}: {Decimal(value).normalize():f} is not {wanted:f}"]


def _value_problems(
    rows: Iterable[Mapping[str, Any]],
    statistics: Mapping[str, str],
    scored: Collection[tuple[str, str]] | None,
    bands: Bands | None,
) -> list[str]:
    problems = []
    for row in rows:
        statistic = statistics.get(str(row["indicator_id"]), "")
        value = row["value"]
        for name in ("value", "numerator", "denominator"):
            if isinstance(row[name], float):
                problems.append(f"{row['figure_id']}: {name} is floating point")
        if statistic in _MORE_THAN_A_QUOTIENT:
            # shown beside the money and never part of it: a monitored figure stands on the warehouse's own tests
            if scored is None or (str(row["agreement_id"]), str(row["kpi_id"])) in scored:
                problems += _standardised_problems(row, bands)
            continue
        wanted = recompute_value(row, statistic)
        if value is not None and wanted is None:
            problems.append(f"{row['figure_id']}: a value without numerator and denominator")
        elif value is None and wanted is not None:
            problems.append(f"{row['figure_id']}: numerator and denominator without a value")
        elif value is not None and wanted is not None and Decimal(value) != wanted:
            problems.append(f"{row['figure_id']}: {Decimal(value).normalize():f} is not {wanted:f}")
    return problems


def _ledger_problems(
    home: Home, cut: DataCut, ledger: Iterable[Mapping[str, Any]], periods: Sequence[tuple[str, Period]], feed: str
) -> tuple[list[str], int]:
    months: dict[tuple[str, str], str] = {}
    for agreement, period in periods:
        for month in months_in(period):
            months[agreement, month.label] = period.label
    wanted: dict[tuple[str, str, str], int] = {}
    paths = [path for receipt in receipts_of(home, cut, feed) for path, _ in receipt.lake_files]
    for row in lake.read_rows(home, paths):
        pence = row["amount"] * 100
        if pence != pence.to_integral_value():
            raise ValueError("an amount in the lake is not whole pence")
        key = (row["agreement"], row["organisation"], row["month"])
        wanted[key] = wanted.get(key, 0) + int(pence)
    found: dict[tuple[str, str, str], int] = {}
    problems = []
    for line in ledger:
        key = (line["agreement_id"], line["member_id"], line["month"])
        found[key] = found.get(key, 0) + int(line["amount_pence"])
        label = months.get((line["agreement_id"], line["month"]))
        if label is not None and line["period_id"] != label:
            problems.append(f"{' '.join(key)}: stands in {line['period_id']} and belongs to {label}")
    # months of no named period need not be in the warehouse, but what is there must be right
    due = {key for key in wanted if (key[0], key[2]) in months}
    problems += [
        f"{' '.join(key)}: the warehouse holds {found.get(key)} pence, the members' files {wanted.get(key)}"
        for key in sorted({*due, *found})
        if wanted.get(key) != found.get(key)
    ]
    return problems, sum(wanted[key] for key in due)


def judge_arithmetic(
    home: Home,
    cut: DataCut,
    kpi_return: Any,
    ledger: Any,
    periods: Sequence[tuple[str, Period]],
    ledger_feed: str = "cost_ledger",
    statistics: Mapping[str, str] | None = None,
    scored: Collection[tuple[str, str]] | None = None,
    bands: Bands | None = None,
) -> Judgement:
    """Every KPI value and every member's cost, computed a second time without the warehouse.

    kpi_return, ledger: Arrow tables of the warehouse. periods: (agreement, settlement period) the ledger is
    sorted into; a member's month that falls out of the warehouse shows here. statistics: indicator -> its statistic,
    from the catalogue; without it every value is taken for a plain quotient. scored: (agreement, KPI) that money
    depends on; without it all are. bands: bands of age of standardised rates; without them no such rate is scored.
    """
    values = kpi_return.to_pylist()
    lines = ledger.to_pylist()
    problems = _value_problems(values, statistics or {}, scored, bands)
    costs, pence = _ledger_problems(home, cut, lines, periods, ledger_feed)
    problems += costs
    if not values:
        problems.append("the KPI return has no row: nothing was recomputed")
    if not periods:
        problems.append("no settlement period was named: no cost was recomputed")
    return verdict_on(
        problems,
        f"{len(values)} values and {len(lines)} cost lines came out the same a second time.",
        "A figure of the warehouse is not what its parts give.",
        "do not pay; find the model that computes the figure named and build again.",
        {"values": len(values), "cost_lines": len(lines), "cost_pence": pence},
    )


def warehouse_arithmetic(
    context: Context,
    home: Home,
    cut: DataCut,
    kpi_return: Any,
    ledger: Any,
    periods: Sequence[tuple[str, Period]],
    statistics: Mapping[str, str] | None = None,
    scored: Collection[tuple[str, str]] | None = None,
    bands: Bands | None = None,
) -> Verdict:
    """Verdict `warehouse.arithmetic`."""
    return run_check(
        context,
        "warehouse.arithmetic",
        "integrity",
        "cut",
        lambda: judge_arithmetic(
            home, cut, kpi_return, ledger, periods, statistics=statistics, scored=scored, bands=bands
        ),
    )
