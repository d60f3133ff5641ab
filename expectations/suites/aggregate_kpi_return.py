"""Aggregate KPI return: published figures, taken as published; the contract's own rules."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.common import contract_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return contract_rules(contract, scope)
