"""Which tokens are one person: the link table of a data cut.

Belongs here: the passes that give every token its person, and the small hand-made list that undoes a wrong one. Not
here: where the table is kept (`ingest.identity.links`), how rows look their person up (the warehouse).

Columns: `token`, `token_kind` (person, match, local), `person_key`, `basis`, sorted by token and kind. A row belongs
to the person of its person token, else of its match token, else of its local token. The passes (why: docs/adr/0008):

1. every person token is a person, under a key made of the token;
2. a match token that stands beside exactly one person token belongs to that person; beside several it is `ambiguous`
   and listed without a person; beside none it is a person of its own;
3. a match token of its own that likeness joins to others (`ingest.identity.likely`) belongs to the person of the one
   number among them; with no number, to the least of them; with several numbers to itself, as before;
4. a local token whose rows have, through 1 to 3, exactly one person belongs to that person; several: `ambiguous`;
   none: a person of its own.

A feed with the rule `exclude_when_tied` is different: its rows know no match tokens of their own; a local token that
stands beside a person token anywhere in the feed is `excluded`: listed without a person, so that its rows without a
number are found and left out of headcounts; any other is a person of its own.

The answer depends on the set of rows alone, not on their order, number or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foundation.errors import Refused, SystemFault

# bumped when the passes change: a stored table is then made again
METHOD = 3
PERSON, MATCH, LOCAL = "person", "match", "local"
NUMBER, PROBABLE, EXCLUDED, AMBIGUOUS = "number", "probable", "excluded", "ambiguous"
SCHEMA = pa.schema(
    [
        pa.field("token", pa.string(), nullable=False),
        pa.field("token_kind", pa.string(), nullable=False),
        pa.field("person_key", pa.int64()),
        pa.field("basis", pa.string(), nullable=False),
    ]
)
_ALIKE_SCHEMA = pa.schema([("person", pa.int64()), ("token", pa.string())])
_TOKENS = ("person_token", "match_token", "local_token")
_SEEN = ", ".join(("tied", *_TOKENS))
_KEY_DIGITS = 15  # hexadecimal: 60 bits, so that a key is a positive BIGINT everywhere
_MEMORY = "1536MB"


@dataclass(frozen=True)
class FeedRows:
    """Lake files of one linkable feed, and how its contract says they link."""

    feed: str
    files: tuple[Path, ...]
    tokens: tuple[str, ...]
    exclude_when_tied: bool = False
    link_when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Override:
    """A link undone by hand. `apart_from`: the token's person is not that token's; None: it links to nobody.

    For a person token None means that the number is believed nowhere (several people were given it).
    """

    token: str
    apart_from: str | None = None


def person_key(token: str) -> int:
    """The key of the person a token stands for when it stands for one by itself."""
    return int(sha256(token.encode()).hexdigest()[:_KEY_DIGITS], 16)


def build_links(
    feeds: Sequence[FeedRows],
    overrides: Iterable[Override] = (),
    scratch: Path | None = None,
    alike: Iterable[Sequence[str]] = (),
) -> Any:
    """The link table of the feeds' rows. SystemFault when two persons would have the same key.

    alike: groups of tokens that likeness says are one person each; none is in two groups.
    scratch: a folder inside the vault for what does not fit into memory; None keeps everything in memory.
    """
    import duckdb

    undone = sorted(set(overrides), key=lambda item: (item.token, item.apart_from or ""))
    with duckdb.connect(config=_settings(scratch)) as connection:
        _load(connection, feeds, "seen")
        _passes(connection, undone, alike)
        if connection.execute(_ALIKE.format(key=_key())).fetchall()[0][0]:
            raise SystemFault(
                "two persons would have the same key.",
                f"keys are {4 * _KEY_DIGITS} bits of a hash: report it, with the number of persons.",
            )
        return connection.sql(_SORTED.format(key=_key())).to_arrow_table().cast(SCHEMA)


def same_evidence(
    kept: Sequence[FeedRows], gone: Sequence[FeedRows], come: Sequence[FeedRows], scratch: Path | None = None
) -> bool:
    """Whether the link table is certainly the same with the files that came as it was with those that went.

    kept: the files before and after. True where what went and what came say the same, or differ by a row that knows
    nothing but a person token which other rows know as well: the passes take nothing from it but that the person is
    there. False does not say that the table is another.
    """
    import duckdb

    with duckdb.connect(config=_settings(scratch)) as connection:
        _load(connection, gone, "gone")
        _load(connection, come, "come")
        connection.execute(_MOVED)
        if connection.execute("select count(*) from moved where not bare").fetchall()[0][0]:
            return False
        connection.execute(_ALONE)
        # the largest first: a register knows nearly everybody, and what nobody asks about any more is not read
        for item in sorted(kept, key=lambda one: (-sum(path.stat().st_size for path in one.files), one.feed)):
            if not connection.execute("select count(*) from alone").fetchall()[0][0]:
                return True
            if item.files and "person_token" in item.tokens:
                rows, given = _rows(item, "person_token")
                connection.execute(f"delete from alone where person_token in (select person_token from {rows})", given)  # noqa: S608 (names of our own)
        return not connection.execute("select count(*) from alone").fetchall()[0][0]


def _settings(scratch: Path | None) -> dict[str, str]:
    return {"memory_limit": _MEMORY, "temp_directory": "" if scratch is None else str(scratch)}


def _key() -> str:
    """`person_key` of an owner, as the engine says it."""
    return f"cast('0x' || substr(sha256(owner), 1, {_KEY_DIGITS}) as bigint)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rows(item: FeedRows, picked: str) -> tuple[str, list[Any]]:
    """Rows of a feed that may be linked: a query in brackets and what it is given."""
    where = " and ".join(f"{_quoted(name)} = ?" for name in sorted(item.link_when)) or "true"
    query = f"(select {picked} from read_parquet(?, hive_partitioning = false, union_by_name = false) where {where})"  # noqa: S608 (names of our own)
    return query, [sorted(str(path) for path in item.files), *(item.link_when[name] for name in sorted(item.link_when))]


def _load(connection: Any, feeds: Sequence[FeedRows], table: str) -> None:
    """Distinct combinations of tokens by kind of feed: everything the passes look at."""
    connection.execute(
        f"create table {table} (tied boolean, person_token varchar, match_token varchar, local_token varchar)"
    )
    for item in sorted(feeds, key=lambda one: one.feed):
        if not item.files:
            continue
        picked = ", ".join(name if name in item.tokens else "cast(null as varchar)" for name in _TOKENS)
        rows, given = _rows(item, f"distinct ?, {picked}")
        connection.execute(f"insert into {table} select * from {rows}", [item.exclude_when_tied, *given])  # noqa: S608 (names of our own)


_MOVED = """
create table moved as
select *, match_token is null and local_token is null as bare
from (
    (select * from gone union select * from come) except (select * from gone intersect select * from come)
) as other;
create table both_times as select * from gone intersect select * from come;
"""
_ALONE = """
create table alone as
select distinct m.person_token
from moved as m
where m.person_token is not null
    and not exists (select 1 from both_times as b where b.person_token = m.person_token)
