"""Suites as code: one module a feed, one for each small aggregate table the gate looks at.

Belongs here: what is expected, as data. A contract's own rules become expectations in `common`; a feed's
module adds what only that feed has. Not here: running (`expectations.runner`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from expectations.expectation import Expectation, Scope, Suite
from expectations.suites import aggregate_kpi_return, cost_ledger, daily_discharge_return, reference_organisations
from foundation.errors import WrongUsage
from ingest.contract import Contract

Builder = Callable[[Contract, Scope], Sequence[Expectation]]

BUILDERS: dict[str, Builder] = {
    "aggregate_kpi_return": aggregate_kpi_return.build,
    "cost_ledger": cost_ledger.build,
    "daily_discharge_return": daily_discharge_return.build,
    "reference_organisations": reference_organisations.build,
}
# by feed and contract hash: the hash of a suite is asked for with every submission
_SUITES: dict[tuple[str, str], Suite] = {}
_STANDING = Scope("organisation", date(2000, 1, 1), date(2000, 1, 31), "canonical")


def suite_of(contract: Contract) -> Suite:
    """The suite of a feed under a contract; WrongUsage for a feed without one."""
    builder = BUILDERS.get(contract.feed)
    if builder is None:
        raise WrongUsage(
            f"there is no suite for the feed '{contract.feed}'.", f"use one of: {', '.join(sorted(BUILDERS))}."
        )
    scopes = tuple(replace(_STANDING, layout=name) for name in sorted(contract.custom.layouts))
    known = _SUITES.get((contract.feed, contract.hash))
    if known is None:
        known = _SUITES[contract.feed, contract.hash] = Suite(
            contract.feed, lambda scope: builder(contract, scope), scopes
        )
    return known
