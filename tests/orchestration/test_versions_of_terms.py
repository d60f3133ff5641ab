"""Which version of an agreement's terms settles a period: the one in force when it opens, and no other."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from orchestration.settling import each_due
from settlement.terms import Terms, load_terms

ROOT = Path(__file__).parents[2]
PUBLISHED = (ROOT / "agreements" / "derbyshire-real-only" / "2024-04-01.yaml").read_text(encoding="utf-8")
UNTIL = date(2026, 4, 30)


def _terms(first_day: str, *years: str) -> Terms:
    """The published terms from another day on, with a target cost for these years."""
    data = yaml.load(PUBLISHED, Loader=yaml.BaseLoader)
    data["agreement"]["effective_from"] = first_day
    agreed = data["finance"]["target_cost"][0]
    data["finance"]["target_cost"] = [{**copy.deepcopy(agreed), "period": year} for year in years]

    class Plain(yaml.SafeDumper):
        pass

    # every scalar was read as text, and is written as it was read
    Plain.yaml_implicit_resolvers = {}
    return load_terms(yaml.dump(data, Dumper=Plain, sort_keys=False, allow_unicode=True).encode())


def _due(*versions: Terms) -> list[tuple[str, str]]:
    agreements: Any = [SimpleNamespace(terms=terms) for terms in versions]
    cut = SimpleNamespace(submissions=[SimpleNamespace(covers_to=UNTIL)])
    home = SimpleNamespace(settlements=Path("/nonexistent"))
    cycle: Any = SimpleNamespace(home=home, cut=cut, agreements=agreements)
    return [
        (one.terms.agreement.effective_from.isoformat(), period.label)
        for one, period in each_due(cycle, agreements, UNTIL)
    ]


def test_a_variation_settles_the_periods_that_open_under_it() -> None:
    """Old periods on old rules: an open-ended agreement that is varied settles nothing twice."""
    first, second = _terms("2024-04-01", "2024-25", "2025-26"), _terms("2025-04-01", "2025-26")
    assert first.id == second.id and first.terms_hash != second.terms_hash
    assert _due(first) == [("2024-04-01", "2024-25"), ("2024-04-01", "2025-26")]
    assert _due(first, second) == [("2024-04-01", "2024-25"), ("2025-04-01", "2025-26")]
    assert sorted(_due(second, first)) == sorted(_due(first, second))