"""
# `owner` is the token that names the person: the person's key is made of it. Null: listed without a person.
_FIRST = """
create table disbelieved as
select o.token from overrides as o where o.apart_from is null
    and o.token in (select s.person_token from seen as s where s.person_token is not null);
create table evidence as
select distinct
    s.tied, case when d.token is null then s.person_token end as person_token, s.match_token, s.local_token
from seen as s left join disbelieved as d on s.person_token = d.token;
drop table seen;
create table persons as
select distinct e.person_token as token from evidence as e where e.person_token is not null;
create table matches as
select e.match_token as token, coalesce(min(e.person_token), e.match_token) as owner,
    case when min(e.person_token) is null then 'match' else 'number' end as basis
from evidence as e
where e.match_token is not null and (not e.tied or e.person_token is not null)
group by e.match_token
having min(e.person_token) is null or min(e.person_token) = max(e.person_token);
create table unresolved as
select e.match_token as token, 'match' as token_kind
from evidence as e
where e.match_token is not null and (not e.tied or e.person_token is not null)
group by e.match_token
having min(e.person_token) <> max(e.person_token);
"""
# A number stands in a group by itself, or through a match token that rows elsewhere have beside it.
_ALIKE_TOKENS = """
create table numbers as
select a.person, n.token from alike as a join persons as n on a.token = n.token
union
select a.person, m.owner from alike as a join matches as m on a.token = m.token where m.basis = 'number';
create table targets as
with own as (
    select a.person, a.token from alike as a join matches as m on a.token = m.token where m.basis = 'match'
), least as (
    select o.person, min(o.token) as token from own as o group by o.person
), known as (
    select n.person, min(n.token) as token, count(*) as how_many from numbers as n group by n.person
)
select o.token, coalesce(k.token, l.token) as owner
from own as o
join least as l on o.person = l.person
left join known as k on o.person = k.person
where coalesce(k.how_many, 1) = 1;
update matches set owner = t.owner, basis = 'probable'
from targets as t where matches.token = t.token and t.owner <> t.token;
drop table numbers;
drop table targets;
drop table alike;
"""
_SECOND = """
create table tied_tokens as
select e.local_token as token, max(case when e.person_token is not null then 1 else 0 end) as has_number
from evidence as e where e.tied and e.local_token is not null group by e.local_token;
create table owners as
select distinct e.local_token as token, coalesce(e.person_token, m.owner) as owner,
    case when e.person_token is not null then 'number' when m.basis = 'probable' then 'probable' else 'match' end
        as basis
