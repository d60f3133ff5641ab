"""What a preview says is what a run then does, and until then nothing of the home is another."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from demo_home import DemoHome, Said, outturn, sent_by, tree_hashes

from foundation.errors import Refused, SystemFault
from foundation.home import Home
from ingest.manifest import read_manifest
from ingest.register import read_receipt
from orchestration.lock import home_lock
from orchestration.scratch import NAME, SHARED, scratch_copy
from places.base import Submission
from publication.compare import compare_releases
from publication.release import PREVIEW_MARK

MONTH = "2025-08"
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
def outbox(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What a sender is about to send: a correction, one with bad days, one that is numbered wrong, and an old file."""
    folder = tmp_path_factory.mktemp("outbox")
    made = [
        _changed(sent_by("daily_discharge_return", BOARD, "2024-05"), 2, 40),
        _spoilt(sent_by("daily_discharge_return", BOARD, "2024-07")),
        _changed(sent_by("daily_discharge_return", BOARD, "2024-06"), 1, 9),
        sent_by("daily_discharge_return", BOARD, "2024-08"),
    ]
    return [path.with_name(path.name.removesuffix(".manifest.json")) for path in (one.write(folder) for one in made)]


@pytest.fixture(scope="module")
def home(demo: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo.root, tmp_path_factory.mktemp("preview") / "var", symlinks=True))


@pytest.fixture(scope="module")
def previewed(home: Path, outbox: list[Path]) -> tuple[Said, dict[str, str], dict[str, str]]:
    """What the preview printed, and the home before and after it."""
    before = _hashes(home)
    said = outturn("preview", *map(str, outbox), "--period", MONTH, "--json", home=home)
    return said, before, _hashes(home)


def _document(said: Said) -> dict:
    """The JSON on standard output, before what was said of the copy on standard error."""
    found, _ = json.JSONDecoder().raw_decode(said.out)
    return found


def test_a_preview_leaves_the_home_byte_for_byte(
    previewed: tuple[Said, dict[str, str], dict[str, str]], home: Path
) -> None:
    said, before, after = previewed
    assert said.code == 3, said.out
    assert after == before
    assert not list(home.glob(".tmp-*"))
    assert not [name for name in _document(said)["changes"] if name["table"] == "terms"]


def test_a_preview_says_what_each_file_would_be_taken_as(
    previewed: tuple[Said, dict[str, str], dict[str, str]],
) -> None:
    good, spoilt, wrong, old = _document(previewed[0])["files"]
    assert (good["state"], good["rows_accepted"], good["late"]) == ("accepted", 31, True)
    assert [(one["file"], one["wholly"]) for one in good["supersedes"]] == [
        (f"daily_discharge_return_{BOARD}_2024-05_v1.csv", True)
    ]
    assert (spoilt["outcome"], spoilt["rows_accepted"], spoilt["rows_quarantined"]) == ("reject_record", 29, 2)
    assert (wrong["state"], wrong["rows_accepted"], wrong["supersedes"]) == ("refused", 0, [])
    assert "delivery.sequence_not_higher" in wrong["rules"]
    assert (old["state"], old["rows_accepted"]) == ("there already", 31)


def test_the_run_then_does_what_the_preview_said(
    previewed: tuple[Said, dict[str, str], dict[str, str]], home: Path, outbox: list[Path]
) -> None:
    """GRW-05: the same rows, the same figures, the same pence, the same exit code."""
    told = _document(previewed[0])
    before = (home / "releases" / "current").resolve()
    for file in outbox:
        for path in (file, file.with_name(f"{file.name}.manifest.json")):
            box = home / "vault" / "landing" / BOARD
            box.mkdir(exist_ok=True)
            shutil.copy(path, box / path.name)
    ran = outturn("run", "--period", MONTH, home=home)
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
    again = outturn("preview", str(outbox[0]), "--period", MONTH, home=home)
    assert "would change nothing" in again.out
    assert "Nothing changed between the two releases." in again.out


def test_a_killed_preview_leaves_the_home_alone_and_the_next_command_tidies(
    copy_of_demo: Path, outbox: list[Path]
) -> None:
    before = _hashes(copy_of_demo)
    # when the release of the copy has just been made current there
    said = outturn(
        "preview",
        str(outbox[0]),
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


def test_no_preview_while_a_run_holds_the_home(demo: DemoHome, outbox: list[Path]) -> None:
    with home_lock(Home(demo.root)):
        said = outturn("preview", str(outbox[0]), "--period", MONTH, home=demo.root)
    assert said.code == 4
    assert "another run is using" in said.out
    assert not list(demo.root.glob(".tmp-*"))


def test_a_file_without_its_manifest_is_no_delivery(demo: DemoHome, outbox: list[Path], tmp_path: Path) -> None:
    alone = Path(shutil.copy(outbox[0], tmp_path))
    said = outturn("preview", str(alone), "--period", MONTH, home=demo.root)
    assert said.code == 2
    assert f"{alone.name}.manifest.json is not a file" in said.out
    assert read_manifest(outbox[0].with_name(f"{outbox[0].name}.manifest.json")).sequence == 2


# the copy -------------------------------------------------------------------------------------------


@pytest.fixture
def held(copy_of_demo: Path) -> Iterator[Home]:
    with home_lock(Home(copy_of_demo)):
        yield Home(copy_of_demo)


def test_a_copy_holds_the_home_and_no_waiting_file(held: Home, outbox: list[Path]) -> None:
    box = held.landing / BOARD
    box.mkdir(exist_ok=True)
    shutil.copy(outbox[0], box)
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
