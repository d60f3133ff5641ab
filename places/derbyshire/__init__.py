"""Derby and Derbyshire: real daily figures, under terms that illustrate the 2014 Southern Derbyshire paper.

Each sender writes in a layout of its own, as organisations do; the layouts are declared in the data
contracts. A blank is a blank: a day a trust did not report goes out with empty cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from foundation.errors import WrongUsage
from foundation.period import Period, month_of, parse_period
from places.base import Findings, Place, Source, Submission

AREA = "E54000058"
SUB_AREA = "E38000261"
FIRST, LAST = "2022-04", "2025-08"
_HERE = Path(__file__).parent


def _read(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _one_month(
    feed: str,
    organisation: str,
    period: Period,
    header: Sequence[str],
    rows: list[list[str]],
    control_totals: tuple[tuple[str, str], ...] = (),
) -> Submission:
    return Submission(feed, organisation, period.start, period.end, 1, _csv(header, rows), len(rows), control_totals)


def _daily_returns() -> list[Submission]:
    by_month: dict[str, list[dict[str, str]]] = {}
    for row in _read("daily_discharges.csv"):
        by_month.setdefault(month_of(date.fromisoformat(row["day"])).label, []).append(row)
    sent = []
    for label, days in sorted(by_month.items()):
        period = parse_period(label)
        sent.append(
            _one_month(
                "daily_discharge_return",
                AREA,
                period,
                (
                    "organisation",
                    "date",
                    "no_criteria_to_reside",
                    "discharged_by_1700",
                    "discharged_1700_to_2359",
                    "discharged_total",
                ),
                [[AREA, row["day"], row["census_no_criteria"], "", "", ""] for row in days],
            )
        )
        sent.append(
            _one_month(
                "daily_discharge_return",
                "RTG",
                period,
                ("org_code", "reporting_date", "dis_by_1700", "dis_1700_2359", "dis_total"),
                [
                    [
                        "RTG",
                        f"{date.fromisoformat(row['day']):%d/%m/%Y}",
                        row["rtg_by_1700"],
                        row["rtg_1700_to_2359"],
                        row["rtg_total"],
                    ]
                    for row in days
                ],
            )
        )
        sent.append(
            _one_month(
                "daily_discharge_return",
                "RFS",
                period,
                ("Organisation", "Date", "Discharged by 17:00", "Discharged 17:00 to 23:59", "Discharged total"),
                [["RFS", row["day"], row["rfs_by_1700"], row["rfs_1700_to_2359"], row["rfs_total"]] for row in days],
            )
        )
    return sent


def _talking_therapies() -> list[Submission]:
    sent = []
    for row in _read("talking_therapies.csv"):
        period = parse_period(row["month"])
        start, end = period.start.isoformat(), period.end.isoformat()
        rows = [
            [SUB_AREA, f"talking_therapies_{kpi}", start, end, "", "", row[column] and f"{row[column]}.0", unit]
            for kpi, column, unit in (
                ("reliable_recovery", "reliable_recovery_pct", "percent"),
                ("recovery", "recovery_pct", "percent"),
                ("finished_treatment", "finished_treatment", "count"),
            )
        ]
        sent.append(
            _one_month(
                "aggregate_kpi_return",
                SUB_AREA,
                period,
                ("organisation", "kpi", "period_start", "period_end", "numerator", "denominator", "value", "unit"),
                rows,
            )
        )
    return sent


def _cost_ledgers() -> list[Submission]:
    by_sender: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in _read("illustrative_costs.csv"):
        by_sender.setdefault((row["member"], row["month"]), []).append(row)
    sent = []
    for (member, label), lines in sorted(by_sender.items()):
        total = sum((Decimal(line["cost_gbp"]) for line in lines), Decimal("0.00"))
        sent.append(
            _one_month(
                "cost_ledger",
                member,
                parse_period(label),
                (
                    "organisation",
                    "agreement",
                    "month",
                    "line",
                    "category",
                    "amount",
                    "contract_reference",
                    "funding_source",
                    "vat_treatment",
                ),
                [
                    [
                        member,
                        "derbyshire-real-only",
                        label,
                        line["line"],
                        "reimbursable_cost",
                        line["cost_gbp"],
                        line["contract"],
                        line["budget"],
                        line["vat"],
                    ]
                    for line in lines
                ],
                (("amount", str(total)),),
            )
        )
    return sent


def _reference() -> list[Submission]:
    start = parse_period(FIRST).start.isoformat()
    rows = [
        [AREA, member, AREA, "daily_discharge_return", measure, start, ""]
        for member, measure in (
            (AREA, "no_criteria_to_reside"),
            ("RTG", "discharged_total"),
            ("RFS", "discharged_total"),
        )
    ]
    header = ("organisation", "member_organisation", "area", "feed", "measure", "valid_from", "valid_to")
    first, last = parse_period(FIRST), parse_period(LAST)
    return [Submission("reference_organisations", AREA, first.start, last.end, 1, _csv(header, rows), len(rows))]


def submissions() -> list[Submission]:
    """Every file of April 2022 to August 2025, in the order of feed, month, sender."""
    return [*_reference(), *_daily_returns(), *_talking_therapies(), *_cost_ledgers()]


PLACE = Place(
    name="derbyshire",
    title="Derby and Derbyshire",
    subtitle="Shown under terms illustrating the 2014 Southern Derbyshire paper",
    area_code=AREA,
    area_name="Derby and Derbyshire integrated care board area",
    illustration_note=(
        "The figures on patients are real open data. The money, the members' shares and the performance levels "
        "are invented for demonstration and belong to no organisation."
    ),
    sources=(
        Source(
            "Acute discharge situation report, NHS England: daily, April 2022 to August 2025",
            "Open Government Licence v3.0",
            "Contains public sector information licensed under the Open Government Licence v3.0.",
        ),
        Source(
            "NHS Talking Therapies monthly statistics, NHS England: July 2022 to May 2023",
            "Open Government Licence v3.0",
            "Contains public sector information licensed under the Open Government Licence v3.0.",
        ),
        Source("Costs, shares and levels: invented for this demonstration", "MIT", "Illustrative; nobody's accounts."),
    ),
    agreements=("derbyshire-real-only",),
    first_month=FIRST,
    last_month=LAST,
    clock=datetime(2025, 10, 1, 9, 0, tzinfo=UTC),
    approved_at=datetime(2024, 3, 14, 10, 0, tzinfo=UTC),
    authority_until=date(2027, 3, 31),
    findings=lambda: Findings(
        frozenset(f"derbyshire-real-only@D1@{period}" for period in ("2025-26", "2025-26-q1", "2025-26-q2")), {}
    ),
    submissions=submissions,
)


def place(residents: int | None = None, seed: int | None = None) -> Place:
    """The place; its figures are published totals, so there is nobody to draw."""
    if residents is not None or seed is not None:
        raise WrongUsage("derbyshire holds no residents: its figures are published totals.", "leave --residents out.")
    return PLACE
