"""A connection to the shared warehouse, and how its faults are said.

Belongs here: where the address comes from, what is set on every connection, words without secrets.
Not here: what is done there.

No word of libpq reaches a person as it is: its messages may repeat the address, and the address may hold a password.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import conninfo, errors

from foundation.errors import OutturnError, Refused, SystemFault, WrongUsage
from publication.postgres.layout import Names

ADDRESS = "OUTTURN_WAREHOUSE"
LEAST_VERSION = 150000
_SETTINGS = {
    "client_encoding": "UTF8",
    "search_path": "pg_catalog",
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
    "row_security": "on",
    # the loader reads back what it wrote: nothing may be rounded on the way
    "extra_float_digits": "3",
}


def address(given: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The address to connect to: what was given, or the environment's. An empty one leaves it to libpq's own variables.

    WrongUsage when there is none, when it cannot be read, or when a password stands on the command line.
    """
    environment = os.environ if environment is None else environment
    mend = (
        "use `service=NAME` with a service file, or host=… dbname=… user=… and a password in ~/.pgpass or PGPASSWORD."
    )
    text = environment.get(ADDRESS) if given is None else given
    if text is None:
        if not any(environment.get(name) for name in ("PGSERVICE", "PGHOST", "PGDATABASE")):
            raise WrongUsage(f"no warehouse is named: neither --to nor {ADDRESS}.", mend)
        text = ""
    try:
        parts = conninfo.conninfo_to_dict(text)
    except psycopg.Error:
        # not its own words: they repeat what could not be read
        raise WrongUsage("the address of the warehouse cannot be read.", mend) from None
    if given is not None and (parts.get("password") or parts.get("sslpassword")):
        raise WrongUsage("a password on the command line can be read by everybody on the machine.", mend)
    return text


def said(fault: psycopg.Error) -> str:
    """What a fault may say of itself: its state, and the server's own primary message, which holds no address."""
    state = fault.sqlstate or type(fault).__name__
    primary = fault.diag.message_primary if fault.diag else None
    return f"{primary.rstrip('.')} ({state})" if primary else str(state)


@contextmanager
def spoken() -> Iterator[None]:
    """Faults of the server as faults of ours. One of ours passes through."""
    try:
        yield
    except OutturnError:
        raise
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        raise SystemFault(
            "somebody held a table of the warehouse for too long; nothing was changed.",
            "try again; `select * from pg_stat_activity` on the server tells who waits for whom.",
        ) from None
    except errors.InsufficientPrivilege as fault:
        raise Refused(f"the warehouse did not allow it: {said(fault)}.", "see who may do what in "
                      "docs/how-to/run-a-shared-warehouse.md.") from None  # fmt: skip
    except (errors.UndefinedTable, errors.InvalidSchemaName) as fault:
        raise Refused(
            f"the warehouse is not set up: {said(fault)}.", "run `outturn warehouse roles` there, then load a release."
        ) from None
    except psycopg.Error as fault:
        raise SystemFault(
            f"the warehouse failed: {said(fault)}. What was not finished does not count there.",
            "run `outturn warehouse status`, then try again.",
        ) from None


def _open(text: str) -> psycopg.Connection[Any]:
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(
            text, connect_timeout=10, application_name="outturn", fallback_application_name="outturn"
        )
    except psycopg.Error as fault:
        why = (
            "its address or the login was not accepted" if isinstance(fault, psycopg.OperationalError) else said(fault)
        )
        raise SystemFault(
            f"the warehouse cannot be reached: {why}.",
            "try `psql` with the same address; a password belongs in ~/.pgpass, PGPASSWORD or a service file.",
        ) from None
    return connection


@contextmanager
def connected(text: str, names: Names, *, as_loader: bool) -> Iterator[psycopg.Connection[Any]]:
    """A connection without a transaction begun; with `as_loader` as the role that owns the warehouse.

    SystemFault when the server cannot be reached or is too old, Refused when the login may not load.
    """
    with spoken():
        connection = _open(text)
        try:
            connection.autocommit = True
            if connection.info.server_version < LEAST_VERSION:
                raise SystemFault(
                    f"the server is PostgreSQL {connection.info.server_version // 10000}: views there do not keep "
                    "to the reader's own rows.",
                    "use PostgreSQL 15 or later.",
                )
            for name, value in _SETTINGS.items():
                connection.execute("select pg_catalog.set_config(%s, %s, false)", (name, value))
            if connection.execute("show server_encoding").fetchone() != ("UTF8",):
                raise SystemFault("the database is not in UTF-8.", "create one with `encoding 'UTF8'`.")
            if as_loader:
                _become(connection, names.loader)
            yield connection
        finally:
            connection.close()


def _become(connection: psycopg.Connection[Any], role: str) -> None:
    there = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    if there is None:
        raise Refused(
            f"there is no role {role}: the warehouse is not set up.",
            "let somebody who may create roles run `outturn warehouse roles` there; see --prefix.",
        )
    try:
        connection.execute(f"set role {role}")
    except errors.InsufficientPrivilege:
        raise Refused(
            "this login may not load into the warehouse.", f"let its administrator run: grant {role} to <this login>;"
        ) from None
