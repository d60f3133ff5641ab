"""What every test folder shares: where the repository is, and what may be skipped by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"

# Nothing a test starts may call home.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "False")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of answers from elsewhere; the test is skipped by name where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: answers from elsewhere cannot be compared")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium. In CI its absence is a failure, elsewhere a skip by name."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed: `make setup` installs it with apt")
        pytest.skip("Chromium is not installed")
    return found
