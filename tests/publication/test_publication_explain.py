"""From a figure or a pound to the hashes of the files it came from. GRW-05, CNI-20, THM-15."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pytest
import release_fixture as made
from rich.console import Console

from foundation.errors import WrongUsage
from publication import explain as explanations
from publication.explain import explain, print_tree, to_json
from publication.inputs import ReleaseInputs
from publication.reader import open_release

POSTING = "posting:derbyshire-real-only:2024-25:gain"
YEAR = f"indicator:{made.CENSUS}:{made.AREA}:2024-25:value"


def _hashes(inputs: ReleaseInputs, feed: str) -> set[str]:
    return {
        sent["sha256"] for sent in inputs.data_cut["submissions"]
        if sent["feed"] == feed and "2024-04-01" <= sent["covers_from"] <= "2025-03-31"
    }  # fmt: skip


def test_a_figure_leads_to_the_files_of_its_period(copy: Path, inputs: ReleaseInputs) -> None:
    text = to_json(explain(copy, YEAR))
    json.loads(text)
    named = set(re.findall(r"\b[0-9a-f]{64}\b", text))
    assert len(_hashes(inputs, "daily_discharge_return")) == 36
    assert _hashes(inputs, "daily_discharge_return") <= named
    for words in ("definition", "166,464 ÷ 358", "warehouse.arithmetic: passed", "95", "Complete days"):
        assert words in text


@pytest.mark.parametrize("figure", [POSTING, "member:derbyshire-real-only:2024-25:gain:acute-trust"])
def test_a_pound_leads_through_every_step_to_every_file(copy: Path, inputs: ReleaseInputs, figure: str) -> None:
    tree = explain(copy, figure)
    text = to_json(tree)
    for feed in ("daily_discharge_return", "cost_ledger"):
        assert _hashes(inputs, feed) <= set(re.findall(r"\b[0-9a-f]{64}\b", text))
    for words in ("£143,100,000.00 - £140,000,000.00", "terms_hash" if "terms_hash" in text else "terms hash",
                  "what the gate decided", "kpi:derbyshire-real-only:D1:2024-25:value", YEAR):  # fmt: skip
        assert words in text
    out = io.StringIO()
    print_tree(tree, Console(file=out, width=200))
    assert "£937,654.32" in out.getvalue()
    assert "└──" in out.getvalue()


def test_a_withheld_figure_says_why_and_keeps_its_value_hidden(copy: Path) -> None:
    shutil.rmtree(copy / "analyst")
    text = to_json(explain(copy, f"indicator:{made.CENSUS}:{made.AREA}:2025-26-q1:value"))
    assert "[w]" in text
    assert "20 of the 91 days" in text


def test_a_score_is_explained_by_its_step(copy: Path) -> None:
    assert "13.991770 points" in explain(copy, "kpi:derbyshire-real-only:D1:2024-25:score").label


def test_a_number_that_a_step_counts_leads_to_its_row(copy: Path) -> None:
    """The row is filed under its value; a step of a rate card names its numerator."""
    trace = explanations._Trace(open_release(copy))
    assert trace.walk("kpi:derbyshire-real-only:D1:2024-25:numerator").label.startswith("KPI D1: ")


def test_the_public_part_alone_says_what_is_missing(copy: Path) -> None:
    shutil.rmtree(copy / "members")
    text = to_json(explain(copy, YEAR))
    assert "not part of this copy" in text
    assert "not part of this copy" in to_json(explain(copy, POSTING))


@pytest.mark.parametrize("wrong", [POSTING.replace("gain", "pain"), "posting:derbyshire", "nonsense", YEAR + "s"])
def test_an_unknown_figure_lists_what_is_near(copy: Path, wrong: str) -> None:
    with pytest.raises(WrongUsage) as told:
        explain(copy, wrong)
    if wrong != "nonsense":
        assert POSTING in str(told.value) or YEAR in str(told.value)
