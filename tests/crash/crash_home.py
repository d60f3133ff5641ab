"""A home that a run is killed in, and what must be true of it after the next one.

Every run of a session happens in one folder, into which a kept state is copied back: dbt reads its project anew where
a path has changed, and that would cost more than all the rest.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from foundation.canonical import content_id, sha256_file
from foundation.durable import TEMPORARY
from foundation.failpoints import VARIABLE
from foundation.home import Home
from foundation.version import code_version
from places.base import Submission

OUTTURN = Path(sys.executable).parent / "outturn"
RESIDENTS = 500
MONTH = "2025-06"
FEED = "community_referrals"
# What a home may be in, kept beside the folder that runs happen in.
FILLED, RUN, DELIVERED, AGAIN = "filled", "run", "delivered", "again"


@dataclass(frozen=True)
class Said:
    """What a run printed and how it ended; a negative code is the signal that killed it."""

    code: int
    out: str


@dataclass(frozen=True)
class Bench:
    """The folder of a session: `home`, where runs happen, and the states that are copied into it."""

    root: Path

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    def keep(self, state: str) -> None:
        """Copy the home aside; it is there whole, or not at all."""
        draft = self.root / f"{state}-draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(self.home.root, draft, symlinks=True)
        draft.rename(self.root / state)

    def reference(self, state: str) -> Path:
        """A home in that state, never killed; made once by whoever asks first."""
        with FileLock(self.root / f"{state}-lock"):
            if not (self.root / state).exists():
                self._make(state)
        return self.root / state

    def _make(self, state: str) -> None:
        if state == FILLED:
            _fill(self.home)
        elif state == DELIVERED:
            self.bring(RUN)
            next_delivery().write(self.home.landing)
        else:
            self.bring({RUN: FILLED, AGAIN: DELIVERED}[state])
            said = self.run()
            assert said.code == 3, said.out
        self.keep(state)

    def bring(self, state: str) -> Home:
        """Make the home what it was when the state was kept."""
        self.reference(state)
        shutil.rmtree(self.home.root, ignore_errors=True)
        shutil.copytree(self.root / state, self.home.root, symlinks=True)
        return self.home

    def run(self, failpoint: str = "", **variables: str) -> Said:
        return run(self.home, failpoint, **variables)


def command(home: Home, *words: str) -> list[str]:
    return [str(OUTTURN), *(words or ("run", "--period", MONTH)), "--home", str(home.root)]


def environment(home: Home, failpoint: str = "", **variables: str) -> dict[str, str]:
    scratch = home.root.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    point = {VARIABLE: failpoint} if failpoint else {}
    return {**os.environ, "COLUMNS": "200", "TMPDIR": str(scratch), **point, **variables}


def run(home: Home, failpoint: str = "", *words: str, **variables: str) -> Said:
    """The installed command in a process of its own, and nobody left behind who still prints."""
    ran = subprocess.run(
        command(home, *words), env=environment(home, failpoint, **variables), capture_output=True, text=True
    )
    return Said(ran.returncode, ran.stdout + ran.stderr)


def next_delivery(number: int = 1) -> Submission:
    """The last file of a feed sent again, without some of its rows: work for every room."""
    from places import find_place

    found = [item for item in find_place("greenwich", RESIDENTS).submissions() if item.feed == FEED and item.rows]
    last = found[-1]
    header, *rows = last.content.splitlines(keepends=True)
    assert len(rows) > number
    assert all(
        len(row) == len(next(iter(csv.reader([header.decode()]))))
        for row in csv.reader(io.StringIO(b"".join(rows).decode()))
    )
    kept = rows[:-number]
    return replace(last, sequence=last.sequence + number, content=b"".join([header, *kept]), rows=len(kept))


def _fill(home: Home) -> None:
    from orchestration.cycle import agreements_of
    from orchestration.deciding import approve_for_demo
    from orchestration.demo import fill
    from places import find_place

    place = find_place("greenwich", RESIDENTS)
    assert place.last_month == MONTH
    home.create(demo=True, place=place.name, residents=RESIDENTS)
    fill(home, place)
    for agreement in agreements_of(home):
        approve_for_demo(home, place, agreement)


def made_bench(factory: pytest.TempPathFactory) -> Bench:
    """The bench of the session, or the one that OUTTURN_CRASH_BENCH names, made by this very code."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "crash"
    if ready := os.environ.get("OUTTURN_CRASH_BENCH"):
        # the version is part of every release
        folder = Path(ready) / code_version()
    folder.mkdir(exist_ok=True, parents=True)
    return Bench(folder)


