"""Libraries Great Expectations imports and we never use stay unloaded, and are there when something asks for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from expectations.put_off import put_off

SHOWN = """
import sys
from expectations.runner import get_ready
get_ready()
print([name for name in ("altair", "scipy.stats") if name in sys.modules])
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as drawn
print(round(drawn.stats.entropy([0.5, 0.5]), 6), drawn.alt.Chart.__name__)
import scipy.stats
print(scipy.stats.norm.ppf(0.5), type(scipy.stats).__name__)
"""


def test_great_expectations_is_ready_without_them_and_works_with_them() -> None:
    ran = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "0.693147 Chart", "0.0 module"]


def test_what_is_loaded_already_stays() -> None:
    import json

    with put_off(["json"]):
        assert sys.modules["json"] is json


def test_an_import_that_fails_leaves_no_stand_in() -> None:
    with pytest.raises(ValueError, match="somewhere in the library"), put_off(["wave"]):
        assert type(sys.modules["wave"]).__name__ == "_Later"
        raise ValueError("somewhere in the library")
    assert "wave" not in sys.modules
