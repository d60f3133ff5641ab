"""Make a small lake and the inputs of a run, and build the dbt project on them in a temporary folder.

Belongs here: what tests of the warehouse share. Not here: reading senders' files (tests/ingest).
"""

from __future__ import annotations

import csv
import gc
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from ruamel.yaml import YAML

from dbt_project.catalogue import catalogue_table, indicator_feeds_table
from dbt_project.groups import group_rules_table
from foundation.canonical import content_id
from foundation.period import financial_year_of, month_of
from foundation.tables import write_parquet

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "dbt_project"
SHARED = REPOSITORY.parent / "shared"
AREA = "E54000058"
CUT = "c" * 64

_TEXT, _WHOLE, _DAY = pa.string(), pa.int64(), pa.date32()
# Columns inside the file of each feed; the partition keys are not stored. The date names the event's month.
FEEDS: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "daily_discharge_return": (
        "date",
        {
            "row_number": _WHOLE,
            "date": _DAY,
            "no_criteria_to_reside": _WHOLE,
            "discharged_by_1700": _WHOLE,
            "discharged_1700_to_2359": _WHOLE,
            "discharged_total": _WHOLE,
        },
    ),
    "aggregate_kpi_return": (
        "period_start",
        {
            "row_number": _WHOLE,
            "kpi": _TEXT,
            "period_start": _DAY,
            "period_end": _DAY,
            "numerator": _WHOLE,
            "denominator": _WHOLE,
            "value": pa.decimal128(20, 9),
            "unit": _TEXT,
        },
    ),
    "cost_ledger": (
        "month",
        {
            "row_number": _WHOLE,
            "agreement": _TEXT,
            "line": _TEXT,
            "category": _TEXT,
            "amount": pa.decimal128(18, 2),
            "contract_reference": _TEXT,
            "funding_source": _TEXT,
            "vat_treatment": _TEXT,
        },
    ),
    "reference_organisations": (
        "valid_from",
        {
            "row_number": _WHOLE,
            "member_organisation": _TEXT,
            "area": _TEXT,
            "required_feed": _TEXT,
            "measure": _TEXT,
            "valid_from": _DAY,
            "valid_to": _DAY,
        },
    ),
}
# Feeds about people: the date that names the event's month; columns and types as the project declares them.
PEOPLE_EVENTS = {
    "reference_practices": "valid_from",
    "reference_areas": "as_at",
    "pcn_register": "valid_from",
    "pcn_long_term_conditions": "snapshot_date",
    "nhs_health_checks": "invited_on",
    "pcn_achievement": "ach_date",
    "treatment_episodes": "extract_month",
    "stop_smoking": "quit_date",
    "admitted_care": "discharge_date",
    "community_referrals": "referred_on",
    "urgent_community_response": "clock_start_date",
    "community_contacts": "contact_date",
    "emergency_care": "arrival_date",
    "council_client_level": "event_start_date",
    "sexual_health": "attendance_date",
    "deaths": "date_of_death",
    "end_of_life_plans": "plan_created_on",
    "weight_and_activity": "referred_on",
    "carers": "event_start_date",
    "winter_plans": "offered_on",
    "resident_survey": "asked_on",
}


