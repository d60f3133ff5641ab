"""Fixtures of the end-to-end tests."""

from demo_home import copy_of_demo, copy_of_release, demo
from gate_home import judged_home
from people_home import greenwich

__all__ = ["copy_of_demo", "copy_of_release", "demo", "greenwich", "judged_home"]
