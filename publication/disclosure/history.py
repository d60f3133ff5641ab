"""A release tried as a whole and beside the former ones: what is hidden besides, and what is refused.

Belongs here: the order of attack and hiding. Not here: the attack (`attack`), what a reader knows (`evidence`), the
rules of single tables (`areas`, `groups`, `families`).

What single tables hide is tried together with every other table and the last twelve releases. Where a hidden count
falls, the smallest figure near it that tells something new is hidden too, and everything is tried again. What former
releases give away by themselves cannot be called back: it is written down, and nothing is added to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from foundation.errors import Refused
from foundation.period import parse_period
from publication.disclosure.attack import Contradiction, Found, Outcome, Target, attack
from publication.disclosure.evidence import Evidence, Look, evidence_of, nearest_shown
from publication.disclosure.people import People
from publication.disclosure.rules import Rules
from publication.inputs import Row

if TYPE_CHECKING:
    from publication.disclosure.view import Disclosed

# how many former releases a new one is laid beside
REMEMBERED = 12
# hiding one figure after the other ends sooner or later; this is later than any honest release needs
_ROUNDS = 60
LINKED, FORMER = "linked tables", "former release"


@dataclass
class Tried:
    """A release that was tried. also: figure id to why it was hidden besides. already: figures whose hidden count the
    former releases narrow by themselves. releases: ids of the former ones, the oldest first."""

    disclosed: Disclosed
    also: dict[str, str] = field(default_factory=dict)
    already: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True)
class _World:
    catalogue: Mapping[str, Mapping[str, Any]]
    exempt: frozenset[str]
    rules: Rules
    people: People

    def open_in(self, looks: Sequence[Look]) -> tuple[list[tuple[Evidence, Found]], Outcome]:
        """What falls in these releases together, and what the attack was made on."""
        fallen: list[tuple[Evidence, Found]] = []
        every = Outcome()
        for area_is_known in (False, True):
            evidence, outcome = self._attacked(looks, area_is_known=area_is_known)
            fallen += [(evidence, found) for found in self._found_in_what_is_shown(looks, outcome, area_is_known)]
            every.unknowns += outcome.unknowns
            every.equations += outcome.equations
            every.targets += outcome.targets
            every.programmes += outcome.programmes
            for figure, size in outcome.sizes.items():
                every.sizes[figure] = max(size, every.sizes.get(figure, (0, 0)))
        return fallen, every

    def _attacked(
        self, looks: Sequence[Look], only: Collection[Target] | None = None, *, area_is_known: bool,
        granted: bool = True,
    ) -> tuple[Evidence, Outcome]:  # fmt: skip
        evidence = evidence_of(
            looks, self.catalogue, self.exempt, self.rules, self.people, area_is_known=area_is_known, granted=granted
        )
        targets = [target for target in evidence.targets if only is None or target in only]
        try:
            return evidence, attack(evidence.system, targets)
        except Contradiction:
            raise Refused(
                "what the tables show of one another cannot be true at once, so that no attack can be made: "
                "nothing is published.",
                "report this: two tables of the release, or of a former one, contradict each other.",
            ) from None

    def _found_in_what_is_shown(self, looks: Sequence[Look], outcome: Outcome, area_is_known: bool) -> list[Found]:
        """What fell, without what falls to the grants alone, though nothing at all were shown. A reader who is granted
        less must not find that in what is shown either."""
        if not outcome.open:
            return []
        fallen = {found.target for found in outcome.open}
        kin = _kin(self, {figure.split(":")[1] for target in fallen for figure in target.figures})
        mine = [_of(look, kin, {}) for look in looks]
        bare = [_of(look, kin, _ALL) for look in mine]
        _, without = self._attacked(bare, fallen, area_is_known=area_is_known)
        by_grants = {found.target for found in without.open}
        if not by_grants:
            return outcome.open
        _, plain = self._attacked(mine, by_grants, area_is_known=area_is_known, granted=False)
        still = {found.target for found in plain.open}
        return [found for found in outcome.open if found.target not in by_grants or found.target in still]


class _Everything:
    """Every figure there is."""

    def __contains__(self, figure: object) -> bool:
        return True


_ALL = _Everything()


def _key(target: Target) -> tuple[tuple[str, ...], str]:
    return target.figures, target.quantity


def _said_before(evidence: Evidence, target: Target, before: frozenset[Target]) -> bool:
    """Whether former releases give a count away without the new one: the same count falls among them, or one of them
    shows it itself, as when fewer counts were small then."""
    return target in before or (len(target.terms) == 1 and target.terms[0][0] in evidence.known)


def try_release(
    disclose: Callable[[Mapping[str, str]], Disclosed], catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str], rules: Rules, people: People, formers: Sequence[Look] = (),
) -> Tried:  # fmt: skip
    """A release in which the attack finds nothing that former releases did not give away before.

    disclose: the public tables, given which figures to hide besides and why. formers: the last releases, the oldest
    first. Refused, with ids of figures and without a number, where nothing that could still be hidden helps.
    """
    world = _World(catalogue, exempt, rules, people)
    also: dict[str, str] = {}
    before = frozenset(found.target for _, found in world.open_in(formers)[0]) if formers else frozenset()
    ids = tuple(one.release_id for one in formers)
    stuck: list[Found] = []
    disclosed = disclose(also)
    look = _look(disclosed, rules)
    fallen, outcome = world.open_in([*formers, look])
    already: set[str] = set()
    for _ in range(_ROUNDS):
        open_now = [one for one in fallen if not _said_before(one[0], one[1].target, before)]
        already |= {figure for one in fallen if one not in open_now for figure in one[1].target.figures}
        if not open_now:
            return Tried(disclosed, also, tuple(sorted(already)), ids, outcome)
        more, stuck = _hide_until_closed(world, [*formers, look], open_now, before, also)
        if not more:
            break
        also = {**also, **more}
        disclosed, last = disclose(also), look
        look = _look(disclosed, rules)
        # of what neither fell nor changed the attack would find the same
        fell = {figure.split(":")[1] for _, found in open_now for figure in found.target.figures}
        kin = _kin(world, fell | _changed(last, look))
        fallen, again = world.open_in([_of(one, kin, ()) for one in (*formers, look)])
        outcome.sizes |= again.sizes
        outcome.programmes += again.programmes
    _refuse(stuck, formers)


def _look(disclosed: Disclosed, rules: Rules) -> Look:
    return Look("new", rules, disclosed.measures, disclosed.breakdowns, disclosed.exact)


def _changed(one: Look, other: Look) -> set[str]:
    """Indicators with a figure that two looks show differently."""
    before = {row["figure_id"]: row for row in (*one.measures, *one.breakdowns)}
    now = {row["figure_id"]: row for row in (*other.measures, *other.breakdowns)}
    return {
        row["indicator_id"] for name, row in (before | now).items()
        if before.get(name, {}).get("value") != now.get(name, {}).get("value")
        or before.get(name, {}).get("numerator") != now.get(name, {}).get("numerator")
        or before.get(name, {}).get("denominator") != now.get(name, {}).get("denominator")
    }  # fmt: skip


def _hide_until_closed(
    world: _World, looks: Sequence[Look], fallen: list[tuple[Evidence, Found]], before: frozenset[Target],
    also: Mapping[str, str],
) -> tuple[dict[str, str], list[Found]]:  # fmt: skip
    """What to hide for what fell, and what nothing could be hidden for: tried on the indicators it concerns alone, and
    on the rows as they are, which is quick; the tables are made and tried again as a whole afterwards."""
    kin = _kin(world, {figure.split(":")[1] for _, found in fallen for figure in found.target.figures})
    hidden: dict[str, str] = {}
    stuck: list[Found] = []
    while fallen:
        last = [_of(looks[-1], kin, hidden)]
        alone = {_key(found.target) for _, found in world.open_in(last)[0]} if len(looks) > 1 else None
        more, stuck = _next_hidden(fallen, alone, {**also, **hidden})
        if not more:
            break
        hidden |= more
        now = [*(_of(look, kin, {}) for look in looks[:-1]), _of(looks[-1], kin, hidden)]
        fallen = [one for one in world.open_in(now)[0] if not _said_before(one[0], one[1].target, before)]
    return hidden, stuck


def _kin(world: _World, indicators: set[str]) -> frozenset[str]:
    """Indicators of the same families as these."""
    families = {str(world.catalogue[name].get("family") or name) for name in indicators}
    return frozenset(name for name, entry in world.catalogue.items() if str(entry.get("family") or name) in families)


def _of(look: Look, indicators: frozenset[str], hidden: Container[str]) -> Look:
    """The same release as far as some indicators go, and with some more figures hidden."""

    def mine(rows: Sequence[Row]) -> list[Row]:
        return [
            {**row, "value": None, "marker": "c"} if row["value"] is not None and row["figure_id"] in hidden else row
            for row in rows if row["indicator_id"] in indicators
        ]  # fmt: skip

    return replace(look, measures=mine(look.measures), breakdowns=mine(look.breakdowns), drafted=hidden or look.drafted)


def _next_hidden(
    fallen: Sequence[tuple[Evidence, Found]], alone: set[Any] | None, also: Mapping[str, str]
) -> tuple[dict[str, str], list[Found]]:
    """One figure to hide for everything that fell, and what nothing can be hidden for."""
    more: dict[str, str] = {}
    stuck = []
    for evidence, found in fallen:
        why = LINKED if alone is None or _key(found.target) in alone else FORMER
        periods = {figure.split(":")[3] for figure in found.target.figures}
        # beside it in its own period first: that hides one cell where another period would take several
        choice = min(
            ((one[-1].split(":")[3] not in periods, *one) for one in nearest_shown(evidence, found.target)
             if one[-1] not in also), default=None,
        )  # fmt: skip
        apart = _longer_ones(evidence, found.target, also) if choice is None or choice[0] else set()
        if apart:
            more |= dict.fromkeys(apart, why)
        elif choice is not None:
            # one figure under two kinds of period is hidden under both
            more |= dict.fromkeys({choice[-1]} | _twins(evidence, choice[-1]) - set(also), why)
        elif beside := _same_table(evidence, found.target, also):
            more |= dict.fromkeys(beside, why)
        else:
            stuck.append(found)
    return more, stuck


def _longer_ones(evidence: Evidence, target: Target, also: Container[str]) -> set[str]:
    """The longer figures around a target that are no sums of their shown parts: of its own indicators, then of those
    that count the same people. They go before anything else, and at once."""
    mine = {figure.split(":")[1] for figure in target.figures}
    spans = [parse_period(figure.split(":")[3]) for figure in target.figures]
    near = {
        figure for figure in evidence.apart
        if figure not in also and any(
            period.start <= one.end and one.start <= period.end
            for period in [parse_period(figure.split(":")[3])] for one in spans
        )
    }  # fmt: skip
    reached = {one[-1] for one in nearest_shown(evidence, target)} & near
    own = {figure for figure in reached if figure.split(":")[1] in mine}
    return own or reached


def _twins(evidence: Evidence, figure: str) -> set[str]:
    """The same count of the same days under other names."""
    return {other for figures in evidence.told.values() if figure in figures for other in figures}


def _same_table(evidence: Evidence, target: Target, also: Mapping[str, str]) -> set[str]:
    """What else is shown of the groups a target is of. A former release shows as much of each, but a table that shows
    nothing does not even say which of its groups are small."""
    tables = {figure.rpartition(":")[0].rpartition(":")[0] for figure in target.figures if figure[:1] == "b"}
    shown = {figure for told in evidence.told.values() for figure in told}
    return {figure for figure in shown - set(also) if figure.rpartition(":")[0].rpartition(":")[0] in tables}


def _refuse(stuck: Sequence[Found], formers: Sequence[Look]) -> NoReturn:
    names = sorted({figure for found in stuck for figure in found.target.figures})
    said = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    beside = f" beside the {len(formers)} former release(s)" if formers else ""
    raise Refused(
        f"hidden small counts could be worked out from the public tables{beside}: {said}.",
        "hide or withhold the figures beside these (another period, group or indicator of the same family), or publish "
        "fewer indicators; nothing was published.",
    )
