"""Each check of the gate, with a case that passes and cases that fail; a check that raises is an error, not a failure.

CNI-27: failures are named and nothing silently passes. CNI-02: plausibility never refuses.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deliveries import (
    AREA,
    REFERENCE,
    csv_of,
    deliver,
    deliver_kpis,
    deliver_ledger,
    deliver_reference,
    deliver_trust,
    manifest_of,
    reference_rows,
    take_in_all,
)
from hypothesis import given
from hypothesis import strategies as st
from people_deliveries import MAKERS, deliver_people

from dbt_project.catalogue import load_catalogue
from expectations import gate_checks
from expectations.definitions import definitions_hash
from expectations.gate_bands import AGES, STANDARD, bands_of
from expectations.gate_checks import FeedNeed, SettlementNeeds
from expectations.intake import take_in
from expectations.requirement import Coverage
from expectations.suites import BUILDERS
from expectations.verdicts import (
    Context,
    RequiredCheck,
    Verdict,
    parse_verdict,
    read_required,
    read_verdicts,
    verdict_file_name,
    write_required,
    write_verdict,
)
from foundation.canonical import sha256_bytes
from foundation.errors import SystemFault, WrongUsage
from foundation.home import Home
from foundation.period import Period, month, parse_period, quarter_of
from ingest.contract import CONTRACTS, Contract, parse_contract
from ingest.cut import CutSubmission, DataCut, build_cut
from ingest.register import receipt_path

CONTEXT = Context("c" * 64, "d" * 64, "0+test", "r" * 64)
QUARTER = quarter_of(date(2025, 4, 1))
MONTHS = ("2025-04", "2025-05", "2025-06")
NEEDS = [SettlementNeeds("demo", ("acute-trust",), QUARTER, QUARTER)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, contracts: dict[str, Contract]) -> Home:
    """A home with a quarter of everything."""
    home = Home(tmp_path_factory.mktemp("gate") / "home")
    home.create(demo=True, place="test")
    for label in MONTHS:
        for organisation in ("RFS", "RTG", "E54000058"):
            deliver_trust(home, organisation, label)
        deliver_ledger(home, month=label)
    deliver_kpis(home)
    deliver_reference(home)
    assert {item.outcome for item in take_in_all(home, contracts)} == {"accept"}
    return home


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    from ingest.contract import load_contracts

    return load_contracts()


@pytest.fixture(scope="module")
def cut(filled: Home) -> DataCut:
    return build_cut(filled)


def problems(verdict: Verdict) -> str:
    return " | ".join(verdict.observed["problems"])


def restored(path: Path, spoil: Callable[[Path], object]) -> Callable[[], None]:
    before = path.read_bytes()
    spoil(path)
    return lambda: path.write_bytes(before) and None  # type: ignore[func-returns-value]


# cut ------------------------------------------------------------------------------------------------


def test_register_passes_and_says_what_was_changed(filled: Home, cut: DataCut, contracts: dict[str, Contract]) -> None:
    good = gate_checks.cut_register(CONTEXT, filled, cut, contracts)
    assert (good.status, good.observed["submissions"]) == ("passed", 14)
    item = cut.of("cost_ledger")[0]
    folder = filled.lake / f"feed=cost_ledger/organisation=acute-trust/submission={item.submission_id}"
    raw = next((filled.submissions / item.submission_id).glob("*.csv"))
    lake_file = next(folder.rglob("part.parquet"))
    receipt = receipt_path(filled, item.submission_id)
    other = receipt.read_bytes().replace(b'"rows_accepted": 5', b'"rows_accepted": 4')
    for path, spoil, said in (
        (raw, lambda p: p.write_bytes(p.read_bytes() + b" "), "raw file"),
        (lake_file, lambda p: p.write_bytes(b"PAR1"), "lake"),
        (lake_file, lambda p: p.unlink(), "lake"),
        (receipt, lambda p: p.unlink(), "no receipt"),
        (receipt, lambda p: p.write_bytes(other), "something else"),
    ):
        undo = restored(path, spoil)
        verdict = gate_checks.cut_register(CONTEXT, filled, cut, contracts)
        undo()
        assert verdict.status == "failed"
        assert said in problems(verdict)
    stray = lake_file.with_name("more.parquet")
    stray.write_bytes(b"PAR1")
    assert gate_checks.cut_register(CONTEXT, filled, cut, contracts).status == "failed"
    stray.unlink()
    without = {feed: contract for feed, contract in contracts.items() if feed != "cost_ledger"}
    assert "no contract" in problems(gate_checks.cut_register(CONTEXT, filled, cut, without))
    assert gate_checks.cut_register(CONTEXT, filled, DataCut(()), contracts).status == "failed"
    assert gate_checks.cut_register(CONTEXT, filled, cut, contracts) == good


def test_a_register_that_cannot_be_read_is_an_error(filled: Home, cut: DataCut, contracts: dict[str, Contract]) -> None:
    undo = restored(receipt_path(filled, cut.submissions[0].submission_id), lambda p: p.write_bytes(b"{"))
    verdict = gate_checks.cut_register(CONTEXT, filled, cut, contracts)
    undo()
    assert verdict.status == "error"
    assert verdict.observed == {"error": "SystemFault"}


def test_required_feeds(filled: Home, cut: DataCut) -> None:
    good = gate_checks.cut_required_feeds(CONTEXT, filled, cut, NEEDS)
    assert (good.status, good.observed["required"]) == ("passed", 12)
    for feed, organisation in (
        ("cost_ledger", "acute-trust"),
        ("daily_discharge_return", "RTG"),
        ("daily_discharge_return", "E54000058"),
    ):
        gone = [
            item
            for item in cut.submissions
            if not (item.feed == feed and item.organisation == organisation and item.covers_from == date(2025, 5, 1))
        ]
        verdict = gate_checks.cut_required_feeds(CONTEXT, filled, DataCut(tuple(gone)), NEEDS)
        assert verdict.status == "failed"
        assert verdict.observed["problems"] == [f"demo: {organisation} sent no {feed} for 2025-05"]
    more = [SettlementNeeds("demo", ("acute-trust", "city-council"), QUARTER, QUARTER)]
    assert "city-council" in problems(gate_checks.cut_required_feeds(CONTEXT, filled, cut, more))
    no_register = DataCut(tuple(item for item in cut.submissions if item.feed != "reference_organisations"))
    assert "names no organisation" in problems(gate_checks.cut_required_feeds(CONTEXT, filled, no_register, NEEDS))
    assert gate_checks.cut_required_feeds(CONTEXT, filled, cut, []).status == "failed"


def test_the_latest_register_of_organisations_decides(home: Home, contracts: dict[str, Contract]) -> None:
    deliver_trust(home, "RFS")
    deliver_ledger(home)
    deliver_reference(home)
    take_in_all(home, contracts)
    need = [SettlementNeeds("demo", ("acute-trust",), month(2025, 4), month(2025, 4))]
    assert gate_checks.cut_required_feeds(CONTEXT, home, build_cut(home), need).status == "failed"
    # a register from which organisations are simply gone is held: nobody would miss what they do not send
    assert not take_in(home, deliver_reference(home, members=("RFS",), sequence=2), contracts).accepted
    rows = [row if row[1] == "RFS" else [*row[:-1], "2025-03-31"] for row in reference_rows()]
    data = csv_of(REFERENCE, rows)
    told = manifest_of("reference_organisations", AREA, "2022-04-01", "2025-08-31", data, len(rows), 3)
    assert take_in(home, deliver(home, told, data), contracts).accepted
    assert gate_checks.cut_required_feeds(CONTEXT, home, build_cut(home), need).status == "passed"


# expectations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", sorted(set(BUILDERS) - set(MAKERS)))
def test_expectations_of_each_feed(feed: str, filled: Home, cut: DataCut, contracts: dict[str, Contract]) -> None:
    good = gate_checks.expectations_of_feed(CONTEXT, filled, cut, contracts, feed)
    assert good.status == "passed"
    assert good.check_id == f"expectations.{feed}"
    assert good.observed["expectations"]["evaluated"] > 0
    assert good.observed["rows_read"] == good.observed["rows_accepted"]
    text = (
        (CONTRACTS / f"{feed}.yaml")
        .read_text()
        .replace("maxLength: 20", "maxLength: 19")
        .replace("maxLength: 60", "maxLength: 59")
    )
    changed = {**contracts, feed: parse_contract(text.encode(), feed)}
    assert "another version of the contract" in problems(
        gate_checks.expectations_of_feed(CONTEXT, filled, cut, changed, feed)
    )
    gone = DataCut(tuple(item for item in cut.submissions if item.feed != feed))
    assert gate_checks.expectations_of_feed(CONTEXT, filled, gone, contracts, feed).status == "failed"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, contracts: dict[str, Contract]) -> Home:
    """A home with one file of every sender about people, and the register that asks for them."""
    home = Home(tmp_path_factory.mktemp("people") / "home")
    home.create(demo=True, place="test")
    for feed in MAKERS:
        for organisation in contracts[feed].custom.senders:
            deliver_people(home, contracts[feed], organisation)
    rows = [
        ["ZCC1", member, "E09000011", feed, "record_id", "2023-04-01", ""]
        for feed, members in (
            ("pcn_register", ("ZPN1", "ZPN2", "ZPN3", "ZPN4", "ZPN5", "ZPN6")),
            ("stop_smoking", ("ZSS1",)),
            ("treatment_episodes", ("ZCR1", "ZMH1")),
        )
        for member in members
    ]
    data = csv_of(REFERENCE, rows)
    told = manifest_of("reference_organisations", "ZCC1", "2023-04-01", "2025-06-30", data, len(rows))
    deliver(home, told, data)
    for number in range(4, 13):
        deliver_ledger(home, "youth-charity", f"2024-{number:02d}")
    assert {item.outcome for item in take_in_all(home, contracts)} == {"accept"}
    return home


@pytest.mark.parametrize("feed", sorted(MAKERS))
def test_expectations_of_feeds_about_people(feed: str, people: Home, contracts: dict[str, Contract]) -> None:
    cut = build_cut(people)
    good = gate_checks.expectations_of_feed(CONTEXT, people, cut, contracts, feed)
    assert (good.status, good.check_id) == ("passed", f"expectations.{feed}")
    assert good.observed["submissions"] == len(contracts[feed].custom.senders)
    assert good.observed["expectations"]["evaluated"] > 0
    text = (CONTRACTS / f"{feed}.yaml").read_text().replace("version: 1.0.0", "version: 1.0.1")
    changed = {**contracts, feed: parse_contract(text.encode(), feed)}
    assert "another version of the contract" in problems(
        gate_checks.expectations_of_feed(CONTEXT, people, cut, changed, feed)
    )


def span(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last), "window", f"{first}..{last}")


def greenwich(*feeds: FeedNeed) -> list[SettlementNeeds]:
    months = span("2024-04-01", "2024-06-30")
    return [SettlementNeeds("greenwich", ("youth-charity",), months, months, feeds)]


def test_a_settlement_needs_the_feeds_of_its_own_kpis_and_area(people: Home) -> None:
    """Rolling and cumulative feeds are judged by the days they cover, each KPI's feed over its own dates."""
    cut, area = build_cut(people), "E09000011"

    def judged(*feeds: FeedNeed) -> Verdict:
        return gate_checks.cut_required_feeds(CONTEXT, people, cut, greenwich(*feeds))

    register = FeedNeed("pcn_register", area, span("2024-04-01", "2025-03-31"))
    quits = FeedNeed("stop_smoking", area, span("2024-01-01", "2024-06-30"))
    # cumulative: one file from April 2022 on holds any window up to its last day
    treatment = FeedNeed("treatment_episodes", area, span("2023-04-01", "2024-06-30"))
    good = judged(register, quits, treatment)
    assert (good.status, good.observed["required"]) == ("passed", 3 + 6 * 12 + 6 + 2 * 15)
    late = judged(FeedNeed("stop_smoking", area, span("2024-01-01", "2024-07-10")))
    assert late.observed["problems"] == ["greenwich: ZSS1 sent no stop_smoking for 2024-07"]
    # a quarter not covered is named month by month, once, however many KPIs look at it
    twice = judged(register, FeedNeed("pcn_register", area, span("2024-03-15", "2024-04-15")))
    assert twice.observed["problems"] == [
        f"greenwich: ZPN{number} sent no pcn_register for 2024-03" for number in range(1, 7)
    ]
    silent = judged(FeedNeed("admitted_care", area, span("2024-04-01", "2024-04-30")))
    assert silent.observed["problems"] == [
        "greenwich: the register names no organisation for admitted_care in E09000011"
    ]
    elsewhere = judged(FeedNeed("stop_smoking", "E54000058", span("2024-01-01", "2024-06-30")))
    assert elsewhere.status == "failed"
    # without its KPIs' feeds a settlement needs everything the register names
    everything = gate_checks.cut_required_feeds(CONTEXT, people, cut, greenwich())
    assert (everything.status, everything.observed["required"]) == ("passed", 3 + 9 * 3)


