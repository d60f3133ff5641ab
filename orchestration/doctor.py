"""`outturn doctor`: is this home well, and what to do where it is not."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from foundation.errors import OutturnError
from foundation.home import Home
from foundation.version import code_version
from orchestration.lock import home_lock
from orchestration.moments import today_of
from orchestration.rooms import contracts

if TYPE_CHECKING:
    from ingest.contract import SharingAgreement

# long enough to have an agreement renewed and signed
AGREEMENT_NOTICE_DAYS = 90
# A run at the size of the demonstration writes about 0.2 GiB; below this a full disk is near.
LEAST_FREE_BYTES = 2 * 1024**3
SHOWN = ("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas", "pyarrow")


@dataclass(frozen=True)
class Finding:
    """One line of the examination; `well` is False where somebody has to act."""

    well: bool
    line: str


def _versions() -> Iterator[Finding]:
    yield Finding(True, f"outturn {code_version()}, Python {sys.version.split()[0]}")
    yield Finding(True, ", ".join(f"{name} {version(name)}" for name in SHOWN))


def _home(home: Home) -> Iterator[Finding]:
    settings = home.settings()
    kind = f"demo of {settings.get('place')}" if home.is_demo else "live"
    yield Finding(True, f"home {home.root} ({kind})")
    try:
        home.require_private_vault()
        yield Finding(True, "the vault is private")
    except OutturnError as error:
        yield Finding(False, str(error))
    if not os.access(home.root, os.W_OK):
        yield Finding(False, f"{home.root} cannot be written. What to do: mount it writable or mend its owner.")
    free = shutil.disk_usage(home.root).free
    yield Finding(
        free >= LEAST_FREE_BYTES,
        f"{free / 1024**3:.1f} GiB free"
        + (
            ""
            if free >= LEAST_FREE_BYTES
            else f"; at least {LEAST_FREE_BYTES / 1024**3:.0f} are wanted. What to do: free space before the next run."
        ),
    )


def _lock(home: Home) -> tuple[bool, Finding]:
    """Whether a run is using the home, and the line that says so."""
    try:
        with home_lock(home):
            return False, Finding(True, "no run is using the home")
    except OutturnError as error:
        return True, Finding(True, f"{error.message} That is well while it lasts.")


def _advice(home: Home, status: str, in_use: bool) -> str:
    """What to do about a last run that did not succeed."""
    from orchestration.instance import BEGUN

    if _open_refusals(home):
        return "read the refusal below."
    if status in BEGUN:
        return "wait until it ends." if in_use else "run again: its process died, and nothing has to be tidied."
    return "run again; if it fails again, read its last lines in `outturn dev`."


def _runs(home: Home, in_use: bool) -> Iterator[Finding]:
    from dagster import DagsterRunStatus, RunsFilter

    from orchestration.instance import open_instance

    with open_instance(home) as instance:
        runs = instance.get_run_records(filters=RunsFilter(job_name="main"), limit=1)
        if not runs:
            yield Finding(False, "no run yet. What to do: `outturn run --period YYYY-MM`.")
            return
        last = runs[0].dagster_run
        well = last.status is DagsterRunStatus.SUCCESS
        advice = "" if well else f". What to do: {_advice(home, last.status.value, in_use)}"
        yield Finding(well, f"last run {last.run_id[:8]}: {last.status.value.lower()}{advice}")


def _open_refusals(home: Home) -> list[dict[str, Any]]:
    """Refusals after which nothing was published, the latest last."""
    published = home.current.lstat().st_mtime_ns if home.current.is_symlink() else 0
    files = sorted(home.refusals.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_bytes()) for path in files if path.stat().st_mtime_ns > published]


def _refusals(home: Home) -> Iterator[Finding]:
    for record in _open_refusals(home)[-3:]:
        for refusal in record["refusals"]:
            for reason in refusal["reasons"]:
                what, why, mend = (str(reason[name]).rstrip(".") for name in ("what", "why", "mend"))
                told = what if why == what else f"{what} ({why})"
                yield Finding(
                    False,
                    f"refused: {told}. Who mends it: {reason['who_mends']}. "
                    f"What to do: {mend}. Effect on money: {reason['effect_on_money']}",
                )


def _release(home: Home) -> Finding:
    if not home.current.exists():
        return Finding(False, "no release yet. What to do: run the main job.")
    return Finding(True, f"current release {home.current.resolve().name[:16]}")


def _agreements(home: Home) -> Iterator[Finding]:
    """Data-sharing agreements under which something was sent to this home and soon nothing may be any more."""
    from ingest.register import Register

    known, today = contracts(), today_of(home)
    sent: dict[SharingAgreement, set[str]] = {}
    for receipt in Register.load(home).entries:
        contract = known.get(receipt.feed)
        if contract is not None and receipt.organisation in contract.custom.senders:
            words = f"{receipt.feed} of {receipt.organisation}"
            sent.setdefault(contract.agreement_of(receipt.organisation), set()).add(words)
    soon = [item for item in sent if (item.end - today).days <= AGREEMENT_NOTICE_DAYS]
    for item in sorted(soon, key=lambda item: (item.end, item.reference)):
        state = "has ended" if item.end < today else f"ends in {(item.end - today).days} days"
        yield Finding(
            False,
            f"the data-sharing agreement {item.reference} ({', '.join(sorted(sent[item]))}) {state}, on {item.end}. "
            "What to do: have the controllers renew it and record its dates in the contract; after that day every file "
            "under it is refused.",
        )
    if sent and not soon:
        yield Finding(True, f"no data-sharing agreement ends within {AGREEMENT_NOTICE_DAYS} days")


def examine(home: Home) -> list[Finding]:
    """Every finding, in the order a person reads them."""
    in_use, lock = _lock(home)
    return [
        *_versions(),
        *_home(home),
        lock,
        *_runs(home, in_use),
        *_agreements(home),
        _release(home),
        *_refusals(home),
    ]
