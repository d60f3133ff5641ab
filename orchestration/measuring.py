"""`outturn measurability`: what a release's figures are worth to an agreement, as text or JSON.

Belongs here: reading what was typed, printing. Not here: judging (`publication.measurability`).
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from foundation.errors import WrongUsage
from orchestration.rooms import contracts


def _knots(levels: str | None) -> tuple[Decimal, ...]:
    try:
        knots = tuple(Decimal(part.strip()) for part in (levels or "").split(",") if part.strip())
    except InvalidOperation:
        knots = (Decimal("NaN"),)
    if not all(knot.is_finite() for knot in knots) or (levels is not None and not knots):
        raise WrongUsage(
            f"--levels {levels} are no numbers.", "write five numbers with commas: --levels 63,67,71,77,88."
        )
    return knots


def print_measurability(release: Path, indicator: str | None, levels: str | None, *, as_json: bool) -> None:
    """Print a report for every figure that is asked about."""
    from publication.measurability import measurability
    from publication.reader import open_release

    reports = measurability(open_release(release), contracts(), indicator, _knots(levels))
    if as_json:
        typer.echo(json.dumps([report.document() for report in reports], indent=1, sort_keys=True))
        return
    for report in reports:
        typer.echo(f"{report.name}, {report.period_id}" if report.period_id else report.name)
        typer.echo(f"  {report.verdict}")
        for one in report.judged:
            typer.echo(f"  {one.what:<13}{one.word:<9}{one.sentence}")
        typer.echo("")
