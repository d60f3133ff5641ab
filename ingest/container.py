"""What a table came in: a CSV file, one packed by gzip or zip, a workbook, a Parquet file.

Belongs here: which of them a contract takes, proving that name and content agree, and unpacking what is packed without
trusting a size that somebody wrote down. Not here: the cells of a workbook (`ingest.workbook`) or a Parquet file
(`ingest.columnar`), and everything that is the same for all: header, shape and text (`ingest.read`).

Nothing is sniffed. The end of the name says what the file claims to be, the contract whether that is taken, and the
first bytes whether it is true.
"""

from __future__ import annotations

import gzip
import stat
import struct
import zipfile
import zlib
from io import BytesIO

import pyarrow as pa

from foundation.tables import parquet_bytes
from ingest.columnar import parquet_source
from ingest.contract import CONTAINERS, Contract
from ingest.read import FileRejectedError, RawTable, Source, csv_source, refuse_container, table_of
from ingest.receive import is_safe_name
from ingest.rules import Finding, finding
from ingest.unpacked import BLOCK, MOST_TIMES, TOO_LARGE, refuse_sizes
from ingest.workbook import workbook_source

_MAGIC = {"gzip": b"\x1f\x8b\x08", "zip": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "parquet": b"PAR1"}
# the shell of an old Office file, and of a new one that is encrypted
_OLE = b"\xd0\xcf\x11\xe0"
_CALLED = {
    "csv": "CSV",
    "gzip": "CSV packed by gzip (.csv.gz)",
    "zip": "CSV packed by zip (.zip)",
    "xlsx": "an Excel workbook (.xlsx)",
    "parquet": "Parquet (.parquet)",
}
_ENCRYPTED = 0x1
# what the two modules raise on bytes that are not what they claim to be
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def read_table(data: bytes, name: str, contract: Contract, layout_name: str | None) -> RawTable:
    """The table of a file in any container the contract declares, as text bound to canonical columns.

    layout_name: the sender's layout; None lets the header decide. Raises FileRejectedError with the rule that the file
    breaks; nothing of it may be used then.
    """
    return table_of(source_of(data, name, contract), contract, layout_name)


def packed_again(text: bytes, name: str, contract: Contract) -> bytes | None:
    """A CSV file in the container its name claims, so that it reads as before; None for a workbook, which is not made.

    A Parquet file holds every column as text.
    """
    kind = _kind_of(name, contract)
    if kind == "gzip":
        return gzip.compress(text, mtime=0)
    if kind == "zip":
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("data.csv"), text, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()
    if kind == "parquet":
        source = csv_source(text, contract)
        columns = zip(*source.rows({}), strict=True)
        return parquet_bytes(
            pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(source.header, columns, strict=True)})
        )
    return text if kind == "csv" else None


def header_of(data: bytes, name: str, contract: Contract) -> list[str]:
    """The header of a file; empty where it has none that can be read."""
    try:
        return source_of(data, name, contract).header
    except FileRejectedError:
        return []


def source_of(data: bytes, name: str, contract: Contract) -> Source:
    """Header and records of a file, whatever container it came in; FileRejectedError for what the contract refuses."""
    if not data:
        raise FileRejectedError(finding("delivery.empty", "The file has no bytes."))
    kind = _kind_of(name, contract)
    if kind == "csv":
        refuse_no_text(data, name, contract)
        return csv_source(data, contract)
    if kind == "xlsx" and data.startswith(_OLE):
        raise FileRejectedError(
            finding("container.encrypted", "The workbook has a password, or is of the form of before 2007.")
        )
    if not data.startswith(_MAGIC[kind]):
        raise FileRejectedError(
            finding(
                "delivery.type_refused", f"The file is called {CONTAINERS[kind]} and is not one; {_accepted(contract)}."
            )
        )
    if kind == "xlsx":
        return workbook_source(data, contract)
    if kind == "parquet":
        return parquet_source(data, contract)
    unpacked = _gunzip(data, contract) if kind == "gzip" else _unzip(data, contract)
    if not unpacked:
        raise FileRejectedError(finding("delivery.empty", "The file that was packed has no bytes."))
    # what was packed must be text itself: no archive within an archive, whatever its name
    refuse_container(unpacked, "", "one CSV file is packed, and nothing that is packed itself")
    return csv_source(unpacked, contract)