def _declared() -> dict[str, dict[str, pa.DataType]]:
    types = {
        "string": _TEXT, "bigint": _WHOLE, "date": _DAY, "decimal(5,1)": pa.decimal128(5, 1),
        "decimal(9,4)": pa.decimal128(9, 4),
    }  # fmt: skip
    text = (PROJECT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    lake = next(source for source in YAML(typ="safe", pure=True).load(text)["sources"] if source["name"] == "lake")
    return {
        table["name"]: {
            column["name"]: types[column["data_type"]]
            for column in table["columns"]
            if column["name"] not in ("organisation", "submission")
        }
        for table in lake["tables"]
        if table["name"] in PEOPLE_EVENTS
    }


FEEDS |= {feed: (PEOPLE_EVENTS[feed], columns) for feed, columns in _declared().items()}
SUBMISSIONS = pa.schema(
    [
        ("submission", _TEXT),
        ("feed", _TEXT),
        ("organisation", _TEXT),
        ("covers_from", _DAY),
        ("covers_to", _DAY),
        ("sequence", _WHOLE),
        ("rows_accepted", _WHOLE),
    ]
)
_KNOT = pa.decimal128(20, 9)
KPIS = pa.schema(
    [
        ("agreement_id", _TEXT),
        ("kpi_id", _TEXT),
        ("indicator_id", _TEXT),
        ("indicator_version", _WHOLE),
        ("area_code", _TEXT),
        ("role", _TEXT),
        ("value_decimals", _WHOLE),
        ("polarity", _TEXT),
        ("unit", _TEXT),
        ("baseline_value", _KNOT),
        ("failure", _KNOT),
        ("poor", _KNOT),
        ("minimum", _KNOT),
        ("stretch", _KNOT),
        ("game_breaking", _KNOT),
        ("max_missing_pct", pa.decimal128(5, 2)),
        ("population_basis", _TEXT),
        ("effective_from", _DAY),
        ("effective_to", _DAY),
        ("settle_by", _TEXT),
        ("breakdown_kind", _TEXT),
        ("breakdown_group", _TEXT),
        ("measurement_lag_months", _WHOLE),
        ("least_denominator", _WHOLE),
        ("least_count", _WHOLE),
    ]
)
LINKS = pa.schema([("token", _TEXT), ("token_kind", _TEXT), ("person_key", _WHOLE), ("basis", _TEXT)])
SPEND_LEVELS = pa.schema(
    [
        ("agreement_id", _TEXT),
        ("level", _WHOLE),
        ("member_id", _TEXT),
        ("line_id", _TEXT),
        ("effective_from", _DAY),
        ("effective_to", _DAY),
    ]
)
PERIODS = pa.schema([("agreement_id", _TEXT), ("period_id", _TEXT), ("period_start", _DAY), ("period_end", _DAY)])


@dataclass
class Lake:
    """A lake and the register of what was accepted into it."""

    root: Path
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        feed: str,
        organisation: str,
        covers: tuple[date, date],
        rows: Sequence[Mapping[str, Any]],
        sequence: int = 1,
        accept: bool = True,
        said: int | None = None,
    ) -> str:
        """Write one submission as the lake stores it; returns its id. `said`: rows the register claims were accepted."""
        submission = content_id(
            {
                "feed": feed,
                "organisation": organisation,
                "covers": list(covers),
                "sequence": sequence,
                "rows": [{name: value for name, value in row.items() if value is not None} for row in rows],
            }
        )
        event, types = FEEDS[feed]
        months: dict[str, list[dict[str, Any]]] = {}
        for number, row in enumerate(rows, start=1):
            value = row[event]
            label = value if isinstance(value, str) else month_of(value).label
            months.setdefault(label, []).append({"row_number": number, **row})
        for label, group in months.items():
            columns = {name: [row.get(name) for row in group] for name in types}
            table = pa.table(columns, schema=pa.schema(list(types.items())))
            folder = self.root / f"feed={feed}/organisation={organisation}/submission={submission}/month={label}"
            write_parquet(folder / "part.parquet", table)
        if accept:
            self.accepted.append(
                {
                    "submission": submission,
                    "feed": feed,
                    "organisation": organisation,
                    "covers_from": covers[0],
                    "covers_to": covers[1],
                    "sequence": sequence,
                    "rows_accepted": len(rows) if said is None else said,
                }
            )
        return submission


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def register_rows(
    first: date,
    members: Sequence[tuple[str, str]] = (
        (AREA, "no_criteria_to_reside"),
        ("RTG", "discharged_total"),
        ("RFS", "discharged_total"),
    ),
) -> list[dict[str, Any]]:
    """Rows of reference_organisations: who must report which measure, open-ended."""
    return [
        {
            "member_organisation": member,
            "area": AREA,
            "required_feed": "daily_discharge_return",
            "measure": measure,
            "valid_from": first,
            "valid_to": None,
        }
        for member, measure in members
    ]


def kpi(**changes: Any) -> dict[str, Any]:
    """D1 of the worked agreement; keyword arguments change it."""
    return {
        "agreement_id": "derbyshire-real-only",
        "kpi_id": "D1",
        "indicator_id": "no_criteria_to_reside",
        "indicator_version": 1,
        "area_code": AREA,
        "role": "paid",
        "value_decimals": 1,
        "polarity": "low",
        "unit": "patients",
        "baseline_value": Decimal("478.6"),
        "failure": Decimal(530),
        "poor": Decimal(505),
        "minimum": Decimal("478.6"),
        "stretch": Decimal(430),
        "game_breaking": Decimal(340),
        "max_missing_pct": Decimal("10.00"),
        "population_basis": "cohort",
        "effective_from": date(2024, 4, 1),
        "effective_to": None,
        "settle_by": "year",
        "breakdown_kind": "all",
        "breakdown_group": "all",
        "measurement_lag_months": 0,
        "least_denominator": None,
        "least_count": None,
        **changes,
    }


