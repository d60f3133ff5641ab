"""Looking for what must not be there: texts in every file of a home, whatever the file is.

Belongs here: opening Parquet, DuckDB, archives and plain bytes and saying which files hold a text. Not here: what to do
about it. A path is the only thing that is ever told.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foundation.errors import SystemFault

_BLOCK = 1 << 22
_LONGEST = 256


def holding(folder: Path, texts: Iterable[str], leave_out: Callable[[Path], bool] = lambda _: False) -> list[Path]:
    """Files below a folder that hold one of the texts, as bytes or in their columns. Links are not followed.

    SystemFault when a Parquet or DuckDB file cannot be opened: what was not looked at is not proved clean.
    """
    wanted = sorted(set(texts))
    if not wanted:
        return []
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not leave_out(path) and _holds(path, wanted)
    ]


def _holds(path: Path, texts: list[str]) -> bool:
    # not inside a longer run of digits or letters: ten digits are found in many a hash
    needles = re.compile(b"|".join(b"(?<![0-9A-Za-z])%b(?![0-9A-Za-z])" % re.escape(text.encode()) for text in texts))
    if any(needles.search(block) for block in _blocks(path)):
        return True
    if path.suffix == ".parquet":
        return _parquet_holds(path, texts)
    return ".duckdb" in path.name and path.suffix != ".wal" and _duckdb_holds(path, texts)


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file in overlapping blocks, and those of what is packed in it."""
    with path.open("rb") as handle:
        start = handle.read(4)
        handle.seek(0)
        last = b""
        while block := handle.read(_BLOCK):
            yield last + block
            last = block[-_LONGEST:]
    if start[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError, zlib.error), gzip.open(path) as packed:
            yield packed.read()
    if start == b"PK\x03\x04":
        with suppress(zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error), zipfile.ZipFile(path) as many:
            for name in many.namelist():
                yield many.read(name)


def _parquet_holds(path: Path, texts: list[str]) -> bool:
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException):
        raise SystemFault(
            f"{path} cannot be opened, so nobody can say what it holds.", "restore or remove it."
        ) from None
    return any(_column_holds(column, texts) for column in table.columns)


def _column_holds(column: pa.ChunkedArray, texts: list[str]) -> bool:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    values = pc.unique(column)
    return any(pc.any(pc.match_substring(values, text)).as_py() for text in texts)


def _duckdb_holds(path: Path, texts: list[str]) -> bool:
    import duckdb

    asked = (
        "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' and not internal"
    )
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table, column in connection.execute(asked).fetchall():
                held = connection.sql(f'select distinct "{column}" from "{schema}"."{table}"').to_arrow_table()  # noqa: S608 (names of our own)
                if _column_holds(held.column(0), texts):
                    return True
    except duckdb.Error:
        raise SystemFault(
            f"{path} cannot be opened, so nobody can say what it holds.", "close who has it open."
        ) from None
    return False
