"""The checks that stand between a figure and money, each turned into a verdict.

Belongs here: the integrity checks on cut, feeds, warehouse and arithmetic, and the fitness check on complete
days. Not here: storing verdicts (`expectations.verdicts`) and acting on them (`settlement.gate`).

A check that raises gets the status `error`: a fault of the system, reported as one and never as bad data.
Nothing observed holds a value of a person; counts, ids of submissions and figures only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Literal

import pyarrow as pa

from expectations.expectation import ROW, TABLE, WARN, Expectation, Outcome
from expectations.runner import run_suite
from expectations.suites import kpi_return as kpi_return_suite
from expectations.suites import ledger as ledger_suite
from expectations.suites import suite_of
from expectations.verdicts import Context, Verdict
from foundation.canonical import sha256_file
from foundation.errors import OutturnError
from foundation.home import Home
from foundation.period import Period, month_of, months_between
from ingest import lake
from ingest.contract import Contract
from ingest.cut import CutSubmission, DataCut
from ingest.register import Receipt, months_of, read_receipt

DATA_ENGINEER = "data engineer"
_SHOWN = 20
_PER = re.compile(r"per[ _]([0-9][0-9,]*)")


@dataclass(frozen=True)
class Judgement:
    """What a check found, before it is bound to a cut. `observed` holds counts, ids and texts."""

    passed: bool
    reason: str
    mend: str = ""
    observed: Mapping[str, Any] = field(default_factory=dict)
    responsible: str = ""


@dataclass(frozen=True)
class SettlementNeeds:
    """What one settlement needs from the feeds: members' ledgers for its period, daily returns for its window."""

    agreement_id: str
    members: tuple[str, ...]
    settlement_period: Period
    measurement_window: Period


def run_check(
    context: Context,
    check_id: str,
    kind: Literal["integrity", "fitness"],
    scope: str,
    check: Callable[[], Judgement],
    responsible: str = DATA_ENGINEER,
) -> Verdict:
    """Verdict of a check. What it raises becomes the status `error` with the kind of error, never its text:
    the text of a foreign error may quote data."""
    try:
        found = check()
        status: Literal["passed", "failed", "error"] = "passed" if found.passed else "failed"
    except Exception as error:
        told = error.message if isinstance(error, OutturnError) else f"It raised {type(error).__name__}."
        found = Judgement(
            False,
            f"The check itself failed and says nothing about the data. {told}",
            "mend the cause (see the run's log) and run the checks again.",
            {"error": type(error).__name__},
            DATA_ENGINEER,
        )
        status = "error"
    return Verdict(
        check_id=check_id,
        kind=kind,
        scope=scope,
        status=status,
        data_cut_id=context.data_cut_id,
        definitions_hash=context.definitions_hash,
        code_version=context.code_version,
        required_hash=context.required_hash,
        observed=found.observed,
        reason=found.reason,
        mend=found.mend,
        responsible=found.responsible or responsible,
    )


def _listed(problems: Sequence[str]) -> list[str]:
    """The first problems, and how many more."""
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _verdict_on(
    problems: Sequence[str], good: str, bad: str, mend: str, observed: Mapping[str, Any], responsible: str = ""
) -> Judgement:
    if problems:
        return Judgement(False, bad, mend, {**observed, "problems": _listed(problems)}, responsible)
    return Judgement(True, good, "", {**observed, "problems": []}, responsible)


# cut ------------------------------------------------------------------------------------------------


