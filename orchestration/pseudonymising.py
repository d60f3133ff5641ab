"""`outturn pseudonymise`: what a sender runs on an extract with identifiers before sending, said to a person."""

from __future__ import annotations

from pathlib import Path

from orchestration.progress import say


def pseudonymise_extract(
    file: Path,
    contract: Path,
    key: Path,
    place: str,
    organisation: str | None,
    out: Path | None,
    *,
    test_numbers: bool,
) -> None:
    """Write the file to send and say what its manifest has to state."""
    from ingest.contract import load_contract
    from ingest.identity.keyring import read_key
    from ingest.identity.pseudonymise import pseudonymise_file

    made = pseudonymise_file(
        file, load_contract(contract), read_key(key, place), organisation, out, test_numbers=test_numbers
    )
    counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(made.verdicts.items()))
    say("written", str(made.path))
    say("manifest", f"rows {made.rows}, bytes {made.bytes}, sha256 {made.sha256}")
    say("tokens", f"key {made.key_id}; NHS numbers: {counted or 'none in this feed'}")
