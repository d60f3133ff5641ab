"""Driving the rooms one by one, with the functions the main job calls; each gives what the gates said.

Not here: faults (`matrix`), gates (`fault_gates`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fault_gates import OF_FORM, Caught, caught_by
from fault_home import LAST_MONTH, Scene

from foundation.errors import OutturnError
from ingest.rules import RULES, WARN
from orchestration.rooms import contracts

Drive = Callable[[Scene], list[Caught]]
_GRAVE = ("reject_record", "reject_file")


def intake(feed: str) -> Drive:
    """Take in what lies in the mailboxes for a feed, as a run does."""

    def drive(scene: Scene) -> list[Caught]:
        from orchestration.intaking import take_in_feed

        taken: list[Any] = []
        stopped = caught_by(lambda: taken.extend(take_in_feed(scene.home, feed, LAST_MONTH, landing=True)))
        found = {}
        for receipt in taken:
            if receipt.repeated:
                rule = RULES["delivery.repeated"]
                found["delivery.repeated"] = Caught("delivery.repeated", rule.meaning, rule.mend)
            for item in receipt.findings:
                if item.severity in _GRAVE or (item.severity == WARN and item.rule in OF_FORM):
                    found.setdefault(item.rule, Caught(item.rule, item.message, RULES[item.rule].mend))
        return [*stopped, *found.values()]

    return drive


def _said(verdict: Any) -> Caught:
    problems = verdict.observed.get("problems", [])
    return Caught(verdict.check_id, " ".join([verdict.reason, *map(str, problems)]), verdict.mend)


def _not_passed(verdicts: Any) -> list[Caught]:
    return [_said(item) for item in verdicts if item.status != "passed" and item.kind == "integrity"]


def cut(scene: Scene) -> list[Caught]:
    """The data cut, and the checks of the gate on it; nothing of the warehouse."""
    from expectations.verdicts import Context
    from orchestration.judging import produce

    found: list[Caught] = []

    def judge() -> None:
        cycle = scene.cycle
        context = Context(cycle.cut.cut_id, cycle.definitions_hash, cycle.code_version, "0" * 64)
        made = produce(context, cycle, None, {"kpi_return": None, "ledger": None})  # type: ignore[arg-type]
        # those on the warehouse come after those on the cut, and are made one after another
        found.extend(_not_passed(_on_the_cut(made)))

    return caught_by(judge) or found


def _on_the_cut(verdicts: Any) -> list[Any]:
    demanded = 2 + sum(f"expectations.{feed}" in _demanded() for feed in contracts())
    return [next(verdicts) for _ in range(demanded)]


def _demanded() -> set[str]:
    from orchestration.cycle import AGREEMENTS
    from settlement.terms import load_terms

    path = next((AGREEMENTS / "greenwich-public-health").glob("*.yaml"))
    return set(load_terms(path.read_bytes()).gate.integrity)


def checks(scene: Scene) -> list[Caught]:
    """All checks on the cut and the warehouse, as the asset `verdicts` runs them."""
    from orchestration.judging import judge_cut
    from orchestration.warehouse import current_build

    found: list[Caught] = []

    def judge() -> None:
        tables = scene.tables()
        build = current_build(scene.home)
        assert build is not None
        verdicts = judge_cut(scene.cycle, build, tables)
        found.extend(_not_passed(verdicts))
        found.extend(
            _said(item)
            for item in verdicts
            if item.kind == "fitness" and item.status != "passed" and item.scope in scene.given.get("fit", ())
        )

    return caught_by(judge) or found


def warehouse(scene: Scene) -> list[Caught]:
    """Read the tables money depends on, as every step after the build does."""
    return caught_by(lambda: scene.tables())


def gate(scene: Scene) -> list[Caught]:
    """The gate of every settlement that is due, judged from the files as they lie on disk."""
    from orchestration.settling import each_due, judge_gate

    cycle = scene.cycle
    found = caught_by(lambda: [judge_gate(cycle, *due) for due in each_due(cycle, cycle.agreements, scene.until)])
    return list(dict.fromkeys(found))


def settle(scene: Scene) -> list[Caught]:
    """Settle what is due and keep it. Tables may be given by the plant."""
    return caught_by(lambda: pay(scene))


def pay(scene: Scene) -> list[Any]:
    """What a run does once the checks are done, whatever was scheduled: settle everything due, and keep it."""
    from orchestration.settling import settle_due, store_settlement

    tables = scene.given.get("tables") or scene.tables()
    settled = settle_due(scene.cycle, scene.cycle.agreements, scene.until, tables)
    for item in settled:
        store_settlement(scene.home, item)
    return settled


def try_to_pay(scene: Scene) -> None:
    """The same, by somebody who does not look at what was said before."""
    with suppress(OutturnError, OSError):
        pay(scene)


def publish(scene: Scene) -> list[Caught]:
    """Build the release and put it in force. What it is built from may be changed by the plant on the way."""
    return caught_by(lambda: build(scene))


def build(scene: Scene) -> str:
    from orchestration.deciding import record_publication, require_clock, require_release_key
    from orchestration.moments import moment_of
    from orchestration.releasing import release_inputs
    from orchestration.settling import settle_due
    from orchestration.warehouse import EVENTS, TABLES
    from publication import release

    cycle = scene.cycle
    require_release_key(cycle.home)
    moment = scene.given.get("moment") or moment_of(cycle.home)
    require_clock(cycle.home, moment)
    tables = scene.tables(*TABLES, EVENTS)
    settled = settle_due(cycle, cycle.agreements, scene.until, tables)
    inputs = scene.given.get("inputs", lambda given: given)(release_inputs(cycle, tables, settled))
    release_id = release.build_release(inputs, cycle.home.releases)
    release.publish(cycle.home.releases, release_id)
    record_publication(cycle.home, release_id, moment)
    return release_id


def verify(scene: Scene) -> list[Caught]:
    """`outturn verify` on the copy of the release that the plant made."""
    from publication.verify import verify_release

    return caught_by(lambda: verify_release(scene.given["copy"]))


def calling(work: Callable[[Scene], Any]) -> Drive:
    """Any other production function."""
    return lambda scene: caught_by(lambda: work(scene))
