"""A home in which a settlement is due and a release is in force: what every fault is planted into.

One home of 500 residents is made a session. It stands where a run stands once the gate's verdicts are written: the
settlements made from it are taken away again, and its release stands under another name for the release of an earlier
cut. So a settlement that should not have been made shows, and so does a release.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from demo_home import Said, filled_home, outturn_here, tree_hashes

from foundation.home import Home

RESIDENTS, LAST_MONTH = 500, "2025-06"
AGREEMENT, PERIOD = "greenwich-public-health", "2024-25"
FORMER = "f" * 64
# beside the shared home: the settlements that were taken out of it
SOUND = "settlements.txt"
# what is large and never written into; the rest is small and copied
_LINKED = ("vault", "lake", "releases", "dbt")


def _link_tree(source: Path, target: Path) -> None:
    """Make a folder the same as another by hard links: whoever plants a fault replaces files and never writes into them.

    Only what differs is touched; making three thousand folders anew would cost more than all that is tested in them.
    """
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        wanted = {entry.name: entry for entry in entries}
    with os.scandir(target) as entries:
        found = {entry.name: entry for entry in entries}
    for name, entry in list(found.items()):
        same = name in wanted and entry.is_dir(follow_symlinks=False) == wanted[name].is_dir(follow_symlinks=False)
        if same and (entry.is_dir(follow_symlinks=False) or entry.inode() == wanted[name].inode()):
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            (target / name).unlink()
        del found[name]
    for name, entry in wanted.items():
        if entry.is_dir(follow_symlinks=False):
            _link_tree(source / name, target / name)
        elif name not in found:
            os.link(entry.path, target / name, follow_symlinks=False)
    target.chmod(source.stat().st_mode & 0o777)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home nobody may change; OUTTURN_FAULT_HOME names a filled one to start from."""
    given = os.environ.get("OUTTURN_FAULT_HOME")
    words = ("--place", "greenwich", "--residents", str(RESIDENTS))
    filled = Path(given) if given else filled_home(tmp_path_factory, f"greenwich-{RESIDENTS}", *words).root
    root = Path(shutil.copytree(filled, tmp_path_factory.mktemp("ready") / "home", symlinks=True))
    from orchestration.deciding import record_publication
    from orchestration.moments import moment_of

    home = Home(root)
    (root.parent / SOUND).write_text("\n".join(settlements_in(home)))
    shutil.rmtree(home.settlements)
    home.settlements.mkdir()
    for path in home.refusals.rglob("*.json"):
        path.unlink()
    in_force = home.current.resolve()
    for path in home.releases.iterdir():
        if path.is_dir() and not path.is_symlink() and path != in_force:
            shutil.rmtree(path)
    in_force.rename(home.releases / FORMER)
    home.current.unlink()
    home.current.symlink_to(FORMER)
    record_publication(home, FORMER, moment_of(home))
    return root


@pytest.fixture(scope="session", autouse=True)
def untouched(ready: Path) -> Iterator[None]:
    """No fault may reach through its copy into the home all copies are made of."""
    before = tree_hashes(ready)
    yield
    assert tree_hashes(ready) == before, "a planted fault changed the home that is shared"


@dataclass
class Scene:
    """One copy of the home, to be broken. `held` keeps what a plant has opened until the scene is over."""

    home: Home
    patch: pytest.MonkeyPatch
    scratch: Path
    held: list[Any] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def cycle(self) -> Any:
        """The data cut as it is at the first look; a plant that comes later does not change it."""
        from orchestration.cycle import current_cycle

        return current_cycle(self.home)

    @property
    def until(self) -> date:
        return date(2025, 6, 30)

    def tables(self, *names: str) -> dict[str, Any]:
        from orchestration.warehouse import read_tables

        return read_tables(self.home, self.cycle.fingerprint, names or ("kpi_return", "ledger"))

    @property
    def verdict_folder(self) -> Path:
        return self.home.verdicts / self.cycle.cut.cut_id

    def settled(self) -> list[str]:
        """Settlements that lie in the home."""
        return settlements_in(self.home)

    def releases(self) -> dict[str, str]:
        """Every byte of every release, and where the pointer points."""
        return {**tree_hashes(self.home.releases), "current": str(self.home.current.readlink())}


def settlements_in(home: Home) -> list[str]:
    """Agreement, period and id of every settlement of a home."""
    found = home.settlements.glob("*/*/*/settlement.json")
    return sorted(path.parent.relative_to(home.settlements).as_posix() for path in found)


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file; other names of the old one keep what they had."""
    mode = path.stat().st_mode if path.exists() else 0o600
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(mode & 0o777)


def copy_for_rooms(ready: Path, target: Path) -> Home:
    """The home at that place for rooms driven one by one, whatever was left there; without what only a run needs."""
    target.mkdir(exist_ok=True)
    for path in sorted(target.iterdir()):
        if not (ready / path.name).exists():
            path.unlink() if path.is_file() else shutil.rmtree(path)
    for path in sorted(ready.iterdir()):
        there = target / path.name
        if path.name in _LINKED:
            _link_tree(path, there)
            continue
        if there.is_dir():
            shutil.rmtree(there)
        if path.name == "dagster":
            there.mkdir()
        elif path.is_dir():
            shutil.copytree(path, there, symlinks=True)
        else:
            shutil.copy2(path, there)
    return Home(target)


def copy_for_runs(ready: Path, target: Path) -> Home:
    """A copy for the whole job: every file its own."""
    return Home(Path(shutil.copytree(ready, target, symlinks=True)))


@contextmanager
def fresh_scene(ready: Path, scratch: Path) -> Iterator[Scene]:
    """A fresh copy for one fault, driven room by room; everything it changed is put back afterwards.

    Always in the same place: what production remembers of an unchanged file by its path, it need not read again.
    """
    place = ready.parent / "scene"
    with pytest.MonkeyPatch.context() as patch:
        made = Scene(copy_for_rooms(ready, place), patch, scratch)
        try:
            yield made
        finally:
            release(made)


@pytest.fixture
def scene(ready: Path, tmp_path: Path) -> Iterator[Scene]:
    with fresh_scene(ready, tmp_path) as made:
        yield made


def release(scene: Scene) -> None:
    """Let go of what a plant holds: locks, processes, open files."""
    while scene.held:
        scene.held.pop()()


def command(*words: str, home: Path) -> Said:
    """What the `outturn` command says, however its lines are broken."""
    said = outturn_here(*words, home=home, COLUMNS="400")
    return Said(said.code, " ".join(said.out.split()))
