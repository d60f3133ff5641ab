"""One empty home with the project parsed into it, for every worker: parsing is most of what these tests cost."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

from foundation.home import Home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    from orchestration.dbt import manifest_path

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "house"
    folder.mkdir(exist_ok=True)
    home = Home(folder / "home")
    with FileLock(folder / "lock"):
        home.create(demo=True, place="derbyshire")
        manifest_path(home)
    return home
