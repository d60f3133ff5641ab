"""Two runs at once: the second says so and changes nothing; the lock goes with its process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from foundation.errors import SystemFault
from foundation.home import Home
from orchestration.lock import holder, home_lock

OUTTURN = Path(sys.executable).parent / "outturn"
HOLD = """
    import signal, sys, time
    # whoever started the tests may have had it ignored, and children inherit that
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from pathlib import Path
    from foundation.home import Home
    from orchestration.lock import home_lock
    with home_lock(Home(Path(sys.argv[1]))):
        print("held", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create(demo=True, place="derbyshire")
    return home


def _hold(home: Home) -> subprocess.Popen[str]:
    """Another process that holds the home."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(home.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_refuses_with_a_clear_line_and_changes_nothing(home: Home) -> None:
    first = _hold(home)
    try:
        before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*")}
        second = subprocess.run(
            [str(OUTTURN), "run", "--period", "2024-04"],
            env={**os.environ, "OUTTURN_HOME": str(home.root), "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        said = second.stdout + second.stderr
        assert second.returncode == SystemFault.exit_code, said
        assert f"another run is using {home.root} (process {first.pid})" in said
        assert "wait until it ends" in said
        assert "Traceback" not in said
        assert {path: path.stat().st_mtime_ns for path in home.root.rglob("*")} == before
    finally:
        first.kill()
        first.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_goes_with_its_process(home: Home, how: signal.Signals) -> None:
    first = _hold(home)
    assert holder(home) == str(first.pid)
    with pytest.raises(SystemFault), home_lock(home):
        pass
    first.send_signal(how)
    first.wait(timeout=60)
    assert holder(home) is None
    with home_lock(home):
        assert home.lock.read_text().strip() == str(os.getpid())
    assert home.lock.read_text() == ""


def test_a_process_may_ask_for_its_own_lock_again(home: Home) -> None:
    """The command line holds it while Dagster's resource, in the same process, asks for it."""
    with home_lock(home), home_lock(home):
        pass
    with home_lock(home):
        assert home.lock.read_text().strip() == str(os.getpid())
