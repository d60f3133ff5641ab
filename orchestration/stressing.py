"""`outturn stress`: terms tried on years in which nothing changed, before anybody signs them.

Belongs here: reading what was typed and the history folder, writing the files. Not here: the test (`settlement.stress`)
and its words (`publication.stress`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from foundation.durable import write_bytes
from foundation.errors import Refused, WrongUsage
from orchestration.progress import say


def read_history(folder: Path | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """KPI return and open book of a folder; the open book may be missing. Empty without a folder."""
    from settlement.files import read_rows

    if folder is None:
        return [], []
    returned = folder / "kpi_return.csv"
    if not returned.is_file():
        raise Refused(
            f"{returned} is missing.", "name a folder with kpi_return.csv, e.g. the members folder of a release."
        )
    books = [path for path in (folder / "cost_ledger.csv", folder / "ledger.csv") if path.is_file()]
    costs = read_rows("ledger", books[0].read_bytes()) if books else []
    return read_rows("kpi_return", returned.read_bytes()), costs


def _numbers(texts: Sequence[str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            value = Decimal(number)
        except InvalidOperation:
            value = Decimal("NaN")
        if not name or name in found or not value.is_finite():
            raise WrongUsage(f"--unchanged {text} cannot be read.", "write KPI=VALUE, e.g. --unchanged D7=78.")
        found[name] = value
    return found


def _pence(pounds: str) -> int:
    try:
        pence = Decimal(pounds) * 100
    except InvalidOperation:
        pence = Decimal("NaN")
    if not pence.is_finite() or pence != pence.to_integral_value() or pence < 1:
        raise WrongUsage(f"--payment {pounds} is no payment.", "write pounds and pence above 0: --payment 1079976.85.")
    return int(pence)


def stress_terms(
    agreement: Path,
    out: Path,
    *,
    history: Path | None,
    noise: Sequence[str],
    unchanged: Sequence[str],
    year: str | None,
    draws: int,
    seed: int,
    payments: Sequence[str],
) -> None:
    """Test the terms and write report, tables and plots into `out`."""
    from publication.stress import false_payment, stress_files
    from settlement.noise import read_noise
    from settlement.stress import make_plan, run_stress
    from settlement.terms import load_terms

    if not agreement.is_file():
        raise WrongUsage(f"{agreement} is not a file.", "name the agreement's YAML file.")
    sizes = [_pence(pounds) for pounds in payments]
    returned, costs = read_history(history)
    plan = make_plan(
        load_terms(agreement.read_bytes()), year=year, seed=seed, draws=draws, noise=read_noise(noise),
        unchanged=_numbers(unchanged), history=returned, costs=costs,
    )  # fmt: skip
    found = run_stress(plan, returned, costs)
    for name, content in stress_files(found, sizes).items():
        write_bytes(out / name, content)
    say("any payment", false_payment(found.at_least(1), len(found.years)))
    for one in found.kpis:
        say(one.kpi_id, one.word)
    say("written", str(out / "stress.md"))
