"""Cost of building one changed month against building everything, and of one more indicator, in processor seconds.

The generated borough (RESIDENTS, 500,000 unless said) lives through 27 months; here it gets nine more, since the budget
is stated for 36. Its files are taken in. Then dbt builds as the main job has it build, tests and all, each time a whole
process; what dbt spends on building nothing is subtracted.

First everything. Then what a change can have reached, once for each of CHANGES: a hospital's month again with a row
less, and so on. Each grown warehouse is compared with one built whole from the same submissions, row by row.

Then one more indicator: the SQL of all models that a feed's rows reach, run on the engine alone, with the feed's
indicators as they are and with one of them twice, under another id.

Prints the seconds, the ratios and the models that took longest. Read ratios, not seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import FILL, REPOSITORY, _python

MONTH_BUDGET, INDICATOR_BUDGET = 0.15, 0.05
RESIDENTS = 500_000
# Feed, sender, and the month it sends again (blank: its newest file, of however many months).
CHANGES = [("admitted_care", "ZAT1", "2024-09"), ("community_referrals", "ZCM1", "")]
# Feed, and the indicator of it that is counted twice.
TWICE = [("admitted_care", "emergency_readmission_30d"), ("community_referrals", "first_contact_28_days")]
ROUNDS = 3
# File of the borough's package, what stands there and what stands there when it lives through 36 months.
LONGER = [
    ("dates.py", 'FIRST_MONTH, LAST_MONTH = "2023-04", "2025-06"', 'FIRST_MONTH, LAST_MONTH = "2023-04", "2026-03"'),
    ("local_returns.py", 'LAST_MONTH = "2024-04", "2025-06"', 'LAST_MONTH = "2024-04", "2026-03"'),
    ("__init__.py", 'last_month="2025-06"', 'last_month="2026-03"'),
    ("__init__.py", "clock=datetime(2025, 10, 1", "clock=datetime(2026, 7, 1"),
]

TAKE_IN = """
import sys
from pathlib import Path
from expectations.intake import take_in
from foundation.home import Home
from ingest.contract import load_contracts
home, contracts = Home(Path(sys.argv[1])), load_contracts()
for manifest in sorted(home.landing.rglob("*.manifest.json")):
    receipt = take_in(home, manifest, contracts)
    assert receipt.accepted, receipt
"""

AGAIN = """
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from foundation.home import Home
from places import find_place
home, residents, feed, organisation, month = Home(Path(sys.argv[1])), int(sys.argv[2]), *sys.argv[3:]
sent = [i for i in find_place("greenwich", residents).submissions() if (i.feed, i.organisation) == (feed, organisation)]
last = max((i for i in sent if i.covers_from.isoformat().startswith(month)), key=lambda item: item.covers_to)
lines = last.content.splitlines(keepends=True)
column = lines[0].split(b",").index(b"local_token")
tokens = Counter(line.split(b",")[column] for line in lines)
# somebody who stays in the file: a token that goes is another change, after which everything is built anew
less = max(at for at, line in enumerate(lines) if tokens[line.split(b",")[column]] > 1)
content = b"".join(lines[:less] + lines[less + 1:])
number = max(item.sequence for item in sent) + 1
replace(last, sequence=number, content=content, rows=last.rows - 1).write(home.landing)
"""


def _dbt(
    home: Any,
    cut_id: str,
    parts: Sequence[Any],
    *words: str,
    project: Path | None = None,
    inputs: Path | None = None,
) -> float:
    """Run dbt on a home; the processor seconds it took. What failed is in its results, which `build` looks at."""
    from orchestration import dbt
    from orchestration.bound import dbt_command

    before = os.times()
    target = home.dbt / ("target" if project is None else "other-target")
    variables = dbt.environment(home, cut_id, *parts) | ({"OUTTURN_RUN_INPUTS": str(inputs)} if inputs else {})
    where = str(project or dbt.PROJECT)
    ran = subprocess.run(
        [sys.executable, *dbt_command(home, writes=True), "--quiet", "--no-use-colors", "--log-level-file", "info",
         *words, "--log-path", str(home.dbt / "logs"),
         "--target-path", str(target), "--project-dir", where, "--profiles-dir", where],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    after = os.times()
    if ran.returncode not in (0, 1):
        sys.exit(ran.stdout)
    return after.children_user + after.children_system - before.children_user - before.children_system


def build(home: Any) -> tuple[float, list[dict[str, Any]]]:
    """Build what differs from the build the home holds: processor seconds and dbt's results."""
    from orchestration import dbt
    from orchestration.cycle import current_cycle
    from orchestration.defs.warehouse.assets import leaving
    from orchestration.increment import basis_of, difference, keepable
    from orchestration.inputs import write_inputs
    from orchestration.warehouse import begin_build, current_build, finish_build

    cycle = current_cycle(home)
    write_inputs(cycle)
    former, parsed = current_build(home), dbt.load_manifest(home)
    own = time.process_time()
    differs = difference(cycle, former, parsed)
    begin_build(home, differs.distrusted, differs.gone)
    own = time.process_time() - own
    words = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if differs.months == "all" else [])]
    words += leaving(differs.kept, parsed)
    seconds = _dbt(home, cycle.cut.cut_id, differs.parts, *words)
    results = json.loads((home.dbt / "target" / "run_results.json").read_bytes())
    done = list(results["results"])
    if former is not None:
        results["results"] += [item for item in former.run_results["results"] if item["unique_id"] in differs.kept]
    if failed := sorted(name for name, status in dbt.test_statuses(results).items() if status not in ("pass", "warn")):
        # whatever changes then, everything is built anew: no ratio says anything
        print(f"FAILED, so the next build is of everything: {', '.join(name.split('.')[2] for name in failed)}")
    if not dbt.buildable(parsed) <= dbt.built(results):
        sys.exit("a model was not built: " + ", ".join(sorted(dbt.buildable(parsed) - dbt.built(results))))
    finish_build(home, cycle.fingerprint, basis_of(cycle), results, keepable(parsed).values(), kept=differs.sums)
    return seconds + own, done


