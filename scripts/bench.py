"""Cost of the main job against a stated baseline, in one run: each a whole process, so start-up counts.

(a) bare DuckDB executing the SQL that dbt compiled, over the same lake; (b) `outturn run --from lake`;
(c) the main job from landing; (e) the main job again with nothing changed. Prints wall, CPU and peak memory and the
ratios b/a and c/a; writes bench-report.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
OUTTURN = Path(sys.executable).parent / "outturn"

BARE = """
import json, os, sys, duckdb
from pathlib import Path
target = Path(sys.argv[1])
manifest = json.loads((target / "manifest.json").read_text())
nodes = {k: v for k, v in manifest["nodes"].items() if v["resource_type"] in ("model", "seed")}
done, order = set(), []
def visit(key):
    if key in done or key not in nodes: return
    done.add(key)
    for parent in nodes[key].get("depends_on", {}).get("nodes", []): visit(parent)
    order.append(key)
for key in sorted(nodes): visit(key)
con = duckdb.connect(sys.argv[2])
for key in order:
    node = nodes[key]
    relation = '"main"."' + node["alias"] + '"'
    if node["resource_type"] == "seed":
        source = Path(sys.argv[3]) / node["original_file_path"]
        con.execute(f"create table {relation} as select * from read_csv('{source}')")
        continue
    sql = (target / "compiled" / "outturn" / node["original_file_path"]).read_text()
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    sql = sql.replace('"build"."main"', '"main"')
    con.execute(f"create or replace {kind} {relation} as {sql}")
"""


def measure(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Wall and CPU seconds and peak memory (MiB, the largest single process) of one command."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=REPOSITORY, stdout=said, stderr=said)
        # wait4 gives the use of this command alone, with the processes it started and waited for.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        if code not in (0, 3):
            said.seek(0)
            sys.exit(f"{' '.join(command)} ended with {code}\n{said.read()}")
    return {
        "wall_s": round(wall, 2),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024, 0),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        setting = {"OUTTURN_HOME": str(home)}
        results = {"c_main_job_from_landing": measure([str(OUTTURN), "demo"], setting)}
        results["e_main_job_nothing_changed"] = measure([str(OUTTURN), "demo"], setting)
        (home / "warehouse" / "built.json").unlink()
        results["b_run_from_lake"] = measure([str(OUTTURN), "run", "--period", "2025-08", "--from", "lake"], setting)
        results["a_bare_duckdb"] = measure(
            [
                sys.executable,
                "-c",
                BARE,
                str(home / "dbt" / "target"),
                str(Path(scratch) / "build.duckdb"),
                str(REPOSITORY / "dbt_project"),
            ],
            setting,
        )
    wall = {name[0]: item["wall_s"] for name, item in results.items()}
    ratios = {f"{name}/a": round(wall[name] / wall["a"], 2) for name in ("b", "c", "e")}
    for name, item in sorted(results.items()):
        print(f"{name:<28} wall {item['wall_s']:>7} s  cpu {item['cpu_s']:>7} s  peak {item['peak_mib']:>6} MiB")
    print("ratios", ratios)
    (REPOSITORY / "bench-report.json").write_text(json.dumps({"results": results, "ratios": ratios}, indent=1) + "\n")


if __name__ == "__main__":
    main()
