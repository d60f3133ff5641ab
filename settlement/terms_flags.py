"""Flags in an agreement's terms: what is raised when KPIs stay bad, or good, for several periods running.

Belongs here: the shape of these entries. Not here: raising them (`flags`).

A flag is evidence for a decision (to revert, to extend). Nothing follows from it by itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settlement.terms_parts import KpiId, Level, Part, RoleId, Text, read_whole

Count = Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=100)]


class EvidenceFlag(Part):
    """Raised when so many of the named KPIs are worse than a level, or reach it, in so many periods running."""

    id: RoleId
    meaning: Text
    kpis: Annotated[tuple[KpiId, ...], Field(min_length=1)]
    worse_than: Level | None = None
    reaches: Level | None = None
    at_least: Count
    of_periods: Literal["quarter", "year"]
    running: Count
