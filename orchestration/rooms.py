"""The fixed things of the rooms, loaded once a process: contracts, catalogue, definitions hash."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from foundation.version import PRODUCT

if TYPE_CHECKING:
    from dbt_project.catalogue import Indicator
    from ingest.contract import Contract

CONTRACTS = PRODUCT / "ingest" / "contracts"
DBT_PROJECT = PRODUCT / "dbt_project"


@cache
def contracts() -> dict[str, Contract]:
    """Feed -> data contract."""
    from ingest.contract import load_contracts

    return load_contracts(CONTRACTS)


@cache
def feeds() -> list[str]:
    """Names of the feeds, in order."""
    return sorted(contracts())


@cache
def catalogue() -> list[Indicator]:
    """The indicator catalogue."""
    from dbt_project.catalogue import load_catalogue

    return load_catalogue(DBT_PROJECT / "catalogue")


@cache
def definitions_hash() -> str:
    """Hash of everything verdicts are judged by: contracts, suites, dbt project with its catalogue."""
    from expectations.definitions import definitions_hash as hash_of

    return hash_of(CONTRACTS, DBT_PROJECT)
