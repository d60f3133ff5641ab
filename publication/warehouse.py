"""The tables of a release as files: CSV, Parquet, DuckDB with comments.

Belongs here: writing rows that are ready, and the hash of what a DuckDB file holds. Not here: choosing rows, describing
the tables (`data_package`).
A DuckDB file is not promised to be the same byte for byte, so it is compared by the hash of its ordered contents.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from foundation.canonical import plain_decimal
from foundation.errors import Refused, SystemFault
from foundation.tables import text_bytes, write_csv, write_parquet
from publication.columns import DUCKDB, INDICATOR_EVENTS, Schema
from publication.inputs import Row
from publication.views import PUBLISHED

# Readers from DuckDB 1.2 open this version; the engine's own default is newer.
STORAGE_VERSION = "v1.2.0"
_CHUNK = 100_000
# rows of a table that is not written value by value
_LONG = 100_000
_HANDS = 2
# what JSON writes otherwise than it is
_ESCAPED = r'["\\\x00-\x1f]'


def arrow_table(schema: Schema, rows: Sequence[Row]) -> pa.Table:
    """Rows as Arrow in the schema's types. Fails when a decimal has more than nine decimals: nothing is cut off."""
    columns = []
    for column, kind in zip(schema.columns, schema.arrow(), strict=True):
        columns.append(pa.array([row[column.name] for row in rows], type=kind.type))
    return pa.Table.from_arrays(columns, schema=schema.arrow())


def events_table(events: pa.Table) -> pa.Table:
    """Events of the analysts' database in the columns of columns.py.

    Refused when a column is missing or cannot be read in its type.
    """
    names = INDICATOR_EVENTS.names
    missing = [name for name in names if name not in events.column_names]
    if missing:
        raise Refused(
            f"the table indicator_events comes without {', '.join(missing)}.",
            "see publication/columns.py for the columns it must have.",
        )
    try:
        return events.select(names).cast(INDICATOR_EVENTS.arrow())
    except pa.ArrowException:
        raise Refused(
            "indicator_events cannot be read in its types.", "see publication/columns.py for the types it must have."
        ) from None


def write_pair(folder: Path, schema: Schema, rows: Sequence[Row]) -> None:
    """The CSV and the Parquet of one table."""
    write_csv(folder / f"{schema.name}.csv", schema.names, rows)
    write_parquet(folder / f"{schema.name}.parquet", arrow_table(schema, rows))


def _named(table: str) -> str:
    """The table of an attached release, as SQL. A copy that somebody made may call its tables anything."""
    return 'release.main."' + table.replace('"', '""') + '"'


def _ordered(schema: Schema) -> str:
    """The schema's order, and all other columns after it, so that no two orders are possible."""
    names = [*schema.order, *(name for name in schema.names if name not in schema.order)]
    return " ORDER BY " + ", ".join(f'"{name}" NULLS LAST' for name in names)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def write_duckdb(path: Path, tables: Mapping[Schema, Sequence[Row] | pa.Table], comment: str, *, views: bool) -> None:
    """A DuckDB file with comments on every table and column; `views` adds those of publication.views.

    Rows stand in the order given; those of an Arrow table, which are many, are put into the order of their schema, by
    more than one thread.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:")
    try:
        long = any(isinstance(rows, pa.Table) for rows in tables.values())
        connection.execute(f"SET threads = {_HANDS if long else 1}")
        connection.execute(f"ATTACH {_quoted(str(path))} AS release (STORAGE_VERSION {_quoted(STORAGE_VERSION)})")
        for schema, rows in tables.items():
            columns = ", ".join(f'"{column.name}" {DUCKDB[column.kind]}' for column in schema.columns)
            connection.execute(f"CREATE TABLE {_named(schema.name)} ({columns})")
            incoming, ordered = (
                (rows, _ordered(schema)) if isinstance(rows, pa.Table) else (arrow_table(schema, rows), "")
            )
            connection.register("incoming", incoming)
            connection.execute(f"INSERT INTO {_named(schema.name)} SELECT * FROM incoming{ordered}")  # noqa: S608 (our schema)
            connection.unregister("incoming")
            words = f"{schema.comment} {comment}"
            connection.execute(f"COMMENT ON TABLE {_named(schema.name)} IS {_quoted(words)}")
            for column in schema.columns:
                connection.execute(
                    f'COMMENT ON COLUMN {_named(schema.name)}."{column.name}" IS {_quoted(column.meaning)}'
                )
        if views:
            # unqualified table names, so that a view still works when the file is attached as something else
            connection.execute("USE release")
            for view in PUBLISHED:
                connection.execute(f'CREATE VIEW "{view.name}" AS {view.within("").text}')
                connection.execute(f'COMMENT ON VIEW "{view.name}" IS {_quoted(view.comment)}')
                for name, meaning in view.columns:
                    connection.execute(f'COMMENT ON COLUMN "{view.name}"."{name}" IS {_quoted(meaning)}')
            connection.execute("USE memory")
        connection.execute("CHECKPOINT release")
        connection.execute("DETACH release")
    finally:
        connection.close()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return value


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A connection that reads a DuckDB file. SystemFault, with the file named, when it cannot be read."""
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        try:
            connection.execute(f"SET threads = {_HANDS}")
            connection.execute(f"ATTACH {_quoted(str(path))} AS release (READ_ONLY)")
            connection.execute("USE release")
            # a view of a copy that somebody made may name any file or address: from here on nothing else is opened
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except duckdb.Error as fault:
            raise SystemFault(f"{path.name} cannot be opened ({type(fault).__name__}).", "get a fresh copy.") from None
        try:
            yield connection
        except duckdb.Error as fault:
            raise SystemFault(f"{path.name} cannot be read ({type(fault).__name__}).", "get a fresh copy.") from None
    finally:
        connection.close()


