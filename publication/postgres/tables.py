"""Tables, comments, rules and views on the server, made as the layout says and altered where it has changed.

Belongs here: statements that change what stands there, and the lock that keeps two changes apart. Not here: rows
(load), grants (roles).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from foundation.errors import Refused
from publication.postgres.audit import access_faults, rules_hash
from publication.postgres.layout import (
    AREAS,
    CLASSIFICATION,
    DATA,
    KEPT,
    KEYS,
    READERS,
    TYPES,
    Names,
    Table,
    layout_hash,
    rule,
    views,
)
from publication.postgres.roles import grant_everything, quoted

# How long a change waits for a reader who holds a table: those who come after it wait as long.
PATIENCE = "5s"
_LOCK = 0x4F757474  # "Outt"


@contextmanager
def alone(connection: psycopg.Connection[Any], names: Names) -> Iterator[None]:
    """One transaction that no other load of this warehouse runs beside. Refused when one does."""
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{PATIENCE}'")
        got = connection.execute("select pg_try_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, names.prefix)).fetchone()
        if got != (True,):
            raise Refused("another load of this warehouse is running.", "wait for it to end, then run this again.")
        yield


def _say(connection: psycopg.Connection[Any], said: Iterable[tuple[str, str]]) -> None:
    """Comments on things, all in one go."""
    comments = [f"comment on {what} is {quoted(words)}" for what, words in said]
    if comments:
        connection.execute("; ".join(comments))


def _make_table(connection: psycopg.Connection[Any], names: Names, table: Table) -> None:
    """A table with its columns, comments, key and rules. One that is there is given the columns it lacks."""
    name = names.table(table)
    connection.execute(f"create table if not exists {name} ()")
    there = dict(
        connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped", (name,),
        ).fetchall()
    )  # fmt: skip
    for column in table.columns:
        if column.name not in there:
            connection.execute(f'alter table {name} add column "{column.name}" {TYPES[column.kind]}')
        elif there[column.name] != TYPES[column.kind]:
            raise Refused(
                f"{name}.{column.name} is {there[column.name]} there, and {TYPES[column.kind]} in this version.",
                "load into a new warehouse (another --prefix or database) and move its readers.",
            )
    gone = sorted(set(there) - {column.name for column in table.columns})
    _say(connection, [
        (f"table {name}", f"{table.schema.comment} Classification: {CLASSIFICATION[table.area]}."),
        *((f'column {name}."{column.name}"', column.meaning) for column in table.columns),
        *((f'column {name}."{column}"', "Blank: releases of this version no longer hold it.") for column in gone),
    ])  # fmt: skip
    if table.kept:
        connection.execute(f"create unique index if not exists {table.name}_key on {name} ({KEYS[table.name]})")
    else:
        order = ", ".join(f'"{column}"' for column in table.schema.order[:3])
        connection.execute(f"create index if not exists {table.name}_order on {name} (load_number, {order})")
    connection.execute(f"alter table {name} enable row level security")
    for reader in READERS:
        connection.execute(f"drop policy if exists {reader}_rows on {name}")
        if reader in table.readers:
            connection.execute(
                f"create policy {reader}_rows on {name} for select to {names.role(reader)} "
                f"using ({rule(names, table, reader)})"
            )


def prepare(connection: psycopg.Connection[Any], names: Names) -> bool:
    """Make tables, views and rules where they are not as this version wants them; grants always. True when it did.

    Readers wait only while tables really change, and never for more than seconds.
    """
    with alone(connection, names):
        noted = None
        if connection.execute("select to_regclass(%s)", (names.operations("settings"),)).fetchone() != (None,):
            noted = connection.execute(
                f"select value from {names.operations('settings')} where name = 'layout'"  # noqa: S608 (our names)
            ).fetchone()
        changed = noted != (layout_hash(names),)
        if changed:
            _say(connection, (
                (f"schema {names.area(area.name)}", f"{area.comment} Classification: {area.classification}.")
                for area in AREAS
            ))  # fmt: skip
            for table in (*KEPT, *DATA):
                _make_table(connection, names, table)
            for area_name, view in views(names):
                name = f"{names.area(area_name)}.{view.name}"
                connection.execute(f"drop view if exists {name}")
                connection.execute(f"create view {name} with (security_invoker=true) as {view.text}")
                _say(connection, [
                    (f"view {name}", view.comment),
                    *((f'column {name}."{column}"', meaning) for column, meaning in view.columns),
                ])  # fmt: skip
            for key, value in (("layout", layout_hash(names)), ("rules", rules_hash(connection, names))):
                connection.execute(
                    f"insert into {names.operations('settings')} as s (name, value) values (%s, %s) "  # noqa: S608
                    "on conflict (name) do update set value = excluded.value", (key, value),
                )  # fmt: skip
        grant_everything(connection, names)
        faults = access_faults(connection, names)
        if faults:
            raise Refused(
                f"the warehouse does not keep to its roles: {'; '.join(faults[:5])}.",
                "take back what was given by hand; where a policy or a view was changed, load with --remake.",
            )
    return changed


def forget_layout(connection: psycopg.Connection[Any], names: Names) -> None:
    """Let the next `prepare` make every rule and view again."""
    with alone(connection, names):
        if connection.execute("select to_regclass(%s)", (names.operations("settings"),)).fetchone() != (None,):
            connection.execute(f"delete from {names.operations('settings')}")  # noqa: S608 (our names)
