"""The lake: accepted rows of each submission as Parquet, written whole or not at all.

Belongs here: the folder layout and the bytes. Not here: which submission counts (`ingest.register`).

`feed=<feed>/organisation=<org>/submission=<id>/month=<YYYY-MM>/part.parquet`; feed, organisation, submission
and month are in the path and not in the file. The month is the event's. Where people's rights took rows out later, the
file is `part-<hash>.parquet`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import sha256_bytes, sha256_file
from foundation.durable import new_directory, remove, write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from foundation.tables import parquet_bytes, parquet_pieces, write_parquet_tables
from ingest.contract import Contract
from ingest.spill import SpilledRows, by_month, whole


def submission_folder(home: Home, feed: str, organisation: str, submission_id: str) -> Path:
    """Folder of one submission in the lake."""
    return home.lake / f"feed={feed}" / f"organisation={organisation}" / f"submission={submission_id}"


def partitions(table: Any, contract: Contract) -> dict[str, Any]:
    """Month label -> stored columns of its rows, in file order."""
    return {label: _stored(part, contract) for label, part in by_month(whole(table), contract).items()}


def _stored(part: Any, contract: Contract) -> Any:
    return part.select(list(contract.stored_columns))


def _months(rows: Any, contract: Contract) -> Iterator[tuple[str, Iterator[Any]]]:
    """Month label -> stored columns of its rows, in file order, as tables to be put one after another."""
    if isinstance(rows, SpilledRows):
        for label, parts in rows.months():
            yield label, (_stored(part, contract) for part in parts)
    else:
        for label, part in partitions(rows, contract).items():
            yield label, iter([part])


def _schema(rows: Any, contract: Contract) -> Any:
    return pa.schema([rows.schema.field(name) for name in contract.stored_columns])


def write_submission(
    home: Home, contract: Contract, organisation: str, submission_id: str, table: Any
) -> dict[str, str]:
    """Write the accepted rows, a table or `SpilledRows`; returns path in the lake -> SHA-256 of each file.

    A folder left by a process that died before its receipt is dropped first: without a receipt it proves
    nothing. No rows, no files.
    """
    folder = submission_folder(home, contract.feed, organisation, submission_id)
    if folder.exists():
        shutil.rmtree(folder)
    if not table.num_rows:
        return {}
    schema = _schema(table, contract)
    with new_directory(folder) as temporary:
        for label, parts in _months(table, contract):
            write_parquet_tables(temporary / f"month={label}" / "part.parquet", schema, parts)
    return hashes(home, folder)


def part_hashes(table: Any, contract: Contract) -> dict[str, str]:
    """Path inside a submission's folder -> SHA-256 of the file these rows would make."""
    schema = _schema(table, contract)
    found = {}
    for label, parts in _months(table, contract):
        digest = hashlib.sha256()
        for piece in parquet_pieces(schema, parts):
            digest.update(piece)
        found[f"month={label}/part.parquet"] = digest.hexdigest()
    return found


def write_again(
    home: Home,
    contract: Contract,
    organisation: str,
    submission_id: str,
    parts: Mapping[str, Any],
    former: Mapping[str, str],
) -> dict[str, str]:
    """Files of a submission whose rows are others now, because of whom they are about; path -> SHA-256.

    parts: month label -> stored columns. A file never changes under its name: what differs from `former` (the
    receipt's) is written beside it, under a name made of its content. `prune` takes the former away once the receipt
    names the new ones.
    """
    folder = submission_folder(home, contract.feed, organisation, submission_id)
    before = {Path(path).parent.name: (path, value) for path, value in former.items()}
    found = {}
    for label, part in sorted(parts.items()):
        if not part.num_rows:
            continue
        data = parquet_bytes(part)
        value = sha256_bytes(data)
        path, held = before.get(f"month={label}", ("", ""))
        if held != value:
            target = folder / f"month={label}" / f"part-{value[:16]}.parquet"
            write_bytes(target, data)
            path = target.relative_to(home.lake).as_posix()
        found[path] = value
    return found


def read_parts(home: Home, lake_files: Mapping[str, str]) -> dict[str, Any]:
    """Month label -> rows of a submission's lake files."""
    return {
        Path(path).parent.name.removeprefix("month="): pq.ParquetFile(home.lake / path).read()
        for path in sorted(lake_files)
    }


def prune(home: Home, contract: Contract, organisation: str, submission_id: str, kept: Iterable[str]) -> int:
    """Remove files of a submission that its receipt does not name (any more); returns how many."""
    folder = submission_folder(home, contract.feed, organisation, submission_id)
    names = set(kept)
    gone = [path for path in folder.rglob("*.parquet") if path.relative_to(home.lake).as_posix() not in names]
    for path in gone:
        remove(path)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return len(gone)


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
