"""Rules of the flags of an agreement's terms.

Belongs here: each yielding the entry, what is wrong and the mend. Not here: the shape of a flag (`terms_flags`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms


_LENGTHS = ("month", "quarter", "year")


def flag_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule of the flags that the terms break."""
    flags, paid = terms.flags or (), {kpi.id: kpi for kpi in terms.paid_kpis}
    yield from named_twice([flag.id for flag in flags], ("flags",), "id", "flag")
    for index, flag in enumerate(flags):
        path: tuple[str | int, ...] = ("flags", index)
        if (flag.worse_than is None) == (flag.reaches is None):
            yield Problem(
                path, f"the flag `{flag.id}` needs one condition.", "write one of `worse_than` and `reaches`."
            )
        yield from named_twice(list(flag.kpis), (*path, "kpis"), None, "KPI")
        if flag.at_least > len(flag.kpis):
            yield Problem(
                (*path, "at_least"),
                f"the flag `{flag.id}` asks for more KPIs than it names.",
                "let `at_least` be at most the number of its KPIs.",
            )
        if _LENGTHS.index(flag.of_periods) > _LENGTHS.index(terms.agreement.settle_by):
            yield Problem(
                (*path, "of_periods"),
                f"the flag `{flag.id}` looks at a {flag.of_periods}, and this agreement is settled more often.",
                "let `of_periods` be no longer than a settlement period, or remove the flag.",
            )
        for place, kpi_id in enumerate(flag.kpis):
            where = (*path, "kpis", place)
            if kpi_id not in paid:
                yield Problem(where, f"`{kpi_id}` has no levels here.", "name a paid KPI.")
            elif flag.of_periods == "quarter" and (paid[kpi_id].measurement_lag_months or 0) % 3:
                yield Problem(
                    where,
                    f"{kpi_id} has no figure of a quarter: its window does not end with one.",
                    "write `of_periods: year`, or leave the KPI out.",
                )
