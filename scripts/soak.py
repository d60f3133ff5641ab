"""The long tests. Appends date, command and result to docs/reference/evidence.md."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
EVIDENCE = REPOSITORY / "docs" / "reference" / "evidence.md"
NO_TEST_COLLECTED = 5

# What is run -> arguments of pytest, variables. Property tests run with at least 1,000 cases each.
CRASHES = "tests/crash/test_crash_soak.py"
PARTS = {
    "tests marked soak": (["tests", "-m", "soak", "--ignore", CRASHES], {}),
    "a kill at every failpoint, 500 residents": ([f"{CRASHES}::test_a_kill_at_every_failpoint_costs_nothing"], {}),
    "200 kills at random moments": ([f"{CRASHES}::test_kills_at_random_moments_cost_nothing"], {}),
    "20 full disks": ([f"{CRASHES}::test_full_disks_cost_nothing"], {}),
    # some take half or a third of the cases asked for, because each of theirs is several settlements
    "settlement properties, 1,000 cases each and more": (
        [
            "tests/settlement/test_settlement_properties.py",
            "tests/settlement/test_settlement_rates.py",
            "tests/settlement/test_settlement_points.py",
        ],
        {"OUTTURN_PROPERTY_CASES": "3000"},
    ),
    "10,000 random valid terms and performances, 1,000 invalid files of terms": (
        ["tests/settlement/test_settlement_drawn_terms.py", "tests/settlement/test_settlement_invalid_terms.py"],
        {"OUTTURN_PROPERTY_CASES": "10000", "OUTTURN_INVALID_TERMS": "1000"},
    ),
    "1,000 random tables and sequences of releases, judged by brute force": (
        ["tests/publication/test_publication_attack.py"],
        {"OUTTURN_PROPERTY_CASES": "1000"},
    ),
    "a thousand orders of twenty deliveries": (
        ["tests/expectations/test_intake_orders.py"],
        {"OUTTURN_ORDERS": "1000"},
    ),
    "100,000 spoilt files and manifests against a slow and obvious reader": (
        ["tests/expectations/test_intake_mutations.py"],
        {"OUTTURN_MUTATIONS": "100000"},
    ),
    "every figure of the generated borough, 289,034 residents, against its truth": (
        ["tests/end_to_end/test_people_truth.py", "tests/end_to_end/test_people_public.py"],
        {"OUTTURN_TEST_RESIDENTS": "289034"},
    ),
}


COVERAGE = "branch coverage of settlement/"
MUTANTS = "mutants of the arithmetic of settlement"


def main() -> None:
    worst = 0
    commands = {
        name: ([sys.executable, "-m", "pytest", *arguments, "--timeout", "0"], variables)
        for name, (arguments, variables) in PARTS.items()
    }
    commands[COVERAGE] = (["make", "coverage"], {})
    commands[MUTANTS] = (["make", "mutants"], {})
    for name, (command, variables) in commands.items():
        ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, env={**os.environ, **variables})
        print(name, ran.stdout, ran.stderr, sep="\n")
        if ran.returncode == NO_TEST_COLLECTED:
            continue
        worst = max(worst, ran.returncode)
        # what coverage says after its total is how many files it does not list
        said = [line for line in ran.stdout.splitlines() if line.strip() and "skipped due to" not in line]
        last = said[-1] if said else "nothing was printed"
        with EVIDENCE.open("a", encoding="utf-8") as page:
            page.write(f"| {datetime.now(tz=UTC):%Y-%m-%d} | `make soak`: {name} | {last.strip('= ')} |\n")
    sys.exit(worst)


if __name__ == "__main__":
    main()
