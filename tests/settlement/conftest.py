"""The real agreement, its approvals, a gate that passes, and an open book: built once, varied by each test."""

from __future__ import annotations

import pytest
from settlement_world import World, build_world


@pytest.fixture(scope="session")
def world() -> World:
    return build_world()
