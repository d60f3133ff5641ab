"""Suites as code: one module a feed, one for each small aggregate table the gate looks at.

Belongs here: what is expected, as data. A contract's own rules become expectations in `common`; a feed's
module adds what only that feed has. Not here: running (`expectations.runner`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from expectations.expectation import Expectation, Scope, Suite
from expectations.suites import (
    admitted_care,
    aggregate_kpi_return,
    community_referrals,
    cost_ledger,
    council_client_level,
    daily_discharge_return,
    deaths,
    nhs_health_checks,
    pcn_achievement,
    pcn_long_term_conditions,
    pcn_register,
    reference_areas,
    reference_organisations,
    reference_practices,
    sexual_health,
    stop_smoking,
    treatment_episodes,
)
from expectations.suites.persons import person_rules
from ingest.contract import Contract

Builder = Callable[[Contract, Scope], Sequence[Expectation]]

# a feed without a module has the rules that follow from its contract, and no others
BUILDERS: dict[str, Builder] = {
    "admitted_care": admitted_care.build,
    "aggregate_kpi_return": aggregate_kpi_return.build,
    "community_referrals": community_referrals.build,
    "cost_ledger": cost_ledger.build,
    "council_client_level": council_client_level.build,
    "daily_discharge_return": daily_discharge_return.build,
    "deaths": deaths.build,
    "nhs_health_checks": nhs_health_checks.build,
    "pcn_achievement": pcn_achievement.build,
    "pcn_long_term_conditions": pcn_long_term_conditions.build,
    "pcn_register": pcn_register.build,
    "reference_areas": reference_areas.build,
    "reference_organisations": reference_organisations.build,
    "reference_practices": reference_practices.build,
    "sexual_health": sexual_health.build,
    "stop_smoking": stop_smoking.build,
    "treatment_episodes": treatment_episodes.build,
}
# by feed and contract hash: the hash of a suite is asked for with every submission
_SUITES: dict[tuple[str, str], Suite] = {}
_STANDING = Scope("organisation", date(2000, 1, 1), date(2000, 1, 31), "canonical")


def suite_of(contract: Contract) -> Suite:
    """The suite of a feed under a contract: what the contract declares, and what only that feed has."""
    builder = BUILDERS.get(contract.feed, person_rules)
    scopes = tuple(replace(_STANDING, layout=name) for name in sorted(contract.custom.layouts))
    known = _SUITES.get((contract.feed, contract.hash))
    if known is None:
        known = _SUITES[contract.feed, contract.hash] = Suite(
            contract.feed, lambda scope: builder(contract, scope), scopes
        )
    return known
