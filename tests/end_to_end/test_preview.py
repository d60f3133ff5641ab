"""What a preview says is what a run then does, and until then nothing of the home is another.

The commands are those of docs/how-to/preview-a-resubmission.md, as they stand there.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from demo_home import OUTTURN, DemoHome, Said, outturn, outturn_here, sent_by, tree_hashes

from foundation.errors import Refused, SystemFault
from foundation.home import Home
from foundation.version import PRODUCT
from ingest.register import read_receipt
from orchestration import previewing
from orchestration.lock import home_lock
from orchestration.scratch import NAME, SHARED, scratch_copy
from places.base import Submission
from publication.compare import compare_releases
from publication.release import PREVIEW_MARK

MONTH = "2025-08"
PAGE = (PRODUCT / "docs" / "how-to" / "preview-a-resubmission.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.S | re.M)
ONE, ALL, SEND = range(3)
BOARD = "E54000058"


def _hashes(home: Path) -> dict[str, str]:
    """Every file of a home, but for who holds its lock."""
    return dict(tree_hashes(home, lambda path: path.name == "run.lock"))


def _changed(sent: Submission, sequence: int, more: int) -> Submission:
    """The same file with so many patients more on every day."""
    rows = list(csv.DictReader(io.StringIO(sent.content.decode())))
    for row in rows:
        row["no_criteria_to_reside"] = str(int(row["no_criteria_to_reside"]) + more)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return replace(sent, sequence=sequence, content=out.getvalue().encode())


def _spoilt(sent: Submission) -> Submission:
    """A correction of which two days cannot be read."""
    lines = _changed(sent, 2, 5).content.decode().splitlines()
    day = lines[0].split(",").index("no_criteria_to_reside")
    for place in (3, 4):
        cells = lines[place].split(",")
        cells[day] = "many"
        lines[place] = ",".join(cells)
    return replace(sent, sequence=2, content=("\n".join(lines) + "\n").encode())


@pytest.fixture(scope="module")
def desk(demo: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in `var`, and in `outbox` what the board is about to send: a correction, one with bad days,
    one that is numbered wrong, and a file it sent before."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(demo.root, folder / "var", symlinks=True)
    for one in (
        _changed(sent_by("daily_discharge_return", BOARD, "2024-05"), 2, 40),
        _changed(sent_by("daily_discharge_return", BOARD, "2024-06"), 1, 9),
        _spoilt(sent_by("daily_discharge_return", BOARD, "2024-07")),
        sent_by("daily_discharge_return", BOARD, "2024-08"),
    ):
        one.write(folder)
    (folder / BOARD).rename(folder / "outbox")
    return folder


@pytest.fixture
def correction(desk: Path) -> Path:
    return desk / "outbox" / f"daily_discharge_return_{BOARD}_2024-05_v2.csv"


def _typed(number: int, folder: Path) -> Said:
    """Type a block of the page; how its last line ended and all it said."""
    environment = {**os.environ, "OUTTURN_HOME": "var", "PATH": f"{OUTTURN.parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "-c", BLOCKS[number]], cwd=folder, env=environment, capture_output=True, text=True)
    return Said(ran.returncode, ran.stdout + ran.stderr)


@dataclass(frozen=True)
class Previewed:
    """What the preview of the whole outbox said, and the home before and after it."""

    said: Said
    told: dict[str, Any]
    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
def previewed(desk: Path) -> Previewed:
    before = _hashes(desk / "var")
    said = _typed(ALL, desk)
    return Previewed(said, json.loads((desk / "preview.json").read_bytes()), before, _hashes(desk / "var"))


def test_a_preview_leaves_the_home_byte_for_byte(previewed: Previewed, desk: Path) -> None:
    assert previewed.said.code == previewed.told["run"]["exit_code"] == 3, previewed.said.out
    assert previewed.after == previewed.before
    assert not list((desk / "var").glob(".tmp-*"))
    for line in previewed.said.out.splitlines():
        assert line.startswith("in the copy"), "nobody may take a line of the copy for a run's"


def test_a_preview_says_what_each_file_would_be_taken_as(previewed: Previewed) -> None:
    good, wrong, spoilt, old = previewed.told["files"]
    assert previewed.told["notes"] == []
    assert (good["state"], good["rows_accepted"], good["late"]) == ("accepted", 31, True)
    assert [(one["file"], one["wholly"]) for one in good["supersedes"]] == [
        (f"daily_discharge_return_{BOARD}_2024-05_v1.csv", True)
    ]
    assert (spoilt["outcome"], spoilt["rows_accepted"], spoilt["rows_quarantined"]) == ("reject_record", 29, 2)
    assert (wrong["state"], wrong["rows_accepted"], wrong["supersedes"]) == ("refused", 0, [])
    assert "delivery.sequence_not_higher" in wrong["rules"]
    assert (old["state"], old["rows_accepted"]) == ("there already", 31)


def test_the_run_then_does_what_the_preview_said(previewed: Previewed, desk: Path, correction: Path) -> None:
    """GRW-05: the same rows, the same figures, the same pence, the same exit code."""
    told, home = previewed.told, desk / "var"
    before = (home / "releases" / "current").resolve()
    ran = _typed(SEND, desk)
    assert ran.code == told["run"]["exit_code"], ran.out
    found = compare_releases(before, home / "releases" / "current")
    assert told["release_in_force"] == before.name
    assert told["changes"] == found.rows()
    assert told["summary"] == found.summary
    assert (
        {"figure", "kpi", "verdict", "score", "posting", "member", "submission"}
        >= {row["table"] for row in told["changes"]}
        >= {"figure", "kpi", "score", "posting", "member", "submission"}
    )
    pence = {row["name"]: int(row["difference"]) for row in told["changes"] if row["table"] in ("posting", "member")}
    gain = pence.pop("posting:derbyshire-real-only:2024-25:gain")
    assert gain < 0, "more patients waiting is worse"
    assert sum(pence.values()) == gain
    for line in told["run"]["findings"]:
        assert line in ran.out
    for one in told["files"]:
        receipt = read_receipt(Home(home), one["submission_id"])
        assert receipt is not None
        for column in ("outcome", "rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated"):
            assert getattr(receipt, column) == one[column], (one["file"], column)
    again = _typed(ONE, desk)
    assert again.code == 3
    assert correction.name in again.out
    assert "would change nothing" in again.out
    assert "Nothing changed between the two releases." in again.out


def test_a_killed_preview_leaves_the_home_alone_and_the_next_command_tidies(
    copy_of_demo: Path, correction: Path
) -> None:
    before = _hashes(copy_of_demo)
    # when the release of the copy has just been made current there
    said = outturn(
        "preview",
        str(correction),
        "--period",
        MONTH,
        home=copy_of_demo,
        OUTTURN_FAILPOINT="releases/pointer:renamed=kill",
    )
    assert said.code == -9, said.out
    (left,) = copy_of_demo.glob(f"{NAME}*")
    assert left.stat().st_mode & 0o777 == 0o700
    now = {name: value for name, value in _hashes(copy_of_demo).items() if not name.startswith(NAME)}
    assert now == before
    tried = (left / "releases" / "current").resolve()
    assert tried.name not in {path.name for path in (copy_of_demo / "releases").iterdir()}
    assert (tried / PREVIEW_MARK).exists()
    verified = outturn("verify", str(tried))
    assert verified.code == 1
    assert PREVIEW_MARK in verified.out
    assert tried.name not in (left / "decisions" / "publications.jsonl").read_text()
    outturn("doctor", home=copy_of_demo)
    assert not left.exists()
    # Dagster's own history aside, which `doctor` opens
    assert {name: value for name, value in _hashes(copy_of_demo).items() if not name.startswith("dagster/")} == {
        name: value for name, value in before.items() if not name.startswith("dagster/")
    }


def test_no_preview_while_a_run_holds_the_home(demo: DemoHome, correction: Path) -> None:
    with home_lock(Home(demo.root)):
        said = outturn("preview", str(correction), "--period", MONTH, home=demo.root)
    assert said.code == 4
    assert "another run is using" in said.out
    assert not list(demo.root.glob(".tmp-*"))


def test_a_file_without_its_manifest_is_no_delivery(demo: DemoHome, correction: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(correction, tmp_path))
    said = outturn("preview", str(alone), "--period", MONTH, home=demo.root)
    assert said.code == 2
    assert f"{alone.name}.manifest.json is not a file" in said.out


def test_a_run_that_would_be_refused_is_told_as_one(
    copy_of_demo: Path, correction: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate's refusal is an answer, not a failure: said in the home's own words, and the home is as it was."""
    before = _hashes(copy_of_demo)

    def refuse(copy: Home, period: str) -> None:
        assert list(copy.landing.glob(f"{BOARD}/*.csv")), "delivered before the run"
        raise Refused(f"{copy.build_database} was changed after it was tested.", f"look at {copy.lake}.")

    monkeypatch.setattr(previewing, "run_main_job", refuse)
    said = outturn_here("preview", str(correction), "--period", MONTH, home=copy_of_demo)
    assert said.code == 1
    assert f"run          would be refused: {copy_of_demo}/warehouse/build.duckdb was changed" in said.out
    assert f"what to do   look at {copy_of_demo}/lake." in said.out
    assert "no pound would move" in said.out
    assert NAME not in said.out
    assert _hashes(copy_of_demo) == before


