"""The sender's side: a file with identifiers in, the same file with tokens out, before anything is sent.

Belongs here: what `outturn pseudonymise` does. It reads the contract's layout `clear` as strictly as intake reads, and
writes the sender's own token layout. Not here: the command line, and sending. A file of which one row cannot be read is
refused as a whole, rows named and values never: half a file would look like a full one to its receiver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.canonical import sha256_bytes
from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.tokens import TokenKey
from ingest import receive
from ingest.conform import conform
from ingest.container import read_table
from ingest.contract import CONTAINERS, Contract, Layout
from ingest.identity.declared import CLEAR_LAYOUT
from ingest.identity.keyring import Keyring
from ingest.identity.tokenise import shielded, tokenise
from ingest.layout_file import file_bytes
from ingest.read import FileRejectedError
from ingest.rules import FILE, RECORD, Finding, in_order

_NAMED = 20
_PACKED = frozenset(CONTAINERS.values()) - {CONTAINERS["csv"]}


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
    with `.tokens.csv` for its ending, beside it; never an existing file's name. test_numbers: take NHS numbers of the
    test range for numbers, for demonstrations. Refused when the file cannot be read whole, WrongUsage when the
    contract gives this sender nothing to do.
    """
    source = Path(path)
    target = out if out is not None else source.with_name(_tokens_name(source.name))
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
    sent = contract.layout_names(layout)
    data = shielded(
        "writing the file",
        lambda: file_bytes({name: made.table.column(name).to_pylist() for name in sent}, contract, layout),
    )
    write_bytes(target, data, mode=0o600)
    return PseudonymisedFile(
        target,
        sender,
        made.table.num_rows,
        len(data),
        sha256_bytes(data),
        key.key_id,
        made.verdicts,
        (*notes, *made.notes),
    )


def _tokens_name(name: str) -> str:
    """`x.csv` -> `x.tokens.csv`; what is written is CSV, whatever was read."""
    packed = next((ending for ending in _PACKED if name.casefold().endswith(ending)), "")
    if packed:
        return f"{name[: -len(packed)]}.tokens{CONTAINERS['csv']}"
    return f"{Path(name).stem}.tokens{Path(name).suffix}"


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
    raw = read_table(data, name, contract, CLEAR_LAYOUT)
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
