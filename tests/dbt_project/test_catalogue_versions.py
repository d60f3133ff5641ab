"""Versions of a definition: a change under the same number is refused, former ones are kept, pages tell what changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dbt_project.catalogue import DIRECTORY, HISTORY, LOCK, Indicator, load_catalogue
from dbt_project.catalogue.page import CHANGES, changes_page
from dbt_project.catalogue.versions import histories, lock_text, main
from foundation.errors import Refused

ID = "four_week_quit"
CHANGE = {"version": 2, "effective_from": date(2025, 4, 1), "why": "The national return took days 25 to 40"}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(content, handle)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue of one indicator, its first version written down."""
    shutil.copy(DIRECTORY / f"{ID}.yaml", tmp_path)
    main(tmp_path)
    return tmp_path


def _second(folder: Path, **former: Any) -> None:
    """Version 2 in force, the first kept."""
    first = _read(folder / f"{ID}.yaml")
    _write(folder / HISTORY / f"{ID}.v1.yaml", {**first, **former})
    second = {**first, "version": 2, "effective_from": CHANGE["effective_from"], "changes": [CHANGE]}
    _write(folder / f"{ID}.yaml", {**second, "exclusions": "People under 16", "value_decimals": 2})
    main(folder)


def test_the_lock_holds_every_definition_of_the_catalogue() -> None:
    """GRW-31: what a version counts is written down; a changed text under the same number does not load."""
    versions = [one for all_of_one in histories() for one in all_of_one]
    held = json.loads((DIRECTORY / LOCK).read_bytes())
    assert {name: set(found) for name, found in held.items()} == {
        name: {str(one.version) for one in versions if one.indicator_id == name} for name in held
    }
    assert lock_text(versions, held) == (DIRECTORY / LOCK).read_bytes(), "python -m dbt_project.catalogue.versions"


@pytest.mark.parametrize("field", Indicator.COUNTING)
def test_a_changed_definition_under_the_same_version_is_refused(folder: Path, field: str) -> None:
    content = _read(folder / f"{ID}.yaml")
    other: dict[str, Any] = {
        "statistic": "maintained_proportion", "polarity": "neutral", "population_basis": "cohort",
        "value_decimals": 2, "max_missing_pct": "5.00", "multiplier": 1, "follow_up_days": 0, "breakdowns": ["pcn"],
        "period_kinds": ["year"], "feeds": ["stop_smoking"], "local_or_national": "local",
    }  # fmt: skip
    _write(folder / f"{ID}.yaml", {**content, field: other.get(field, "Something else")})
    with pytest.raises(Refused, match=r"was changed, and is still version 1.*history/four_week_quit\.v1\.yaml"):
        load_catalogue(folder)
    with pytest.raises(Refused, match="is written down with another definition"):
        main(folder)


@pytest.mark.parametrize("around", [
    {"look_back_days": 25, "look_back_feeds": ["stop_smoking"]},
    {"allowance_days": 42, "allowance_feeds": ["stop_smoking"], "allowance_reason": "Sent late"},
])  # fmt: skip
def test_other_days_around_a_period_are_another_definition(folder: Path, around: dict[str, Any]) -> None:
    content = _read(folder / f"{ID}.yaml")
    _write(folder / f"{ID}.yaml", {**content, **around})
    with pytest.raises(Refused, match="was changed, and is still version 1"):
        load_catalogue(folder)
    _write(folder / f"{ID}.yaml", {**content, "look_back_days": 0, "look_back_feeds": []})
    assert load_catalogue(folder)[0].days_around("stop_smoking") == (0, 42)


def test_words_that_decide_nothing_may_be_put_better(folder: Path) -> None:
    content = _read(folder / f"{ID}.yaml")
    _write(folder / f"{ID}.yaml", {**content, "caveat": "Counts attempts", "owner": "Somebody else"})
    assert [one.version for one in load_catalogue(folder)] == [1]


def _unkept(folder: Path) -> None:
    (folder / HISTORY / f"{ID}.v1.yaml").unlink()


def _rewritten(folder: Path) -> None:
    path = folder / HISTORY / f"{ID}.v1.yaml"
    _write(path, {**_read(path), "unit": "per 100"})


def _unlocked(folder: Path) -> None:
    held = json.loads((folder / LOCK).read_bytes())
    del held[ID]["2"]
    (folder / LOCK).write_text(json.dumps(held))


def _torn(folder: Path) -> None:
    (folder / LOCK).write_text("<<<<<<< ours\n{}")


def _unexplained(folder: Path) -> None:
    path = folder / f"{ID}.yaml"
    _write(path, {**_read(path), "changes": []})


def _early(folder: Path) -> None:
    path = folder / f"{ID}.yaml"
    _write(path, {**_read(path), "effective_from": date(2025, 5, 1)})


def _both(folder: Path) -> None:
    path = folder / f"{ID}.yaml"
    _write(path, {**_read(path), "dual_running": True})


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_unkept, "its version 1 is not kept"),
        (_rewritten, "was changed, and is still version 1"),
        (_unlocked, "version 2 of four_week_quit is not in versions.json"),
        (_torn, "cannot be read as JSON.*take one side's lock whole"),
        (_unexplained, "needs an entry for each of the versions 2 to 2"),
        (_early, "end with effective_from"),
        (_both, "only a former version"),
    ],
)
def test_a_history_with_a_hole_is_refused(folder: Path, fault: Callable[[Path], None], said: str) -> None:
    _second(folder)
    assert [one.version for one in load_catalogue(folder)] == [2]
    fault(folder)
    with pytest.raises(Refused, match=said):
        load_catalogue(folder)


def test_a_former_version_runs_beside_the_new_one_under_an_id_of_its_own(folder: Path) -> None:
    """GRW-31: an agreement on the former version goes on reading its figures; the series of the new one has a break."""
    _second(folder, dual_running=True)
    new, former = load_catalogue(folder)
    assert (new.indicator_id, new.version, new.row()["breaks"]) == (ID, 2, "2025-04-01")
    assert (former.indicator_id, former.version, former.row()["breaks"]) == (f"{ID}_v1", 1, "")
    assert (former.value_decimals, new.value_decimals) == (1, 2)
    assert former.name.endswith("(version 1, former definition)")


def test_the_page_of_changes_is_what_the_versions_say(folder: Path) -> None:
    assert CHANGES.read_text(encoding="utf-8") == changes_page(histories()), "python -m dbt_project.catalogue.page"
    assert "No definition has changed" in changes_page(histories(folder))
    _second(folder, dual_running=True)
    text = changes_page(histories(folder))
    assert "## four_week_quit, version 2, from 2025-04-01" in text
    assert "The national return took days 25 to 40. It takes the place of version 1, which runs beside it." in text
    assert "| value_decimals | 1 | 2 |" in text
    assert "| exclusions | None: lost to follow-up" in text
    assert text.count("\n| ") == 3