def longer(scratch: Path) -> Path:
    """A folder with the package of places, in which the borough lives through 36 months."""
    folder = scratch / "longer"
    borough = Path(shutil.copytree(REPOSITORY / "places", folder / "places")) / "greenwich"
    for name, stands, instead in LONGER:
        text = (borough / name).read_text(encoding="utf-8")
        if stands not in text:
            sys.exit(f"places/greenwich/{name} holds no {stands} any more: mend LONGER of this script")
        (borough / name).write_text(text.replace(stands, instead), encoding="utf-8")
    return folder


def start_up(home: Any) -> float:
    """Processor seconds dbt takes to build nothing; the less of two, the first of which reads the project."""
    return min(_dbt(home, "0" * 64, (), "build", "--select", "fqn:nothing_of_that_name") for _ in range(2))


def longest(done: Sequence[Mapping[str, Any]], most: int = 8) -> str:
    ordered = sorted(done, key=lambda item: -item["execution_time"])[:most]
    return ", ".join(f"{item['unique_id'].split('.')[2]} {item['execution_time']:.1f}" for item in ordered)


def different(left: Path, right: Path) -> list[str]:
    """Tables of two build databases that do not hold the same rows, each as often."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{left}' as one (read_only)")
        connection.execute(f"attach '{right}' as two (read_only)")
        asked = "select table_name from information_schema.tables where table_catalog = ?"
        one, two = ({row[0] for row in connection.execute(asked, [name]).fetchall()} for name in ("one", "two"))
        found = sorted(one ^ two)
        for name in sorted(one & two):
            sums = [
                connection.execute(f"select count(*), sum(cast(hash(t) as hugeint)) from {side}.{name} as t").fetchall()
                for side in ("one", "two")
            ]
            if sums[0] != sums[1]:
                found.append(name)
        return found


def changed_months(home: Any, residents: int, scratch: Path, places: Path) -> None:
    """Prints the cost of everything, and of every change."""
    fixed = start_up(home)
    whole, done = build(home)
    print(
        f"dbt by itself {fixed:.1f} s of processor time; everything {whole:.1f} s with it; longest, in seconds of wall:"
    )
    print(f"  {longest(done)}", flush=True)
    for feed, organisation, month in CHANGES:
        _python(AGAIN, home.root, residents, feed, organisation, month, before=places)
        _python(TAKE_IN, home.root, before=places)
        seconds, done = build(home)
        ratio = (seconds - fixed) / (whole - fixed)
        models = sum(item["unique_id"].startswith("model.") for item in done)
        print(
            f"{feed} of {organisation}, {month or 'newest file'}: {seconds:.1f} s, {models} models of {len(done)} nodes"
        )
        print(f"  {longest(done)}")
        missed = ", MISSED" if ratio > MONTH_BUDGET else ""
        print(f"  without start-up {ratio:.3f} of everything, budget {MONTH_BUDGET}{missed}", flush=True)
        grown = Path(shutil.copy(home.build_database, scratch / "grown.duckdb"))
        (home.warehouse / "built.json").unlink()
        again, _ = build(home)
        print(f"  everything again {again:.1f} s", flush=True)
        if found := different(grown, home.build_database):
            sys.exit(f"a rebuild holds other rows in {', '.join(found)}")
        print("  a rebuild holds the same rows in every table", flush=True)


def _with_twin(home: Any, indicator: str, scratch: Path) -> tuple[Path, Path]:
    """The project and the run's inputs with an indicator there twice."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    twin = f"{indicator}_twin"
    project, inputs = scratch / "project", scratch / "inputs"
    shutil.copytree(REPOSITORY / "dbt_project", project, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    (model,) = project.rglob(f"ind_{indicator}__events.sql")
    text = model.read_text(encoding="utf-8")
    model.with_name(f"ind_{twin}__events.sql").write_text(text.replace(f"'{indicator}'", f"'{twin}'"))
    events = project / "models/intermediate/care/int_indicator_events.sql"
    events.write_text(events.read_text().replace(f"'{indicator}'", f"'{indicator}', '{twin}'", 1))
    shutil.copytree((home.warehouse / "inputs" / "current").resolve(), inputs)
    for name in ("indicator_catalogue", "indicator_feeds"):
        table = parquet.ParquetFile(inputs / f"{name}.parquet").read()
        rows = table.filter(pc.equal(table["indicator_id"], indicator)).to_pylist()
        more = pa.Table.from_pylist([{**row, "indicator_id": twin} for row in rows], schema=table.schema)
        parquet.write_table(pa.concat_tables([table, more]), inputs / f"{name}.parquet")
    return project, inputs


def _reached(manifest: Mapping[str, Any], feed: str) -> list[str]:
    """Models that rows of a feed reach, each after what it is made of."""
    found: list[str] = []
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}

    def visit(key: str) -> bool:
        if key.startswith("source."):
            return key == f"source.outturn.lake.{feed}"
        if key not in nodes or key in found:
            return key in found
        parents = [visit(parent) for parent in nodes[key]["depends_on"]["nodes"]]
        if any(parents):
            found.append(key)
        return any(parents)

    for key in sorted(nodes):
        visit(key)
    return found


