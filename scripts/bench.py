"""Cost of the main job against a stated baseline, in one run: each a whole process, so start-up counts.

The generated borough is scaled to so many million rows in its extracts (SIZES: "1" unless said, "1,10" for budgets).
For each size: (a) bare DuckDB executing the SQL that dbt compiled, models and no tests, over the same lake; (b)
`outturn run --from lake`, counted until it has settled (the release after it is shown by itself); (c) the main job
from landing; (d) the main job with one changed submission. Prints wall and CPU seconds, the peak memory of all
processes together, b/a, c/a and d/c, where the seconds of b and d go, and, for two sizes, the exponent with which
cost grows. Beside them `outturn demo` of 5,000 residents, which has to end within a minute. Writes bench-report.json.
Read ratios, not seconds.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
OUTTURN = Path(sys.executable).parent / "outturn"
# Rows of all extracts a resident of the borough leaves, counted at 289,034 residents.
ROWS_PER_RESIDENT = 6.153
# Ratios and memory that have to hold at ten million rows.
BUDGETS = {"b/a": 1.8, "d/c": 0.25, "peak of b, GiB": 4.0, "exponent": 1.05}
SMALL_RESIDENTS, SMALL_SECONDS = 5_000, 60

FILL = """
import sys
from pathlib import Path
from foundation.home import Home
from orchestration.cycle import agreements_of
from orchestration.deciding import approve_for_demo
from orchestration.demo import fill
from places import find_place
home, place = Home(Path(sys.argv[1])), find_place("greenwich", int(sys.argv[2]))
home.create(demo=True, place=place.name, residents=place.residents)
fill(home, place)
for agreement in agreements_of(home):
    approve_for_demo(home, place, agreement)
print(place.last_month)
"""

# The last file of the community provider again, without its last row.
CHANGE = """
import sys
from dataclasses import replace
from pathlib import Path
from foundation.home import Home
from places import find_place
sent = [i for i in find_place("greenwich", int(sys.argv[2])).submissions() if i.feed == "community_referrals"]
last = max(sent, key=lambda item: (item.covers_to, item.organisation))
content = b"".join(last.content.splitlines(keepends=True)[:-1])
replace(last, sequence=last.sequence + 1, content=content, rows=last.rows - 1).write(Home(Path(sys.argv[1])).landing)
"""

BARE = """
import json, sys, duckdb
from pathlib import Path
target, database, project = map(Path, sys.argv[1:])
manifest = json.loads((target / "manifest.json").read_text())
nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
done, order = set(), []
def visit(key):
    if key in done or key not in nodes:
        return
    done.add(key)
    for parent in nodes[key].get("depends_on", {}).get("nodes", []):
        visit(parent)
    order.append(key)
for key in sorted(nodes):
    visit(key)
connection = duckdb.connect(str(database))
for key in order:
    node = nodes[key]
    relation = '"main"."' + node["alias"] + '"'
    if node["resource_type"] == "seed":
        types = {name: kind.replace("string", "varchar") for name, kind in node["config"]["column_types"].items()}
        connection.read_csv(str(project / node["original_file_path"]), dtype=types).create("seed")
        connection.execute(f"create table {relation} as select * from seed; drop table seed")
        continue
    sql = (target / "compiled" / "outturn" / node["original_file_path"]).read_text()
    sql = sql.replace('"build"."main"', '"main"')
    connection.execute(f"create table {relation} as {sql}")
"""


@dataclass
class Cost:
    """What one command took. peak_mib: resident memory of its whole tree of processes at the worst moment looked at."""

    wall_s: float
    cpu_s: float
    peak_mib: int
    # seconds from the start at which each kind of line was last printed
    lines: dict[str, float] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return f"wall {self.wall_s:>8} s  cpu {self.cpu_s:>8} s  peak {self.peak_mib:>6} MiB"

    @property
    def settled_s(self) -> float:
        """Seconds until everything was settled."""
        return self.lines["settlement"]

    def parts(self) -> list[str]:
        """Seconds of each part that took half of one or more; a line is printed when its part has ended."""
        found, last = [], 0.0
        for word, at in sorted(self.lines.items(), key=lambda item: item[1]):
            if at - last >= 0.5:
                found.append(f"{word} {at - last:.1f}")
                last = at
        return found


def _watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    root = psutil.Process(process.pid)
    while process.poll() is None:
        held = 0
        try:
            for item in (root, *root.children(recursive=True)):
                try:
                    held += item.memory_info().rss
                except psutil.Error:
                    continue
        except psutil.Error:
            return
        peak[0] = max(peak[0], held)
        time.sleep(0.2)


def measure(command: list[str], home: Path) -> Cost:
    """The cost of one command; the bench ends when it fails."""
    before = os.times()
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, "OUTTURN_HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watcher.start()
    lines: dict[str, float] = {}
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        lines[line.split(" ")[0]] = round(time.monotonic() - started, 1)
    code = process.wait()
    wall = time.monotonic() - started
    watcher.join()
    after = os.times()
    if code not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {code}\n{''.join(said)}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(round(wall, 2), round(cpu, 2), round(peak[0] / 2**20), lines)


def _python(code: str, *arguments: object, before: Path | None = None) -> str:
    """What code prints. before: a folder whose packages come before the repository's own."""
    found = os.pathsep.join(map(str, [before, REPOSITORY] if before else [REPOSITORY]))
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=before or REPOSITORY,
        env={**os.environ, "PYTHONPATH": found},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ran.stdout


