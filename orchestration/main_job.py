"""Run the main job from the command line: lock the home, clear up after the dead, run, say what came of it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from foundation.durable import sweep
from foundation.errors import OutturnError, Refused, SystemFault, WrongUsage
from foundation.failpoints import refuse_outside_demo
from foundation.home import Home
from foundation.period import month_of
from ingest.rules import FILE, RULES
from orchestration.cycle import agreements_of, month_asked, only
from orchestration.dbt import begin_reading
from orchestration.disk import full_disk
from orchestration.intaking import crew_of, crews_dismissed
from orchestration.lock import home_lock
from orchestration.partitions import AGREEMENT_TAG, FIRST_MONTH, FROM_TAG, PERIOD_TAG
from orchestration.people import finish_erasure
from orchestration.progress import say
from orchestration.rooms import contracts, feeds

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

    from ingest.register import Receipt

DONE, WITH_FINDINGS = 0, 3
# Files a line of findings names.
_NAMED = 3
_OF_THE_DISK = {"OSError", "PermissionError", "FileNotFoundError", "TimeoutError"}


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the release in force, and what a person has to know about it."""

    release: Path
    submissions_read: int
    models_run: int
    findings: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        return WITH_FINDINGS if self.findings else DONE

    def print(self) -> None:
        """The last lines of a run: where to look, and what was withheld or quarantined."""
        for line in self.findings:
            say("note", line)
        say("release", str(self.release.resolve()))
        say("site", str(self.release / "public" / "site" / "index.html"))
        say("statement", str(self.release / "public" / "site" / "statement.html"))
        say("members", str(self.release / "members" / "site" / "index.html"))


def _quiet_libraries() -> None:
    """Dagster writes its own log into the home; the terminal shows our lines only."""
    for name in ("dagster", "dbt", "great_expectations", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


_LOOK = "read the run in `outturn dev`, mend it, then run again."


def _is_of_the_disk(error: Any) -> bool:
    """Whether what was raised first came from the operating system: a full disk, a file that may not be written."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error is not None and getattr(error, "cls_name", "") in _OF_THE_DISK


def _innermost(error: Any) -> str:
    """First line of what was raised first, without the chain Dagster wraps around it."""
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip().splitlines()[0] if error is not None else "no reason given"


def _refused_by_gate(home: Home, started_ns: int) -> Refused | None:
    """The refusal the gate recorded in this run for the cut as it is now, in words."""
    from ingest.cut import build_cut

    path = home.refusals / f"{build_cut(home, contracts()).cut_id}.json"
    if not path.exists() or path.stat().st_mtime_ns < started_ns:
        return None
    reasons = [reason for refusal in json.loads(path.read_bytes())["refusals"] for reason in refusal["reasons"]]
    told = [
        f"{item['what']} ({item['why'].rstrip('.')}; {item['who_mends']} can mend it: {item['mend'].rstrip('.')})"
        for item in reasons
    ]
    message = f"{reasons[0]['effect_on_money']} Why: " + "; ".join(told) + "."
    return Refused(message, "mend what is named above, then run again.")


def _refusal_of(home: Home, result: ExecuteInProcessResult, started_ns: int) -> Exception:
    """What stopped a run, as the error it was: the gate's refusal, another of our own errors, or a system fault."""
    failed = [event.step_key for event in result.filter_events(lambda event: event.is_step_failure)]
    if "gate" in failed and (refused := _refused_by_gate(home, started_ns)) is not None:
        return refused
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure: Any = event.event_specific_data
        given = failure.user_failure_data
        if given is not None and "exit_code" in given.metadata:
            what, mend = str(given.metadata["what"].value), str(given.metadata["what to do"].value)
            code = int(given.metadata["exit_code"].value)
            if code == Refused.exit_code:
                return Refused(what, mend)
            return full_disk(home, what) or SystemFault(what, mend)
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.event_specific_data
        if failure.error is not None and (full := full_disk(home, failure.error.to_string())) is not None:
            return full
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.event_specific_data
        given = failure.user_failure_data
        words = given.description if given and given.description else _innermost(failure.error)
        mend = "check disk space and permissions, then run again." if _is_of_the_disk(failure.error) else _LOOK
        return SystemFault(f"the step {event.step_key} failed: {words}", mend)
    return SystemFault("the run ended without a result.", "read the run in `outturn dev`, then run again.")


@contextmanager
def _full_disk_said(home: Home) -> Iterator[None]:
    """What goes wrong inside the block is called a full disk where that was the cause."""
    try:
        yield
    except OutturnError:
        raise
    except Exception as fault:
        if (full := full_disk(home, str(fault))) is not None:
            raise full from None
        raise


def run_main_job(home: Home, period: str, *, agreement: str | None = None, intake: bool = True) -> Outcome:
    """Run the main job for all that has landed up to a month. Refused or SystemFault when it does not end well."""
    last = month_asked(period).label
    if not FIRST_MONTH <= last <= month_of(datetime.now(tz=UTC).date()).label:
        raise WrongUsage(
            f"{last} is not a month that can be run.", f"name a month from {FIRST_MONTH} to the present one."
        )
    home.settings()
    refuse_outside_demo(home.root)
    home.require_private_vault()
    only(agreements_of(home), agreement)
    with home_lock(home), _full_disk_said(home):
        from orchestration.instance import bury_dead_runs, open_instance

        sweep(home.root)
        # before anything is built of what it has to reach
        finish_erasure(home)
        started_ns = time.time_ns()
        begin_reading(home)
        with open_instance(home) as instance:
            if buried := bury_dead_runs(instance):
                say("house", f"{buried} run(s) of processes that died were closed")
            from orchestration.definitions import build_definitions

            _quiet_libraries()
            run_id = str(uuid4())
            with crews_dismissed():
                # Files are read while Dagster and dbt are still getting ready.
                crew_of(run_id, home, feeds(), last, landing=intake)
                job = build_definitions(home).resolve_job_def("main")
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    raise_on_error=False,
                    partition_key=last,
                    tags={
                        FROM_TAG: "landing" if intake else "lake",
                        PERIOD_TAG: last,
                        **({AGREEMENT_TAG: agreement} if agreement else {}),
                    },
                )
        if not result.success:
            raise _refusal_of(home, result, started_ns)
        _require_release(result)
        return _outcome(home, result)


