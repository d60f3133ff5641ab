"""What every test folder shares: where the repository is, and what may be skipped by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Files that take longest, longest first. `--dist loadfile` gives a whole file to one worker, so one that comes late is
# what everybody waits for at the end; and it counts tests, of which the longest files have few.
LONGEST = (
    "crash/test_crash_whole_job.py",
    "end_to_end/test_people_changes.py",
    "end_to_end/test_gate_matrix.py",
    "end_to_end/test_gate_command_line.py",
    "end_to_end/test_operating_pages.py",
    "end_to_end/test_preview.py",
    "faults/test_faults_whole_job.py",
    "faults/test_faults_in_process.py",
    "faults/test_forecast_and_gate.py",
    "end_to_end/test_rejected_file.py",
    "end_to_end/test_people_rights.py",
    "dbt_project/test_people_incremental.py",
    "end_to_end/test_people_canary.py",
    "dbt_project/test_dbt_build.py",
    "dbt_project/test_dbt_faults.py",
    "browser/test_site_in_browser.py",
    "publication/test_publication_people_release.py",
    "end_to_end/test_repeatable.py",
)

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"

# Nothing a test starts may call home.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "False")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


def pytest_configure(config: pytest.Config) -> None:
    # the option is xdist's; without it there is nothing to put in order
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {REPOSITORY / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


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


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The one browser of a worker: playwright runs once in a thread, whichever files come together in it."""
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()
