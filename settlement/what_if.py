"""What a period would have paid, had those who did not report done so: the lowest and the highest payment.

Belongs here: a search over the corners of what figures could have been, each through `settle`. Not here: how far one
could lie from what was received (`bounds_if_missing` of the warehouse), pages.

Better figures never pay the alliance less, so its ends lie where every bounded figure is at its worst and at its best.
A member's part can differ by a penny from that order (largest remainder), so all combinations of up to four are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from settlement.books import Books
from settlement.exact import trim
from settlement.postings import RESIDUE
from settlement.supposed import PAY, Figure
from settlement.terms_parts import Kpi
from settlement.worlds import Amounts, World, amounts_of, world_of

_EVERY_CORNER = 4


@dataclass(frozen=True)
class Bound:
    """Between what a figure could have come out, had everybody reported. None: no range, and `basis` says why."""

    lowest: Decimal | None
    highest: Decimal | None
    basis: str


@dataclass(frozen=True)
class PaymentRange:
    """What was posted, and between what it could have been, for the alliance and each member on its own.

    assumed: every assumption in a sentence. moved: KPIs that were put at their ends; without one there is no range.
    """

    posted: Amounts
    lowest: Amounts
    highest: Amounts
    moved: tuple[str, ...]
    assumed: tuple[str, ...]


def payment_range(books: Books, bounds: Mapping[str, Bound]) -> PaymentRange:
    """The range of a settlement's payment over bounds of its KPIs by id. KPIs no money depends on are left out.

    What the gate did to a bounded figure because reports were missing is undone: it counts. A figure that paid although
    no range can be given stays as it was received, and so does what is paid by number. Refused as the engine refuses.
    """
    posted = amounts_of(books.stand())
    world = replace(world_of(books), advances=books.advances, recorded=books.recorded, prior=books.prior)
    ends, said = {}, []
    for kpi in sorted(books.terms.judged_kpis, key=lambda one: one.id):
        if kpi.id in bounds and kpi.role == "counted":
            # a range is one of the value, and what is paid is the number
            said.append(
                f"{kpi.id} ({kpi.name}) is paid by number and stays as it was received: no range of its number can be "
                "given."
            )
        elif kpi.id in bounds:
            found, words = _ends(kpi, bounds[kpi.id], world)
            said.append(words)
            if found is not None:
                ends[kpi.id] = found
    if not ends:
        return PaymentRange(posted, posted, posted, (), tuple(said))
    held = all(world.rulings[name] == PAY for name in ends)
    amounts = [made.amounts() for made in _corners(world, ends)]
    # what was received is one of the ways in which it could have come out, unless it was withheld
    amounts += [posted] if held else []
    said.append("Everything else is as it was received: cost, other figures, awards and advances.")
    said.append("Where the gate had withheld or judged one of these figures for want of reports, it is taken to count.")
    return PaymentRange(posted, _end(amounts, min), _end(amounts, max), tuple(ends), tuple(said))


def _ends(kpi: Kpi, bound: Bound, world: World) -> tuple[tuple[Decimal, Decimal] | None, str]:
    """The two ends of a figure, and in words where they come from; None where it stays as it was received."""
    name = f"{kpi.id} ({kpi.name})"
    if bound.lowest is not None and bound.highest is not None:
        words = f"{name} lies between {trim(bound.lowest)} and {trim(bound.highest)} {kpi.unit}. {bound.basis}"
        return (bound.lowest, bound.highest), words
    if world.rulings[kpi.id] == PAY:
        return None, f"{name} stays as it was received. {bound.basis}"
    if kpi.levels is not None:
        return (
            (kpi.levels.failure, kpi.levels.game_breaking),
            f"{name} lies anywhere between failure and game-breaking. {bound.basis}",
        )
    # a figure without levels that money depends on is a condition
    assert kpi.must_reach is not None
    step = Decimal(1).scaleb(-kpi.value_decimals) * (-1 if kpi.polarity == "high" else 1)
    return (kpi.must_reach + step, kpi.must_reach), f"{name} is either met or not. {bound.basis}"


def _corners(world: World, ends: Mapping[str, Sequence[Decimal]]) -> Iterator[World]:
    """Every combination of ends, or the two that hold the alliance's, where there are too many."""
    names = sorted(ends)
    rulings = {**world.rulings, **dict.fromkeys(names, PAY)}
    kpis = {kpi.id: kpi for kpi in world.terms.judged_kpis}
    if len(names) <= _EVERY_CORNER:
        corners = list(product(*(ends[name] for name in names)))
    else:
        better = {name: max if kpis[name].polarity == "high" else min for name in names}
        best = tuple(better[name](ends[name]) for name in names)
        worst = tuple(min(ends[name]) if better[name] is max else max(ends[name]) for name in names)
        corners = [worst, best]
    for corner in corners:
        figures = {name: Figure(value) for name, value in zip(names, corner, strict=True)}
        yield replace(world, figures={**world.figures, **figures}, rulings=rulings)


def _end(amounts: Sequence[Amounts], choose: Callable[[Iterable[int]], int]) -> Amounts:
    names = sorted({name for found in amounts for name in found.by_member} | {RESIDUE})
    return Amounts(
        choose(found.alliance for found in amounts),
        {name: choose(found.by_member.get(name, 0) for found in amounts) for name in names},
    )
