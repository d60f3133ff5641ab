"""What the pages tell a finance lead to type works, and the files have the columns the reference says."""

from __future__ import annotations

import csv
import io
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from orchestration.cli import app
from settlement.bridge import CAUSES

GAIN = "posting:derbyshire-real-only:2024-25:gain"


def command_of(page: Path) -> list[str]:
    """The first command a page tells to type, without `outturn`."""
    (block, *_) = re.findall(r"```sh\noutturn (.*?)\n```", page.read_text(), re.S)
    return shlex.split(block)


def run(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_the_commands_of_the_pages_run_and_their_files_are_as_described(
    repository: Path, release: Path, tmp_path: Path
) -> None:
    reference = (repository / "docs" / "reference" / "before-and-after.md").read_text()
    described = dict(re.findall(r"^\| `(\w+\.csv)` \|[^|]*\|(.*)\|$", reference, re.M))
    how = repository / "docs" / "how-to"

    stress = command_of(how / "before-you-sign.md")
    assert stress[-2:] == ["--out", "stress"]
    stress = [str(repository / word) if word.endswith(".yaml") else word for word in stress[:-1]]
    run([*stress, str(tmp_path / "stress"), "--draws", "50"])

    bridge = command_of(how / "why-the-payment-moved.md")
    assert bridge[:1] + bridge[3:] == ["bridge", "--out", "bridge"]
    run(["bridge", str(release), str(release), "--out", str(tmp_path / "bridge")])

    pack = command_of(how / "challenge-a-figure.md")
    assert pack == ["pack", "var/releases/current", GAIN, "--out", "challenge"]
    run(["pack", str(release), GAIN, "--out", str(tmp_path / "challenge")])

    found = {path.name: path for path in (*(tmp_path / "stress").glob("*.csv"), *(tmp_path / "bridge").glob("*.csv"))}
    assert set(found) == set(described)
    members = {"acute-trust", "city-council", "community-trust", "county-council", "mental-health-trust"}
    members |= {"commissioner-residue"}
    for name, path in found.items():
        if name == "history.csv":
            assert path.read_text() == "nothing\n"
            continue
        columns = next(csv.reader(io.StringIO(path.read_text())))
        own = [column for column in columns if column.removesuffix("_pence") not in members]
        assert own == re.findall(r"`(\w+)`", described[name]), name
        assert (own != columns) == ("members" in described[name]), name
    assert " ".join(f"`{cause}`" for cause in CAUSES) in re.sub(r"\s+", " ", reference)
