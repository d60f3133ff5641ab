"""Files as senders make them, good ones to start from and spoil, and homes to deliver them to."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from expectations.intake import take_in
from foundation.canonical import readable_json, sha256_bytes
from foundation.home import Home
from foundation.period import parse_period
from ingest.contract import Contract
from ingest.register import Receipt
from orchestration.landing import waiting_manifests

DAILY = (
    "organisation",
    "date",
    "no_criteria_to_reside",
    "discharged_by_1700",
    "discharged_1700_to_2359",
    "discharged_total",
)
TRUST_A = ("org_code", "reporting_date", "dis_by_1700", "dis_1700_2359", "dis_total")
TRUST_B = ("Organisation", "Date", "Discharged by 17:00", "Discharged 17:00 to 23:59", "Discharged total")
LEDGER = (
    "organisation",
    "agreement",
    "month",
    "line",
    "category",
    "amount",
    "contract_reference",
    "funding_source",
    "vat_treatment",
)
KPI = ("organisation", "kpi", "period_start", "period_end", "numerator", "denominator", "value", "unit")
REFERENCE = ("organisation", "member_organisation", "area", "feed", "measure", "valid_from", "valid_to")
AREA = "E54000058"


def take_in_all(home: Home, contracts: Mapping[str, Contract]) -> list[Receipt]:
    """Take in everything that waits, in the order a run does."""
    return [take_in(home, path, contracts) for path in waiting_manifests(home)]


def csv_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def days_of(month: str) -> list[date]:
    period = parse_period(month)
    return [period.start + timedelta(days=number) for number in range(period.days)]


def board_rows(month: str = "2025-04") -> list[list[str]]:
    """The board's own return: the census, nothing else."""
    return [[AREA, day.isoformat(), str(400 + day.day), "", "", ""] for day in days_of(month)]


def trust_rows(organisation: str, month: str = "2025-04") -> list[list[str]]:
    """A trust's return, in the columns of both trust layouts, ISO dates."""
    return [
        [organisation, day.isoformat(), str(50 + day.day), str(20 + day.day % 3), str(70 + day.day + day.day % 3)]
        for day in days_of(month)
    ]


def trust_a_rows(month: str = "2025-04", organisation: str = "RTG") -> list[list[str]]:
    return [[row[0], f"{date.fromisoformat(row[1]):%d/%m/%Y}", *row[2:]] for row in trust_rows(organisation, month)]


def ledger_rows(member: str = "acute-trust", month: str = "2025-04", scale: int = 1) -> list[list[str]]:
    return [
        [
            member,
            "demo",
            month,
            f"line-{number}",
            "reimbursable_cost",
            f"{1000 * number * scale}.{number:02d}",
            "C-1",
            "programme",
            "outside scope",
        ]
        for number in range(1, 6)
    ]


def kpi_rows(month: str = "2023-01") -> list[list[str]]:
    period = parse_period(month)
    start, end = period.start.isoformat(), period.end.isoformat()
    return [
        ["E38000261", "talking_therapies_reliable_recovery", start, end, "", "", "48.0", "percent"],
        ["E38000261", "talking_therapies_finished_treatment", start, end, "", "", "1905", "count"],
    ]


def reference_rows(members: Sequence[str] = (AREA, "RTG", "RFS"), start: str = "2022-04-01") -> list[list[str]]:
    return [
        [
            AREA,
            member,
            AREA,
            "daily_discharge_return",
            "no_criteria_to_reside" if member == AREA else "discharged_total",
            start,
            "",
        ]
        for member in members
    ]


def manifest_of(
    feed: str, organisation: str, first: str, last: str, data: bytes, rows: int, sequence: int = 1, **changes: Any
) -> dict[str, Any]:
    """A true manifest; `changes` spoil it."""
    content = {
        "feed": feed,
        "organisation": organisation,
        "covers": {"from": first, "to": last},
        "sequence": sequence,
        "file": f"{feed}_{organisation}_{first[:7]}_v{sequence}.csv",
        "sha256": sha256_bytes(data),
        "bytes": len(data),
        "rows": rows,
        "control_totals": {},
    }
    return {**content, **changes}


def monthly(feed: str, organisation: str, month: str, data: bytes, rows: int, **changes: Any) -> dict[str, Any]:
    period = parse_period(month)
    return manifest_of(feed, organisation, period.start.isoformat(), period.end.isoformat(), data, rows, **changes)


def deliver(
    home: Home, manifest: dict[str, Any], data: bytes, mailbox: str | None = None, file_name: str | None = None
) -> Path:
    """Put a delivery into a mailbox; returns the manifest's path."""
    folder = home.landing / (mailbox or str(manifest["organisation"]))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (file_name or str(manifest["file"]))).write_bytes(data)
    path = folder / f"{manifest['file']}.manifest.json"
    path.write_bytes(readable_json(manifest))
    return path


def deliver_trust(
    home: Home,
    organisation: str = "RFS",
    month: str = "2025-04",
    sequence: int = 1,
    rows: list[list[str]] | None = None,
    **changes: Any,
) -> Path:
    if organisation == "RTG":
        header, made = TRUST_A, rows if rows is not None else trust_a_rows(month)
    elif organisation == "RFS":
        header, made = TRUST_B, rows if rows is not None else trust_rows("RFS", month)
    else:
        header, made = DAILY, rows if rows is not None else board_rows(month)
    data = csv_of(header, made)
    told = monthly("daily_discharge_return", organisation, month, data, len(made), sequence=sequence, **changes)
    return deliver(home, told, data)


def deliver_ledger(
    home: Home,
    member: str = "acute-trust",
    month: str = "2025-04",
    sequence: int = 1,
    rows: list[list[str]] | None = None,
    **changes: Any,
) -> Path:
    from decimal import Decimal, InvalidOperation

    made = rows if rows is not None else ledger_rows(member, month)
    data = csv_of(LEDGER, made)
    try:
        total = str(sum((Decimal(row[5]) for row in made), Decimal("0.00")))
    except InvalidOperation:
        total = "0.00"
    changes.setdefault("control_totals", {"amount": total})
    return deliver(home, monthly("cost_ledger", member, month, data, len(made), sequence=sequence, **changes), data)


def deliver_kpis(home: Home, month: str = "2023-01", **changes: Any) -> Path:
    rows = kpi_rows(month)
    data = csv_of(KPI, rows)
    return deliver(home, monthly("aggregate_kpi_return", "E38000261", month, data, len(rows), **changes), data)


def deliver_reference(home: Home, members: Sequence[str] = (AREA, "RTG", "RFS"), sequence: int = 1) -> Path:
    rows = reference_rows(members)
    data = csv_of(REFERENCE, rows)
    told = manifest_of("reference_organisations", AREA, "2022-04-01", "2025-08-31", data, len(rows), sequence)
    return deliver(home, told, data)
