"""Read a release folder that may be a copy, may lack a part, may be of an older format, and may have been changed.

Belongs here: files to rows, in the types of columns.py, with the file named when it cannot be read.
Not here: whether what is read is right (verify) or where it comes from (explain).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.errors import OutturnError, Refused, WrongUsage
from foundation.escaping import unescaped
from publication import columns
from publication.columns import Schema
from publication.formats import FORMAT, WHERE_NEEDED, format_of, may_lack, may_lack_table
from publication.inputs import Row, rows_of
from publication.warehouse import contents_hash, read_duckdb, read_events

# releases from before negative numbers were left as they are have an exact one with the mark of a text
_TEXTS = ("text", "list", "exact")


class Unreadable(Refused):
    """A file of a release that cannot be read as what it should be; `file` names it."""

    def __init__(self, file: str, what: str, mend: str = "get a fresh copy of the release.") -> None:
        super().__init__(f"{file} {what}.", mend)
        self.file = file


def rows_from_csv(raw: bytes, schema: Schema, file: str, may_be_without: Collection[str] = ()) -> list[Row]:
    """Rows of a CSV a release holds. Unreadable when header, width or a cell is not as written.

    may_be_without: columns that the release may be too old to have; those it does not have are read as blank.
    """
    try:
        lines = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Unreadable(file, "cannot be read as CSV") from None
    header = lines[0] if lines else []
    if not lines or header != [name for name in schema.names if name in header or name not in may_be_without]:
        raise Unreadable(file, "does not have the columns it should have")
    kinds = {column.name: column.kind for column in schema.columns}
    blank: Row = {name: None for name in schema.names if name not in header}
    records = []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header):
            raise Unreadable(file, f"has {len(cells)} cells in line {number}, not {len(header)}")
        read = {n: unescaped(c) if kinds[n] in _TEXTS else c for n, c in zip(header, cells, strict=True)}
        records.append(blank | read)
    try:
        return rows_of(schema, records)
    except OutturnError as fault:
        raise Unreadable(file, f"cannot be read: {fault.message.rstrip('.')}") from None


@dataclass(frozen=True)
class Release:
    """A release folder. Parts that are not there are told by `has`."""

    root: Path
    _databases: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict, compare=False, repr=False)

    def has(self, part: str) -> bool:
        return (self.root / part).exists()

    def raw(self, relative: str) -> bytes:
        try:
            return (self.root / relative).read_bytes()
        except FileNotFoundError:
            raise Unreadable(relative, "is missing") from None

    def json(self, relative: str) -> Any:
        try:
            return json.loads(self.raw(relative))
        except (ValueError, RecursionError):
            raise Unreadable(relative, "cannot be read as JSON") from None

    @cached_property
    def format(self) -> int:
        """The format it says it has; today's, which lacks nothing, where that cannot be read. Unreadable when newer."""
        try:
            manifest = self.manifest
        except Unreadable:
            return FORMAT
        try:
            return format_of(manifest)
        except Refused as fault:
            raise Unreadable("manifest.json", f"cannot be followed: {fault.message.rstrip('.')}", fault.mend) from None

    def _is_from_before(self, relative: str, schema: Schema) -> bool:
        """Whether the release is without a table because its version did not write one, and says so."""
        may = may_lack_table(schema.name, self.format)
        return may and not self.has(relative) and relative not in self.manifest["files"]

    def written(self, relative: str, schema: Schema) -> Schema | None:
        """A table with the columns that its Parquet or DuckDB file holds of it; None where the release is from before
        there was such a table, or had nothing to put into it."""
        if relative.endswith(".duckdb"):
            found = self.database(relative).get(schema.name)
            if found is None:
                allowed = schema.name in WHERE_NEEDED or may_lack_table(schema.name, self.format)
                return None if allowed else schema
            names = {name for name, *_ in found["columns"]}
        else:
            if self._is_from_before(relative, schema):
                return None
            if schema.name in WHERE_NEEDED and relative not in self.manifest["files"]:
                return None
            if self.format == FORMAT:
                return schema
            names = set(self._arrow(relative).column_names)
        lacking = may_lack(schema, self.format) - names
        columns_here = tuple(column for column in schema.columns if column.name not in lacking)
        return replace(schema, columns=columns_here) if lacking else schema

    def csv(self, relative: str, schema: Schema) -> list[Row]:
        if self._is_from_before(relative, schema):
            return []
        return rows_from_csv(self.raw(relative), schema, relative, may_lack(schema, self.format))

    def _arrow(self, relative: str) -> pa.Table:
        raw = self.raw(relative)
        try:
            # not `read_table`: its scanner lets go of a Python buffer in a thread of its own, and a process that ends
            # in that moment is aborted after its work is done (apache/arrow issue 34314)
            with pq.ParquetFile(io.BytesIO(raw)) as file:
                return file.read(use_threads=False)
        except (pa.ArrowException, OSError, ValueError):
            raise Unreadable(relative, "cannot be read as Parquet") from None

    def _filled(self, relative: str, schema: Schema) -> pa.Table:
        """A table of a Parquet file in the schema's columns; what the release is too old to have is null."""
        if self._is_from_before(relative, schema):
            return schema.arrow().empty_table()
        found = self._arrow(relative)
        for name in schema.names:
            if name not in found.column_names and name in may_lack(schema, self.format):
                found = found.append_column(name, pa.nulls(found.num_rows))
        missing = [name for name in schema.names if name not in found.column_names]
        if missing:
            raise Unreadable(relative, f"cannot be read as Parquet: it comes without {', '.join(missing)}")
        return found.select(schema.names)

    def arrow(self, relative: str, schema: Schema) -> pa.Table:
        """A table of a Parquet file in the schema's columns and types. Unreadable when it cannot be read as such."""
        try:
            return self._filled(relative, schema).cast(schema.arrow())
        except (pa.ArrowException, ValueError):
            raise Unreadable(relative, "cannot be read as Parquet") from None

    def parquet(self, relative: str, schema: Schema) -> list[Row]:
        found = self._filled(relative, schema)
        try:
            return rows_of(schema, found)
        except (pa.ArrowException, OutturnError, ValueError):
            raise Unreadable(relative, "cannot be read as Parquet") from None

    def database(self, relative: str) -> dict[str, dict[str, Any]]:
        """What a DuckDB file holds but for single events, read once."""
        if relative not in self._databases:
            if not self.has(relative):
                raise Unreadable(relative, "is missing")
            try:
                self._databases[relative] = read_duckdb(self.root / relative, skip=(columns.INDICATOR_EVENTS.name,))
            except OutturnError as fault:
                raise Unreadable(relative, fault.message.removeprefix(Path(relative).name).strip(" .")) from None
        return self._databases[relative]

    def contents_hash(self, relative: str) -> str:
        """Hash of what a DuckDB file holds, events and all."""
        try:
            return contents_hash(self.root / relative)
        except OutturnError as fault:
            raise Unreadable(relative, fault.message.removeprefix(Path(relative).name).strip(" .")) from None

    def events(self, indicators: Collection[str]) -> pa.Table:
        """Events of some indicators from the analysts' database."""
        return read_events(self.root / "analyst" / "analyst.duckdb", indicators)

    def duckdb(self, relative: str) -> dict[str, list[Row]]:
        """Rows of every table and view of a DuckDB file by name."""
        return {name: content["rows"] for name, content in self.database(relative).items()}

    def stored(self, relative: str, schema: Schema) -> list[Row]:
        """Rows of a table of a DuckDB file, in the schema's columns; none where it holds no such table."""
        rows = self.database(relative).get(schema.name, {"rows": []})["rows"]
        blank: Row = dict.fromkeys(may_lack(schema, self.format))
        return rows_of(schema, [blank | row for row in rows] if blank else rows)

    def public(self, schema: Schema) -> list[Row]:
        """Rows of a public table, from Parquet."""
        return self.parquet(f"public/data/{schema.name}.parquet", schema)

    def members(self, schema: Schema) -> list[Row]:
        """Rows of an open-book table, from Parquet; none when the members' folder is not here."""
        return self.parquet(f"members/{schema.name}.parquet", schema) if self.has("members") else []

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        found = self.json("manifest.json")
        if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
            raise Unreadable("manifest.json", "is not the manifest of a release")
        return found

    @cached_property
    def lineage(self) -> Mapping[str, Any]:
        """`members/lineage.json`; empty when the members' folder is not here."""
        found = self.json("members/lineage.json") if self.has("members") else {}
        if not isinstance(found, dict):
            raise Unreadable("members/lineage.json", "is not a lineage file")
        return found

    @cached_property
    def catalogue(self) -> dict[str, Row]:
        return {row["indicator_id"]: row for row in self.public(columns.INDICATORS)}

    def decision_logs(self) -> dict[str, tuple[str, bytes]]:
        """Each agreement's decision log: its file in the release and its bytes.

        Unreadable when one holds no entry, or when an agreement has two.
        """
        if not self.has("members"):
            return {}
        paths = [self.root / "members" / "decisions.jsonl", *sorted((self.root / "members" / "decisions").glob("*"))]
        found: dict[str, tuple[str, bytes]] = {}
        for path in paths:
            if path.is_file():
                log, name = path.read_bytes(), path.relative_to(self.root).as_posix()
                try:
                    agreement = str(json.loads(log.split(b"\n")[0])["agreement_id"])
                except (ValueError, KeyError, TypeError):
                    raise Unreadable(name, "is no decision log") from None
                if agreement in found:
                    # one would be proved, and the other settled on
                    raise Unreadable(name, f"is a second decision log of {agreement}, beside {found[agreement][0]}")
                found[agreement] = (name, log)
        return found

    def open_books(self) -> list[tuple[str, dict[str, bytes]]]:
        """The files each agreement is recomputed from: (name of its terms file, file name to bytes)."""
        if not self.has("members"):
            return []
        shared = {
            name: self.raw(f"members/{name}")
            for name in ("kpi_return.csv", "ledger.csv", "gate.json", "advances.csv", "prior_postings.csv")
        }
        if self.has("members/terms.yaml"):
            return [
                ("terms.yaml", {**shared, "terms.yaml": self.raw("members/terms.yaml"),
                                "decisions.jsonl": self.raw("members/decisions.jsonl")})
            ]  # fmt: skip
        found = []
        for path in sorted((self.root / "members" / "terms").glob("*.yaml")):
            log = f"members/decisions/{path.name.rpartition('@')[0]}.jsonl"
            if not self.has(log):
                log = "members/decisions.jsonl"
            files = {**shared, "terms.yaml": path.read_bytes(), "decisions.jsonl": self.raw(log)}
            found.append((f"terms/{path.name}", files))
        return found


def open_release(path: Path) -> Release:
    """The release at a path (`current` is followed). WrongUsage when there is none."""
    root = path.resolve()
    if not root.is_dir() or not any((root / name).exists() for name in ("manifest.json", "seal.json", "public")):
        raise WrongUsage(f"{path} is not a release folder.", "name the folder that holds manifest.json.")
    return Release(root)
