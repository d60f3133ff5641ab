"""A release built once from invented figures, and copies of it that tests may spoil."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import release_fixture
from postgres_fixture import Server, running

from publication.inputs import ReleaseInputs
from publication.release import build_release, publish


@pytest.fixture(scope="session")
def inputs() -> ReleaseInputs:
    return release_fixture.build_inputs()


@pytest.fixture(scope="session")
def release(inputs: ReleaseInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published release; tests must not write to it."""
    releases = tmp_path_factory.mktemp("home") / "releases"
    publish(releases, build_release(inputs, releases))
    return (releases / "current").resolve()


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    """A copy of the release that a test may change."""
    return Path(shutil.copytree(release, tmp_path / "elsewhere" / "copy"))


@pytest.fixture
def replace_text() -> Callable[[Path, str, str], None]:
    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, f"{old} is not in {path.name}"
        path.write_text(text.replace(old, new, 1))

    return replace


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL server without a database of ours. In CI its absence is a failure, elsewhere a skip by name."""
    with running() as server:
        yield server
