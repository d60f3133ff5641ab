"""What tests of the generated place share: one small drawing of it."""

from __future__ import annotations

import pytest

from places.greenwich.truth import Decided, decided

RESIDENTS, SEED = 700, 11


@pytest.fixture(scope="session")
def small() -> Decided:
    """A village of seven hundred, with its forty hand-written people."""
    return decided(RESIDENTS, SEED)