def _submission_problems(home: Home, item: CutSubmission, contracts: Mapping[str, Contract]) -> list[str]:
    receipt = read_receipt(home, item.submission_id)
    short = item.submission_id[:12]
    if receipt is None:
        return [f"{short}: no receipt"]
    problems = []
    same = (
        receipt.feed == item.feed
        and receipt.organisation == item.organisation
        and receipt.sha256 == item.sha256
        and receipt.sequence == item.sequence
        and receipt.rows_accepted == item.rows_accepted
        and (receipt.covers_from, receipt.covers_to) == (item.covers_from, item.covers_to)
    )
    if not same or receipt.submission_id != item.submission_id:
        problems.append(f"{short}: the receipt says something else than the cut")
    if not receipt.accepted:
        problems.append(f"{short}: not accepted")
    if receipt.rows_read != receipt.rows_accepted + receipt.rows_quarantined + receipt.rows_deduplicated:
        problems.append(f"{short}: rows read are not accepted + quarantined + deduplicated")
    if item.feed not in contracts:
        problems.append(f"{short}: no contract for {item.feed}")
    raw = home.submissions / item.submission_id / receipt.file_name
    if not raw.is_file() or sha256_file(raw) != item.sha256:
        problems.append(f"{short}: the raw file is missing or changed")
    folder = lake.submission_folder(home, item.feed, item.organisation, item.submission_id)
    found = lake.hashes(home, folder) if folder.exists() else {}
    if found != dict(receipt.lake_files):
        problems.append(f"{short}: the lake's files are not those of the receipt")
    if item.rows_accepted and not receipt.lake_files:
        problems.append(f"{short}: accepted rows and no lake file")
    return problems


def judge_register(home: Home, cut: DataCut, contracts: Mapping[str, Contract]) -> Judgement:
    """Every submission of the cut has a receipt, a contract, its raw file and exactly its lake files."""
    problems = [problem for item in cut.submissions for problem in _submission_problems(home, item, contracts)]
    if not cut.submissions:
        problems.append("the cut holds no submission")
    return _verdict_on(
        problems,
        f"All {len(cut.submissions)} submissions of the data cut are as they were received.",
        "The data cut is not as it was received.",
        "restore vault and lake from backup, or have the submission delivered again.",
        {"submissions": len(cut.submissions)},
    )


def cut_register(context: Context, home: Home, cut: DataCut, contracts: Mapping[str, Contract]) -> Verdict:
    """Verdict `cut.register`."""
    return run_check(context, "cut.register", "integrity", "cut", lambda: judge_register(home, cut, contracts))


def _receipts_of(home: Home, cut: DataCut, feed: str) -> list[Receipt]:
    found = []
    for item in cut.of(feed):
        receipt = read_receipt(home, item.submission_id)
        if receipt is None:
            raise FileNotFoundError("a submission of the cut has no receipt")
        found.append(receipt)
    return found


def required_organisations(home: Home, cut: DataCut) -> list[dict[str, Any]]:
    """Rows of the register of required organisations in force: of each sender the one that counts last."""
    latest: dict[str, Receipt] = {}
    for receipt in sorted(_receipts_of(home, cut, "reference_organisations"), key=lambda item: item.precedence):
        latest[receipt.organisation] = receipt
    paths = [path for receipt in latest.values() for path, _ in receipt.lake_files]
    return lake.read_rows(home, paths)


def _is_required(row: Mapping[str, Any], period: Period) -> bool:
    first: date = row["valid_from"]
    last: date | None = row["valid_to"]
    return first <= period.end and (last is None or last >= period.start)


def judge_required_feeds(
    home: Home, cut: DataCut, needs: Sequence[SettlementNeeds], ledger_feed: str = "cost_ledger"
) -> Judgement:
    """Every ledger and every daily return a settlement needs is in the cut, month by month."""
    if not needs:
        return Judgement(False, "No settlement says what it needs.", "give members, period and window of each.")
    covered: dict[tuple[str, str], set[str]] = {}
    for feed in sorted({item.feed for item in cut.submissions}):
        by_sender: dict[str, list[Receipt]] = {}
        for receipt in _receipts_of(home, cut, feed):
            by_sender.setdefault(receipt.organisation, []).append(receipt)
        for organisation, held in by_sender.items():
            covered[feed, organisation] = set(months_of(held))
    register = required_organisations(home, cut)
    # A cost line in quarantine is missing cost, and missing cost would look like a saving.
    held_back = {
        (receipt.organisation, label): receipt.rows_quarantined
        for receipt in _receipts_of(home, cut, ledger_feed)
        if receipt.rows_quarantined
        for label in months_of([receipt])
    }
    problems, asked = [], 0
    for need in needs:
        if not need.members:
            problems.append(f"{need.agreement_id}: no members named")
        for member in need.members:
            for period in _months(need.settlement_period):
                asked += 1
                if period.label not in covered.get((ledger_feed, member), set()):
                    problems.append(f"{need.agreement_id}: {member} sent no {ledger_feed} for {period.label}")
                if rows := held_back.get((member, period.label)):
                    where = f"{member}'s {ledger_feed} of {period.label}"
                    problems.append(f"{need.agreement_id}: {rows} line(s) of {where} are quarantined")
        required = 0
        for period in _months(need.measurement_window):
            wanted = sorted(
                {(row["required_feed"], row["member_organisation"]) for row in register if _is_required(row, period)}
            )
            for feed, organisation in wanted:
                asked, required = asked + 1, required + 1
                if period.label not in covered.get((feed, organisation), set()):
                    problems.append(f"{need.agreement_id}: {organisation} sent no {feed} for {period.label}")
        if not required:
            problems.append(f"{need.agreement_id}: the register names no organisation for the measurement window")
    return _verdict_on(
        problems,
        f"All {asked} monthly submissions the settlements need are there.",
        f"Submissions that a settlement needs are missing ({len(problems)}).",
        "the senders named deliver the missing months; until then nothing is settled.",
        {"required": asked, "missing": len(problems)},
        "the senders named",
    )


