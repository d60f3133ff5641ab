"""Register of required organisations: the contract's rules; a register without rows would require nothing."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.common import contract_rules, some_rows
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [*contract_rules(contract, scope), some_rows("The register names no organisation.")]
