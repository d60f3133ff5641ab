"""What a settled period would have paid, had those who did not report done so, for the members' outlook.

Belongs here: the tables. Not here: the range (`settlement.what_if`), how far figures could lie apart (the warehouse).
"""

from __future__ import annotations

from typing import Any

from foundation.errors import Refused
from publication.columns import BOUNDS_IF_MISSING
from publication.inputs import rows_of
from publication.pages.beside import books_of
from publication.pages.book import Book, slug
from publication.pages.frame import cell, heads, row
from publication.wording import money, period_name, role_name
from settlement.postings import RESIDUE
from settlement.what_if import Bound, PaymentRange, payment_range


def payment_tables(book: Book) -> tuple[list[str], list[dict[str, Any]]]:
    """Sentences, and a table for every settled period that lacks reports of a figure money depends on."""
    bounds: dict[tuple[str, str], dict[str, Bound]] = {}
    for item in rows_of(BOUNDS_IF_MISSING, book.inputs.bounds_if_missing):
        of_period = bounds.setdefault((item["agreement_id"], item["period_id"]), {})
        of_period[item["kpi_id"]] = Bound(item["lowest"], item["highest"], item["basis"])
    settled = [item for item in book.settled if (item.agreement.agreement_id, item.period_id) in bounds]
    if not settled:
        return [], []
    books = books_of(book.inputs)
    lines: list[str] = []
    tables: list[dict[str, Any]] = []
    for one in settled:
        name = (one.agreement.agreement_id, one.period_id)
        label = period_name(one.period_id, "year" if len(one.period_id) == 7 else None)
        title = f"{one.agreement.name}, {label}"
        try:
            found = payment_range(books[name], bounds[name])
        except Refused as fault:
            # what is supposed can be refused where what was received was settled: the page says so and stands
            lines.append(f"{title}: no range of the payment can be given. {fault.message}")
            continue
        if found.moved:
            tables.append(_table(slug("-".join(name)), title, found, dict(one.agreement.members)))
        elif found.assumed:
            lines.append(f"{title}: no range of the payment can be given. {' '.join(found.assumed)}")
    return lines, tables


def _table(key: str, title: str, found: PaymentRange, names: dict[str, str]) -> dict[str, Any]:
    ends = (found.lowest, found.posted, found.highest)
    residue = [RESIDUE] if any(one.by_member.get(RESIDUE) for one in ends) else []
    rows = [
        row(
            cell(names.get(party, role_name(party))),
            *(cell(money(one.by_member.get(party, 0)), n=True) for one in ends),
        )
        for party in [*sorted(names), *residue]
    ]
    whole = (cell(money(one.alliance), n=True) for one in ends)
    rows.append(row(cell("Alliance"), *whole, total=True))
    return {
        "key": f"paid-if-{key}",
        "caption": f"What would have been paid: {title}",
        "note": "Lowest and highest of each on its own, so the members' ends need not add up to the alliance's. "
        + " ".join(found.assumed),
        "head": heads("Who", "#Lowest", "#As settled", "#Highest"),
        "rows": rows,
    }
