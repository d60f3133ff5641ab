"""Cost of the statistics beside PHStatsMethods and beside pandas with scipy, on the same counts, in one run.

10,000 areas with non-zero counts, their proportions and rates, and 1,000 directly standardised rates of 19 bands of
age, each with limits at 95 and 99.8 %. Three processes: the macros of the models, compiled by dbt and run on DuckDB;
PHStatsMethods in an environment made for it from `phstatsmethods.txt`; and pandas with scipy, each formula over whole
columns. Each counts from tables in memory to tables in memory, after one round that is thrown away; start-up, reading
and dbt's compiling are no part of it. Prints seconds of wall and processor, the ratios, and by how much the answers
differ, which ends the bench where it is more than TOLERANCE.

Then a million areas, and a million standardised rates, in one process whose peak memory is printed.
Read ratios, not seconds.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("phstatsmethods.txt")
BUDGET, MEMORY_GIB = 20.0, 2.0
AREAS, RATES, MANY, ROUNDS = 10_000, 1_000, 1_000_000, 5
# Largest difference of two answers, as a part of the other one. Ours have nine decimals.
TOLERANCE = 1e-9
HALF_OF_THE_LAST_DECIMAL = 5e-10
LEVELS = {"95": "95", "99.8": "99_8"}
LIMITS = [f"{side}_{name}" for name in LEVELS.values() for side in ("lower", "upper")]
ANSWERS = ["value", *LIMITS]
STATISTICS = ("proportion", "rate", "dsr")


def _limits(macro: str, arguments: str) -> str:
    """SQL of the four limits by one macro; `{name}` in the arguments stands for the level."""
    return ",\n    ".join(
        f"{{{{ {macro}('{side}', {arguments.format(name=name, side=side)}, confidence={level}) }}}} as {side}_{name}"
        for level, name in LEVELS.items()
        for side in ("lower", "upper")
    )


# Seed poisson_limits and relations areas (area, events, people) and bands, as `dsr_sums` takes them.
STATEMENTS = f"""
-- statement: proportion
select area, {{{{ round_half_up('events * 100', 'people', 9) }}}} as value,
    {_limits("wilson_limit", "'events', 'people', 100")}
from areas
-- statement: rate
select area, {{{{ round_half_up('areas.events * 100000', 'people', 9) }}}} as value,
    {_limits("rate_limit", "'areas.events', 'exact.{side}_{name}', 'people', 100000")}
from areas left join poisson_limits as exact on areas.events = exact.events
-- statement: dsr
select area,
    case when events >= 10 then
        {{{{ round_half_up('cast(cast(rate_sum as decimal(38, 18)) * 100000 as decimal(38, 9))', 'weights', 9) }}}}
    end as value,
    {_limits("dobson_limit", "'events', 'rate_sum', 'variance_sum', 'weights', 100000")}
from ({{{{ dsr_sums('bands', ['area']) }}}}) as sums
"""

PHSTATSMETHODS = """
import json, sys, time
import pandas as pd
from PHStatsMethods import ph_dsr, ph_proportion, ph_rate
folder, rounds = sys.argv[1], int(sys.argv[2])
areas, bands = pd.read_csv(f"{folder}/areas.csv"), pd.read_csv(f"{folder}/bands.csv")
both = [0.95, 0.998]
asked = {
    "proportion": lambda: ph_proportion(areas, "events", "people", "area", confidence=both, multiplier=100),
    "rate": lambda: ph_rate(areas, "events", "people", "area", confidence=both, multiplier=100000),
    "dsr": lambda: ph_dsr(
        bands, "band_events", "band_population", "band_weight", "area", confidence=both, multiplier=100000,
        euro_standard_pops=False,
    ),
}
spent = {}
for name, ask in asked.items():
    taken = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        found = ask()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    spent[name] = [min(values) for values in zip(*taken)]
    found.to_csv(f"{folder}/{name}.csv", index=False)
print(json.dumps(spent))
"""


def counts(areas: int, rates: int) -> dict[str, pa.Table]:
    """Areas with at least one event and fewer than people, and 19 bands for each rate, the same every time."""
    import numpy as np
    import pyarrow as pa

    dice = np.random.default_rng(20260401)
    people = dice.integers(50, 20_000, areas)
    # a third of the areas below ten events, where limits are exact
    few = np.where(np.arange(areas) % 3 == 0, 10, people)
    events = 1 + dice.integers(0, np.minimum(few, people) - 1)
    weights = [int(line.split(",")[2]) for line in _lines("european_standard_population.csv")]
    population = dice.integers(100, 5_000, rates * len(weights))
    return {
        "areas": pa.table({"area": np.arange(areas), "events": events, "people": people}),
        "bands": pa.table(
            {
                "area": np.repeat(np.arange(rates), len(weights)),
                "band_events": (seen := 1 + dice.integers(0, 40, len(population))),
                "band_squares": seen,
                "band_population": population,
                "band_weight": np.tile(weights, rates),
            }
        ),
    }


def _lines(seed: str) -> list[str]:
    return (REPOSITORY / "dbt_project" / "seeds" / seed).read_text(encoding="utf-8").splitlines()[1:]


def engine(tables: Mapping[str, Any] | None = None) -> Any:
    """DuckDB as the build has it, with the exact limits and these tables (Arrow, or Parquet files)."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2500MB"})
    names = (
        (REPOSITORY / "dbt_project/seeds/poisson_limits.csv").read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    )
    types = {name: "decimal(20,12)" if name != "events" else "integer" for name in names}
    connection.read_csv(str(REPOSITORY / "dbt_project/seeds/poisson_limits.csv"), dtype=types).create("poisson_limits")
    for name, table in (tables or {}).items():
        if isinstance(table, Path):
            connection.execute(f"create view {name} as select * from read_parquet('{table}')")
        else:
            connection.register("given", table)
            connection.execute(f"create table {name} as select * from given")
    return connection


