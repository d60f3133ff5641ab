"""Whether a server gives away more, or less, than the layout says.

Belongs here: reading the catalogue of a server and comparing it with the layout. Not here: putting it right (roles).
"""

from __future__ import annotations

from typing import Any

import psycopg

from foundation.canonical import content_id
from publication.postgres.layout import AREAS, DATA, KEPT, LOADER, READERS, Names, views

_ATTRIBUTES = {
    "rolsuper": "is a superuser", "rolbypassrls": "passes over row-level security", "rolcreaterole": "may create roles",
    "rolcreatedb": "may create databases", "rolreplication": "may replicate", "rolcanlogin": "can log in by itself",
}  # fmt: skip
# (schema, object, what it is, grantee, privilege) of everything in the warehouse's schemas but the owner's own rights
_GRANTS = """
with places as (
    select oid, nspname, nspowner, nspacl from pg_catalog.pg_namespace where nspname = any(%(own)s)
)
select p.nspname, '', 'schema', a.grantee, a.privilege_type
from places p, lateral pg_catalog.aclexplode(coalesce(p.nspacl, pg_catalog.acldefault('n', p.nspowner))) a
where a.grantee <> p.nspowner
union all
select p.nspname, c.relname, 'relation', a.grantee, a.privilege_type
from places p join pg_catalog.pg_class c on c.relnamespace = p.oid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S'),
    lateral pg_catalog.aclexplode(coalesce(c.relacl,
        pg_catalog.acldefault(case c.relkind when 'S' then 's'::"char" else 'r'::"char" end, c.relowner))) a
where a.grantee <> c.relowner
union all
select p.nspname, c.relname || '.' || t.attname, 'column', a.grantee, a.privilege_type
from places p join pg_catalog.pg_class c on c.relnamespace = p.oid
    join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attacl is not null,
    lateral pg_catalog.aclexplode(t.attacl) a
where a.grantee <> c.relowner
union all
select p.nspname, f.proname, 'function', a.grantee, a.privilege_type
from places p join pg_catalog.pg_proc f on f.pronamespace = p.oid,
    lateral pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a
where a.grantee <> f.proowner
union all
select '', d.datname, 'database', a.grantee, a.privilege_type
from pg_catalog.pg_database d,
    lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
where d.datname = pg_catalog.current_database() and a.grantee = 0
"""
_RELATIONS = """
select n.nspname, c.relname, c.relkind, c.relrowsecurity, pg_catalog.pg_get_userbyid(c.relowner),
    coalesce(c.reloptions::text, '')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
"""
# Which rows are seen: policies and views as the server itself writes them down
_RULES = """
select n.nspname, c.relname, p.polname, p.polcmd::text, p.polpermissive::text,
    (select pg_catalog.string_agg(pg_catalog.pg_get_userbyid(r), ',' order by pg_catalog.pg_get_userbyid(r))
     from pg_catalog.unnest(p.polroles) r),
    coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
        || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%(own)s)
union all
select n.nspname, c.relname, '', 'v', '', '', pg_catalog.pg_get_viewdef(c.oid)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%(own)s) and c.relkind = 'v'
"""


def rules_hash(connection: psycopg.Connection[Any], names: Names) -> str:
    """Hash of every policy and view as they stand on the server: another one after any change of them."""
    rows = connection.execute(_RULES, {"own": [names.area(area.name) for area in AREAS]}).fetchall()
    return content_id(sorted([str(cell) for cell in row] for row in rows))


def attribute_faults(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    """What the roles may do that they should not: attributes, or membership in other roles."""
    found = []
    for role in (*READERS, LOADER):
        row = connection.execute(
            f"select {', '.join(_ATTRIBUTES)} from pg_catalog.pg_roles where rolname = %s",  # noqa: S608 (our words)
            (names.role(role),),
        ).fetchone()
        if row is None:
            found.append(f"the role {names.role(role)} is missing")
            continue
        found += [
            f"the role {names.role(role)} {words}" for words, has in zip(_ATTRIBUTES.values(), row, strict=True) if has
        ]
    among = connection.execute(
        "select m.rolname, r.rolname from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.member "
        "join pg_catalog.pg_roles r on r.oid = a.roleid where m.rolname = any(%s) order by 1, 2",
        ([names.role(role) for role in (*READERS, LOADER)],),
    ).fetchall()
    return found + [f"the role {member} is a member of {role}" for member, role in among]


def expected_grants(names: Names) -> set[tuple[str, str, str, str, str]]:
    """(schema, object, what it is, grantee, privilege) of everything the layout gives to anybody but the loader."""
    readers = {area.name: area.readers for area in AREAS}
    found = {
        (names.area(area.name), "", "schema", names.role(role), "USAGE") for area in AREAS for role in area.readers
    }
    found |= {
        (names.area(table.area), table.name, "relation", names.role(role), "SELECT")
        for table in (*KEPT, *DATA) for role in table.readers
    }  # fmt: skip
    return found | {
        (names.area(area), view.name, "relation", names.role(role), "SELECT")
        for area, view in views(names) for role in readers[area]
    }  # fmt: skip


def access_faults(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    """Every way in which the server differs from the layout in who may do what, as sentences without a stop."""
    own = [names.area(area.name) for area in AREAS]
    called = {0: "PUBLIC"} | dict(connection.execute("select oid, rolname from pg_catalog.pg_roles").fetchall())
    held = {
        (schema, thing, what, called.get(grantee, "a role that is gone"), privilege)
        for schema, thing, what, grantee, privilege in connection.execute(_GRANTS, {"own": own}).fetchall()
    }
    wanted = expected_grants(names)
    faults = attribute_faults(connection, names)
    for schema, thing, what, grantee, privilege in sorted(held - wanted):
        faults.append(f"{grantee} has {privilege} on the {what} {'.'.join(part for part in (schema, thing) if part)}")
    for schema, thing, what, grantee, privilege in sorted(wanted - held):
        faults.append(f"{grantee} lacks {privilege} on the {what} {'.'.join(part for part in (schema, thing) if part)}")
    faults += _relation_faults(connection, names, own)
    if connection.execute("select pg_catalog.to_regclass(%s)", (names.operations("settings"),)).fetchone() != (None,):
        noted = connection.execute(
            f"select value from {names.operations('settings')} where name = 'rules'"  # noqa: S608 (our names)
        ).fetchone()
        if noted != (rules_hash(connection, names),):
            faults.append("a policy or a view was changed since the loader made it")
    return faults


def _relation_faults(connection: psycopg.Connection[Any], names: Names, own: list[str]) -> list[str]:
    tables = {(names.area(table.area), table.name) for table in (*KEPT, *DATA)}
    shown = {(names.area(area), view.name) for area, view in views(names)}
    faults = []
    for schema, name, kind, secured, owner, options in connection.execute(_RELATIONS, (own,)).fetchall():
        if owner != names.loader:
            faults.append(f"{schema}.{name} belongs to {owner}")
        if (schema, name) in tables and kind == "r":
            if not secured:
                faults.append(f"{schema}.{name} is without row-level security")
        elif (schema, name) in shown and kind == "v":
            if "security_invoker=true" not in options:
                faults.append(f"the view {schema}.{name} reads with its owner's rights")
        else:
            faults.append(f"{schema}.{name} is not part of the warehouse")
    return sorted(faults)
