"""An empty home for a place of one's own: what it is made from, what it is then, what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from orchestration.cycle import agreements_of, place_of
from orchestration.moments import moment_of, today_of
from orchestration.new_home import make_home
from orchestration.releasing import published_place
from places.own import own_place

PLACE = """\
id: riverside
title: Riverside
area_code: E06999999
area_name: Riverside borough
sources:
  - {title: Invented, licence: MIT, attribution: Nobody's.}
"""
TERMS = Path(__file__).resolve().parents[2] / "agreements/derbyshire-real-only/2024-04-01.yaml"


@pytest.fixture
def described(tmp_path: Path) -> Path:
    path = tmp_path / "place.yaml"
    path.write_text(PLACE)
    return path


def test_a_live_home_has_its_own_words_and_this_machines_clock(tmp_path: Path, described: Path) -> None:
    home = Home(tmp_path / "home")
    make_home(home, described)
    assert json.loads(home.marker.read_bytes()) == {"demo": False, "place": "riverside"}
    assert home.vault.stat().st_mode & 0o777 == 0o700
    assert published_place(home).area_name == "Riverside borough"
    assert published_place(home).sources[0].title == "Invented"
    assert today_of(home) >= date(2026, 1, 1)
    assert agreements_of(home) == ()


def test_a_home_to_practise_in_stands_still_and_has_agreements_of_its_own(tmp_path: Path, described: Path) -> None:
    described.write_text(PLACE + "practice_day: 2025-06-16\n")
    home = Home(tmp_path / "home")
    make_home(home, described)
    assert home.is_demo
    assert f"{moment_of(home):%Y-%m-%dT%H:%M:%SZ}" == "2025-06-16T09:00:00Z"
    assert place_of(home).last_month == "2025-06"
    folder = home.root / "agreements" / "derbyshire-real-only"
    folder.mkdir()
    (folder / TERMS.name).write_bytes(TERMS.read_bytes())
    assert [item.terms.id for item in agreements_of(home)] == ["derbyshire-real-only"]


def test_a_place_may_protect_more_than_the_house(tmp_path: Path, described: Path) -> None:
    described.write_text(PLACE + "disclosure: {least_people: 20}\n")
    home = Home(tmp_path / "home")
    make_home(home, described)
    assert published_place(home).disclosure == {"least_people": 20}


def test_a_demo_without_a_place_file_is_as_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="derbyshire")
    assert own_place(home.root) is None
    assert place_of(home).title == "Derby and Derbyshire"
    assert [item.terms.id for item in agreements_of(home)] == ["derbyshire-real-only"]


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path, described: Path) -> None:
    home = Home(tmp_path / "home")
    make_home(home, described)
    with pytest.raises(WrongUsage, match="is a home already"):
        make_home(home, described)
    with pytest.raises(WrongUsage, match="is not empty"):
        make_home(Home(tmp_path), described)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "place.yaml"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PLACE.replace("title: Riverside\n", ""), "place.yaml, title: field required"),
        (PLACE + "colour: green\n", "place.yaml, colour: extra inputs"),
        (PLACE.replace("E06999999", "Riverside"), "place.yaml, area_code: string should match"),
        (PLACE.replace("id: riverside", "id: ../riverside"), "place.yaml, id: string should match"),
        (PLACE.replace("licence: MIT, ", ""), "place.yaml, sources.0.licence: field required"),
        (PLACE + "disclosure: {largest_hidden: 3}\n", "at least 7"),
        (PLACE + "disclosure: {coarse: 3}\n", "no setting of disclosure control"),
        (PLACE + "practice_day: soon\n", "place.yaml, practice_day: input should be a valid date"),
        ("- [", "cannot be read as YAML"),
        ("", "place.yaml, the file: input should be"),
    ],
)
def test_a_place_that_is_not_described_makes_no_home(tmp_path: Path, described: Path, content: str, said: str) -> None:
    described.write_text(content)
    home = Home(tmp_path / "home")
    with pytest.raises(Refused, match=said):
        make_home(home, described)
    assert not home.root.exists()


def test_the_doctor_says_a_refusal_once(tmp_path: Path, described: Path) -> None:
    from orchestration.doctor import examine

    home = Home(tmp_path / "home")
    make_home(home, described)
    reason = {"what": "nothing is there.", "why": "nothing is there.", "who_mends": "data engineer",
              "mend": "look.", "effect_on_money": "None."}  # fmt: skip
    other = {**reason, "why": "it was lost."}
    (home.refusals / "cut.json").write_text(json.dumps({"refusals": [{"reasons": [reason, other]}]}))
    told = [finding.line for finding in examine(home) if finding.line.startswith("refused:")]
    end = "Who mends it: data engineer. What to do: look. Effect on money: None."
    assert told == [f"refused: nothing is there. {end}", f"refused: nothing is there (it was lost). {end}"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no file .*nowhere\.yaml"):
        make_home(Home(tmp_path / "home"), tmp_path / "nowhere.yaml")
