"""Deliveries in other orders, some of them twice, give the same tables down to the last one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from people_changes import build, different_tables

from expectations.intake import take_in
from foundation.home import Home
from orchestration.landing import waiting_manifests
from orchestration.rooms import contracts
from places import find_place

DELIVERIES, ORDERS = 20, 10


def _home(folder: Path, seed: int | None) -> Home:
    """A home of 500 residents that has taken in the same twenty deliveries, in an order of its own."""
    place = find_place("greenwich", 500)
    home = Home(folder)
    home.create(demo=True, place=place.name, residents=place.residents)
    first: dict[str, list[int]] = {}
    sent = list(place.submissions())
    for number, item in enumerate(sent):
        first.setdefault(item.feed, []).append(number)
    # the first of every feed, then the second, until there are twenty
    turns = sorted((turn, feed, number) for feed, numbers in first.items() for turn, number in enumerate(numbers))
    chosen = [sent[number] for _, _, number in turns[:DELIVERIES]]
    if seed is not None:
        chance = random.Random(seed)
        chosen += chance.choices(chosen, k=chance.randrange(DELIVERIES))
        chance.shuffle(chosen)
    for item in chosen:
        item.write(home.landing)
        for manifest in waiting_manifests(home):
            take_in(home, manifest, contracts())
    build(home)
    return home


@pytest.mark.soak
def test_ten_orders_give_identical_tables(tmp_path: Path) -> None:
    """GRW-05."""
    plain = _home(tmp_path / "plain", None)
    for seed in range(ORDERS):
        other = _home(tmp_path / f"order-{seed}", seed)
        assert different_tables(plain.build_database, other.build_database) == [], f"order {seed}"
