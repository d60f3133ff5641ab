"""`docs/tutorial/read-a-release.md` is read as it says, in Chromium, on the demo release."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_home import OUTTURN, DemoHome
from playwright.sync_api import Browser, Page
from tutorial import TUTORIALS, not_said, parts_of, plain, unfounded

pytestmark = pytest.mark.browser

PAGE = TUTORIALS / "read-a-release.md"
_OPEN, _CLICK = re.compile(r"(?:Open|back to) `([\w-]+\.html)`"), re.compile(r"[Cc]lick (?:on )?\*\*(.+?)\*\*")


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def desk(demo: DemoHome, tmp_path: Path) -> Path:
    """A folder that looks to the reader as the repository does after `make demo`."""
    (tmp_path / "var").symlink_to(demo.root)
    return tmp_path


def _typed(block: str, desk: Path) -> str:
    path = f"{OUTTURN.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", block], cwd=desk, env={**os.environ, "PATH": path, "COLUMNS": "200"},
        capture_output=True, text=True,
    )  # fmt: skip
    # `verify` ends with 1 where something differs; what it says is compared
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def test_everything_the_page_quotes_is_seen(window: Page, desk: Path) -> None:
    """GRW-37: sentences and numbers on the page that is open, links that are there, answers of commands."""
    done: dict[str, int] = dict.fromkeys(("quote", "click", "sh", "text"), 0)
    site, said, missing = desk / "var/releases/current/public/site", "", []
    for part in parts_of(PAGE):
        if part.kind == "sh":
            said = _typed(part.text, desk)
        elif part.kind == "text":
            missing += not_said(part.text, said)
        elif part.kind == "prose":
            for opened in _OPEN.findall(part.text):
                window.goto((site / opened).as_uri())
            for words in _CLICK.findall(part.text):
                window.get_by_role("link", name=words, exact=True).first.click(timeout=5000)
                done["click"] += 1
            if window.url.startswith("file:"):
                seen = f"{window.inner_text('body')}\n{window.title()}\n{said}"
                missing += [f"{part.section}: {number}" for number in unfounded(part.text, seen)]
        elif plain(part.text) not in plain(window.inner_text("body")):
            missing.append(part.text)
        done[part.kind] = done.get(part.kind, 0) + 1
    assert missing == []
    assert done["quote"] >= 13
    assert done["click"] >= 4
    assert done["sh"] == done["text"] >= 4


def test_a_number_that_is_not_on_the_page_is_noticed() -> None:
    seen = "453.1 patients, £1,079,976.85"
    assert unfounded("It is 453.1, so £1,079,976.85 [more](x-9.md) in `7`", seen) == []
    assert unfounded("It is 453.2, so £1,079,976.86", seen) == ["453.2", "£1,079,976.86"]
    assert not_said("a … c\nd", "a b c\nd") == []
    assert not_said("d\na … c", "a b c\nd") == ["a … c"]
