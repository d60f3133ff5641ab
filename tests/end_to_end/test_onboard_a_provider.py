"""What `docs/how-to/onboard-a-provider.md` tells the keeper of a contract to do is done here as it stands."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import textwrap
from datetime import date
from pathlib import Path

import pytest
import yaml
from demo_home import Said, outturn_here

from expectations.intake import take_in
from foundation.home import Home
from foundation.version import PRODUCT
from ingest.contract import load_contracts

PAGE = (PRODUCT / "docs/how-to/onboard-a-provider.md").read_text(encoding="utf-8")
NAME = "stop_smoking_ZSS2_2024-04_v1.csv"
DAY = date(2024, 10, 20)


def block(kind: str, number: int = 0) -> str:
    """A fenced block of the page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.S | re.M)[number]


def typed(lines: str) -> list[Said]:
    """Type lines as a reader would, in the folder of the test; answers of `outturn`."""
    said = []
    for line in lines.splitlines():
        words = shlex.split(line)
        if words[0] == "outturn":
            said.append(outturn_here(*words[1:]))
        else:
            subprocess.run(["bash", "-c", line], check=True, env={"PATH": "/usr/bin:/bin", "PRODUCT": str(PRODUCT)})
    return said


def put(text: str, key: str, snippet: str) -> str:
    """The contract with a snippet added under one of its custom properties."""
    mark = f"  - property: {key}\n    value:\n"
    assert text.count(mark) == 1
    return text.replace(mark, mark + textwrap.indent(snippet, "      "))


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which steps 1 and 2 of the page were done."""
    monkeypatch.chdir(tmp_path)
    typed(block("sh", 0))
    path = tmp_path / "contracts/stop_smoking.yaml"
    # before: nobody of that name
    (refused,) = typed(block("sh", 1))
    assert refused.code == 2
    assert "ZSS2 is not a sender" in refused.out
    text = put(path.read_text(encoding="utf-8"), "layouts", block("yaml layouts"))
    path.write_text(put(text, "senders", block("yaml senders")), encoding="utf-8")
    return tmp_path


def test_a_new_sender_from_its_layout_to_the_lake(keeper: Path) -> None:
    """GRW-02: a sender is added by its contract alone."""
    (made,) = typed(block("sh", 1))
    assert made.code == 0, made.out
    files = {path.name for path in (keeper / "for-ZSS2").iterdir()}
    assert files == {"requirement.html", "template.csv", NAME, f"{NAME}.manifest.json"}
    theirs = yaml.safe_load(block("yaml layouts"))["quit_manager"]
    header = next(csv.reader((keeper / "for-ZSS2/template.csv").read_text().splitlines()))
    assert set(header) == set(theirs["columns"].values())
    page = (keeper / "for-ZSS2/requirement.html").read_text()
    assert "DSA-GRW-PH-9" in page
    assert "QCO = quit_co_verified" in page
    (checked,) = typed(block("sh", 2))
    assert checked.code == 0, checked.out
    assert json.loads((keeper / "first-file.json").read_bytes())["outcome"] == "accept"
    home = Home(keeper / "var")
    home.create(demo=False, place="greenwich")
    typed(block("sh", 3))
    receipt = take_in(
        home, home.landing / "ZSS2" / f"{NAME}.manifest.json", load_contracts(keeper / "contracts"), received=DAY
    )
    assert (receipt.outcome, receipt.rows_accepted, receipt.rows_read) == ("accept", 12, 12)
    assert list(home.lake.rglob("*.parquet"))


def test_a_file_before_the_agreement_or_with_unknown_codes_says_so_before_it_is_sent(keeper: Path) -> None:
    typed(block("sh", 1))
    early = shlex.split(block("sh", 2).replace("2024-10-20", "2024-03-31"))
    said = outturn_here(*early[1:])
    assert said.code == 1
    assert "DSA-GRW-PH-9 is in force from 2024-04-01 to 2027-03-31" in said.out
    assert "it arrives on 2024-03-31" in said.out
    path = keeper / "for-ZSS2" / NAME
    path.write_text(re.sub(r",(QCO|QSR)$", ",Vape", path.read_text(), flags=re.M))
    (keeper / "for-ZSS2" / f"{NAME}.manifest.json").unlink()
    words = shlex.split(block("sh", 2))
    alone = [word for word in words[1:] if word != "--manifest" and not word.endswith(".manifest.json")]
    said = outturn_here(*alone)
    found = json.loads((keeper / "first-file.json").read_bytes())
    wrong = [item for item in found["findings"] if item["rule"] == "value.code_unmapped"]
    assert said.code in (1, 3)
    assert found["rows_quarantined"] >= len([item for item in wrong if item["row"]]) == 6
    assert {item["column"] for item in wrong} == {"outcome"}
