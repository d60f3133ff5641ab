"""What the operating pages tell an engineer to do is done here as it stands: back up, restore, correct, upgrade."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from demo_home import OUTTURN, DemoHome, sent_by, tree_hashes

from foundation.home import Home
from foundation.version import PRODUCT, ROOMS
from orchestration.lock import home_lock

BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```", re.S | re.M)
# released, and released with figures withheld: the demonstration always has some
RELEASED = (0, 3)


def _blocks(name: str) -> list[str]:
    page = (PRODUCT / "docs" / "how-to" / f"{name}.md").read_text()
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) for indent, body in BLOCK.findall(page)]


def _typed(block: str, folder: Path, **variables: str) -> str:
    """Type a block into a shell, in a folder where `var` is the home; every line has to work."""
    script = "".join(f"{line}\ncode=$?; case $code in {'|'.join(map(str, RELEASED))}) ;; *) exit $code;; esac\n"
                     for line in block.splitlines())  # fmt: skip
    environment = {
        **os.environ,
        "OUTTURN_HOME": "var",
        "COLUMNS": "200",
        "PATH": f"{OUTTURN.parent}{os.pathsep}{os.environ['PATH']}",
        **variables,
    }
    said = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, f"{block}\n{said.stdout}{said.stderr}"
    return said.stdout + said.stderr


@pytest.fixture(scope="module")
def engineer(demo: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home of one's own in it."""
    folder = tmp_path_factory.mktemp("engineer")
    shutil.copytree(demo.root, folder / "var", symlinks=True)
    return folder


def _release(home: Path) -> str:
    return (home / "releases" / "current").resolve().name


def test_a_restored_home_comes_to_the_same_release(engineer: Path) -> None:
    backup, restore = _blocks("restore-from-backup")
    _typed(backup, engineer)
    said = _typed(restore, engineer)
    restored = engineer / "restored"
    assert _release(restored) == _release(engineer / "var")
    assert "models" in said, "the warehouse was not in the backup: it was built again"
    kept = ("vault", "lake", "decisions", "settlements", "releases")
    for part in kept:
        assert tree_hashes(restored / part) == tree_hashes(engineer / "var" / part), part
    assert (restored / "vault").stat().st_mode & 0o077 == 0
    # the home that goes on is the restored one
    shutil.rmtree(engineer / "var")
    restored.rename(engineer / "var")


def test_a_backup_is_not_taken_during_a_run(engineer: Path) -> None:
    backup, _ = _blocks("restore-from-backup")
    home = engineer / "var"
    target = engineer / "outturn-backup.tar"
    target.unlink(missing_ok=True)
    with home_lock(Home(home)), pytest.raises(AssertionError):
        _typed(backup, engineer)
    assert not target.exists()


def _correct(home: Path) -> None:
    """The board sends May 2024 again, with forty patients more on every day."""
    sent = sent_by("daily_discharge_return", "E54000058", "2024-05")
    rows = list(csv.DictReader(io.StringIO(sent.content.decode())))
    for row in rows:
        row["no_criteria_to_reside"] = str(int(row["no_criteria_to_reside"]) + 40)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    replace(sent, sequence=2, content=out.getvalue().encode()).write(Home(home).landing)


def test_a_correction_changes_what_rests_on_it_and_is_reported(engineer: Path) -> None:
    """GRW-05, DER-12: figures, the KPI, the settlement; nothing of another month or another indicator's kind."""
    home = engineer / "var"
    former = _release(home)
    settled = tree_hashes(home / "settlements")
    _correct(home)
    (block,) = _blocks("a-provider-sent-again")
    said = _typed(block, engineer)
    assert _release(home) != former
    assert "no_criteria_to_reside:E54000058:2024-05:value: 450.2" in said
    assert "superseded submission" in said
    assert "sequence 1 → " in said
    for line in said.splitlines():
        if line.startswith("changed") and "figure indicator" in line:
            assert re.search(r":2024-(05|11|25|25-q1):value", line), line
    assert re.search(r"changed +changed (posting|kpi|settlement)\S* \S*2024-25", said), said
    now = tree_hashes(home / "settlements")
    assert {name: now.get(name) for name in settled} == settled, "the settlement made before is as it was"
    assert len(now) > len(settled)
    assert list((home / "restatements").glob(f"{former[:16]}..*.json"))


def test_an_upgrade_that_changes_no_figure_says_so(engineer: Path, tmp_path: Path) -> None:
    """Another version of the product: the same but for a comment in a model."""
    home = engineer / "var"
    former = _release(home)
    product = tmp_path / "product"
    for part in (*ROOMS, "places", "agreements"):
        shutil.copytree(PRODUCT / part, product / part, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    model = product / "dbt_project" / "models" / "scorecard" / "kpi_return.sql"
    model.write_text("-- the next version\n" + model.read_text())
    looked, ran = _blocks("upgrade")
    _typed(looked.replace("make setup-run\n", ""), engineer, PYTHONPATH=str(product))
    said = _typed(ran, engineer, PYTHONPATH=str(product))
    assert "Nothing changed between the two releases." in said
    assert _release(home) != former
    assert (home / "releases" / former).exists()
