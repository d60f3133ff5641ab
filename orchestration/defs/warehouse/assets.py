"""From the lake to the tables of the warehouse: the data cut, then dbt."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import redirect_stdout
from functools import cached_property
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)
from packaging.version import Version

from dbt_project.changes import ALL
from foundation.durable import write_bytes
from foundation.errors import Refused, SystemFault
from foundation.home import Home
from orchestration import dbt
from orchestration.ahead import expectations_loading
from orchestration.bound import dbt_command
from orchestration.cycle import current_cycle
from orchestration.disk import full_disk
from orchestration.increment import basis_of, difference, keepable
from orchestration.inputs import point_at_inputs, write_inputs
from orchestration.judging import bands_needed
from orchestration.partitions import DUCKDB_WRITER
from orchestration.progress import say
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.rooms import feeds
from orchestration.settling import refusals_on_record
from orchestration.warehouse import begin_build, current_build, finish_build


@dg.asset(
    group_name="cut",
    kinds={"json"},
    deps=[dg.AssetKey(feed) for feed in feeds()],
    description="The exact set of submissions this run uses, and what dbt reads beside the lake.",
)
def data_cut(context: dg.AssetExecutionContext, house: HomeResource) -> dg.MaterializeResult[Any]:
    with io_only():
        cycle = current_cycle(house.home)
        with refusals_on_record(cycle):
            write_inputs(cycle)
    say("data cut", f"{cycle.cut.cut_id[:16]}, {len(cycle.cut.submissions)} submissions")
    return dg.MaterializeResult(
        metadata={
            "data_cut_id": cycle.cut.cut_id,
            "submissions": len(cycle.cut.submissions),
            "fingerprint": cycle.fingerprint,
            "definitions_hash": cycle.definitions_hash,
            "code_version": cycle.code_version,
        }
    )


class Translator(DagsterDbtTranslator):
    """Assets carry the same names as the tables they build; lake sources are the intake assets, run inputs the cut."""

    def __init__(self) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_duplicate_source_asset_keys=True)
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            in_lake = dbt_resource_props["source_name"] == "lake"
            return dg.AssetKey(dbt_resource_props["name"] if in_lake else "data_cut")
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder of the model: staging, intermediate, indicators, measures, scorecard."""
        path = dbt_resource_props.get("fqn", [])
        return (
            "reference"
            if dbt_resource_props["resource_type"] == "seed"
            else str(path[1])
            if len(path) > 2
            else "warehouse"
        )


class Dbt(DbtCliResource):
    """DbtCliResource without the four seconds it spends before dbt starts.

    They go on asking `dbt --version`, and on loading dbt's adapter into this process, which only its row counts and
    column metadata use (and those leave the database open).
    """

    @cached_property
    def _cli_version(self) -> Version:
        # the executable is that of this environment
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def build_dbt_assets(home: Home) -> dg.AssetsDefinition:
    """The dbt project as assets, with its tests as checks."""
    manifest = dbt.manifest_path(home)

    @dbt_assets(
        manifest=manifest,
        name="dbt_build",
        dagster_dbt_translator=Translator(),
        pool=DUCKDB_WRITER,
    )
    def models(context: dg.AssetExecutionContext, house: HomeResource) -> Iterator[Any]:
        home = house.home
        with io_only():
            cycle = current_cycle(home)
            build = current_build(home)
        if build is not None and build.fingerprint == cycle.fingerprint:
            say("warehouse", "unchanged: no model run")
            yield from _unchanged(context, build.run_results)
            return
        parsed = dbt.load_manifest(home)
        with io_only():
            differs = difference(cycle, build, parsed)
        kept = [item for item in build.run_results["results"] if item["unique_id"] in differs.kept] if build else []
        begin_build(home, differs.distrusted, differs.gone)
        target = home.dbt / "target"
        target.mkdir(parents=True, exist_ok=True)
        results_file = target / "run_results.json"
        # What an earlier run left says nothing about this one.
        results_file.unlink(missing_ok=True)
        partial = manifest.parent / "partial_parse.msgpack"
        resource = Dbt(
            project_dir=str(dbt.PROJECT),
            profiles_dir=str(dbt.PROJECT),
            dbt_executable=sys.executable,
            # what is done and what went wrong; statements take longer to write down than short ones to run
            global_config_flags=[*dbt_command(home, writes=True), "--no-use-colors", "--log-level-file", "info"],
        )
        if partial.exists() and not (target / "partial_parse.msgpack").exists():
            write_bytes(target / "partial_parse.msgpack", partial.read_bytes())
        with io_only(), refusals_on_record(cycle):
            # the data cut may be of an earlier run than its models
            point_at_inputs(cycle)
        with (
            dbt.within(dbt.environment(home, cycle.cut.cut_id, *differs.parts)),
            expectations_loading(),
        ):
            invocation = resource.cli(
                [
                    "build",
                    "--exclude-resource-type",
                    "unit_test",
                    *(["--full-refresh"] if differs.months == ALL else []),
                    *leaving(differs.kept, parsed),
                    "--log-path",
                    str(home.dbt / "logs"),
                ],
                manifest=manifest,
                context=context,
                target_path=target,
                raise_on_error=False,
            )
            standing = _Standing(context, differs.kept)
            yield from standing.next_after(None)
            for event in _silently(invocation.stream()):
                yield event
                if isinstance(event, dg.Output):
                    yield from standing.next_after(_key_of(event, context))
            succeeded = invocation.is_successful()
            yield from _verdicts_of(context, {"results": kept}, differs.kept)
        with io_only(), refusals_on_record(cycle):
            results = _results_of(results_file, home, invocation.process.returncode)
            results["results"] += kept
        statuses = dbt.test_statuses(results)
        models_run = sum(
            item["unique_id"].startswith("model.") and item["unique_id"] not in differs.kept
            for item in results["results"]
        )
        failed = sorted(name for name, status in statuses.items() if status not in ("pass", "warn"))
        stood = sum(name.startswith("model.") for name in differs.kept)
        again = "" if differs.months == ALL else f", {len(differs.months)} month(s) of people built again"
        again += f", {stood} table(s) left as they were" if stood else ""
        say(
            "warehouse",
            f"{models_run} models, {len(statuses)} tests{again}" + (f", {len(failed)} failed" if failed else ""),
        )
        if dbt.buildable(parsed) <= dbt.built(results):
            # Complete: every model was built. Tests that failed or did not run are for the gate to judge.
            finish_build(
                home, cycle.fingerprint, basis_of(cycle), results, keepable(parsed).values(), kept=differs.sums,
                beside=bands_needed(cycle),
            )  # fmt: skip
        if not succeeded:
            with io_only(), refusals_on_record(cycle):
                if (full := full_disk(home, _messages(results))) is not None:
                    raise full
                _refuse(failed, home)

    return models


