"""The whole job, killed: the next `outturn run` comes to the release of a home that was never killed.

In CI five failpoints one after another in one home, so that each next run gets further than the last; in `make soak`
every failpoint by itself, kills at random moments, and full disks.
"""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

from crash_home import FILLED, RUN, Bench, as_never_killed, leftovers, run

# In the order of the job. A process of the crew that takes in files may be the one that dies: then the run ends by
# itself and says so. Everywhere else the run is dead.
FIVE = (
    ("vault/submissions/receipt.json:renamed#40", "a process that took in files was killed"),
    ("lake/folder:synced#9", "a process that took in files was killed"),
    ("warehouse/commit:written#60", "dbt was killed (signal 9)"),
    ("releases/pointer:temporary", None),
    ("decisions/log:synced", None),
)


PAGE = Path("docs/how-to/run-failed.md")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.S)


def test_five_kills_cost_nothing(bench: Bench, repository: Path) -> None:
    """Intake receipt, lake folder, DuckDB commit, release pointer, decision, one after another in one home: each run
    begins where the one before was killed. The last is mended as the page for a night like that says."""
    bench.reference(RUN)
    home = bench.bring(FILLED)
    for point, told in FIVE:
        said = bench.run(f"{point}=kill")
        if told is None:
            assert said.code == -signal.SIGKILL, said.out
        else:
            assert said.code == 4, said.out
            assert told in said.out
            assert "run again" in said.out
        if told is None:
            assert leftovers(home), "otherwise there would be nothing to tidy"
        # the pointer is swapped before the decision that says so
        assert home.current.exists() == point.startswith("decisions"), point
    _as_the_page_says(bench, (repository / PAGE).read_text())
    as_never_killed(bench, RUN)


def _as_the_page_says(bench: Bench, page: str) -> None:
    """Type the commands of the page; each prints the lines it shows, `…` standing for what differs from run to run."""
    blocks = _BLOCK.findall(page)
    commands = [line for kind, body in blocks if kind == "sh" for line in body.splitlines()]
    shown = [body.splitlines() for kind, body in blocks if kind == "text"]
    assert len(commands) == len(shown) == 3
    for line, wanted in zip(commands, shown, strict=True):
        name, *words = shlex.split(line)
        assert name == "outturn"
        said = run(bench.home, "", *words)
        print(line, said.code, said.out, sep="\n")
        for text in wanted:
            pattern = ".*".join(map(re.escape, text.split("…")))
            assert re.search(rf"^{pattern}", said.out, re.M), (text, said.out)
