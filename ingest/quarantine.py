"""What was held back, row by row, and why.

Belongs here: the record in `vault/quarantine/<submission>/rows.json`. It holds row numbers, rules and reasons
and never a value; the values stay in the raw file beside the receipt. Not here: deciding what is held back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.home import Home
from ingest.rules import FILE, RECORD, Finding


def record_of(submission_id: str, findings: Iterable[Finding], whole_file: bool) -> dict[str, Any]:
    """The record as JSON content: rows in order with their reasons; file-level reasons when all is held back."""
    rows: dict[int, list[dict[str, object]]] = {}
    reasons = []
    for item in findings:
        if item.row is not None and item.severity in (RECORD, FILE):
            rows.setdefault(item.row, []).append({"rule": item.rule, "column": item.column, "message": item.message})
        elif item.row is None and item.severity == FILE:
            reasons.append({"rule": item.rule, "column": item.column, "message": item.message})
    return {
        "submission_id": submission_id,
        "whole_file": whole_file,
        "reasons": reasons,
        "rows": [{"row": row, "reasons": rows[row]} for row in sorted(rows)],
    }


def write_record(home: Home, record: dict[str, Any]) -> None:
    """Store the record of a submission that held something back."""
    write_bytes(home.quarantine / str(record["submission_id"]) / "rows.json", readable_json(record), mode=0o600)


def read_record(home: Home, submission_id: str) -> dict[str, Any] | None:
    """The stored record; None when nothing was held back."""
    path = home.quarantine / submission_id / "rows.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content