def _results_of(path: Path, home: Home, code: int | None) -> dict[str, Any]:
    """dbt's results of the run that has just ended; SystemFault when it died before it wrote any."""
    if code is not None and code < 0:
        raise SystemFault(
            f"dbt was killed (signal {-code}) while it built the warehouse.",
            "free memory if it ran out; then run again: the warehouse is built anew.",
        )
    try:
        results: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise SystemFault(
            "dbt ended before it built anything.",
            f"read {home.dbt / 'logs' / 'dbt.log'}; if another program holds the build database, close it; run again.",
        ) from None
    return results


def _messages(results: Mapping[str, Any]) -> str:
    """What dbt said of everything that did not go well."""
    return "\n".join(str(item.get("message")) for item in results["results"] if item["status"] == "error")


def _refuse(failed: list[str], home: Home) -> NoReturn:
    log = home.dbt / "logs" / "dbt.log"
    if failed:
        shown = ", ".join(name.split(".")[2] for name in failed[:5]) + (
            f" and {len(failed) - 5} more" if failed[5:] else ""
        )
        raise Refused(
            f"tests of the warehouse failed: {shown}.",
            f"read {log}, mend the data or the model they name, and run again.",
        )
    raise SystemFault("a model of the warehouse could not be built.", f"read {log}, mend the model, and run again.")


def _silently(events: Iterator[Any]) -> Iterator[Any]:
    """The same events, without dbt's own log on our standard output: it is in the home's `dbt/logs`."""
    with Path(os.devnull).open("w") as nowhere:
        while True:
            with redirect_stdout(nowhere):
                event = next(events, None)
            if event is None:
                return
            yield event


def _key_of(event: dg.Output[Any], context: dg.AssetExecutionContext) -> dg.AssetKey:
    key: dg.AssetKey = context.assets_def.keys_by_output_name[event.output_name]
    return key


def leaving(kept: AbstractSet[str], manifest: Mapping[str, Any]) -> list[str]:
    """How dbt is told to leave models and tests alone, and nothing else that looks at them.

    By their whole path: a name alone would stand for a folder called the same, too.
    """
    if not kept:
        return []
    paths = sorted("fqn:" + ".".join(manifest["nodes"][name]["fqn"]) for name in kept)
    return ["--indirect-selection", "empty", "--exclude", " ".join(paths)]


class _Standing:
    """Tables that a build leaves as they are, told to Dagster, which wants each after what it is made of."""

    def __init__(self, context: dg.AssetExecutionContext, kept: AbstractSet[str]) -> None:
        names = {name.split(".")[2] for name in kept}
        selected = context.selected_asset_keys
        after = {key: context.assets_def.asset_deps[key] & selected for key in sorted(selected)}
        self._waiting = {
            key: set(after[key]) for key in TopologicalSorter(after).static_order() if key.path[-1] in names
        }
        self._told: set[dg.AssetKey] = set()

    def next_after(self, told: dg.AssetKey | None) -> Iterator[dg.MaterializeResult[Any]]:
        """Those that can be told now that this one has been; None before the first."""
        self._told |= {told} if told is not None else set()
        # in the order of what they are made of, so that one of them may free the next
        for key, needs in list(self._waiting.items()):
            if needs <= self._told:
                del self._waiting[key]
                self._told.add(key)
                yield dg.MaterializeResult(asset_key=key, metadata={"unchanged": True})


def _unchanged(context: dg.AssetExecutionContext, run_results: Mapping[str, Any]) -> Iterator[Any]:
    """What a build would report, without building: the tables are as an earlier build left them."""
    every = {f"model.outturn.{key.path[-1]}" for key in context.selected_asset_keys}
    yield from _Standing(context, every).next_after(None)
    yield from _verdicts_of(context, run_results)


def _verdicts_of(
    context: dg.AssetExecutionContext, run_results: Mapping[str, Any], only: AbstractSet[str] | None = None
) -> Iterator[dg.AssetCheckResult]:
    """What an earlier build's tests found. only: unique ids of those it is about; None for all."""
    names = None if only is None else {name.split(".")[2] for name in only}
    statuses = {
        name.split(".")[2]: status
        for name, status in dbt.test_statuses(run_results).items()
        if name.startswith("test.")
    }
    for check in sorted(key for key in context.selected_asset_check_keys if names is None or key.name in names):
        yield dg.AssetCheckResult(
            asset_key=check.asset_key,
            check_name=check.name,
            metadata={"unchanged": True},
            passed=statuses.get(check.name) in ("pass", "warn"),
        )
