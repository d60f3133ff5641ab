"""`outturn settle`: settlement alone, from a folder of files, by the same engine the main job uses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from orchestration.progress import say

# table -> file name an auditor puts into the folder; the first three are always needed
FILES = {
    "kpi_return": "kpi_return.csv",
    "ledger": "cost_ledger.csv",
    "gate": "gate.csv",
    "advances": "advances.csv",
    "prior_postings": "prior_postings.csv",
}
NEEDED = ("kpi_return", "ledger", "gate")


def settle_from_files(agreement: Path, inputs: Path, out: Path) -> int:
    """Settle every period the gate file names; writes what it made as tables. Exit code 0 or 3."""
    from settlement.engine import settle
    from settlement.files import read_rows, write_rows
    from settlement.gate_record import read_gate_rows
    from settlement.terms import load_terms

    if not agreement.is_file():
        raise WrongUsage(f"{agreement} is not a file.", "name the agreement's YAML file.")
    terms = load_terms(agreement.read_bytes())
    rows = {}
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
    settled = [
        settle(
            terms,
            period,
            rows["kpi_return"],
            rows["ledger"],
            read_gate_rows(rows["gate"], terms, period),
            rows["advances"],
            [row for row in rows["prior_postings"] if row["period_id"] == period],
        )
        for period in periods
    ]
    written = {
        "steps": [row for item in settled for row in item.step_rows()],
        "postings": [row for item in settled for row in item.posting_rows()],
        "member_lines": [row for item in settled for row in item.member_rows()],
        "payments": [row for item in settled for row in item.payment_rows()],
        "journal": [row for item in settled for row in item.journal_rows()],
    }
    for table, content in written.items():
        write_bytes(out / f"{table}.csv", write_rows(table, content))
    withheld = False
    for item in settled:
        for posting in item.postings:
            say(
                item.period_id,
                f"{posting.line} £{Decimal(posting.amount_pence) / 100:,.2f} ({posting.status}). {item.reason}",
            )
        withheld = withheld or any(entry.action == "withhold" for entry in item.gate.entries)
    say("note", "these files were taken as they are: only `outturn verify` on a release proves them.")
    say("written", str(out))
    return 3 if withheld else 0
