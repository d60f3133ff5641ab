"""Share whole pence out: parts that add up to the penny, caps kept, what nobody may bear named.

Belongs here: largest remainder, member caps, residue. Not here: how much there is to share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Allocation:
    """Signed pence by member, and the signed pence no member may bear. `capped`: members held at their cap."""

    parts: Mapping[str, int]
    residue: int
    capped: frozenset[str]


def share_out(pence: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Largest remainder of a whole number >= 0 over weights >= 0 that are not all 0; ties by member id."""
    total = sum(weights.values(), Fraction(0))
    if pence < 0 or total <= 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("share a whole number of pence, 0 or more, over weights of which one is above 0")
    exact_parts = {member: pence * weight / total for member, weight in weights.items()}
    parts = {member: part.numerator // part.denominator for member, part in exact_parts.items()}
    left = pence - sum(parts.values())
    by_remainder = sorted(exact_parts, key=lambda member: (parts[member] - exact_parts[member], member))
    for member in by_remainder[:left]:
        parts[member] += 1
    return parts


def _fill(pence: int, weights: Mapping[str, Fraction], caps: Mapping[str, int]) -> tuple[dict[str, int], set[str]]:
    """Water-filling: hold at their cap the members whose share exceeds it and share the rest again."""
    free = {member: weight for member, weight in weights.items() if weight > 0}
    parts, left = dict.fromkeys(weights, 0), pence
    while free:
        total = sum(free.values(), Fraction(0))
        over = sorted(member for member in free if member in caps and left * free[member] / total > caps[member])
        if not over:
            # A share at or under a whole cap cannot be rounded above it.
            parts.update(share_out(left, free))
            break
        for member in over:
            parts[member] = caps[member]
            left -= caps[member]
            del free[member]
    return parts, {member for member, weight in weights.items() if weight > 0 and member not in free}


def allocate(
    pence: int, weights: Mapping[str, Fraction], caps: Mapping[str, int] | None = None, *, refill: bool = False
) -> Allocation:
    """Signed pence over agreed weights, with caps on each member's magnitude in pence.

    What exceeds a cap goes to the others by weight while they have room (`refill`), or straight to the residue.
    Parts plus residue equal `pence` exactly.
    """
    sign, size, limits = (-1 if pence < 0 else 1), abs(pence), dict(caps or {})
    if refill:
        parts, capped = _fill(size, weights, limits)
    else:
        plain = share_out(size, weights)
        parts = {member: min(part, limits.get(member, part)) for member, part in plain.items()}
        capped = {member for member in plain if parts[member] < plain[member]}
    return Allocation(
        {member: sign * parts[member] for member in sorted(parts)},
        sign * (size - sum(parts.values())),
        frozenset(capped),
    )
