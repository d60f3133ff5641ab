"""The gate's verdicts as asset checks, so that Dagster's pages show what settlement will read.

Integrity blocks: nothing downstream runs in this run. Since settlement then never starts, the refusal is recorded
here. Whether money may move is decided by settlement from the files, also when none of this was selected.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from foundation.errors import Refused
from foundation.home import Home
from orchestration.cycle import AGREEMENTS, agreements_of, current_cycle
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.settling import (
    each_due,
    judge_gate,
    last_month_asked,
    raise_if_refused,
    refusals_on_record,
    verdict_files,
)


def check_name(check_id: str) -> str:
    """A check's id as Dagster can spell it."""
    return re.sub(r"[^A-Za-z0-9_]", "_", check_id)


def integrity_checks(home: Home) -> list[str]:
    """Every integrity check the home's agreements demand; those of the worked agreements where there is no home yet."""
    from settlement.terms import load_terms

    if home.marker.exists():
        demanded = [item.terms for item in agreements_of(home)]
    else:
        demanded = [load_terms(path.read_bytes()) for path in sorted(AGREEMENTS.glob("*/*.yaml"))]
    return sorted({check for terms in demanded for check in terms.gate.integrity})


def _read(raw: bytes) -> dict[str, Any] | None:
    """A verdict as it lies on disk; None when it cannot be read, which the gate has refused already."""
    try:
        verdict = json.loads(raw)
    except ValueError:
        return None
    return (
        verdict
        if isinstance(verdict, dict) and {"kind", "status", "scope", "reason", "data_cut_id"} <= set(verdict)
        else None
    )


def _result(name: str, verdict: dict[str, Any] | None, cut_id: str) -> dg.AssetCheckResult:
    proved = verdict is not None and verdict["status"] == "passed" and verdict["data_cut_id"] == cut_id
    return dg.AssetCheckResult(
        check_name=check_name(name),
        asset_key="verdicts",
        passed=proved,
        description=None if proved else (verdict or {}).get("reason", "there is no verdict on this data cut"),
        metadata={key: str((verdict or {}).get(key, "-")) for key in ("status", "reason", "mend", "responsible")},
    )


def build_gate_checks(home: Home) -> dg.AssetChecksDefinition:
    """One blocking check for every integrity check, and one that warns for all withheld figures."""
    demanded = integrity_checks(home)
    specs = [
        dg.AssetCheckSpec(check_name(name), asset="verdicts", blocking=True, description=f"Gate, integrity: {name}")
        for name in demanded
    ]
    specs.append(
        dg.AssetCheckSpec(
            "fit_to_pay_on", asset="verdicts", description="Gate, fitness: figures good enough to pay on."
        )
    )

    @dg.multi_asset_check(name="gate", specs=specs)
    def gate(context: dg.AssetCheckExecutionContext, house: HomeResource) -> Iterator[dg.AssetCheckResult]:
        from settlement.refusal import Refusal

        with io_only():
            cycle = current_cycle(house.home)
            _, files = verdict_files(cycle)
            verdicts = {stem: _read(raw) for stem, raw in files.items()}
            until = last_month_asked(context.run.tags, cycle).end
            with refusals_on_record(cycle):
                judged = [judge_gate(cycle, *due) for due in each_due(cycle, cycle.agreements, until)]
        try:
            raise_if_refused(cycle, [item for item in judged if isinstance(item, Refusal)])
        except Refused as refusal:
            context.log.error(str(refusal))
        for name in demanded:
            yield _result(name, verdicts.get(name), cycle.cut.cut_id)
        withheld = [
            item for item in verdicts.values() if item and item["kind"] == "fitness" and item["status"] != "passed"
        ]
        yield dg.AssetCheckResult(
            check_name="fit_to_pay_on",
            asset_key="verdicts",
            passed=not withheld,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={item["scope"]: item["reason"] for item in withheld},
        )

    return gate