_DAYS = st.integers(0, 40).map(lambda number: date(2024, 4, 1) + timedelta(days=number))
_SPANS = st.tuples(_DAYS, _DAYS).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(_SPANS, max_size=6), _SPANS)
def test_days_count_as_covered_when_some_submission_covers_them(
    spans: list[tuple[date, date]], wanted: tuple[date, date]
) -> None:
    made = DataCut(
        tuple(
            CutSubmission(str(number), "deaths", "ZCC1", first, last, 1, "", 1)
            for number, (first, last) in enumerate(spans)
        )
    )
    covered = {day.toordinal() for first, last in spans for day in _each(first, last)}
    holds = Coverage(made).holds("deaths", "ZCC1", *wanted)
    assert holds == all(day.toordinal() in covered for day in _each(*wanted))


def _each(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def test_a_changed_suite_is_noticed(
    filled: Home, cut: DataCut, contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    from expectations import suites

    original = suites.BUILDERS["cost_ledger"]
    monkeypatch.setitem(suites.BUILDERS, "cost_ledger", lambda contract, scope: list(original(contract, scope))[:-1])
    monkeypatch.setattr(suites, "_SUITES", {})
    verdict = gate_checks.expectations_of_feed(CONTEXT, filled, cut, contracts, "cost_ledger")
    assert "another suite" in problems(verdict)


# warehouse ------------------------------------------------------------------------------------------


def dbt_documents() -> tuple[dict[str, Any], dict[str, Any]]:
    nodes = {
        "model.o.kpi_return": {"resource_type": "model", "config": {}},
        "test.o.a": {"resource_type": "test", "config": {"severity": "ERROR"}},
        "test.o.b": {"resource_type": "test", "config": {"severity": "error"}},
        "test.o.c": {"resource_type": "test", "config": {"severity": "warn"}},
        "test.o.off": {"resource_type": "test", "config": {"severity": "error", "enabled": False}},
    }
    results = [
        {"unique_id": "model.o.kpi_return", "status": "success"},
        {"unique_id": "test.o.a", "status": "pass"},
        {"unique_id": "test.o.b", "status": "pass"},
        {"unique_id": "test.o.c", "status": "warn"},
    ]
    return {"results": results}, {"nodes": nodes}


def test_warehouse_tests() -> None:
    results, manifest = dbt_documents()
    good = gate_checks.warehouse_tests(CONTEXT, results, manifest)
    assert (good.status, good.observed["expected"], good.observed["warnings"]) == ("passed", 2, ["test.o.c"])
    for status in ("fail", "error", "skipped", "warn", "runtime error"):
        results["results"][1]["status"] = status
        assert gate_checks.warehouse_tests(CONTEXT, results, manifest).status == "failed"
    results, _ = dbt_documents()
    for index in (1, 3):
        fewer = {"results": [item for position, item in enumerate(results["results"]) if position != index]}
        verdict = gate_checks.warehouse_tests(CONTEXT, fewer, manifest)
        assert "not run" in problems(verdict)
    results["results"][0]["status"] = "error"
    assert gate_checks.warehouse_tests(CONTEXT, results, manifest).status == "failed"
    assert gate_checks.warehouse_tests(CONTEXT, {"results": []}, {"nodes": {}}).status == "failed"
    assert gate_checks.warehouse_tests(CONTEXT, {}, manifest).status == "error"


def return_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "figure_id": "kpi:demo:D1:2024-25:value",
        "agreement_id": "demo",
        "kpi_id": "D1",
        "period_id": "2024-25",
        "period_kind": "year",
        "period_start": date(2024, 4, 1),
        "period_end": date(2025, 3, 31),
        "measurement_start": date(2024, 4, 1),
        "measurement_end": date(2025, 3, 31),
        "indicator_id": "census",
        "indicator_version": 1,
        "area_code": "E54000058",
        "value": Decimal("453.1"),
        "value_decimals": 1,
        "unit": "patients",
        "numerator": Decimal(161291),
        "denominator": Decimal(356),
        "lower": None,
        "upper": None,
        "interval_method": "none",
        "polarity": "low",
        "baseline_value": Decimal("478.6"),
        "level": "minimum",
        "quality_status": "fit",
        "quality_reason": None,
        "window_days": 365,
        "covered_days": 365,
        "missing_days": 9,
        "data_complete_as_at": date(2025, 3, 31),
        "data_cut_status": "freeze",
        "payable_from": date(2025, 4, 1),
        "population_basis": "caseload",
        "data_cut_id": "c" * 64,
    }
    return {**row, **changes}


FIGURE = pa.decimal128(20, 9)
RETURN_TYPES = {
    **dict.fromkeys(("value", "numerator", "denominator", "lower", "upper", "baseline_value"), FIGURE),
    **dict.fromkeys(("indicator_version", "value_decimals", "window_days", "covered_days", "missing_days"), pa.int32()),
    **dict.fromkeys(
        ("period_start", "period_end", "measurement_start", "measurement_end", "data_complete_as_at", "payable_from"),
        pa.date32(),
    ),
}


def return_table(*rows: dict[str, Any], **types: Any) -> Any:
    kinds = {**RETURN_TYPES, **types}
    return pa.table(
        {name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in return_row()}
    )


def ledger_table(filled: Home, change: Callable[[list[dict[str, Any]]], object] = lambda rows: None) -> Any:
    rows = [
        {
            "agreement_id": "demo",
            "period_id": QUARTER.label,
            "member_id": "acute-trust",
            "month": label,
            "line_id": f"line-{n}",
            "category": "reimbursable_cost",
            "amount_pence": 100_001 * n,
            "contract_reference": "C-1",
            "funding_source": "programme",
            "vat_treatment": "outside scope",
            "submission_id": "s",
        }
        for label in MONTHS
        for n in range(1, 6)
    ]
    change(rows)
    kinds = {"amount_pence": pa.int64()}
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], kinds.get(name, pa.string()))
            for name in (
                "agreement_id",
                "period_id",
                "member_id",
                "month",
                "line_id",
                "category",
                "amount_pence",
                "contract_reference",
                "funding_source",
                "vat_treatment",
                "submission_id",
            )
        }
    )


