"""What `outturn due` foretold is what the gate then withheld for missing feeds: the same sentences, the same KPIs.

On the home of the fault matrix, whole: something a sender delivered is taken back, the forecast is asked, then the main
job runs to its gate. CNI-27.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from demo_home import outturn_here
from fault_home import AGREEMENT, PERIOD, Scene, command, copy_for_runs, release
from plants_lake import withdrawn

from orchestration.judging import FITNESS


def _foretold(scene: Scene) -> list[dict[str, Any]]:
    said = outturn_here("due", "--json", home=scene.home.root)
    assert said.code == 3, said.out
    return list(json.loads(said.out)["forecast"])


def _verdicts(scene: Scene, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(scene.verdict_folder.glob(pattern))]


def _unfit(scene: Scene, period: str) -> set[str]:
    """KPIs whose figure of a period the gate did not find fit."""
    found = _verdicts(scene, f"{FITNESS}@{AGREEMENT}@*@{period}.json")
    assert len(found) == 6
    return {item["scope"].split("/")[1] for item in found if item["status"] == "failed"}


def _withheld(forecast: list[dict[str, Any]], period: str) -> set[str]:
    (found,) = [item for item in forecast if item["period"] == period]
    return {kpi["kpi_id"] for kpi in found["kpis"] if kpi["would_be_withheld"]}


def test_the_gate_withheld_what_was_foretold_and_nothing_else(ready: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        scene = Scene(copy_for_runs(ready, tmp_path / "home"), patch, tmp_path)
        try:
            sound = _foretold(scene)
            withdrawn("sexual_health", "ZSH1", "2024-05")(scene)
            withdrawn("pcn_long_term_conditions", "ZPN3", "2024-08")(scene)
            # its months are in its neighbours too: nothing is missing without it
            withdrawn("stop_smoking", "ZSS1", "2024-11")(scene)
            forecast = _foretold(scene)
            said = command("run", "--period", "2025-06", home=scene.home.root)
        finally:
            release(scene)
    assert said.code == 1, said.out
    assert _withheld(sound, PERIOD) == set(), "before, nothing was missing for the year"
    (verdict,) = _verdicts(scene, "cut.required_feeds.json")
    assert verdict["status"] == "failed"
    told = [lack["sentence"] for item in forecast if item["judged_now"] for lack in item["lacks"]]
    assert told == verdict["observed"]["problems"]
    assert {line.split(" for ")[0] for line in told} == {
        f"{AGREEMENT}: ZSH1 sent no sexual_health",
        f"{AGREEMENT}: ZPN3 sent no pcn_long_term_conditions",
    }
    # and figure by figure, by the warehouse's own count of days: the year that is over, and the year that is not
    assert _withheld(forecast, PERIOD) == _unfit(scene, PERIOD) == {"G6", "G7"}
    assert _withheld(forecast, "2025-26") == _unfit(scene, "2025-26")
    refusal = json.loads((scene.home.refusals / f"{scene.cycle.cut.cut_id}.json").read_bytes())
    assert {item["agreement_id"] for item in refusal["refusals"]} == {AGREEMENT}
    (year,) = [item for item in forecast if item["period"] == PERIOD]
    assert year["would_be_refused"]
    assert {stake["what"]: stake["pence"] for stake in year["at_stake"]}["top-up pool"] == 48_000_000
