"""The lake: accepted rows of each submission as Parquet, written whole or not at all.

Belongs here: the folder layout and the bytes. Not here: which submission counts (`ingest.register`).

`feed=<feed>/organisation=<org>/submission=<id>/month=<YYYY-MM>/part.parquet`; feed, organisation, submission
and month are in the path and not in the file. The month is the event's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import sha256_bytes, sha256_file
from foundation.durable import new_directory
from foundation.errors import SystemFault
from foundation.home import Home
from foundation.tables import parquet_bytes, write_parquet
from ingest.contract import Contract


def submission_folder(home: Home, feed: str, organisation: str, submission_id: str) -> Path:
    """Folder of one submission in the lake."""
    return home.lake / f"feed={feed}" / f"organisation={organisation}" / f"submission={submission_id}"


def _label(value: Any) -> str:
    """Event month of a date, or of a month written as text."""
    return value.strftime("%Y-%m") if isinstance(value, date) else str(value)


def partitions(table: Any, contract: Contract) -> dict[str, Any]:
    """Month label -> stored columns of its rows, in file order."""
    if not table.num_rows:
        return {}
    events = table.column(contract.custom.eventColumn).combine_chunks().dictionary_encode("encode")
    labels = [_label(value) for value in events.dictionary.to_pylist()]
    months = sorted(set(labels))
    number = {label: place for place, label in enumerate(months)}
    by_row = np.array([number[label] for label in labels])[events.indices.to_numpy()]
    # stable, so that rows of a month keep the order of the file
    order = np.argsort(by_row, kind="stable")
    stored = table.select(list(contract.stored_columns)).take(pa.array(order))
    ends = np.searchsorted(by_row[order], np.arange(len(months)), side="right").tolist()
    starts = [0, *ends[:-1]]
    return {label: stored.slice(starts[place], ends[place] - starts[place]) for place, label in enumerate(months)}


def write_submission(
    home: Home, contract: Contract, organisation: str, submission_id: str, table: Any
) -> dict[str, str]:
    """Write the accepted rows; returns path in the lake -> SHA-256 of each file.

    A folder left by a process that died before its receipt is dropped first: without a receipt it proves
    nothing. No rows, no files.
    """
    folder = submission_folder(home, contract.feed, organisation, submission_id)
    if folder.exists():
        shutil.rmtree(folder)
    parts = partitions(table, contract)
    if not parts:
        return {}
    with new_directory(folder) as temporary:
        for label, part in parts.items():
            write_parquet(temporary / f"month={label}" / "part.parquet", part)
    return hashes(home, folder)


def part_hashes(table: Any, contract: Contract) -> dict[str, str]:
    """Path inside a submission's folder -> SHA-256 of the file these rows would make."""
    return {
        f"month={label}/part.parquet": sha256_bytes(parquet_bytes(part))
        for label, part in partitions(table, contract).items()
    }


def hashes(home: Home, folder: Path) -> dict[str, str]:
    """Path relative to the lake -> SHA-256 of every file under a submission's folder."""
    return {
        path.relative_to(home.lake).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def values_held(home: Home, paths: Iterable[str], column: str) -> set[str]:
    """Values of a column in lake files, as text. SystemFault where the column is not inside them."""
    found: set[str] = set()
    for path in paths:
        file = pq.ParquetFile(home.lake / path)
        if column not in file.schema_arrow.names:
            raise SystemFault(f"the lake holds no column {column} where a contract refers to it.", "mend the contract.")
        values = file.read([column]).column(0).unique().drop_null().to_pylist()
        found.update(str(value) for value in values)
    return found


def read_rows(home: Home, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of lake files (paths relative to the lake) with `organisation`, `submission` and `month` from the path.

    For checks on few rows; the warehouse reads the lake by itself.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted(paths):
        keys = dict(part.split("=", 1) for part in Path(path).parts if "=" in part)
        keys.pop("feed", None)
        # one file, so that the reader does not derive keys from the folders a second time
        for row in pq.ParquetFile(home.lake / path).read().to_pylist():
            rows.append({**keys, **row})
    return rows
