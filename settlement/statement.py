"""The statement, which is the computation: every step is a formula evaluated on earlier steps and on sources.

Belongs here: building steps in order, and their rows. Not here: which steps a settlement has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.canonical import plain_decimal
from foundation.figures import figure_id
from settlement.exact import render
from settlement.formula import evaluate, names_in, with_numbers

UNITS = ("GBP", "points", "ratio", "pence")


@dataclass(frozen=True)
class Given:
    """A number that comes from outside the statement. `reference`: a figure id, or `terms:<path>`."""

    exact: Fraction
    unit: str
    reference: str


@dataclass(frozen=True)
class Step:
    """One line of the statement. `exact` is what later steps use; `value` is how it is written."""

    figure_id: str
    agreement_id: str
    period_id: str
    step_number: int
    step_id: str
    label: str
    formula: str
    arithmetic: str
    inputs: tuple[str, ...]
    exact: Fraction
    unit: str
    terms_reference: str
    # By name in the formula. `inputs` has each reference once, so it cannot say which name is which.
    uses: tuple[tuple[str, Given | Step], ...] = field(default=(), compare=False, repr=False)

    @property
    def reference(self) -> str:
        return self.figure_id

    @property
    def value(self) -> Decimal:
        """The digits of the result: GBP with at least two decimals."""
        return render(self.exact, 2 if self.unit == "GBP" else 0)

    def row(self) -> dict[str, Any]:
        """The step as a row of docs/reference/files.md#steps."""
        return {
            "figure_id": self.figure_id,
            "agreement_id": self.agreement_id,
            "period_id": self.period_id,
            "step_number": self.step_number,
            "step_id": self.step_id,
            "label": self.label,
            "formula": self.formula,
            "arithmetic": self.arithmetic,
            "inputs": " ".join(self.inputs),
            "value": self.value,
            "unit": self.unit,
            "terms_reference": self.terms_reference,
        }


def number_text(value: Fraction, unit: str) -> str:
    """A number as the arithmetic shows it: `£3,100,000.00`, `26p`, `0.5`; a negative one in brackets."""
    digits = plain_decimal(render(abs(value), 2 if unit == "GBP" else 0))
    if unit == "GBP":
        whole, _, rest = digits.partition(".")
        digits = f"£{int(whole):,}.{rest}"
    elif unit == "pence":
        digits = f"{digits}p"
    return f"(-{digits})" if value < 0 else digits


class Statement:
    """The steps of one settlement, numbered from 1 in the order in which they are taken."""

    def __init__(self, agreement_id: str, period_id: str) -> None:
        self.agreement_id = agreement_id
        self.period_id = period_id
        self._steps: dict[str, Step] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps.values())

    def __contains__(self, step_id: str) -> bool:
        return step_id in self._steps

    def __getitem__(self, step_id: str) -> Step:
        return self._steps[step_id]

    def step(
        self, step_id: str, label: str, formula: str, uses: Mapping[str, Given | Step], unit: str, terms_reference: str
    ) -> Step:
        """Take a step: evaluate `formula` on `uses` (name in the formula → source) and record it.

        ValueError when the step exists already, a name is unused or the unit is unknown: defects of the caller.
        """
        names = names_in(formula)
        if step_id in self._steps or set(names) != set(uses) or unit not in UNITS:
            raise ValueError(f"step {step_id} is taken twice, or its formula does not use what it is given")
        number_texts = {name: number_text(source.exact, source.unit) for name, source in uses.items()}
        taken = Step(
            figure_id=figure_id("step", agreement=self.agreement_id, period=self.period_id, step=step_id),
            agreement_id=self.agreement_id,
            period_id=self.period_id,
            step_number=len(self._steps) + 1,
            step_id=step_id,
            label=label,
            formula=formula,
            arithmetic=with_numbers(formula, number_texts),
            inputs=tuple(dict.fromkeys(uses[name].reference for name in names)),
            exact=evaluate(formula, {name: source.exact for name, source in uses.items()}),
            unit=unit,
            terms_reference=terms_reference,
            uses=tuple(uses.items()),
        )
        self._steps[step_id] = taken
        return taken
