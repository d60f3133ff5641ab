"""`outturn verify` names what was changed: one byte, one penny, anywhere, on a copy elsewhere."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from demo_home import DemoHome, outturn, outturn_here


def test_an_untouched_copy_elsewhere_passes(copy_of_release: Path) -> None:
    said = outturn("verify", str(copy_of_release))
    assert said.code == 0, said.out
    assert "nothing differs" in said.out


def test_without_the_members_part_it_says_what_it_could_not_recompute(copy_of_release: Path) -> None:
    shutil.rmtree(copy_of_release / "members")
    said = outturn("verify", str(copy_of_release))
    assert said.code == 0, said.out
    assert "members" in said.out


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "figure"),
    [
        ("members/postings.csv", "107997685", "107997686", "posting:derbyshire-real-only:2024-25:gain"),
        ("members/member_lines.csv", "6479861", "6479862", "member:derbyshire-real-only:2024-25:gain:county-council"),
        ("members/kpi_return.csv", "453.1", "453.0", "kpi:derbyshire-real-only:D1:2024-25:value"),
        ("members/steps.csv", "3100000.00", "3100000.01", "step:derbyshire-real-only:2024-25:"),
        ("public/data/outcomes.csv", "478.6", "478.5", "indicator:no_criteria_to_reside:E54000058:2023-24:value"),
        ("members/gate.json", "passed", "Passed", "members/gate.json"),
        ("members/terms.yaml", "share_pct: 38", "share_pct: 39", "members/terms.yaml"),
        ("public/site/index.html", "</main>", " </main>", "public/site/index.html"),
        ("manifest.json", "code_version", "code_versioN", "manifest.json"),
    ],
)
def test_one_change_is_named(copy_of_release: Path, file: str, old: str, new: str, figure: str) -> None:
    _replace(copy_of_release / file, old, new)
    said = outturn_here("verify", str(copy_of_release))
    assert said.code == 1, said.out
    assert file in said.out
    assert figure in said.out, said.out


def test_a_ledger_penny_is_named(copy_of_release: Path) -> None:
    path = copy_of_release / "members" / "ledger.csv"
    lines = path.read_text().splitlines()
    position = lines[0].split(",").index("amount_pence")
    cells = lines[5].split(",")
    cells[position] = str(int(cells[position]) + 1)
    lines[5] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    said = outturn_here("verify", str(copy_of_release))
    assert said.code == 1
    assert "members/ledger.csv" in said.out
    assert re.search(r"(ledger|step|posting|member):derbyshire-real-only:2024-25", said.out), said.out


def test_a_changed_cell_of_the_database_is_named(copy_of_release: Path) -> None:
    with duckdb.connect(str(copy_of_release / "public" / "published.duckdb")) as connection:
        connection.execute(
            "update outcomes set value_text = '452.9' where indicator_id = 'no_criteria_to_reside' and period_id = '2024-25'"
        )
    said = outturn_here("verify", str(copy_of_release))
    assert said.code == 1
    assert "public/published.duckdb" in said.out
    assert "indicator:no_criteria_to_reside:E54000058:2024-25:value" in said.out


def test_a_forger_who_seals_again_is_caught_by_recomputation(copy_of_release: Path) -> None:
    """Hashes can be forged by whoever holds the folder; the arithmetic cannot."""
    from foundation.canonical import sha256_file

    for name in ("postings.csv", "member_lines.csv"):
        path = copy_of_release / "members" / name
        path.write_text(path.read_text().replace("107997685", "107997785").replace("41039120", "41039220"))
    seal_path = copy_of_release / "seal.json"
    seal = json.loads(seal_path.read_bytes())
    text = json.dumps(seal)
    for name in ("members/postings.csv", "members/member_lines.csv"):
        old = next(value for key, value in (seal.get("files") or seal).items() if key == name)
        old = old if isinstance(old, str) else old["sha256"]
        text = text.replace(old, sha256_file(copy_of_release / name))
        manifest = copy_of_release / "manifest.json"
        manifest.write_text(manifest.read_text().replace(old, sha256_file(copy_of_release / name)))
    seal_path.write_text(text)
    said = outturn("verify", str(copy_of_release))
    assert said.code == 1
    assert "posting:derbyshire-real-only:2024-25:gain" in said.out


def test_one_flipped_byte_in_any_file_is_named(demo: DemoHome, tmp_path: Path) -> None:
    """Every file of the release, one byte each, in-process: the file is named every time."""
    from publication.verify import verify_release

    chance = random.Random(20241122)
    copy = Path(shutil.copytree(demo.release, tmp_path / "copy"))
    files = [path for path in sorted(copy.rglob("*")) if path.is_file()]
    for path in chance.sample(files, min(len(files), 25)):
        content = path.read_bytes()
        if not content:
            continue
        position = chance.randrange(len(content))
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x01]) + content[position + 1 :])
        named = " ".join(str(problem) for problem in verify_release(copy).problems)
        assert path.relative_to(copy).as_posix() in named, path
        path.write_bytes(content)
    assert not verify_release(copy).problems
