"""Which build the warehouse holds, and reading its tables without losing a penny to a float.

A build is identified by its fingerprint: data cut, definitions, terms and code. The tables in
`build.duckdb` may only be used under the fingerprint written in `built.json`, which is written after
a complete dbt build and removed before the next one starts.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from foundation.canonical import readable_json
from foundation.durable import remove, write_bytes
from foundation.errors import Refused, SystemFault
from foundation.home import Home

# Tables that leave the build database: for verdicts, settlement and release.
TABLES = (
    "measures", "breakdowns", "spc_points", "inequality", "int_deprivation_fifths", "funnel", "observed_expected",
    "trend", "gaming_monitors", "year_end_forecasts", "bounds_if_missing", "segments", "unmet_need", "survey_results",
    "spend_by_level", "milestones", "indicators",
    "completeness", "kpi_return", "ledger", "lineage", "int_practice_networks",
)  # fmt: skip
# Who the figures are made of, event by event: for the analysts, under tokens of their own. No money rests on it and it
# is long, so it is known by its sum and read in whatever order it lies; the release puts it in order.
EVENTS = "int_indicator_events"
# What standardised rates are made of. Long, and read only where money rests on such a rate.
BANDS = "int_dsr_bands"


@dataclass(frozen=True)
class Build:
    """A finished dbt build: its fingerprint and what that is made of, dbt's results of models and tests, the hash of
    each table that leaves the database, a sum over each that the next build may keep, and the file it was left in."""

    fingerprint: str
    basis: dict[str, str]
    run_results: dict[str, Any]
    tables: dict[str, str]
    sums: dict[str, str]
    file: str = ""


def _marker(home: Home) -> Path:
    return home.warehouse / "built.json"


# Whom rows of a feed are about that are gone: there from the beginning of a build to its end, for tables that grow by
# person (macro `changed_people`).
_CHANGED_PEOPLE = "changed_people"


def begin_build(home: Home, distrusted: Iterable[str] = (), gone: Mapping[str, Sequence[str]] | None = None) -> None:
    """Say that the tables are about to change: until `finish_build` they belong to no fingerprint.
    distrusted: tables to remove, so that they are built whole. gone: feed -> submissions whose rows are still held and
    are about to go; whom they are about is kept until `finish_build`. Call only inside the DuckDB writer's pool.

    A database whose build was never finished is of no use to the next one, and is not trusted to open: it goes first.
    """
    if current_build(home) is None:
        for left in home.warehouse.glob(f"{home.build_database.name}*"):
            if left.is_dir():
                # what did not fit into memory
                shutil.rmtree(left)
            else:
                remove(left)
    remove(_marker(home))
    names = sorted(distrusted)
    if names or gone:
        with _opened(home, read_only=False) as connection:
            for name in names:
                connection.execute(f'drop table if exists "{name}"')
            if gone:
                remember_gone(connection, gone)


def remember_gone(connection: Any, gone: Mapping[str, Sequence[str]]) -> None:
    """Keep whom the rows of submissions are about (feed -> their ids) that the build is about to remove."""
    connection.execute(f"create or replace table {_CHANGED_PEOPLE} (feed varchar, person_key bigint)")
    for feed, submissions in sorted(gone.items()):
        connection.execute(
            f'insert into {_CHANGED_PEOPLE} select distinct ?, person_key from "stg_{feed}" '  # noqa: S608 (our own names)
            "where person_key is not null and list_contains(?, submission_id)",
            [feed, list(submissions)],
        )


def finish_build(
    home: Home,
    fingerprint: str,
    basis: dict[str, str],
    run_results: dict[str, Any],
    to_keep: Iterable[str] = (),
    kept: Mapping[str, str] | None = None,
    beside: Iterable[str] = (),
) -> None:
    """Record a complete build. basis: data cut, definitions and code it was made from, for the next one to compare.
    to_keep: tables the next build need not make again. kept: sums of those this one did not make, just looked at.
    beside: further tables that are read later, such as `BANDS`.
    Times and host names of dbt's results are left out: they are not evidence.

    The hash of every table that leaves the database is taken while dbt's tests on it are still fresh, so that
    a table changed afterwards is refused by whoever reads it.
    """
    results = [
        {"unique_id": item["unique_id"], "status": item["status"], "failures": item.get("failures")}
        for item in sorted(run_results["results"], key=lambda item: item["unique_id"])
    ]
    with _opened(home, read_only=False) as connection:
        connection.execute(f"drop table if exists {_CHANGED_PEOPLE}")
    with _opened(home) as connection:
        hashes = {name: _hash_of(_read(connection, name)) for name in (*TABLES, *beside)}
    stood = dict(kept or {})
    marker = {
        "fingerprint": fingerprint,
        "basis": basis,
        "tables": hashes,
        "sums": {**stood, **table_sums(home, {*to_keep, EVENTS} - set(stood))},
        "file": file_identity(home),
        "results": results,
    }
    write_bytes(_marker(home), readable_json(marker))


def current_build(home: Home) -> Build | None:
    """The complete build the database holds, or None while there is none."""
    if not _marker(home).exists() or not home.build_database.exists():
        return None
    marker = json.loads(_marker(home).read_bytes())
    try:
        return Build(
            marker["fingerprint"],
            marker["basis"],
            {"results": marker["results"]},
            marker["tables"],
            marker["sums"],
            marker["file"],
        )
    except KeyError:
        # written by an earlier version of the product, whose tables this one builds anew in any case
        return None


class _Digest(io.RawIOBase):
    """A file of which only the hash is kept."""

    def __init__(self) -> None:
        self.sha256 = sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.sha256.update(content)
        return len(content)


def _hash_of(table: pa.Table) -> str:
    """Hash of a table's rows, in their order, every figure by its digits, a blank unlike an empty text."""
    from pyarrow import csv

    sink = _Digest()
    csv.write_csv(table, pa.PythonFile(sink, "w"), csv.WriteOptions(quoting_style="all_valid"))
    return sink.sha256.hexdigest()