def test_arithmetic(filled: Home, cut: DataCut) -> None:
    periods = [("demo", QUARTER)]

    def judged(kpis: Any, ledger: Any) -> Verdict:
        return gate_checks.warehouse_arithmetic(CONTEXT, filled, cut, kpis, ledger, periods)

    good = judged(return_table(return_row()), ledger_table(filled))
    assert (good.status, good.observed["cost_pence"]) == ("passed", 3 * 1_500_015)
    for changes in (
        {"value": Decimal("453.0")},
        {"numerator": Decimal(161400)},
        {"value": None},
        {"denominator": None},
        {"denominator": Decimal(0)},
        {"unit": "percent"},
    ):
        assert judged(return_table(return_row(**changes)), ledger_table(filled)).status == "failed", changes
    unavailable = return_row(value=None, numerator=None, denominator=None, quality_status="not_available")
    assert judged(return_table(unavailable), ledger_table(filled)).status == "passed"
    for change in (
        lambda rows: rows[0].update(amount_pence=100_002),
        lambda rows: rows.pop(),
        lambda rows: rows.append(rows[0]),
        lambda rows: rows[0].update(member_id="city-council"),
        lambda rows: rows[0].update(month="2025-05"),
        lambda rows: rows.__delitem__(slice(0, 5)),
    ):
        verdict = judged(return_table(return_row()), ledger_table(filled, change))
        assert verdict.status == "failed"
        assert "pence" in problems(verdict)
    misfiled = judged(
        return_table(return_row()), ledger_table(filled, lambda rows: rows[0].update(period_id="2024-25"))
    )
    assert "belongs to 2025-26-q1" in problems(misfiled)
    # a month of a period not yet due may be there or not; what is there must be right
    april = [("demo", Period(date(2025, 4, 1), date(2025, 4, 30), "quarter", QUARTER.label))]
    for change, status in (
        (lambda rows: None, "passed"),
        (lambda rows: rows.__delitem__(slice(5, 10)), "passed"),
        (lambda rows: rows[5].update(amount_pence=1), "failed"),
    ):
        early = gate_checks.warehouse_arithmetic(
            CONTEXT, filled, cut, return_table(return_row()), ledger_table(filled, change), april
        )
        assert (early.status, early.observed["cost_pence"]) == (status, 1_500_015)
    floating = return_table(return_row(value=453.1), value=pa.float64())
    assert judged(floating, ledger_table(filled)).status == "failed"
    assert judged(return_table(), ledger_table(filled)).status == "failed"
    assert judged(None, ledger_table(filled)).status == "error"


