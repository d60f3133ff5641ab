"""Same inputs, same bytes: in another home, time zone, locale and thread count."""

from __future__ import annotations

import json

import pytest
from demo_home import DemoHome, filled_home, outturn, tree_hashes


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return filled_home(
        tmp_path_factory,
        "demo-elsewhere",
        TZ="Pacific/Auckland",
        LC_ALL="C.UTF-8",
        LANG="de_DE.UTF-8",
        PYTHONHASHSEED="4711",
        OMP_NUM_THREADS="1",
        HOME=str(tmp_path_factory.mktemp("user")),
    )


def test_two_homes_give_identical_releases(demo: DemoHome, elsewhere: DemoHome) -> None:
    """House rule 6. A DuckDB file is compared by the hash of its ordered contents, every other file by its bytes."""
    assert demo.release.name == elsewhere.release.name
    ours, theirs = (
        tree_hashes(home.release, lambda path: path.suffix == ".duckdb" or path.name == "seal.json")
        for home in (demo, elsewhere)
    )
    assert ours == theirs
    assert len(ours) > 30
    assert outturn("verify", str(elsewhere.release)).code == 0


def test_a_release_carries_no_path_clock_or_name_of_its_machine(demo: DemoHome) -> None:
    import socket
    from datetime import UTC, datetime

    today = datetime.now(tz=UTC).date().isoformat()
    for path in demo.release.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".json", ".csv", ".yaml", ".jsonl"):
            text = path.read_text()
            assert str(demo.root) not in text, path
            assert today not in text, path
            assert socket.gethostname() not in text or len(socket.gethostname()) < 6, path


def test_the_manifest_labels_every_file(demo: DemoHome) -> None:
    """THM-16: each published output carries a classification."""
    manifest = json.loads((demo.release / "manifest.json").read_bytes())
    text = json.dumps(manifest)
    for path in demo.release.rglob("*"):
        name = path.relative_to(demo.release).as_posix()
        if path.is_file() and name not in ("manifest.json", "seal.json"):
            assert name in text, name
