"""What stands in the shared warehouse, as data: schemas, tables, their readers, and which rows a reader sees.

Belongs here: names, columns, comments and the rule of each table, from which every statement, the page of reference and
the tests of access are made. Not here: SQL that changes a server (roles, load).

Every row carries the number of its loading. Readers see the rows of one loading, the one that `release` points at, so
that a change of release is a change of one row: whoever reads in a transaction goes on reading what they began with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foundation.canonical import content_id
from foundation.errors import WrongUsage
from publication import columns
from publication.columns import Column, Schema
from publication.views import PUBLISHED, View
from settlement.postings import ALLIANCE_LINES

DEFAULT_PREFIX = "outturn_"
# roles that read; one login may have several of them
READERS = ("public", "commissioner", "member", "analyst", "engineer")
LOADER = "loader"
# file of a release that holds what analysts get
DATABASE = "analyst/analyst.duckdb"
LOAD_NUMBER = Column("load_number", "integer", "loading the row belongs to: column of the table release")
# Numbers keep the scale of the release's files: clients that are given none cut digits off (the ODBC driver: six).
TYPES = {
    "text": "text",
    "integer": "bigint",
    "decimal": "numeric(20,9)",
    "exact": "numeric",
    "date": "date",
    "boolean": "boolean",
    "list": "text",
    "moment": "timestamp with time zone",
}


@dataclass(frozen=True)
class Area:
    """One schema: whose part of a release it holds, the classification of all of it, and who may use it."""

    name: str
    classification: str
    readers: tuple[str, ...]
    comment: str


@dataclass(frozen=True)
class Table:
    """One table. `own`: condition under which a row is one of the member's own, where a member sees only those.

    readers: who may select; empty: nobody but the loader. kept: whether it holds what `load` keeps for itself and no
    rows of a release. source: its file in the release.
    """

    area: str
    schema: Schema
    readers: tuple[str, ...]
    source: str = ""
    own: str | None = None
    kept: bool = False

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.schema.columns if self.kept else (*self.schema.columns, LOAD_NUMBER)


AREAS = (
    Area("public", "public", READERS, "Figures anybody may see, after disclosure control and the gate."),
    Area(
        "members", "members only", ("commissioner", "member"),
        "The open book: costs, KPI return, every step and posting. A member sees its own lines.",
    ),
    Area(
        "analyst", "restricted", ("analyst",),
        "Exact figures before disclosure control: nothing read here may be published as it is.",
    ),
    Area("operations", "internal", ("engineer",), "What was loaded and when, with the hashes it was proved by."),
)  # fmt: skip
CLASSIFICATION = {area.name: area.classification for area in AREAS}


def _kept(name: str, comment: str, order: str, lines: str) -> Schema:
    found = [Column(*(part.strip() for part in line.split("|", 2))) for line in lines.strip().splitlines()]
    return Schema(name, comment, tuple(order.split()), tuple(found))


RELEASE = _kept(
    "release", "The release in force: one row, or none where nothing is published.", "release_id",
    """
    release_id | text | id of the release: the hash of its manifest
    load_number | integer | its loading into this warehouse
    place_id | text | place it is about
    title | text | title of the place's pages
    classification | text | classification of this schema
    data_cut_id | text | id of the data cut
    definitions_hash | text | hash of contracts, catalogue and dbt project
    code_version | text | version of the product that built it
    engine_version | text | version of the settlement engine; blank where nothing was settled
    loaded_at | moment | when it came into force here
    """,
)  # fmt: skip
LOGINS = _kept(
    "logins", "Which logins read as which member of which agreement. A login sees its own entries.", "login",
    """
    login | text | name of the login
    agreement_id | text | agreement
    member_id | text | member it reads as
    sees | text | own: that member's lines; open_book: those of all members of the agreement
    granted_by | text | login that entered it
    granted_at | moment | when
    """,
)  # fmt: skip
LOADS = _kept(
    "loads", "Every loading that was finished.", "load_number",
    """
    load_number | integer | number of the loading
    release_id | text | release that was loaded
    row_count | integer | rows of all its tables
    rows_kept | boolean | whether its rows are still here; false for a former release that was dropped
    loaded_at | moment | when
    loaded_by | text | login that loaded it
    told | text | what the table release says of it, as JSON, for a withdrawal to go back to
    """,
)  # fmt: skip
TABLES = _kept(
    "tables", "Each table of each loading: how many rows, and the hash under which they were proved.", "load_number",
    """
    load_number | integer | number of the loading
    schema_name | text | schema
    table_name | text | table
    classification | text | public, members only or restricted
    source | text | file of the release it was read from
    row_count | integer | rows of the release, counted here after loading
    contents_sha256 | text | sum of the hashes of its rows, the same in the release and here
    """,
)  # fmt: skip
WITHDRAWN = _kept(
    "withdrawn", "Releases that were withdrawn: they are not loaded again.", "release_id",
    """
    release_id | text | release
    reason | text | why, in words
    withdrawn_by | text | role or name that was given
    withdrawn_at | moment | when
    """,
)  # fmt: skip
SETTINGS = _kept(
    "settings", "What the loader notes for itself.", "name",
    """
    name | text | what it is
    value | text | its value
    """,
)  # fmt: skip

_ALLIANCE = "line in (" + ", ".join(f"'{line}'" for line in ALLIANCE_LINES) + ")"
_PARTY = "l.member_id in (t.payer, t.payee)"
# Which rows of the open book are a member's own. `t` is the table, `l` the entry of the login; the agreement is
# compared always. `true`: of the alliance as a whole. Steps print what every member spent: they are for those alone who
# see the whole open book.
OWN = {
    "kpi_return": "true",
    "steps": "false",
    "ledger": "l.member_id = t.member_id",
    "postings": f"t.{_ALLIANCE} or {_PARTY}",
    "prior_postings": f"t.{_ALLIANCE} or {_PARTY}",
    "member_lines": "l.member_id = t.member_id",
    "payments": _PARTY,
    "journal": "l.member_id = t.party",
    "advances": "l.member_id = t.member_id",
}
_MEMBERS = ("commissioner", "member")
DATA = (
    *(Table("public", schema, READERS, f"public/data/{schema.name}.parquet") for schema in columns.PUBLIC),
    *(
        Table("members", schema, _MEMBERS, f"members/{schema.name}.parquet", own=OWN[schema.name])
        for schema in columns.MEMBERS
    ),
    *(Table("analyst", schema, ("analyst",), DATABASE) for schema in (*columns.ANALYST, columns.INDICATOR_EVENTS)),
)
KEPT = (
    Table("public", RELEASE, READERS, kept=True),
    Table("members", LOGINS, ("member",), own="l.login = t.login", kept=True),
    Table("operations", LOADS, ("engineer",), kept=True),
    Table("operations", TABLES, ("engineer",), kept=True),
    Table("operations", WITHDRAWN, ("engineer",), kept=True),
    Table("operations", SETTINGS, (), kept=True),
)
# the same release told in the members' and the analysts' schema, with the classification of what stands there
RELEASE_VIEWS = ("members", "analyst")
KEYS = {
    "release": "(true)", "logins": "login, agreement_id, member_id", "loads": "load_number",
    "tables": "load_number, schema_name, table_name", "withdrawn": "release_id", "settings": "name",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Names on the server under one prefix; roles belong to the whole server, so two warehouses need two prefixes."""

    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", self.prefix) or self.prefix.startswith("pg_"):
            raise WrongUsage(
                f"{self.prefix!r} cannot begin the names of roles and schemas.",
                "use up to 30 small letters, digits and underscores, beginning with a letter and not with pg_.",
            )

    def role(self, reader: str) -> str:
        return self.prefix + reader

    def area(self, area: str) -> str:
        return self.prefix + area

    def table(self, table: Table) -> str:
        """The table's qualified name, which needs no quotes: prefix and names are plain."""
        return f"{self.area(table.area)}.{table.name}"

    @property
    def loader(self) -> str:
        return self.prefix + LOADER

    @property
    def release(self) -> str:
        return f"{self.area('public')}.release"

    @property
    def logins(self) -> str:
        return f"{self.area('members')}.logins"

    def operations(self, name: str) -> str:
        return f"{self.area('operations')}.{name}"


