from __future__ import annotations

from pathlib import Path

import pytest

from foundation.home import Home
from ingest.contract import Contract, load_contracts


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    return load_contracts()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(demo=True, place="test")
    return made
