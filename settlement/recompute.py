"""Compute a settlement again from the open book alone, and find the first figure that differs.

Belongs here: bytes of `members/` in, settlements and a difference out.
Not here: reading the folder, hashes of files (publication does both).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.canonical import plain_decimal
from foundation.errors import Refused
from settlement.advances import require_periods
from settlement.approvals import gate_causes, terms_approved
from settlement.decisions import Record, read_log
from settlement.engine import Settlement, settle
from settlement.files import COLUMNS, read_rows
from settlement.gate import action_of
from settlement.gate_record import SETTLEMENT_SCOPE, GateRecord, read_gate_json
from settlement.recorded import period_records
from settlement.terms import Terms, load_terms

NEEDED = ("terms.yaml", "kpi_return.csv", "ledger.csv", "gate.json", "decisions.jsonl")
OPTIONAL = ("advances.csv", "prior_postings.csv")


@dataclass(frozen=True)
class Difference:
    """The first figure that differs: where it stands, what is written and what follows from the open book."""

    figure_id: str
    table: str
    column: str
    written: str
    recomputed: str

    def __str__(self) -> str:
        return (
            f"{self.figure_id} ({self.table}, {self.column}): {self.written or 'nothing'} is written, "
            f"{self.recomputed or 'nothing'} follows from the open book."
        )


def _check_decisions(terms: Terms, gate: GateRecord, records: Sequence[Record]) -> None:
    """Refused unless the log approves the terms and holds every cause the gate acted on."""
    approved = terms_approved(records, terms, gate.period_id)
    if not approved.ok:
        raise Refused(
            f"the terms of {terms.id} are not approved for {gate.period_id}: {'; '.join(approved.reasons)}.",
            "restore decisions.jsonl and terms.yaml as they were published.",
        )
    if gate.approvals != approved.approvals:
        raise Refused(
            "the gate rested on other approvals than the decision log holds.",
            "restore gate.json and decisions.jsonl as they were published.",
        )
    recorded = gate_causes(records, terms, gate.period_id, gate.data_cut_id)
    held = {(cause.scope, cause.check_id, cause.cause) for cause in recorded}
    for entry in gate.entries:
        if entry.cause and (entry.scope, entry.check_id, entry.cause) not in held:
            raise Refused(
                f"the gate acted on the cause `{entry.cause}` for {entry.scope}, which the decision log does not hold.",
                "restore gate.json and decisions.jsonl as they were published.",
            )
    # The last word counts, and none may be left out: a forfeit that is not acted on pays.
    acted = {(entry.scope, entry.check_id): entry for entry in gate.entries if entry.kind == "fitness"}
    for key, last in {(cause.scope, cause.check_id): cause for cause in recorded}.items():
        found = acted.get(key)
        if found is None and last.scope != SETTLEMENT_SCOPE:
            continue
        if found is not None and found.status == "passed" and found.action == "pay":
            continue
        action, _ = action_of(terms, last.cause, last.scope)
        if found is None or (action != "withhold" and found.cause != last.cause):
            raise Refused(
                f"the decision log holds the cause `{last.cause}` for {last.scope}, and the gate did not act on it.",
                "restore gate.json and decisions.jsonl as they were published.",
            )


def recompute_all(files: Mapping[str, bytes]) -> tuple[Settlement, ...]:
    """Every settlement the gate file lets through, by period, from file names to bytes.

    Needs terms.yaml, kpi_return.csv, ledger.csv, gate.json, decisions.jsonl; takes advances.csv and
    prior_postings.csv. Refused when one is missing, does not prove itself, or does not agree with the others.
    """
    if missing := [name for name in NEEDED if name not in files]:
        raise Refused(f"{', '.join(missing)} is not in the open book.", "ask for the whole members folder.")
    terms = load_terms(files["terms.yaml"])
    gates = read_gate_json(files["gate.json"], terms)
    if not gates:
        raise Refused(f"gate.json says nothing about {terms.id}.", "ask for the whole members folder.")
    kpi_return, ledger = read_rows("kpi_return", files["kpi_return.csv"]), read_rows("ledger", files["ledger.csv"])
    advances = read_rows("advances", files["advances.csv"]) if "advances.csv" in files else []
    prior = read_rows("prior_postings", files["prior_postings.csv"]) if "prior_postings.csv" in files else []
    require_periods(advances, terms, [gate.period_id for gate in gates])
    records = read_log(files["decisions.jsonl"])
    settlements = []
    for gate in gates:
        _check_decisions(terms, gate, records)
        recorded = period_records(records, terms, gate.period_id)
        settlements.append(settle(terms, gate.period_id, kpi_return, ledger, gate, advances, prior, recorded))
    return tuple(settlements)


def recompute(files: Mapping[str, bytes], period_id: str | None = None) -> Settlement:
    """One settlement from the open book: the one of `period_id`, or the only one there is."""
    found = [one for one in recompute_all(files) if period_id in (None, one.period_id)]
    if len(found) != 1:
        raise Refused(
            f"the open book holds {len(found)} settlements of {period_id or 'one period'}.",
            "name the period of the settlement.",
        )
    return found[0]


def _same_cell(written: Any, recomputed: Any, kind: str) -> bool:
    if kind in ("text", "list"):
        return bool((written or None) == (recomputed or None))
    return bool(written == recomputed)


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return ""
    return plain_decimal(value) if kind == "decimal" else str(value)


def _first_of(
    table: str, written: Sequence[Mapping[str, Any]], recomputed: Sequence[Mapping[str, Any]]
) -> Difference | None:
    """The first difference of one table, in the order of the recomputed rows, then rows that should not be there."""
    amount = {"steps": "value"}.get(table, "amount_pence")
    kinds = COLUMNS[table]
    found: dict[str, Mapping[str, Any]] = {}
    for row in written:
        if row["figure_id"] in found:
            return Difference(row["figure_id"], table, "figure_id", "it twice", "it once")
        found[row["figure_id"]] = row
    for row in recomputed:
        own = found.pop(row["figure_id"], None)
        if own is None:
            return Difference(row["figure_id"], table, amount, "", _shown(row[amount], kinds[amount]))
        # The amount first: it is what a reader asks for when several columns differ.
        for column in sorted(kinds, key=lambda name: name != amount):
            if not _same_cell(own[column], row[column], kinds[column]):
                shown = [_shown(one[column], kinds[column]) for one in (own, row)]
                return Difference(row["figure_id"], table, column, *shown)
    for figure, row in found.items():
        return Difference(figure, table, amount, _shown(row[amount], kinds[amount]), "")
    return None


def first_difference(
    settlements: Settlement | Sequence[Settlement], steps_csv: bytes, postings_csv: bytes, member_lines_csv: bytes
) -> Difference | None:
    """The first figure, in the order of the statement, that the written tables state otherwise; None if none.

    The tables may hold several agreements; only rows of the settlements' own agreement are compared.
    """
    given = [settlements] if isinstance(settlements, Settlement) else list(settlements)
    agreements = {one.agreement_id for one in given}
    tables = (
        ("steps", steps_csv, [row for one in given for row in one.step_rows()]),
        ("postings", postings_csv, [row for one in given for row in one.posting_rows()]),
        ("member_lines", member_lines_csv, [row for one in given for row in one.member_rows()]),
    )
    for table, raw, recomputed in tables:
        written = [row for row in read_rows(table, raw) if row["agreement_id"] in agreements]
        if (difference := _first_of(table, written, recomputed)) is not None:
            return difference
    return None
