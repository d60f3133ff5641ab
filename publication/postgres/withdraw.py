"""Take a release out of the shared warehouse for good.

Belongs here: its rows, what readers see instead, and the note by which it is not loaded again. Not here: withdrawing it
anywhere else.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg

from foundation.errors import WrongUsage
from publication.postgres.layout import Names
from publication.postgres.load import delete_rows, point_at
from publication.postgres.server import connected
from publication.postgres.tables import alone


def withdraw(address: str, names: Names, release_id: str, reason: str, by: str) -> str | None:
    """Take a release out of the warehouse for good. Returns the release that is in force then; None: none is.

    Its rows are deleted, it is never loaded here again, and readers see the last former release that is still here.
    """
    if len(release_id) != 64 or not reason.strip() or not by.strip():
        raise WrongUsage(
            "a withdrawal names a whole release id, a reason and who withdraws.",
            "see `outturn warehouse status` for the id; give --reason and --by.",
        )
    with connected(address, names, as_loader=True) as connection, alone(connection, names):
        loads = names.operations("loads")
        connection.execute(
            f"insert into {names.operations('withdrawn')} (release_id, reason, withdrawn_by, withdrawn_at) "  # noqa: S608
            "values (%s, %s, %s, now()) on conflict (release_id) do nothing", (release_id, reason.strip(), by.strip()),
        )  # fmt: skip
        in_force = connection.execute(f"select release_id from {names.release}").fetchone()  # noqa: S608
        if in_force == (release_id,):
            _go_back(connection, names, release_id)
        mine = connection.execute(
            f"select load_number from {loads} where release_id = %s and rows_kept", (release_id,)  # noqa: S608
        ).fetchall()  # fmt: skip
        for (number,) in mine:
            delete_rows(connection, names, number)
        left = connection.execute(f"select release_id from {names.release}").fetchone()  # noqa: S608
        return None if left is None else str(left[0])


def _go_back(connection: psycopg.Connection[Any], names: Names, release_id: str) -> None:
    former = connection.execute(
        f"select load_number, told from {names.operations('loads')} "  # noqa: S608 (our names)
        "where rows_kept and release_id <> %s order by load_number desc limit 1", (release_id,),
    ).fetchone()  # fmt: skip
    if former is None:
        point_at(connection, names, None, {})
    else:
        point_at(connection, names, former[0], json.loads(former[1]))
