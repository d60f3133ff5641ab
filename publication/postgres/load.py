"""Load a verified release into the shared warehouse, so that every reader sees one release whole, or the one before.

Belongs here: one transaction that copies, proves and points at the new rows, and what is kept of former ones.
Not here: the proof of the release itself (publication.verify), making the tables (tables), roles and grants (roles).

Tables are not renamed and schemas not swapped: a rename is seen at once even by a transaction that began before it, and
such a reader would find tables whose rows it may not see yet. Rows and a pointer to them are seen, or not, together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from foundation.canonical import sha256_file
from foundation.errors import Refused, WrongUsage
from publication.older import told
from publication.postgres.layout import CLASSIFICATION, DATA, Names, Table
from publication.postgres.rows import Digest, Source
from publication.postgres.server import connected
from publication.postgres.tables import alone, forget_layout, prepare
from publication.reader import open_release
from publication.verify import verify_release

# Kept beside the one in force, so that a withdrawal has something to go back to.
FORMER = 1


@dataclass(frozen=True)
class Loaded:
    """What a load did. how: `loaded`, `in force already`, or `in force again` for a former release still here.
    older: what to know of a release of an older format, of which some columns and tables stand empty."""

    release_id: str
    how: str
    rows: int
    tables: int
    dropped: tuple[str, ...] = ()
    older: tuple[str, ...] = ()


# --- the release --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Release:
    root: Path
    manifest: dict[str, Any]
    seal: bytes
    files: dict[str, str]

    @property
    def release_id(self) -> str:
        return str(self.manifest["release_id"])


def _proved(path: Path) -> _Release:
    """A release that verifies whole. Refused otherwise, with the first thing that differs."""
    root = open_release(path).root
    seal = (root / "seal.json").read_bytes() if (root / "seal.json").is_file() else b""
    report = verify_release(root)
    if report.problems:
        raise Refused(
            f"the release does not verify, {report.problems[0]}",
            f"run `outturn verify {path}`; load the publisher's own copy.",
        )
    if report.notes:
        raise Refused(f"the release is not whole: {report.notes[0]}", "load a copy that holds all its folders.")
    manifest = json.loads((root / "manifest.json").read_bytes())
    return _Release(root, manifest, seal, dict(json.loads(seal)["files"]))


def _still_proved(release: _Release) -> None:
    """Refused when a file that was read is not the one that was verified."""
    same = (release.root / "seal.json").read_bytes() == release.seal
    for name in sorted({table.source for table in DATA}):
        path = release.root / name
        # a table that the release does not hold must not have come since
        same = same and (sha256_file(path) if path.is_file() else None) == release.files.get(name)
    if not same:
        raise Refused("the release was changed while it was loaded.", "load a copy that nobody writes to.")


# --- rows ---------------------------------------------------------------------------------------------------------


def _digest_there(connection: psycopg.Connection[Any], names: Names, table: Table, load_number: int) -> Digest:
    """The digest of a table's rows as the server gives them back."""
    fields = ", ".join(f'"{column.name}"' for column in table.columns)
    query = f"copy (select {fields} from {names.table(table)} where load_number = {load_number}) to stdout"  # noqa: S608
    digest = Digest()
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        digest.add(bytes(line).removesuffix(b"\n") for line in copy)
    return digest


def _copy_table(
    connection: psycopg.Connection[Any], names: Names, source: Source, table: Table, load_number: int
) -> Digest:
    """Copy one table and prove that what stands there is what the release holds."""
    fields = ", ".join(f'"{column.name}"' for column in table.columns)
    given = Digest()
    with connection.cursor() as cursor, cursor.copy(f"copy {names.table(table)} ({fields}) from stdin") as copy:
        for block in source.blocks(table, load_number, given):
            copy.write(block)
    there = _digest_there(connection, names, table, load_number)
    if there != given:
        raise Refused(
            f"{table.name} came out of the warehouse otherwise than it went in "
            f"({given.rows} rows went in, {there.rows} came out): nothing was loaded.",
            "see whether a trigger or rule stands on the table, then try again.",
        )
    connection.execute(
        f"insert into {names.operations('tables')} (load_number, schema_name, table_name, classification, source, "  # noqa: S608
        "row_count, contents_sha256) values (%s, %s, %s, %s, %s, %s, %s)",
        (
            load_number, names.area(table.area), table.name, CLASSIFICATION[table.area], table.source, given.rows,
            given.text,
        ),
    )  # fmt: skip
    return given


def _rows_stand(connection: psycopg.Connection[Any], names: Names, source: Source, load_number: int) -> bool:
    """Whether the rows of an earlier loading of this release are still exactly those of the release."""
    for table in DATA:
        given = Digest()
        for _ in source.blocks(table, load_number, given):
            pass
        if _digest_there(connection, names, table, load_number) != given:
            return False
    return True


