"""Fixtures of the crash tests."""

from __future__ import annotations

import pytest
from crash_home import Bench, made_bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The folder runs are killed in, with the states they start from and must end in."""
    return made_bench(tmp_path_factory)
