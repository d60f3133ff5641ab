"""What stands in the shared warehouse: the release in force, what is kept, who reads as whom, and whether it is sound.

Belongs here: reading that from the server. Not here: how it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publication.postgres.audit import access_faults
from publication.postgres.layout import Names
from publication.postgres.server import connected


@dataclass(frozen=True)
class Load:
    """One loading that was finished."""

    number: int
    release_id: str
    rows: int
    rows_kept: bool
    loaded_at: datetime


@dataclass(frozen=True)
class Status:
    """in_force: number of the loading readers see; None where nothing is. logins: (login, agreement, member, sees).

    faults: where the server gives away more, or less, than it should.
    """

    in_force: int | None
    loads: Sequence[Load]
    withdrawn: Sequence[tuple[str, str]]
    logins: Sequence[tuple[str, str, str, str]]
    faults: Sequence[str]


def status(address: str, names: Names) -> Status:
    """The state of a warehouse, all of one moment. Refused when it is not set up or the login may not see it."""
    with connected(address, names, as_loader=True) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        in_force = connection.execute(f"select load_number from {names.release}").fetchone()  # noqa: S608 (our names)
        loads = connection.execute(
            "select load_number, release_id, row_count, rows_kept, loaded_at "  # noqa: S608
            f"from {names.operations('loads')} order by load_number desc"
        ).fetchall()
        withdrawn = connection.execute(
            f"select release_id, reason from {names.operations('withdrawn')} order by withdrawn_at, release_id"  # noqa: S608
        ).fetchall()
        logins = connection.execute(
            f"select login, agreement_id, member_id, sees from {names.logins} order by 1, 2, 3"  # noqa: S608
        ).fetchall()
        return Status(
            None if in_force is None else int(in_force[0]), [Load(*row) for row in loads],
            [(row[0], row[1]) for row in withdrawn], [(row[0], row[1], row[2], row[3]) for row in logins],
            access_faults(connection, names),
        )  # fmt: skip
