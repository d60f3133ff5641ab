"""A sender's tools, alone on a machine: no scheduler, no warehouse, and the verdict of intake all the same."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from demo_home import OUTTURN, Said

from foundation.version import PRODUCT
from ingest.contract import load_contract
from ingest.identity.keyring import demo_key, write_source_key
from ingest.sample import sample_of

CONTRACT = PRODUCT / "ingest" / "contracts" / "stop_smoking.yaml"
LOCK, WHOLE = PRODUCT / "requirements-sender.txt", PRODUCT / "requirements.txt"
# What a run needs and a sender never has.
WEIGHT = {"dagster", "dagster_dbt", "dagster_webserver", "dbt", "duckdb", "splink", "sqlalchemy", "vl_convert"}
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+) \\\n((?:\s+--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)
# The entry point, in a process in which nothing can be imported that the lock does not hold.
ALONE = """
import sys

ABSENT = set(sys.argv.pop(1).split())


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotInstalled())
sys.argv[0] = "outturn-sender"
from orchestration.sender import main

main()
"""


def _pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    return {
        name: (version, frozenset(re.findall(r"sha256:[0-9a-f]{64}", hashes)))
        for name, version, hashes in PIN.findall(path.read_text())
    }


def _absent() -> set[str]:
    """Importable names of this environment that no package of the sender's lock brings."""
    there = {re.sub(r"[-_.]+", "-", name).lower() for name in _pins(LOCK)}
    rooms = {path.name for path in PRODUCT.iterdir() if path.is_dir()}
    return {
        module
        for module, brought_by in packages_distributions().items()
        if module not in rooms and not {re.sub(r"[-_.]+", "-", name).lower() for name in brought_by} & there
    } - {"setuptools", "pkg_resources", "_distutils_hack"}


def _alone() -> list[str]:
    return [sys.executable, "-c", ALONE, " ".join(sorted(_absent()))]


def _both(folder: Path, *words: str) -> list[tuple[Said, dict[str, bytes]]]:
    """The words typed to `outturn-sender` alone and to `outturn`, each in a folder of its own: answers and files."""
    found = []
    for name, start in (
        ("alone", _alone()),
        ("whole", [str(OUTTURN)]),
    ):
        out = folder / name
        out.mkdir()
        ran = subprocess.run(
            [*start, *words], cwd=out, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True
        )
        found.append(
            (Said(ran.returncode, ran.stdout + ran.stderr), {path.name: path.read_bytes() for path in out.iterdir()})
        )
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as it should be, one with codes nobody knows, one without a column, extracts in clear, and a key."""
    folder = tmp_path_factory.mktemp("files")
    contract = load_contract(CONTRACT)
    sample = sample_of(contract, "ZSS1")
    good = sample.file()
    (folder / "good.csv").write_bytes(good)
    lines = good.decode().splitlines()
    (folder / "bad.csv").write_text("\n".join([lines[0], lines[1] + "?", *lines[2:]]) + "\n")
    (folder / "short.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    names = list(contract.layout_names(contract.custom.layouts["clear"]))
    person = {"nhs_number": "9990000018", "forename": "Ann", "surname": "O'Neill", "postcode": "SE10 9NF",
              "date_of_birth": "1950-02-03", "local_id": "client-77"}  # fmt: skip
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:3]]
    for name, born in (("clear.csv", "1950-02-03"), ("unclear.csv", "3 February 1950")):
        with (folder / name).open("w", newline="") as handle:
            writer = csv.DictWriter(handle, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**dict.fromkeys(names, ""), **row, **person, "date_of_birth": born} for row in rows)
    write_source_key(demo_key("greenwich"), folder / "key")
    return folder


@pytest.mark.parametrize(("name", "code"), [("good.csv", 0), ("bad.csv", 3), ("short.csv", 1)])
def test_a_check_alone_is_the_check_of_the_whole_house(files: Path, tmp_path: Path, name: str, code: int) -> None:
    words = ["check", str(files / name), "--contract", str(CONTRACT), "--on", "2024-10-20"]
    (alone, left), (whole, right) = _both(tmp_path, *words, "--report", "report.json", "--out", "rows.parquet")
    assert whole.code == code, whole.out
    assert alone == whole
    assert left == right
    assert set(left) == ({"report.json", "rows.parquet"} if code != 1 else {"report.json"})


@pytest.mark.parametrize(("name", "code"), [("clear.csv", 0), ("unclear.csv", 1)])
def test_tokens_alone_are_those_of_the_whole_house(files: Path, tmp_path: Path, name: str, code: int) -> None:
    words = ["pseudonymise", str(files / name), "--contract", str(CONTRACT), "--key", str(files / "key")]
    (alone, left), (whole, right) = _both(
        tmp_path, *words, "--place", "greenwich", "--test-numbers", "--out", "tokens.csv"
    )
    assert whole.code == code, whole.out
    assert alone == whole
    assert left == right
    assert set(left) == ({"tokens.csv"} if code == 0 else set())
    for content in (alone.out.encode(), *left.values()):
        assert b"9990000018" not in content
        assert b"Neill" not in content


def test_nothing_of_a_run_is_in_the_lock() -> None:
    """Versions and hashes are those of a run: the same engine judges on both sides."""
    sender, whole = _pins(LOCK), _pins(WHOLE)
    assert sender
    assert len(sender) == len(re.findall(r"^[a-z0-9._-]+==", LOCK.read_text(), re.M))
    assert {name: whole.get(name) for name in sender} == sender
    assert {"great-expectations", "pandas", "pyarrow"} <= set(sender)
    assert len(sender) < len(whole) / 2
    assert _absent() >= WEIGHT


def test_a_run_could_not_start_where_only_senders_tools_are() -> None:
    """The test above can fail: what is not in the lock really cannot be imported."""
    broken = ALONE.replace("from orchestration.sender import main", "import dagster")
    ran = subprocess.run([sys.executable, "-c", broken, " ".join(_absent())], capture_output=True, text=True)
    assert ran.returncode != 0
    assert "No module named 'dagster'" in ran.stderr


def test_the_page_for_senders_does_what_it_says(files: Path, tmp_path: Path) -> None:
    page = (PRODUCT / "docs" / "how-to" / "check-before-sending.md").read_text(encoding="utf-8")
    # numbers of the test range are for tests; without one the other tokens have to do
    (tmp_path / "extract.csv").write_bytes((files / "clear.csv").read_bytes().replace(b"9990000018", b""))
    shutil.copy(files / "key", tmp_path)
    shutil.copy(CONTRACT, tmp_path)
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", page, re.S | re.M)).splitlines()
    assert [line.split()[:2] for line in lines] == [["outturn-sender", "pseudonymise"], ["outturn-sender", "check"]]
    for line in lines:
        ran = subprocess.run([*_alone(), *shlex.split(line)[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads((tmp_path / "report.json").read_bytes())["rows_accepted"] == 2
    # what it has installed is what the lock and the package have
    (install,) = re.findall(r"^```sh install\n(.*?)^```", page, re.S | re.M)
    for name in re.findall(r"-r (\S+)", install):
        assert (PRODUCT / name) == LOCK
    scripts = tomllib.loads((PRODUCT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["outturn-sender"] == "orchestration.sender:main"
