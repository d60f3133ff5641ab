"""What the pages about people's rights, the end of a contract and another key tell somebody to type is typed here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from identity_feeds import clear_row, document

from expectations.intake import take_in
from foundation.home import Home
from ingest.contract import load_contracts
from ingest.identity.requests import read_cases
from orchestration.landing import waiting_manifests
from places import find_place

BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```", re.S | re.M)
# a run is made by the end-to-end tests; here it is asked whether it exists
_RUN = re.compile(r"^outturn run .*$", re.M)


def blocks(repository: Path, name: str) -> list[str]:
    page = (repository / "docs" / "how-to" / f"{name}.md").read_text()
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) for indent, body in BLOCK.findall(page)]


def typed(block: str, folder: Path, codes: tuple[int, ...] = (0,)) -> str:
    environment = {
        **os.environ,
        "OUTTURN_HOME": "var",
        "COLUMNS": "200",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    script = _RUN.sub("outturn run --help", block)
    said = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert said.returncode in codes, f"{block}\n{said.stdout}{said.stderr}"
    return said.stdout + said.stderr


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in it that has taken in a trust's first months, and a successor's home."""
    folder = tmp_path_factory.mktemp("desk")
    place = find_place("greenwich", 300)
    for name in ("var", "elsewhere"):
        Home(folder / name).create(demo=True, place=place.name, residents=300)
    home, contracts = Home(folder / "var"), load_contracts()
    sent = [item for item in place.submissions() if item.organisation == "ZAT1" and item.feed == "admitted_care"]
    for item in sent[:2]:
        item.write(home.landing)
    for path in waiting_manifests(home):
        assert take_in(home, path, contracts).accepted
    return folder


def test_the_page_about_what_a_person_asks(repository: Path, desk: Path) -> None:
    who, erase, granted, objects, rectifies, opt_outs, cases = blocks(repository, "a-person-asks")
    typed(who, desk)
    assert (desk / "who.json").stat().st_mode & 0o077 == 0
    typed(erase, desk, (0, 1))
    said = typed(granted, desk)
    assert "no file of the home holds the person" in said
    assert "999" not in said
    typed(who, desk)
    typed(objects, desk)
    typed(rectifies, desk)
    (desk / "list.txt").write_text("999 000 0026\n")
    assert "1 on the list, 1 came" in typed(opt_outs, desk)
    assert "the chain is whole" in typed(cases, desk)
    kinds = [case.kind for case in read_cases(Home(desk / "var"))]
    assert kinds == ["erase", "erase", "object", "rectify", "opt_outs"]


def test_the_page_about_the_end_of_a_contract(repository: Path, desk: Path) -> None:
    out, into = blocks(repository, "end-of-contract")
    assert "2 submission(s)" in typed(out, desk)
    assert "in the mailbox of ZAT2" in typed(into, desk)
    successor, contracts = Home(desk / "elsewhere"), load_contracts()
    taken = [take_in(successor, path, contracts) for path in waiting_manifests(successor)]
    assert [item.organisation for item in taken if item.accepted] == ["ZAT2", "ZAT2"]


def test_the_page_about_another_key(repository: Path, tmp_path: Path) -> None:
    key, again = blocks(repository, "rotate-the-key")
    typed(key, tmp_path)
    assert (tmp_path / "key-k2").stat().st_mode & 0o077 == 0
    contract = document("visits", identity={"keyIds": ["k2"]})
    (tmp_path / "visits.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    person = {"nhs_number": "4000000004", "forename": "Ann", "surname": "Lee", "date_of_birth": "1950-02-03",
              "local_id": "c7"}  # fmt: skip
    row = clear_row(1, person, "TOK", own=False)
    (tmp_path / "extract.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    assert "key k2" in typed(again, tmp_path)
    assert "k2:" in (tmp_path / "visits.csv").read_text()