def _engine_seconds(target: Path, database: Path, feed: str) -> float:
    """Processor seconds of the engine for the models a feed reaches: the least of some rounds, model by model."""
    import duckdb

    manifest = json.loads((target / "manifest.json").read_bytes())
    least: dict[str, float] = {}
    with duckdb.connect(str(database), config={"threads": 2}) as connection:
        for _ in range(ROUNDS):
            for key in _reached(manifest, feed):
                node = manifest["nodes"][key]
                sql = (target / "compiled" / "outturn" / node["original_file_path"]).read_text()
                sql = sql.replace('"build"."main"', '"main"')
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                began = time.process_time()
                connection.execute(f'create or replace {kind} "{node["alias"]}" as {sql}')
                least[key] = min(least.get(key, 1e9), time.process_time() - began)
    return sum(least.values())


def one_more_indicator(home: Any, scratch: Path) -> None:
    """Prints what an indicator adds to the engine's seconds for the models of its feed."""
    from orchestration.cycle import current_cycle

    cut_id = current_cycle(home).cut.cut_id
    for feed, indicator in TWICE:
        folder = scratch / feed
        project, inputs = _with_twin(home, indicator, folder)
        plain = Path(shutil.copytree(REPOSITORY / "dbt_project", folder / "plain" / "project"))
        seconds = []
        for where, given in ((plain, None), (project, inputs)):
            database = Path(shutil.copy(home.build_database, folder / "build.duckdb"))
            _dbt(home, cut_id, (), "compile", "--full-refresh", project=where, inputs=given)
            seconds.append(_engine_seconds(home.dbt / "other-target", database, feed))
        more = seconds[1] / seconds[0] - 1
        missed = ", MISSED" if more > INDICATOR_BUDGET else ""
        print(
            f"{feed}: {indicator} twice, {seconds[1]:.2f} s of processor time for {seconds[0]:.2f}: "
            f"{more:.1%} more, budget {INDICATOR_BUDGET:.0%}{missed}",
            flush=True,
        )


def main() -> None:
    from foundation.home import Home

    residents = int(os.environ.get("RESIDENTS", RESIDENTS))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = Home(folder / "home")
        places = longer(folder)
        _python(FILL, home.root, residents, before=places)
        _python(TAKE_IN, home.root, before=places)
        changed_months(home, residents, folder, places)
        one_more_indicator(home, folder)


if __name__ == "__main__":
    main()
