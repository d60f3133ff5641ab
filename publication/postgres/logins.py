"""Which login reads as which member of an agreement.

Belongs here: noting and removing that. Not here: what a member sees (layout), creating logins (the
server's administrator).
"""

from __future__ import annotations

from foundation.errors import Refused
from publication.postgres.layout import Names
from publication.postgres.server import connected
from publication.postgres.tables import alone


def let_read(
    address: str, names: Names, login: str, agreement: str, member: str, *, open_book: bool, remove: bool
) -> None:
    """Let a login read as a member of an agreement: its own lines, or with `open_book` everybody's. Or no longer.

    Refused for a login that is not there or is no member of the role, and for a member the release does not know.
    """
    with connected(address, names, as_loader=True) as connection, alone(connection, names):
        if remove:
            connection.execute(
                f"delete from {names.logins} where login = %s and agreement_id = %s and member_id = %s",  # noqa: S608
                (login, agreement, member),
            )
            return
        role = names.role("member")
        may = connection.execute(
            "select pg_has_role(rolname, %s, 'usage') from pg_roles where rolname = %s", (role, login)
        ).fetchone()
        if may != (True,):
            raise Refused(
                f"{login} is no login that reads as a member.",
                f"let the server's administrator run: grant {role} to …;",
            )
        known = connection.execute(
            f"select 1 from {names.area('members')}.member_lines where agreement_id = %s and member_id = %s "  # noqa: S608
            f"union all select 1 from {names.area('members')}.ledger "
            "where agreement_id = %s and member_id = %s limit 1",
            (agreement, member, agreement, member),
        ).fetchone()
        if known is None:
            raise Refused(
                f"no release here has a member {member} of {agreement}.",
                "load a release first; see member_lines there.",
            )
        connection.execute(
            f"insert into {names.logins} (login, agreement_id, member_id, sees, granted_by, "  # noqa: S608
            "granted_at) values (%s, %s, %s, %s, session_user, now()) "
            "on conflict (login, agreement_id, member_id) do update set sees = excluded.sees, "
            "granted_by = excluded.granted_by, granted_at = excluded.granted_at",
            (login, agreement, member, "open_book" if open_book else "own"),
        )
