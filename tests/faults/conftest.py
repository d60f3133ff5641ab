"""Fixtures of the fault matrix; the shared demo home comes from the end-to-end tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))

from fault_home import ready, scene, untouched

__all__ = ["ready", "scene", "untouched"]
