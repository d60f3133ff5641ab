"""`outturn check`: what a sender runs before sending, printed for a person and written as JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.tables import write_parquet
from ingest.rules import ACCEPT, NORMALISED, RULES
from orchestration.progress import say

# Outcome of a file -> exit code (docs/reference/commands.md).
EXIT_CODES = {"accept": 0, "accept_normalised": 0, "warn": 3, "reject_record": 3, "reject_file": 1}
WORDS = {
    "accept": "This file would be accepted.",
    "accept_normalised": "This file would be accepted; small things were put right on the way.",
    "warn": "This file would be accepted, with warnings.",
    "reject_record": "The good rows would be accepted; the others wait until you send them again.",
    "reject_file": "This file would be refused as a whole.",
}


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(tz=UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"--on {text} is not a day.", "write it as 2025-04-01.") from None


def check_file(
    file: Path, contract: Path, manifest: Path | None, report: Path | None, out: Path | None, on: str | None = None
) -> int:
    """Check one file; returns the exit code. Nothing is printed or written that identifies a person.

    on: the day it will be sent as 2025-04-01, on which its data-sharing agreement must be in force; None is today.
    """
    from expectations.examine import check_file as judge
    from ingest.contract import load_contract

    try:
        agreed = load_contract(contract)
    except Refused as unreadable:
        # The file is not at fault: a sender's script must not take this for a refused file.
        raise WrongUsage(f"{contract} is not a data contract that can be used.", unreadable.mend) from unreadable
    result = judge(file, agreed, manifest, _day(on))
    content = result.report()
    say("check", WORDS[result.outcome])
    say(
        "rows",
        f"{content['rows_read']} read = {content['rows_accepted']} accepted + {content['rows_quarantined']} "
        f"quarantined + {content['rows_deduplicated']} duplicates",
    )
    shown: dict[tuple[str, str], int] = {}
    for finding in content["findings"]:
        key = (finding["rule"], finding["column"] or "")
        shown[key] = shown.get(key, 0) + 1
        if shown[key] <= 5:
            where = f"row {finding['row']}" if finding["row"] else "the file"
            say(
                finding["severity"],
                f"{where}{', ' + finding['column'] if finding['column'] else ''}: {finding['message']}",
            )
    for rule in dict.fromkeys(rule for rule, _ in shown):
        if RULES[rule].severity not in (ACCEPT, NORMALISED):
            say("what to do", f"{rule}: {RULES[rule].mend}")
    for (rule, column), count in shown.items():
        if count > 5:
            say("and", f"{count - 5} more of {rule}{' in ' + column if column else ''}")
    if report:
        write_bytes(report, readable_json(content))
    if out and result.accepted is not None and result.outcome != "reject_file":
        write_parquet(out, result.accepted)
    return EXIT_CODES[result.outcome]
