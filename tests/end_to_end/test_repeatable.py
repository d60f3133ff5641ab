"""Same inputs, same bytes: in another home, time zone, locale and thread count."""

from __future__ import annotations

import json
import os

import pytest
from demo_home import DemoHome, filled_home, outturn, tree_hashes

# More threads than the machine has processors: rows reach DuckDB's operators in orders they otherwise never do.
THREADS = 5
# Python imports a module of this name when it starts, whoever starts it: dbt, a process of intake, the command.
OTHER_THREADS = """
import os
import duckdb
connect = duckdb.connect
def counted(*words, **options):
    connection = connect(*words, **options)
    connection.execute(f"set threads = {os.environ['TEST_DUCKDB_THREADS']}")
    said = connection.execute("select current_setting('threads')").fetchall()[0][0]
    with open(os.environ["TEST_DUCKDB_SEEN"], "a") as seen:
        seen.write(f"{said} {os.path.basename(str(words[0] if words else 'memory'))}\\n")
    return connection
duckdb.connect = counted
"""
PLACES = {"derbyshire": (), "greenwich": ("--place", "greenwich", "--residents", "500")}


def _elsewhere(factory: pytest.TempPathFactory, place: str) -> DemoHome:
    """The place's home, made by a machine set up otherwise."""
    folder = factory.mktemp(f"machine-{place}")
    (folder / "sitecustomize.py").write_text(OTHER_THREADS)
    seen = folder / "seen.txt"
    home = filled_home(
        factory,
        f"{place}-elsewhere",
        *PLACES[place],
        TZ="Pacific/Auckland",
        LC_ALL="C.UTF-8",
        LANG="de_DE.UTF-8",
        PYTHONHASHSEED="4711",
        OMP_NUM_THREADS="1",
        HOME=str(folder),
        PYTHONPATH=os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))),
        TEST_DUCKDB_THREADS=str(THREADS),
        TEST_DUCKDB_SEEN=str(seen),
    )
    threads = {line.split(" ")[1]: line.split(" ")[0] for line in seen.read_text().splitlines()}
    assert threads["build.duckdb"] == str(THREADS), "the other number of threads did not reach dbt"
    assert set(threads.values()) == {str(THREADS)}
    return home


# the generated borough takes minutes: it is in `make soak`
@pytest.mark.parametrize(
    "place", [pytest.param(name, marks=[pytest.mark.soak] * (name == "greenwich")) for name in sorted(PLACES)]
)
def test_two_homes_give_identical_releases(
    demo: DemoHome, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    """House rule 6. A DuckDB file is compared by the hash of its ordered contents, every other file by its bytes."""
    here = demo if place == "derbyshire" else filled_home(tmp_path_factory, "greenwich-500", *PLACES[place])
    elsewhere = _elsewhere(tmp_path_factory, place)
    assert here.release.name == elsewhere.release.name
    ours, theirs = (
        tree_hashes(home.release, lambda path: path.suffix == ".duckdb" or path.name == "seal.json")
        for home in (here, elsewhere)
    )
    assert ours == theirs
    assert len(ours) > 30
    assert outturn("verify", str(elsewhere.release)).code == 0


def test_a_release_carries_no_path_clock_or_name_of_its_machine(demo: DemoHome) -> None:
    import socket
    from datetime import UTC, datetime

    today = datetime.now(tz=UTC).date().isoformat()
    for path in demo.release.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".json", ".csv", ".yaml", ".jsonl"):
            text = path.read_text()
            assert str(demo.root) not in text, path
            assert today not in text, path
            assert socket.gethostname() not in text or len(socket.gethostname()) < 6, path


def test_the_manifest_labels_every_file(demo: DemoHome) -> None:
    """THM-16: each published output carries a classification."""
    manifest = json.loads((demo.release / "manifest.json").read_bytes())
    text = json.dumps(manifest)
    for path in demo.release.rglob("*"):
        name = path.relative_to(demo.release).as_posix()
        if path.is_file() and name not in ("manifest.json", "seal.json"):
            assert name in text, name