def _months(period: Period) -> list[Period]:
    return months_between(month_of(period.start), month_of(period.end))


def cut_required_feeds(context: Context, home: Home, cut: DataCut, needs: Sequence[SettlementNeeds]) -> Verdict:
    """Verdict `cut.required_feeds`."""
    return run_check(context, "cut.required_feeds", "integrity", "cut", lambda: judge_required_feeds(home, cut, needs))


# expectations ---------------------------------------------------------------------------------------


def judge_feed(home: Home, cut: DataCut, contracts: Mapping[str, Contract], feed: str) -> Judgement:
    """Every submission of a feed was accepted under the contract and suite in force now."""
    contract = contracts[feed]
    suite = suite_of(contract)
    held = _receipts_of(home, cut, feed)
    problems = []
    totals: dict[str, int] = {}
    rows = dict.fromkeys(("rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated"), 0)
    for receipt in held:
        short = receipt.submission_id[:12]
        if not receipt.accepted:
            problems.append(f"{short}: not accepted")
        if receipt.contract_hash != contract.hash:
            problems.append(f"{short}: accepted under another version of the contract")
        if receipt.suite_hash != suite.hash:
            problems.append(f"{short}: accepted under another suite")
        statistics = dict(receipt.suite_statistics)
        if receipt.rows_read and not statistics.get("evaluated"):
            problems.append(f"{short}: no expectation was evaluated")
        if statistics.get("failed_table_level"):
            problems.append(f"{short}: a table-level expectation failed")
        for name, count in statistics.items():
            totals[name] = totals.get(name, 0) + count
        for name in rows:
            rows[name] += getattr(receipt, name)
    if not held:
        problems.append(f"no submission of {feed} is in the cut: nothing was checked")
    return _verdict_on(
        problems,
        f"All {len(held)} submissions of {feed} passed the suite in force.",
        f"Not every submission of {feed} is proved under the suite in force.",
        "judge the submissions again (`expectations.intake.judge_all_again`); what then differs is delivered anew "
        "with the next sequence.",
        {"submissions": len(held), "suite_hash": suite.hash, "expectations": totals, **rows},
    )


def expectations_of_feed(
    context: Context, home: Home, cut: DataCut, contracts: Mapping[str, Contract], feed: str
) -> Verdict:
    """Verdict `expectations.<feed>`."""
    return run_check(context, f"expectations.{feed}", "integrity", feed, lambda: judge_feed(home, cut, contracts, feed))


