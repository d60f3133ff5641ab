"""The shared warehouse on a real PostgreSQL server: loading, swapping, faults, and who may do what (five roles × every object)."""

from __future__ import annotations

import csv
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from older_fixture import as_before
from postgres_fixture import Server

from foundation.errors import OutturnError, Refused, SystemFault, WrongUsage
from publication.inputs import ReleaseInputs
from publication.postgres import layout, rows, server, tables
from publication.postgres import load as loading
from publication.postgres.layout import Names
from publication.postgres.logins import let_read
from publication.postgres.roles import set_up
from publication.postgres.server import address, connected
from publication.postgres.status import status
from publication.postgres.withdraw import withdraw
from publication.release import build_release
from publication.verify import Report

NAMES = Names()
ROLES = ("public", "commissioner", "member", "analyst", "engineer")
# What stands in the warehouse and who may read it, written down a second time and by hand: an object that is not in this
# list, or one that is in it and not there, fails the test. Who may read it may do nothing else with it.
PUBLIC = "outcomes breakdowns spc_points indicators statement completeness revisions release months quarters years latest not_shown year_on_year"
MEMBERS = "ledger kpi_return steps postings member_lines payments journal advances prior_postings release"
ANALYST = (
    "measures breakdowns spc_points inequality funnel observed_expected trend survey_results gaming_monitors "
    "year_end_forecasts bounds_if_missing spend_by_level milestones segments unmet_need indicators completeness "
    "indicator_events release"
)
MATRIX: dict[tuple[str, str], tuple[str, ...]] = {
    **{("outturn_public", name): ROLES for name in PUBLIC.split()},
    **{("outturn_members", name): ("commissioner", "member") for name in MEMBERS.split()},
    ("outturn_members", "logins"): ("member",),
    **{("outturn_analyst", name): ("analyst",) for name in ANALYST.split()},
    **{("outturn_operations", name): ("engineer",) for name in ("loads", "tables", "withdrawn")},
    ("outturn_operations", "settings"): (),
}
SCHEMAS = {
    "outturn_public": ROLES, "outturn_members": ("commissioner", "member"), "outturn_analyst": ("analyst",),
    "outturn_operations": ("engineer",),
}  # fmt: skip
DENIED = "42501"
OWN = "acute-trust"


@dataclass(frozen=True)
class Warehouse:
    """A database with roles, one login a role, and one login that loads."""

    server: Server
    database: str

    def dsn(self, user: str = "admin") -> str:
        return self.server.dsn(self.database, user)

    @property
    def loader(self) -> str:
        return self.dsn("etl")

    def ask(self, query: str, user: str = "admin", **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn(user), autocommit=True) as connection:
            cursor = connection.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def in_force(self) -> str | None:
        found = self.ask("select release_id from outturn_public.release", "r_public")
        return found[0][0] if found else None


def _logins(server: Server) -> None:
    """Logins belong to the whole server: they are made once, before or after the roles they are given."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        there = {name for (name,) in admin.execute("select rolname from pg_roles").fetchall()}
        for name in ("etl", "stranger", "other_member", *(f"r_{role}" for role in ROLES)):
            if name not in there:
                admin.execute(f"create role {name} login")
        admin.execute("grant outturn_loader to etl")
        admin.execute("grant outturn_member to other_member")
        for role in ROLES:
            admin.execute(f"grant outturn_{role} to r_{role}")


def _new_warehouse(server: Server) -> Warehouse:
    database = server.new_database()
    with connected(server.dsn(database), NAMES, as_loader=False) as connection:
        set_up(connection, NAMES)
    _logins(server)
    return Warehouse(server, database)


@pytest.fixture(scope="module")
def second(inputs: ReleaseInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another release: the same figures under another title, with an event, so that it has a row more."""
    import pyarrow as pa

    from publication.columns import INDICATOR_EVENTS

    event = {"indicator_id": "no_criteria_to_reside", "person_token": "t\\1\t\"x\"", "event_date": None, "numerator": 1,
             "denominator": 1, "amount": None, "pcn": "", "deprivation": "5", "age_group": "85-over"}  # fmt: skip
    events = pa.Table.from_pylist([event], schema=INDICATOR_EVENTS.arrow())
    releases = tmp_path_factory.mktemp("second")
    changed = replace(inputs, place=replace(inputs.place, title="Exampleshire outcomes, later"), events=events)
    return releases / build_release(changed, releases)