# the copy -------------------------------------------------------------------------------------------


@pytest.fixture
def held(copy_of_demo: Path) -> Iterator[Home]:
    with home_lock(Home(copy_of_demo)):
        yield Home(copy_of_demo)


def test_a_copy_holds_the_home_and_no_waiting_file(held: Home, correction: Path) -> None:
    box = held.landing / BOARD
    box.mkdir(exist_ok=True)
    shutil.copy(correction, box)
    before = _hashes(held.root)
    with scratch_copy(held) as copy:
        assert copy.root.stat().st_mode & 0o777 == 0o700
        assert copy.is_preview
        assert not held.is_preview
        there = _hashes(copy.root)
        assert {name: there[name] for name in there if name != "home.json"} == {
            name: value
            for name, value in before.items()
            if name.split("/")[0] not in ("dagster", "dbt", "run.hands", "home.json")
            and not name.startswith("vault/landing/")
        }
        for path in copy.root.rglob("*"):
            mine = held.root / path.relative_to(copy.root)
            if path.is_file() and not path.is_symlink() and path.name != "home.json":
                assert path.stat().st_mode == mine.stat().st_mode, path
                folder = path.relative_to(copy.root).as_posix()
                assert path.samefile(mine) == any(folder.startswith(f"{one}/") for one in SHARED), path
        # what decides what is true is never shared
        for name in ("decisions/publications.jsonl", "warehouse/build.duckdb", "warehouse/built.json"):
            assert not (copy.root / name).samefile(held.root / name)
    assert _hashes(held.root) == before
    assert not copy.root.exists()


def test_a_shared_file_that_is_written_in_place_is_noticed(held: Home) -> None:
    receipt = next(held.submissions.glob("*/receipt.json"))
    named = pytest.raises(SystemFault, match=r"receipt\.json changed while a run was tried")
    with named, scratch_copy(held) as copy, (copy.root / receipt.relative_to(held.root)).open("ab") as handle:
        handle.write(b" ")
        handle.flush()
    assert not list(held.root.glob(f"{NAME}*"))


def test_a_folder_that_lies_elsewhere_is_not_written_through_a_link(held: Home, tmp_path: Path) -> None:
    shutil.move(held.lake, tmp_path / "lake")
    held.lake.symlink_to(tmp_path / "lake")
    with pytest.raises(Refused, match="lake is a link to a folder elsewhere"), scratch_copy(held):
        pass
    assert not list(held.root.glob(f"{NAME}*"))
