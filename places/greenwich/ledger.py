"""What the members say they spent: open-book lines of six roles for each month of the settled year.

Belongs here: the invented money and its files. Not here: a target, a share, a settlement (the agreement's terms).

The amounts are illustrative and belong to nobody: each role spends about its share of the base of 9.6 million pounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from foundation.period import months_between, parse_period
from places.base import Submission

AGREEMENT = "greenwich-public-health"
# Role to its yearly base in pounds; together the base of the agreement.
BASES = {
    "drug-alcohol-charity": 3_456_000,
    "sexual-health-provider": 2_400_000,
    "healthy-living-trust": 1_440_000,
    "gp-federation": 1_152_000,
    "community-link-charity": 672_000,
    "youth-charity": 480_000,
}
# Pounds spent of every thousand of the base: lines, then months from April, then roles.
_LINES = (("staff", 712), ("premises", 146), ("supplies", 131))
_MONTHS = (982, 988, 991, 1004, 986, 1008, 1012, 1006, 979, 1021, 1009, 1014)
_ROLES = (1003, 991, 1006, 984, 997, 1011)
_HEADER = "organisation,agreement,month,line,category,amount,contract_reference,funding_source,vat_treatment"


def submissions() -> Iterator[Submission]:
    """One file a role and month, with its total."""
    for place, month in enumerate(months_between(parse_period("2024-04"), parse_period("2025-03"))):
        for (role, base), measure in zip(BASES.items(), _ROLES, strict=True):
            rows, total = [], Decimal("0.00")
            for line, share in _LINES:
                pence = base * 100 * share * _MONTHS[place] * measure // (12 * 1000**3)
                amount = Decimal(pence).scaleb(-2)
                total += amount
                rows.append(
                    f"{role},{AGREEMENT},{month.label},{line},reimbursable_cost,{amount},"
                    f"GPH-{role},public health grant,outside the scope as recorded by the finance leads"
                )
            content = "\n".join([_HEADER, *rows, ""]).encode()
            yield Submission(
                "cost_ledger", role, month.start, month.end, 1, content, len(rows), (("amount", str(total)),)
            )