def refuse_no_text(data: bytes, name: str, contract: Contract) -> None:
    """`refuse_container` for a file that is called CSV, by its beginning; it is told what the contract takes."""
    refuse_container(data, name, _accepted(contract))


def is_csv(name: str, contract: Contract) -> bool:
    """Whether a file of this name is taken for a CSV file that nothing packs; FileRejectedError for one not taken."""
    return _kind_of(name, contract) == "csv"


def kinds_taken(contract: Contract) -> str:
    """What a file of the feed may be, in words: `CSV or an Excel workbook (.xlsx)`."""
    return " or ".join(_CALLED[kind] for kind in CONTAINERS if kind in contract.custom.containers)


def _accepted(contract: Contract) -> str:
    return f"the contract takes {kinds_taken(contract)}, one file a submission"


def _kind_of(name: str, contract: Contract) -> str:
    """The container a file name claims: by its end, among those the contract takes. A CSV file may end otherwise."""
    plain = name.casefold()
    kind = next((kind for kind, ending in CONTAINERS.items() if plain.endswith(ending)), "csv")
    if kind not in contract.custom.containers:
        raise FileRejectedError(
            finding("delivery.type_refused", f"Files of this name ending are not taken; {_accepted(contract)}.")
        )
    return kind


def _damaged(what: str) -> FileRejectedError:
    return FileRejectedError(finding("container.damaged", f"The {what} cannot be unpacked to its end."))


def _unsafe(message: str) -> FileRejectedError:
    return FileRejectedError(finding("container.member", message))


def _gunzip(data: bytes, contract: Contract) -> bytes:
    """The one file a gzip stream holds. The size in its last bytes is never read: it is only what somebody wrote."""
    cap = min(contract.custom.limits.fileBytes, max(BLOCK, len(data) * MOST_TIMES))
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    kept, size, rest = [], 0, data
    try:
        while rest and not unpacker.eof:
            block = unpacker.decompress(rest, BLOCK)
            size += len(block)
            if size > cap:
                raise FileRejectedError(TOO_LARGE)
            kept.append(block)
            rest = unpacker.unconsumed_tail
    except zlib.error:
        raise _damaged("gzip file") from None
    if not unpacker.eof:
        raise _damaged("gzip file")
    if unpacker.unused_data:
        raise _unsafe("Something follows the packed file: a gzip file holds one.")
    return b"".join(kept)


def _unzip(data: bytes, contract: Contract) -> bytes:
    """The one CSV file a zip archive holds, its sizes checked before and while it is unpacked."""
    cap = contract.custom.limits.fileBytes
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            member = _only_member(archive.infolist())
            refuse_sizes([member], cap)
            kept, size = [], 0
            with archive.open(member) as packed:
                while block := packed.read(BLOCK):
                    size += len(block)
                    if size > min(cap, member.file_size):
                        raise FileRejectedError(TOO_LARGE)
                    kept.append(block)
            return b"".join(kept)
    except _BROKEN:
        raise _damaged("zip archive") from None


def _only_member(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    if len(members) != 1:
        raise _unsafe(f"The archive holds {len(members)} entries; it must hold one CSV file and nothing else.")
    problem = _member_problem(members[0])
    if problem is not None:
        raise FileRejectedError(problem)
    return members[0]


def _member_problem(member: zipfile.ZipInfo) -> Finding | None:
    """Why the one entry of an archive is not a plain CSV file; None when it is."""
    mode = member.external_attr >> 16
    if member.flag_bits & _ENCRYPTED:
        return finding("container.encrypted", "The archive has a password.")
    # `filename` is cut at a NUL, `orig_filename` is what stands in the archive
    if not is_safe_name(member.orig_filename):
        return finding("container.member", "The name inside the archive holds a path or a sign that is not allowed.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or member.is_dir():
        return finding("container.member", "The archive holds a link, a folder or a device, not a file.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return finding("container.damaged", "The archive is packed in a way only some programs can read.")
    if not member.filename.casefold().endswith(CONTAINERS["csv"]):
        return finding("container.member", "The file inside the archive is not called .csv.")
    return None