def _shape(connection: Any) -> list[tuple[str, str, str, list[tuple[Any, ...]]]]:
    """(name, comment, kind, columns) of every table and view."""
    tables = connection.execute(
        "SELECT table_name, comment, 'table' FROM duckdb_tables() WHERE database_name = 'release' "
        "UNION ALL SELECT view_name, comment, 'view' FROM duckdb_views() WHERE database_name = 'release' "
        "AND NOT internal ORDER BY 1"
    ).fetchall()
    return [
        (name, comment, kind, connection.execute(
            "SELECT column_name, data_type, comment FROM duckdb_columns() "
            "WHERE database_name = 'release' AND table_name = ? ORDER BY column_index", [name],
        ).fetchall())
        for name, comment, kind in tables
    ]  # fmt: skip


def read_duckdb(path: Path, skip: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Tables and views of a DuckDB file by name: kind, comment, columns, rows as dictionaries in stored order.

    skip: names of those to leave out.
    """
    with _opened(path) as connection:
        found: dict[str, dict[str, Any]] = {}
        for name, comment, kind, columns in _shape(connection):
            if name in skip:
                continue
            cursor = connection.execute(f"SELECT * FROM {_named(name)}")  # noqa: S608 (quoted)
            names = [item[0] for item in cursor.description]
            rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
            found[name] = {"kind": kind, "comment": comment, "columns": columns, "rows": rows}
        return found


def read_events(path: Path, indicators: Collection[str]) -> pa.Table:
    """Events of some indicators in an analysts' database; none where it holds no events."""
    with _opened(path) as connection:
        if not any(name == INDICATOR_EVENTS.name for name, *_ in _shape(connection)):
            return INDICATOR_EVENTS.arrow().empty_table()
        found: pa.Table = connection.sql(
            f"SELECT * FROM {_named(INDICATOR_EVENTS.name)} WHERE list_contains(?, indicator_id)",  # noqa: S608
            params=[sorted(indicators)],
        ).to_arrow_table()
        return found


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_json(name: str, kind: str) -> str | None:
    """A column as SQL that writes each value as `json.dumps` does; None for a type it is not written for."""
    text = f"cast({_column(name)} as varchar)"
    if kind in ("DATE", "VARCHAR"):
        text = f"'\"' || {text} || '\"'"
    elif kind not in ("INTEGER", "BIGINT"):
        return None
    return f"coalesce({text}, 'null')"


def _plain_lines(connection: Any, name: str, columns: Sequence[tuple[Any, ...]]) -> str | None:
    """A query of the rows of a long table as JSON, in order; None where that has to be done value by value."""
    written = [_as_json(column, kind) for column, kind, _ in columns]
    counted = connection.execute(f"SELECT count(*) FROM {_named(name)}").fetchall()[0][0]  # noqa: S608 (quoted)
    if counted <= _LONG or None in written:
        return None
    texts = ", ".join(_column(column) for column, kind, _ in columns if kind == "VARCHAR")
    # beside each other, so that they are looked through once
    asked = f"SELECT count(*) FROM {_named(name)} WHERE regexp_matches(concat('', {texts or 'null'}), ?)"  # noqa: S608 (quoted)
    if connection.execute(asked, [_ESCAPED]).fetchall()[0][0]:
        return None
    values = " || ', ' || ".join(str(one) for one in written)
    return f"SELECT chr(10) || '[' || {values} || ']' AS line FROM {_named(name)} ORDER BY line"  # noqa: S608 (quoted)


def _lines(connection: Any, name: str, columns: Sequence[tuple[Any, ...]]) -> Iterator[bytes | memoryview]:
    """Every row as a line feed and the JSON of its values in a list, sorted by their bytes."""
    query = _plain_lines(connection, name, columns)
    if query is None:
        rows = connection.execute(f"SELECT * FROM {_named(name)}").fetchall()  # noqa: S608 (quoted)
        yield from sorted(
            b"\n" + json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() for row in rows
        )
        return
    for batch in connection.sql(query).to_arrow_reader(_CHUNK):
        yield from text_bytes(pa.chunked_array([batch.column(0).cast(pa.large_string())]))


def contents_hash(path: Path) -> str:
    """SHA-256 of names, types, comments and rows of a database, in an order that depends on them alone.

    Lines, with a line feed between them: of every table and view its name, kind, comment and columns as JSON; then
    its rows, each the JSON of its values in a list, sorted by their bytes.
    """
    digest, between = sha256(), b""
    with _opened(path) as connection:
        for name, comment, kind, columns in _shape(connection):
            digest.update(between + json.dumps([name, kind, comment, columns], ensure_ascii=False).encode())
            between = b"\n"
            for piece in _lines(connection, name, columns):
                digest.update(piece)
    return digest.hexdigest()
