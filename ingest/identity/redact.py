"""Taking people's rows out of what was taken in: the lake's files, and for an erasure the raw file in the vault.

Belongs here: rewriting one submission. Not here: whose rows (`ingest.identity.rights`), judging rows anew
(`expectations.follow`), everything else of a home (`orchestration.erasing`).

Nothing is changed in place and each step can be done again: emptied rows are noted, then the raw file and its manifest
are replaced, then the lake's new files are written, then the receipt names them, then the former files go. A row keeps
its number: an erased one stands in the raw file as empty cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foundation.canonical import plain_decimal, readable_json, sha256_bytes
from foundation.durable import remove, write_bytes
from foundation.errors import OutturnError
from foundation.home import Home
from foundation.tokens import TokenKey, local_text, match_text, number_text
from ingest import lake, quarantine
from ingest.conform import column_sums, conform, parse_date
from ingest.container import packed_again, read_table
from ingest.contract import Contract
from ingest.identity import nhs_number
from ingest.identity.declared import IDENTIFIERS
from ingest.identity.keyring import Keyring
from ingest.identity.rights import TOKENS, Rights
from ingest.identity.tokenise import shielded
from ingest.manifest import MAXIMUM_BYTES, parse_manifest
from ingest.read import FileRejectedError, RawTable
from ingest.receive import read_limited
from ingest.register import (
    Receipt,
    Redaction,
    read_redaction,
    redaction_path,
    write_receipt,
)
from ingest.rules import Finding, in_order, worst

RAW_MANIFEST = "manifest.json"
_OURS = ("receipt", "manifest", "withdrawal", "redaction")


def raw_file(home: Home, submission_id: str) -> Path | None:
    """The file of a submission as it came, or as an erasure left it; None when it is not kept."""
    found = [
        path
        for path in sorted((home.submissions / submission_id).iterdir())
        if not (path.suffix == ".json" and path.name.split(".")[0].split("-")[0] in _OURS)
    ]
    return found[0] if found else None


# lake and receipt -----------------------------------------------------------------------------------


def without_rows(home: Home, contract: Contract, receipt: Receipt, rights: Rights) -> Receipt:
    """The submission without the rows that may not count; the same receipt when it has none of them."""
    parts = lake.read_parts(home, dict(receipt.lake_files))
    out: dict[int, str] = {}
    for part in parts.values():
        out |= replace(rights, blanked=frozenset()).rows(part, contract)
    if not out:
        return receipt
    gone = pa.array(sorted(out), pa.int64())
    kept = {label: part.filter(_not_in(part.column("row_number"), gone)) for label, part in parts.items()}
    return store_rows(home, contract, receipt, kept, rights.findings(out), out)


def _not_in(column: Any, values: Any) -> Any:
    return pc.invert(pc.is_in(column, value_set=values))


def store_rows(
    home: Home,
    contract: Contract,
    receipt: Receipt,
    parts: Mapping[str, Any],
    findings: Iterable[Finding],
    moved: Mapping[int, str],
) -> Receipt:
    """Give a submission other rows: lake, quarantine, receipt, in this order.

    moved: rows that counted and do not any more -> the rule that says why.
    """
    files = lake.write_again(
        home, contract, receipt.organisation, receipt.submission_id, parts, dict(receipt.lake_files)
    )
    aside = dict(receipt.set_aside)
    for rule in moved.values():
        aside[rule] = aside.get(rule, 0) + 1
    told = in_order([*receipt.findings, *findings])
    renewed = replace(
        receipt,
        rows_accepted=receipt.rows_accepted - len(moved),
        rows_quarantined=receipt.rows_quarantined + len(moved),
        findings=told,
        outcome=worst(told),
        lake_files=tuple(sorted(files.items())),
        set_aside=tuple(sorted(aside.items())),
    )
    return put(home, contract, renewed)


def put(home: Home, contract: Contract, receipt: Receipt) -> Receipt:
    """Let a renewed receipt stand, with its quarantine, and take away the lake's files it no longer names."""
    if receipt.rows_quarantined:
        quarantine.write_record(home, quarantine.record_of(receipt.submission_id, receipt.findings, whole_file=False))
    write_receipt(home, receipt)
    lake.prune(home, contract, receipt.organisation, receipt.submission_id, dict(receipt.lake_files))
    return receipt


# the raw file ---------------------------------------------------------------------------------------


def row_tokens(raw: RawTable, contract: Contract, keyring: Keyring) -> Any:
    """Row number and tokens of every row of a raw file, as well as its cells let them be made.

    Unlike intake it judges nothing: a row that is held back for something else is still about somebody.
    """
    count = raw.row_count
    cells = {
        name: [None if cell is None else cell.strip(" \t\r\n\u00a0'") or None for cell in column.to_pylist()]
        for name, column in zip(raw.columns, raw.cells, strict=True)
        if name in (*TOKENS, *IDENTIFIERS, contract.custom.organisationColumn)
    }
    blank: list[str | None] = [None] * count
    columns: dict[str, list[str | None]] = {name: cells.get(name, blank) for name in TOKENS}
    if contract.is_clear(raw.layout):
        columns = _made(cells, contract, keyring.key(), raw.layout.dateFormat, blank)
    schema = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({"row_number": pa.array(range(1, count + 1), pa.int64()), **schema})