def _require_release(result: ExecuteInProcessResult) -> None:
    """A step whose input never came is skipped, and Dagster calls such a run a success. We do not."""
    materialised = {
        event.asset_key.path[-1]
        for event in result.filter_events(lambda event: event.is_step_materialization)
        if event.asset_key is not None
    }
    if "release" not in materialised:
        raise SystemFault(
            "the run ended without a release: a step before it produced nothing.",
            "read the run in `outturn dev`; the release in force is as it was.",
        )


def _outcome(home: Home, result: ExecuteInProcessResult) -> Outcome:
    read = models = 0
    for event in result.filter_events(lambda event: event.is_step_materialization):
        data: Any = event.event_specific_data
        metadata = data.materialization.metadata
        if "submissions_read" in metadata:
            read += int(metadata["submissions_read"].value)
        if "unique_id" in metadata and str(metadata["unique_id"].value).startswith("model."):
            models += 1
    return Outcome(home.current, read, models, findings(home))


def findings(home: Home) -> tuple[str, ...]:
    """What exit code 3 is about: withheld KPIs of the current release, files refused and rows in quarantine that their
    senders have not answered yet."""
    from ingest.register import Register

    manifest = json.loads((home.current / "manifest.json").read_bytes())
    folder = home.verdicts / str(manifest["data_cut_id"])
    lines = []
    for path in sorted(folder.glob("*@*.json")):
        verdict = json.loads(path.read_bytes())
        if verdict["kind"] == "fitness" and verdict["status"] == "failed":
            lines.append(f"withheld {verdict['scope']}: {verdict['reason']}")
    register = Register.load(home)
    for receipt in register.unanswered():
        if receipt.outcome == FILE:
            lines.append(f"refused {receipt.shown_name}: {_why_refused(receipt)}")
    waiting: dict[str, list[Receipt]] = {}
    for receipt in register.in_force():
        if receipt.rows_quarantined > receipt.rows_set_aside:
            waiting.setdefault(receipt.feed, []).append(receipt)
    for feed, held in sorted(waiting.items()):
        rows = sum(item.rows_quarantined - item.rows_set_aside for item in held)
        names = sorted(item.shown_name for item in held)
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if names[_NAMED:] else "")
        lines.append(
            f"{rows} row(s) of {feed} wait in quarantine: {shown}. What to do: their sender mends the rows that "
            "`rows.json` in vault/quarantine names and sends the file with the next sequence."
        )
    return tuple(lines)


def _why_refused(receipt: Receipt) -> str:
    """The first finding that refused a file, and how its sender mends it."""
    item = receipt.gravest
    if item is None:
        return ""
    return f"{item.message} What to do: {RULES[item.rule].mend}" if item.rule in RULES else item.message