# warehouse ------------------------------------------------------------------------------------------


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
    return _verdict_on(
        problems,
        f"All {len(blocking)} tests of the warehouse passed.",
        "The warehouse is not proved.",
        "see the dbt log of the run; mend the model or the data and build again.",
        {
            "expected": len(blocking),
            "run": sum(1 for unique_id in expected if unique_id in results),
            "warnings": _listed(warned),
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


def recompute_value(row: Mapping[str, Any]) -> Decimal | None:
    """The value a KPI return row must have: numerator over denominator times the unit's multiplier, rounded once.

    None when there is no numerator, no denominator or a denominator of 0.
    """
    numerator, denominator = row["numerator"], row["denominator"]
    if numerator is None or denominator is None or denominator == 0:
        return None
    exact = Fraction(numerator) / Fraction(denominator) * unit_multiplier(str(row["unit"]))
    return _round_half_up(exact, int(row["value_decimals"]))


def _value_problems(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    problems = []
    for row in rows:
        wanted = recompute_value(row)
        value = row["value"]
        for name in ("value", "numerator", "denominator"):
            if isinstance(row[name], float):
                problems.append(f"{row['figure_id']}: {name} is floating point")
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
        for month in _months(period):
            months[agreement, month.label] = period.label
    wanted: dict[tuple[str, str, str], int] = {}
    paths = [path for receipt in _receipts_of(home, cut, feed) for path, _ in receipt.lake_files]
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
) -> Judgement:
    """Every KPI value and every member's cost, computed a second time without the warehouse.

    kpi_return, ledger: Arrow tables of the warehouse. periods: (agreement, settlement period) the ledger is
    sorted into; a member's month that falls out of the warehouse shows here.
    """
    values = kpi_return.to_pylist()
    lines = ledger.to_pylist()
    problems = _value_problems(values)
    costs, pence = _ledger_problems(home, cut, lines, periods, ledger_feed)
    problems += costs
    if not values:
        problems.append("the KPI return has no row: nothing was recomputed")
    if not periods:
        problems.append("no settlement period was named: no cost was recomputed")
    return _verdict_on(
        problems,
        f"{len(values)} values and {len(lines)} cost lines came out the same a second time.",
        "A figure of the warehouse is not what its parts give.",
        "do not pay; find the model that computes the figure named and build again.",
        {"values": len(values), "cost_lines": len(lines), "cost_pence": pence},
    )


def warehouse_arithmetic(
    context: Context, home: Home, cut: DataCut, kpi_return: Any, ledger: Any, periods: Sequence[tuple[str, Period]]
) -> Verdict:
    """Verdict `warehouse.arithmetic`."""
    return run_check(
        context,
        "warehouse.arithmetic",
        "integrity",
        "cut",
        lambda: judge_arithmetic(home, cut, kpi_return, ledger, periods),
    )


# suites on the small aggregate tables ----------------------------------------------------------------


def _type_problems(table: Any, expectations: Sequence[Expectation], **kinds: Sequence[str]) -> list[str]:
    """Columns that are missing, or whose Arrow type is not the one agreed. Floating point is never agreed."""
    tests = {"decimals": pa.types.is_decimal, "integers": pa.types.is_integer, "dates": pa.types.is_date}
    needed = {item.column for item in expectations if item.column is not None}
    missing = sorted((needed | {name for names in kinds.values() for name in names}) - set(table.column_names))
    problems = [f"the column {name} is missing" for name in missing]
    for kind, names in kinds.items():
        for name in names:
            if name in missing:
                continue
            actual = table.schema.field(name).type
            if not tests[kind](actual) and not pa.types.is_null(actual):
                problems.append(f"{name} has the type {actual}")
    return problems


def _suite_judgement(
    table: Any, expectations: Sequence[Expectation], identity: str, types: list[str], what: str, extra: list[str]
) -> Judgement:
    if types:
        return _verdict_on(types, "", f"The {what} has not the columns agreed.", "mend the model and build again.", {})
    result = run_suite(expectations, table)
    names = table.column(identity).to_pylist()

    def told(outcome: Outcome) -> list[str]:
        rows = [str(names[position]) for position in outcome.rows] or [what]
        return [f"{row}: {outcome.expectation.message}" for row in rows]

    problems = [line for level in (ROW, TABLE) for outcome in result.failed(level) for line in told(outcome)] + extra
    warnings = [line for outcome in result.failed(WARN) for line in told(outcome)]
    if table.num_rows == 0:
        problems.append(f"the {what} has no row")
    return _verdict_on(
        problems,
        f"All {table.num_rows} rows of the {what} are whole.",
        f"The {what} is not whole or contradicts itself.",
        "mend the model named and build again.",
        {"rows": table.num_rows, "expectations": result.statistics(), "warnings": _listed(warnings)},
    )


def judge_kpi_return(table: Any) -> Judgement:
    """The KPI return is whole and consistent; an implausible value only warns."""
    expectations = kpi_return_suite.build()
    types = _type_problems(
        table,
        expectations,
        decimals=kpi_return_suite.DECIMALS,
        integers=kpi_return_suite.INTEGERS,
        dates=kpi_return_suite.DATES,
    )
    extra = (
        []
        if types
        else [f"{row['figure_id']}: {problem}" for row in table.to_pylist() for problem in _return_problems(row)]
    )
    return _suite_judgement(table, expectations, "figure_id", types, "KPI return", extra)


def _return_problems(row: Mapping[str, Any]) -> list[str]:
    """What contradicts itself in a row in a way no single expectation says."""
    problems = []
    if row["quality_status"] == "fit" and row["value"] is None:
        problems.append("fit without a value")
    if row["quality_status"] == "not_available" and row["value"] is not None:
        problems.append("not available with a value")
    if row["quality_status"] != "fit" and not row["quality_reason"]:
        problems.append("not fit without a reason")
    if row["value"] is not None and row["baseline_value"] is not None and row["level"] is None:
        problems.append("a value without a level")
    if (
        row["value"] is not None
        and row["value_decimals"] is not None
        and row["value"] != row["value"].quantize(Decimal(1).scaleb(-row["value_decimals"]), ROUND_HALF_UP)
    ):
        problems.append("the value has more decimals than agreed")
    return problems


def kpi_return_whole(context: Context, table: Any) -> Verdict:
    """Verdict `kpi_return.suite`."""
    return run_check(context, "kpi_return.suite", "integrity", "cut", lambda: judge_kpi_return(table))


def judge_ledger(table: Any) -> Judgement:
    """The open book is whole; an unusually large line only warns."""
    expectations = ledger_suite.build()
    types = _type_problems(table, expectations, integers=ledger_suite.INTEGERS)
    return _suite_judgement(table, expectations, "line_id", types, "ledger", [])


def ledger_whole(context: Context, table: Any) -> Verdict:
    """Verdict `ledger.suite`."""
    return run_check(context, "ledger.suite", "integrity", "cut", lambda: judge_ledger(table))


# fitness ---------------------------------------------------------------------------------------------


def judge_complete_days(row: Mapping[str, Any], max_missing_pct: Decimal) -> Judgement:
    """Whether a KPI's figure rests on enough complete days of a whole period to be paid on.

    row: one row of the KPI return. max_missing_pct: agreed share of covered days that may be incomplete,
    in percent. The row's own status must agree: two answers are no answer.
    """
    window, covered, missing = int(row["window_days"]), int(row["covered_days"]), int(row["missing_days"])
    problems = []
    if row["value"] is None:
        problems.append("there is no value")
    if covered < window:
        problems.append(f"the data cut covers {covered} of {window} days")
    if covered == 0 or Fraction(missing * 100, covered) > Fraction(max_missing_pct):
        problems.append(f"{missing} of {covered} days are incomplete, more than {max_missing_pct:f} % may not be")
    fit = row["quality_status"] == "fit"
    if fit == bool(problems):
        problems.append(f"the KPI return says {row['quality_status']}")
    observed = {
        "value": row["value"],
        "window_days": window,
        "covered_days": covered,
        "missing_days": missing,
        "max_missing_pct": max_missing_pct,
        "quality_status": str(row["quality_status"]),
    }
    if problems:
        return Judgement(
            False,
            f"Not fit to pay on: {'; '.join(problems)}.",
            "the organisations that did not report deliver the missing days, or a cause is recorded.",
            observed,
            "the organisations that did not report",
        )
    return Judgement(True, f"{covered - missing} of {covered} days are complete.", "", observed)


def kpi_complete_days(context: Context, row: Mapping[str, Any], max_missing_pct: Decimal) -> Verdict:
    """Verdict `kpi.complete_days` of one KPI and period."""
    scope = f"{row['agreement_id']}/{row['kpi_id']}/{row['period_id']}"
    return run_check(context, "kpi.complete_days", "fitness", scope, lambda: judge_complete_days(row, max_missing_pct))
