"""What `docs/how-to/a-figure-is-challenged.md` tells a finance lead to type is typed here, in its order (GRW-42).

`--yes --expect` stands for the person who reads what is shown and agrees.
"""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest
from demo_home import Said, outturn_here

from foundation.version import PRODUCT

PAGE = (PRODUCT / "docs/how-to/a-figure-is-challenged.md").read_text(encoding="utf-8")
LINES = [
    line.strip() for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.S | re.M) for line in block.splitlines()
]


def _text(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text()).split())


@pytest.fixture
def folder(copy_of_demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `var` is the demonstration."""
    (tmp_path / "var").symlink_to(copy_of_demo)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTTURN_HOME", "var")
    return tmp_path


def test_the_page_from_the_figure_to_the_proved_copy(folder: Path) -> None:
    members = folder / "var/releases/current/members"
    with (members / "postings.csv").open() as handle:
        settlement = next(csv.DictReader(handle))["settlement_id"]
    assert "Shadow, nothing is payable; not certified yet." in _text(members / "site/index.html")

    def typed(line: str) -> Said:
        words = shlex.split(line)
        assert words[0] == "outturn"
        extra = ["--yes", "--expect", settlement] if words[1] == "sign" else []
        return outturn_here(*words[1:], *extra)

    said = {}
    for line in LINES:
        name = " ".join(line.split()[1:3])
        said[name] = typed(line)
        assert said[name].code in ((0, 3) if name.startswith("run") else (0,)), f"{line}\n{said[name].out}"
    assert "Acute trust: £410,391.20 (four hundred and ten thousand" in said["sign certificate"].out
    assert "worth nothing" in said["sign certificate"].out
    listed = said["decisions derbyshire-real-only"].out
    assert "disputed by acute-trust on 1 October 2025" in listed
    assert listed.count("payable from 23 October 2025") == 4
    assert "payable on 2025-11-03: £0.00" in listed
    # the release holds the log, says how each line stands, and proves itself; so does the log alone
    page = _text(members / "site/index.html")
    assert "Challenge status by line" in page
    assert "determined: it stands" in page
    assert "may be challenged to 22 October 2025, payable from 23 October 2025" in page
    assert "Dispute determined" in _text(members / "site/decisions.html")
    assert "23 decision(s) on derbyshire-real-only" in said["verify var/releases/current/members/decisions.jsonl"].out
    # a second certificate of the same settlement is refused, and the log is as it was
    again = typed(next(line for line in LINES if " sign certificate " in line))
    assert again.code == 1
    assert "certified already" in again.out
    raw = (members / "decisions.jsonl").read_bytes()
    assert (folder / "var/decisions/derbyshire-real-only.jsonl").read_bytes() == raw