def by_scipy(areas: pd.DataFrame, bands: pd.DataFrame) -> dict[str, Callable[[], pd.DataFrame]]:
    """The same statistics by pandas with scipy, over whole columns."""
    import numpy as np
    import pandas as pd
    from scipy import stats

    def parts(level: str) -> tuple[float, float]:
        upper = 0.5 + float(level) / 200
        return upper, float(stats.norm.ppf(upper))

    def byar(events: Any, side: str, z: float) -> Any:
        x, sign = (events, -1) if side == "lower" else (events + 1, 1)
        return x * (1 - 1 / (9 * x) + sign * z / 3 / np.sqrt(x)) ** 3

    def proportion() -> pd.DataFrame:
        x, n = areas["events"], areas["people"]
        found = {"area": areas["area"], "value": x / n * 100}
        for level, name in LEVELS.items():
            _, z = parts(level)
            spread = z * np.sqrt(z**2 + 4 * x * (1 - x / n))
            found[f"lower_{name}"] = (2 * x + z**2 - spread) / 2 / (n + z**2) * 100
            found[f"upper_{name}"] = (2 * x + z**2 + spread) / 2 / (n + z**2) * 100
        return pd.DataFrame(found)

    def rate() -> pd.DataFrame:
        x, n = areas["events"], areas["people"]
        found = {"area": areas["area"], "value": x / n * 100_000}
        for level, name in LEVELS.items():
            upper, z = parts(level)
            exact = {"lower": stats.chi2.ppf(1 - upper, 2 * x) / 2, "upper": stats.chi2.ppf(upper, 2 * x + 2) / 2}
            for side, limit in exact.items():
                found[f"{side}_{name}"] = np.where(x < 10, limit, byar(x, side, z)) / n * 100_000
        return pd.DataFrame(found)

    def dsr() -> pd.DataFrame:
        ratio = bands["band_weight"] / bands["band_population"]
        made = bands.assign(rate=bands["band_events"] * ratio, variance=bands["band_squares"] * ratio**2)
        sums = made.groupby("area", sort=False)[["band_events", "band_weight", "rate", "variance"]].sum().reset_index()
        x, weights = sums["band_events"], sums["band_weight"]
        found = {"area": sums["area"], "value": sums["rate"] / weights * 100_000}
        for level, name in LEVELS.items():
            _, z = parts(level)
            for side in ("lower", "upper"):
                away = np.sqrt(sums["variance"] / x) * (byar(x, side, z) - x)
                found[f"{side}_{name}"] = (sums["rate"] + away) / weights * 100_000
        return pd.DataFrame(found).where(x >= 10)

    return {"proportion": proportion, "rate": rate, "dsr": dsr}


def best(ask: Callable[[], Any], rounds: int) -> tuple[Any, list[float]]:
    """What is answered, and the least seconds of wall and of processor of so many rounds after the first."""
    found, taken = ask(), []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        found = ask()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return found, [min(values) for values in zip(*taken, strict=True)]


def difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """The largest difference of two tables of answers, as a part of theirs; infinite where one alone is blank."""
    import numpy as np

    one = ours.sort_values("area")[ANSWERS].to_numpy(float)
    two = theirs.sort_values("area")[ANSWERS].to_numpy(float)
    if one.shape != two.shape or (np.isnan(one) != np.isnan(two)).any():
        return float("inf")
    apart = np.maximum(np.abs(one - two) - HALF_OF_THE_LAST_DECIMAL, 0)
    return float(np.nanmax(apart / np.maximum(np.abs(two), 1e-300)))