def _made(
    cells: Mapping[str, list[str | None]], contract: Contract, key: TokenKey, date_format: str, blank: list[str | None]
) -> dict[str, list[str | None]]:
    numbers, _ = nhs_number.judge_all(cells.get("nhs_number", blank))
    named = zip(*(cells.get(name, blank) for name in ("forename", "surname", "date_of_birth")), strict=True)
    matches = [match_text(first or "", last or "", _day(born, date_format)) for first, last, born in named]
    whose = zip(cells.get(contract.custom.organisationColumn, blank), cells.get("local_id", blank), strict=True)
    locals_ = [local_text(sender, local) if sender and local else None for sender, local in whose]
    return {
        "person_token": key.tokens([None if number is None else number_text(number) for number in numbers]),
        "match_token": key.tokens(matches),
        "local_token": key.tokens(locals_),
    }


def _day(text: str | None, date_format: str) -> str:
    with suppress(ValueError):
        return parse_date(text or "", date_format).isoformat()
    return ""


def redact(home: Home, contract: Contract | None, receipt: Receipt, rights: Rights, keyring: Keyring) -> bool:
    """Empty the rows of erased people in a submission's raw file; True when something was taken out.

    A file that cannot be read row by row, or not be made again, is removed, for nobody can say who is not in it: a
    refused one of a feed about people, or one nobody could tell the feed of.
    """
    if contract is not None and contract.identity is None:
        return False
    raw = raw_file(home, receipt.submission_id)
    former = read_redaction(home, receipt.submission_id)
    if raw is None:
        return False
    found = None if contract is None else _rows_of_the_erased(raw, contract, receipt, rights, keyring)
    if found is None:
        _note(home, receipt, Redaction(former.rows if former else frozenset(), None))
        remove(raw)
        return True
    table, rows = found
    if not rows:
        return False
    emptied = rows | (former.rows if former else frozenset())
    data = shielded("emptying rows of a raw file", lambda: _without(table, raw.name, contract, rows))
    _note(home, receipt, Redaction(emptied, None if data is None else sha256_bytes(data)))
    if data is None:
        remove(raw)
        return True
    write_bytes(raw, data, mode=0o600)
    if contract is not None:
        _rewrite_manifest(home, contract, receipt, raw, data)
    return True


def _note(home: Home, receipt: Receipt, redaction: Redaction) -> None:
    write_bytes(redaction_path(home, receipt.submission_id), readable_json(redaction.as_json()), mode=0o600)


def _rows_of_the_erased(
    raw: Path, contract: Contract, receipt: Receipt, rights: Rights, keyring: Keyring
) -> tuple[RawTable, frozenset[int]] | None:
    """The raw table and the rows in it that are an erased person's; None when it cannot be read row by row."""
    sender = contract.custom.senders.get(receipt.organisation)

    def read() -> tuple[RawTable, frozenset[int]]:
        table = read_table(raw.read_bytes(), raw.name, contract, sender.layout if sender else None)
        rows = replace(rights, opted_out=frozenset(), objected=frozenset(), blanked=frozenset()).rows(
            row_tokens(table, contract, keyring), contract
        )
        return table, frozenset(rows)

    try:
        return shielded("looking for erased people in a raw file", read, (FileRejectedError,))
    except FileRejectedError:
        return None


def _without(table: RawTable, name: str, contract: Contract | None, rows: frozenset[int]) -> bytes | None:
    """The raw file with the cells of some rows empty; None when it cannot be made again."""
    return None if contract is None else packed_again(_csv_without(table, contract, rows), name, contract)


def _csv_without(table: RawTable, contract: Contract, rows: frozenset[int]) -> bytes:
    """The raw table in its layout's own header, with the cells of some rows empty."""
    names = contract.layout_names(table.layout)
    columns = [column.to_pylist() for column in table.cells]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=contract.custom.delimiter, lineterminator="\n")
    writer.writerow([names[name] for name in table.columns])
    empty = [""] * len(columns)
    for number, record in enumerate(zip(*columns, strict=True), start=1):
        writer.writerow(empty if number in rows else record)
    encoding = "utf-8" if "utf-8" in contract.custom.encodings else contract.custom.encodings[0]
    return buffer.getvalue().encode(encoding)


def _rewrite_manifest(home: Home, contract: Contract, receipt: Receipt, raw: Path, data: bytes) -> None:
    """Make the manifest in the vault say what the raw file is now, so that it can be judged again."""
    path = raw.with_name(RAW_MANIFEST)

    def write() -> None:
        manifest = parse_manifest(read_limited(path, MAXIMUM_BYTES))
        table = read_table(data, raw.name, contract, contract.custom.senders[receipt.organisation].layout)
        wanted = {name: contract.by_name[name] for name in manifest.control_totals if name in contract.by_name}
        sums = column_sums(conform(table, contract).table, wanted)
        told = {
            **manifest.model_dump(mode="json", by_alias=True),
            "sha256": sha256_bytes(data),
            "bytes": len(data),
            "control_totals": {name: plain_decimal(value) for name, value in sums.items()},
        }
        write_bytes(path, readable_json(told), mode=0o600)

    # a refused file may have no manifest, or no sums: nobody judges it again
    with suppress(OutturnError, FileRejectedError):
        shielded("describing a raw file anew", write, (FileRejectedError,))


def carry_out(home: Home, contract: Contract, receipt: Receipt, rights: Rights, keyring: Keyring) -> Receipt:
    """Everything the lists ask of one submission but letting people back: lake and receipt, then the raw file."""
    renewed = receipt
    if receipt.accepted and contract.identity is not None:
        lake.prune(home, contract, receipt.organisation, receipt.submission_id, dict(receipt.lake_files))
        renewed = without_rows(home, contract, receipt, rights)
    if rights.erased:
        redact(home, contract, renewed, rights, keyring)
    return renewed
