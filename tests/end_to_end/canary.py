"""A person who exists nowhere, and the search for any trace of her in whatever the product writes or says.

The search knows her NHS number, names, date of birth, postcode and the council's reference in many spellings, looks at
raw bytes and names of files, and opens what stores values in a form of its own.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import io
import lzma
import re
import shutil
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgpack
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.conform import parse_date
from ingest.contract import Contract, Layout
from places.base import Submission

NUMBER = "9994127837"
FORENAME, SURNAME = "Zebulonia", "Quexworthy"
BORN = date(1931, 2, 13)
POSTCODE = "QX7 4ZK"
LOCAL_ID = "CLIENT-7QXW-31"
IDENTIFIERS = {
    "nhs_number": NUMBER,
    "forename": FORENAME,
    "surname": SURNAME,
    "date_of_birth": BORN.isoformat(),
    "postcode": POSTCODE,
    "local_id": LOCAL_ID,
}

# what may stand between the parts of a number, a postcode or a date
_GAP = rb"(?:[ \t_.,+/-]|%20|%2f|&nbsp;|\xc2\xa0|\xa0|\xe2\x80[\x90-\x95\xaf])"
_MONTH = rb"(?:0?2|feb(?:ruary)?)"
# a core that must be there, and the whole that says that it is her; digits in a hash are no date
_TRACES: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = (
    ("NHS number", b"999", re.compile(rb"999" + _GAP + rb"{0,2}412" + _GAP + rb"{0,2}7837")),
    ("NHS number in pairs", b"99", re.compile(_GAP.join([rb"99", rb"94", rb"12", rb"78", rb"37"]))),
    ("NHS number through floating point", b"9.994", re.compile(rb"9\.99412783\d*e\+?0?9")),
    ("forename", b"zebulonia", re.compile(rb"zebulonia")),
    ("surname", b"quexworthy", re.compile(rb"quexworthy")),
    ("postcode", b"qx7", re.compile(rb"qx7" + _GAP + rb"{1,2}4zk|(?<![a-z0-9+/])qx74zk(?![a-z0-9+/=])")),
    ("date of birth", b"1931", re.compile(rb"1931" + _GAP + rb"{1,2}" + _MONTH + _GAP + rb"{1,2}13(?![0-9])")),
    ("date of birth, day first", b"1931", re.compile(rb"13" + _GAP + rb"{1,2}" + _MONTH + _GAP + rb"{1,2}1931")),
    ("date of birth, month first", b"1931", re.compile(_MONTH + _GAP + rb"{1,2}13" + _GAP + rb"{1,2}1931")),
    ("date of birth in digits", b"1931", re.compile(rb"(?<![0-9a-f])(?:19310213|13021931)(?![0-9a-f])")),
    ("date of birth, short year", b"/31", re.compile(rb"(?<![0-9/])(?:13/0?2|0?2/13)/31(?![0-9/])")),
    ("reference", b"client", re.compile(rb"client" + _GAP + rb"?7qxw" + _GAP + rb"?31")),
)
_AS_INTEGER = (struct.pack("<q", int(NUMBER)), struct.pack(">q", int(NUMBER)), struct.pack("<d", float(NUMBER)))


def traces(data: bytes) -> list[str]:
    """What of her stands in some bytes: upper and lower case alike, UTF-8 and UTF-16, whole numbers in binary."""
    found = {
        f"{name} as a binary number" for name, raw in zip(("NHS number",) * 3, _AS_INTEGER, strict=True) if raw in data
    }
    lowered = data.lower()
    # UTF-16 and UTF-32 of plain letters are the letters and NULs
    for text in (lowered, lowered.replace(b"\0", b"")) if b"\0" in lowered else (lowered,):
        for name, core, whole in _TRACES:
            if core in text and whole.search(text):
                found.add(name)
    return sorted(found)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _values(table: pa.Table) -> bytes:
    """Every distinct value of a table as text, and its names and metadata."""
    parts = [str(table.schema)]
    for name in table.column_names:
        column = table.column(name)
        flat = column if pa.types.is_nested(column.type) else pc.unique(column)
        parts += [_shown(value) for value in flat.to_pylist()]
    return "\n".join(parts).encode()


def _inside(data: bytes, path: Path | None) -> Iterator[tuple[str, bytes]]:
    """What a file holds in a form of its own, as plain bytes."""
    if data[:4] == b"PAR1":
        yield "Parquet", _values(pq.ParquetFile(io.BytesIO(data)).read())
    elif data[8:12] == b"DUCK" and path is not None:
        with tempfile.TemporaryDirectory() as folder:
            for item in path.parent.glob(f"{path.name}*"):
                shutil.copy(item, folder)
            with duckdb.connect(str(Path(folder) / path.name), read_only=True) as connection:
                tables = connection.execute(
                    "select database_name, schema_name, table_name from duckdb_tables() where not temporary"
                ).fetchall()
                for names in tables:
                    quoted = ".".join(f'"{name}"' for name in names)
                    yield f"table {names[2]}", _values(connection.sql(f"select * from {quoted}").to_arrow_table())
                sql = "select sql from duckdb_views() union all select comment from duckdb_tables()"
                yield "views", repr(connection.execute(sql).fetchall()).encode()
    elif data[:15] == b"SQLite format 3" and path is not None:
        with tempfile.TemporaryDirectory() as folder:
            # with its write-ahead log, as a process killed meanwhile leaves it
            for item in path.parent.glob(f"{path.name}*"):
                shutil.copy(item, folder)
            connection = sqlite3.connect(Path(folder) / path.name)
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                rows = connection.execute(f'select * from "{name}"').fetchall()
                yield (
                    f"table {name}",
                    b"\n".join(
                        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
                    ),
                )
            connection.close()
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for item in archive.infolist():
                yield item.filename, item.filename.encode() + b"\n" + archive.read(item)
    elif data[:2] == b"\x1f\x8b":
        yield "gzip", gzip.decompress(data)
    elif data[:3] == b"BZh":
        yield "bzip2", bz2.decompress(data)
    elif data[:6] == b"\xfd7zXZ\0":
        yield "xz", lzma.decompress(data)
    elif path is not None and path.suffix == ".msgpack":
        yield "MessagePack", repr(msgpack.unpackb(data, strict_map_key=False)).encode()


_known: dict[bytes, tuple[str, ...]] = {}


def _in_file(path: Path) -> tuple[str, ...]:
    data = path.read_bytes()
    # a database and its log are one thing
    beside = b"".join(item.read_bytes() for item in sorted(path.parent.glob(f"{path.name}?*wal*")))
    key = hashlib.sha256(path.suffix.encode() + data + beside).digest()
    if key not in _known:
        found = [*traces(data)]
        for where, inner in _inside(data, path):
            found += [f"{what} in {where}" for what in traces(inner)]
            for deeper, content in _inside(inner, None):
                found += [f"{what} in {where}, {deeper}" for what in traces(content)]
        _known[key] = tuple(found)
    return _known[key]


def scan(*roots: Path, leave_out: Iterable[Path] = ()) -> list[str]:
    """Every trace below some folders, names of files and folders included: `file: what and where`."""
    without = tuple(leave_out)
    told = []
    for root in roots:
        for path in sorted(root.rglob("*")):
            if any(path == item or item in path.parents for item in without):
                continue
            told += [f"{path}: {what} in its name" for what in traces(path.name.encode())]
            if path.is_symlink():
                told += [f"{path}: {what} where it points" for what in traces(str(path.readlink()).encode())]
            elif path.is_file():
                told += [f"{path}: {what}" for what in _in_file(path)]
    return told


# files about her -------------------------------------------------------------------------------------------------

Row = dict[str, str]


def rows_of(item: Submission, contract: Contract) -> tuple[Layout, list[Row]]:
    """The layout of a submission's sender and its rows under canonical names, cells as sent."""
    layout = contract.layout_of(item.organisation)
    assert layout is not None
    names = {sent: name for name, sent in contract.layout_names(layout).items()}
    reader = csv.DictReader(io.StringIO(item.content.decode(), newline=""), delimiter=contract.custom.delimiter)
    return layout, [{names[sent]: cell for sent, cell in row.items() if sent in names} for row in reader]