def test_arithmetic_knows_the_statistic(filled: Home, cut: DataCut) -> None:
    """A crude rate counts person-months; a standardised rate is more than the quotient of its sums."""

    def judged(statistic: str, **changes: Any) -> Verdict:
        row = return_row(unit="per 1,000", numerator=Decimal(10), denominator=Decimal(2400), **changes)
        return gate_checks.warehouse_arithmetic(
            CONTEXT,
            filled,
            cut,
            return_table(row),
            ledger_table(filled),
            [("demo", QUARTER)],
            statistics={"census": statistic},
        )

    assert judged("crude_rate", value=Decimal("50.0")).status == "passed"
    assert judged("crude_rate", value=Decimal("4.2")).status == "failed"
    assert judged("proportion", value=Decimal("4.2")).status == "passed"
    assert "cannot be recomputed" in problems(judged("dsr", value=Decimal("4.2")))


def test_a_standardised_rate_is_recomputed_from_its_bands(filled: Home, cut: DataCut) -> None:
    """By hand: 30 events in 12,000 person-months (1,000 people a year) at 75-79, weight 4,000, and 50 in 6,000 (500) at
    80-84, weight 2,500: (4,000 × 0.03 + 2,500 × 0.1) ÷ 6,500 × 1,000 = 56.923… per 1,000; the quotient of the sums is
    53.3."""
    plain = [
        {"indicator_id": "census", "area_code": "E06000015", "period_id": "2024-25", "breakdown_kind": "all",
         "breakdown_group": "all", "age_band": age, "band_events": events, "band_population": months,
         "band_weight": weight}
        for age, events, months, weight in (("75-79", 30, 12_000, 4_000), ("80-84", 50, 6_000, 2_500))
    ]  # fmt: skip
    year: dict[str, Any] = {
        "period_kind": "year", "period_id": "2024-25", "area_code": "E06000015", "unit": "per 1,000", "value_decimals": 1,
        "measurement_start": date(2024, 4, 1), "measurement_end": date(2025, 3, 31),
    }  # fmt: skip

    def judged(
        rows: list[dict[str, Any]] | None = None,
        groups: dict[tuple[str, str], tuple[str, str]] | None = None,
        **row: Any,
    ) -> Verdict:
        sums = {"value": Decimal("56.9"), "numerator": Decimal(80), "denominator": Decimal(18_000)}
        return gate_checks.warehouse_arithmetic(
            CONTEXT, filled, cut, return_table(return_row(**{**year, **sums, **row})), ledger_table(filled),
            [("demo", QUARTER)], statistics={"census": "dsr"},
            bands=bands_of(plain if rows is None else rows, groups or {}, {"census": ("75-79", "80-84")}),
        )  # fmt: skip

    assert judged().status == "passed"
    assert "53.3 is not 56.9" in problems(judged(value=Decimal("53.3")))
    assert "give 56.9" in problems(judged(value=None, quality_status="not_available"))
    assert judged(value=None, numerator=None, denominator=None, quality_status="not_available").status == "passed"
    assert "without numerator" in problems(judged(numerator=None, denominator=None))
    few = [{**plain[0], "band_events": 4}, {**plain[1], "band_events": 5}]
    assert "give no rate" in problems(judged(few, numerator=Decimal(9)))
    assert judged(few, numerator=Decimal(9), value=None, quality_status="not_available").status == "passed"
    # no event in the bands of a rate of many is a rate of 0, and no missing one
    assert "give 0.0, and its value is no rate" in problems(
        judged([{**plain[0], "band_events": 0, "band_weight": 4_000}, {**plain[1], "band_events": 10, "band_population": 10**9}],
               numerator=Decimal(10), denominator=Decimal(10**9 + 12_000), value=None, quality_status="not_available")
    )  # fmt: skip
    # a band absent from rows and sums alike: 30 × 12 ÷ 12,000 is a rate of the other one
    alone: dict[str, Any] = {"numerator": Decimal(30), "denominator": Decimal(12_000), "value": Decimal("30.0")}
    assert "the band 80-84 of its definition is missing" in problems(judged(plain[:1], **alone))
    more = {**plain[1], "age_band": "85-89", "band_weight": 1_500, "band_events": 0, "band_population": 0}
    assert "the band 85-89 is none of its definition" in problems(judged([*plain, more]))
    empty = [{**plain[0], "band_population": 0}, plain[1]]
    assert "give no rate" in problems(judged(empty, denominator=Decimal(6_000)))
    for rows, said in (
        ([], "without its bands"),
        (plain[:1], "add up to 30, and its numerator is 80"),
        ([*plain, plain[0]], "stands twice"),
        ([{**plain[0], "band_weight": 4_001}, plain[1]], "another weight"),
        ([{**plain[0], "age_band": "75-90"}, plain[1]], "another weight"),
        ([{**plain[0], "band_events": 30.0}, plain[1]], "no whole numbers"),
        ([{**plain[0], "band_events": 31}, plain[1]], "its numerator is 80"),
        ([{**plain[0], "band_population": 12_001}, plain[1]], "its denominator is 18000"),
    ):
        assert said in problems(judged(rows)), said
    # what ends earlier than the year lies with the rolling year, and a group with its own bands
    moved = [{**band, "period_id": "2024-12-r12", "breakdown_kind": "pcn", "breakdown_group": "U1"} for band in plain]
    window: dict[str, Any] = {"measurement_start": date(2024, 1, 1), "measurement_end": date(2024, 12, 31)}
    kpi = (str(return_row()["agreement_id"]), str(return_row()["kpi_id"]))
    assert judged(moved, {kpi: ("pcn", "U1")}, **window).status == "passed"
    assert "without its bands" in problems(judged(moved, **window))
    quarter = [{**band, "period_id": "2024-25-q4"} for band in plain]
    months: dict[str, Any] = {
        "period_kind": "quarter",
        "measurement_start": date(2025, 1, 1),
        "measurement_end": date(2025, 3, 31),
    }
    assert judged(quarter, **months).status == "passed"


