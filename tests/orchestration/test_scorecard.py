"""`outturn scorecard`: one sender's page, its JSON and its lines; nobody else is on it, and no value of a row."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from expectations.intake import take_in
from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration import cli
from orchestration.landing import waiting_manifests
from orchestration.rooms import contracts
from orchestration.scorecard import facts_in
from places import find_place
from places.base import Submission
from publication.pages.scorecard import scorecard_page

MONTHS = ("2025-02", "2025-03", "2025-04")
ON = date(2025, 5, 20)
# a value of a row that is wrong: it may stand nowhere but in the vault
PLANTED = b"77,777"


def _sent() -> list[Submission]:
    daily = [
        item
        for item in find_place("derbyshire").submissions()
        if item.feed == "reference_organisations"
        or (item.feed == "daily_discharge_return" and f"{item.covers_from:%Y-%m}" in MONTHS)
    ]
    return [_spoiled(item) if (item.organisation, f"{item.covers_from:%Y-%m}") == ("RTG", "2025-03") else item
            for item in daily]  # fmt: skip


def _spoiled(item: Submission) -> Submission:
    lines = item.content.split(b"\n")
    cells = lines[5].split(b",")
    lines[5] = b",".join([*cells[:2], b'"' + PLANTED + b'"', *cells[3:]])
    return dataclasses.replace(item, content=b"\n".join(lines))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months of daily returns of Derby and Derbyshire; one row of RTG's March is wrong."""
    home = Home(tmp_path_factory.mktemp("scorecard") / "home")
    home.create(demo=True, place="derbyshire")
    for item in _sent():
        item.write(home.landing)
    for path in waiting_manifests(home):
        take_in(home, path, contracts(), received=date(2025, 5, 12))
    return home


def ran(home: Home, *words: str) -> Result:
    return CliRunner().invoke(cli.app, ["scorecard", *words, "--home", str(home.root), "--on", "2025-05-20"])


def words_of(page: str) -> str:
    text = re.sub(r"<style>.*?</style>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_page_the_lines_and_the_json_say_the_same(filled: Home, tmp_path: Path) -> None:
    """GRW-05: a sender sees what it sent, when, and what became of it."""
    out = tmp_path / "RTG.html"
    spoken = ran(filled, "RTG", "--out", str(out))
    assert spoken.exit_code == 0, spoken.output
    written = ran(filled, "RTG", "--json")
    content = json.loads(written.output)
    assert content["files"] == {"received": 3, "counting": 3, "superseded": 0, "taken_back": 0, "refused": 0}
    assert content["rows"] == {"read": 28 + 31 + 30, "accepted": 88, "quarantined": 1, "deduplicated": 0}
    assert [(item["month"], item["rows_quarantined"], item["quarantined_pct"]) for item in content["months"]] == [
        ("2025-02", 0, "0.0"),
        ("2025-03", 1, "3.2"),
        ("2025-04", 0, "0.0"),
    ]
    states = {item["period"]: item["state"] for item in content["deliveries"]}
    assert (states["2025-02"], states["2025-03"], states["2025-04"]) == ("received_late", "in_part", "received_on_time")
    assert states["2025-05"] == "waiting"
    page, said = words_of(out.read_text()), " ".join(spoken.output.split())
    for text in (page, said):
        assert "3 received = 3 that count + 0 superseded + 0 taken back + 0 refused" in text
        assert "89 read = 88 accepted + 1 quarantined + 0 duplicates" in text
    (rule,) = [item for item in content["rules"] if item["severity"] == "reject_record"]
    assert rule["mend"].lower() in page.lower()
    assert rule["mend"] in said
    assert all(column in page for column in rule["columns"])
    assert "March 2025 1 31 1 3.2 %" in page
    assert "20 May 2025" in page


def test_nobody_else_and_no_value_of_a_row_is_on_it(filled: Home, tmp_path: Path) -> None:
    """Nothing of other senders: neither their names nor, when they send more, another byte."""
    senders = set(contracts()["daily_discharge_return"].custom.senders) - {"RTG"}
    assert senders
    out = tmp_path / "page.html"
    texts = [ran(filled, "RTG", "--out", str(out)).output, ran(filled, "RTG", "--json").output, out.read_text()]
    for text in texts:
        assert not [name for name in senders if name in text]
        assert PLANTED.decode() not in text
        assert "rank" not in text.lower().replace("frank", "")
    fewer = Home(Path(shutil.copytree(filled.root, tmp_path / "home", symlinks=True)))
    gone = [
        path.parent
        for path in fewer.submissions.glob("*/receipt.json")
        if json.loads(path.read_bytes())["organisation"] not in ("RTG", "E54000058")
    ]
    assert gone
    for folder in gone:
        shutil.rmtree(folder)
    again = scorecard_page(facts_in(fewer, "RTG", ON), ON)
    assert again == out.read_bytes() == scorecard_page(facts_in(filled, "RTG", ON), ON)


def test_the_page_stands_alone(filled: Home) -> None:
    text = scorecard_page(facts_in(filled, "RTG", ON), ON).decode()
    assert "http" not in text
    assert not re.search(r"<(script|iframe|object|form|img)|\son[a-z]+=|src=|@import|url\(", text)
    assert set(re.findall(r'href="#([a-z]+)"', text)) <= set(re.findall(r'id="([a-z]+)"', text))


@pytest.mark.parametrize("code", ["ZZZ9", "../RTG", "rtg"])
def test_an_organisation_nobody_knows_has_no_scorecard(filled: Home, code: str) -> None:
    with pytest.raises(WrongUsage, match="nothing is asked"):
        facts_in(filled, code, ON)