@pytest.fixture(scope="module")
def warehouse(postgres: Server, release: Path) -> Warehouse:
    """A warehouse with one release, proved and loaded; tests must leave it as it is."""
    made = _new_warehouse(postgres)
    done = loading.load(release, made.loader, NAMES)
    assert (done.how, done.tables) == ("loaded", len(layout.DATA))
    let_read(made.loader, NAMES, "r_member", "derbyshire-real-only", OWN, open_book=False, remove=False)
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of a release takes seconds and has its own tests: those of the swap do without."""
    monkeypatch.setattr(loading, "verify_release", lambda root: Report())


@pytest.fixture
def own(postgres: Server, quick: None) -> Warehouse:
    """A warehouse without a release that a test may change."""
    return _new_warehouse(postgres)


# --- what is loaded -----------------------------------------------------------------------------------------------


def test_every_row_of_the_release_stands_there_exactly(warehouse: Warehouse, release: Path) -> None:
    for folder, schema in (("public/data", "outturn_public"), ("members", "outturn_members")):
        for path in sorted((release / folder).glob("*.csv")):
            with path.open(newline="") as file:
                header, *lines = list(csv.reader(file))
            shown = ", ".join(f"{name}::text" for name in header)
            there = warehouse.ask(f"select {shown} from {schema}.{path.stem}")
            kinds = dict(warehouse.ask("select attname, format_type(atttypid, atttypmod) from pg_attribute "
                                       f"where attrelid = '{schema}.{path.stem}'::regclass"))  # fmt: skip

            def cell(name: str, text: str | None, kinds: dict[str, str] = kinds) -> Any:
                if not text:
                    return None
                if kinds[name].startswith("numeric") or kinds[name] == "bigint":
                    return Decimal(text.removeprefix("'"))
                return text

            want = Counter(tuple(cell(n, t) for n, t in zip(header, line, strict=True)) for line in lines)
            have = Counter(tuple(cell(n, t) for n, t in zip(header, row, strict=True)) for row in there)
            assert have == want, path.name


def test_money_and_figures_are_exact(warehouse: Warehouse) -> None:
    types = Counter(
        kind for (kind,) in warehouse.ask(
            "select format_type(a.atttypid, a.atttypmod) from pg_attribute a join pg_class c on c.oid = a.attrelid "
            "join pg_namespace n on n.oid = c.relnamespace where n.nspname like 'outturn%%' and a.attnum > 0"
        )
    )  # fmt: skip
    assert not [kind for kind in types if "double" in kind or "real" in kind or "money" in kind], types
    assert types["numeric(20,9)"] > 20
    ((difference,),) = warehouse.ask(
        "select (select sum(amount_pence) from outturn_members.member_lines) "
        "- (select sum(amount_pence) from outturn_members.postings)"
    )
    assert difference == 0
    ((score,),) = warehouse.ask("select value::text from outturn_members.steps where step_id = 'score.D1'")
    assert len(score.partition(".")[2]) > 20


def test_everything_has_a_comment(warehouse: Warehouse) -> None:
    bare = warehouse.ask(
        "select n.nspname, c.relname, coalesce(a.attname, '') from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where n.nspname like 'outturn%%' and c.relkind in ('r', 'v') and (col_description(c.oid, a.attnum) is null "
        "or obj_description(c.oid, 'pg_class') is null)"
    )
    assert not bare
    ((words,),) = warehouse.ask("select obj_description('outturn_members.ledger'::regclass, 'pg_class')")
    assert words.endswith("Classification: members only.")


def test_the_release_in_force_says_what_it_is(warehouse: Warehouse, release: Path) -> None:
    asked = "select release_id, classification, loaded_at is not null from {}.release"
    for user, schema, classification in (
        ("r_engineer", "outturn_public", "public"), ("r_member", "outturn_members", "members only"),
        ("r_analyst", "outturn_analyst", "restricted"),
    ):  # fmt: skip
        assert warehouse.ask(asked.format(schema), user) == [(release.name, classification, True)]
    kept = warehouse.ask(
        "select sum(row_count), count(*), count(distinct contents_sha256) > 5 from outturn_operations.tables",
        "r_engineer",
    )
    rows = sum(
        pq.read_metadata(release / table.source).num_rows for table in layout.DATA if table.source.endswith(".parquet")
    )
    assert rows > 300, "or nothing would be counted"
    ((loaded, tables, differ),) = kept
    assert (tables, differ) == (len(layout.DATA), True)
    assert loaded > rows, "the analysts' tables are counted too"


# --- five roles × every object ------------------------------------------------------------------------------------


def _attempts(schema: str, name: str, kind: str, column: str) -> Iterator[tuple[str, str]]:
    """(privilege, statement that needs it and nothing a reader lacks otherwise)."""
    thing = f'{schema}."{name}"'
    yield "SELECT", f"select count(*) from {thing}"
    yield "SELECT column", f'select "{column}" from {thing} limit 1'
    yield "COPY TO", f"copy (select * from {thing}) to stdout"
    yield "INSERT", f"insert into {thing} default values"
    yield "UPDATE", f'update {thing} set "{column}" = null'
    yield "DELETE", f"delete from {thing}"
    yield "SELECT FOR UPDATE", f"select * from {thing} for update"
    yield "LOCK", f"lock table {thing} in access exclusive mode"
    yield "GRANT", f"grant select on {thing} to public"
    yield "COMMENT", f"comment on {'view' if kind == 'v' else 'table'} {thing} is 'x'"
    yield "OWN", f"alter {'view' if kind == 'v' else 'table'} {thing} owner to current_user"
    yield "DROP", f"drop {'view' if kind == 'v' else 'table'} {thing}"
    if kind == "v":
        yield "REPLACE", f"create or replace view {thing} as select 1"
    else:
        yield "TRUNCATE", f"truncate {thing}"
        yield "DISABLE RLS", f"alter table {thing} disable row level security"
        yield "POLICY", f"create policy mine on {thing} using (true)"
        yield (
            "TRIGGER",
            f"create trigger mine before insert on {thing} execute function pg_catalog.suppress_redundant_updates_trigger()",
        )
        yield "INDEX", f'create index on {thing} ("{column}")'
        yield "ANALYZE STATISTICS", f"create statistics outturn_public.s on load_number, {column} from {thing}"


# these run in no transaction
_ALONE = ("alter system", "create database")


def _outcome(connection: psycopg.Connection[Any], statement: str) -> str:
    """`done`, or the state of the refusal. Nothing stays done. A grant of what one may not give on is only warned of."""
    warned: list[str | None] = []
    note = lambda diagnostic: warned.append(diagnostic.sqlstate)  # noqa: E731
    connection.add_notice_handler(note)
    try:
        if statement.startswith(_ALONE):
            connection.execute(statement)  # type: ignore[arg-type]
            return "done"
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            if statement.startswith("copy"):
                with cursor.copy(statement) as copy:  # type: ignore[arg-type]
                    for _ in copy:
                        pass
            else:
                cursor.execute(statement)  # type: ignore[arg-type]
    except psycopg.Error as fault:
        return str(fault.sqlstate)
    finally:
        connection.remove_notice_handler(note)
    return DENIED if "01007" in warned else "done"


def _objects(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str]]:
    """(schema, name) -> (kind, a column) of everything that can be read outside the system's own schemas."""
    return {
        (schema, name): (kind, column)
        for schema, name, kind, column in warehouse.ask(
            "select n.nspname, c.relname, c.relkind::text, (select attname from pg_attribute a where a.attrelid = c.oid "
            "and attnum = 1) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname not like 'pg\\_%%' and n.nspname <> 'information_schema' and c.relkind not in ('i', 'I')"
        )
    }