def test_the_second_copy_of_the_ages_is_what_the_warehouse_draws_on(repository: Path) -> None:
    """Of every standardised rate of the catalogue: all ages, or the bands its population is restricted to."""
    macro = (repository / "dbt_project" / "macros" / "people" / "rate_populations.sql").read_text()
    standardised = {one.indicator_id for one in load_catalogue() if one.statistic == "dsr"}
    assert set(AGES) < standardised
    for name in standardised:
        (condition,) = re.findall(rf"'{name}': ('1 = 1'|older)", macro)
        assert (condition == "older") == (name in AGES), name
    assert "older = \"age_group in ('65-74', '75-84', '85-over')\"" in macro
    with (repository / "dbt_project" / "seeds" / "age_bands.csv").open(encoding="utf-8") as seed:
        groups = {row["age_band"]: row["age_group"] for row in csv.DictReader(seed)}
    older = tuple(age for age in STANDARD if groups[age] in ("65-74", "75-84", "85-over"))
    assert set(AGES.values()) == {older}


def test_the_second_copy_of_the_standard_population_is_the_seed(repository: Path) -> None:
    with (repository / "dbt_project" / "seeds" / "european_standard_population.csv").open(encoding="utf-8") as seed:
        assert {row["age_band"]: int(row["standard_persons"]) for row in csv.DictReader(seed)} == STANDARD