def views(names: Names) -> Iterator[tuple[str, View]]:
    """(area, view) of every view; its text names tables with their schema."""
    for view in PUBLISHED:
        yield "public", view.within(f"{names.area('public')}.")
    told = ", ".join(f"'{{classification}}' as {name}" if name == "classification" else name for name in RELEASE.names)
    for area in RELEASE_VIEWS:
        text = f"select {told} from {names.release}".replace("{classification}", CLASSIFICATION[area])  # noqa: S608
        comment = "The release in force, with the classification of this schema."
        yield area, View("release", comment, text, tuple((c.name, c.meaning) for c in RELEASE.columns))


def rule(names: Names, table: Table, reader: str) -> str:
    """The condition under which a reader sees a row of a table."""
    in_force = "true" if table.kept else f"load_number = (select r.load_number from {names.release} r)"  # noqa: S608
    if reader != "member" or table.own is None:
        return in_force
    if table.name == LOGINS.name:
        return "login = current_user"
    own = re.sub(r"\bt\.", f"{table.name}.", table.own)
    return (
        f"{in_force} and exists (select 1 from {names.logins} l where l.login = current_user "  # noqa: S608
        f"and l.agreement_id = {table.name}.agreement_id and (l.sees = 'open_book' or {own}))"
    )


def layout_hash(names: Names) -> str:
    """Changes when anything does that stands on the server, so that a server is altered only then."""
    return content_id(
        {
            "tables": [
                [names.table(t), t.schema.comment, [[c.name, c.kind, TYPES[c.kind], c.meaning] for c in t.columns],
                 [[reader, rule(names, t, reader)] for reader in t.readers]]
                for t in (*KEPT, *DATA)
            ],
            "views": [[area, view.name, view.comment, view.text, [list(c) for c in view.columns]]
                      for area, view in views(names)],
            "areas": [[area.name, area.classification, area.comment, list(area.readers)] for area in AREAS],
        }
    )  # fmt: skip
