"""`docs/tutorial/add-a-service.md` done as it stands: from an empty home to a release, in a copy of the product."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from tutorial import TUTORIALS, not_said, parts_of, plain

from foundation.version import PRODUCT, ROOMS

PAGE = TUTORIALS / "add-a-service.md"
TYPED = Path(__file__).with_name("typed.py")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms of the product in a folder that may be changed."""
    folder = tmp_path_factory.mktemp("clone")
    for room in (*ROOMS, "places"):
        shutil.copytree(PRODUCT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    return folder


@pytest.fixture(scope="module")
def said(clone: Path) -> str:
    """What was typed and what it said."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "OUTTURN_HOME"},
        "PYTHONPATH": str(clone),
        "COLUMNS": "200",
    }
    ran = subprocess.run(
        [sys.executable, str(TYPED), str(PAGE)], cwd=clone, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
    return ran.stdout


def test_every_step_says_what_the_page_shows(said: str) -> None:
    """GRW-02: provider, feed, indicator and agreement from files alone."""
    shown, answers = "", re.split(r"^\$ ", said, flags=re.M)[1:]
    compared = 0
    for part in parts_of(PAGE):
        if part.kind == "sh":
            lines = part.text.splitlines()
            typed, answers = answers[: len(lines)], answers[len(lines) :]
            assert [answer.splitlines()[0] for answer in typed] == lines
            shown = "".join(typed)
        elif part.kind == "text":
            assert not_said(part.text, shown) == [], part.section
            compared += 1
    assert compared >= 5
    assert answers == []


def test_a_reader_sees_the_name_of_every_file() -> None:
    """What stands behind the marks of a fence is not shown on a page."""
    parts = list(parts_of(PAGE))
    named = [(before, part) for before, part in pairwise(parts) if part.name]
    assert len(named) >= 12
    assert [part.name for before, part in named if f"`{part.name}`" not in before.text] == []


def test_the_release_holds_what_the_page_quotes(said: str, clone: Path) -> None:
    page = (clone / "riverside/releases/current/public/site/index.html").read_text(encoding="utf-8")
    text = plain(html.unescape(re.sub(r"<[^>]+>", "", page)))
    quotes = [part.text for part in parts_of(PAGE) if part.kind == "quote"]
    assert len(quotes) == 2
    assert [quote for quote in quotes if plain(quote) not in text] == []
    assert (clone / "for-ZWH1/requirement.html").exists()


def test_the_home_the_page_makes_is_well_and_is_not_made_twice(said: str, clone: Path) -> None:
    from demo_home import outturn_here

    home = clone / "riverside"
    again = outturn_here("new-home", str(clone / "place.yaml"), home=home)
    assert again.code == 2
    assert "is a home already" in again.out
    decided = outturn_here("decisions", "riverside-warm-homes", home=home)
    assert decided.code == 0, decided.out
    assert "2025-06-16" in decided.out or "agreed" in decided.out