def _read(connection: Any, name: str) -> pa.Table:
    order = "" if name == EVENTS else " order by all"
    table: pa.Table = connection.sql(f'select * from "{name}"{order}').to_arrow_table()  # noqa: S608 (our own name)
    return table


@contextmanager
def _opened(home: Home, *, read_only: bool = True) -> Iterator[Any]:
    """The build database. SystemFault when another program holds it."""
    import duckdb

    try:
        with duckdb.connect(str(home.build_database), read_only=read_only) as connection:
            yield connection
    except duckdb.IOException:
        raise SystemFault(
            f"{home.build_database} cannot be opened: another program holds it, or the disk fails.",
            "close the program that has it open (analysts read releases, never the build), then run again.",
        ) from None


def file_identity(home: Home) -> str:
    """What is other than it was when anybody wrote to the build database, copied it or put another in its place.

    Of the file alone, not of what is in it: that it is the same says that no table was touched; that it is not says
    nothing of any table.
    """
    import duckdb

    seen = home.build_database.stat()
    return f"{seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns} {duckdb.__version__}"


def table_sums(home: Home, names: Iterable[str]) -> dict[str, str]:
    """A sum over the rows of each table of the build, whatever their order; without what is not there.

    It tells a table that somebody touched from one that nobody did, quickly. It is no proof against a forger, who
    could write the marker as well: tables that money rests on are hashed.
    """
    with _opened(home) as connection:
        return _sums(connection, names)


def _sums(connection: Any, names: Iterable[str]) -> dict[str, str]:
    import duckdb

    # views too: theirs are the rows of the tables they look at
    asked = "select table_name from information_schema.tables"
    there = {row[0] for row in connection.execute(asked).fetchall()}
    found = {}
    for name in sorted(there & set(names)):
        asked = f'select count(*), sum(cast(hash(kept) as hugeint)) from "{name}" as kept'  # noqa: S608 (our own name)
        found[name] = " ".join(str(value) for value in connection.execute(asked).fetchall()[0])
    return {**found, "engine": duckdb.__version__} if found else {}


def read_tables(home: Home, fingerprint: str, names: Iterable[str]) -> dict[str, pa.Table]:
    """Tables of the build as Arrow, every one in full; DECIMAL stays decimal. Rows of the events are in no order.

    Refused when the database does not hold the build of `fingerprint`, or a table is not what that build left.
    Call only inside the DuckDB writer's pool.
    """
    build = current_build(home)
    if build is None or build.fingerprint != fingerprint:
        raise Refused(
            "the warehouse does not hold a complete build of this data cut.",
            "materialise the dbt models for it (`outturn run`), then settle.",
        )
    with _opened(home) as connection:
        tables = {name: _read(connection, name) for name in names}
        sums = _sums(connection, {EVENTS} & set(tables))
    changed = sorted(
        name for name, table in tables.items() if name != EVENTS and _hash_of(table) != build.tables.get(name)
    )
    changed += sorted(name for name in {EVENTS} & set(tables) if any(build.sums.get(k) != v for k, v in sums.items()))
    if changed:
        raise Refused(
            f"{', '.join(changed)} changed in the warehouse after it was built and tested.",
            f"find out who opened {home.build_database}; remove {_marker(home)} and run again to build it anew.",
        )
    return tables
