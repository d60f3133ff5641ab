"""What stands beside a payment on the members' statement: what it does not say, and the way to it from the one before.

Belongs here: the bridge as words, a drawing and a table. Not here: the bridge itself (`settlement.bridge`), trend and
comparator (`counterfactual`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foundation.errors import OutturnError
from publication.bridge import ORDER_WORDS, bridge_drawing, bridge_rows
from publication.inputs import ReleaseInputs, rows_of
from publication.pages.book import Book, Settled, slug
from publication.pages.counterfactual import counterfactual
from publication.pages.frame import cell, chart_of, heads, row
from publication.recompute import engine_rows
from publication.wording import money, role_name
from settlement.books import Books
from settlement.bridge import CAUSES, build_bridge, parties_of


def books_of(inputs: ReleaseInputs) -> dict[tuple[str, str], Books]:
    """Every settlement of a release with what it is made from, by agreement and period."""
    from publication import columns
    from settlement.decisions import read_log
    from settlement.gate_record import read_gate_json
    from settlement.recorded import period_records
    from settlement.terms import load_terms

    found: dict[tuple[str, str], Books] = {}
    kpi_return = engine_rows(columns.KPI_RETURN, rows_of(columns.KPI_RETURN, inputs.kpi_return))
    ledger = engine_rows(columns.LEDGER, rows_of(columns.LEDGER, inputs.ledger))
    for given in inputs.settlements:
        terms = load_terms(given.terms_yaml)
        advances = engine_rows(columns.ADVANCES, rows_of(columns.ADVANCES, given.advances))
        for gate in read_gate_json(given.gate_json, terms):
            recorded = period_records(read_log(given.decisions_jsonl), terms, gate.period_id)
            prior = engine_rows(columns.PRIOR_POSTINGS, rows_of(columns.PRIOR_POSTINGS, given.prior_postings))
            found[terms.id, gate.period_id] = Books(
                terms, gate.period_id, kpi_return, ledger, gate, advances, recorded, prior
            )
    return found


def beside(book: Book, item: Settled) -> list[Mapping[str, Any]]:
    """The sections beside one statement: what it does not say, and the bridge to it from the statement before."""
    words = counterfactual(book, item)
    return [*([] if words is None else [words]), *bridge_to(book, item)]


def bridge_to(book: Book, item: Settled) -> list[Mapping[str, Any]]:
    """The bridge to a statement, where the release holds the one before; nothing otherwise."""
    name = item.agreement.agreement_id
    earlier = [one.period_id for one in book.settled if one.agreement.agreement_id == name]
    if item.period_id == min(earlier):
        return []
    books = books_of(book.inputs)
    before = max(period for period in earlier if period < item.period_id)
    return [section(books[name, before], books[name, item.period_id])]


def section(earlier: Books, later: Books) -> Mapping[str, Any]:
    """One bridge: what it says, the waterfall, and the numbers of everybody."""
    title = "From the statement before to this one"
    try:
        bridge = build_bridge(earlier, later)
    except OutturnError as fault:  # nobody is paid less for want of an explanation
        return {"title": title, "lines": [f"No bridge leads here: {fault.message}"], "tables": []}
    key = f"bridge-{slug(bridge.agreement_id)}-{slug(bridge.to_period)}"
    parties = parties_of(bridge, later.terms)
    rows = []
    for item in bridge_rows(bridge, later):
        cells = [cell(money(item[f"{party}_pence"]), n=True) for party in parties]
        whole = item["step"] not in CAUSES
        rows.append(row(cell(item["what"]), cell(money(item["alliance_pence"]), n=True), *cells, total=whole))
    return {
        "title": title,
        "lines": [ORDER_WORDS],
        "chart": chart_of(
            bridge_drawing(bridge, key), "The same numbers stand in the table below; what moved nothing is not drawn."
        ),
        "tables": [
            {"key": f"{key}-table", "caption": "What moved the payment, by cause", "note": "",
             "head": heads("Cause", "#Alliance", *(f"#{role_name(party)}" for party in parties)), "rows": rows}
        ],
    }  # fmt: skip