# what must be true afterwards ----------------------------------------------------------------------------------------


def _is_history(name: str) -> bool:
    """Dagster's and dbt's own records, which tell of the run that was killed; and locks."""
    return name.startswith(("dagster/", "dbt/")) or name in ("run.lock", "run.hands")


def _tables(database: Path) -> str:
    """Hash of everything a DuckDB file holds; its bytes depend on the order of work."""
    digest = hashlib.sha256()
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables() order by 1, 2").fetchall()
        for schema, table in names:
            digest.update(f"{schema}.{table}\n".encode())
            rows = connection.execute(f'select * from "{schema}"."{table}" order by all')
            while part := rows.fetchmany(10_000):
                digest.update("".join(map(repr, part)).encode())
    return digest.hexdigest()


def contents(home: Home) -> Mapping[str, str]:
    """Name -> what is there, of everything in a home that is not history: files, pointers, every table."""
    found = {}
    for path in sorted(home.root.rglob("*")):
        name = path.relative_to(home.root).as_posix()
        if _is_history(name):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "folder"
        elif path.suffix == ".duckdb":
            found[name] = _tables(path)
        elif path.name == "seal.json":
            # the bytes of DuckDB files are in it
            found[name] = "seal"
        elif path.name == "built.json":
            # which file it tells of: no two are one
            found[name] = content_id(
                {key: value for key, value in json.loads(path.read_bytes()).items() if key != "file"}
            )
        else:
            found[name] = sha256_file(path)
    return found


def differences(home: Home, reference: Path) -> list[str]:
    """What a home and the one that was never killed do not have in common."""
    here, there = contents(home), contents(Home(reference))
    return [
        f"{name}: {here.get(name, 'nothing')[:20]} instead of {there.get(name, 'nothing')[:20]}"
        for name in sorted(set(here) | set(there))
        if here.get(name) != there.get(name)
    ]


def _is_free(path: Path) -> bool:
    if not path.exists():
        return True
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def leftovers(home: Home) -> list[str]:
    """What somebody would have to tidy: temporary names, locks, runs that never ended, pool slots still taken."""
    from dagster import DagsterRunStatus, RunsFilter

    from orchestration.instance import open_instance

    told = [str(path) for path in home.root.rglob(f"{TEMPORARY}*")]
    told += [str(path) for path in home.dbt.glob("reading-*")]
    told += [str(path) for path in home.warehouse.glob("build.duckdb?*")]
    told += [f"{path} is held" for path in (home.lock, home.hands) if not _is_free(path)]
    ended = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
    with open_instance(home) as instance:
        runs = instance.get_runs(filters=RunsFilter(statuses=[item for item in DagsterRunStatus if item not in ended]))
        told += [f"run {item.run_id} is {item.status.value}" for item in runs]
        storage = instance.event_log_storage
        for key in storage.get_concurrency_keys():
            info = storage.get_concurrency_info(key)
            if info.active_slot_count or info.pending_step_count or info.assigned_step_count:
                told.append(f"pool {key}: {info.active_slot_count} slot(s) taken")
    return told


def as_never_killed(bench: Bench, state: str) -> None:
    """The home is what the home of that state is, and nobody has to tidy."""
    assert leftovers(bench.home) == []
    assert bench.home.current.readlink() == (bench.reference(state) / "releases" / "current").readlink()
    told = differences(bench.home, bench.reference(state))
    assert not told, "\n".join(told[:20])
