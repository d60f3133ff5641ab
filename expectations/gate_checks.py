"""The checks that stand between a figure and money, each turned into a verdict.

Belongs here: the list of them, for those who run them. Not here: the checks (`gate_cut`, `gate_warehouse`,
`gate_tables`), storing verdicts (`expectations.verdicts`) and acting on them (`settlement.gate`).
"""

from __future__ import annotations

from expectations.gate_cut import (
    cut_register,
    cut_required_feeds,
    expectations_of_feed,
    judge_feed,
    judge_register,
    judge_required_feeds,
)
from expectations.gate_tables import (
    judge_complete_days,
    judge_kpi_return,
    judge_ledger,
    kpi_complete_days,
    kpi_return_whole,
    ledger_whole,
)
from expectations.gate_warehouse import (
    judge_arithmetic,
    judge_warehouse_tests,
    recompute_value,
    unit_multiplier,
    warehouse_arithmetic,
    warehouse_tests,
)
from expectations.judgement import DATA_ENGINEER, Judgement, run_check
from expectations.requirement import FeedNeed, SettlementNeeds, required_organisations

__all__ = [
    "DATA_ENGINEER",
    "FeedNeed",
    "Judgement",
    "SettlementNeeds",
    "cut_register",
    "cut_required_feeds",
    "expectations_of_feed",
    "judge_arithmetic",
    "judge_complete_days",
    "judge_feed",
    "judge_kpi_return",
    "judge_ledger",
    "judge_register",
    "judge_required_feeds",
    "judge_warehouse_tests",
    "kpi_complete_days",
    "kpi_return_whole",
    "ledger_whole",
    "recompute_value",
    "required_organisations",
    "run_check",
    "unit_multiplier",
    "warehouse_arithmetic",
    "warehouse_tests",
]
