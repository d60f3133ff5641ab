"""The fixed things of the rooms, loaded once a process: contracts, catalogue, definitions hash."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from foundation.canonical import content_id
from foundation.home import Home
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


def local_indicators(home: Home) -> list[Indicator]:
    """What the home adds to the catalogue in its folder `indicators`, beside its agreements."""
    from dbt_project.catalogue import load_local

    return load_local(home.root / "indicators", catalogue())


def catalogue_of(home: Home) -> list[Indicator]:
    """The shared catalogue with the home's own indicators, in the order of ids."""
    return sorted([*catalogue(), *local_indicators(home)], key=lambda one: one.indicator_id)


@cache
def _shared_definitions() -> str:
    from expectations.definitions import definitions_hash as hash_of

    return hash_of(CONTRACTS, DBT_PROJECT)


def definitions_hash(home: Home) -> str:
    """Hash of everything verdicts are judged by: contracts, suites, dbt project with its catalogue, and the home's own
    indicators where it has some."""
    local = {one.indicator_id: one.definition_hash for one in local_indicators(home)}
    return content_id({"shared": _shared_definitions(), "local": local}) if local else _shared_definitions()
