"""What `outturn sign` shows of terms: the curve, the gate, and every entry, so that no other terms show the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from settlement_world import AGREEMENT, quick_terms

from orchestration.signing_words import sum_words, terms_lines
from orchestration.terms_words import gate_lines, score_lines, whole_lines
from settlement.terms import Terms, load_terms

FILES = sorted(AGREEMENT.parents[1].glob("*/*-*-*.yaml"))


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path


def _plain(value: Any) -> Any:
    """Lists in place of tuples, so that one entry can be changed."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, (int, Decimal)):
        return value + (1 if isinstance(value, int) else Decimal("0.001"))
    return f"{value}x"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_whatever_is_changed_in_the_terms_is_shown_otherwise(path: Path) -> None:
    """A figure, a word or a date that is signed and not shown could be changed between reading and signing."""
    content = _plain(load_terms(path.read_bytes()).model_dump(mode="python", exclude_none=True))
    shown = whole_lines(content, sum_words)
    leaves = list(_leaves(content))
    assert len(leaves) > 150
    for place in leaves:
        changed = copy.deepcopy(content)
        node = changed
        for step in place[:-1]:
            node = node[step]
        node[place[-1]] = _other(node[place[-1]])
        assert whole_lines(changed, sum_words) != shown, place


def _terms() -> Terms:
    return load_terms(AGREEMENT.read_bytes())


def test_the_curve_is_said_level_by_level() -> None:
    terms = _terms()
    (paid,) = terms.paid_kpis
    levels = "scores −100 at 530 or worse, −50 at 505, 0 at 478.6, 50 at 430, 100 at 340 or better; "
    assert score_lines(terms, paid) == [f"{levels}a straight line between two levels"]
    stepped = quick_terms({"scoring.between_levels": "stepped"})
    assert score_lines(stepped, paid) == [f"{levels}between two levels the score of the one that is reached"]
    assert score_lines(terms, next(kpi for kpi in terms.framework.kpis if kpi.levels is None)) == []
    assert f"    {levels}a straight line between two levels" in terms_lines(terms)


def test_the_gate_is_said_cause_by_cause() -> None:
    said = gate_lines(_terms())
    assert said[0].startswith("Nothing is settled unless all of these pass: cut.register")
    assert said[1] == (
        "A figure that fails kpi.complete_days (at most 10 % missing) is withheld until a cause is recorded"
    )
    assert said[2:] == [
        "  party did not report: it scores the worst there is, and no gain rests on it; recorded by independent-expert",
        "  measuring system: it counts as at the level game breaking; recorded by independent-expert",
        "  external shock: it counts as at the level minimum, or by its own value where that is better; "
        "recorded by independent-expert",
        "  definition withdrawn: it neither gains nor loses; recorded by independent-expert",
        "Below 60 % of the weight live, the settlement is withheld",
    ]
    small = {"least_denominator": 100, "least_count": 5, "action": "neutral"}
    assert gate_lines(quick_terms({"gate.small_numbers": small}))[-1] == (
        "Below 100 people, or 5 with or without the outcome, a figure is neutral"
    )


def test_units_stand_with_the_figures() -> None:
    said = whole_lines(
        {
            "baseline_gbp": Decimal("1250.50"), "cap_pct_of_target": Decimal("2.0"), "pct": Decimal("-1"), "trend": Decimal("1.02"),
            "price_gbp": Decimal("0.005"), "fee_gbp": Decimal("-0.005"), "names": ["a", "b"], "none": [], "shadow": True, "live": False,
            "bands": [{"rate_pct": 50}, {"rate_pct": 25}], "starts": date(2024, 4, 1),
        },
        sum_words,
    )  # fmt: skip
    assert said == [
        "  baseline: £1,250.50 (one thousand two hundred and fifty pounds and fifty pence)",
        "  cap of target: 2 %", "  part: −1 %", "  trend: 1.02", "  price: £0.005", "  fee: −£0.005", "  names: a; b", "  none: none",
        "  shadow: yes", "  live: no", "  bands, 1 of 2:", "    rate: 50 %", "  bands, 2 of 2:", "    rate: 25 %",
        "  starts: 1 April 2024",
    ]  # fmt: skip
