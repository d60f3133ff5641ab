"""Figure ids: build and parse. The grammar is docs/reference/figure-ids.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

from foundation.errors import WrongUsage
from foundation.period import parse_period

# kind -> the names of its parts, in order
PARTS: dict[str, tuple[str, ...]] = {
    "indicator": ("indicator", "area", "period", "measure"),
    "breakdown": ("indicator", "area", "period", "kind", "group", "measure"),
    "kpi": ("agreement", "kpi", "period", "measure"),
    "ledger": ("agreement", "period", "member"),
    "step": ("agreement", "period", "step"),
    "posting": ("agreement", "period", "line"),
    "member": ("agreement", "period", "line", "member"),
    "payment": ("agreement", "period", "line", "payer", "payee"),
    "journal": ("agreement", "period", "entry", "row"),
}
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MEASURE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class FigureId:
    """A parsed id: its kind and its named parts."""

    kind: str
    parts: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.parts)[name]

    def __str__(self) -> str:
        return ":".join([self.kind, *(value for _, value in self.parts)])


def figure_id(kind: str, /, **parts: str) -> str:
    """Build an id, e.g. `figure_id("posting", agreement="a", period="2024-25", line="gain")`."""
    names = PARTS[kind]
    if set(parts) != set(names):
        raise ValueError(f"a {kind} id has the parts {', '.join(names)}")
    return str(parse_figure_id(":".join([kind, *(parts[name] for name in names)])))


def parse_figure_id(text: str) -> FigureId:
    """The parsed id; WrongUsage with the expected form if it does not follow the grammar."""
    kind, *values = text.split(":")
    names = PARTS.get(kind)
    if names is None or len(values) != len(names):
        raise WrongUsage(
            f"'{text}' is not a figure id.",
            "a figure id looks like kpi:derbyshire-real-only:D1:2024-25:score "
            "(docs/reference/figure-ids.md); the site and every CSV print them.",
        )
    for name, value in zip(names, values, strict=True):
        if name == "period":
            parse_period(value)
        elif not (_MEASURE if name == "measure" else _PART).fullmatch(value):
            raise WrongUsage(f"'{value}' cannot be the {name} of a figure id.", "see docs/reference/figure-ids.md.")
    return FigureId(kind, tuple(zip(names, values, strict=True)))