def test_five_roles_and_every_object(warehouse: Warehouse) -> None:
    objects = _objects(warehouse)
    assert set(objects) == set(MATRIX), "an object that is not in the matrix, or one that is not there"
    assert {kind for kind, _ in objects.values()} == {"r", "v"}, "another kind of object needs attempts of its own"
    tried, wrong = Counter[str](), []
    for role in ROLES:
        with psycopg.connect(warehouse.dsn(f"r_{role}"), autocommit=True) as connection:
            for (schema, name), (kind, column) in objects.items():
                readable = role in MATRIX[schema, name]
                for privilege, statement in _attempts(schema, name, kind, column):
                    allowed = readable and privilege in ("SELECT", "SELECT column", "COPY TO")
                    outcome = _outcome(connection, statement)
                    tried["allowed" if allowed else "denied"] += 1
                    # into some views nobody can write: that is said before who asks is looked at
                    if outcome != ("done" if allowed else DENIED) and (kind, outcome, allowed) != ("v", "55000", False):
                        wrong.append((role, schema, name, privilege, outcome))
    assert not wrong, wrong[:20]
    assert tried["denied"] > 3000 and tried["allowed"] > 200, tried


def test_five_roles_and_everything_around_the_tables(warehouse: Warehouse) -> None:
    """Schemas, the database, the other roles, the server: each denial for real."""
    wrong = []
    for role in ROLES:
        with psycopg.connect(warehouse.dsn(f"r_{role}"), autocommit=True) as connection:
            for schema, readers in SCHEMAS.items():
                # without use of a schema even the existence of a table is not told
                outcome = _outcome(connection, f"select * from {schema}.not_there")
                wrong += [(role, schema, outcome)] * (outcome != ("42P01" if role in readers else DENIED))
            attempts = [
                *(f"create table {schema}.mine (a int)" for schema in (*SCHEMAS, "public")),
                *(f"create view {schema}.mine as select 1" for schema in SCHEMAS),
                *(f"create function {schema}.mine() returns int language sql as 'select 1'" for schema in SCHEMAS),
                *(f"drop schema {schema} cascade" for schema in SCHEMAS),
                *(f"alter schema {schema} rename to mine" for schema in SCHEMAS),
                *(f"set role outturn_{other}" for other in (*ROLES, "loader") if other != role),
                *(f"grant outturn_{other} to r_{role}" for other in ROLES),
                "set role admin", "set session authorization admin", "create schema mine", "create temp table mine (a int)",
                "create role mine", f"alter role r_{role} bypassrls", "alter system set log_statement = 'all'",
                "select pg_read_file('/etc/passwd')", "copy (select 1) to program 'true'", "copy (select 1) to '/tmp/mine'",
                "select * from pg_authid", "create database mine", "select * from public.mine", "create extension pg_trgm schema outturn_public",
                "create publication mine for all tables",
            ]  # fmt: skip
            for statement in attempts:
                outcome = _outcome(connection, statement)
                if outcome != DENIED:
                    wrong.append((role, statement, outcome))
    assert not wrong


def test_a_login_without_a_role_does_not_get_in(warehouse: Warehouse) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(warehouse.dsn("stranger"))


def test_a_new_object_is_nobodys_and_is_noticed(postgres: Server, own: Warehouse, release: Path) -> None:
    """Also when the loader itself makes it: default privileges give PUBLIC nothing."""
    loading.load(release, own.loader, NAMES)
    assert status(own.loader, NAMES).faults == []
    with connected(own.loader, NAMES, as_loader=True) as connection:
        connection.execute("create table outturn_public.extra (a int)")
        connection.execute("create function outturn_public.f() returns int language sql as 'select 1'")
    for user in (f"r_{role}" for role in ROLES):
        for statement in ("select * from outturn_public.extra", "select outturn_public.f()"):
            with psycopg.connect(own.dsn(user), autocommit=True) as connection:
                assert _outcome(connection, statement) == DENIED
    assert set(_objects(own)) - set(MATRIX) == {("outturn_public", "extra")}
    assert status(own.loader, NAMES).faults == ["outturn_public.extra is not part of the warehouse"]


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("grant select on outturn_members.ledger to r_analyst", "r_analyst has SELECT on the relation outturn_members.ledger"),
        ("grant select (amount_pence) on outturn_members.ledger to public", "PUBLIC has SELECT on the column outturn_members.ledger.amount_pence"),
        ("grant usage on schema outturn_analyst to outturn_member", "outturn_member has USAGE on the schema outturn_analyst"),
        ("revoke select on outturn_public.outcomes from outturn_public", "outturn_public lacks SELECT on the relation outturn_public.outcomes"),
        ("grant connect on database {database} to public", "PUBLIC has CONNECT on the database {database}"),
        ("grant pg_read_all_data to outturn_engineer", "the role outturn_engineer is a member of pg_read_all_data"),
        ("alter role outturn_member bypassrls", "the role outturn_member passes over row-level security"),
        ("alter table outturn_members.ledger disable row level security", "outturn_members.ledger is without row-level security"),
        ("create policy more on outturn_members.ledger for select to outturn_member using (true)", "a policy or a view was changed since the loader made it"),
        ("alter view outturn_public.months set (security_invoker=false)", "the view outturn_public.months reads with its owner's rights"),
        ("alter table outturn_members.ledger owner to etl", "outturn_members.ledger belongs to etl"),
    ],
)  # fmt: skip
def test_a_hole_that_somebody_made_is_named(warehouse: Warehouse, planted: str, found: str) -> None:
    from publication.postgres.audit import access_faults

    with connected(warehouse.dsn(), NAMES, as_loader=False) as connection:
        assert access_faults(connection, NAMES) == []
        with connection.transaction(force_rollback=True):
            connection.execute(planted.format(database=warehouse.database))
            assert found.format(database=warehouse.database) in access_faults(connection, NAMES)