from evidence as e left join matches as m on e.match_token = m.token
where not e.tied and e.local_token is not null;
create table locals as
select t.token, case when t.has_number = 0 then t.token end as owner,
    case when t.has_number = 1 then 'excluded' else 'local' end as basis
from tied_tokens as t
union all
select w.token, coalesce(min(w.owner), w.token) as owner,
    case
        when max(w.owner) is null then 'local'
        when max(case when w.owner is not null and w.basis = 'number' then 1 else 0 end) = 1 then 'number'
        when max(case when w.owner is not null and w.basis = 'probable' then 1 else 0 end) = 1 then 'probable'
        else 'match'
    end as basis
from owners as w
where w.token not in (select t.token from tied_tokens as t)
group by w.token
having min(w.owner) is null or min(w.owner) = max(w.owner);
insert into unresolved
select w.token, 'local' as token_kind
from owners as w
where w.token not in (select t.token from tied_tokens as t)
group by w.token
having min(w.owner) <> max(w.owner);
drop table evidence;
drop table owners;
"""
_LAST = """
create table links as
select p.token, 'person' as token_kind, p.token as owner, 'number' as basis from persons as p
union all
select d.token, 'person' as token_kind, cast(null as varchar) as owner, 'excluded' as basis from disbelieved as d
union all
select m.token, 'match' as token_kind, m.owner, m.basis from matches as m
union all
select c.token, 'local' as token_kind, c.owner, c.basis from locals as c
union all
select u.token, u.token_kind, cast(null as varchar) as owner, 'ambiguous' as basis from unresolved as u
"""


_ALIKE = """
select count(*) from (
    select {key} as person_key from links where owner is not null group by 1 having min(owner) <> max(owner)
) as alike
"""
_SORTED = "select token, token_kind, {key} as person_key, basis from links order by token, token_kind"


def _passes(connection: Any, overrides: Sequence[Override], alike: Iterable[Sequence[str]]) -> None:
    connection.execute("create table overrides (token varchar, apart_from varchar)")
    for item in overrides:
        connection.execute("insert into overrides values (?, ?)", [item.token, item.apart_from])
    connection.execute(_FIRST)
    numbers = (
        "select count(*) from overrides as o join persons as p on o.token = p.token where o.apart_from is not null"
    )
    if connection.execute(numbers).fetchall()[0][0]:
        raise Refused(
            "a hand-made correction would set a person token apart from another token.",
            "name the match or local token that went wrong as the one to move; a number can only be disbelieved.",
        )
    rows = [(number, token) for number, group in enumerate(alike) for token in group]
    connection.register(
        "given_alike",
        pa.table({"person": [row[0] for row in rows], "token": [row[1] for row in rows]}, schema=_ALIKE_SCHEMA),
    )
    connection.execute("create table alike as select * from given_alike")
    connection.execute(_ALIKE_TOKENS)
    # undone where it was done: a token that followed the wrong one follows it to its own person
    _set_apart(connection, "matches", MATCH, overrides)
    connection.execute(_SECOND)
    _set_apart(connection, "locals", LOCAL, overrides)
    connection.execute(_LAST)


def _set_apart(connection: Any, table: str, kind: str, overrides: Sequence[Override]) -> None:
    """Make the tokens that overrides name persons of their own where the passes gave them the wrong one."""
    known = "select p.token, p.token as owner from persons as p union all select m.token, m.owner from matches as m"
    if kind == LOCAL:
        known += " union all select c.token, c.owner from locals as c"
    # both are made of our own tables' names alone
    moved = f"update {table} set owner = token, basis = ? where token = ? and owner is not null and owner <> token"  # noqa: S608
    same_person = f" and owner in (select k.owner from ({known}) as k where k.token = ?)"  # noqa: S608
    for item in overrides:
        if item.apart_from is None:
            connection.execute(moved, [kind, item.token])
        else:
            connection.execute(moved + same_person, [kind, item.token, item.apart_from])


def links_diff(old: Any, new: Any) -> bool:
    """Whether a token of the old table is gone from the new one, or has another person or basis there.

    New tokens alone change no figure of rows that were there before; this does, in any month.
    """
    before = old.join(new, keys=["token", "token_kind"], join_type="left outer", right_suffix="_new")
    gone = pc.is_null(before.column("basis_new"))
    moved = pc.not_equal(before.column("person_key"), before.column("person_key_new"))
    lost = pc.not_equal(pc.is_null(before.column("person_key")), pc.is_null(before.column("person_key_new")))
    other = pc.not_equal(before.column("basis"), before.column("basis_new"))
    return any(bool(pc.any(column.combine_chunks()).as_py()) for column in (gone, moved, lost, other))
