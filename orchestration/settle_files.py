"""`outturn settle`: settlement alone, from a folder of files, by the same engine the main job uses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from orchestration.progress import say

if TYPE_CHECKING:
    from settlement.decisions import Record
    from settlement.terms import Terms

# table -> file name an auditor puts into the folder; the first three are always needed
FILES = {
    "kpi_return": "kpi_return.csv",
    "ledger": "cost_ledger.csv",
    "gate": "gate.csv",
    "advances": "advances.csv",
    "prior_postings": "prior_postings.csv",
}
NEEDED = ("kpi_return", "ledger", "gate")
# What was judged, certified or awarded for a period: the agreement's decision log, as a release holds it.
LOG = "decisions.jsonl"


def read_inputs(agreement: Path, inputs: Path) -> tuple[Terms, dict[str, list[dict[str, Any]]], list[str]]:
    """Terms, rows by table, and the periods the gate file names."""
    from settlement.files import read_rows
    from settlement.terms import load_terms

    if not agreement.is_file():
        raise WrongUsage(f"{agreement} is not a file.", "name the agreement's YAML file.")
    terms = load_terms(agreement.read_bytes())
    rows: dict[str, list[dict[str, Any]]] = {}
    for table, name in FILES.items():
        path = inputs / name
        if path.is_file():
            rows[table] = read_rows(table, path.read_bytes())
        elif table in NEEDED:
            raise Refused(f"{path} is missing.", "put kpi_return.csv, cost_ledger.csv and gate.csv into the folder.")
        else:
            rows[table] = []
    periods = sorted({str(row["period_id"]) for row in rows["gate"] if row["agreement_id"] == terms.id})
    if not periods:
        raise Refused(f"gate.csv says nothing about {terms.id}.", "judge the gate for this agreement first.")
    return terms, rows, periods


def _log_of(inputs: Path) -> tuple[Record, ...]:
    """The proved records of the folder's decision log; () without one. LogTampered naming the line that fails."""
    from settlement.decisions import read_log

    path = inputs / LOG
    return read_log(path.read_bytes()) if path.is_file() else ()


def accrue_from_files(agreement: Path, inputs: Path, out: Path) -> int:
    """Estimate every period the gate file names; writes accrual.csv and nothing anybody could pay on. Exit code 0."""
    from settlement.accrual import ALLIANCE, accrue
    from settlement.files import write_rows
    from settlement.gate_record import read_gate_rows
    from settlement.recorded import period_records

    terms, rows, periods = read_inputs(agreement, inputs)
    records = _log_of(inputs)
    lines = []
    for period in periods:
        gate = read_gate_rows(rows["gate"], terms, period)
        made = accrue(terms, period, rows["kpi_return"], rows["ledger"], gate, period_records(records, terms, period))
        for line in made.lines:
            if line.party == ALLIANCE:
                worst, point, best = (
                    f"£{Decimal(pence) / 100:,.2f}" for pence in (line.worst_pence, line.point_pence, line.best_pence)
                )
                say(period, f"accrual {point}, between {worst} and {best}; not payable. {' '.join(made.basis)}")
        lines += [line.row() for line in made.lines]
    write_bytes(out / "accrual.csv", write_rows("accrual", lines))
    say("written", str(out))
    return 0


def _require_advances(terms: Terms, inputs: Path) -> None:
    """Refused where the terms take back what was paid up front, and no file says what that was."""
    from settlement.advances import taken_back_from

    if taken_back_from(terms) and not (inputs / FILES["advances"]).is_file():
        raise Refused(
            f"the terms of {terms.id} take back what was paid up front, and {inputs / FILES['advances']} is missing: "
            "without it nothing would be taken back.",
            "put advances.csv there: `agreement_id`, `member_id` and `balance_pence`, one line for each member, as it "
            "stood before anything was taken back for the period; the header alone where nothing was paid.",
        )


def settle_from_files(agreement: Path, inputs: Path, out: Path) -> int:
    """Settle every period the gate file names; writes what it made as tables. Exit code 0 or 3."""
    from settlement.advances import require_periods
    from settlement.engine import settle
    from settlement.files import write_rows
    from settlement.gate_record import read_gate_rows
    from settlement.payment_standing import standing_rows
    from settlement.recorded import period_records
    from settlement.stage import stage_of

    terms, rows, periods = read_inputs(agreement, inputs)
    _require_advances(terms, inputs)
    require_periods(rows["advances"], terms, periods, [period.label for period in terms.settlement_periods()])
    records = _log_of(inputs)
    settled = [
        settle(
            terms,
            period,
            rows["kpi_return"],
            rows["ledger"],
            read_gate_rows(rows["gate"], terms, period),
            rows["advances"],
            [row for row in rows["prior_postings"] if row["period_id"] == period],
            period_records(records, terms, period),
        )
        for period in periods
    ]
    stands = [standing_rows(item, records, terms) for item in settled]
    written = {
        "steps": [row for item in settled for row in item.step_rows()],
        "postings": [row for item in settled for row in item.posting_rows()],
        "member_lines": [row for item in settled for row in item.member_rows()],
        "payments": [row for payments, _ in stands for row in payments],
        "journal": [row for _, journal in stands for row in journal],
    }
    for table, content in written.items():
        write_bytes(out / f"{table}.csv", write_rows(table, content))
    withheld = False
    judged = [kpi.id for kpi in terms.judged_kpis]
    for item in settled:
        stage = stage_of(rows["kpi_return"], terms.id, item.period_id, judged)
        for posting in item.postings:
            amount = f"£{Decimal(posting.amount_pence) / 100:,.2f}"
            say(item.period_id, f"{posting.line} {amount} ({posting.status}, {stage}). {item.reason}")
        withheld = withheld or any(entry.action == "withhold" for entry in item.gate.entries)
    say("note", "these files were taken as they are: only `outturn verify` on a release proves them.")
    say("written", str(out))
    return 3 if withheld else 0