@given(
    numerator=st.integers(0, 10**9),
    denominator=st.integers(1, 10**6),
    decimals=st.integers(0, 6),
    unit=st.sampled_from(["patients", "percent", "per 1,000 residents"]),
)
def test_recomputing_rounds_once_half_up(numerator: int, denominator: int, decimals: int, unit: str) -> None:
    """The result is within half a unit of the last place, and a tie goes up."""
    found = gate_checks.recompute_value(
        {"numerator": Decimal(numerator), "denominator": Decimal(denominator), "unit": unit, "value_decimals": decimals}
    )
    assert found is not None
    scaled = 2 * numerator * gate_checks.unit_multiplier(unit) * 10**decimals
    doubled = 2 * int(found.scaleb(decimals)) * denominator
    assert doubled - denominator <= scaled < doubled + denominator
    assert found == found.quantize(Decimal(1).scaleb(-decimals))


def test_the_printed_baseline_and_quarters_recompute() -> None:
    assert gate_checks.recompute_value(return_row()) == Decimal("453.1")
    assert gate_checks.recompute_value(
        return_row(numerator=Decimal(1), denominator=Decimal(8), value_decimals=2)
    ) == Decimal("0.13")


def test_kpi_return_suite() -> None:
    good = gate_checks.kpi_return_whole(
        CONTEXT,
        return_table(
            return_row(),
            return_row(figure_id="b", quality_status="withheld", quality_reason="20 of 91 days", level="stretch"),
        ),
    )
    assert (good.status, good.observed["warnings"]) == ("passed", [])
    for changes in (
        {"polarity": "sideways"},
        {"level": "superb"},
        {"quality_status": "fine"},
        {"unit": None},
        {"covered_days": 366},
        {"missing_days": 366},
        {"missing_days": -1},
        {"value": None},
        {"quality_status": "withheld"},
        {"quality_status": "not_available", "quality_reason": "why"},
        {"value": Decimal("453.14")},
        {"level": None},
        {"period_end": date(2024, 3, 1)},
        {"payable_from": None},
    ):
        verdict = gate_checks.kpi_return_whole(CONTEXT, return_table(return_row(**changes)))
        assert verdict.status == "failed", changes
    twice = gate_checks.kpi_return_whole(CONTEXT, return_table(return_row(), return_row()))
    assert "there twice" in problems(twice)
    empty = gate_checks.kpi_return_whole(CONTEXT, return_table())
    assert empty.status == "failed"
    # no model is at fault where nothing was sent that could be counted
    assert "no row" in problems(empty)
    assert "practice registers (pcn_register)" in empty.mend
    floating = return_table(return_row(value=453.1), value=pa.float64())
    assert "double" in problems(gate_checks.kpi_return_whole(CONTEXT, floating))
    narrow = return_table(return_row()).drop_columns(["level"])
    assert "level is missing" in problems(gate_checks.kpi_return_whole(CONTEXT, narrow))


