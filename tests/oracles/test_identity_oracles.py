"""The identity oracles: at their bar, and below it when an answer is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import identity_suites
import pytest
import run_oracles

IDENTITY = run_oracles.DEFAULT / "identity"
pytestmark = pytest.mark.skipif(not IDENTITY.is_dir(), reason="the identity oracles (../shared/oracles) are not here")


def test_every_answer_is_ours() -> None:
    numbers, hmacs = identity_suites.nhs_numbers(IDENTITY), identity_suites.hmacs(IDENTITY)
    assert numbers.matched == numbers.total == len((IDENTITY / "nhs_number.csv").read_text().splitlines()) - 1
    assert hmacs.matched == hmacs.total == 3


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("nhs_number.csv", "4000000632,valid,spaces", "4000000633,valid,spaces"), ("hmac.json", "b0344c61", "b0344c62")],
)
def test_a_wrong_answer_is_noticed(tmp_path: Path, name: str, old: str, new: str) -> None:
    folder = tmp_path / "identity"
    folder.mkdir()
    for path in IDENTITY.iterdir():
        shutil.copyfile(path, folder / path.name)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = identity_suites.nhs_numbers(folder) if name.endswith("csv") else identity_suites.hmacs(folder)
    assert found.matched == found.total - 1
    assert len(found.mismatches) == 1
