"""Roles, schemas and what is granted to whom.

Belongs here: the statements that set a server up, and those that give each table to its readers and to nobody else.
Not here: what the tables are (layout), whether a server still is as it should be (audit).
"""

from __future__ import annotations

from typing import Any

import psycopg

from foundation.errors import Refused
from publication.postgres.audit import attribute_faults
from publication.postgres.layout import AREAS, DATA, KEPT, LOADER, READERS, Names, views

_WORDS = {
    "public": "Reads what anybody may see.",
    "commissioner": "Reads what anybody may see, and the whole open book.",
    "member": "Reads what anybody may see, and of the open book its own lines.",
    "analyst": "Reads what anybody may see, and exact figures.",
    "engineer": "Reads what anybody may see, and what was loaded when.",
    LOADER: "Owns the warehouse and loads releases into it; give it to the login that loads, and to no reader.",
}
# A relation that belongs neither to the system, nor to an extension, nor to this warehouse.
_FOREIGN = """
select n.nspname || '.' || c.relname
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname not like 'pg\\_%%' and n.nspname <> 'information_schema' and not (n.nspname = any(%s))
    and not exists (select 1 from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 1 limit 1
"""


def quoted(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _create_roles(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    made = []
    for role in (*READERS, LOADER):
        name = names.role(role)
        if connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone() is None:
            connection.execute(f"create role {name} nologin nosuperuser nocreatedb nocreaterole nobypassrls")
            made.append(name)
            connection.execute(f"comment on role {name} is {quoted('Outturn: ' + _WORDS[role])}")
    return made


def set_up(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    """Create what is missing of roles and schemas, and take from PUBLIC what the server gives it. Returns new roles.

    The connection is that of somebody who may create roles and owns the database. Running it again changes nothing.
    Refused when the database holds something else (its other users would lose what PUBLIC had), or when a role of the
    same name may do more than read.
    """
    own = [names.area(area.name) for area in AREAS]
    with connection.transaction():
        foreign = connection.execute(_FOREIGN, (own,)).fetchone()
        if foreign is not None:
            raise Refused(
                f"the database holds something else ({foreign[0]}).",
                "give the warehouse a database of its own: nobody but its roles may use it.",
            )
        made = _create_roles(connection, names)
        faults = attribute_faults(connection, names)
        if faults:
            raise Refused(f"{faults[0]}.", "choose another --prefix, or take that from the role.")
        row = connection.execute("select current_database(), current_user, rolsuper from pg_roles "
                                 "where rolname = current_user").fetchone()  # fmt: skip
        assert row is not None
        database, user, is_super = (f'"{row[0]}"'.replace('""', '"'), row[1], row[2])
        connection.execute(f"revoke all on database {database} from public")
        connection.execute("revoke all on schema public from public")
        everybody = ", ".join(names.role(role) for role in (*READERS, LOADER))
        connection.execute(f"grant connect on database {database} to {everybody}")
        if not is_super:
            # a schema can be given only to a role whose powers one has
            connection.execute(f"grant {names.loader} to {_identifier(user)}")
        for area in AREAS:
            name = names.area(area.name)
            connection.execute(f"create schema if not exists {name} authorization {names.loader}")
            owner = connection.execute(
                "select nspowner::regrole::text from pg_namespace where nspname = %s", (name,)
            ).fetchone()
            if owner != (names.loader,):
                raise Refused(f"there is a schema {name} of somebody else.", "choose another --prefix.")
        # what is created from now on is nobody's until it is granted by name
        for kind in ("tables", "sequences", "functions", "types", "schemas"):
            connection.execute(f"alter default privileges for role {names.loader} revoke all on {kind} from public")
        if not is_super:
            connection.execute(f"revoke {names.loader} from {_identifier(user)}")
    return made


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def grant_everything(connection: psycopg.Connection[Any], names: Names) -> None:
    """Give every schema, table and view to its readers, and take from them and from PUBLIC whatever else they have.

    Inside the caller's transaction; readers are not kept waiting, because grants lock no table.
    """
    everybody = ", ".join(names.role(role) for role in READERS)
    for area in AREAS:
        name = names.area(area.name)
        connection.execute(f"revoke all on schema {name} from public, {everybody}")
        connection.execute(f"revoke all on all tables in schema {name} from public, {everybody}")
        connection.execute(f"revoke all on all sequences in schema {name} from public, {everybody}")
        connection.execute(f"grant usage on schema {name} to {', '.join(names.role(role) for role in area.readers)}")
    for table in (*KEPT, *DATA):
        if table.readers:
            connection.execute(
                f"grant select on {names.table(table)} to {', '.join(names.role(role) for role in table.readers)}"
            )
    readers = {area.name: area.readers for area in AREAS}
    for area_name, view in views(names):
        to = ", ".join(names.role(role) for role in readers[area_name])
        connection.execute(f"grant select on {names.area(area_name)}.{view.name} to {to}")
