"""One table in every container, and workbooks spoilt by hand.

The good files come from the libraries senders use; what no library writes is put in by changing the parts of a workbook.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from openpyxl import Workbook

from ingest.contract import CONTRACTS, Contract, parse_contract

ALL = ["csv", "gzip", "zip", "xlsx", "parquet"]


def contract_taking(feed: str, containers: Sequence[str] = ALL, **properties: Any) -> Contract:
    """A contract of the product that takes other containers, or has other custom properties, than its own."""
    document = yaml.safe_load((CONTRACTS / f"{feed}.yaml").read_text())
    changed = {"containers": list(containers), **properties}
    document["customProperties"] = [
        *(item for item in document["customProperties"] if item["property"] not in changed),
        *({"property": name, "value": value} for name, value in changed.items()),
    ]
    return parse_contract(yaml.safe_dump(document, sort_keys=False).encode(), f"{feed}.yaml")


def zip_of(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return sink.getvalue()


def linked_zip() -> bytes:
    """An archive whose one member is a symbolic link."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        member = zipfile.ZipInfo("x.csv")
        member.create_system = 3
        member.external_attr = 0o120777 << 16
        archive.writestr(member, b"/etc/passwd")
    return sink.getvalue()


def locked_zip(data: bytes) -> bytes:
    """An archive whose member says that it is encrypted, in the entry and in the directory."""
    packed = bytearray(zip_of({"x.csv": data}))
    packed[6] |= 1
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def xlsx_of(
    header: Sequence[str], rows: Sequence[Sequence[Any]], spoil: Callable[[Workbook], object] | None = None
) -> bytes:
    """A workbook with one sheet; cells keep the type of their values."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(list(row))
    if spoil is not None:
        spoil(book)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def with_parts(data: bytes, change: Mapping[str, Callable[[bytes], bytes]]) -> bytes:
    """A workbook with parts changed, or added where there was none."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, made in change.items():
        parts[name] = made(parts.get(name, b""))
    return zip_of(parts)


def replacing(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(part: bytes) -> bytes:
        assert old in part
        return part.replace(old, new, 1)

    return change


def parquet_of(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in header]
    sink = io.BytesIO()
    pq.write_table(pa.table([_column(column) for column in columns], names=list(header)), sink)
    return sink.getvalue()


def _column(values: Sequence[Any]) -> Any:
    """Values of one type as that type, of several as text: a Parquet column has one."""
    if len({type(value) for value in values if value is not None}) > 1:
        return pa.array([None if value is None else str(value) for value in values])
    return pa.array(list(values))


def typed(value: str) -> Any:
    """A cell as a sender's system holds it: a whole number, a day, or the text."""
    if value.isdigit() and (value == "0" or not value.startswith("0")):
        return int(value)
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value or None


def in_every_container(text: bytes) -> dict[str, tuple[str, bytes]]:
    """A CSV file (name ending, bytes) in each container, cells of workbook and Parquet typed."""
    header, *rows = csv.reader(io.StringIO(text.decode(), newline=""))
    cells = [[typed(cell) for cell in row] for row in rows]
    return {
        "csv": (".csv", text),
        "gzip": (".csv.gz", gzip.compress(text)),
        "zip": (".zip", zip_of({"inside.csv": text})),
        "xlsx": (".xlsx", xlsx_of(header, cells)),
        "parquet": (".parquet", parquet_of(header, cells)),
    }
