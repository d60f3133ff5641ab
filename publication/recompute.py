"""Compute settlements again from the files of the members' folder, with the settlement's own engine.

Belongs here: handing those files over and comparing rows. Not here: any arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foundation.tables import cell_text
from publication import columns
from publication.columns import Schema
from publication.inputs import Row, rows_of

if TYPE_CHECKING:
    from settlement.engine import Settlement

# What a settlement gives, and the column a reader asks for first when rows differ.
TABLES = (
    (columns.STEPS, "value"),
    (columns.POSTINGS, "amount_pence"),
    (columns.MEMBER_LINES, "amount_pence"),
    (columns.PAYMENTS, "amount_pence"),
    (columns.JOURNAL, "debit_pence"),
)


def engine_rows(schema: Schema, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as the engine takes them: a blank text is an empty text, another blank is None."""
    texts = {column.name for column in schema.columns if column.kind in ("text", "list", "exact")}
    return [{name: "" if value is None and name in texts else value for name, value in row.items()} for row in rows]


def settlements_of(files: Mapping[str, bytes]) -> tuple[Settlement, ...]:
    """The settlements that follow from the files of one agreement's open book.

    files: terms.yaml, kpi_return.csv, ledger.csv, gate.json, decisions.jsonl, advances.csv, prior_postings.csv.
    Raises what the settlement raises when they do not prove themselves or do not agree with each other.
    """
    from settlement.recompute import recompute_all

    return recompute_all(files)


def carried_wrongly(settled: Sequence[tuple[bytes, Settlement]], advances: Sequence[Row]) -> list[str]:
    """What of the advances does not follow from the settlements before, in words. settled: each with its terms file,
    all of a release: what one period leaves, the next one starts from, also under other terms."""
    from settlement.advances import differences
    from settlement.terms import load_terms

    rows = engine_rows(columns.ADVANCES, advances)
    return list(differences([(load_terms(raw), made) for raw, made in settled], rows))


def tables_of(settlements: Sequence[Settlement], files: Mapping[str, bytes]) -> dict[str, list[Row]]:
    """Rows of every table that settlements make, by the table's name. files: those the settlements follow from; their
    terms and decision log say how far each payment has come."""
    from settlement.decisions import read_log
    from settlement.payment_standing import standing_rows
    from settlement.terms import load_terms

    terms, log = load_terms(files["terms.yaml"]), read_log(files["decisions.jsonl"])
    stands = [standing_rows(one, log, terms) for one in settlements]
    found = (
        [row for one in settlements for row in one.step_rows()],
        [row for one in settlements for row in one.posting_rows()],
        [row for one in settlements for row in one.member_rows()],
        [row for payments, _ in stands for row in payments],
        [row for _, journal in stands for row in journal],
    )
    return {schema.name: rows_of(schema, rows) for (schema, _), rows in zip(TABLES, found, strict=True)}


def differences(
    schema: Schema, first: str, written: Sequence[Row], wanted: Sequence[Row]
) -> Iterable[tuple[str, str, str, str]]:
    """(figure id, column, written, wanted) for every row that differs, in the order of `wanted`.

    The column `first` is named before others. A row that is missing, or too many, differs in that column.
    """

    def key(row: Row) -> tuple[str, str]:
        return str(row["figure_id"]), str(row.get("settlement_id") or "") if schema is columns.PRIOR_POSTINGS else ""

    left = {key(row): row for row in written}
    names = [first, *(name for name in schema.names if name != first)]
    for row in wanted:
        own = left.pop(key(row), None)
        if own is None:
            yield str(row["figure_id"]), first, "nothing", cell_text(row[first])
            continue
        for name in names:
            if cell_text(own[name]) != cell_text(row[name]):
                yield str(row["figure_id"]), name, cell_text(own[name]) or "nothing", cell_text(row[name]) or "nothing"
                break
    for row in left.values():
        yield str(row["figure_id"]), first, cell_text(row[first]), "nothing"
