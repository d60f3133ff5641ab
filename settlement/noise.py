"""How far chance alone moves a figure around its unchanged value: stated, or read off its own history.

Belongs here: reading a statement such as `G1=binomial:800`, choosing from history, drawing a figure. Not here: draws
themselves (`draws`), what a settlement makes of them (`stress`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from foundation.errors import Refused, WrongUsage
from settlement.draws import binomial, deviate, poisson, uniform
from settlement.exact import exact, round_half_up
from settlement.score import PROPORTION_UNIT
from settlement.supposed import Figure
from settlement.terms import Terms
from settlement.terms_parts import Kpi

COST = "cost"
KINDS = ("binomial", "poisson", "sd")
# Periods of own history from which a standard deviation is taken; fewer say nothing.
LEAST_PERIODS = 3
# A 95 % interval is so many standard deviations wide.
_WIDTH = Fraction(2 * 196, 100)
_FORMS = (
    "write KPI=binomial:CASES, KPI=poisson:EVENTS, KPI=sd:SIZE (in the KPI's unit) or cost=SIZE (per cent of the "
    "target)."
)


@dataclass(frozen=True)
class Noise:
    """kind: binomial (size = cases), poisson (size = events expected), sd (size = one standard deviation in the
    figure's unit, or per cent of the target for cost). origin: where that comes from, in words."""

    kind: str
    size: Fraction
    origin: str

    @property
    def words(self) -> str:
        shown = digits(self.size)
        return {
            "binomial": f"chance among {shown} cases (binomial)",
            "poisson": f"chance where {shown} events are expected (Poisson)",
            "sd": f"one standard deviation of {shown}",
        }[self.kind] + f", {self.origin}"


def digits(number: Fraction) -> str:
    """A number as a sentence prints it: at most four decimals, thousands apart."""
    whole = Decimal(round_half_up(number * 10_000)).scaleb(-4).normalize()
    return f"{whole:,f}"


def read_noise(texts: Sequence[str]) -> dict[str, Noise]:
    """Stated noise by KPI id, and `cost`. WrongUsage for anything that cannot be read."""
    found: dict[str, Noise] = {}
    for text in texts:
        name, _, rest = text.partition("=")
        kind, _, number = ("sd", "", rest) if name == COST else rest.partition(":")
        try:
            size = Decimal(number)
        except InvalidOperation:
            size = Decimal("NaN")
        whole = kind != "binomial" or (size.is_finite() and size == size.to_integral_value())
        if not name or name in found or kind not in KINDS or not size.is_finite() or size < 0 or not whole:
            raise WrongUsage(f"--noise {text} cannot be read.", _FORMS)
        if size == 0 and kind != "sd":
            raise WrongUsage(f"--noise {text} counts nothing.", _FORMS)
        found[name] = Noise(kind, exact(size), "as stated")
    return found


def own_rows(rows: Sequence[Mapping[str, Any]], kpi: Kpi, kind: str) -> list[Mapping[str, Any]]:
    """Fit figures of a KPI in a history, of settlement periods of one kind, in order of time."""
    own = [
        row
        for row in rows
        if (row["kpi_id"], row["indicator_id"], row["area_code"]) == (kpi.id, kpi.indicator_id, kpi.area_code)
        and row["period_kind"] == kind
        and row["indicator_version"] == kpi.indicator_version
        and row["value"] is not None
        and (kpi.role != "counted" or row["numerator"] is not None)
        and row["quality_status"] == "fit"
    ]
    return sorted(own, key=lambda row: str(row["period_id"]))


def _noise_of_number(own: Sequence[Mapping[str, Any]]) -> Noise | None:
    """How far a counted number moves: its interval is that of a value, so only its own numbers tell."""
    numbers = [exact(row["numerator"]) for row in own]
    if len(own) >= LEAST_PERIODS:
        return Noise("sd", deviation(numbers), f"from its own {len(own)} numbers, a trend among them included")
    if own and numbers[-1] > 0:
        return Noise("poisson", numbers[-1], f"from its number of {own[-1]['period_id']}")
    return None


def noise_from_history(terms: Terms, kpi: Kpi, rows: Sequence[Mapping[str, Any]]) -> Noise:
    """The noise a KPI's history shows: its counts, else its interval, else how its own figures scattered.

    Refused where the history shows none of them.
    """
    own = own_rows(rows, kpi, terms.agreement.settle_by)
    if kpi.role == "counted":
        if (found := _noise_of_number(own)) is not None:
            return found
    elif own:
        last, words = own[-1], f"from its figure of {own[-1]['period_id']}"
        counted = last["numerator"] is not None and last["denominator"]
        if kpi.unit == PROPORTION_UNIT and counted:
            return Noise("binomial", Fraction(int(last["denominator"])), words)
        if last["lower"] is not None and last["upper"] is not None and last["upper"] > last["lower"]:
            return Noise("sd", (exact(last["upper"]) - exact(last["lower"])) / _WIDTH, f"{words}, by its 95 % interval")
    if kpi.role != "counted" and len(own) >= LEAST_PERIODS:
        values = [exact(row["value"]) for row in own]
        return Noise("sd", deviation(values), f"from its own {len(own)} figures, a trend among them included")
    raise Refused(
        f"nothing says how far chance alone moves {kpi.id} ({kpi.name}).",
        f"state it with --noise {kpi.id}=…, or give a --history with its counts, its interval or "
        f"{LEAST_PERIODS} of its figures.",
    )


def deviation(values: Sequence[Fraction]) -> Fraction:
    """Standard deviation of a sample of two or more, to 28 digits."""
    mean = sum(values, Fraction(0)) / len(values)
    square = sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1)
    return root(square)