def test_a_load_takes_back_what_was_given_by_hand_or_refuses(own: Warehouse, release: Path) -> None:
    loading.load(release, own.loader, NAMES)
    own.ask("grant insert on outturn_public.outcomes to outturn_analyst")
    own.ask("grant select on outturn_members.ledger to public")
    loading.load(release, own.loader, NAMES)
    assert status(own.loader, NAMES).faults == []
    own.ask("create policy more on outturn_members.ledger for select to outturn_member using (true)")
    with pytest.raises(Refused, match="does not keep to its roles"):
        loading.load(release, own.loader, NAMES)
    own.ask("drop policy more on outturn_members.ledger")
    own.ask("drop policy member_rows on outturn_members.steps")
    loading.load(release, own.loader, NAMES, remake=True)
    assert status(own.loader, NAMES).faults == []


# --- a member's own lines -----------------------------------------------------------------------------------------


def _lines(release: Path, table: str) -> list[dict[str, str]]:
    with (release / "members" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _figures(warehouse: Warehouse, table: str, user: str) -> Counter[str]:
    key = {"ledger": "member_id || month || agreement_id", "advances": "member_id || agreement_id"}.get(
        table, "figure_id"
    )
    return Counter(figure for (figure,) in warehouse.ask(f"select {key} from outturn_members.{table}", user))


MINE: dict[str, Callable[[dict[str, str]], bool]] = {
    "ledger": lambda row: row["member_id"] == OWN,
    "kpi_return": lambda row: True,
    "steps": lambda row: False,
    "postings": lambda row: row["payee"] == "alliance",
    "prior_postings": lambda row: row["payee"] == "alliance",
    "member_lines": lambda row: row["member_id"] == OWN,
    "payments": lambda row: OWN in (row["payer"], row["payee"]),
    "journal": lambda row: row["party"] == OWN,
    "advances": lambda row: row["member_id"] == OWN,
}


@pytest.mark.parametrize("table", sorted(MINE))
def test_a_member_sees_its_own_lines_and_no_others(warehouse: Warehouse, release: Path, table: str) -> None:
    lines = _lines(release, table)
    seen = sum(_figures(warehouse, table, "r_member").values())
    assert seen == sum(MINE[table](line) for line in lines)
    if table in ("ledger", "member_lines", "payments", "journal"):
        assert 0 < seen < len(lines)
    assert sum(_figures(warehouse, table, "r_commissioner").values()) == len(lines)
    # a login that was given the role, and no member, sees nothing of the open book
    assert not _figures(warehouse, table, "other_member")


def test_the_rules_name_every_table_of_the_open_book() -> None:
    assert set(MINE) == set(layout.OWN) == {table.name for table in layout.DATA if table.area == "members"}


def test_a_member_does_not_become_another(warehouse: Warehouse) -> None:
    asked = "select distinct member_id from outturn_members.ledger"
    assert warehouse.ask(asked, "r_member") == [(OWN,)]
    with psycopg.connect(warehouse.dsn("r_member"), autocommit=True) as connection:
        # as the bare role it is nobody in particular
        connection.execute("set role outturn_member")
        assert connection.execute(asked).fetchall() == []
        connection.execute("reset role")
        connection.execute("set row_security = off")
        assert _outcome(connection, asked) == DENIED
        connection.execute("reset row_security")
        # a function with a message in it is not run on rows that are not shown
        cheap = "select count(*) from outturn_members.ledger where 1 / (case when member_id = 'acute-trust' then 1 else 0 end) = 1"
        assert connection.execute(cheap).fetchone() == (12,)
        assert connection.execute("select login, sees from outturn_members.logins").fetchall() == [("r_member", "own")]
    # what the planner gathered of all rows is not told either
    told = warehouse.ask("select count(*) from pg_stats where schemaname = 'outturn_members'", "r_member")
    assert told == [(0,)]


def test_other_agreements_are_not_seen_and_an_open_book_is_of_one(own: Warehouse, release: Path) -> None:
    """Two agreements with a member of one name; lines that concern a single member; and a book that is open."""
    loading.load(release, own.loader, NAMES)
    (number,) = own.ask("select load_number from outturn_public.release")[0]
    own.ask("insert into outturn_members.ledger select 'other', period_id, member_id, month, line_id, category, amount_pence, "
            "contract_reference, funding_source, vat_treatment, submission_id, load_number from outturn_members.ledger")  # fmt: skip
    own.ask(
        "insert into outturn_members.kpi_return (agreement_id, figure_id, load_number) values ('other', 'k', %(n)s)",
        n=number,
    )
    for line in ("condition", "recoup", "sub_contract"):
        own.ask("insert into outturn_members.postings (figure_id, agreement_id, line, payer, payee, load_number) "
                "values (%(l)s, 'derbyshire-real-only', %(l)s, 'integrated-care-board', 'members', %(n)s)", l=line, n=number)  # fmt: skip
    let_read(own.loader, NAMES, "r_member", "derbyshire-real-only", OWN, open_book=False, remove=False)
    let_read(own.loader, NAMES, "other_member", "derbyshire-real-only", "city-council", open_book=True, remove=False)
    assert len(own.ask("select 1 from outturn_members.ledger", "r_member")) == 12
    assert len(own.ask("select 1 from outturn_members.ledger", "other_member")) == 60
    assert len(own.ask("select 1 from outturn_members.ledger", "r_commissioner")) == 120
    assert ("k",) not in own.ask("select figure_id from outturn_members.kpi_return", "other_member")
    assert own.ask("select line from outturn_members.postings", "r_member") == [("gain",)]
    assert len(own.ask("select line from outturn_members.postings", "other_member")) == 4
    assert len(own.ask("select 1 from outturn_members.steps", "other_member")) == len(_lines(release, "steps"))
    let_read(own.loader, NAMES, "other_member", "derbyshire-real-only", "city-council", open_book=False, remove=True)
    assert own.ask("select 1 from outturn_members.ledger", "other_member") == []


def test_only_a_members_login_reads_as_a_member(warehouse: Warehouse) -> None:
    let = lambda *given: let_read(warehouse.loader, NAMES, *given, open_book=False, remove=False)  # noqa: E731
    with pytest.raises(Refused, match="no login that reads as a member"):
        let("r_analyst", "derbyshire-real-only", OWN)
    with pytest.raises(Refused, match="no login that reads as a member"):
        let("not_there", "derbyshire-real-only", OWN)
    with pytest.raises(Refused, match="no release here has a member acute-trsut"):
        let("r_member", "derbyshire-real-only", "acute-trsut")


# --- swapping -----------------------------------------------------------------------------------------------------


def test_the_same_release_again_changes_nothing(own: Warehouse, release: Path) -> None:
    first = loading.load(release, own.loader, NAMES)
    before = (
        own.ask("select xmin::text, * from outturn_public.release"),
        own.ask("select xmin::text, ctid from outturn_members.steps"),
    )
    again = loading.load(release, own.loader, NAMES)
    assert (first.how, again.how, again.rows) == ("loaded", "in force already", first.rows)
    assert before == (
        own.ask("select xmin::text, * from outturn_public.release"),
        own.ask("select xmin::text, ctid from outturn_members.steps"),
    )
    # rows that somebody changed by hand are not taken for the release
    own.ask("update outturn_members.ledger set amount_pence = amount_pence + 1 where month = '2024-04'")
    assert loading.load(release, own.loader, NAMES).how == "loaded"
    assert own.ask("select sum(amount_pence) from outturn_members.ledger", "r_commissioner") == [
        (Decimal(14_000_000_000),)
    ]


def test_former_releases_are_kept_as_many_as_asked(own: Warehouse, release: Path, second: Path) -> None:
    loading.load(release, own.loader, NAMES)
    loading.load(second, own.loader, NAMES)
    assert own.in_force() == second.name
    kept = "select load_number, rows_kept from outturn_operations.loads order by 1"
    assert own.ask(kept) == [(1, True), (2, True)]
    assert loading.load(release, own.loader, NAMES).how == "in force again"
    assert own.in_force() == release.name
    done = loading.load(second, own.loader, NAMES, keep=0)
    assert done.dropped == (release.name,)
    assert own.ask(kept) == [(1, False), (2, True)]
    assert own.ask("select distinct load_number from outturn_members.ledger") == [(2,)]
    with pytest.raises(WrongUsage, match="less than none"):
        loading.load(second, own.loader, NAMES, keep=-1)


def test_rows_come_back_as_they_went_in(own: Warehouse, second: Path) -> None:
    """Tabs, quotes, backslashes, blank and missing: what COPY writes otherwise than it is."""
    loading.load(second, own.loader, NAMES)
    assert own.ask(
        "select person_token, event_date, pcn, amount from outturn_analyst.indicator_events", "r_analyst"
    ) == [('t\\1\t"x"', None, "", None)]


def test_a_reader_in_a_transaction_keeps_the_release_it_began_with(own: Warehouse, release: Path, second: Path) -> None:
    """Also in tables it has not touched before, and though the former rows are deleted meanwhile."""
    loading.load(release, own.loader, NAMES)
    with psycopg.connect(own.dsn("r_commissioner")) as reader:
        reader.execute("set transaction isolation level repeatable read")
        assert reader.execute("select release_id from outturn_public.release").fetchone() == (release.name,)
        loading.load(second, own.loader, NAMES, keep=0)
        assert own.in_force() == second.name
        assert reader.execute("select release_id, title from outturn_public.release").fetchone() == (
            release.name, "Exampleshire outcomes",
        )  # fmt: skip
        assert reader.execute(
            "select count(*), count(distinct load_number), max(load_number) from outturn_members.ledger"
        ).fetchone() == (60, 1, 1)
        assert reader.execute("select count(*) from outturn_public.years").fetchone() != (0,)
        reader.commit()
        assert reader.execute("select max(load_number) from outturn_members.ledger").fetchone() == (2,)


def test_a_looping_reader_never_sees_two_releases(own: Warehouse, release: Path, second: Path) -> None:
    loading.load(release, own.loader, NAMES)
    seen: Counter[tuple[Any, ...]] = Counter()
    stop = threading.Event()

    def read() -> None:
        with psycopg.connect(own.dsn("r_commissioner"), autocommit=True) as reader:
            while not stop.is_set():
                seen[tuple(reader.execute(
                    "select (select release_id from outturn_public.release), (select count(*) from outturn_public.outcomes), "
                    "(select count(*) from outturn_members.steps), (select string_agg(distinct load_number::text, ' ') from "
                    "(select load_number from outturn_public.outcomes union all select load_number from outturn_members.ledger "
                    "union all select load_number from outturn_members.release) every)"
                ).fetchall())] += 1  # fmt: skip

    loop = threading.Thread(target=read)
    loop.start()
    try:
        for path, keep in ((second, 1), (release, 1), (second, 0), (release, 1), (second, 1)):
            loading.load(path, own.loader, NAMES, keep=keep)
    finally:
        stop.set()
        loop.join(30)
    whole = {(row[0], row[1], row[2]) for found in seen for row in found}
    (outcomes,), (steps,) = own.ask("select count(*) from outturn_public.outcomes", "r_public")[0], own.ask(
        "select count(*) from outturn_members.steps", "r_commissioner")[0]  # fmt: skip
    assert whole == {(release.name, outcomes, steps), (second.name, outcomes, steps)}
    assert all(len(row[3].split()) == 1 for found in seen for row in found), seen
    assert sum(seen.values()) > 20


def _hold(own: Warehouse) -> psycopg.Connection[Any]:
    """Somebody who keeps the loader from writing its last tables, in the middle of its transaction."""
    holder = psycopg.connect(own.dsn())
    holder.execute("lock table outturn_analyst.completeness in share mode")
    return holder


def _started(own: Warehouse, path: Path) -> subprocess.Popen[str]:
    """A load in a process of its own, once it waits in the middle."""
    code = (
        "import sys; from pathlib import Path; from publication.postgres import load as l, tables as t; from publication.verify import Report\n"
        "from foundation.errors import OutturnError\n"
        "l.verify_release = lambda root: Report(); t.PATIENCE = '60s'\n"
        "try: l.load(Path(sys.argv[1]), sys.argv[2], l.Names())\n"
        "except OutturnError as fault: print(fault); sys.exit(fault.exit_code)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), own.loader], text=True, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not own.ask("select 1 from pg_stat_activity where application_name = 'outturn' and wait_event_type = 'Lock'"):
        assert process.poll() is None and time.monotonic() < deadline, "the loader did not come so far"
        time.sleep(0.05)
    return process


def _still_whole(own: Warehouse, release: Path) -> None:
    assert own.in_force() == release.name
    assert len(own.ask("select 1 from outturn_members.ledger", "r_commissioner")) == 60
    for schema, name in (("outturn_public", "outcomes"), ("outturn_members", "steps"), ("outturn_analyst", "measures")):
        assert own.ask(f"select distinct load_number from {schema}.{name}") == [(1,)]
    assert own.ask("select count(*) from outturn_operations.loads") == [(1,)]


@pytest.mark.parametrize("fault", ["the loader is killed", "its connection is cut", "the server crashes"])
def test_a_load_that_dies_in_the_middle_leaves_the_former_release_whole(
    postgres: Server, own: Warehouse, release: Path, second: Path, fault: str
) -> None:
    loading.load(release, own.loader, NAMES)
    holder = _hold(own)
    process = _started(own, second)
    # while it is loading nobody waits and nobody sees anything of it
    _seen_while_loading = own.ask("select count(*), max(load_number) from outturn_public.outcomes", "r_public")
    assert _seen_while_loading[0][1] == 1
    if fault == "the loader is killed":
        process.send_signal(signal.SIGKILL)
    elif fault == "its connection is cut":
        own.ask("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'outturn'")
    else:
        postgres.stop("immediate")
        postgres.start()
    said = process.communicate(timeout=60)[0]
    holder.close()
    if fault != "the loader is killed":
        assert process.returncode == 4 and "What was not finished does not count" in said, said
    _still_whole(own, release)
    deadline = time.monotonic() + 30
    while own.ask("select 1 from pg_stat_activity where application_name = 'outturn'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    loading.load(second, own.loader, NAMES)
    assert own.in_force() == second.name


def test_two_loads_exclude_each_other(own: Warehouse, release: Path, second: Path) -> None:
    loading.load(release, own.loader, NAMES)
    with connected(own.loader, NAMES, as_loader=True) as other, tables.alone(other, NAMES):
        with pytest.raises(Refused, match="another load of this warehouse is running"):
            loading.load(second, own.loader, NAMES)
        with pytest.raises(Refused, match="another load of this warehouse is running"):
            withdraw(own.loader, NAMES, release.name, "wrong", "chief analyst")
    assert own.in_force() == release.name


def test_a_newer_version_alters_the_tables_without_keeping_readers_waiting(
    own: Warehouse, release: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading.load(release, own.loader, NAMES)
    own.ask("alter table outturn_public.outcomes drop column reason cascade")
    own.ask("alter table outturn_public.outcomes add column gone text")
    own.ask("update outturn_operations.settings set value = 'older' where name = 'layout'")
    monkeypatch.setattr(tables, "PATIENCE", "200ms")
    with psycopg.connect(own.dsn("r_public")) as reader:
        reader.execute("select 1 from outturn_public.outcomes")
        with pytest.raises(SystemFault, match="held a table of the warehouse for too long"):
            loading.load(second, own.loader, NAMES)
    assert own.in_force() == release.name
    loading.load(second, own.loader, NAMES)
    assert own.ask("select count(*) > 0 from outturn_public.outcomes where reason is not null", "r_public") == [(True,)]
    ((words,),) = own.ask(
        "select col_description('outturn_public.outcomes'::regclass, attnum) from pg_attribute where attname = 'gone'"
    )
    assert words.startswith("Blank")
    own.ask("alter table outturn_public.completeness alter missing_days type double precision")
    own.ask("update outturn_operations.settings set value = 'older' where name = 'layout'")
    with pytest.raises(Refused, match="missing_days is double precision there, and bigint in this version"):
        loading.load(second, own.loader, NAMES)


# --- what is refused ----------------------------------------------------------------------------------------------


def test_a_release_that_does_not_verify_is_refused(own: Warehouse, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from publication.verify import verify_release

    monkeypatch.setattr(loading, "verify_release", verify_release)
    ledger = copy / "members" / "ledger.csv"
    ledger.write_bytes(ledger.read_bytes().replace(b"466666666", b"466666667", 1))
    with pytest.raises(Refused, match=r"does not verify, members/ledger\.csv: has changed"):
        loading.load(copy, own.loader, NAMES)
    shutil.rmtree(copy / "members")
    with pytest.raises(Refused, match="not whole: members/ is not here"):
        loading.load(copy, own.loader, NAMES)
    # nothing was even begun
    assert own.ask("select 1 from pg_class where relname = 'outcomes'") == []


def test_a_release_that_changes_under_the_load_is_refused(own: Warehouse, release: Path, copy: Path) -> None:
    loading.load(release, own.loader, NAMES)
    for name in ("members/steps.parquet", "analyst/analyst.duckdb"):
        changed = copy / name
        raw = changed.read_bytes()
        changed.write_bytes(raw + b"\0")
        with pytest.raises(OutturnError, match=r"changed while it was loaded|cannot be read"):
            loading.load(copy, own.loader, NAMES)
        changed.write_bytes(raw)
    assert own.ask("select count(*) from outturn_operations.loads") == [(1,)]


def test_rows_that_the_server_changes_are_noticed(own: Warehouse, release: Path, second: Path) -> None:
    loading.load(release, own.loader, NAMES)
    own.ask("create function public.less() returns trigger language plpgsql as "
            "$$ begin if new.month = '2024-05' then return null; end if; return new; end $$")  # fmt: skip
    own.ask("create trigger less before insert on outturn_members.ledger for each row execute function public.less()")
    with pytest.raises(Refused, match=r"ledger came out of the warehouse otherwise .*60 rows went in, 55 came out"):
        loading.load(second, own.loader, NAMES)
    _still_whole(own, release)


def test_a_withdrawn_release_is_gone_and_stays_out(own: Warehouse, release: Path, second: Path) -> None:
    loading.load(release, own.loader, NAMES)
    loading.load(second, own.loader, NAMES)
    with pytest.raises(WrongUsage, match="whole release id, a reason"):
        withdraw(own.loader, NAMES, second.name, " ", "chief analyst")
    assert withdraw(own.loader, NAMES, second.name, "a wrong denominator", "chief analyst") == release.name
    assert own.in_force() == release.name
    assert own.ask("select title from outturn_public.release", "r_public") == [("Exampleshire outcomes",)]
    assert own.ask("select distinct load_number from outturn_members.ledger") == [(1,)]
    with pytest.raises(Refused, match="the release was withdrawn: a wrong denominator"):
        loading.load(second, own.loader, NAMES)
    # nothing to go back to: readers see nothing, not an old figure
    assert withdraw(own.loader, NAMES, release.name, "the same", "chief analyst") is None
    assert own.in_force() is None
    assert own.ask("select count(*) from outturn_public.outcomes", "r_public") == [(0,)]
    found = status(own.loader, NAMES)
    assert (found.in_force, len(found.withdrawn), [one.rows_kept for one in found.loads]) == (None, 2, [False, False])


# --- setting up, addresses and words ------------------------------------------------------------------------------


def test_setting_up_needs_a_database_of_its_own(postgres: Server) -> None:
    database = postgres.new_database()
    with psycopg.connect(postgres.dsn(database), autocommit=True) as admin:
        admin.execute("create table public.theirs (a int)")
    with connected(postgres.dsn(database), NAMES, as_loader=False) as connection:
        with pytest.raises(Refused, match=r"holds something else \(public\.theirs\)"):
            set_up(connection, NAMES)
        connection.execute("drop table public.theirs")
        connection.execute("create schema outturn_members")
        with pytest.raises(Refused, match="a schema outturn_members of somebody else"):
            set_up(connection, NAMES)


def test_who_may_create_roles_need_not_be_a_superuser(postgres: Server) -> None:
    names = Names("second_")
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create role dba login createrole")
        admin.execute("create database theirs owner dba template template0 encoding 'UTF8'")
    with connected(postgres.dsn("theirs", "dba"), names, as_loader=False) as connection:
        assert set_up(connection, names) == [names.role(role) for role in (*layout.READERS, layout.LOADER)]
        assert set_up(connection, names) == []
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("alter role second_engineer superuser")
    with (
        connected(postgres.dsn("theirs", "dba"), names, as_loader=False) as connection,
        pytest.raises(Refused, match="second_engineer is a superuser"),
    ):
        set_up(connection, names)


def test_who_may_not_load_is_told_what_to_ask_for(own: Warehouse, release: Path) -> None:
    for user, why in (("r_engineer", "may not load"), ("etl", "not set up")):
        names = NAMES if user == "r_engineer" else Names("elsewhere_")
        with pytest.raises(Refused, match=why):
            loading.load(release, own.dsn(user), names)
    with pytest.raises(Refused, match="not set up"):
        status(own.loader, NAMES)


@pytest.mark.parametrize("prefix", ["", "Outturn_", "pg_x", "1x", "a-b", "x; drop", "a" * 31])
def test_a_prefix_is_plain(prefix: str) -> None:
    with pytest.raises(WrongUsage, match="cannot begin the names"):
        Names(prefix)


def test_an_address_comes_from_the_option_or_the_environment() -> None:
    assert address("service=outturn", {}) == "service=outturn"
    assert address(None, {"OUTTURN_WAREHOUSE": "dbname=w password=x"}) == "dbname=w password=x"
    assert address(None, {"PGSERVICE": "w"}) == ""
    with pytest.raises(WrongUsage, match="no warehouse is named"):
        address(None, {})


def test_a_password_is_in_no_word_of_ours(
    postgres: Server, own: Warehouse, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "geheim-s3cret"
    for given, environment in (
        (f"dbname=w password={secret}", {}), (f"postgresql://u:{secret}@h/w", {}), (f"host=x sslpassword={secret}", {}),
        (f"password {secret}", {}), (f"postgresql://u:{secret}@h:port/%zz", {}),
        (None, {"OUTTURN_WAREHOUSE": f"password={secret} nonsense=1"}), (None, {"OUTTURN_WAREHOUSE": f"'{secret}"}),
    ):  # fmt: skip
        with pytest.raises(WrongUsage) as refused:
            address(given, environment)
        assert secret not in str(refused.value) + repr(refused.value.__cause__)
    own.ask(
        f"do $$ begin create role secretive login password '{secret}x'; exception when duplicate_object then null; end $$"
    )
    own.ask("grant outturn_loader to secretive")
    # wrong password, wrong host, wrong option: with the address in the environment, as a service would have it
    for text in (
        f"{own.dsn('secretive')} password={secret}", f"host=/nowhere dbname=w user=u password={secret}",
        f"{own.dsn('secretive')} password={secret} sslmode=verify-full sslrootcert=/nowhere/{secret}",
    ):  # fmt: skip
        monkeypatch.setenv("OUTTURN_WAREHOUSE", text)
        ran = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "warehouse", "status"], capture_output=True, text=True,
            env={**os.environ, "OUTTURN_TRACEBACK": "1"},
        )  # fmt: skip
        assert ran.returncode == 4 and "cannot be reached" in ran.stderr, ran.stderr
        assert secret not in ran.stdout + ran.stderr
    # the right one works, and neither the server's log nor the warehouse holds it
    monkeypatch.setenv("OUTTURN_WAREHOUSE", f"{own.dsn('secretive')} password={secret}x")
    loading.load(release, address(None), NAMES)
    assert secret not in str(own.ask("select * from outturn_operations.loads"))


def test_faults_of_the_server_are_said_without_its_values(own: Warehouse, release: Path) -> None:
    """A message of the server may quote a row: only its primary words are repeated."""
    loading.load(release, own.loader, NAMES)
    with pytest.raises(SystemFault) as fault, connected(own.loader, NAMES, as_loader=True) as connection:
        connection.execute(
            "insert into outturn_operations.withdrawn (release_id) values ('secret-row'), ('secret-row')"
        )
    assert "23505" in str(fault.value) and "secret-row" not in str(fault.value)


def test_a_digest_depends_on_every_row_and_not_on_their_order() -> None:
    lines = [b"a\t1", b"b\t2", b"b\t2", b""]
    digests = set()
    for order in itertools.permutations(lines):
        digest = rows.Digest()
        digest.add(order)
        digests.add((digest.rows, digest.text))
    assert len(digests) == 1
    for other in (lines[:-1], [*lines[:-1], b"c"], [b"a\t1", b"b\t2", b"b\t3", b""], [*lines, b""]):
        digest = rows.Digest()
        digest.add(other)
        assert (digest.rows, digest.text) not in digests


def test_the_command_line_sets_up_loads_and_tells(
    postgres: Server, own: Warehouse, release: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from orchestration.cli import app

    monkeypatch.setenv("OUTTURN_WAREHOUSE", own.loader)
    run = CliRunner().invoke
    assert run(app, ["warehouse", "roles", "--to", own.dsn()]).exit_code == 0
    assert run(app, ["warehouse", "load", str(release)]).exit_code == 0
    assert run(app, ["warehouse", "load", str(release)]).exit_code == 0
    named = ["--agreement", "derbyshire-real-only", "--member", OWN]
    assert run(app, ["warehouse", "member", "r_member", *named]).exit_code == 0
    assert run(app, ["warehouse", "status"]).exit_code == 0
    assert own.ask("select count(*) from outturn_members.ledger", "r_member") == [(12,)]
    own.ask("grant select on outturn_members.ledger to r_analyst")
    assert run(app, ["warehouse", "status"]).exit_code == 1
    assert (
        run(app, ["warehouse", "withdraw", release.name, "--reason", "wrong", "--by", "chief analyst"]).exit_code == 0
    )
    assert own.in_force() is None


def _queries(page: Path) -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", page.read_text(), re.S | re.M)


def _alike(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Numbers of both engines: a quotient is of another type in each."""
    return [
        tuple(round(Decimal(str(cell)), 6) if isinstance(cell, (Decimal, float)) else cell for cell in row)
        for row in rows
    ]


@pytest.mark.parametrize(
    ("page", "database", "schema", "user", "least"),
    [
        ("docs/reference/views.md", "public/published.duckdb", "outturn_public", "r_public", 6),
        ("docs/how-to/query-the-release.md", "analyst/analyst.duckdb", "outturn_analyst", "r_analyst", 0),
    ],
)
def test_the_queries_of_the_pages_run_alike_on_both_engines(
    repository: Path, warehouse: Warehouse, release: Path, page: str, database: str, schema: str, user: str, least: int
) -> None:
    import duckdb

    queries, answered = _queries(repository / page), 0
    assert len(queries) >= 6
    with (
        duckdb.connect(str(release / database), read_only=True) as file,
        psycopg.connect(warehouse.dsn(user), autocommit=True) as live,
    ):
        live.execute(f"set search_path = {schema}")
        for query in queries:
            rows = file.execute(query).fetchall()
            assert _alike(live.execute(query).fetchall()) == _alike(rows), query
            answered += bool(rows)
    assert answered >= least


def test_views_say_what_the_tables_say(release: Path) -> None:
    """Counted again in Python from the rows of the table."""
    from publication import columns
    from publication.reader import open_release

    opened = open_release(release)
    outcomes = opened.public(columns.OUTCOMES)
    views = opened.duckdb("public/published.duckdb")
    shown = [row for row in outcomes if row["value"] is not None]
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in sorted(shown, key=lambda one: one["period_end"]):
        last[row["indicator_id"], row["area_code"], row["period_kind"]] = row
    assert {row["figure_id"]: row["value"] for row in views["latest"]} == {
        row["figure_id"]: row["value"] for row in last.values()
    }
    assert {row["figure_id"] for row in views["not_shown"]} == {row["figure_id"] for row in outcomes} - {
        row["figure_id"] for row in shown
    }
    assert all(row["marker"] in ("w", "x", "c", "z") and row["reason"] for row in views["not_shown"])
    places = {(row["indicator_id"], row["period_kind"], row["period_start"]): row for row in shown}
    wanted = {}
    for (indicator, kind, start), row in places.items():
        before = places.get((indicator, kind, start.replace(year=start.year - 1)))
        if before is not None:
            wanted[row["figure_id"]] = (before["figure_id"], row["value"] - before["value"])
    assert {row["figure_id"]: (row["before_figure_id"], row["change"]) for row in views["year_on_year"]} == wanted
    assert len(wanted) > 10


def test_types_of_the_layout_are_all_used() -> None:
    assert {column.kind for table in (*layout.KEPT, *layout.DATA) for column in table.columns} <= set(layout.TYPES)
    assert server.LEAST_VERSION == 150000


# --- a release of an older format ---------------------------------------------------------------------------------


def test_a_release_of_the_version_before_is_loaded_and_said_to_be(
    own: Warehouse, release: Path, tmp_path: Path
) -> None:
    """ADR 40: what it does not hold stands empty; nothing else of it is another."""
    older = as_before(release, tmp_path)
    done = loading.load(older, own.loader, NAMES)
    assert done.how == "loaded"
    assert "public/data/revisions" in done.older[1]
    assert own.ask("select count(*) from outturn_public.revisions") == [(0,)]
    assert {pence for (pence,) in own.ask("select if_unchanged_pence from outturn_public.statement")} == {None}
    with (release / "public/data/outcomes.csv").open(newline="") as file:
        count = sum(1 for _ in csv.DictReader(file))
    assert own.ask("select count(*) from outturn_public.outcomes") == [(count,)]
    assert loading.load(release, own.loader, NAMES).older == ()
