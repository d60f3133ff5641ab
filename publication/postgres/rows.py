"""Rows of a release as PostgreSQL's COPY text, and the digest by which both sides of a load are compared.

Belongs here: reading the files of a release, one line a row. Not here: the server.

The engine writes the lines, not Python: a table of a million events passes through as blocks of text. The server
answers `COPY … TO` in the same form, so that one digest of the lines proves that what stands there is what the release
holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from foundation.errors import SystemFault
from foundation.tables import text_bytes
from publication.columns import Column, Schema
from publication.formats import may_lack
from publication.postgres.layout import DATABASE, Table
from publication.reader import Unreadable, open_release

_BATCH = 50_000
# COPY's own escapes, the backslash first
_ESCAPES = (("\\", "\\\\"), ("\b", "\\b"), ("\f", "\\f"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\v", "\\v"))


class Digest:
    """Number of lines and the sum of their SHA-256, which does not depend on their order.

    It tells accidents and changed rows, and is no proof against somebody who looks for rows with the same sum.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Lines without their line feed."""
        for line in lines:
            self._sum += int.from_bytes(sha256(line).digest(), "big")
            self.rows += 1

    @property
    def text(self) -> str:
        """64 hexadecimal digits."""
        return f"{self._sum % (1 << 256):064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.rows, self.text) == (other.rows, other.text)

    def __hash__(self) -> int:
        return hash((self.rows, self.text))


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _field(name: str, kind: str) -> str:
    column = f'"{name}"'
    if kind == "boolean":
        return f"case when {column} is null then '\\N' when {column} then 't' else 'f' end"
    text = f"cast({column} as varchar)"
    if kind in ("text", "list", "exact"):
        for plain, escaped in _ESCAPES:
            # most cells hold none of them
            text = f"replace({text}, chr({ord(plain)}), {_sql(escaped)})"
    return f"coalesce({text}, '\\N')"


def _query(schema: Schema, relation: str, load_number: int, blank: frozenset[str] = frozenset()) -> str:
    """blank: columns that the relation does not have and is too old to have."""

    def field(column: Column) -> str:
        return "'\\N'" if column.name in blank else _field(column.name, column.kind)

    fields = " || chr(9) || ".join(field(column) for column in schema.columns)
    return f"select {fields} || chr(9) || '{load_number}' || chr(10) as line from {relation}"  # noqa: S608 (our names)


class Source:
    """The tables of one release, read by the engine. Close it, or use it as a context."""

    def __init__(self, root: Path) -> None:
        import duckdb

        self._release, self._engine_error = open_release(root), duckdb.Error
        self._connection = duckdb.connect(":memory:")
        try:
            self._connection.execute("SET threads = 1")
            self._connection.execute(f"ATTACH {_sql(str(root / DATABASE))} AS release (READ_ONLY)")
            # a copy that somebody made may name any file in a view: from here on nothing else is opened
            self._connection.execute("SET enable_external_access = false")
            self._held = {
                name for (name,) in self._connection.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'release'"
                ).fetchall()
            }  # fmt: skip
        except duckdb.Error as fault:
            self._connection.close()
            raise _unreadable(DATABASE, fault) from None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _relation(self, table: Table) -> str | None:
        """The table as the engine calls it; None where the release does not hold it, or holds no row of it."""
        if table.source == DATABASE:
            if table.name not in self._held:
                return None
            relation = f'release.main."{table.name}"'
            rows = self._connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]  # noqa: S608
            return relation if rows else None
        if self._release.written(table.source, table.schema) is None:
            return None
        incoming = self._release.arrow(table.source, table.schema)
        self._connection.register("incoming", incoming)
        return "incoming" if incoming.num_rows else None

    def _blank(self, table: Table, relation: str) -> frozenset[str]:
        """Columns that the table of a release of an older format does not have."""
        may = may_lack(table.schema, self._release.format)
        return may - set(self._connection.sql(f"SELECT * FROM {relation} LIMIT 0").columns) if may else may  # noqa: S608

    def blocks(self, table: Table, load_number: int, digest: Digest) -> Iterator[bytes]:
        """A table's rows as COPY text in blocks, each row with its load number; the digest counts them as they pass.

        Nothing where the release does not hold the table: single events are there only when it was given them.
        """
        try:
            relation = self._relation(table)
            if relation is None:
                return
            query = _query(table.schema, relation, load_number, self._blank(table, relation))
            for batch in self._connection.sql(query).to_arrow_reader(_BATCH):
                lines = pa.chunked_array([batch.column(0).cast(pa.large_string())])
                block = b"".join(bytes(piece) for piece in text_bytes(lines))
                digest.add(block.split(b"\n")[:-1])
                yield block
        except (self._engine_error, pa.ArrowException, Unreadable, KeyError, OSError) as fault:
            raise _unreadable(table.source, fault) from None


def _unreadable(file: str, fault: Exception) -> SystemFault:
    return SystemFault(f"{file} cannot be read ({type(fault).__name__}).", "get a fresh copy of the release.")
