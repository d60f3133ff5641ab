"""How long the public site takes: 40 indicators, 24 months, 12 networks; and the same with ten times the networks.

Every indicator has its months with points of a control chart, quarters and years, fifths, age groups and networks, so
every page has every part. Figures are drawn as shown: what may be shown is judged before a page is made, and not timed.
Prints seconds of the wall and of the processor; the first page starts Vega and the templates, and is timed with the
rest. Fails when the site takes more than 60 s, or ten times the networks more than 8 times as long.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
INDICATORS, MONTHS, NETWORKS = (int(os.environ.get(name, size)) for name, size in
                                (("INDICATORS", "40"), ("MONTHS", "24"), ("NETWORKS", "12")))  # fmt: skip
SECONDS_BUDGET, RATIO_BUDGET = 60, 8
AREA, AREA_NAME, FIRST = "E09000099", "Samplewich", date(2023, 4, 1)
AGES = ("0-17", "18-39", "40-64", "65-74", "75-84", "85-over")
# statistic, unit, of how many: the value is in the unit
KINDS = (("proportion", "percent", 100), ("crude_rate", "per 1,000", 12_000), ("dsr", "per 100,000", 1_200_000))


def _figure(chance: random.Random, kind: tuple[str, str, int], size: int) -> dict[str, Any]:
    """Value and parts of one figure of `size` people."""
    statistic, unit, scale = kind
    months = size * (12 if statistic != "proportion" else 1)
    share = 0.4 if statistic == "proportion" else 0.01
    top = max(10, round(chance.gauss(months * share, (months * share) ** 0.5) / 5) * 5)
    value = (Decimal(scale * top) / months).quantize(Decimal("0.1"))
    return {"value": value, "numerator": Decimal(top), "denominator": Decimal(months), "unit": unit, "marker": "",
            "reason": "", "lower": None, "upper": None, "interval_method": "none: the parts are rounded",
            "value_text": f"{value:,f}", "data_cut_status": "freeze"}  # fmt: skip


def _place(networks: int) -> Any:
    """What the pages are made of."""
    sys.path.insert(0, str(REPOSITORY / "tests" / "publication"))
    import release_fixture

    from foundation.period import financial_year_of, month_of, months_between, quarter_of, rolling_year_of
    from publication import columns
    from publication.disclosure import PublicView
    from publication.inputs import Place, ReleaseInputs, Source
    from publication.pages.book import Book

    chance = random.Random(8)
    year, month = divmod(FIRST.month - 1 + MONTHS - 1, 12)
    months = months_between(month_of(FIRST), month_of(date(FIRST.year + year, month + 1, 1)))
    last = months[-1].end
    periods = [
        *months, *dict.fromkeys(quarter_of(one.start) for one in months),
        *dict.fromkeys(financial_year_of(one.start) for one in months),
        *(rolling_year_of(one.end) for one in months[11:]),
    ]  # fmt: skip
    groups = [*(("deprivation", str(n)) for n in range(1, 6)), *(("age", name) for name in AGES),
              *(("pcn", f"ZPN{n:03d}") for n in range(1, networks + 1))]  # fmt: skip
    view: dict[str, list[Any]] = {"outcomes": [], "breakdowns": [], "spc_points": [], "indicators": []}
    for number in range(INDICATORS):
        name, kind = f"indicator_{number:02d}", KINDS[number % len(KINDS)]
        view["indicators"].append(
            {**dict.fromkeys(columns.INDICATORS.names), **release_fixture.INDICATORS[0], "indicator_id": name,
             "name": f"Invented indicator {number}", "statistic": kind[0], "unit": kind[1], "value_decimals": 1,
             "polarity": "high", "breaks": None}
        )  # fmt: skip
        for period in periods:
            common = {"indicator_id": name, "indicator_version": 1, "indicator_name": f"Invented indicator {number}",
                      "area_code": AREA, "area_name": AREA_NAME, "period_kind": period.kind, "period_id": period.label,
                      "period_start": period.start, "period_end": period.end, "window_days": period.days,
                      "covered_days": period.days, "missing_days": 0, "data_complete_as_at": last}  # fmt: skip
            figure = f"indicator:{name}:{AREA}:{period.label}:value"
            row = {"figure_id": figure, **common, **_figure(chance, kind, 9_000)}
            view["outcomes"].append(row)
            if period.kind == "month":
                view["spc_points"].append(
                    {"figure_id": figure, "indicator_id": name, "area_code": AREA, "period_id": period.label,
                     "period_start": period.start, "value": row["value"], "chart": "xmr", "centre_line": row["value"],
                     "lower_limit": row["value"] - 5, "upper_limit": row["value"] + 5, "point_type": "common_cause",
                     "special_cause": "Common Cause"}
                )  # fmt: skip
            if period.kind == "year" or (period.kind == "rolling_year" and period.end == last):
                view["breakdowns"] += [
                    {"figure_id": f"breakdown:{name}:{AREA}:{period.label}:{of}:{group}:value", **common,
                     "breakdown_kind": of, "breakdown_group": group, **_figure(chance, kind, 800)}
                    for of, group in groups
                ]  # fmt: skip
    empty = columns.KPI_RETURN.arrow().empty_table()
    inputs = ReleaseInputs(
        place=Place("samplewich", "Samplewich outcomes", "Invented", AREA, AREA_NAME,
                    (Source("Invented figures", "Open Government Licence v3.0", "Every figure is invented."),)),
        data_cut={"submissions": [], "reference_hash": "0" * 64}, code_version="bench", definitions_hash="0" * 64,
        required_json=b"{}", verdicts={}, measures=empty, spc_points=empty, indicators=empty, completeness=empty,
        kpi_return=empty, ledger=empty, lineage=empty,
        practices=[{"practice_code": f"Z{n:05d}", "pcn": f"ZPN{n % networks + 1:03d}", "valid_from": FIRST,
                    "valid_to": None} for n in range(networks * 5)],
    )  # fmt: skip
    return Book(
        inputs=inputs, view=PublicView(**view, completeness=[], hidden=[], exempt=frozenset()), statement=[],
        kpi_return=[], settled=[], verdicts={},
    )  # fmt: skip


def timed(networks: int) -> tuple[float, float]:
    """Seconds of the wall and of the processor for the site of so many networks."""
    from publication.pages import public_pages

    book = _place(networks)
    wall, processor = time.monotonic(), time.process_time()
    pages = public_pages(book)
    took, used = time.monotonic() - wall, time.process_time() - processor
    size = sum(len(content) for content in pages.values()) / 1e6
    print(
        f"{INDICATORS} indicators, {MONTHS} months, {networks} networks: {len(pages)} pages of {size:.1f} MB in "
        f"{took:.1f} s, {used:.1f} s of processor time",
        flush=True,
    )
    return took, used


def main() -> int:
    took, used = timed(NETWORKS)
    _, more = timed(10 * NETWORKS)
    ratio = more / used
    missed = [
        *([f"MISSED: more than {SECONDS_BUDGET} s"] if took > SECONDS_BUDGET else []),
        *([f"MISSED: more than {RATIO_BUDGET} times"] if ratio > RATIO_BUDGET else []),
    ]
    print(f"ten times the networks: {ratio:.1f} times the processor time (budget {RATIO_BUDGET})", *missed, flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
