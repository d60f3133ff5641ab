"""The end of a contract: one organisation's data out of a home, and into another, also under another name.

Belongs here: the folder of an export, its checksums, and turning it back into deliveries. Not here: judging what is
imported: it lands in a mailbox and passes the same intake as anything that is sent.

`export.json` names organisation, place, contracts and, for each accepted submission, its receipt's dates, sequence and
counts and its files; `submissions/<id>/rows.parquet` holds the accepted rows in the contract's canonical columns, with
keyed tokens and no identifier; `submissions/<id>/receipt.json` is the receipt as it stands; `SHA256SUMS` covers all of
it and can be checked with `sha256sum -c`. What was refused, withdrawn or held back is not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import plain_decimal, readable_json, sha256_bytes, sha256_file
from foundation.durable import new_directory, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.tables import parquet_bytes
from ingest.conform import column_sums
from ingest.contract import LAKE_KEYS, ORGANISATION, Contract, Layout
from ingest.layout_file import file_bytes
from ingest.manifest import SUFFIX, Manifest
from ingest.register import RECEIPT, Receipt, Register, receipt_path

FORMAT = 1
INDEX, SUMS, ROWS = "export.json", "SHA256SUMS", "rows.parquet"


@dataclass(frozen=True)
class Handover:
    """What was exported or imported."""

    organisation: str
    submissions: int
    rows: int


def export_organisation(home: Home, organisation: str, contracts: Mapping[str, Contract], out: Path) -> Handover:
    """Write the export of an organisation. WrongUsage when there is nothing of it, or `out` exists already."""
    if out.exists():
        raise WrongUsage(f"{out} is there already.", "name a folder that does not exist; nothing is overwritten.")
    register = Register.load(home)
    held = [
        item
        for item in register.entries
        if register.counts(item) and item.organisation == organisation and item.feed in contracts
    ]
    if not held:
        raise WrongUsage("nothing of that organisation was accepted here.", "check its code with `outturn doctor`.")
    entries = []
    with new_directory(out) as draft:
        for item in sorted(held, key=lambda one: (one.feed, one.covers_from or date.min, one.sequence)):
            folder = draft / "submissions" / item.submission_id
            data = parquet_bytes(_rows_of(home, item, contracts[item.feed]))
            write_bytes(folder / ROWS, data, mode=0o600)
            write_bytes(folder / RECEIPT, receipt_path(home, item.submission_id).read_bytes(), mode=0o600)
            entries.append(_entry(item, contracts[item.feed], data))
        index = {
            "format": FORMAT,
            "organisation": organisation,
            "place": home.settings()["place"],
            "submissions": entries,
        }
        write_bytes(draft / INDEX, readable_json(index), mode=0o600)
        write_bytes(draft / SUMS, _sums(draft), mode=0o600)
    out.chmod(0o700)
    return Handover(organisation, len(held), sum(item.rows_accepted for item in held))


def _entry(item: Receipt, contract: Contract, data: bytes) -> dict[str, Any]:
    return {
        "submission_id": item.submission_id,
        "feed": item.feed,
        "covers": {"from": item.covers_from, "to": item.covers_to},
        "sequence": item.sequence,
        "rows": item.rows_accepted,
        "contract_version": contract.version,
        "contract_hash": item.contract_hash,
        "rows_sha256": sha256_bytes(data),
    }


def _sums(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in files).encode()


def _rows_of(home: Home, item: Receipt, contract: Contract) -> Any:
    """Accepted rows of a submission in the order of the file, in the contract's columns without identifiers.

    The organisation is left out: who imports says who it is. Refused when the lake is not what the receipt says.
    """
    parts = []
    for path, value in item.lake_files:
        if not (home.lake / path).is_file() or sha256_file(home.lake / path) != value:
            raise Refused(f"the lake's file {path} is not that of its receipt.", "restore the lake from backup.")
        part = pq.ParquetFile(home.lake / path).read()
        label = Path(path).parent.name.removeprefix("month=")
        for name in contract.judged_columns:
            if name == "month" and name not in part.column_names:
                part = part.append_column(name, pa.array([label] * part.num_rows, pa.string()))
        parts.append(part)
    names = ["row_number", *_columns(contract)]
    empty = pa.schema([contract.schema.field(name) for name in names]).empty_table()
    if not parts:
        return empty
    return pa.concat_tables([part.select(names).cast(empty.schema) for part in parts]).sort_by("row_number")


def _columns(contract: Contract) -> list[str]:
    left_out = {*LAKE_KEYS, contract.custom.organisationColumn} - {"month"}
    return [name for name in contract.judged_columns if name not in left_out]


# into another home ----------------------------------------------------------------------------------


def read_export(folder: Path) -> dict[str, Any]:
    """The index of an export of which every file is as it was written. Refused otherwise, with the file's name."""
    mend = "have the export made or copied again; nothing was imported."
    try:
        lines = [line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines()]
        told = {name: value for value, name in lines}
        index = json.loads((folder / INDEX).read_bytes())
        entries = index["submissions"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(f"{folder} is not an export.", mend) from None
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    found.pop(SUMS, None)
    wrong = sorted(set(told) ^ set(found)) or sorted(
        name for name, path in found.items() if path.is_symlink() or sha256_file(path) != told[name]
    )
    if wrong:
        raise Refused(f"{wrong[0]} of the export is missing, changed or not listed.", mend)
    if index.get("format") != FORMAT or not isinstance(entries, list):
        raise Refused("the export is of another format.", "import it with the version of Outturn that made it.")
    return dict(index)


def import_organisation(
    home: Home, folder: Path, contracts: Mapping[str, Contract], name: str | None = None
) -> Handover:
    """Put an export into a mailbox of a home, every submission with its dates and sequence, under `name`.

    Nothing is put down unless all of it can be. Refused when the export was changed, comes from another place (whose
    tokens meet nobody's here), or holds a feed the organisation is no sender of tokens of.
    """
    index = read_export(folder)
    organisation = name or str(index["organisation"])
    if not ORGANISATION.fullmatch(organisation):
        raise WrongUsage("the name is not an organisation's code.", "give the code the contract lists as a sender.")
    if index["place"] != home.settings()["place"]:
        raise Refused(
            "the export comes from another place: its tokens were made with another key and meet nobody's.",
            "have the organisation send its files to this place.",
        )
    deliveries = [_delivery(folder, item, organisation, contracts) for item in index["submissions"]]
    box = home.landing / organisation
    taken = sorted(manifest.file for manifest, _ in deliveries if (box / manifest.file).exists())
    if taken:
        raise Refused(f"{taken[0]} lies in the mailbox already.", "run the main job first, then import.")
    box.mkdir(parents=True, exist_ok=True, mode=0o700)
    for manifest, data in deliveries:
        write_bytes(box / manifest.file, data, mode=0o600)
        told = manifest.model_dump(mode="json", by_alias=True)
        write_bytes(box / f"{manifest.file}{SUFFIX}", readable_json(told), mode=0o600)
    return Handover(organisation, len(deliveries), sum(manifest.rows for manifest, _ in deliveries))


def _delivery(
    folder: Path, item: Mapping[str, Any], organisation: str, contracts: Mapping[str, Contract]
) -> tuple[Manifest, bytes]:
    contract = contracts.get(item["feed"])
    layout = contract.layout_of(organisation) if contract is not None else None
    if contract is None or layout is None:
        raise Refused(
            f"{organisation} is no sender of the feed {item['feed']} here.",
            "add it to the senders of the contract, with a layout that sends tokens.",
        )
    if contract.is_clear(layout):
        raise Refused(
            f"the contract of {item['feed']} has {organisation} send identifiers, and an export holds tokens.",
            "give it a layout that sends tokens for as long as the import takes.",
        )
    table = pq.ParquetFile(folder / "submissions" / item["submission_id"] / ROWS).read()
    missing = sorted(set(_columns(contract)) - set(table.column_names))
    if missing:
        raise Refused(
            f"the export lacks {missing[0]} of {item['feed']}: the contract is another one here.",
            "import it under the version of the contract that export.json names.",
        )
    data = _csv_bytes(table, contract, layout, organisation)
    sums = column_sums(table, {column: contract.by_name[column] for column in contract.custom.controlTotals})
    covers = item["covers"]
    draft = {
        "feed": item["feed"],
        "organisation": organisation,
        "covers": covers,
        "sequence": item["sequence"],
        "file": "draft",
        "sha256": sha256_bytes(data),
        "bytes": len(data),
        "rows": table.num_rows,
        "control_totals": {column: plain_decimal(value) for column, value in sums.items()},
    }
    manifest = Manifest.model_validate(draft)
    return manifest.model_copy(update={"file": manifest.expected_name}), data


def _csv_bytes(table: Any, contract: Contract, layout: Layout, organisation: str) -> bytes:
    """Rows as the organisation would send them: its own header, date format, codes and units."""
    names = contract.layout_names(layout)
    lost = [name for name in table.column_names if name not in names and name != "row_number"]
    if any(table.column(name).null_count < table.num_rows for name in lost):
        raise Refused(
            f"the layout of {organisation} in {contract.feed} has no column for all the export holds.",
            "give it a layout with every column of the contract for as long as the import takes.",
        )
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    columns[contract.custom.organisationColumn] = [organisation] * table.num_rows
    return file_bytes(columns, contract, layout)