def root(square: Fraction) -> Fraction:
    """A square root, to 28 digits."""
    return Fraction((Decimal(square.numerator) / square.denominator).sqrt())


def _number_drawn_by(kpi: Kpi, noise: Noise, unchanged: Fraction) -> Callable[..., Figure]:
    """As `drawn_by`, for a KPI that is paid by number: whole, 0 or more, in the numerator, and its own value."""
    if noise.kind == "binomial":
        if not 0 < unchanged < noise.size:
            raise Refused(
                f"{kpi.id} is unchanged at {digits(unchanged)}, and no number among {digits(noise.size)} cases "
                "scatters around that.",
                "state its noise as poisson or sd, or its unchanged number with --unchanged.",
            )
        found = binomial(int(noise.size), unchanged / noise.size)
    elif noise.kind == "poisson":
        found = poisson(noise.size)

    def number(*names: object) -> Figure:
        if noise.kind == "sd":
            count = round_half_up(unchanged + noise.size * deviate(*names))
        elif noise.kind == "poisson":
            count = round_half_up(unchanged * found.at(uniform(*names)) / noise.size)
        else:
            count = found.at(uniform(*names))
        whole = Decimal(max(count, 0))
        return Figure(whole, whole)

    return number


def drawn_by(kpi: Kpi, noise: Noise, unchanged: Fraction) -> Callable[..., Figure]:
    """A function from the names of a draw to the figure that would be printed. Refused where chance has no room."""
    if kpi.role == "counted":
        return _number_drawn_by(kpi, noise, unchanged)
    unit = Decimal(1).scaleb(-kpi.value_decimals)

    def printed(value: Fraction) -> Decimal:
        return round_half_up(value * 10**kpi.value_decimals) * unit

    if noise.kind == "binomial":
        per = 100 if kpi.unit == PROPORTION_UNIT else 1
        if not 0 < unchanged < per:
            raise Refused(
                f"{kpi.id} is unchanged at {digits(unchanged)} {kpi.unit}, and no share of cases scatters around that.",
                "state its noise as sd, or its unchanged value with --unchanged.",
            )
        cases, shares = int(noise.size), binomial(int(noise.size), unchanged / per)

        def share(*names: object) -> Figure:
            count = shares.at(uniform(*names))
            return Figure(printed(Fraction(count * per, cases)), Decimal(count), Decimal(cases))

        return share
    if noise.kind == "poisson":
        events = poisson(noise.size)
        return lambda *names: Figure(printed(unchanged * events.at(uniform(*names)) / noise.size))
    most = Fraction(100) if kpi.unit == PROPORTION_UNIT else None

    def spread(*names: object) -> Figure:
        value = unchanged + noise.size * deviate(*names)
        return Figure(printed(value if most is None else min(max(value, Fraction(0)), most)))

    return spread
