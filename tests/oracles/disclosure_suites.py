"""The disclosure oracle, answered by the rules and the attack that a release uses.

Belongs here: reading `disclosure/sdc.json` and comparing. Not here: any rule. Answered are hiding and rounding, totals
of shown cells, what a reader concludes from a sum, zero and full groups; and by the attack the tables that cross two
breakdowns, which no release publishes (`sdctable_4x4`, `sdctable_linked`). Not answered: `midpoint6` rounding, and
`singleton`, where a contributor knows of themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suites import Comparison

from publication.disclosure import Rules, shown_count, shown_rate, shown_total
from publication.disclosure.attack import System, Target, attack
from publication.disclosure.ranges import Range, keeps_its_range, of_shown

RULES = Rules()
HIDDEN = ("*", "[REDACTED]")


def _cell(written: Any) -> int | None:
    return None if written in HIDDEN else int(written)


def _add(result: Comparison, name: str, wanted: object, found: object) -> None:
    result.add(wanted == found, 0.0, f"{name}: {wanted} != {found}")


def _rounding(result: Comparison, cases: Mapping[str, Any]) -> None:
    for exact, written in cases["cases"]:
        _add(result, f"count {exact}", _cell(written), shown_count(exact, RULES))


def _totals(result: Comparison, case: Mapping[str, Any]) -> None:
    groups = [name for name in case["input"] if name != "Total"]
    shown = {name: [shown_count(count, RULES) for count in case["input"][name]] for name in groups}
    shown["Total"] = [shown_total(shown[name][place] for name in groups) for place in (0, 1)]
    for name, written in case["expected"].items():
        _add(result, f"cells of {name}", [_cell(cell) for cell in written], shown[name])


def _is_given_away(whole: Range, others: Range) -> bool:
    """Whether the one hidden part of a sum is narrower than the rules ask for."""
    return not keeps_its_range(0, [Range(0, RULES.largest_hidden), others], whole, RULES)


def _differencing(result: Comparison, subset: Mapping[str, Any], total: Mapping[str, Any]) -> None:
    leaks = {}
    for name, whole in subset["total"].items():
        pairs = [(Range(a, a), Range(b, b)) for a, b in zip(whole, subset["male"][name], strict=True)]
        rest = [a - b for a, b in zip(whole, subset["male"][name], strict=True)]
        if max(rest) <= RULES.largest_hidden and all(_is_given_away(a, b) for a, b in pairs):
            leaks[f"female {name}"] = rest
    _add(result, "differencing_subset", subset["leak"], leaks)
    published = total["published"]
    shown = sum(count for name, count in published.items() if name != "Total")
    whole = Range(published["Total"], published["Total"])
    found = dict.fromkeys(total["suppressed"], published["Total"] - shown)
    _add(result, "differencing_total", total["leak"], found if _is_given_away(whole, Range(shown, shown)) else {})


def _two_cells(result: Comparison, cases: Mapping[str, Any]) -> None:
    """What a reader concludes where a total was rounded by itself, which a release never does."""
    for case in cases["cases"]:
        other, whole = (of_shown(case["published"][place], RULES) for place in (0, 2))
        low, high = max(1, whole.low - other.high), min(RULES.largest_hidden, whole.high - other.low)
        _add(result, f"two cells {case['true']}", case["attacker_set"], list(range(int(low), int(high) + 1)))


def _zero_and_full(result: Comparison) -> None:
    for numerator in (0, 45):
        _add(result, f"{numerator} of 45", None, shown_rate(numerator, 45, 100, 1, RULES))


def _crossed(cells: list[list[int]], hidden: set[tuple[int, int]]) -> System:
    """A table with the exact sums of its rows and columns, where some cells are not known."""
    system = System()
    for row, line in enumerate(cells):
        for column, count in enumerate(line):
            if (row, column) in hidden:
                system.unknown((row, column))
            else:
                system.unknown((row, column), count, count)
    for row, line in enumerate(cells):
        system.sum_between([((row, column), 1) for column in range(len(line))], sum(line), sum(line))
    for column in range(len(cells[0])):
        down = sum(line[column] for line in cells)
        system.sum_between([((row, column), 1) for row in range(len(cells))], down, down)
    return system


def _can_be(system: System, name: object, number: int) -> bool:
    return not attack(system, [Target(("x",), "", ((name, 1),), (number,))]).open


def _four_by_four(result: Comparison, case: Mapping[str, Any]) -> None:
    """The oracle's own bounds: each end is possible, and the next number is not."""
    place = {**{name: at for at, name in enumerate(case["rows"])}, **{name: at for at, name in enumerate(case["cols"])}}
    hidden = {(place[row], place[column]) for row, column in case["suppressed"]}
    for key, (low, high) in case["lp_bounds"].items():
        name = tuple(place[part] for part in key.split(","))
        system = _crossed(case["cells"], hidden)
        found = [_can_be(system, name, number) for number in (low - 1, low, high, high + 1)]
        _add(result, f"bounds of {key}", [False, True, True, False], found)
    mended = _crossed(case["cells"], hidden | {(place["x"], place["b"])})
    (row, column), *_ = case["exposed"]
    name = (place[row], place[column])
    count = case["cells"][name[0]][name[1]]
    _add(result, "mended", True, _can_be(mended, name, count + 1) and _can_be(mended, name, count - 1))


def _linked(result: Comparison, case: Mapping[str, Any]) -> None:
    """Two tables of the same regions, by county and by group: each is safe, together K leaks, and with N hidden not."""
    for also, wanted in ((False, False), (True, True)):
        system = System()
        hidden = {name for name, n in zip(case["region"], case["n"], strict=True) if n <= case["primary_max"]}
        hidden |= {"N"} if also else set()
        for name, n in zip(case["region"], case["n"], strict=True):
            system.unknown(name, *((0, 10**6) if name in hidden else (n, n)))
        for table in ("county", "group"):
            for label in sorted(set(case[table])):
                mine = [(name, n) for name, n, of in zip(case["region"], case["n"], case[table], strict=True)
                        if of == label]  # fmt: skip
                whole = sum(n for _, n in mine)
                system.sum_between([(name, 1) for name, _ in mine], whole, whole)
        _add(result, f"linked tables, N hidden {also}", wanted, _can_be(system, "K", 4) or _can_be(system, "K", 2))


def disclosure(folder: Path) -> Comparison:
    """Compare the answered parts of `sdc.json`."""
    given = json.loads((folder / "sdc.json").read_text(encoding="utf-8"))
    result = Comparison()
    _rounding(result, given["hes_subnational_rule"])
    _totals(result, given["opensafely_le7_then_5"])
    _differencing(result, given["differencing_subset"], given["differencing_total"])
    _two_cells(result, given["hes_two_cell_leak"])
    _zero_and_full(result)
    _four_by_four(result, given["sdctable_4x4"])
    _linked(result, given["sdctable_linked"])
    return result
