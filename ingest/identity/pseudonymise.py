"""The sender's side: a file with identifiers in, the same file with tokens out, before anything is sent.

Belongs here: what `outturn pseudonymise` does. It reads the contract's layout `clear` as strictly as intake reads, and
writes the sender's own token layout. Not here: the command line, and sending. A file of which one row cannot be read is
refused as a whole, rows named and values never: half a file would look like a full one to its receiver.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from foundation.canonical import plain_decimal, sha256_bytes
from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.tokens import TokenKey
from ingest import receive
from ingest.conform import conform
from ingest.contract import DATE_FORMATS, Contract, Layout
from ingest.identity.declared import CLEAR_LAYOUT
from ingest.identity.keyring import Keyring
from ingest.identity.tokenise import shielded, tokenise
from ingest.read import FileRejectedError, read_csv
from ingest.rules import FILE, RECORD, Finding, in_order

_NAMED = 20


@dataclass(frozen=True)
class PseudonymisedFile:
    """What was written: enough for a manifest, and how many NHS numbers were what (verdict -> rows)."""

    path: Path
    organisation: str
    rows: int
    bytes: int
    sha256: str
    key_id: str
    verdicts: Mapping[str, int]
    findings: tuple[Finding, ...]

    def report(self) -> dict[str, Any]:
        """Content of a report: counts, the key's id, and findings without values."""
        return {
            "organisation": self.organisation,
            "rows": self.rows,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "key_id": self.key_id,
            "nhs_numbers": dict(self.verdicts),
            "findings": [item.as_json() for item in in_order(self.findings)],
        }


def pseudonymise_file(
    path: Path,
    contract: Contract,
    key: TokenKey,
    organisation: str | None = None,
    out: Path | None = None,
    *,
    test_numbers: bool = False,
) -> PseudonymisedFile:
    """Write the file with tokens in place of identifiers.

    organisation: the sender; None takes it from the rows, which then name exactly one. out: default the file's name
    with `.tokens` before its ending, beside it; never an existing file's name. test_numbers: take NHS numbers of the
    test range for numbers, for demonstrations. Refused when the file cannot be read whole, WrongUsage when the
    contract gives this sender nothing to do.
    """
    source = Path(path)
    target = out if out is not None else source.with_name(f"{source.stem}.tokens{source.suffix}")
    clear = _clear_layout(contract)
    if target.exists() or target.is_symlink():
        raise WrongUsage(f"{target} is there already.", "name another file with --out, or move that one away.")
    try:
        held = receive.hold(source, contract.custom.limits.fileBytes)
    except OSError:
        raise WrongUsage(f"{source} cannot be opened.", "give the path of the file; links are not followed.") from None
    _refuse_if_bad(receive.check_bytes(held, None, contract))
    try:
        table, notes = shielded(
            "reading the file", lambda: _read(held.data or b"", source.name, contract), (FileRejectedError,)
        )
    except FileRejectedError as rejected:
        problems = (rejected.found, *rejected.notes)
    else:
        problems = ()
    _refuse_if_bad(problems)
    sender, layout = _sender(table, contract, organisation)
    made = tokenise(table, contract, clear, Keyring(lambda: key, test_numbers))
    _refuse_if_bad(made.faults)
    data = shielded("writing the file", lambda: _csv_bytes(made.table, contract, layout))
    write_bytes(target, data, mode=0o600)
    return PseudonymisedFile(
        target, sender, made.table.num_rows, len(data), sha256_bytes(data), key.key_id, made.verdicts, notes
    )


def _clear_layout(contract: Contract) -> Layout:
    layout = contract.custom.layouts.get(CLEAR_LAYOUT)
    if contract.identity is None or layout is None or not contract.is_clear(layout):
        raise WrongUsage(
            f"the feed {contract.feed} has no layout with identifiers: there is nothing to pseudonymise.",
            "send the file as it is, in the contract's layout.",
        )
    return layout


def _read(data: bytes, name: str, contract: Contract) -> tuple[Any, tuple[Finding, ...]]:
    """Typed rows of the clear file and harmless findings; FileRejectedError when one row cannot be read."""
    raw = read_csv(data, name, contract, CLEAR_LAYOUT)
    conformed = conform(raw, contract)
    if conformed.faults:
        raise FileRejectedError(conformed.faults[0], tuple(conformed.faults[1:]))
    return conformed.table, (*raw.findings, *conformed.notes)


def _refuse_if_bad(findings: Sequence[Finding]) -> None:
    bad = [item for item in in_order(findings) if item.severity in (FILE, RECORD)]
    if not bad:
        return
    listed = "; ".join(
        f"{f'row {item.row}' if item.row else 'the file'}{f', {item.column}' if item.column else ''}: {item.message}"
        for item in bad[:_NAMED]
    )
    more = f" And {len(bad) - _NAMED} more." if len(bad) > _NAMED else ""
    raise Refused(
        f"the file cannot be pseudonymised: {listed}{more}",
        "correct the file in the system it comes from; nothing was written.",
    )


def _sender(table: Any, contract: Contract, organisation: str | None) -> tuple[str, Layout]:
    """The organisation all rows are about, and the token layout it sends in."""
    found = {value for value in table.column(contract.custom.organisationColumn).to_pylist() if value is not None}
    named = {organisation} if organisation is not None else found
    if len(named) != 1 or found - named:
        raise Refused(
            "the rows are not all about the one organisation that sends.",
            "give one file an organisation, and its code with --organisation.",
        )
    sender = named.pop()
    layout = contract.layout_of(sender)
    if layout is None:
        raise WrongUsage(
            "the contract does not list the organisation as a sender of this feed.", "check the organisation's code."
        )
    if contract.is_clear(layout):
        raise WrongUsage(
            "the contract has this organisation send identifiers, with a justification.",
            "send the file as it is; intake turns it into tokens inside the vault.",
        )
    return sender, layout


def cell_of(value: Any, date_format: str) -> str:
    """A value as a sender writes it in a file: dates in the layout's format, numbers in plain digits."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(date_format)
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def _csv_bytes(table: Any, contract: Contract, layout: Layout) -> bytes:
    """The rows under the sender's own header and date format. Quoted where needed; nothing else is changed."""
    names = contract.layout_names(layout)
    date_format = DATE_FORMATS[layout.dateFormat]
    columns = [[cell_of(value, date_format) for value in table.column(name).to_pylist()] for name in names]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=contract.custom.delimiter, lineterminator="\n")
    writer.writerow(names.values())
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode()
