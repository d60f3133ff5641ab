"""Twenty deliveries, in any order and any of them again: one register, one lake, one data cut, one link table.

Random orders rather than Hypothesis: nothing is gained by shrinking a shuffle of whole files. `make soak` tries a
thousand (OUTTURN_ORDERS), which can be done in parts (OUTTURN_FIRST_ORDER).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from deliveries import deliver_kpis, deliver_ledger, deliver_reference, deliver_trust, ledger_rows, trust_rows
from people_deliveries import deliver_people

from expectations.intake import take_in
from foundation.canonical import sha256_file
from foundation.home import Home
from ingest.contract import Contract
from ingest.cut import build_cut
from ingest.register import Register

ORDERS = int(os.environ.get("OUTTURN_ORDERS", "4"))
FIRST = int(os.environ.get("OUTTURN_FIRST_ORDER", "0"))
PEOPLE = (
    "pcn_register", "pcn_long_term_conditions", "treatment_episodes", "admitted_care", "council_client_level", "deaths",
    "stop_smoking", "sexual_health", "reference_practices", "reference_areas",
)  # fmt: skip


def _corrected() -> list[list[str]]:
    rows = trust_rows("RFS")
    rows[0][2:] = ["1", "1", "2"]
    return rows


def _deliveries(contracts: dict[str, Contract]) -> list[Callable[[Home], Path]]:
    """What twenty senders' scripts would do; two correct themselves under a higher sequence, one sends a broken file."""

    def people(feed: str, sequence: int = 1) -> Callable[[Home], Path]:
        return lambda home: deliver_people(home, contracts[feed], sequence=sequence)

    return [
        lambda home: deliver_reference(home),
        lambda home: deliver_trust(home, "RFS", "2025-04"),
        lambda home: deliver_trust(home, "RFS", "2025-04", 2, _corrected()),
        lambda home: deliver_trust(home, "RFS", "2025-05"),
        lambda home: deliver_trust(home, "RTG", "2025-04"),
        lambda home: deliver_trust(home, "E54000058", "2025-04"),
        lambda home: deliver_ledger(home),
        lambda home: deliver_ledger(home, sequence=2, rows=ledger_rows(scale=2)),
        lambda home: deliver_kpis(home),
        # refused as a file: its second column is not one of the layout
        lambda home: deliver_trust(home, "RFS", "2025-06", rows=[[*row, "1"] for row in trust_rows("RFS", "2025-06")]),
        *(people(feed) for feed in PEOPLE),
    ]


def _state(home: Home) -> dict[str, str]:
    """Hash of everything that counts: receipts and lake files of the register in force, the cut, its link table."""
    cut = build_cut(home)
    assert [path.name for path in home.verdicts.iterdir()] == [cut.cut_id]
    counts = {item.submission_id for item in Register.load(home).in_force()}
    found = {"cut": cut.cut_id, "links": cut.link_table or ""}
    for folder in (home.submissions, home.quarantine, home.lake):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and any(name in path.as_posix() for name in counts):
                found[path.relative_to(home.root).as_posix()] = sha256_file(path)
    return found


def _after(home: Home, order: list[Callable[[Home], Path]], contracts: dict[str, Contract]) -> dict[str, str]:
    for delivery in order:
        take_in(home, delivery(home), contracts)
    return _state(home)


def _home(folder: Path) -> Home:
    home = Home(folder)
    home.create(demo=True, place="test")
    return home


def test_any_order_and_any_repetition_gives_one_register_and_one_cut(
    tmp_path: Path, contracts: dict[str, Contract]
) -> None:
    """GRW-05, CNI-27: what counts depends on what was sent, not on when or how often."""
    deliveries = _deliveries(contracts)
    assert len(deliveries) == 20
    plain = _home(tmp_path / "plain")
    expected = _after(plain, deliveries, contracts)
    outcomes = {item.submission_id: item.outcome for item in Register.load(plain).entries}
    assert len(outcomes) == 20
    assert len(Register.load(plain).in_force()) == 17, "two are superseded, one was refused"
    overtaken = 0
    for number in range(FIRST, FIRST + ORDERS):
        chance = random.Random(number)
        order = deliveries + chance.choices(deliveries, k=chance.randrange(20))
        chance.shuffle(order)
        home = _home(tmp_path / f"order-{number}")
        assert _after(home, order, contracts) == expected, f"order {number}"
        entries = Register.load(home).entries
        assert {item.submission_id for item in entries} == set(outcomes), "nothing is lost, nothing counted twice"
        for item in entries:
            # B011: a sequence that comes after a higher one is kept and refused, where in its turn it is superseded
            late = {finding.rule for finding in item.findings} == {"delivery.older_after_newer"}
            assert late or item.outcome == outcomes[item.submission_id], f"order {number}"
            overtaken += late
        shutil.rmtree(home.root)
    assert overtaken, "no order tried let a correction overtake what it corrects"
