"""The whole job, killed: the next `outturn run` comes to the release of a home that was never killed.

In CI five failpoints one after another in one home, so that each next run gets further than the last; in `make soak`
every failpoint by itself, kills at random moments, and full disks.
"""

from __future__ import annotations

import signal

from crash_home import FILLED, RUN, Bench, as_never_killed

# In the order of the job. A process of the crew that takes in files may be the one that dies: then the run ends by
# itself and says so. Everywhere else the run is dead.
FIVE = (
    ("vault/submissions/receipt.json:renamed#40", "a process that took in files was killed"),
    ("lake/folder:synced#9", "a process that took in files was killed"),
    ("warehouse/commit:written#60", "dbt was killed (signal 9)"),
    ("releases/pointer:temporary", None),
    ("decisions/log:synced", None),
)


def test_five_kills_one_after_another_cost_nothing(bench: Bench) -> None:
    """Intake receipt, lake folder, DuckDB commit, release pointer, decision: after each the next run goes on by itself,
    and the last ends as if nothing had happened."""
    bench.reference(RUN)
    home = bench.bring(FILLED)
    for point, told in FIVE:
        said = bench.run(f"{point}=kill")
        print(point, said.code, said.out, sep="\n")
        if told is None:
            assert said.code == -signal.SIGKILL, said.out
        else:
            assert said.code == 4, said.out
            assert told in said.out
            assert "run again" in said.out
        # the pointer is swapped before the decision that says so
        assert home.current.exists() == point.startswith("decisions"), point
    said = bench.run()
    assert said.code == 3, said.out
    assert "run(s) of processes that died were closed" in said.out
    as_never_killed(bench, RUN)