def _accepted(home: Path) -> int:
    receipts = (home / "vault" / "submissions").glob("*/receipt.json")
    return sum(json.loads(path.read_bytes())["rows_accepted"] for path in receipts)


@dataclass
class Size:
    """The four costs of one size."""

    rows: int
    residents: int
    costs: dict[str, Cost]

    def ratio(self, one: str, two: str) -> float:
        return round(self.costs[one].wall_s / self.costs[two].wall_s, 2)

    @property
    def ratios(self) -> dict[str, float]:
        """b/a to settlement; the others, and b with its release, whole."""
        return {
            "b/a": round(self.costs["b"].settled_s / self.costs["a"].wall_s, 2),
            "b with release/a": self.ratio("b", "a"),
            "c/a": self.ratio("c", "a"),
            "d/c": self.ratio("d", "c"),
        }

    def show(self) -> None:
        print(f"\n{self.rows:,} rows of {self.residents:,} residents")
        for name, cost in sorted(self.costs.items()):
            print(f"  {name}  {WHAT[name]:<30} {cost.line}")
        for name in ("b", "c", "d"):
            print(f"  where {name} spends its seconds: {', '.join(self.costs[name].parts())}")
        print(f"  ratios {self.ratios}", flush=True)


WHAT = {
    "a": "bare DuckDB, compiled models",
    "b": "run --from lake",
    "c": "main job from landing",
    "d": "one changed submission",
}


def bench(millions: float, scratch: Path) -> Size:
    """The four rows of one size."""
    residents = round(millions * 1_000_000 / ROWS_PER_RESIDENT)
    home = scratch / "home"
    month = _python(FILL, home, residents).split()[-1]
    run = [str(OUTTURN), "run", "--period", month]
    costs = {"c": measure(run, home)}
    rows = _accepted(home)
    # as compiled for a whole build; the next run compiles for the months that changed
    shutil.copytree(home / "dbt" / "target", scratch / "target")
    _python(CHANGE, home, residents)
    costs["d"] = measure(run, home)
    for path in (home / "warehouse").glob("build*"):
        path.unlink()
    costs["b"] = measure([*run, "--from", "lake"], home)
    bare = [sys.executable, "-c", BARE, str(scratch / "target"), str(scratch / "bare.duckdb"), "dbt_project"]
    costs["a"] = measure(bare, home)
    return Size(rows, residents, costs)


def small(scratch: Path) -> Cost:
    """The cost of the small demo, from nothing to its release."""
    command = [str(OUTTURN), "demo", "--place", "greenwich", "--residents", str(SMALL_RESIDENTS)]
    return measure(command, scratch / "home")


def against_budgets(sizes: list[Size]) -> dict[str, float]:
    """What was seen of each budget, at the largest size."""
    largest = sizes[-1]
    seen = {
        "b/a": largest.ratios["b/a"],
        "d/c": largest.ratios["d/c"],
        "peak of b, GiB": round(largest.costs["b"].peak_mib / 1024, 2),
    }
    if len(sizes) > 1:
        growth = largest.costs["b"].wall_s / sizes[0].costs["b"].wall_s
        seen["exponent"] = round(math.log(growth) / math.log(largest.rows / sizes[0].rows), 3)
    return seen


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        demo = small(Path(scratch))
    print(f"demo of {SMALL_RESIDENTS:,} residents, {SMALL_SECONDS} s allowed: {demo.line}", flush=True)
    sizes = []
    for millions in (float(text) for text in os.environ.get("SIZES", "1").split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            sizes.append(bench(millions, Path(scratch)))
        sizes[-1].show()
    seen = against_budgets(sizes)
    print()
    for name, value in seen.items():
        missed = "" if value <= BUDGETS[name] else ", MISSED"
        print(f"{name}: {value}, budget at ten million rows {BUDGETS[name]}{missed}")
    report = {
        "demo": asdict(demo),
        "sizes": [{**asdict(item), "ratios": item.ratios} for item in sizes],
        "budgets": {name: {"seen": value, "budget": BUDGETS[name]} for name, value in seen.items()},
    }
    (REPOSITORY / "bench-report.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
