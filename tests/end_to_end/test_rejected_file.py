"""What `docs/how-to/answer-a-rejected-file.md` tells the engineer and the sender to do is done here as it stands."""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from demo_home import DemoHome, Said, outturn_here, sent_by

from foundation.home import Home
from foundation.version import PRODUCT
from ingest.rules import RULES

PAGE = (PRODUCT / "docs/how-to/answer-a-rejected-file.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.S | re.M)
WRONG, RIGHT = "daily_discharge_return_RTG_2025-08_v2.csv", "daily_discharge_return_RTG_2025-08_v3.csv"


def typed(lines: str) -> list[Said]:
    """Type lines as a reader would, in the folder of the test; answers of `outturn`."""
    said = []
    for line in lines.splitlines():
        words = shlex.split(line.replace("$PRODUCT", str(PRODUCT)))
        if words[0] == "outturn":
            said.append(outturn_here(*words[1:], home=Path("var").resolve(), COLUMNS="400"))
        else:
            subprocess.run(["bash", "-c", line], check=True)
    return said


@pytest.fixture
def folder(demo: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which the trust's second file has landed, and the sender's own copies of both files."""
    shutil.copytree(demo.root, tmp_path / "var", symlinks=True)
    monkeypatch.chdir(tmp_path)
    first = sent_by("daily_discharge_return", "RTG", "2025-08")
    lines = first.content.decode().splitlines()
    with_totals = "\n".join([*lines, "Total,," + ",".join("99" for _ in lines[0].split(",")[2:])]) + "\n"
    wrong = dataclasses.replace(first, sequence=2, content=with_totals.encode(), rows=first.rows + 1)
    changed = first.content.replace(lines[4].encode(), lines[3].replace("03/08", "04/08").encode())
    for made, name in ((wrong, "sent"), (dataclasses.replace(first, sequence=3, content=changed), "corrected")):
        made.write(tmp_path / "made")
        (tmp_path / "made" / "RTG").rename(tmp_path / name)
    wrong.write(Home(tmp_path / "var").landing)
    return tmp_path


def test_from_a_rejected_file_to_one_that_counts(folder: Path) -> None:
    """GRW-05: who supplied what and when, told to the one who supplied it, until it counts."""
    assert len(BLOCKS) == 6
    (ran,) = typed(BLOCKS[0])
    assert ran.code == 3, ran.out
    assert f"refused {WRONG}" in ran.out
    assert RULES["structure.footer"].mend in ran.out
    due, card = typed(BLOCKS[1])
    assert due.code == 3
    assert f"the correction {WRONG} was held back by structure.footer" in due.out
    assert "daily_discharge_return_RTG_2025-08_v1.csv counts" in due.out
    assert card.code == 0
    page = (folder / "for-RTG.html").read_text()
    assert "sequence 2 was held back" in page
    assert "E54000058" not in page
    (found,) = typed(BLOCKS[2])
    assert found.code == 1, found.out
    assert "structure.footer" in found.out
    (good,) = typed(BLOCKS[3])
    assert good.code in (0, 3), good.out
    assert typed(BLOCKS[4]) == []
    again, counts = typed(BLOCKS[5])
    assert again.code == 3, again.out
    assert WRONG not in again.out
    assert f"{RIGHT} counts" in counts.out
    assert WRONG not in counts.out
