"""People's rights in a whole home: erased, run once more, searched byte by byte; and the end of a contract."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from demo_home import DemoHome, outturn

from foundation.home import Home
from foundation.tokens import demo_master_key, derive_key
from ingest.identity.rights import tombstone_key

# released with figures withheld: a small borough always has some
RELEASED = (0, 3)


def _last_month(home: Path) -> str:
    from places import find_place

    settings = json.loads((home / "home.json").read_bytes())
    return find_place("greenwich", settings["residents"]).last_month


def _inside(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Bytes and contents of every file below a folder; no code of the product's own search."""
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            table = pq.ParquetFile(path).read()
            for column in table.columns:
                yield path, "\n".join(str(value) for value in column.unique().to_pylist()).encode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                asked = "select table_name, column_name from duckdb_columns() where not internal"
                for table, column in connection.execute(asked).fetchall():
                    rows = connection.execute(f'select distinct cast("{column}" as varchar) from "{table}"').fetchall()
                    yield path, "\n".join(str(value) for (value,) in rows).encode()


def _holding(home: Path, needles: set[str]) -> set[str]:
    wanted = [needle.encode() for needle in needles]
    return {str(path.relative_to(home)) for path, data in _inside(home) if any(needle in data for needle in wanted)}


def _linked(home: Path) -> list[tuple[str, int]]:
    """Every token and the person it is linked to."""
    tables = [str(path) for path in (home / "vault" / "identity" / "links").glob("*.parquet")]
    with duckdb.connect() as connection:
        return connection.execute("select token, person_key from read_parquet(?)", [tables]).fetchall()


def _somebody(home: Path) -> tuple[set[str], int]:
    """The tokens of the person with most hospital stays, and their key in the warehouse."""
    pattern = str(home / "lake" / "feed=admitted_care" / "*" / "*" / "*" / "*.parquet")
    with duckdb.connect() as connection:
        (token,) = connection.execute(
            "select person_token from read_parquet(?) where person_token is not null "
            "group by 1 order by count(*) desc, 1 limit 1",
            [pattern],
        ).fetchall()[0]
    links = _linked(home)
    key = next(person for name, person in links if name == token)
    return {name for name, person in links if person == key}, key


def _beside(home: Path, tokens: set[str]) -> tuple[set[str], set[str]]:
    """Every token on a row of the lake that bears one of these, and every token on a row that bears none."""
    found: tuple[set[str], set[str]] = (set(), set())
    for path in sorted((home / "lake").rglob("*.parquet")):
        table = pq.ParquetFile(path).read()
        bearing = [table[name].to_pylist() for name in table.column_names if name.endswith("_token")]
        for row in zip(*bearing, strict=True):
            found[0 if tokens.intersection(row) else 1].update(token for token in row if token is not None)
    return found


@pytest.fixture(scope="module")
def erased(greenwich: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, set[str], int]:
    """A home in which one person was erased and the main job run once more; its release before, the person."""
    home = Path(shutil.copytree(greenwich.root, tmp_path_factory.mktemp("erased") / "home", symlinks=True))
    before = (home / "releases" / "current").resolve()
    tokens, key = _somebody(home)
    who = home.parent / "who.json"
    who.write_text(json.dumps({"tokens": sorted(tokens)[:1]}))
    words = ("person-request", "erase", "--identifiers", str(who), "--grounds", "article 17", "--by", "dpo")
    refused = outturn(*words, home=home)
    assert refused.code == 1, refused.out
    assert "public task" in refused.out
    assert _holding(home / "lake", {token.partition(":")[2] for token in tokens})
    granted = outturn(*words, "--grant", "--reason", "by order of a court", home=home)
    assert granted.code == 0, granted.out
    assert not any(token in refused.out + granted.out for token in tokens)
    ran = outturn("run", "--period", _last_month(home), home=home)
    assert ran.code in RELEASED, ran.out
    return home, before, tokens, key


def test_one_rebuild_later_no_byte_of_the_person_is_found(
    erased: tuple[Path, Path, set[str], int], greenwich: DemoHome
) -> None:
    home, _, tokens, key = erased
    digits = {token.partition(":")[2] for token in tokens}
    assert _holding(home, digits) == set()
    analysts = derive_key("a1", demo_master_key("greenwich"), "analyst", "greenwich-public-health")
    assert _holding(home, {analysts.token(str(key)), str(key)}) == set()
    stones = json.loads((home / "vault" / "tombstones" / "tombstones.json").read_bytes())
    # those linked, and at most such as stand on their rows too: nobody else is forgotten with them
    made_of = tombstone_key(Home(home))
    assert set(map(str, made_of.tokens(sorted(tokens)))) <= set(stones)
    beside, elsewhere = _beside(greenwich.root, tokens)
    assert set(stones) <= set(map(str, made_of.tokens(sorted(tokens | beside))))
    assert len(elsewhere) > 1000
    assert not set(stones) & set(map(str, made_of.tokens(sorted(elsewhere - tokens))))


def test_the_restatement_says_what_moved(erased: tuple[Path, Path, set[str], int]) -> None:
    home, before, _, _ = erased
    after = (home / "releases" / "current").resolve()
    assert after != before
    told = json.loads((home / "restatements" / f"{before.name[:16]}..{after.name[:16]}.json").read_bytes())
    touched = [item for item in told["changes"] if item["table"] == "submission"]
    assert touched
    assert all(item["change"] == "changed" and "rights of the people" in item["after"] for item in touched)


