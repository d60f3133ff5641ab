"""Cost ledger: lines of a member's open book; the contract's own rules. Sums are checked exactly at intake."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.common import contract_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return contract_rules(contract, scope)