def monitored_kpi(kpi_id: str, indicator_id: str, **changes: Any) -> dict[str, Any]:
    knots = dict.fromkeys(["baseline_value", "failure", "poor", "minimum", "stretch", "game_breaking"])
    return kpi(kpi_id=kpi_id, indicator_id=indicator_id, role="monitored", **{**knots, **changes})


def settlement_years(*labels_from: int) -> list[dict[str, Any]]:
    years = [financial_year_of(date(number, 4, 1)) for number in labels_from]
    return [
        {
            "agreement_id": "derbyshire-real-only",
            "period_id": year.label,
            "period_start": year.start,
            "period_end": year.end,
        }
        for year in years
    ]


def write_inputs(
    folder: Path,
    lake: Lake,
    kpis: Sequence[Mapping[str, Any]],
    periods: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]] = (),
) -> None:
    """The run's inputs as the orchestration writes them."""
    write_parquet(folder / "submissions.parquet", pa.Table.from_pylist(lake.accepted, schema=SUBMISSIONS))
    write_parquet(folder / "agreement_kpis.parquet", pa.Table.from_pylist(list(kpis), schema=KPIS))
    write_parquet(folder / "agreement_periods.parquet", pa.Table.from_pylist(list(periods), schema=PERIODS))
    write_parquet(folder / "agreement_spend_levels.parquet", SPEND_LEVELS.empty_table())
    write_parquet(folder / "indicator_catalogue.parquet", catalogue_table())
    write_parquet(folder / "indicator_feeds.parquet", indicator_feeds_table())
    write_parquet(folder / "group_rules.parquet", group_rules_table())
    write_parquet(folder / "links.parquet", pa.Table.from_pylist(list(links), schema=LINKS))


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def no_look_for_garbage() -> Iterator[None]:
    """As dbt's own process does (ADR 27); the caller looks once it is over."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Build:
    """A finished dbt invocation: the database it wrote and dbt's status per node."""

    database: Path
    statuses: dict[str, str]
    success: bool
    messages: dict[str, str]

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query as dicts, through Arrow so that DECIMAL stays decimal."""
        import duckdb

        with duckdb.connect(str(self.database), read_only=True) as connection:
            found: list[dict[str, Any]] = connection.sql(query).to_arrow_table().to_pylist()
        return found

    def failed(self) -> list[str]:
        """Short names of the models and tests that failed; what was skipped because of them is left out."""
        return sorted(name.split(".")[2] for name, status in self.statuses.items() if status in ("error", "fail"))


def _as_read(target: Path) -> None:
    """Let dbt begin with what it has read of the project for a home already: reading takes nine seconds."""
    from orchestration.dbt import shared_reading

    read, here = shared_reading() / "partial_parse.msgpack", target / "partial_parse.msgpack"
    if read.exists() and not here.exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(read, here)


def run_dbt(
    command: Sequence[str],
    scratch: Path,
    lake: Path,
    inputs: Path,
    cut: str = CUT,
    months: list[str] | str = "all",
    indicators: list[str] | str = "all",
    quarters: list[str] | str = "all",
    people: Mapping[str, Any] | str = "all",
) -> Build:
    """Run dbt in this process; everything it writes goes below `scratch`. months, indicators, quarters, people: what
    `OUTTURN_CHANGED_MONTHS`, `OUTTURN_CHANGED_INDICATORS` and their like hold."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    database = scratch / "build.duckdb"
    _as_read(scratch / "target")
    variables = {
        "OUTTURN_LAKE": str(lake),
        "OUTTURN_RUN_INPUTS": str(inputs),
        "OUTTURN_BUILD_DATABASE": str(database),
        "OUTTURN_DATA_CUT": cut,
        "OUTTURN_CHANGED_MONTHS": months if isinstance(months, str) else json.dumps(months),
        "OUTTURN_CHANGED_INDICATORS": indicators if isinstance(indicators, str) else json.dumps(indicators),
        "OUTTURN_CHANGED_QUARTERS": quarters if isinstance(quarters, str) else json.dumps(quarters),
        "OUTTURN_CHANGED_PEOPLE": people if isinstance(people, str) else json.dumps(people),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }
    with environment(variables), no_look_for_garbage():
        result = dbtRunner().invoke(
            [
                "--quiet",
                "--log-path",
                str(scratch / "logs"),
                "--log-level-file",
                "none",
                *command,
                "--project-dir",
                str(PROJECT),
                "--profiles-dir",
                str(PROJECT),
                "--target-path",
                str(scratch / "target"),
            ]
        )
    # it keeps the file open for as long as its process lives, which here is this one
    DuckDBConnectionManager.close_all_connections()
    gc.collect()
    if result.result is None:
        raise AssertionError(f"dbt did not run: {result.exception}")
    statuses = {item.node.unique_id: str(item.status) for item in result.result}
    messages = {item.node.unique_id: str(item.message) for item in result.result}
    return Build(database, statuses, bool(result.success), messages)