def csv_of(names: Sequence[str], rows: Iterable[Mapping[str, str]], delimiter: str = ",", header: bool = True) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    if header:
        writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return buffer.getvalue().encode()


def file_of(contract: Contract, layout: Layout, rows: Sequence[Row]) -> bytes:
    """Rows under canonical names as a file of a layout; cells stay as they are."""
    names = contract.layout_names(layout)
    return csv_of(list(names.values()), [{names[name]: row.get(name, "") for name in names} for row in rows])


def good_row(item: Submission, contract: Contract) -> Row:
    """A row of a submission that intake accepts as it stands, linked where the feed links."""
    _, rows = rows_of(item, contract)
    identity = contract.identity
    for row in rows:
        if any(cell != cell.strip() for cell in row.values()):
            continue
        if identity is not None and "person_token" in row and not row["person_token"]:
            continue
        if identity is None or all(row[name] == value for name, value in identity.link_when.items()):
            return row
    raise AssertionError(f"{item.file_name} has no row to start from")


def her_row(item: Submission, contract: Contract, **changes: str) -> Row:
    """Something that happens to her, in the layout `clear`: a row of somebody's with her identifiers."""
    layout = contract.layout_of(item.organisation)
    assert layout is not None
    found = {}
    row = good_row(item, contract)
    for name in contract.layout_names(contract.custom.layouts["clear"]):
        cell = IDENTIFIERS.get(name, row.get(name, ""))
        if cell and name not in IDENTIFIERS and contract.by_name[name].kind == "date":
            cell = parse_date(cell, layout.dateFormat).isoformat()
        if name not in IDENTIFIERS:
            cell = layout.codes.get(name, {}).get(cell, cell)
        found[name] = cell
    return {**found, record_column(contract): "CNY0000001", **changes}


def record_column(contract: Contract) -> str:
    """The column that tells the rows of one sender apart, and holds words rather than a count."""
    counts = {name for name in contract.key if contract.by_name[name].kind == "integer"}
    return next(name for name in reversed(contract.key) if name not in {contract.custom.organisationColumn, *counts})


def next_sequence(item: Submission, content: bytes, rows: int) -> Submission:
    """The same window sent again with other content."""
    return replace(item, sequence=item.sequence + 1, content=content, rows=rows)