def test_an_implausible_value_only_warns() -> None:
    verdict = gate_checks.kpi_return_whole(CONTEXT, return_table(return_row(value=Decimal(2_000_000), level="failure")))
    assert verdict.status == "passed"
    assert len(verdict.observed["warnings"]) == 1


def test_ledger_suite(filled: Home) -> None:
    assert gate_checks.ledger_whole(CONTEXT, ledger_table(filled)).status == "passed"
    for change in (
        lambda rows: rows[0].update(category="gift"),
        lambda rows: rows[0].update(amount_pence=-1),
        lambda rows: rows[0].update(amount_pence=None),
        lambda rows: rows.append(dict(rows[0])),
        lambda rows: rows[0].update(month="04/2025"),
        lambda rows: rows.clear(),
    ):
        assert gate_checks.ledger_whole(CONTEXT, ledger_table(filled, change)).status == "failed"
    large = ledger_table(filled, lambda rows: rows[0].update(amount_pence=10**12))
    verdict = gate_checks.ledger_whole(CONTEXT, large)
    assert (verdict.status, len(verdict.observed["warnings"])) == ("passed", 1)


# fitness --------------------------------------------------------------------------------------------


def test_complete_days() -> None:
    """A quarter with more than 10 % missing days is withheld; exactly 10 % is not."""
    limit = Decimal("10.00")
    good = gate_checks.kpi_complete_days(CONTEXT, return_row(), limit)
    assert (good.status, good.kind, good.scope) == ("passed", "fitness", "demo/D1/2024-25")
    assert good.file_name == "kpi.complete_days@demo@D1@2024-25.json"
    quarter = {"period_id": "2025-26-q1", "window_days": 91, "covered_days": 91, "missing_days": 20}
    held = gate_checks.kpi_complete_days(CONTEXT, return_row(**quarter, quality_status="withheld"), limit)
    assert (held.status, "20 of 91" in held.reason) == ("failed", True)
    edge = {"window_days": 90, "covered_days": 90}
    assert gate_checks.kpi_complete_days(CONTEXT, return_row(**edge, missing_days=9), limit).status == "passed"
    assert gate_checks.kpi_complete_days(CONTEXT, return_row(**edge, missing_days=10), limit).status == "failed"
    part = return_row(window_days=92, covered_days=62, missing_days=0, quality_status="withheld")
    assert gate_checks.kpi_complete_days(CONTEXT, part, limit).status == "failed"
    nothing = return_row(value=None, quality_status="not_available")
    assert gate_checks.kpi_complete_days(CONTEXT, nothing, limit).status == "failed"
    assert gate_checks.kpi_complete_days(CONTEXT, return_row(covered_days=0, window_days=0), limit).status == "failed"
    # too few people is agreed beforehand and says nothing about days
    few = gate_checks.kpi_complete_days(CONTEXT, return_row(quality_status="too_small"), limit)
    assert few.status == "passed"
    few = gate_checks.kpi_complete_days(CONTEXT, return_row(**quarter, quality_status="too_small"), limit)
    assert few.status == "failed"
    disagrees = gate_checks.kpi_complete_days(CONTEXT, return_row(quality_status="withheld"), limit)
    assert (disagrees.status, "says withheld" in disagrees.reason) == ("failed", True)
    assert gate_checks.kpi_complete_days(CONTEXT, return_row(missing_days=None), limit).status == "error"