def _column(release: Path, table: str, name: str) -> dict[str, str]:
    with (release / "members" / f"{table}.csv").open(newline="") as handle:
        return {row["figure_id"]: row[name] for row in csv.DictReader(handle)}


def test_what_an_erasure_moves_and_who_owes_whom_is_said(erased: tuple[Path, Path, set[str], int]) -> None:
    """Every figure that money depends on and every penny that moved is in the restatement, and nothing else is; of a
    year that is withheld or in shadow nobody owes anything, whatever moved."""
    home, before, tokens, _ = erased
    after = (home / "releases" / "current").resolve()
    told = json.loads((home / "restatements" / f"{before.name[:16]}..{after.name[:16]}.json").read_bytes())

    def said(table: str, entry: str) -> dict[str, str]:
        return {item["name"]: item[entry] for item in told["changes"] if item["table"] == table}

    was, now = (_column(release, "kpi_return", "value") for release in (before, after))
    moved = {figure for figure in now if now[figure] != was[figure]}
    assert moved
    assert moved <= said("kpi", "after").keys()
    for table, name in (("postings", "posting"), ("member_lines", "member")):
        was, now = (_column(release, table, "amount_pence") for release in (before, after))
        assert was.keys() == now.keys() != set()
        pence = {figure: int(now[figure]) - int(was[figure]) for figure in now if now[figure] != was[figure]}
        assert pence == {figure: int(difference) for figure, difference in said(name, "difference").items()}
    standing, net = (_column(after, "payments", name) for name in ("standing", "net_pence"))
    assert set(standing.values()) <= {"shadow", "withheld"}
    assert {net[figure] for figure, how in standing.items() if how == "withheld"} <= {"0"}
    assert set(_column(after, "payments", "document").values()) == {""}, "no invoice, no credit note"
    proved = outturn("verify", str(after), "--after", str(before), home=home)
    assert proved.code == 0, proved.out
    assert not any(token.partition(":")[2] in json.dumps(told) for token in tokens)


def test_former_releases_still_prove_and_explain_themselves(erased: tuple[Path, Path, set[str], int]) -> None:
    """Their analysts' database is gone; everything else stands as it was."""
    home, before, _, _ = erased
    assert not (before / "analyst").exists()
    proved = outturn("verify", str(before), home=home)
    assert proved.code == 0, proved.out
    assert "analyst/ is not here" in proved.out
    now = outturn("verify", str(home / "releases" / "current"), home=home)
    assert now.code == 0, now.out
    with (before / "public" / "data" / "outcomes.csv").open() as handle:
        columns = handle.readline().rstrip("\n").split(",")
        figure = handle.readline().split(",")[columns.index("figure_id")]
    traced = outturn("explain", str(before), figure, home=home)
    assert traced.code == 0, traced.out
    well = outturn("person-cases", home=home)
    assert well.code == 0, well.out
    assert "the chain is whole" in well.out


def _figures(home: Path) -> list[tuple[object, ...]]:
    """Every figure of people's and of days' indicators, as the analysts see them."""
    found: list[tuple[object, ...]] = []
    release = (home / "releases" / "current").resolve()
    with duckdb.connect(str(release / "analyst" / "analyst.duckdb"), read_only=True) as connection:
        for table in ("measures", "breakdowns"):
            found += connection.execute(
                f"select figure_id, value, numerator, denominator, marker from {table} order by all"
            ).fetchall()
    return found


def test_two_trusts_that_change_names_give_the_same_indicators(greenwich: DemoHome, tmp_path: Path) -> None:
    """End of contract: export A, import as B. Both trusts are taken over, each under the other's name."""
    from dbt_project.catalogue import load_catalogue
    from orchestration.cycle import agreements_of
    from orchestration.deciding import approve_for_demo
    from places import find_place

    trusts = {"ZAT1": "ZAT2", "ZAT2": "ZAT1"}
    for name in trusts:
        made = outturn("export", "--organisation", name, "--out", str(tmp_path / name), home=greenwich.root)
        assert made.code == 0, made.out
    place = find_place("greenwich", json.loads((greenwich.root / "home.json").read_bytes())["residents"])
    home = Home(tmp_path / "successor")
    home.create(demo=True, place=place.name, residents=place.residents)
    for item in place.submissions():
        if item.organisation not in trusts:
            item.write(home.landing)
    for agreement in agreements_of(home):
        approve_for_demo(home, place, agreement)
    for name, successor in trusts.items():
        taken = outturn("import", str(tmp_path / name), "--as", successor, home=home.root)
        assert taken.code == 0, taken.out
    ran = outturn("run", "--period", place.last_month, home=home.root)
    assert ran.code in RELEASED, ran.out
    # one of the two alone has to send emergency_care, by its name: the other's file is nobody's whom the register asks
    asked = {entry.indicator_id for entry in load_catalogue() if "emergency_care" in entry.feeds}
    assert asked
    before, after = (
        [row for row in _figures(root) if str(row[0]).split(":")[1] not in asked]
        for root in (greenwich.root, home.root)
    )
    assert after == before