def environment(folder: Path) -> Path:
    """Python of a new environment that holds PHStatsMethods, every file of it by its hash."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    subprocess.run([str(python), *install], check=True)
    return python


def _child(task: str, folder: Path) -> dict[str, list[float]]:
    """What this script answers when it is another process."""
    ran = subprocess.run(
        [sys.executable, __file__, task, str(folder)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True
    )
    said: dict[str, list[float]] = json.loads(ran.stdout.splitlines()[-1])
    return said


def _asked(connection: Any, statement: str) -> pa.Table:
    return connection.sql(statement).to_arrow_table()


def _ours(folder: Path) -> dict[str, list[float]]:
    from pyarrow import parquet

    statements = json.loads((folder / "statements.json").read_text())
    connection = engine({name: parquet.ParquetFile(folder / f"{name}.parquet").read() for name in ("areas", "bands")})
    spent = {}
    for name in STATISTICS:
        found, spent[name] = best(partial(_asked, connection, statements[name]), ROUNDS)
        parquet.write_table(found, folder / f"ours-{name}.parquet")
    return spent


def _scipy(folder: Path) -> dict[str, list[float]]:
    import pandas as pd

    asked = by_scipy(*(pd.read_parquet(folder / f"{name}.parquet") for name in ("areas", "bands")))
    spent = {}
    for name in STATISTICS:
        found, spent[name] = best(asked[name], ROUNDS)
        found.to_parquet(folder / f"scipy-{name}.parquet")
    return spent


def _many(folder: Path) -> dict[str, list[float]]:
    statements = json.loads((folder / "statements.json").read_text())
    connection = engine({name: folder / f"many-{name}.parquet" for name in ("areas", "bands")})
    connection.execute(f"set temp_directory = '{folder}/spilled'")
    spent = {}
    for name in STATISTICS:
        wall, cpu = time.perf_counter(), time.process_time()
        connection.execute(f"copy ({statements[name]}) to '{folder}/many-{name}.parquet' (format parquet)")
        spent[name] = [time.perf_counter() - wall, time.process_time() - cpu]
        spent[f"{name} peak"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]
    return spent


def main() -> None:
    import pandas as pd
    from pyarrow import parquet

    from dbt_project.inline import compile_statements

    statements = compile_statements(STATEMENTS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "statements.json").write_text(json.dumps(statements))
        for name, table in counts(AREAS, RATES).items():
            parquet.write_table(table, folder / f"{name}.parquet")
            table.to_pandas().to_csv(folder / f"{name}.csv", index=False)
        python = environment(folder / "phstatsmethods")
        spent = {"outturn": _child("ours", folder), "pandas with scipy": _child("scipy", folder)}
        ran = subprocess.run(
            [str(python), "-I", "-c", PHSTATSMETHODS, str(folder), "2"], stdout=subprocess.PIPE, text=True, check=True
        )
        spent["PHStatsMethods"] = json.loads(ran.stdout.splitlines()[-1])
        missed = False
        for name in STATISTICS:
            rows = AREAS if name != "dsr" else RATES
            ours = pd.read_parquet(folder / f"ours-{name}.parquet")
            others = {
                "pandas with scipy": pd.read_parquet(folder / f"scipy-{name}.parquet"),
                "PHStatsMethods": pd.read_csv(folder / f"{name}.csv").rename(columns=_named),
            }
            wall, cpu = spent["outturn"][name]
            print(f"{name}, {rows:,} areas: wall {wall * 1000:.1f} ms, cpu {cpu * 1000:.1f} ms")
            for other, found in others.items():
                their_wall, their_cpu = spent[other][name]
                apart = difference(ours, found)
                missed |= apart > TOLERANCE
                print(
                    f"  {other:<18} wall {their_wall * 1000:.1f} ms, cpu {their_cpu * 1000:.1f} ms; "
                    f"{their_wall / wall:.1f} times our wall, {their_cpu / cpu:.1f} times our cpu; "
                    f"answers within {apart:.1e}, {TOLERANCE:.0e} allowed",
                    flush=True,
                )
        for other in ("PHStatsMethods", "pandas with scipy"):
            wall, cpu = (
                sum(spent[other][name][part] for name in STATISTICS)
                / sum(spent["outturn"][name][part] for name in STATISTICS)
                for part in (0, 1)
            )
            budget = f", budget {BUDGET:.0f}{', MISSED' if min(wall, cpu) < BUDGET else ''}"
            said = budget if other == "PHStatsMethods" else ""
            print(f"all three, {other}: {wall:.1f} times our wall, {cpu:.1f} times our cpu{said}", flush=True)
        for name, table in counts(MANY, MANY).items():
            parquet.write_table(table, folder / f"many-{name}.parquet")
        many = _child("many", folder)
        for name in STATISTICS:
            wall, cpu = many[name]
            (peak,) = many[f"{name} peak"]
            print(f"{name}, {MANY:,} areas: wall {wall:.1f} s, cpu {cpu:.1f} s, peak so far {peak:.2f} GiB")
        print(f"peak memory {peak:.2f} GiB, budget {MEMORY_GIB}{', MISSED' if peak > MEMORY_GIB else ''}")
    if missed:
        sys.exit("the answers differ by more than is allowed: which of them is wrong?")


def _named(column: str) -> str:
    """PHStatsMethods' names of answers as ours: Value, lower_95_ci."""
    return column.lower().removesuffix("_ci")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps({"ours": _ours, "scipy": _scipy, "many": _many}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main()