# verdicts -------------------------------------------------------------------------------------------


def test_a_check_that_raises_is_an_error_and_quotes_nothing() -> None:
    def broken() -> gate_checks.Judgement:
        raise ValueError("943 476 5919 is not a date")

    verdict = gate_checks.run_check(CONTEXT, "x", "integrity", "cut", broken)
    assert (verdict.status, verdict.responsible) == ("error", gate_checks.DATA_ENGINEER)
    assert "943" not in verdict.to_bytes().decode()
    assert "says nothing about the data" in verdict.reason


def test_verdict_columns_are_the_published_ones(repository: Path) -> None:
    page = (repository / "docs/reference/files.md").read_text().split("### verdict", 1)[1]
    columns = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    made = list(gate_checks.kpi_complete_days(CONTEXT, return_row(), Decimal(10)).as_json())
    assert [name for name in made if name != "required_hash"] == [name for name in columns if name != "required_hash"]


def test_verdicts_are_bound_and_set_aside_not_edited(home: Home) -> None:
    checks = [
        RequiredCheck("ledger.suite", "integrity", "cut"),
        RequiredCheck("kpi.complete_days", "fitness", "demo/D1/2024-25"),
    ]
    context = write_required(home, "cut", "definitions", "1", checks)
    required = read_required(home, "cut")
    assert required is not None
    assert context.required_hash == sha256_bytes(required)
    assert [item["check_id"] for item in json.loads(required)["checks"]] == ["kpi.complete_days", "ledger.suite"]
    verdict = gate_checks.kpi_complete_days(context, return_row(), Decimal(10))
    path = write_verdict(home, verdict)
    assert write_verdict(home, verdict) == path
    assert parse_verdict(path.read_bytes()) == parse_verdict(verdict.to_bytes())
    worse = gate_checks.kpi_complete_days(context, return_row(missing_days=300), Decimal(10))
    write_verdict(home, worse)
    assert list(read_verdicts(home, "cut")) == ["kpi.complete_days@demo@D1@2024-25.json"]
    assert len(list((path.parent / "superseded").iterdir())) == 1
    assert write_required(home, "cut", "definitions", "1", checks) == context
    assert len(read_verdicts(home, "cut")) == 1
    later = write_required(home, "cut", "other definitions", "1", checks)
    assert read_verdicts(home, "cut") == {}
    assert len(list((path.parent / "superseded").iterdir())) == 3
    with pytest.raises(SystemFault):
        write_verdict(home, verdict)
    assert later.required_hash != context.required_hash
    with pytest.raises(SystemFault):
        parse_verdict(b'{"status": "passed"}')


@pytest.mark.parametrize("scope", ["../x/D1/2024-25", "a//b", "a/b c/d", ""])
def test_a_scope_cannot_leave_the_folder(scope: str) -> None:
    with pytest.raises(ValueError, match="file name"):
        verdict_file_name("kpi.complete_days", "fitness", scope)


def test_definitions_hash(tmp_path: Path, repository: Path) -> None:
    for name in ("contracts", "dbt", "suites"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text("a: 1\n")
    folders = (tmp_path / "contracts", tmp_path / "dbt", tmp_path / "suites")
    before = definitions_hash(*folders)
    assert definitions_hash(*folders) == before
    (tmp_path / "dbt" / "target").mkdir()
    (tmp_path / "dbt" / "target" / "b.sql").write_text("select 1")
    assert definitions_hash(*folders) == before
    for folder in folders:
        (folder / "a.yaml").write_text("a: 2\n")
        changed = definitions_hash(*folders)
        assert changed != before
        before = changed
    with pytest.raises(WrongUsage):
        definitions_hash(tmp_path / "nowhere", *folders[1:])
    assert len(definitions_hash(repository / "ingest/contracts", repository / "dbt_project")) == 64
    assert parse_period("2025-26-q1") == QUARTER