def delete_rows(connection: psycopg.Connection[Any], names: Names, load_number: int) -> None:
    """Rows are deleted, not truncated: whoever began to read them goes on reading them."""
    for table in DATA:
        connection.execute(f"delete from {names.table(table)} where load_number = %s", (load_number,))  # noqa: S608
    connection.execute(
        f"update {names.operations('loads')} set rows_kept = false where load_number = %s", (load_number,)  # noqa: S608
    )  # fmt: skip


def point_at(connection: psycopg.Connection[Any], names: Names, load_number: int | None, told: dict[str, Any]) -> None:
    """Let readers see the rows of one loading from the end of this transaction on; None: of none."""
    if load_number is None:
        connection.execute(f"delete from {names.release}")  # noqa: S608 (our names)
        return
    row = {**told, "load_number": load_number, "classification": CLASSIFICATION["public"]}
    columns = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    changes = ", ".join(f"{name} = excluded.{name}" for name in (*row, "loaded_at"))
    connection.execute(
        f"insert into {names.release} as r ({columns}, loaded_at) values ({values}, now()) "  # noqa: S608
        f"on conflict ((true)) do update set {changes}",
        row,
    )


def _told(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "release_id": manifest["release_id"], "place_id": manifest["place"]["id"], "title": manifest["place"]["title"],
        "data_cut_id": manifest["data_cut_id"], "definitions_hash": manifest["definitions_hash"],
        "code_version": manifest["code_version"], "engine_version": manifest.get("engine_version"),
    }  # fmt: skip


def _drop_former(connection: psycopg.Connection[Any], names: Names, load_number: int, keep: int) -> tuple[str, ...]:
    """Drop the rows of former loadings beyond those that are kept; returns their releases."""
    former = connection.execute(
        f"select load_number, release_id from {names.operations('loads')} "  # noqa: S608 (our names)
        "where rows_kept and load_number <> %s order by load_number desc offset %s", (load_number, keep),
    ).fetchall()  # fmt: skip
    for number, _ in former:
        delete_rows(connection, names, number)
    return tuple(release_id for _, release_id in former)


def load(path: Path, address: str, names: Names, *, keep: int = FORMER, remake: bool = False) -> Loaded:
    """Load the release at `path` and put it in force. The same release again changes nothing.

    keep: former releases whose rows stay for a withdrawal to go back to. remake: make every rule and view again.
    Refused when the release does not verify, is not whole, was withdrawn here, or when another load is running;
    SystemFault when the server fails. Until the last step nobody sees anything of it.
    """
    if keep < 0:
        raise WrongUsage(f"--keep {keep} is less than none.", "use 0 or more.")
    release = _proved(path)
    with connected(address, names, as_loader=True) as connection:
        if remake:
            forget_layout(connection, names)
        prepare(connection, names)
        with alone(connection, names):
            _refuse_withdrawn(connection, names, release)
            with Source(release.root) as source:
                return _load(connection, names, release, source, keep)


def _refuse_withdrawn(connection: psycopg.Connection[Any], names: Names, release: _Release) -> None:
    withdrawn = connection.execute(
        f"select reason from {names.operations('withdrawn')} where release_id = %s", (release.release_id,)  # noqa: S608
    ).fetchone()  # fmt: skip
    if withdrawn is not None:
        raise Refused(f"the release was withdrawn: {withdrawn[0]}", "load the release that takes its place.")


def _load(connection: psycopg.Connection[Any], names: Names, release: _Release, source: Source, keep: int) -> Loaded:
    loads = names.operations("loads")
    here = connection.execute(
        f"select load_number, row_count from {loads} where release_id = %s and rows_kept", (release.release_id,)  # noqa: S608
    ).fetchone()  # fmt: skip
    in_force = connection.execute(f"select load_number from {names.release}").fetchone()  # noqa: S608 (our names)
    if here is not None and _rows_stand(connection, names, source, here[0]):
        number, rows, how = here[0], here[1], "in force already" if in_force == (here[0],) else "in force again"
    else:
        if here is not None:
            delete_rows(connection, names, here[0])
        row = connection.execute(f"select coalesce(max(load_number), 0) + 1 from {loads}").fetchone()  # noqa: S608
        assert row is not None
        number, how = int(row[0]), "loaded"
        rows = sum(_copy_table(connection, names, source, table, number).rows for table in DATA)
        connection.execute(
            f"insert into {loads} (load_number, release_id, row_count, rows_kept, loaded_at, loaded_by, told) "  # noqa: S608
            "values (%s, %s, %s, true, now(), session_user, %s)",
            (number, release.release_id, rows, json.dumps(_told(release.manifest), sort_keys=True)),
        )  # fmt: skip
    _still_proved(release)
    if how != "in force already":
        point_at(connection, names, number, _told(release.manifest))
    dropped = _drop_former(connection, names, number, keep)
    if how == "loaded":
        for table in DATA:
            connection.execute(f"analyze {names.table(table)}")
    return Loaded(release.release_id, how, rows, len(DATA), dropped, tuple(told(open_release(release.root))))
