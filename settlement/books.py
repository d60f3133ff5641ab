"""Everything one settlement is made from, kept together, and reading it from files.

Belongs here: terms, period, rows, gate and records of one settlement; bytes of a folder to those. Not here: proof that
they are those of what was published (`recompute`), asking what would be (`bridge`, `what_if`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.errors import Refused
from settlement.advances import taken_back_from
from settlement.decisions import read_log
from settlement.engine import Settlement, settle
from settlement.files import read_rows
from settlement.gate_record import GateRecord, read_gate_json, read_gate_rows
from settlement.recorded import PeriodRecords, period_records
from settlement.terms import Terms, load_terms

Rows = Sequence[Mapping[str, Any]]
# What a file may be called: a folder for `outturn settle`, or the members folder of a release.
NAMES = {
    "kpi_return": ("kpi_return.csv",),
    "ledger": ("cost_ledger.csv", "ledger.csv"),
    "advances": ("advances.csv",),
    "prior_postings": ("prior_postings.csv",),
}
_MAY_BE_ABSENT = ("advances", "prior_postings")


@dataclass(frozen=True)
class Books:
    """One settlement's inputs. prior: what earlier settlements of the period posted, where it restates them."""

    terms: Terms
    period_id: str
    kpi_return: Rows
    ledger: Rows
    gate: GateRecord
    advances: Rows = ()
    recorded: PeriodRecords | None = None
    prior: Rows = ()

    def settle(self) -> Settlement:
        """What the whole period comes to. Refused as the engine refuses."""
        return settle(
            self.terms, self.period_id, self.kpi_return, self.ledger, self.gate, self.advances, (), self.recorded
        )

    def stand(self) -> Settlement:
        """The period with what earlier settlements of it posted: what is too little to reclaim stands."""
        return settle(
            self.terms,
            self.period_id,
            self.kpi_return,
            self.ledger,
            self.gate,
            self.advances,
            self.prior,
            self.recorded,
        )


def read_books(files: Mapping[str, bytes]) -> tuple[Books, ...]:
    """The settlements that a folder's files are about, by period. Refused when a file is missing or cannot be read.

    Needs terms.yaml, kpi_return.csv, cost_ledger.csv or ledger.csv, gate.csv or gate.json, and advances.csv where the
    terms take advances back; takes prior_postings.csv and decisions.jsonl.
    """
    rows: dict[str, Rows] = {}
    for table, names in NAMES.items():
        held = [name for name in names if name in files]
        if not held and table not in _MAY_BE_ABSENT:
            raise _missing(" or ".join(names))
        rows[table] = read_rows(table, files[held[0]]) if held else ()
    if "terms.yaml" not in files:
        raise _missing("terms.yaml")
    terms = load_terms(files["terms.yaml"])
    if taken_back_from(terms) and not any(name in files for name in NAMES["advances"]):
        raise Refused(
            f"the terms of {terms.id} take back what was paid up front, and advances.csv is not among the files: "
            "without it nothing would be taken back.",
            "give it as `outturn settle` takes it; its header alone says that nothing was paid.",
        )
    if "gate.json" in files:
        gates = read_gate_json(files["gate.json"], terms)
    elif "gate.csv" in files:
        gate_rows = read_rows("gate", files["gate.csv"])
        periods = sorted({str(row["period_id"]) for row in gate_rows if row["agreement_id"] == terms.id})
        gates = tuple(read_gate_rows(gate_rows, terms, period) for period in periods)
    else:
        raise _missing("gate.csv or gate.json")
    records = read_log(files["decisions.jsonl"]) if "decisions.jsonl" in files else ()
    return tuple(
        Books(
            terms,
            gate.period_id,
            rows["kpi_return"],
            rows["ledger"],
            gate,
            rows["advances"],
            period_records(records, terms, gate.period_id),
            rows["prior_postings"],
        )
        for gate in gates
    )


def _missing(name: str) -> Refused:
    return Refused(
        f"{name} is not among the files.",
        "give terms.yaml, kpi_return.csv, cost_ledger.csv and gate.csv, or the members folder of a release.",
    )
