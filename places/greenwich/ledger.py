"""What the members say they spent: open-book lines of every role for each month of the settled year.

Belongs here: the invented money and its files. Not here: a target, a share, a settlement (the agreement's terms).

The amounts are illustrative and belong to nobody: each role spends about the base its place gives it (`borough`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from foundation.period import months_between, parse_period
from places.base import Submission
from places.greenwich.borough import Borough

# Pounds spent of every thousand of the base: lines, then months from April.
_LINES = (("staff", 712), ("premises", 146), ("supplies", 131))
_MONTHS = (982, 988, 991, 1004, 986, 1008, 1012, 1006, 979, 1021, 1009, 1014)
_HEADER = "organisation,agreement,month,line,category,amount,contract_reference,funding_source,vat_treatment"


def submissions(borough: Borough) -> Iterator[Submission]:
    """One file a role and month, with its total."""
    costs = borough.costs
    for place, month in enumerate(months_between(parse_period("2024-04"), parse_period("2025-03"))):
        for (role, base), measure in zip(costs.bases.items(), costs.measures, strict=True):
            rows, total = [], Decimal("0.00")
            for line, share in _LINES:
                pence = base * 100 * share * _MONTHS[place] * measure // (12 * 1000**3)
                amount = Decimal(pence).scaleb(-2)
                total += amount
                rows.append(
                    f"{role},{borough.agreement},{month.label},{line},reimbursable_cost,{amount},"
                    f"{costs.contract}{role},{costs.funding},{costs.vat}"
                )
            content = "\n".join([_HEADER, *rows, ""]).encode()
            yield Submission(
                "cost_ledger", role, month.start, month.end, 1, content, len(rows), (("amount", str(total)),)
            )
