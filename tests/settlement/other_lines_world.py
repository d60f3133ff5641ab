"""Builders for the tests of KRA pool, rate card and activity: the Derbyshire terms with counted KPIs beside D1."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from settlement_world import PERIOD, gate_rows, kpi_row, ledger_rows
from top_up_world import DERBYSHIRE

from settlement.engine import Settlement, settle
from settlement.gate_record import read_gate_rows
from settlement.terms import Terms
from settlement.terms_lint import Problem, find_problems

PAYMENT = {
    "payer": "integrated-care-board",
    "payee": "alliance",
    "contract_reference": "OUT-2024",
    "funding_source": "outcomes fund",
    "vat_treatment": "outside scope",
}
KRA_POOL = {
    "pools": [{"period": PERIOD, "pool_gbp": Decimal(500_000)}],
    "pool_share": [
        {"score": Decimal(-100), "share_pct": Decimal(-50)},
        {"score": Decimal(0), "share_pct": Decimal(0)},
        {"score": Decimal(100), "share_pct": Decimal(100)},
    ],
}


def rate_row(row_id: str, kpi: str, unit: str, price: str, cap: str) -> dict[str, Any]:
    return {
        "id": row_id,
        "name": row_id.capitalize(),
        "kpi": kpi,
        "counting_unit": unit,
        "price_gbp": Decimal(price),
        "caps": [{"period": PERIOD, "cap_gbp": Decimal(cap)}],
    }


RATE_CARD = {
    "rows": [
        rate_row("settled-home", "R1", "person", "3500", "700000"),
        rate_row("in-work", "R2", "claim", "1250", "100000"),
    ],
    "payment": PAYMENT,
}
ACTIVITY = {
    "fixed": [{"period": PERIOD, "fixed_gbp": Decimal(9_000_000)}],
    "elements": [
        {
            "id": "elective",
            "name": "Elective activity at tariff",
            "kpi": "E1",
            "unit": "GBP",
            "price_gbp": Decimal(1),
            "planned": [{"period": PERIOD, "units": Decimal(1_000_000)}],
            "threshold_pct": Decimal(104),
            "above_pct": Decimal(75),
            "below_pct": Decimal(75),
        }
    ],
}
PARTS: dict[str, dict[str, Any]] = {"kra_pool": KRA_POOL, "rate_card": RATE_CARD, "activity": ACTIVITY}
COUNTED = {"rate_card": ("R1", "R2"), "activity": ("E1",)}


def counted_kpi(kpi_id: str, **changes: Any) -> dict[str, Any]:
    pattern = next(kpi for kpi in DERBYSHIRE["framework"]["kpis"] if kpi["role"] == "monitored")
    plain = {name: value for name, value in pattern.items() if name != "note"}
    return {**plain, "id": kpi_id, "role": "counted", "indicator_id": f"count_{kpi_id.lower()}", **changes}


def put(data: Any, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    node = data
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node.setdefault(parent, {})
    if value is None:
        node.pop(last, None)
    else:
        node[int(last) if isinstance(node, list) else last] = value


def changed(names: Sequence[str], changes: Mapping[str, Any] | None = None, *, cost: bool = True) -> Terms:
    """Derbyshire's terms with these regimes and their counted KPIs, entries replaced by dotted path, rules unchecked.

    Without `cost` nothing of shared cost is agreed, and where no KRA pool is either, no KPI is scored.
    """
    data = copy.deepcopy(DERBYSHIRE)
    if not cost:
        for name in ("target_cost", "actual_cost", "corridor", "gain", "loss"):
            del data["finance"][name]
        if "kra_pool" not in names:
            data["framework"]["kpis"] = [kpi for kpi in data["framework"]["kpis"] if kpi["role"] != "paid"]
    for name in names:
        data["finance"][name] = copy.deepcopy(PARTS[name])
        data["framework"]["kpis"] += [counted_kpi(kpi) for kpi in COUNTED.get(name, ())]
    for path, value in (changes or {}).items():
        put(data, path, value)
    return Terms.model_validate(data)


def agreed(names: Sequence[str], changes: Mapping[str, Any] | None = None, *, cost: bool = True) -> Terms:
    terms = changed(names, changes, cost=cost)
    assert find_problems(terms) == []
    return terms


def problems(names: Sequence[str], changes: Mapping[str, Any], *, cost: bool = True) -> list[Problem]:
    return find_problems(changed(names, changes, cost=cost))


def count_row(terms: Terms, kpi: str, number: str | int | None, people: int | None = 1_000, **changes: Any) -> Any:
    return kpi_row(
        terms,
        kpi,
        None if number is None else Decimal(1),
        numerator=None if number is None else Decimal(number),
        denominator=None if people is None else Decimal(people),
        **changes,
    )


def settle_lines(
    terms: Terms,
    counts: Mapping[str, str | int | None] | None = None,
    values: Mapping[str, str] | None = None,
    actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None,
    *,
    pence: int | None = None,
    prior: Sequence[Mapping[str, Any]] = (),
    advances: Mapping[str, int] | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Settlement:
    """Settle with these numbers of counted KPIs, values of the others (453.1 of D1), and cost where it is shared.

    rows: rows of the KPI return in place of those of the same KPIs.
    """
    given = {str(row["kpi_id"]) for row in rows}
    returned = [
        count_row(terms, kpi.id, (counts or {}).get(kpi.id, 0))
        if kpi.role == "counted"
        else kpi_row(terms, kpi.id, Decimal((values or {}).get(kpi.id, "453.1")))
        for kpi in terms.judged_kpis
        if kpi.id not in given
    ]
    return settle(
        terms,
        PERIOD,
        [*returned, *rows],
        [] if terms.finance.shared_cost is None else ledger_rows(terms, 14_310_000_000 if pence is None else pence),
        read_gate_rows(gate_rows(terms, actions), terms, PERIOD),
        [
            {"agreement_id": terms.id, "member_id": member, "balance_pence": balance}
            for member, balance in (advances or {}).items()
        ],
        prior,
    )


def amounts(made: Settlement) -> dict[str, int]:
    """Pence posted, by line."""
    return {posting.line: posting.amount_pence for posting in made.postings}


def parts(made: Settlement, line: str) -> dict[str, int]:
    return {item.member_id: item.amount_pence for item in made.member_lines if item.line == line}