def read_shared(name: str) -> list[dict[str, str]]:
    with (SHARED / "data" / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def real_lake(root: Path) -> Lake:
    """Derby and Derbyshire as published: daily returns of the board and its two trusts, talking therapies."""
    lake = Lake(root)
    first, last = date(2022, 4, 1), date(2025, 8, 31)
    lake.add("reference_organisations", AREA, (first, last), register_rows(first))

    def whole(text: str) -> int | None:
        return int(Decimal(text)) if text else None

    census = [
        {"date": date.fromisoformat(row["date"]), "no_criteria_to_reside": whole(row["do_not_meet_criteria_to_reside"])}
        for row in read_shared("england_icb_criteria_to_reside.csv")
        if row["icb22_code"] == AREA
    ]
    senders = {AREA: census}
    for row in read_shared("england_trust_discharged_patients.csv"):
        if row["nhs_trust22_code"] in ("RTG", "RFS"):
            senders.setdefault(row["nhs_trust22_code"], []).append(
                {
                    "date": date.fromisoformat(row["date"]),
                    "discharged_by_1700": whole(row["discharged_by_1700"]),
                    "discharged_1700_to_2359": whole(row["discharged_between_1701_2359"]),
                    "discharged_total": whole(row["discharged_total"]),
                }
            )
    for sender, rows in senders.items():
        for label in sorted({month_of(row["date"]).label for row in rows}):
            period = next(month_of(row["date"]) for row in rows if month_of(row["date"]).label == label)
            lake.add(
                "daily_discharge_return",
                sender,
                (period.start, period.end),
                [row for row in rows if period.start <= row["date"] <= period.end],
            )
    months = {
        name: number
        for number, name in enumerate(
            [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
            start=1,
        )
    }
    for row in read_shared("england_sicb_iapt.csv"):
        if row["sicbl22_code"] == "E38000261" and row["name"] == "Percentage_ReliableRecovery":
            name, year = row["date"].split()
            period = month_of(date(int(year), months[name], 1))
            lake.add(
                "aggregate_kpi_return",
                "E38000261",
                (period.start, period.end),
                [
                    {
                        "kpi": "talking_therapies_reliable_recovery",
                        "period_start": period.start,
                        "period_end": period.end,
                        "value": Decimal(row["value"]).quantize(Decimal("1e-9")),
                        "unit": "percent",
                    }
                ],
            )
    return lake


def add_ledger(lake: Lake, member: str, month: str, lines: Mapping[str, str], sequence: int = 1) -> str:
    first = date.fromisoformat(f"{month}-01")
    period = month_of(first)
    return lake.add(
        "cost_ledger",
        member,
        (period.start, period.end),
        [
            {
                "agreement": "derbyshire-real-only",
                "month": month,
                "line": line,
                "category": "reimbursable_cost",
                "amount": Decimal(amount),
                "contract_reference": "contract-1",
                "funding_source": "programme",
                "vat_treatment": "outside scope",
            }
            for line, amount in lines.items()
        ],
        sequence=sequence,
    )


def dump(build: Build) -> str:
    """What failed, for an assertion's message."""
    return json.dumps(
        {name: build.messages.get(name, "") for name, status in build.statuses.items() if status in ("error", "fail")},
        indent=1,
    )[:6000]
